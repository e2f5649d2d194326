import CNagareKernels
import Testing

/// Matrix products against sums in double precision.
@Suite struct GemmTests {
  struct Shape {
    var transposeA: Bool
    var transposeB: Bool
    var m: Int
    var n: Int
    var k: Int
    var lda: Int { (transposeA ? m : k) + 3 }
    var ldb: Int { (transposeB ? k : n) + 1 }
    var ldc: Int { n + 2 }
  }

  private func product(
    _ shape: Shape, _ a: [Float], _ b: [Float], _ c: inout [Float], rows: Range<Int>,
    columns: Range<Int>, accumulate: Bool
  ) {
    let (m, n, k) = (Int64(rows.count), Int64(columns.count), Int64(shape.k))
    let row = shape.transposeA ? rows.lowerBound : rows.lowerBound * shape.lda
    let column = shape.transposeB ? columns.lowerBound * shape.ldb : columns.lowerBound
    let corner = rows.lowerBound * shape.ldc + columns.lowerBound
    withScratch(nagare_gemm_scratch_bytes(m, n, k, 4)) { scratch in
      a.withUnsafeBufferPointer { a in
        b.withUnsafeBufferPointer { b in
          c.withUnsafeMutableBufferPointer { c in
            guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else {
              return
            }
            nagare_gemm_f32(
              shape.transposeA, shape.transposeB, m, n, k, a + row, Int64(shape.lda), b + column,
              Int64(shape.ldb), c + corner, Int64(shape.ldc), accumulate, scratch)
          }
        }
      }
    }
  }

  @Test func agreesWithPlainSums() {
    var random = SeededGenerator(1)
    for round in 0..<60 {
      let shape = Shape(
        transposeA: random.chance(2), transposeB: random.chance(2),
        m: random.integer(1...(round % 10 == 0 ? 210 : 30)), n: random.integer(1...40),
        k: random.integer(0...(round % 7 == 0 ? 300 : 40)))
      let a = random.reals((shape.transposeA ? shape.k : shape.m) * shape.lda + 1)
      let b = random.reals((shape.transposeB ? shape.n : shape.k) * shape.ldb + 1)
      let before = random.reals(shape.m * shape.ldc)
      let accumulate = random.chance(2)
      var expected = before.map(Double.init)
      for i in 0..<shape.m {
        for j in 0..<shape.n {
          var sum = accumulate ? expected[i * shape.ldc + j] : 0
          for p in 0..<shape.k {
            let x = a[shape.transposeA ? p * shape.lda + i : i * shape.lda + p]
            let y = b[shape.transposeB ? j * shape.ldb + p : p * shape.ldb + j]
            sum += Double(x) * Double(y)
          }
          expected[i * shape.ldc + j] = sum
        }
      }
      withEachInstructionSet {
        var whole = before
        product(
          shape, a, b, &whole, rows: 0..<shape.m, columns: 0..<shape.n, accumulate: accumulate)
        expectClose(whole, expected, "\(shape)")
        var parts = before
        let (row, column) = (random.integer(0...shape.m), random.integer(0...shape.n))
        for rows in [row..<shape.m, 0..<row] where !rows.isEmpty {
          for columns in [0..<column, column..<shape.n] where !columns.isEmpty {
            product(shape, a, b, &parts, rows: rows, columns: columns, accumulate: accumulate)
          }
        }
        expectSameBits(whole, parts, "\(shape) in parts")
      }
    }
  }

  @Test func wrapsIntegers() {
    let a: [Int32] = [.max, 2, 3, .min]
    let b: [Int32] = [2, 1, .max, 5]
    var c: [Int32] = [0, 0, 0, 0]
    withEachInstructionSet {
      withScratch(nagare_gemm_scratch_bytes(2, 2, 2, 4)) { scratch in
        nagare_gemm_i32(false, false, 2, 2, 2, a, 2, b, 2, &c, 2, false, scratch)
      }
      let expected: [Int32] = [
        Int32.max &* 2 &+ (2 &* Int32.max), Int32.max &+ 10, 6 &+ (Int32.min &* Int32.max),
        3 &+ (Int32.min &* 5),
      ]
      #expect(c == expected)
    }
  }
}
