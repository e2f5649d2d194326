/// An 8-bit picture: rows from the top, channels interleaved.
public struct Picture: Sendable, Equatable {
  /// Pixels in a row.
  public var width: Int
  /// The number of rows.
  public var height: Int
  /// Values a pixel: 1 (gray), 2 (gray and alpha), 3 (RGB) or 4 (RGBA).
  public var channels: Int
  /// `height * width * channels` values.
  public var pixels: [UInt8]

  /// Files with more pixels than this are refused before anything is allocated for them.
  public static let defaultPixelLimit = 1 << 28

  /// A picture of these pixels.
  ///
  /// - Throws: `invalidArgument` when a size is negative, `channels` is not 1 to 4, or `pixels` does
  ///   not hold `height * width * channels` values.
  public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) throws(GraphError) {
    guard 1...4 ~= channels else {
      throw .invalidArgument("A picture must have 1, 2, 3, or 4 channels, got \(channels)")
    }
    let count = try checkedElementCount([height, width, channels])
    guard pixels.count == count else {
      throw .invalidArgument(
        "A picture of \(height) by \(width) by \(channels) needs \(count) values, "
          + "got \(pixels.count)")
    }
    self.width = width
    self.height = height
    self.channels = channels
    self.pixels = pixels
  }

  /// A picture of zeros.
  ///
  /// - Throws: `invalidArgument` when a size is negative or `channels` is not 1 to 4.
  public init(blackOf width: Int, by height: Int, channels: Int = 3) throws(GraphError) {
    let count = try checkedElementCount([height, width, channels])
    try self.init(
      width: width, height: height, channels: channels,
      pixels: [UInt8](repeating: 0, count: count))
  }

  /// The picture in a JPEG or PNG file, told apart by their first bytes, with the pixels that
  /// TensorFlow's `decode_jpeg` and `decode_png` give.
  ///
  /// - Parameters:
  ///   - bytes: The whole file.
  ///   - channels: 1, 3, for PNG also 2 and 4, or 0 for what the file has.
  ///   - pixelLimit: The most pixels that the file may have.
  /// - Throws: `invalidArgument` for a file that is neither or is damaged, `resourceExhausted` for a
  ///   file with too many pixels.
  public static func decode(
    _ bytes: [UInt8], channels: Int = 3, pixelLimit: Int = defaultPixelLimit
  ) throws(GraphError) -> Picture {
    try bytes.withUnsafeBufferPointer { (data) throws(GraphError) -> Picture in
      switch try PictureFormat(of: data) {
      case .jpeg:
        let decoder = try JPEGDecoder(data, .init(channels: channels, pixelLimit: pixelLimit))
        var picture = try Picture(
          blackOf: decoder.width, by: decoder.height, channels: decoder.channels)
        try picture.pixels.withUnsafeMutableBufferPointer { (pixels) throws(GraphError) in
          if let base = pixels.baseAddress { try decoder.read(into: base) }
        }
        return picture
      case .png:
        let decoder = try PNGDecoder(data, channels: channels, pixelLimit: pixelLimit)
        var picture = try Picture(
          blackOf: decoder.width, by: decoder.height, channels: decoder.channels)
        try picture.pixels.withUnsafeMutableBufferPointer { (pixels) throws(GraphError) in
          if let base = pixels.baseAddress { try decoder.read(into: base) }
        }
        return picture
      }
    }
  }

  /// The size of the picture in a JPEG or PNG file, from its header alone.
  ///
  /// - Throws: `invalidArgument` for a file that is neither or whose header is damaged.
  public static func size(of bytes: [UInt8]) throws(GraphError) -> (
    width: Int, height: Int, channels: Int
  ) {
    try bytes.withUnsafeBufferPointer { (data) throws(GraphError) -> (Int, Int, Int) in
      switch try PictureFormat(of: data) {
      case .jpeg:
        let decoder = try JPEGDecoder(data, .init(pixelLimit: .max))
        return (decoder.width, decoder.height, decoder.channels)
      case .png:
        let decoder = try PNGDecoder(data, channels: 0, pixelLimit: .max)
        return (decoder.width, decoder.height, decoder.channels)
      }
    }
  }

  /// The picture as a JPEG file, as TensorFlow's `encode_jpeg` writes it.
  ///
  /// - Parameter quality: From 0 to 100.
  /// - Throws: `invalidArgument` for other qualities, or 2 or 4 channels; `internalError` for an
  ///   empty picture.
  public func encodedJPEG(quality: Int = 95) throws(GraphError) -> [UInt8] {
    try pixels.withUnsafeBufferPointer { (pixels) throws(GraphError) -> [UInt8] in
      try JPEGEncoding(quality: quality).encode(
        pixels, width: width, height: height, channels: channels)
    }
  }

  /// The picture as a PNG file, as TensorFlow's `encode_png` writes it.
  ///
  /// - Parameter compression: zlib's level from 0 to 9, or -1 for its default.
  /// - Throws: `invalidArgument` for another level, `internalError` for an empty picture.
  public func encodedPNG(compression: Int = -1) throws(GraphError) -> [UInt8] {
    try pixels.withUnsafeBufferPointer { (pixels) throws(GraphError) -> [UInt8] in
      try PNGEncoding(compression: compression).encode(
        UnsafeRawBufferPointer(pixels), width: width, height: height, channels: channels)
    }
  }

  static func tooLarge(width: Int64, height: Int64, limit: Int) -> GraphError {
    .resourceExhausted(
      "The picture has \(width) by \(height) pixels, the limit is \(limit) pixels")
  }

  /// What a codec said, in parentheses behind TensorFlow's text.
  static func reason<Characters>(_ message: Characters) -> String {
    let text = withUnsafeBytes(of: message) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    return text.isEmpty ? "" : " (\(text))"
  }
}

/// The picture formats that are decoded here, told apart by a file's first bytes.
enum PictureFormat {
  case jpeg
  case png

  init(of data: UnsafeBufferPointer<UInt8>) throws(GraphError) {
    guard !data.isEmpty else { throw .invalidArgument("Input is empty.") }
    let signatures: [(name: String, bytes: [UInt8])] = [
      ("JPEG", [0xFF, 0xD8, 0xFF]),
      ("PNG", [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]),
      ("GIF", Array("GIF8".utf8)), ("BMP", Array("BM".utf8)), ("WebP", Array("RIFF".utf8)),
    ]
    switch signatures.first(where: { data.starts(with: $0.bytes) })?.name {
    case "JPEG": self = .jpeg
    case "PNG": self = .png
    case let name?:
      throw .unimplemented("\(name) pictures are not supported; one of JPEG, PNG required")
    case nil:
      throw .invalidArgument(
        "Unknown image file format. One of JPEG, JPEG XL, PNG, GIF, BMP, WebP required.")
    }
  }
}
