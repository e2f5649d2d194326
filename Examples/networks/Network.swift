import Nagare

/// What engines are measured on beside the detectors.
enum Network: String, CaseIterable {
  case mobileNet = "mobilenet-v1"
  case resNet = "resnet-50"
  /// The same with channels first.
  case mobileNetChannelsFirst = "mobilenet-v1-nchw"
  case resNetChannelsFirst = "resnet-50-nchw"
  case lstm
  case additions
  /// As many nodes as a graph of some size has.
  case thousands
  case single

  private var dataFormat: DataFormat {
    self == .mobileNetChannelsFirst || self == .resNetChannelsFirst ? .nchw : .nhwc
  }

  private var channelAxis: Int { dataFormat == .nhwc ? 3 : 1 }

  /// Adds the network: from the placeholder `input` to the node `output`.
  func build(in graph: Graph) throws(GraphError) -> (input: Output, output: Output) {
    let sizes: [Int] =
      switch self {
      case .mobileNet, .resNet: [1, 224, 224, 3]
      case .mobileNetChannelsFirst, .resNetChannelsFirst: [1, 3, 224, 224]
      case .lstm: [1, 16, 256]
      case .additions, .thousands, .single: []
      }
    let input = try graph.placeholder(.float32, shape: Shape(sizes), name: "input")
    let output =
      switch self {
      case .mobileNet, .mobileNetChannelsFirst: try mobileNet(input)
      case .resNet, .resNetChannelsFirst: try resNet(input)
      case .lstm: try longShortTermMemory(input)
      case .additions: try additions(input, 10_000)
      case .thousands: try additions(input, 1_998)
      case .single: try additions(input, 1)
      }
    return (input, try identity(output, name: "output"))
  }

  // MARK: - Parts

  /// Weights whose products keep the variance before a ReLU: He et al., "Delving deep into
  /// rectifiers", 2015.
  private func weights(_ graph: Graph, _ sizes: [Int], inputs: Int) throws(GraphError) -> Output {
    let deviation = (2 / Double(inputs)).squareRoot()
    return try graph.variable(
      graph.randomNormal(sizes, standardDeviation: deviation), name: "weights"
    ).value
  }

  /// A convolution without bias, normalised with statistics that are given. `filters` is `nil` for a
  /// filter of its own for each channel.
  private func normalized(
    _ input: Output, _ filters: Int?, _ kernel: Int, stride: Int = 1,
    scale: ClosedRange<Double> = 0.8...1.2, name: String
  ) throws(GraphError) -> Output {
    let graph = input.graph
    return try graph.scope(name) { () throws(GraphError) -> Output in
      guard let channels = input.shape[channelAxis] else { return input }
      let strides = (stride, stride)
      let convolved =
        if let filters {
          try conv2D(
            input,
            filter: weights(
              graph, [kernel, kernel, channels, filters], inputs: kernel * kernel * channels),
            strides: strides, dataFormat: dataFormat)
        } else {
          try depthwiseConv2D(
            input,
            filter: weights(graph, [kernel, kernel, channels, 1], inputs: kernel * kernel),
            strides: strides, dataFormat: dataFormat)
        }
      func numbers(
        _ range: ClosedRange<Double>, _ name: String, isTrainable: Bool
      ) throws(GraphError) -> Output {
        let initial = try graph.randomUniform(
          [filters ?? channels], from: range.lowerBound, to: range.upperBound)
        return try graph.variable(initial, name: name, isTrainable: isTrainable).value
      }
      return try fusedBatchNorm(
        convolved, scale: numbers(scale, "gamma", isTrainable: true),
        offset: numbers(-0.1...0.1, "beta", isTrainable: true),
        mean: numbers(-0.1...0.1, "moving_mean", isTrainable: false),
        variance: numbers(0.8...1.2, "moving_variance", isTrainable: false), isTraining: false,
        dataFormat: dataFormat
      ).output
    }
  }

  /// A thousand classes from the mean of each channel.
  private func classes(_ features: Output) throws(GraphError) -> Output {
    let graph = features.graph
    guard let channels = features.shape[channelAxis] else { return features }
    let bias = try graph.variable(graph.zeros([1000]), name: "bias").value
    let logits = try matmul(
      mean(features, axes: dataFormat == .nhwc ? [1, 2] : [2, 3]),
      weights(graph, [channels, 1000], inputs: 2 * channels))
    return try softmax(biasAdd(logits, bias))
  }

  // MARK: - Networks

  /// Howard et al., "MobileNets: efficient convolutional neural networks for mobile vision
  /// applications", 2017.
  private func mobileNet(_ input: Output) throws(GraphError) -> Output {
    var features = try relu6(normalized(input, 32, 3, stride: 2, name: "stem"))
    let blocks = [
      (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1), (512, 1),
      (512, 1), (512, 1), (1024, 2), (1024, 1),
    ]
    for (index, (filters, stride)) in blocks.enumerated() {
      features = try relu6(
        normalized(features, nil, 3, stride: stride, name: "depthwise\(index)"))
      features = try relu6(normalized(features, filters, 1, name: "pointwise\(index)"))
    }
    return try classes(features)
  }

  /// He et al., "Deep residual learning for image recognition", 2015, with the stride in the block's
  /// 3×3 convolution.
  private func resNet(_ input: Output) throws(GraphError) -> Output {
    var features = try relu(normalized(input, 64, 7, stride: 2, name: "stem"))
    features = try maxPool(
      features, size: (3, 3), strides: (2, 2), padding: .same, dataFormat: dataFormat)
    for (stage, (width, count)) in [(64, 3), (128, 4), (256, 6), (512, 3)].enumerated() {
      for block in 0..<count {
        let name = "stage\(stage)_block\(block)"
        let stride = block == 0 && stage > 0 ? 2 : 1
        var inner = try relu(normalized(features, width, 1, name: name + "_reduce"))
        inner = try relu(normalized(inner, width, 3, stride: stride, name: name + "_conv"))
        // A small part, or the sums would grow from block to block.
        inner = try normalized(inner, 4 * width, 1, scale: 0.1...0.3, name: name + "_expand")
        let shortcut =
          block == 0
          ? try normalized(features, 4 * width, 1, stride: stride, name: name + "_shortcut")
          : features
        features = try relu(add(inner, shortcut))
      }
    }
    return try classes(features)
  }

  /// A cell of 256 units, unrolled over the 16 rows of each example.
  private func longShortTermMemory(_ input: Output) throws(GraphError) -> Output {
    let graph = input.graph
    let units = 256
    let kernel = try graph.variable(
      graph.randomNormal([2 * units, 4 * units], standardDeviation: 0.05), name: "kernel"
    ).value
    let bias = try graph.variable(graph.zeros([4 * units]), name: "bias").value
    var hidden = try graph.zeros([1, units])
    var state = hidden
    for row in try split(input, count: 16, axis: 1) {
      let joined = try concat([reshape(row, [1, units]), hidden], axis: 1)
      let gates = try split(biasAdd(matmul(joined, kernel), bias), count: 4, axis: 1)
      state = try sigmoid(gates[2]) * state + sigmoid(gates[0]) * tanh(gates[1])
      hidden = try sigmoid(gates[3]) * tanh(state)
    }
    return hidden
  }

  /// `input` and `count` times `input` added one after the other.
  private func additions(_ input: Output, _ count: Int) throws(GraphError) -> Output {
    var sum = input
    for _ in 0..<count { sum = try add(sum, input) }
    return sum
  }
}
