import CNagareKernels

// What the versions of fused batch normalization and of its gradient share.

/// The attributes of batch normalization that are the same in every version.
struct BatchNormalizationAttributes: Sendable {
  /// Added to the variance.
  var epsilon: Float = 0.0001
  /// The share of this batch in the mean and variance that come out, the rest being that of the ones
  /// that go in.
  var averageFactor: Float = 1
  /// Whether mean and variance are those of the batch or given.
  var isTraining = true
}

/// TensorFlow's data formats of the third version.
enum BatchNormalizationFormat: String, AttributeChoice {
  case nhwc = "NHWC"
  case nchw = "NCHW"
  case ndhwc = "NDHWC"
  case ncdhw = "NCDHW"

  init(_ format: DataFormat) { self = format == .nhwc ? .nhwc : .nchw }

  var rank: Int { self == .nhwc || self == .nchw ? 4 : 5 }
  var order: DataFormat { self == .nhwc || self == .ndhwc ? .nhwc : .nchw }
}

/// Batch normalization, or its gradient, in any version.
protocol BatchNormalizationOp: Op {
  var normalization: BatchNormalizationAttributes { get }
  /// The data format as the third version has it.
  var format: BatchNormalizationFormat { get }
}

extension BatchNormalizationOp {
  /// Where the channels are in the shape of a tensor of this rank.
  fileprivate func channelIndex(_ rank: Int) -> Int { format.order == .nhwc ? rank - 1 : 1 }

  /// The tensor as a matrix of pixels and channels, channels last.
  fileprivate func pixels(_ tensor: Tensor, _ context: KernelContext) throws(GraphError) -> Tensor {
    try flattened(tensor).channelsLast(from: format.order, context)
  }

  /// The tensor with four dimensions.
  private func flattened(_ tensor: Tensor) throws(GraphError) -> Tensor {
    guard tensor.rank == 5 else { return tensor }
    let sizes = tensor.dimensions
    return try tensor.reshaped(
      format.order == .nhwc
        ? [sizes[0], sizes[1] * sizes[2], sizes[3], sizes[4]]
        : [sizes[0], sizes[1], sizes[2] * sizes[3], sizes[4]])
  }

  /// A matrix of pixels and channels in the shape and order of `tensor`.
  fileprivate func unflattened(
    _ pixels: Tensor, like tensor: Tensor, _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    let flat = try flattened(tensor).dimensions
    let channelsLast = try pixels.reshaped(format.order.nhwc(flat))
    return try channelsLast.arranged(as: format.order, context).reshaped(tensor.dimensions)
  }

  fileprivate func checkVector(_ tensor: Tensor, _ name: String) throws(GraphError) {
    guard tensor.rank == 1 else {
      throw .invalidArgument("\(name) must be 1-dimensional\(tensor.shape)")
    }
  }

  fileprivate func checkCount(
    _ tensor: Tensor, _ name: String, _ channels: Int
  ) throws(GraphError) {
    guard tensor.count == channels else {
      throw .invalidArgument(
        "\(name) must have the same number of elements as the channels of x, got \(tensor.count) "
          + "and \(channels)")
    }
  }
}

// MARK: - Forward

/// Batch normalization in any version.
protocol FusedBatchNormOp: BatchNormalizationOp {}

extension FusedBatchNormOp {
  /// The shapes of the five outputs that all versions have.
  func inferNormalized(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let x = try inputs[0].shape.withRank(format.rank)
    let index = channelIndex(format.rank)
    var channels = x[index]
    let needsStatistics = !normalization.isTraining || normalization.averageFactor != 1
    for input in inputs[1..<(needsStatistics ? 5 : 3)] {
      channels = try equalDimensions(channels, input.shape.withRank(1)[0])
    }
    var y = x
    y.dimensions?[index] = channels
    return [y] + [Shape](repeating: .vector(channels), count: 4)
  }

  /// The five outputs that all versions have: the normalized input, the mean and variance to keep, and
  /// the mean and variance for the gradient.
  // Compiled once, not for each version: the loops are in C.
  @_semantics("optimize.sil.specialize.generic.never")
  func normalize(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let input = inputs[0]
    guard input.dataType == .float32 else { throw .unsupported(Self.name, input.dataType) }
    guard input.rank == 4 || input.rank == 5 else {
      throw .invalidArgument("input must be 4 or 5-dimensional\(input.shape)")
    }
    let names = ["scale", "offset", "estimated_mean", "estimated_variance"]
    for (tensor, name) in zip(inputs[1...], names) { try checkVector(tensor, name) }
    let channels = input.dimensions[channelIndex(input.rank)]
    try checkCount(inputs[1], "scale", channels)
    try checkCount(inputs[2], "offset", channels)
    let (isTraining, factor) = (normalization.isTraining, normalization.averageFactor)
    if !isTraining || factor != 1 {
      let condition = isTraining ? "When exponential_avg_factor != 1" : "When is_training=false"
      try checkCount(inputs[3], "\(condition), mean", channels)
      try checkCount(inputs[4], "\(condition), variance", channels)
    }
    guard input.count > 0 else {
      let unknown = try Tensor([Float](repeating: .nan, count: channels))
      let zeros = try Tensor(zeros: .float32, [channels])
      return [input, unknown, unknown, zeros, zeros]
    }

    let pixels = try pixels(input, context)
    let rows = pixels.count / channels
    let x = pixels.pointer(Float.self)
    let columns = Int64(channels)
    var (mean, variance) = (inputs[3], inputs[4])
    var (keptMean, keptVariance) = (mean, variance)
    if isTraining {
      mean = try context.columnSums(rows: rows, columns: channels) { start, count, sums in
        nagare_column_sums_f32(Int64(count), columns, x + start * channels, sums)
      }
      mean = try mapElements([mean], context) { (sum: Float) in sum / Float(rows) }
      let center = mean.pointer(Float.self)
      variance = try context.columnSums(rows: rows, columns: channels) { start, count, sums in
        nagare_column_squares_f32(Int64(count), columns, x + start * channels, center, sums)
      }
      variance = try mapElements([variance], context) { (sum: Float) in sum / Float(rows) }
      let adjustment = Float(rows) / Float(max(1, rows - 1))
      keptMean = mean
      keptVariance = try mapElements([variance], context) { (x: Float) in x * adjustment }
      if factor != 1 {
        let blend = { (old: Float, new: Float) in (1 - factor) * old + factor * new }
        keptMean = try broadcastMap([inputs[3], keptMean], context, blend)
        keptVariance = try broadcastMap([inputs[4], keptVariance], context, blend)
      }
    }
    let epsilon = normalization.epsilon
    let slope = try broadcastMap([variance, inputs[1]], context) { (variance: Float, scale) in
      scale / (variance + epsilon).squareRoot()
    }
    let output = try context.allocate(.float32, pixels.dimensions)
    let (m, s, b, y) = (
      mean.pointer(Float.self), slope.pointer(Float.self), inputs[2].pointer(Float.self),
      output.mutablePointer(Float.self)
    )
    let grain = max(1, context.grain() / channels)
    context.threads.ranges(rows, grain: grain) { range in
      let start = range.lowerBound * channels
      nagare_column_normalize_f32(Int64(range.count), columns, x + start, m, s, b, y + start)
    }
    return [
      try unflattened(output, like: input, context), keptMean, keptVariance, mean, variance,
    ]
  }

  /// The gradient of x, scale and offset; the given mean and variance get none.
  func differentiate(
    _ node: Differentiation, _ op: some FusedBatchNormGradOp, reserved: Int
  ) throws(GraphError) -> [Output?] {
    guard node.upstream.first.flatMap({ $0 }) != nil else {
      return [Output?](repeating: nil, count: 5)
    }
    let statistics =
      normalization.isTraining ? Array(node.outputs[3..<5]) : Array(node.inputs[3..<5])
    let gradient = try node.graph.add(
      op,
      [try node.gradient, node.inputs[0], node.inputs[1]] + statistics
        + (reserved > 2 ? [node.outputs[5]] : []))
    let outputs = node.graph.outputs(of: gradient)
    return [outputs[0], outputs[1], outputs[2], nil, nil]
  }
}

// MARK: - Gradient

/// The gradient of batch normalization in any version.
protocol FusedBatchNormGradOp: BatchNormalizationOp {}

extension FusedBatchNormGradOp {
  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let gradient = try inputs[0].shape.withRank(format.rank)
    let x = try inputs[1].shape.withRank(format.rank)
    let index = channelIndex(format.rank)
    var channels = try equalDimensions(gradient[index], x[index])
    for input in inputs[2..<5] {
      channels = try equalDimensions(channels, input.shape.withRank(1)[0])
    }
    var result = gradient
    result.dimensions?[index] = channels
    return [result, .vector(channels), .vector(channels), .vector(0), .vector(0)]
  }

  // Compiled once, not for each version: the loops are in C.
  @_semantics("optimize.sil.specialize.generic.never")
  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let (upstream, input, scale, mean, variance) = (
      inputs[0], inputs[1], inputs[2], inputs[3], inputs[4]
    )
    guard upstream.dataType == .float32 else { throw .unsupported(Self.name, upstream.dataType) }
    for tensor in [upstream, input] where tensor.rank != 4 && tensor.rank != 5 {
      throw .invalidArgument("input must be 4 or 5-dimensional\(tensor.shape)")
    }
    try checkVector(scale, "scale")
    try checkVector(mean, "saved mean")
    try checkVector(variance, "saved variance")
    guard upstream.dimensions == input.dimensions else {
      throw .invalidArgument(
        "x and y_backprop must have same shape, but x has shape \(input.shape) and y_backprop has "
          + "shape \(upstream.shape)")
    }
    let channels = input.dimensions[channelIndex(input.rank)]
    try checkCount(scale, "scale", channels)
    try checkCount(mean, "reserve_space_1", channels)
    try checkCount(variance, "reserve_space_2", channels)
    let none = try Tensor(zeros: .float32, [0])
    guard input.count > 0 else {
      let zeros = try Tensor(zeros: .float32, [channels])
      return [input, zeros, zeros, none, none]
    }

    let (gradients, pixels) = (try pixels(upstream, context), try pixels(input, context))
    let rows = pixels.count / channels
    let (g, x) = (gradients.pointer(Float.self), pixels.pointer(Float.self))
    let m = mean.pointer(Float.self)
    let columns = Int64(channels)
    let offsetGradient = try context.columnSums(rows: rows, columns: channels) {
      start, count, sums in
      nagare_column_sums_f32(Int64(count), columns, g + start * channels, sums)
    }
    let products = try context.columnSums(rows: rows, columns: channels) { start, count, sums in
      nagare_column_products_f32(
        Int64(count), columns, g + start * channels, x + start * channels, m, sums)
    }
    // dx = scale/σ · (g − mean(g) − (x − mean) · mean(g · (x − mean))/σ²); with a given mean and
    // variance only the first term.
    let epsilon = normalization.epsilon
    let isTraining = normalization.isTraining
    let parameters = try context.allocate(.float32, [4, channels])
    let scaleGradient = parameters.mutablePointer(Float.self)
    let shift = scaleGradient + channels
    let slope = shift + channels
    let factor = slope + channels
    let (v, w) = (variance.pointer(Float.self), scale.pointer(Float.self))
    let (p, o) = (products.pointer(Float.self), offsetGradient.pointer(Float.self))
    for channel in 0..<channels {
      let deviation = (v[channel] + epsilon).squareRoot()
      scaleGradient[channel] = p[channel] / deviation
      shift[channel] = isTraining ? o[channel] / Float(rows) : 0
      slope[channel] = isTraining ? p[channel] / Float(rows) / (v[channel] + epsilon) : 0
      factor[channel] = w[channel] / deviation
    }
    let output = try context.allocate(.float32, pixels.dimensions)
    let y = output.mutablePointer(Float.self)
    context.threads.ranges(rows, grain: max(1, context.grain() / channels)) { range in
      let start = range.lowerBound * channels
      nagare_column_normalize_gradient_f32(
        Int64(range.count), columns, g + start, x + start, m, shift, slope, factor, y + start)
    }
    let scales = try context.allocate(.float32, [channels])
    scales.mutablePointer(Float.self).update(from: scaleGradient, count: channels)
    return [
      try unflattened(output, like: input, context), scales, offsetGradient, none, none,
    ]
  }

  /// The derivative of the gradient's own formula, written with simple ops.
  @_semantics("optimize.sil.specialize.generic.never")
  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    // Copies, so that only what the formula makes of them is differentiated.
    let upstream = try identity(node.inputs[0])
    let x = try identity(node.inputs[1])
    let scale = try identity(node.inputs[2])
    let rank = format.rank
    let axes = (0..<rank).filter { $0 != channelIndex(rank) }
    func channels(_ vector: Output) throws(GraphError) -> Output {
      guard format.order == .nchw else { return vector }
      return try reshape(vector, [1, -1] + [Int](repeating: 1, count: rank - 2))
    }
    func average(_ values: Output) throws(GraphError) -> Output {
      try mean(values, axes: axes, keepDimensions: true)
    }
    func total(_ values: Output) throws(GraphError) -> Output { try sum(values, axes: axes) }

    let isTraining = normalization.isTraining
    let epsilon = try Tensor(scalar: normalization.epsilon)
    let centered = try x - (isTraining ? average(x) : channels(node.inputs[3]))
    let product = try upstream * centered
    let gradient: Output
    let scaleGradient: Output
    if isTraining {
      let factor = try rsqrt(average(square(centered)) + epsilon)
      let slope = try factor * factor * average(product)
      gradient = try channels(scale) * factor * (upstream - average(upstream) - centered * slope)
      scaleGradient = try total(product * factor)
    } else {
      let factor = try rsqrt(channels(node.inputs[4]) + epsilon)
      gradient = try upstream * channels(scale) * factor
      scaleGradient = try total(product * factor)
    }
    // An output on which nothing depends counts with zeros, as in TensorFlow, so that every input has a
    // gradient.
    let derivatives = try node.graph.gradients(
      of: [gradient, scaleGradient, try total(upstream)], withRespectTo: [upstream, x, scale],
      upstream: Array(try node.filledUpstream().prefix(3)))
    return derivatives + [Output?](repeating: nil, count: node.inputs.count - 3)
  }
}
