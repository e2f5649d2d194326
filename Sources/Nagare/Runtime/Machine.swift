import CNagareKernels

/// What the process computes with. Results have the same bits on equal instruction sets, whatever the
/// number of threads.
public struct Machine: Sendable {
  /// The processors that the process may run on.
  public let processors: Int
  /// What the engine's own kernels are compiled for: `avx2`, `neon` or `portable`.
  public let instructionSet: String

  /// The machine that runs this process.
  public static var current: Machine {
    Machine(
      processors: ThreadPool.availableProcessors,
      instructionSet: String(cString: nagare_kernels_instruction_set()))
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
}
