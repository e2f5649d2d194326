/// The pixels of a PNG file; like TensorFlow's, it takes a JPEG as well.
struct DecodePNG: WithoutGradient {
  var channels = 0
  /// `uint8` or `uint16`.
  var dataType = DataType.uint8

  static let name = "DecodePng"
  static let signature = Signature(
    inputs: ["contents: string"], outputs: ["image: dtype"],
    types: ["dtype": .of(.uint8, .uint16, default: .uint8)])
  static let attributes: [Attribute<Self>] = [
    .attribute("channels", \.channels), .attribute("dtype", \.dataType),
  ]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [try PictureDecoding.shape(inputs[0], channels: channels)]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [try PictureDecoding(channels: channels, dataType: dataType).decode(inputs[0], context)]
  }
}

/// The pixels of a picture file of any format.
struct DecodeImage: WithoutGradient {
  var channels = 0
  /// `uint8`, `uint16` or `float32`.
  var dataType = DataType.uint8
  /// Whether an animation would give a dimension more; so the rank is not known before the run.
  var expandAnimations = true

  static let name = "DecodeImage"
  static let signature = Signature(
    inputs: ["contents: string"], outputs: ["image: dtype"],
    types: ["dtype": .of(.uint8, .uint16, .float32, default: .uint8)])
  static let attributes: [Attribute<Self>] = [
    .attribute("channels", \.channels), .attribute("dtype", \.dataType),
    .attribute("expand_animations", \.expandAnimations),
  ]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let shape = try PictureDecoding.shape(inputs[0], channels: channels)
    return [expandAnimations ? .unknown : shape]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [try PictureDecoding(channels: channels, dataType: dataType).decode(inputs[0], context)]
  }
}

/// The pixels of a PNG (or JPEG) file as a tensor `[height, width, channels]`.
///
/// - Parameters:
///   - contents: A scalar string, the whole file.
///   - channels: 1 (gray), 3 (RGB), 4 (RGBA), or 0 for what the file has.
///   - dataType: `uint8` or `uint16`.
/// - Throws: When run: `invalidArgument` for a damaged file.
///
/// TensorFlow: `DecodePng`, `tf.image.decode_png`.
public func decodePNG(
  _ contents: Output, channels: Int = 0, dataType: DataType = .uint8, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try contents.graph.output(
    DecodePNG(channels: channels, dataType: dataType), [contents], name: name,
    SourceLocation(file, line))
}

/// The pixels of a JPEG or PNG file as a tensor `[height, width, channels]`.
///
/// - Parameters:
///   - contents: A scalar string, the whole file.
///   - channels: 1 (gray), 3 (RGB), 4 (RGBA, PNG only), or 0 for what the file has.
///   - dataType: `uint8`, `uint16`, or `float32` for values from 0 to 1.
///   - expandAnimations: As TensorFlow's; `false` makes the rank known before the run.
/// - Throws: When run: `invalidArgument` for a damaged file.
///
/// TensorFlow: `DecodeImage`, `tf.image.decode_image`.
public func decodeImage(
  _ contents: Output, channels: Int = 0, dataType: DataType = .uint8,
  expandAnimations: Bool = true, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try contents.graph.output(
    DecodeImage(channels: channels, dataType: dataType, expandAnimations: expandAnimations),
    [contents], name: name, SourceLocation(file, line))
}
