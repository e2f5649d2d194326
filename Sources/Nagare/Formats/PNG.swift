import CNagareCodecs

/// One PNG being decoded: the header is read on `init`, the pixels by `read(into:)`, once.
///
/// The pixels are those of TensorFlow's `DecodePng` for the same options.
struct PNGDecoder: ~Copyable {
  let width: Int
  let height: Int
  let channels: Int
  /// The bits of one value of the result: 8 or 16.
  let bits: Int
  private let size: Int
  private let decoder: OpaquePointer

  /// Reads the header. `data` must stay where it is until the decoder is gone.
  ///
  /// `channels` is 1 (gray), 2 (gray and alpha), 3 (RGB), 4 (RGBA) or 0 for what the file has.
  init(
    _ data: UnsafeBufferPointer<UInt8>, channels: Int, bits: Int = 8,
    pixelLimit: Int = Picture.defaultPixelLimit
  ) throws(GraphError) {
    guard 0...4 ~= channels else {
      throw .invalidArgument("`channels` must be 0, 1, 2, 3 or 4 for PNG, but got \(channels)")
    }
    guard bits == 8 || bits == 16 else {
      throw .invalidArgument("PNG values must have 8 or 16 bits, got \(bits)")
    }
    var info = nagare_png_info()
    var opened: OpaquePointer?
    let status = nagare_png_open(
      data.baseAddress, data.count, Int32(channels), Int32(bits), Int64(pixelLimit), &opened,
      &info)
    guard status == NAGARE_PNG_OK, let opened else {
      switch status {
      case NAGARE_PNG_TOO_LARGE:
        throw Picture.tooLarge(width: info.width, height: info.height, limit: pixelLimit)
      case NAGARE_PNG_NO_MEMORY: throw .resourceExhausted("No memory to decode a PNG")
      default:
        throw .invalidArgument(
          "Invalid PNG. Failed to initialize decoder." + Picture.reason(info.message))
      }
    }
    decoder = opened
    self.bits = bits
    width = Int(info.width)
    height = Int(info.height)
    self.channels = Int(info.channels)
    size = data.count
  }

  deinit { nagare_png_close(decoder) }

  /// The number of values that `read(into:)` fills.
  var valueCount: Int { width * height * channels }

  /// Decodes rows from the top, channels interleaved, into `valueCount` values of `bits` bits.
  func read(into pixels: UnsafeMutableRawPointer) throws(GraphError) {
    var info = nagare_png_info()
    guard nagare_png_read(decoder, pixels, &info) == NAGARE_PNG_OK else {
      throw .invalidArgument("Invalid PNG data, size \(size)" + Picture.reason(info.message))
    }
  }
}

/// How a PNG is written.
struct PNGEncoding: Sendable, Equatable {
  /// zlib's level from 0 (none) to 9 (smallest), or -1 for its default.
  var compression = -1

  /// The file for rows of `width * channels` values of 8 or 16 bits from the top, 1 to 4 channels.
  func encode(
    _ pixels: UnsafeRawBufferPointer, width: Int, height: Int, channels: Int, bits: Int = 8
  ) throws(GraphError) -> [UInt8] {
    guard -1...9 ~= compression else {
      throw .invalidArgument("compression should be in [-1,9], got \(compression)")
    }
    guard 1...4 ~= channels else {
      throw .invalidArgument("image must have 1, 2, 3, or 4 channels, got \(channels)")
    }
    var output: UnsafeMutablePointer<UInt8>?
    var count = 0
    guard let base = pixels.baseAddress, let columns = Int32(exactly: width),
      let rows = Int32(exactly: height), width > 0, height > 0, bits == 8 || bits == 16,
      try checkedElementCount([width, height, channels, bits / 8]) == pixels.count,
      nagare_png_encode(
        base, columns, rows, Int32(channels), Int32(bits), Int32(compression), &output, &count)
        == NAGARE_PNG_OK,
      let output
    else { throw .internalError("PNG encoding failed") }
    defer { nagare_png_free(output) }
    return [UInt8](UnsafeBufferPointer(start: output, count: count))
  }
}
