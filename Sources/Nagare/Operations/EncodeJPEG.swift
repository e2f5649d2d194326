/// The channels of a JPEG: TensorFlow's `format`.
public enum JPEGFormat: String, Sendable, AttributeChoice {
  /// What the picture has.
  case automatic = ""
  case grayscale
  case rgb
}

/// What a JPEG's densities count dots by: TensorFlow's `density_unit`.
public enum DensityUnit: String, Sendable, AttributeChoice {
  case inch = "in"
  case centimetre = "cm"
}

/// A picture as a JPEG file.
struct EncodeJPEG: WithoutGradient {
  var format = JPEGFormat.automatic
  /// From 0 to 100.
  var quality = 95
  var progressive = false
  var optimizeSize = false
  var chromaDownsampling = true
  var densityUnit = DensityUnit.inch
  var xDensity = 300
  var yDensity = 300
  var xmpMetadata = ""

  static let name = "EncodeJpeg"
  static let signature = Signature(inputs: ["image: uint8"], outputs: ["contents: string"])
  static let attributes: [Attribute<Self>] = [
    .attribute("format", \.format), .attribute("quality", \.quality),
    .attribute("progressive", \.progressive), .attribute("optimize_size", \.optimizeSize),
    .attribute("chroma_downsampling", \.chromaDownsampling),
    .attribute("density_unit", \.densityUnit), .attribute("x_density", \.xDensity),
    .attribute("y_density", \.yDensity), .attribute("xmp_metadata", \.xmpMetadata),
  ]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    _ = try inputs[0].shape.withRank(3)
    return [.scalar]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let image = inputs[0]
    guard image.rank == 3 else {
      throw .invalidArgument("image must be 3-dimensional\(image.shape)")
    }
    guard image.count < Int(Int32.max) else {
      throw .invalidArgument("Cannot encode images with >= max int32 elements")
    }
    let channels = image.dimensions[2]
    switch format {
    case .automatic:
      guard channels == 1 || channels == 3 else {
        throw .invalidArgument("image must have 1 or 3 channels, got \(image.shape)")
      }
    case .grayscale, .rgb:
      let expected = format == .rgb ? 3 : 1
      guard channels == expected else {
        throw .invalidArgument(
          "format \(format.rawValue) expects \(expected) channels, got \(image.shape)")
      }
    }
    let encoding = JPEGEncoding(
      quality: quality, progressive: progressive, optimizeSize: optimizeSize,
      chromaDownsampling: chromaDownsampling, densityPerCentimetre: densityUnit == .centimetre,
      xDensity: xDensity, yDensity: yDensity, xmpMetadata: Array(xmpMetadata.utf8))
    let contents = try encoding.encode(
      image.buffer(UInt8.self), width: image.dimensions[1], height: image.dimensions[0],
      channels: channels)
    return [try Tensor(scalar: contents)]
  }
}

/// A picture as a JPEG file, a scalar string.
///
/// - Parameters:
///   - image: A `uint8` tensor `[height, width, channels]` with 1 or 3 channels.
///   - format: The channels that `image` must have.
///   - quality: From 0 to 100.
///   - progressive: Whether the file can be shown coarse first.
///   - optimizeSize: Whether more time is spent for a smaller file of the same quality.
///   - chromaDownsampling: Whether colour is stored at half the resolution.
///   - densityUnit: What `xDensity` and `yDensity` count dots by.
///   - xmpMetadata: Stored in the file as it is.
/// - Throws: When run: `invalidArgument` for other shapes and qualities, `internalError` for an
///   empty picture.
///
/// TensorFlow: `EncodeJpeg`, `tf.image.encode_jpeg`.
public func encodeJPEG(
  _ image: Output, format: JPEGFormat = .automatic, quality: Int = 95, progressive: Bool = false,
  optimizeSize: Bool = false, chromaDownsampling: Bool = true, densityUnit: DensityUnit = .inch,
  xDensity: Int = 300, yDensity: Int = 300, xmpMetadata: String = "", name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let op = EncodeJPEG(
    format: format, quality: quality, progressive: progressive, optimizeSize: optimizeSize,
    chromaDownsampling: chromaDownsampling, densityUnit: densityUnit, xDensity: xDensity,
    yDensity: yDensity, xmpMetadata: xmpMetadata)
  return try image.graph.output(op, [image], name: name, SourceLocation(file, line))
}
