import Foundation
import Testing

@testable import Nagare

@Suite struct PictureTests {
  private struct Entry: Decodable {
    let name: String
    let file: Data
    let channels: Int
    let bits: Int
    let shape: [Int]?
    let pixels: Data?
  }

  private static func entries() throws -> [Entry] {
    let golden = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../Golden/pictures.json")
    return try JSONDecoder().decode([Entry].self, from: Data(contentsOf: golden))
  }

  /// A gradient with a little noise, in which every channel differs.
  private static func picture(
    width: Int, height: Int, channels: Int
  ) throws(GraphError) -> Picture {
    var picture = try Picture(blackOf: width, by: height, channels: channels)
    for index in picture.pixels.indices {
      let (x, y) = (index / channels % width, index / channels / width)
      picture.pixels[index] = UInt8(clamping: 3 * x + 2 * y + index % channels * 50 + index % 7)
    }
    return picture
  }

  private static func decode(_ entry: Entry) throws(GraphError) -> (shape: [Int], bytes: [UInt8]) {
    let file = [UInt8](entry.file)
    return try file.withUnsafeBufferPointer { (data) throws(GraphError) -> ([Int], [UInt8]) in
      switch try PictureFormat(of: data) {
      case .jpeg:
        let decoder = try JPEGDecoder(data, .init(channels: entry.channels))
        let tensor = try Tensor(
          uninitialized: .uint8, [decoder.height, decoder.width, decoder.channels])
        try decoder.read(into: tensor.mutablePointer(UInt8.self))
        return (tensor.dimensions, tensor.withUnsafeBytes { Array($0) })
      case .png:
        let decoder = try PNGDecoder(data, channels: entry.channels, bits: entry.bits)
        let tensor = try Tensor(
          uninitialized: entry.bits == 16 ? .uint16 : .uint8,
          [decoder.height, decoder.width, decoder.channels])
        try decoder.read(into: tensor.storage.base)
        return (tensor.dimensions, tensor.withUnsafeBytes { Array($0) })
      }
    }
  }

  @Test("Every kind of file gives TensorFlow's pixels")
  func goldenPixels() throws {
    for entry in try Self.entries() where entry.name != "1000 scans" {
      guard let shape = entry.shape, let pixels = entry.pixels else {
        #expect(throws: GraphError.self, "\(entry.name)") { try Self.decode(entry) }
        continue
      }
      let decoded = try Self.decode(entry)
      #expect(decoded.shape == shape, "\(entry.name)")
      #expect(decoded.bytes == [UInt8](pixels), "\(entry.name)")
    }
  }

  @Test("A file that asks for passes without end is refused")
  func scanLimit() throws {
    let entry = try #require(try Self.entries().first { $0.name == "1000 scans" })
    let error = #expect(throws: GraphError.self) { try Self.decode(entry) }
    #expect(error?.message.contains("more than 100 progressive scans") == true)
  }

  @Test("A PNG round trip keeps every pixel", arguments: 1...4)
  func losslessRoundTrip(channels: Int) throws {
    let picture = try Self.picture(width: 7, height: 5, channels: channels)
    let file = try picture.encodedPNG()
    #expect(try Picture.decode(file, channels: 0) == picture)
    let size = try Picture.size(of: file)
    #expect(size == (7, 5, channels))
  }

  @Test("A JPEG round trip keeps the picture", arguments: [1, 3])
  func lossyRoundTrip(channels: Int) throws {
    let picture = try Self.picture(width: 33, height: 21, channels: channels)
    let file = try picture.encodedJPEG(quality: 100)
    let decoded = try Picture.decode(file, channels: channels)
    #expect(try Picture.size(of: file) == (33, 21, channels))
    var difference = 0
    for (left, right) in zip(picture.pixels, decoded.pixels) {
      difference += abs(Int(left) - Int(right))
    }
    #expect(difference / picture.pixels.count < 12)
    #expect(try picture.encodedJPEG(quality: 10).count < file.count)
  }

  @Test("A window has the pixels of that part of the whole")
  func crop() throws {
    // Gray: interpolated colour may differ at the window's edge, as it does in TensorFlow.
    let file = try Self.picture(width: 64, height: 48, channels: 1).encodedJPEG()
    let whole = try Picture.decode(file, channels: 1)
    try file.withUnsafeBufferPointer { data in
      var options = JPEGDecoder.Options()
      options.crop = .init(x: 13, y: 10, width: 30, height: 17)
      let decoder = try JPEGDecoder(data, options)
      #expect((decoder.width, decoder.height) == (30, 17))
      var part = [UInt8](repeating: 0, count: decoder.byteCount)
      try part.withUnsafeMutableBufferPointer { pixels in
        try decoder.read(into: try #require(pixels.baseAddress))
      }
      for y in 0..<17 {
        let start = (y + 10) * 64 + 13
        #expect(part[y * 30..<y * 30 + 30] == whole.pixels[start..<start + 30])
      }
      options.crop?.width = 52
      #expect(throws: GraphError.self) { try JPEGDecoder(data, options).width }
    }
  }

  @Test("Too many pixels are refused by the header alone")
  func pixelLimit() throws {
    let picture = try Self.picture(width: 20, height: 10, channels: 3)
    for file in [try picture.encodedJPEG(), try picture.encodedPNG()] {
      let error = #expect(throws: GraphError.self) {
        try Picture.decode(file, pixelLimit: 199)
      }
      #expect(error?.code == .resourceExhausted)
      #expect(
        error?.message == "The picture has 20 by 10 pixels, the limit is 199 pixels")
      #expect(try Picture.decode(file, pixelLimit: 200).width == 20)
    }
    // A header that promises 65,280 by 65,280 pixels.
    var file = try picture.encodedJPEG()
    let frame = try #require(
      file.indices.dropLast().first { file[$0] == 0xFF && file[$0 + 1] == 0xC0 })
    for offset in 5...8 { file[frame + offset] = offset % 2 == 1 ? 0xFF : 0 }
    let error = #expect(throws: GraphError.self) { try Picture.decode(file) }
    #expect(error?.code == .resourceExhausted)
  }

  @Test("What is not a picture is called by its name")
  func otherFormats() {
    func refusal(_ bytes: [UInt8]) -> GraphError? {
      #expect(throws: GraphError.self) { try Picture.decode(bytes) }
    }
    #expect(refusal([])?.message == "Input is empty.")
    #expect(refusal(Array("hello".utf8))?.message.hasPrefix("Unknown image file format.") == true)
    #expect(refusal(Array("GIF89a".utf8))?.code == .unimplemented)
    #expect(refusal([0xFF, 0xD8, 0xFF])?.code == .invalidArgument)
  }

  @Test("Settings out of range are refused")
  func settings() throws {
    let picture = try Self.picture(width: 4, height: 4, channels: 3)
    #expect(throws: GraphError.self) { try picture.encodedJPEG(quality: 101) }
    #expect(throws: GraphError.self) { try picture.encodedPNG(compression: 10) }
    #expect(throws: GraphError.self) { try Picture(blackOf: 0, by: 3).encodedPNG() }
    #expect(throws: GraphError.self) { try Picture(blackOf: 3, by: 0).encodedJPEG() }
    #expect(throws: GraphError.self) { try Picture(blackOf: -1, by: 3) }
    #expect(throws: GraphError.self) { try Picture(blackOf: .max, by: .max) }
    #expect(throws: GraphError.self) {
      try Picture(width: 2, height: 2, channels: 3, pixels: [1, 2, 3])
    }
    #expect(throws: GraphError.self) { try Picture.decode(picture.encodedJPEG(), channels: 4) }
    #expect(throws: GraphError.self) { try Picture.decode(picture.encodedPNG(), channels: 5) }
  }

  /// One small file of each kind.
  private static func smallFiles() throws -> [[UInt8]] {
    let picture = try picture(width: 19, height: 13, channels: 3)
    let gray = try Self.picture(width: 19, height: 13, channels: 1)
    var files = [
      try picture.encodedJPEG(quality: 50), try gray.encodedJPEG(quality: 50),
      try picture.encodedPNG(), try gray.encodedPNG(),
    ]
    files.append(
      try picture.pixels.withUnsafeBufferPointer { (pixels) throws(GraphError) -> [UInt8] in
        try JPEGEncoding(quality: 50, progressive: true).encode(
          pixels, width: 19, height: 13, channels: 3)
      })
    for name in ["inverted ycck", "png color 3 depth 2 interlaced transparent as 0 at 8"] {
      let entry = try #require(try entries().first { $0.name == name })
      files.append([UInt8](entry.file))
    }
    return files
  }

  @Test("A truncated file is refused, or filled when that was asked for")
  func truncated() throws {
    for file in try Self.smallFiles() {
      for count in 0..<file.count - 2 {
        let part = Array(file[..<count])
        #expect(throws: GraphError.self) { try Picture.decode(part, channels: 0) }
        Self.decodeLeniently(part)
      }
    }
  }

  @Test("A damaged file never ends the process")
  func damaged() throws {
    var generator = SystemRandomNumberGenerator()
    for file in try Self.smallFiles() {
      for _ in 0..<400 {
        var damaged = file
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
          let index = Int.random(in: 3..<file.count, using: &generator)
          damaged[index] ^= 1 << UInt8.random(in: 0...7, using: &generator)
        }
        // A flipped bit may ask for an enormous picture; the limit keeps the test small.
        _ = try? Picture.decode(damaged, channels: 0, pixelLimit: 1 << 20)
        _ = try? Picture.decode(damaged, channels: 3, pixelLimit: 1 << 20)
        Self.decodeLeniently(damaged)
      }
    }
  }

  /// A window as large as the picture has libjpeg decode what would otherwise be decoded here.
  private static func decoded(_ file: [UInt8], channels: Int, byLibrary: Bool) -> [UInt8]? {
    file.withUnsafeBufferPointer { data -> [UInt8]? in
      var options = JPEGDecoder.Options(channels: channels, pixelLimit: 1 << 20)
      guard let whole = try? JPEGDecoder(data, options) else { return nil }
      if byLibrary {
        options.crop = .init(x: 0, y: 0, width: whole.width, height: whole.height)
      }
      guard let decoder = try? JPEGDecoder(data, options) else { return nil }
      var pixels = [UInt8](repeating: 0, count: decoder.byteCount)
      let isWhole = pixels.withUnsafeMutableBufferPointer { pixels in
        pixels.baseAddress.map { (try? decoder.read(into: $0)) != nil } ?? false
      }
      return isWhole ? pixels : nil
    }
  }

  @Test(
    "Plain JPEGs have the bytes that libjpeg gives, and damaged ones too", arguments: [1, 3],
    [(1, 1), (8, 8), (17, 9), (250, 3), (3, 100), (64, 33)])
  func plainJPEGs(channels: Int, size: (Int, Int)) throws {
    var random = SeededGenerator(UInt64(size.0 + channels))
    let count = size.0 * size.1 * channels
    for (quality, hasHalfColour) in [(3, false), (95, false), (50, true), (100, true)] {
      for isNoise in [false, true] {
        let pixels = (0..<count).map { index in
          isNoise ? UInt8.random(in: 0...255, using: &random) : UInt8(index / 5 % 256)
        }
        let encoding = JPEGEncoding(
          quality: quality, optimizeSize: isNoise, chromaDownsampling: hasHalfColour)
        let file = try pixels.withUnsafeBufferPointer { (pixels) throws(GraphError) in
          try encoding.encode(pixels, width: size.0, height: size.1, channels: channels)
        }
        for wanted in [channels, 3] {
          let found = try #require(Self.decoded(file, channels: wanted, byLibrary: false))
          #expect(found == Self.decoded(file, channels: wanted, byLibrary: true))
        }
        for _ in 0..<50 {
          var damaged = file
          for _ in 0..<random.integer(1...3) {
            damaged[random.integer(2...(file.count - 1))] ^= 1 << UInt8(random.integer(0...7))
          }
          let found = Self.decoded(damaged, channels: channels, byLibrary: false)
          #expect(found == Self.decoded(damaged, channels: channels, byLibrary: true))
        }
      }
    }
  }

  /// Decodes whatever there is of a JPEG.
  private static func decodeLeniently(_ file: [UInt8]) {
    file.withUnsafeBufferPointer { data in
      var options = JPEGDecoder.Options(tryRecoverTruncated: true, pixelLimit: 1 << 20)
      for (ratio, fraction) in [(1, Float(1)), (8, 0)] {
        options.ratio = ratio
        options.acceptableFraction = fraction
        options.tryRecoverTruncated = ratio == 1
        guard let decoder = try? JPEGDecoder(data, options) else { continue }
        var pixels = [UInt8](repeating: 0, count: decoder.byteCount)
        pixels.withUnsafeMutableBufferPointer { pixels in
          if let base = pixels.baseAddress { try? decoder.read(into: base) }
        }
      }
    }
  }
}
