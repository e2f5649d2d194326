import CNagareCodecs

/// One JPEG being decoded: the header is read on `init`, the pixels by `read(into:)`, once.
///
/// The pixels are those of TensorFlow's `DecodeJpeg` for the same options.
struct JPEGDecoder: ~Copyable {
  /// A part of a picture, in pixels from the upper left corner.
  struct Window: Sendable, Equatable {
    var x: Int
    var y: Int
    var width: Int
    var height: Int
  }

  struct Options: Sendable, Equatable {
    /// 1 (gray), 3 (RGB), or 0 for what the file has; four inks become RGB.
    var channels = 0
    /// The denominator of the scale: 1, 2, 4 or 8.
    var ratio = 1
    var fancyUpscaling = true
    /// The slow integer DCT; TensorFlow's default is the fast one.
    var accurateDCT = false
    /// Whether missing rows of a truncated file repeat the last one that is there.
    var tryRecoverTruncated = false
    /// The least part of the rows that must be there; missing rows are black.
    var acceptableFraction: Float = 1
    /// Decode only this part, which must lie inside the (scaled) picture.
    var crop: Window?
    var pixelLimit = Picture.defaultPixelLimit
    /// A progressive file of few bytes can ask for thousands of passes over a large picture.
    var scanLimit = 100
  }

  let width: Int
  let height: Int
  let channels: Int
  private let decoder: OpaquePointer

  /// Reads the header. `data` must stay where it is until the decoder is gone.
  init(_ data: UnsafeBufferPointer<UInt8>, _ options: Options) throws(GraphError) {
    guard [1, 2, 4, 8].contains(options.ratio) else {
      throw .invalidArgument("ratio must be 1, 2, 4, or 8, got \(options.ratio)")
    }
    guard [0, 1, 3].contains(options.channels) else {
      throw options.channels == 4
        ? .invalidArgument("JPEG does not support 4 channels")
        : .invalidArgument("`channels` must be 0, 1 or 3 for JPEG, but got \(options.channels)")
    }
    var raw = nagare_jpeg_decode_options()
    raw.channels = Int32(options.channels)
    raw.ratio = Int32(options.ratio)
    raw.fancy_upscaling = options.fancyUpscaling ? 1 : 0
    raw.accurate_dct = options.accurateDCT ? 1 : 0
    raw.recover_truncated = options.tryRecoverTruncated ? 1 : 0
    raw.acceptable_fraction = options.acceptableFraction
    raw.pixel_limit = Int64(options.pixelLimit)
    raw.scan_limit = Int32(clamping: options.scanLimit)
    if let crop = options.crop {
      raw.crop = 1
      raw.crop_x = Int32(clamping: crop.x)
      raw.crop_y = Int32(clamping: crop.y)
      raw.crop_width = Int32(clamping: crop.width)
      raw.crop_height = Int32(clamping: crop.height)
    }
    var info = nagare_jpeg_info()
    var opened: OpaquePointer?
    let status = nagare_jpeg_open(data.baseAddress, data.count, &raw, &opened, &info)
    guard status == NAGARE_JPEG_OK, let opened else {
      throw Self.error(status, info, options.pixelLimit)
    }
    decoder = opened
    width = Int(info.width)
    height = Int(info.height)
    channels = Int(info.channels)
  }

  deinit { nagare_jpeg_close(decoder) }

  /// The number of bytes that `read(into:)` fills.
  var byteCount: Int { width * height * channels }

  /// Decodes rows from the top, channels interleaved, into `byteCount` bytes.
  func read(into pixels: UnsafeMutablePointer<UInt8>) throws(GraphError) {
    var info = nagare_jpeg_info()
    let status = nagare_jpeg_read(decoder, pixels, &info)
    guard status == NAGARE_JPEG_OK else { throw Self.error(status, info, 0) }
  }

  private static func error(
    _ status: nagare_jpeg_status, _ info: nagare_jpeg_info, _ limit: Int
  ) -> GraphError {
    switch status {
    case NAGARE_JPEG_TOO_LARGE:
      Picture.tooLarge(width: info.file_width, height: info.file_height, limit: limit)
    case NAGARE_JPEG_NO_MEMORY: .resourceExhausted("No memory to decode a JPEG")
    default:
      .invalidArgument(
        "jpeg::Uncompress failed. Invalid JPEG data or crop window."
          + Picture.reason(info.message))
    }
  }
}

/// How a JPEG is written: the attributes of TensorFlow's `EncodeJpeg`.
struct JPEGEncoding: Sendable, Equatable {
  /// From 0 to 100.
  var quality = 95
  var progressive = false
  /// Smaller files for more time.
  var optimizeSize = false
  var chromaDownsampling = true
  /// Whether the densities count dots a centimetre, not an inch.
  var densityPerCentimetre = false
  var xDensity = 300
  var yDensity = 300
  /// XMP metadata; none if empty.
  var xmpMetadata: [UInt8] = []

  /// The file for rows of `width * channels` bytes from the top; 1 or 3 channels.
  func encode(
    _ pixels: UnsafeBufferPointer<UInt8>, width: Int, height: Int, channels: Int
  ) throws(GraphError) -> [UInt8] {
    guard 0...100 ~= quality else {
      throw .invalidArgument("quality must be in [0,100], got \(quality)")
    }
    guard channels == 1 || channels == 3 else {
      throw .invalidArgument(
        "image must have 1 or 3 channels, got [\(height),\(width),\(channels)]")
    }
    guard let base = pixels.baseAddress, let columns = Int32(exactly: width),
      let rows = Int32(exactly: height), width > 0, height > 0,
      try checkedElementCount([width, height, channels]) == pixels.count
    else { throw .internalError("JPEG encoding failed") }
    var raw = nagare_jpeg_encode_options()
    raw.quality = Int32(quality)
    raw.progressive = progressive ? 1 : 0
    raw.optimize_size = optimizeSize ? 1 : 0
    raw.chroma_downsampling = chromaDownsampling ? 1 : 0
    raw.density_unit = densityPerCentimetre ? 2 : 1
    raw.x_density = Int32(truncatingIfNeeded: xDensity)
    raw.y_density = Int32(truncatingIfNeeded: yDensity)
    var output: UnsafeMutablePointer<UInt8>?
    var count = 0
    let status = xmpMetadata.withUnsafeBufferPointer { xmp in
      raw.xmp = xmp.baseAddress
      raw.xmp_size = xmp.count
      return nagare_jpeg_encode(base, columns, rows, Int32(channels), &raw, &output, &count)
    }
    guard status == NAGARE_JPEG_OK, let output else {
      throw .internalError("JPEG encoding failed")
    }
    defer { nagare_jpeg_free(output) }
    return [UInt8](UnsafeBufferPointer(start: output, count: count))
  }
}
