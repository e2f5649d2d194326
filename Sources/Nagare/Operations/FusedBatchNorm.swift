/// Each channel with its mean over the batch taken off and divided by its standard deviation, then
/// scaled and offset.
struct FusedBatchNorm: FusedBatchNormOp {
  var normalization = BatchNormalizationAttributes()
  var dataFormat = DataFormat.nhwc
  var format: BatchNormalizationFormat { BatchNormalizationFormat(dataFormat) }

  static let name = "FusedBatchNorm"
  static let signature = Signature(
    inputs: ["x: T", "scale: T", "offset: T", "mean: T", "variance: T"],
    outputs: [
      "y: T", "batch_mean: T", "batch_variance: T", "reserve_space_1: T", "reserve_space_2: T",
    ],
    types: ["T": .of(.float32)])
  static let attributes: [Attribute<Self>] = [
    .attribute("epsilon", \.normalization.epsilon),
    .attribute("exponential_avg_factor", \.normalization.averageFactor),
    .attribute("data_format", \.dataFormat),
    .attribute("is_training", \.normalization.isTraining),
  ]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { try inferNormalized(inputs) }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    try normalize(inputs, context)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    try differentiate(
      node, FusedBatchNormGrad(normalization: normalization, dataFormat: dataFormat), reserved: 2)
  }
}

/// `FusedBatchNorm` whose statistics have a type of their own.
struct FusedBatchNormV2: FusedBatchNormOp {
  var normalization = BatchNormalizationAttributes()
  var dataFormat = DataFormat.nhwc
  var format: BatchNormalizationFormat { BatchNormalizationFormat(dataFormat) }

  static let name = "FusedBatchNormV2"
  static let signature = Signature(
    inputs: ["x: T", "scale: U", "offset: U", "mean: U", "variance: U"],
    outputs: [
      "y: T", "batch_mean: U", "batch_variance: U", "reserve_space_1: U", "reserve_space_2: U",
    ],
    types: ["T": .of(.float16, .bfloat16, .float32), "U": .of(.float32)])
  static let attributes: [Attribute<Self>] = [
    .attribute("epsilon", \.normalization.epsilon),
    .attribute("exponential_avg_factor", \.normalization.averageFactor),
    .attribute("data_format", \.dataFormat),
    .attribute("is_training", \.normalization.isTraining),
  ]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { try inferNormalized(inputs) }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    try normalize(inputs, context)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    try differentiate(
      node, FusedBatchNormGradV2(normalization: normalization, dataFormat: dataFormat), reserved: 2)
  }
}

/// `FusedBatchNorm` with a sixth output, which other devices use for their gradient, and volumes besides
/// pictures.
struct FusedBatchNormV3: FusedBatchNormOp {
  var normalization = BatchNormalizationAttributes()
  var format = BatchNormalizationFormat.nhwc

  static let name = "FusedBatchNormV3"
  static let signature = Signature(
    inputs: ["x: T", "scale: U", "offset: U", "mean: U", "variance: U"],
    outputs: [
      "y: T", "batch_mean: U", "batch_variance: U", "reserve_space_1: U", "reserve_space_2: U",
      "reserve_space_3: U",
    ],
    types: ["T": .of(.float16, .bfloat16, .float32), "U": .of(.bfloat16, .float32)])
  static let attributes: [Attribute<Self>] = [
    .attribute("epsilon", \.normalization.epsilon),
    .attribute("exponential_avg_factor", \.normalization.averageFactor),
    .attribute("data_format", \.format), .attribute("is_training", \.normalization.isTraining),
  ]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    try inferNormalized(inputs) + [.unknown]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    guard inputs[1].dataType == .float32 else { throw .unsupported(Self.name, inputs[1].dataType) }
    return try normalize(inputs, context) + [try Tensor(zeros: .float32, [])]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    try differentiate(
      node, FusedBatchNormGradV3(normalization: normalization, format: format), reserved: 3)
  }
}

/// What `fusedBatchNorm` gives.
public struct BatchNormalization: Sendable {
  /// The normalized input.
  public let output: Output
  /// The mean to keep for inference.
  public let mean: Output
  /// The variance to keep for inference.
  public let variance: Output
}

/// Each channel with its mean taken off and divided by its standard deviation, then scaled and offset.
///
/// - Parameters:
///   - x: `float32`, [batch, height, width, channels], or as `dataFormat` says.
///   - scale: One element a channel.
///   - offset: One element a channel.
///   - mean: The mean to use, one element a channel; when training, the one to blend with that of the
///     batch, empty when `averageFactor` is 1.
///   - variance: Likewise.
///   - epsilon: Added to the variance.
///   - averageFactor: The share of the batch in the mean and variance that are given back.
/// - Throws: `invalidArgument` when the sizes do not go together.
///
/// TensorFlow: `FusedBatchNormV3`, `tf.nn.fused_batch_norm`.
public func fusedBatchNorm(
  _ x: Output, scale: Output, offset: Output, mean: Output? = nil, variance: Output? = nil,
  epsilon: Float = 0.001, averageFactor: Float = 1, isTraining: Bool = true,
  dataFormat: DataFormat = .nhwc, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> BatchNormalization {
  let empty = try mean == nil || variance == nil ? x.graph.constant(Tensor([Float]())) : scale
  let op = FusedBatchNormV3(
    normalization: BatchNormalizationAttributes(
      epsilon: epsilon, averageFactor: averageFactor, isTraining: isTraining),
    format: BatchNormalizationFormat(dataFormat))
  let node = try x.graph.add(
    op, [x, scale, offset, mean ?? empty, variance ?? empty], name: name,
    SourceLocation(file, line))
  let outputs = x.graph.outputs(of: node)
  return BatchNormalization(output: outputs[0], mean: outputs[1], variance: outputs[2])
}
