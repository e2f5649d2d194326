import CNagareKernels
import Foundation
import Testing

/// Functions of mathematics, column loops, Adam and transposition.
@Suite struct ElementTests {
  typealias Function =
    @Sendable (Int64, UnsafePointer<Float>?, UnsafeMutablePointer<Float>?) -> Void

  private static let functions: [(String, Function, @Sendable (Double) -> Double, Double)] = [
    ("exp", { nagare_exp_f32($0, $1, $2) }, { Foundation.exp($0) }, 1.2),
    ("log", { nagare_log_f32($0, $1, $2) }, { Foundation.log($0) }, 1),
    ("tanh", { nagare_tanh_f32($0, $1, $2) }, { Foundation.tanh($0) }, 1.5),
    ("sigmoid", { nagare_sigmoid_f32($0, $1, $2) }, { 1 / (1 + Foundation.exp(-$0)) }, 2.5),
  ]

  @Test(arguments: functions.indices) func isAccurate(_ index: Int) {
    let (name, kernel, exact, limit) = Self.functions[index]
    let x = stride(from: UInt32(0), to: .max - 70_000, by: 69_997).map(Float.init(bitPattern:))
    withEachInstructionSet {
      var y: [Float] = poisoned(x.count)
      kernel(Int64(x.count), x, &y)
      for (x, y) in zip(x, y) {
        let expected = exact(Double(x))
        if expected.isNaN || !Float(expected).isFinite {
          #expect(y.isNaN == expected.isNaN && (y.isNaN || y == Float(expected)), "\(name)(\(x))")
        } else {
          let error = abs(Double(y) - expected) / Double(Float(expected).ulp)
          #expect(error <= limit, "\(name)(\(x)) is \(error) ulp off")
        }
      }
    }
  }

  @Test func keepsWhatIsNoNumber() {
    for (name, kernel, exact, _) in Self.functions {
      for x in [Float.nan, .infinity, -.infinity, 0, -0.0, .leastNonzeroMagnitude] {
        var y = [x]
        kernel(1, y, &y)
        let expected = Float(exact(Double(x)))
        #expect(
          y[0].isNaN && expected.isNaN || y[0] == expected && y[0].sign == expected.sign,
          "\(name)(\(x)) is \(y[0])")
      }
    }
  }

  /// Elements of a longer array and of its parts have the same bits.
  @Test func doesNotDependOnTheLength() {
    var random = SeededGenerator(6)
    let x = random.reals(37).map { $0 * 20 }
    for (name, kernel, _, _) in Self.functions {
      withEachInstructionSet {
        var whole: [Float] = poisoned(x.count)
        kernel(Int64(x.count), x, &whole)
        var parts: [Float] = []
        for part in [0..<3, 3..<20, 20..<37] {
          let source = Array(x[part])
          var target: [Float] = poisoned(source.count)
          kernel(Int64(source.count), source, &target)
          parts += target
        }
        expectSameBits(whole, parts, name)
      }
    }
  }

  @Test func sumsColumns() {
    var random = SeededGenerator(7)
    for _ in 0..<40 {
      let (rows, columns) = (random.integer(1...40), random.integer(1...35))
      let (x, g) = (random.reals(rows * columns), random.reals(rows * columns))
      let (mean, scale, offset) = (
        random.reals(columns), random.reals(columns), random.reals(columns)
      )
      let slope = random.reals(columns)
      func total(_ term: (Int, Int) -> Double) -> [Double] {
        (0..<columns).map { c in (0..<rows).reduce(0) { $0 + term($1 * columns + c, c) } }
      }
      func each(_ value: (Int, Int) -> Double) -> [Double] {
        x.indices.map { value($0, $0 % columns) }
      }
      let (r, n) = (Int64(rows), Int64(columns))
      withEachInstructionSet {
        var sums: [Float] = poisoned(columns)
        nagare_column_sums_f32(r, n, x, &sums)
        expectClose(sums, total { i, _ in Double(x[i]) }, "sums")
        nagare_column_squares_f32(r, n, x, mean, &sums)
        expectClose(
          sums,
          total { i, c in
            let difference = Double(x[i]) - Double(mean[c])
            return difference * difference
          }, "squares")
        nagare_column_products_f32(r, n, g, x, mean, &sums)
        expectClose(
          sums, total { i, c in Double(g[i]) * (Double(x[i]) - Double(mean[c])) }, "products")
        var y: [Float] = poisoned(x.count)
        nagare_column_normalize_f32(r, n, x, mean, scale, offset, &y)
        expectClose(
          y,
          each { i, c in (Double(x[i]) - Double(mean[c])) * Double(scale[c]) + Double(offset[c]) },
          "normalized")
        nagare_column_normalize_gradient_f32(r, n, g, x, mean, offset, slope, scale, &y)
        expectClose(
          y,
          each { i, c in
            let difference = (Double(x[i]) - Double(mean[c])) * Double(slope[c])
            return (Double(g[i]) - Double(offset[c]) - difference) * Double(scale[c])
          }, "gradient")
        nagare_column_add_f32(r, n, x, offset, &y)
        expectClose(y, each { i, c in Double(x[i]) + Double(offset[c]) }, "bias")
      }
    }
  }

  @Test func stepsAdam() {
    var random = SeededGenerator(8)
    let count = 21
    let (start, gradient) = (random.reals(count), random.reals(count))
    let (m, v) = (random.reals(count), random.reals(count).map { $0 * $0 })
    for nesterov in [false, true] {
      var expected: [Double] = []
      for i in 0..<count {
        let g = Double(gradient[i])
        let first = Double(m[i]) + (g - Double(m[i])) * 0.1
        let second = Double(v[i]) + (g * g - Double(v[i])) * 0.001
        let direction = nesterov ? g * 0.1 + 0.9 * first : first
        expected.append(Double(start[i]) - 0.01 * direction / (second.squareRoot() + 1e-8))
      }
      withEachInstructionSet {
        var (variable, first, second) = (start, m, v)
        nagare_adam_f32(
          Int64(count), &variable, &first, &second, gradient, 0.01, 0.9, 0.999, 1e-8, nesterov)
        expectClose(variable, expected, "Adam")
      }
    }
  }

  @Test func transposes() {
    for (rows, columns) in [(1, 1), (3, 50), (17, 16), (40, 33)] {
      let x = (0..<(rows * columns)).map { Int16($0) }
      var y: [Int16] = poisoned(x.count)
      nagare_transpose(
        Int64(rows), Int64(columns), Int64(columns), Int64(rows), 2, x, &y)
      for i in 0..<rows {
        for j in 0..<columns { #expect(y[j * rows + i] == x[i * columns + j]) }
      }
    }
  }

  /// Eight partial sums, then sums of neighbours.
  @Test(arguments: [0, 1, 7, 8, 9, 100, 8192]) func addsInTheOrderThatIsSaid(count: Int) {
    var random = SeededGenerator(8)
    let x = random.reals(count)
    var sums = [Float](repeating: 0, count: 8)
    for index in 0..<count { sums[index < count / 8 * 8 ? index % 8 : 0] += x[index] }
    while sums.count > 1 {
      sums = stride(from: 0, to: sums.count, by: 2).map { sums[$0] + sums[$0 + 1] }
    }
    withEachInstructionSet {
      #expect(nagare_sum_f32(Int64(count), x).bitPattern == sums[0].bitPattern)
    }
  }

  @Test(arguments: [1, 2, 3, 9, 64, 1001], [1, 3, 4]) func adjustsContrast(
    pixels: Int, channels: Int
  ) {
    var random = SeededGenerator(9)
    let x = random.reals(pixels * channels).map { $0 * 255 }
    var halves = x
    var left = pixels
    while left > 1 {
      let right = left / 2
      left -= right
      for index in 0..<right * channels { halves[index] += halves[left * channels + index] }
    }
    let means = halves.prefix(channels).map { $0 / Float(pixels) }
    let expected = x.indices.map {
      let mean = means[$0 % channels]
      return mean + 1.25 * (x[$0] - mean)
    }
    withEachInstructionSet {
      var y: [Float] = poisoned(x.count)
      nagare_sum_halves_f32(Int64(pixels), Int64(channels), x, &y)
      expectSameBits(Array(y.prefix(channels)), Array(halves.prefix(channels)), "sums")
      nagare_adjust_contrast_f32(Int64(pixels), Int64(channels), x, means, 1.25, &y)
      expectSameBits(y, expected, "contrast")
    }
  }
}
