import CNagareKernels
import Testing

/// Convolutions and their gradients against plain loops in double precision, over random geometries.
@Suite struct ConvolutionTests {
  @Test func agreesWithPlainLoops() {
    var random = SeededGenerator(2)
    for _ in 0..<150 {
      guard let shape = Self.randomGeometry(&random, groups: random.chance(6) ? 2 : 1) else {
        continue
      }
      expectAgreement(shape, &random)
    }
  }

  /// Filters of 3×3 over neighbouring pixels have an algorithm of their own, with tiles that begin and
  /// end anywhere and channels that do not fill a vector or fill more than one chunk.
  @Test func winogradAgreesWithPlainLoops() {
    var random = SeededGenerator(5)
    for index in 0..<100 {
      func channels(_ random: inout SeededGenerator) -> Int64 {
        let sizes = [1, 3, 4, 8, 12, 16, 20, 24, 31, 32]
        return Int64(index % 25 == 0 ? random.integer(60...140) : sizes[random.integer(0...9)])
      }
      let (top, left) = (random.integer(0...2), random.integer(0...2))
      let (bottom, right) = (random.integer(0...2), random.integer(0...2))
      let (height, width) = (random.integer(3...18), random.integer(3...18))
      let shape = nagare_convolution(
        batch: Int64(random.integer(1...3)), input_height: Int64(height),
        input_width: Int64(width), input_channels: channels(&random),
        output_height: Int64(height + top + bottom - 2),
        output_width: Int64(width + left + right - 2), output_channels: channels(&random),
        filter_height: 3, filter_width: 3, stride_height: 1, stride_width: 1, dilation_height: 1,
        dilation_width: 1, padding_top: Int64(top), padding_left: Int64(left), groups: 1)
      expectAgreement(shape, &random)
    }
  }

  /// With channels enough on both sides, filter gradients are products of packed matrices, packed in
  /// blocks of input channels, output channels and positions.
  @Test func packedFilterGradientAgreesWithPlainLoops() {
    var random = SeededGenerator(6)
    for index in 0..<36 {
      guard var shape = Self.randomGeometry(&random, groups: 1) else { continue }
      shape.input_channels = Int64(random.integer(16...40))
      shape.output_channels = Int64(random.integer(16...40))
      switch index % 12 {
      case 0: shape.input_channels = Int64(random.integer(60...140))
      case 1: shape.output_channels = Int64(random.integer(250...300))
      case 2:
        shape.groups = 2
        shape.input_channels = 34
        shape.output_channels = 38
      case 3: shape.batch = Int64(random.integer(10...40))
      default: break
      }
      expectAgreement(shape, &random)
    }
  }

  /// Pictures of few channels under small filters are read through a window that is copied.
  @Test func fewChannelsAgreeWithPlainLoops() {
    var random = SeededGenerator(8)
    var count = 0
    while count < 40 {
      guard var shape = Self.randomGeometry(&random, groups: 1) else { continue }
      shape.input_channels = Int64(random.integer(1...4))
      let depth = shape.filter_height * shape.filter_width * shape.input_channels
      guard depth <= 12 || random.chance(8) else { continue }
      shape.output_channels = Int64(random.integer(8...70))
      if random.chance(4) { shape.batch = 20 }
      expectAgreement(shape, &random)
      count += 1
    }
  }

  /// Where the output is larger than any cache it is written past them, to the same bits as where each
  /// picture is convolved by itself. So is what comes at the edges, where tiles are not whole.
  @Test(arguments: [Int64(1), 8]) func streamsWhatItWouldStore(channels: Int64) {
    var random = SeededGenerator(7)
    let shape = nagare_convolution(
      batch: 9, input_height: 253, input_width: 254, input_channels: channels, output_height: 253,
      output_width: 254, output_channels: 16, filter_height: 3, filter_width: 3, stride_height: 1,
      stride_width: 1, dilation_height: 1, dilation_width: 1, padding_top: 1, padding_left: 1,
      groups: 1)
    /// Few numbers again and again, for it takes long to draw so many.
    func numbers(_ count: Int) -> [Float] {
      let drawn = random.reals(10_007)
      var result: [Float] = []
      while result.count < count { result += drawn }
      return Array(result[0..<count])
    }
    let pixels = 9 * 253 * 254
    let data = ConvolutionData(
      shape, input: numbers(pixels * Int(channels)), filter: random.reals(9 * Int(channels) * 16),
      upstream: numbers(pixels * 16))
    let bias = random.reals(16)
    var alone = shape
    alone.batch = 1
    withEachInstructionSet {
      let output = data.forward(Finish(bias: bias, relu: true), isReversed: false)
      let size = output.count / 9
      let inputSize = data.input.count / 9
      for picture in 0..<9 {
        let single = ConvolutionData(
          alone, input: Array(data.input[picture * inputSize..<(picture + 1) * inputSize]),
          filter: data.filter, upstream: Array(data.upstream[0..<size]))
        let isSame =
          output[picture * size..<(picture + 1) * size]
          == single.forward(Finish(bias: bias, relu: true), isReversed: false)[...]
        #expect(isSame, "picture \(picture)")
      }
      guard channels == 8 else { return }
      // Turned around, so that the larger side is the target.
      var turned = shape
      turned.input_channels = 16
      turned.output_channels = 8
      let backward = ConvolutionData(
        turned, input: data.upstream, filter: data.filter, upstream: data.input)
      let gradient = backward.inputGradient(data.upstream, isReversed: false)
      turned.batch = 1
      for picture in 0..<9 {
        let range = picture * size..<(picture + 1) * size
        let single = ConvolutionData(
          turned, input: Array(data.upstream[range]), filter: data.filter,
          upstream: Array(data.input[picture * inputSize..<(picture + 1) * inputSize]))
        let isSame =
          gradient[range]
          == single.inputGradient(Array(data.upstream[range]), isReversed: false)[...]
        #expect(isSame, "gradient of picture \(picture)")
      }
    }
  }

  private func expectAgreement(
    _ shape: nagare_convolution, _ random: inout SeededGenerator
  ) {
    let data = ConvolutionData(shape, &random)
    let finish = Finish(shape, &random)
    let mask = random.chance(2) ? random.reals(data.input.count) : nil
    let expected = data.plainLoops(finish, mask: mask)
    withEachInstructionSet {
      let forward = data.forward(finish, isReversed: false)
      expectClose(forward, expected.output, "output of \(shape)")
      expectSameBits(
        forward, data.forward(finish, isReversed: true), "order of tasks in \(shape)")
      let input = data.inputGradient(mask, isReversed: false)
      expectClose(input, expected.inputGradient, "input gradient of \(shape)")
      expectSameBits(
        input, data.inputGradient(mask, isReversed: true), "order of input gradients of \(shape)")
      let filter = data.filterGradient(isReversed: false)
      expectClose(filter, expected.filterGradient, "filter gradient of \(shape)")
      expectSameBits(
        filter, data.filterGradient(isReversed: true), "order of filter gradients of \(shape)")
    }
  }

  @Test func depthwiseAgreesWithPlainLoops() {
    var random = SeededGenerator(3)
    for _ in 0..<120 {
      guard var shape = Self.randomGeometry(&random, groups: 1) else { continue }
      shape.output_channels = shape.input_channels * Int64(random.integer(1...3))
      shape.groups = shape.input_channels
      let data = ConvolutionData(shape, &random)
      let finish = Finish(shape, &random)
      let expected = data.plainLoops(finish)
      withEachInstructionSet {
        for isReversed in [false, true] {
          expectClose(data.depthwise(finish, isReversed), expected.output, "output of \(shape)")
          expectClose(
            data.depthwiseInputGradient(isReversed), expected.inputGradient,
            "input gradient of \(shape)")
          expectClose(
            data.depthwiseFilterGradient(isReversed), expected.filterGradient,
            "filter gradient of \(shape)")
        }
      }
    }
  }

  /// Pictures many times larger than a block, so that there are several tasks, for each of the two
  /// algorithms.
  @Test(arguments: [Int64(1), 2]) func dividesLargePictures(dilation: Int64) {
    var random = SeededGenerator(4)
    let shape = nagare_convolution(
      batch: 2, input_height: 60, input_width: 70, input_channels: 40, output_height: 60,
      output_width: 70, output_channels: 5, filter_height: 3, filter_width: 3, stride_height: 1,
      stride_width: 1, dilation_height: dilation, dilation_width: dilation,
      padding_top: dilation, padding_left: dilation, groups: 1)
    withUnsafePointer(to: shape) {
      #expect(nagare_conv2d_task_count_f32($0) > 2)
      #expect(nagare_conv2d_filter_gradient_part_count_f32($0) > 1)
    }
    expectAgreement(shape, &random)
  }

  private static func randomGeometry(
    _ random: inout SeededGenerator, groups: Int
  ) -> nagare_convolution? {
    func axis(_ random: inout SeededGenerator) -> [Int64]? {
      let taps = random.integer(1...(random.chance(4) ? 6 : 3))
      let (stride, dilation) = (random.integer(1...3), random.integer(1...2))
      let output = random.integer(1...9)
      let span = (taps - 1) * dilation + 1
      let before = random.chance(2) ? random.integer(0...(span - 1)) : 0
      let after = random.chance(2) ? random.integer(0...(span - 1)) : 0
      let unused = after == 0 ? random.integer(0...(stride - 1)) : 0
      let input = (output - 1) * stride + span - before - after + unused
      guard input >= 1 else { return nil }
      return [input, output, taps, stride, dilation, before].map(Int64.init)
    }
    guard let y = axis(&random), let x = axis(&random) else { return nil }
    let channels = random.chance(12) ? random.integer(380...500) : random.integer(1...20)
    return nagare_convolution(
      batch: Int64(random.integer(1...2)), input_height: y[0], input_width: x[0],
      input_channels: Int64(channels * groups), output_height: y[1], output_width: x[1],
      output_channels: Int64(random.integer(1...20) * groups), filter_height: y[2],
      filter_width: x[2], stride_height: y[3], stride_width: x[3], dilation_height: y[4],
      dilation_width: x[4], padding_top: y[5], padding_left: x[5], groups: Int64(groups))
  }
}

/// What becomes of results.
private struct Finish {
  var bias: [Float]?
  var addend: [Float]?
  var relu = false
  var capped = false

  init(bias: [Float], relu: Bool) {
    self.bias = bias
    self.relu = relu
  }

  init(_ shape: nagare_convolution, _ random: inout SeededGenerator) {
    let channels = Int(shape.output_channels)
    bias = random.chance(2) ? random.reals(channels) : nil
    relu = random.chance(2)
    if random.chance(3) {
      let pixels = Int(shape.batch * shape.output_height * shape.output_width)
      addend = random.reals(pixels * channels)
    }
    // Large biases, so that the cap matters.
    capped = random.chance(3)
    if capped { bias = random.reals(channels).map { 12 * $0 } }
  }

  func withEpilogue(_ body: (UnsafePointer<nagare_epilogue>?) -> Void) {
    guard bias != nil || addend != nil || relu || capped else { return body(nil) }
    (bias ?? []).withUnsafeBufferPointer { bias in
      (addend ?? []).withUnsafeBufferPointer { addend in
        var epilogue = nagare_epilogue(
          bias: self.bias == nil ? nil : UnsafeRawPointer(bias.baseAddress),
          addend: self.addend == nil ? nil : UnsafeRawPointer(addend.baseAddress), relu: relu,
          capped: capped, pools: false, winners: nil)
        body(&epilogue)
      }
    }
  }
}

/// A geometry with random tensors.
private struct ConvolutionData {
  let shape: nagare_convolution
  let input: [Float]
  let filter: [Float]
  let upstream: [Float]

  init(_ shape: nagare_convolution, input: [Float], filter: [Float], upstream: [Float]) {
    self.shape = shape
    self.input = input
    self.filter = filter
    self.upstream = upstream
  }

  init(_ shape: nagare_convolution, _ random: inout SeededGenerator) {
    self.shape = shape
    input = random.reals(
      Int(shape.batch * shape.input_height * shape.input_width * shape.input_channels))
    filter = random.reals(
      Int(
        shape.filter_height * shape.filter_width * (shape.input_channels / shape.groups)
          * shape.output_channels))
    upstream = random.reals(
      Int(shape.batch * shape.output_height * shape.output_width * shape.output_channels))
  }

  func plainLoops(
    _ finish: Finish, mask: [Float]? = nil
  ) -> (output: [Double], inputGradient: [Double], filterGradient: [Double]) {
    var output = [Double](repeating: 0, count: upstream.count)
    var inputGradient = [Double](repeating: 0, count: input.count)
    var filterGradient = [Double](repeating: 0, count: filter.count)
    let (height, width) = (Int(shape.input_height), Int(shape.input_width))
    let (rows, columns) = (Int(shape.output_height), Int(shape.output_width))
    let (inputs, outputs) = (Int(shape.input_channels), Int(shape.output_channels))
    let groups = Int(shape.groups)
    let (depth, share) = (inputs / groups, outputs / groups)
    for place in 0..<(Int(shape.batch) * rows * columns) {
      let (image, oy, ox) = (place / (rows * columns), place / columns % rows, place % columns)
      for tap in 0..<Int(shape.filter_height * shape.filter_width) {
        let (ky, kx) = (tap / Int(shape.filter_width), tap % Int(shape.filter_width))
        let y =
          oy * Int(shape.stride_height) + ky * Int(shape.dilation_height) - Int(shape.padding_top)
        let x =
          ox * Int(shape.stride_width) + kx * Int(shape.dilation_width) - Int(shape.padding_left)
        guard y >= 0, x >= 0, y < height, x < width else { continue }
        for o in 0..<outputs {
          for c in 0..<depth {
            let at = ((image * height + y) * width + x) * inputs + o / share * depth + c
            let to = place * outputs + o
            let weight = (tap * depth + c) * outputs + o
            output[to] += Double(input[at]) * Double(filter[weight])
            inputGradient[at] += Double(upstream[to]) * Double(filter[weight])
            filterGradient[weight] += Double(input[at]) * Double(upstream[to])
          }
        }
      }
    }
    for index in output.indices {
      if let bias = finish.bias { output[index] += Double(bias[index % outputs]) }
      if let addend = finish.addend { output[index] += Double(addend[index]) }
      if finish.relu { output[index] = max(0, output[index]) }
      if finish.capped { output[index] = min(6, output[index]) }
    }
    if let mask {
      for index in mask.indices where !(mask[index] > 0) { inputGradient[index] = 0 }
    }
    return (output, inputGradient, filterGradient)
  }

  private func tasks(_ count: Int64, _ isReversed: Bool) -> [Int64] {
    isReversed ? (0..<count).reversed() : Array(0..<count)
  }

  func forward(_ finish: Finish, isReversed: Bool) -> [Float] {
    withUnsafePointer(to: shape) { shape in
      var packed: [Float] = poisoned(Int(nagare_conv2d_packed_count_f32(shape)))
      for task in tasks(nagare_conv2d_pack_task_count_f32(shape), isReversed) {
        nagare_conv2d_pack_f32(shape, filter, &packed, task)
      }
      var output: [Float] = poisoned(upstream.count)
      withScratch(nagare_conv2d_scratch_bytes_f32(shape)) { scratch in
        finish.withEpilogue { epilogue in
          for task in tasks(nagare_conv2d_task_count_f32(shape), isReversed) {
            nagare_conv2d_f32(shape, input, packed, epilogue, &output, task, scratch)
          }
        }
      }
      return output
    }
  }

  func inputGradient(_ mask: [Float]?, isReversed: Bool) -> [Float] {
    withUnsafePointer(to: shape) { shape in
      var packed: [Float] = poisoned(Int(nagare_conv2d_input_gradient_packed_count_f32(shape)))
      for task in tasks(nagare_conv2d_input_gradient_pack_task_count_f32(shape), isReversed) {
        nagare_conv2d_input_gradient_pack_f32(shape, filter, &packed, task)
      }
      var output: [Float] = poisoned(input.count)
      withScratch(nagare_conv2d_input_gradient_scratch_bytes_f32(shape)) { scratch in
        for task in tasks(nagare_conv2d_input_gradient_task_count_f32(shape), isReversed) {
          nagare_conv2d_input_gradient_f32(shape, upstream, packed, mask, &output, task, scratch)
        }
      }
      return output
    }
  }

  func filterGradient(isReversed: Bool) -> [Float] {
    withUnsafePointer(to: shape) { shape in
      let parts = Int(nagare_conv2d_filter_gradient_part_count_f32(shape))
      var partials: [Float] = poisoned(parts * filter.count)
      withScratch(nagare_conv2d_filter_gradient_scratch_bytes_f32(shape)) { scratch in
        for task in tasks(nagare_conv2d_filter_gradient_task_count_f32(shape), isReversed) {
          nagare_conv2d_filter_gradient_f32(
            shape, input, upstream, &partials, nil, task, scratch)
        }
      }
      var output: [Float] = poisoned(filter.count)
      nagare_conv2d_filter_gradient_sum_f32(shape, partials, &output)
      return output
    }
  }

  func depthwise(_ finish: Finish, _ isReversed: Bool) -> [Float] {
    withUnsafePointer(to: shape) { shape in
      var output: [Float] = poisoned(upstream.count)
      withScratch(nagare_depthwise_scratch_bytes(shape, 4)) { scratch in
        finish.withEpilogue { epilogue in
          for task in tasks(nagare_depthwise_task_count(shape), isReversed) {
            nagare_depthwise_f32(shape, input, filter, epilogue, &output, task, scratch)
          }
        }
      }
      return output
    }
  }

  func depthwiseInputGradient(_ isReversed: Bool) -> [Float] {
    withUnsafePointer(to: shape) { shape in
      var output: [Float] = poisoned(input.count)
      withScratch(nagare_depthwise_input_gradient_scratch_bytes(shape, 4)) { scratch in
        for task in tasks(nagare_depthwise_input_gradient_task_count(shape), isReversed) {
          nagare_depthwise_input_gradient_f32(shape, upstream, filter, &output, task, scratch)
        }
      }
      return output
    }
  }

  func depthwiseFilterGradient(_ isReversed: Bool) -> [Float] {
    withUnsafePointer(to: shape) { shape in
      let count = nagare_depthwise_filter_gradient_task_count(shape)
      let parts = nagare_depthwise_filter_gradient_part_count(shape)
      var partials: [Float] = poisoned(Int(parts) * filter.count)
      withScratch(nagare_depthwise_filter_gradient_scratch_bytes(shape, 4)) { scratch in
        for task in tasks(count, isReversed) {
          nagare_depthwise_filter_gradient_f32(shape, input, upstream, &partials, task, scratch)
        }
      }
      var output: [Float] = poisoned(filter.count)
      nagare_depthwise_filter_gradient_sum_f32(shape, partials, &output)
      return output
    }
  }
}
