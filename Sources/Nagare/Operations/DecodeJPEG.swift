/// How a JPEG's blocks are turned into pixels: TensorFlow's `dct_method`.
public enum DCTMethod: String, Sendable {
  /// TensorFlow's choice, the fast one.
  case standard = ""
  case integerFast = "INTEGER_FAST"
  case integerAccurate = "INTEGER_ACCURATE"
}

/// The attributes by which a JPEG is decoded, as `DecodeJpeg` and `DecodeAndCropJpeg` have them.
struct JPEGDecoding {
  /// 1 (gray), 3 (RGB), or 0 for what the file has.
  var channels = 0
  /// The denominator of the scale: 1, 2, 4 or 8.
  var ratio = 1
  /// Whether colour is interpolated, not repeated, where the file has less of it.
  var fancyUpscaling = true
  /// Whether the rest of a truncated file is filled with its last row.
  var tryRecoverTruncated = false
  /// The least part of the rows that must be there.
  var acceptableFraction: Float = 1
  var method = ""

  func options() throws(GraphError) -> JPEGDecoder.Options {
    guard [1, 2, 4, 8].contains(ratio) else {
      throw .invalidArgument("ratio must be 1, 2, 4, or 8, got \(ratio)")
    }
    guard let method = DCTMethod(rawValue: method) else {
      throw .invalidArgument(
        "dct_method must be one of {'', 'INTEGER_FAST', 'INTEGER_ACCURATE'}")
    }
    var options = JPEGDecoder.Options()
    options.ratio = ratio
    options.fancyUpscaling = fancyUpscaling
    options.accurateDCT = method == .integerAccurate
    options.tryRecoverTruncated = tryRecoverTruncated
    options.acceptableFraction = acceptableFraction
    return options
  }
}

/// The pixels of a JPEG file; like TensorFlow's, it takes a PNG as well.
struct DecodeJPEG: WithoutGradient {
  var decoding = JPEGDecoding()

  static let name = "DecodeJpeg"
  static let signature = Signature(inputs: ["contents: string"], outputs: ["image: uint8"])
  static let attributes: [Attribute<Self>] = [
    .attribute("channels", \.decoding.channels), .attribute("ratio", \.decoding.ratio),
    .attribute("fancy_upscaling", \.decoding.fancyUpscaling),
    .attribute("try_recover_truncated", \.decoding.tryRecoverTruncated),
    .attribute("acceptable_fraction", \.decoding.acceptableFraction),
    .attribute("dct_method", \.decoding.method),
  ]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [try PictureDecoding.shape(inputs[0], channels: decoding.channels)]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let picture = PictureDecoding(channels: decoding.channels, jpeg: try decoding.options())
    return [try picture.decode(inputs[0], context)]
  }
}

/// A part of a JPEG file's pixels; what lies outside is not decoded.
struct DecodeAndCropJPEG: WithoutGradient {
  var decoding = JPEGDecoding()

  static let name = "DecodeAndCropJpeg"
  static let signature = Signature(
    inputs: ["contents: string", "crop_window: int32"], outputs: ["image: uint8"])
  static let attributes: [Attribute<Self>] = [
    .attribute("channels", \.decoding.channels), .attribute("ratio", \.decoding.ratio),
    .attribute("fancy_upscaling", \.decoding.fancyUpscaling),
    .attribute("try_recover_truncated", \.decoding.tryRecoverTruncated),
    .attribute("acceptable_fraction", \.decoding.acceptableFraction),
    .attribute("dct_method", \.decoding.method),
  ]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    var shape = try PictureDecoding.shape(inputs[0], channels: decoding.channels)
    try checkDimension(try inputs[1].shape.withRank(1)[0], is: 4)
    if let window = inputs[1].integers, window.count == 4, window[2] >= 0, window[3] >= 0 {
      shape = [window[2], window[3], shape[2]]
    }
    return [shape]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    guard inputs[1].rank == 1 else {
      throw .invalidArgument("crop_window must be 1-D, got shape \(inputs[1].shape)")
    }
    guard inputs[1].count == 4 else {
      throw .invalidArgument("crop_size must have four elements \(inputs[1].shape)")
    }
    let window = inputs[1].buffer(Int32.self)
    var options = try decoding.options()
    options.crop = .init(
      x: Int(window[1]), y: Int(window[0]), width: Int(window[3]), height: Int(window[2]))
    let picture = PictureDecoding(
      channels: decoding.channels, jpeg: options,
      refusal: .invalidArgument(
        "DecodeAndCropJpeg operation can run on JPEG only, but detected PNG."))
    return [try picture.decode(inputs[0], context)]
  }
}

/// The pixels of a JPEG (or PNG) file as a `uint8` tensor `[height, width, channels]`.
///
/// - Parameters:
///   - contents: A scalar string, the whole file.
///   - channels: 1 (gray), 3 (RGB), or 0 for what the file has.
///   - ratio: The picture is made smaller by 1, 2, 4 or 8 while it is decoded.
///   - fancyUpscaling: Whether colour is interpolated where the file has less of it.
///   - tryRecoverTruncated: Whether the missing rows of a truncated file are filled.
///   - acceptableFraction: The least part of the rows that must be there; the rest is black.
/// - Throws: When run: `invalidArgument` for a damaged file.
///
/// TensorFlow: `DecodeJpeg`, `tf.image.decode_jpeg`.
public func decodeJPEG(
  _ contents: Output, channels: Int = 0, ratio: Int = 1, fancyUpscaling: Bool = true,
  tryRecoverTruncated: Bool = false, acceptableFraction: Float = 1,
  dctMethod: DCTMethod = .standard, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let decoding = JPEGDecoding(
    channels: channels, ratio: ratio, fancyUpscaling: fancyUpscaling,
    tryRecoverTruncated: tryRecoverTruncated, acceptableFraction: acceptableFraction,
    method: dctMethod.rawValue)
  return try contents.graph.output(
    DecodeJPEG(decoding: decoding), [contents], name: name, SourceLocation(file, line))
}

/// A part of a JPEG file's pixels as a `uint8` tensor `[height, width, channels]`.
///
/// - Parameters:
///   - contents: A scalar string, the whole file.
///   - window: An `int32` vector: first row, first column, height and width, in pixels.
///   - channels: 1 (gray), 3 (RGB), or 0 for what the file has.
/// - Throws: When run: `invalidArgument` for a damaged file, or a window that is not inside.
///
/// TensorFlow: `DecodeAndCropJpeg`, `tf.image.decode_and_crop_jpeg`.
public func decodeAndCropJPEG(
  _ contents: Output, window: Output, channels: Int = 0, dctMethod: DCTMethod = .standard,
  name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let decoding = JPEGDecoding(channels: channels, method: dctMethod.rawValue)
  return try contents.graph.output(
    DecodeAndCropJPEG(decoding: decoding), [contents, window], name: name,
    SourceLocation(file, line))
}
