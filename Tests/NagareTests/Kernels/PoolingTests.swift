import CNagareKernels
import Testing

/// Pooling and its gradients against plain loops, with ties, infinities and NaN.
@Suite struct PoolingTests {
  @Test func agreesWithPlainLoops() {
    var random = SeededGenerator(5)
    for round in 0..<200 {
      guard let shape = Self.randomGeometry(&random) else { continue }
      let inputs = Int(shape.batch * shape.input_height * shape.input_width * shape.channels)
      let outputs = Int(shape.batch * shape.output_height * shape.output_width * shape.channels)
      let input = Self.numbers(inputs, round, &random)
      let upstream = random.reals(outputs)
      let expected = Self.plainLoops(shape, input, upstream)
      withEachInstructionSet {
        withUnsafePointer(to: shape) { shape in
          var pooled: [Float] = poisoned(outputs)
          var gradient: [Float] = poisoned(inputs)
          var picked: [Float] = poisoned(outputs)
          var mean: [Float] = poisoned(outputs)
          var shared: [Float] = poisoned(inputs)
          let blocks = (0..<nagare_pool_task_count(shape)).reversed()
          for task in blocks { nagare_max_pool_f32(shape, input, &pooled, task) }
          for task in blocks { nagare_average_pool_f32(shape, input, &mean, task) }
          for task in blocks {
            nagare_max_pool_gradient_gradient_f32(shape, input, pooled, input, &picked, task)
          }
          for task in (0..<nagare_pool_gradient_task_count(shape)).reversed() {
            nagare_max_pool_gradient_f32(shape, input, upstream, false, &gradient, task)
            nagare_average_pool_gradient_f32(shape, upstream, &shared, task)
          }
          #expect(pooled == expected.largest.map(Float.init), "maximum of \(shape.pointee)")
          expectClose(gradient, expected.largestGradient, "gradient of \(shape.pointee)")
          expectClose(shared, expected.meanGradient, "shares of \(shape.pointee)")
          // Where no element counts the lowest number comes out, which no element equals.
          let lowest = -Float.greatestFiniteMagnitude
          #expect(zip(picked, pooled).allSatisfy { $0 == ($1 == lowest ? 0 : $1) })
          if round % 3 != 2 { expectClose(mean, expected.mean, "mean of \(shape.pointee)") }
        }
      }
    }
  }

  /// The gradient from the places of the largest elements has the bits of that from the input.
  @Test(arguments: [false, true]) func winnersAreEnoughForTheGradient(relu: Bool) {
    var random = SeededGenerator(8)
    for round in 0..<150 {
      guard var shape = Self.randomGeometry(&random) else { continue }
      if round % 30 == 0 {
        // Several tasks, which divide windows.
        shape = nagare_pooling(
          batch: 2, input_height: 23, input_width: 301, channels: 40, output_height: 12,
          output_width: 151, window_height: round % 60 == 0 ? 2 : 3, window_width: 3,
          stride_height: 2, stride_width: 2, padding_top: 1, padding_left: 1)
      }
      let inputs = Int(shape.batch * shape.input_height * shape.input_width * shape.channels)
      let outputs = Int(shape.batch * shape.output_height * shape.output_width * shape.channels)
      let input = Self.numbers(inputs, round, &random)
      let upstream = random.reals(outputs)
      withEachInstructionSet {
        withUnsafePointer(to: shape) { shape in
          var (pooled, kept): ([Float], [Float]) = (poisoned(outputs), poisoned(outputs))
          var (gradient, same): ([Float], [Float]) = (poisoned(inputs), poisoned(inputs))
          var winners = [UInt8](repeating: 254, count: outputs)
          for task in (0..<nagare_pool_task_count(shape)).reversed() {
            nagare_max_pool_f32(shape, input, &pooled, task)
            nagare_max_pool_winners_f32(shape, input, relu, &kept, &winners, task)
          }
          for task in (0..<nagare_pool_gradient_task_count(shape)).reversed() {
            nagare_max_pool_gradient_f32(shape, input, upstream, relu, &gradient, task)
            nagare_max_pool_winners_gradient_f32(shape, winners, upstream, &same, task)
          }
          expectSameBits(kept, pooled, "maximum of \(shape.pointee)")
          expectSameBits(same, gradient, "gradient of \(shape.pointee)")
        }
      }
    }
  }

  @Test func poolsIntegers() {
    let shape = nagare_pooling(
      batch: 1, input_height: 2, input_width: 2, channels: 3, output_height: 1, output_width: 1,
      window_height: 2, window_width: 2, stride_height: 1, stride_width: 1, padding_top: 0,
      padding_left: 0)
    withEachInstructionSet {
      withUnsafePointer(to: shape) { shape in
        var signed: [Int8] = [0, 0, 0]
        nagare_max_pool_i8(
          shape, [-5, 1, .min, -3, 9, .min, -7, 0, .min, -9, .max, .min], &signed, 0)
        #expect(signed == [-3, .max, .min])
        var unsigned: [UInt16] = [1, 1, 1]
        nagare_max_pool_u16(shape, [5, 1, 0, 3, 40_000, 0, 7, .max, 0, 9, 2, 0], &unsigned, 0)
        #expect(unsigned == [9, .max, 0])
        var gradient = [Int8](repeating: 1, count: 12)
        nagare_max_pool_gradient_i8(
          shape, [-5, 1, .min, -3, 9, .min, -7, 0, .min, -9, 9, .min], [10, 20, 30], false,
          &gradient, 0)
        #expect(gradient == [0, 0, 30, 10, 20, 0, 0, 0, 0, 0, 0, 0])
      }
    }
  }

  /// Numbers, by `round` with ties or with infinities and NaN among them.
  private static func numbers(
    _ count: Int, _ round: Int, _ random: inout SeededGenerator
  ) -> [Float] {
    var numbers = random.reals(count)
    if round % 3 == 1 { numbers = numbers.map { ($0 * 2).rounded() } }
    if round % 3 == 2 {
      for index in numbers.indices where random.chance(4) {
        numbers[index] = random.chance(2) ? .nan : -.infinity
      }
    }
    return numbers
  }

  private static func randomGeometry(_ random: inout SeededGenerator) -> nagare_pooling? {
    func axis(_ random: inout SeededGenerator) -> [Int64]? {
      let (window, stride) = (random.integer(1...4), random.integer(1...4))
      let (before, after) = (random.integer(0...(window - 1)), random.integer(0...(window - 1)))
      let input = random.integer(1...14)
      guard input + before + after >= window else { return nil }
      let output = (input + before + after - window) / stride + 1
      return [input, output, window, stride, before].map(Int64.init)
    }
    guard let y = axis(&random), let x = axis(&random) else { return nil }
    return nagare_pooling(
      batch: Int64(random.integer(1...2)), input_height: y[0], input_width: x[0],
      channels: Int64(random.integer(1...20)), output_height: y[1], output_width: x[1],
      window_height: y[2], window_width: x[2], stride_height: y[3], stride_width: x[3],
      padding_top: y[4], padding_left: x[4])
  }

  private static func plainLoops(
    _ shape: nagare_pooling, _ input: [Float], _ upstream: [Float]
  ) -> (
    largest: [Double], largestGradient: [Double], mean: [Double], meanGradient: [Double]
  ) {
    let (height, width) = (Int(shape.input_height), Int(shape.input_width))
    let (rows, columns) = (Int(shape.output_height), Int(shape.output_width))
    let channels = Int(shape.channels)
    var largest = [Double](repeating: 0, count: upstream.count)
    var mean = largest
    var largestGradient = [Double](repeating: 0, count: input.count)
    var meanGradient = largestGradient
    for place in upstream.indices {
      let (channel, ox, oy) = (
        place % channels, place / channels % columns, place / channels / columns % rows
      )
      let image = place / channels / columns / rows
      var window: [Int] = []
      for k in 0..<Int(shape.window_height * shape.window_width) {
        let y =
          oy * Int(shape.stride_height) + k / Int(shape.window_width) - Int(shape.padding_top)
        let x = ox * Int(shape.stride_width) + k % Int(shape.window_width) - Int(shape.padding_left)
        guard y >= 0, x >= 0, y < height, x < width else { continue }
        window.append(((image * height + y) * width + x) * channels + channel)
      }
      var best = window[0]
      var value = -Float.greatestFiniteMagnitude
      for index in window where input[index] > value {
        value = input[index]
        best = index
      }
      largest[place] = Double(value)
      largestGradient[best] += Double(upstream[place])
      for index in window {
        mean[place] += Double(input[index]) / Double(window.count)
        meanGradient[index] += Double(upstream[place]) / Double(window.count)
      }
    }
    return (largest, largestGradient, mean, meanGradient)
  }
}
