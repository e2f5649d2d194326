import CNagareKernels

// What the matrix products share.

/// A batch of products C = A · B of matrices of one element type, divided into tiles that depend on the
/// sizes alone.
struct MatrixProduct {
  let transposeA: Bool
  let transposeB: Bool
  let m: Int
  let n: Int
  let k: Int

  /// - Parameters:
  ///   - left: Sizes of the matrix A as stored.
  ///   - right: Sizes of the matrix B as stored; the inner sizes are known to agree.
  init(left: [Int], right: [Int], transposeA: Bool, transposeB: Bool) {
    self.transposeA = transposeA
    self.transposeB = transposeB
    m = transposeA ? left[1] : left[0]
    k = transposeA ? left[0] : left[1]
    n = transposeB ? right[0] : right[1]
  }

  /// The product as a convolution of a row of pixels, whose kernel packs all of B before it multiplies:
  /// where B is a constant, and so is packed once, or A has many rows.
  func convolution(isConstant: Bool) -> nagare_convolution? {
    guard !transposeA, !transposeB, m > 0, n > 0, k > 0, isConstant || m >= 128,
      // A short column, as of the weights of colours, has a loop of its own.
      n > 1 || k > 8
    else { return nil }
    return nagare_convolution(
      batch: 1, input_height: 1, input_width: Int64(m), input_channels: Int64(k),
      output_height: 1, output_width: Int64(m), output_channels: Int64(n), filter_height: 1,
      filter_width: 1, stride_height: 1, stride_width: 1, dilation_height: 1, dilation_width: 1,
      padding_top: 0, padding_left: 0, groups: 1)
  }

  /// A number that there is a product kernel for.
  enum Element {
    case float32, float64, int32, int64

    init?(_ dataType: DataType) {
      switch dataType {
      case .float32: self = .float32
      case .float64: self = .float64
      case .int32: self = .int32
      case .int64: self = .int64
      default: return nil
      }
    }

    var byteCount: Int { self == .float32 || self == .int32 ? 4 : 8 }
  }

  /// Computes product `i` of `count` from the matrices number `left(i)` of `a` and `right(i)` of `b`
  /// into matrix `i` of `c`.
  func compute(
    _ element: Element, count: Int, _ a: UnsafeRawPointer, _ left: (Int) -> Int,
    _ b: UnsafeRawPointer, _ right: (Int) -> Int, _ c: UnsafeMutableRawPointer,
    _ context: KernelContext
  ) throws(GraphError) {
    guard count > 0, m > 0, n > 0 else { return }
    // Tiles are large, for each packs the part of B that it needs; small products are one tile. Few rows
    // use B as it is, once.
    var (height, width) = (m, n)
    if m <= 3, !transposeB, count < 8, Double(n) * Double(max(1, k)) * Double(count) > 2.5e5 {
      width = min(n, max(64, ((n - 1) / (8 / count) / 64 + 1) * 64))
    } else if Double(m) * Double(n) * Double(max(1, k)) * Double(count) > 2e6, count < 8 {
      height = min(m, max(96, ((m - 1) / 8 / 6 + 1) * 6))
      let down = (m - 1) / height + 1
      if down * count < 8 {
        width = min(n, max(64, ((n - 1) / (8 / (down * count)) / 16 + 1) * 16))
      }
    }
    let (down, across) = ((m - 1) / height + 1, (n - 1) / width + 1)
    let size = element.byteCount
    let bytes = nagare_gemm_scratch_bytes(Int64(height), Int64(width), Int64(k), Int64(size))
    try context.run(count * down * across, scratch: Int(bytes)) { task, scratch in
      let product = task / (down * across)
      let row = task / across % down * height
      let column = task % across * width
      let x = a + (left(product) * m * k + (transposeA ? row : row * k)) * size
      let y = b + (right(product) * k * n + (transposeB ? column * k : column)) * size
      let z = c + (product * m * n + row * n + column) * size
      let (rows, columns) = (Int64(min(height, m - row)), Int64(min(width, n - column)))
      let (lda, ldb) = (Int64(transposeA ? m : k), Int64(transposeB ? k : n))
      switch element {
      case .float32:
        nagare_gemm_f32(
          transposeA, transposeB, rows, columns, Int64(k), x.assumingMemoryBound(to: Float.self),
          lda, y.assumingMemoryBound(to: Float.self), ldb,
          z.assumingMemoryBound(to: Float.self), Int64(n), false, scratch)
      case .float64:
        nagare_gemm_f64(
          transposeA, transposeB, rows, columns, Int64(k), x.assumingMemoryBound(to: Double.self),
          lda, y.assumingMemoryBound(to: Double.self), ldb,
          z.assumingMemoryBound(to: Double.self), Int64(n), false, scratch)
      case .int32:
        nagare_gemm_i32(
          transposeA, transposeB, rows, columns, Int64(k), x.assumingMemoryBound(to: Int32.self),
          lda, y.assumingMemoryBound(to: Int32.self), ldb,
          z.assumingMemoryBound(to: Int32.self), Int64(n), false, scratch)
      case .int64:
        nagare_gemm_i64(
          transposeA, transposeB, rows, columns, Int64(k), x.assumingMemoryBound(to: Int64.self),
          lda, y.assumingMemoryBound(to: Int64.self), ldb,
          z.assumingMemoryBound(to: Int64.self), Int64(n), false, scratch)
      }
    }
  }
}
