import CNagareKernels
import COpenBLAS

/// What the process computes with. Bit equality of results holds for equal instruction sets and
/// OpenBLAS cores, whatever the number of threads.
public struct Machine: Sendable {
  /// The OpenBLAS library that is loaded.
  public struct BLAS: Sendable {
    /// How a build of OpenBLAS makes its threads, with the number of `openblas_get_parallel`.
    public enum Threading: String, Sendable, CustomStringConvertible {
      case serial
      case pthread
      case openMP = "openmp"

      public var description: String {
        switch self {
        case .serial: "serial build, not safe to call from several threads"
        case .pthread: "pthread build"
        case .openMP: "OpenMP build"
        }
      }
    }

    /// Version and options, as the library states them.
    public let configuration: String
    /// The processor whose kernels it chose.
    public let core: String
    public let threading: Threading

    /// Whether several threads may call it at once; the serial build then gives wrong numbers.
    public var allowsConcurrentCalls: Bool { threading != .serial }
  }

  /// The processors that the process may run on.
  public let processors: Int
  /// What the engine's own kernels are compiled for: `avx2` or `portable`.
  public let instructionSet: String
  public let blas: BLAS

  /// The machine that runs this process.
  public static var current: Machine {
    let threading: BLAS.Threading =
      switch openblas_get_parallel() {
      case 0: .serial
      case 2: .openMP
      default: .pthread
      }
    return Machine(
      processors: ThreadPool.availableProcessors,
      instructionSet: String(cString: nagare_kernels_instruction_set()),
      blas: BLAS(
        configuration: text(openblas_get_config()), core: text(openblas_get_corename()),
        threading: threading))
  }

  /// Floating-point operations a second that `threads` threads do together in a loop of `float32`
  /// multiply-adds without memory accesses: what no kernel can exceed. Takes some tenths of a second;
  /// the best of several tries.
  public static func measurePeak(threads: Int) -> Double {
    let pool = ThreadPool(threads: threads)
    var best = Duration.seconds(Int64.max / 2)
    for _ in 0..<8 {
      let start = ContinuousClock.now
      pool.run(pool.threadCount) { _ in nagare_multiply_adds(peakRounds) }
      best = min(best, ContinuousClock.now - start)
    }
    return 2 * Double(pool.threadCount) * nagare_multiply_adds(0) * Double(peakRounds)
      / (best / .seconds(1))
  }

  private static let peakRounds: Int64 = 1 << 20

  private static func text(_ pointer: UnsafePointer<CChar>?) -> String {
    pointer.map { String(cString: $0) } ?? ""
  }
}
