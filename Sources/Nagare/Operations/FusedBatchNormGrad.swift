/// The gradient of `FusedBatchNorm` to its input, scale and offset.
struct FusedBatchNormGrad: FusedBatchNormGradOp {
  var normalization = BatchNormalizationAttributes()
  var dataFormat = DataFormat.nhwc
  var format: BatchNormalizationFormat { BatchNormalizationFormat(dataFormat) }

  static let name = "FusedBatchNormGrad"
  static let signature = Signature(
    inputs: [
      "y_backprop: T", "x: T", "scale: T", "reserve_space_1: T", "reserve_space_2: T",
    ],
    outputs: [
      "x_backprop: T", "scale_backprop: T", "offset_backprop: T", "reserve_space_3: T",
      "reserve_space_4: T",
    ],
    types: ["T": .of(.float32)])
  static let attributes: [Attribute<Self>] = [
    .attribute("epsilon", \.normalization.epsilon), .attribute("data_format", \.dataFormat),
    .attribute("is_training", \.normalization.isTraining),
  ]
}

/// The gradient of `FusedBatchNormV2`.
struct FusedBatchNormGradV2: FusedBatchNormGradOp {
  var normalization = BatchNormalizationAttributes()
  var dataFormat = DataFormat.nhwc
  var format: BatchNormalizationFormat { BatchNormalizationFormat(dataFormat) }

  static let name = "FusedBatchNormGradV2"
  static let signature = Signature(
    inputs: [
      "y_backprop: T", "x: T", "scale: float32", "reserve_space_1: U", "reserve_space_2: U",
    ],
    outputs: [
      "x_backprop: T", "scale_backprop: U", "offset_backprop: U", "reserve_space_3: U",
      "reserve_space_4: U",
    ],
    types: ["T": .of(.float16, .bfloat16, .float32), "U": .of(.float32)])
  static let attributes: [Attribute<Self>] = [
    .attribute("epsilon", \.normalization.epsilon), .attribute("data_format", \.dataFormat),
    .attribute("is_training", \.normalization.isTraining),
  ]
}

/// The gradient of `FusedBatchNormV3`.
struct FusedBatchNormGradV3: FusedBatchNormGradOp {
  var normalization = BatchNormalizationAttributes()
  var format = BatchNormalizationFormat.nhwc

  static let name = "FusedBatchNormGradV3"
  static let signature = Signature(
    inputs: [
      "y_backprop: T", "x: T", "scale: float32", "reserve_space_1: U", "reserve_space_2: U",
      "reserve_space_3: U",
    ],
    outputs: [
      "x_backprop: T", "scale_backprop: U", "offset_backprop: U", "reserve_space_4: U",
      "reserve_space_5: U",
    ],
    types: ["T": .of(.float16, .bfloat16, .float32), "U": .of(.float32)])
  static let attributes: [Attribute<Self>] = [
    .attribute("epsilon", \.normalization.epsilon), .attribute("data_format", \.format),
    .attribute("is_training", \.normalization.isTraining),
  ]
}
