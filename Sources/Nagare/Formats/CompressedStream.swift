import CNagareCodecs

/// How the bytes of a record file are compressed, with TensorFlow's names.
public enum RecordCompression: String, Sendable, CaseIterable {
  case none = ""
  case gzip = "GZIP"
  case zlib = "ZLIB"

  fileprivate var format: nagare_zformat? {
    switch self {
    case .none: nil
    case .gzip: NAGARE_ZFORMAT_GZIP
    case .zlib: NAGARE_ZFORMAT_ZLIB
    }
  }
}

/// A zlib decompressor: several streams one after the other give their contents one after the other.
final class Inflater {
  private let stream: OpaquePointer
  /// `true` between streams, where the input may end.
  private(set) var isAtEnd = true

  init(_ format: nagare_zformat) throws(GraphError) {
    guard let stream = nagare_inflate_create(format) else {
      throw .resourceExhausted("no memory for decompression")
    }
    self.stream = stream
  }

  deinit { nagare_inflate_destroy(stream) }

  /// Adds at most `limit` bytes to `output`; returns how many bytes of `input` were used.
  func inflate(_ input: ArraySlice<UInt8>, into output: inout [UInt8], limit: Int)
    throws(GraphError) -> Int
  {
    if isAtEnd, !input.isEmpty {
      _ = nagare_inflate_reset(stream)
      isAtEnd = false
    }
    var used = input.count
    var made = min(limit, 1 << 16)
    let start = output.count
    output.append(contentsOf: [UInt8](repeating: 0, count: made))
    let status = output.withUnsafeMutableBufferPointer { target in
      input.withUnsafeBufferPointer { source in
        nagare_inflate(
          stream, source.baseAddress, &used, target.baseAddress.map { $0 + start }, &made)
      }
    }
    output.removeLast(output.count - start - made)
    switch status {
    case NAGARE_Z_CONTINUE: break
    case NAGARE_Z_END: isAtEnd = true
    case NAGARE_Z_NO_MEMORY: throw .resourceExhausted("no memory for decompression")
    default: throw .dataLoss("the compressed data is damaged or not compressed data at all")
    }
    return used
  }

  /// The whole content of compressed bytes.
  ///
  /// - Throws: `dataLoss` for damaged data, `resourceExhausted` for a content over `limit` bytes.
  static func inflate(_ input: ArraySlice<UInt8>, _ format: nagare_zformat, limit: Int)
    throws(GraphError) -> [UInt8]
  {
    let inflater = try Inflater(format)
    var output: [UInt8] = []
    var rest = input
    repeat {
      let before = output.count
      rest = rest.dropFirst(
        try inflater.inflate(rest, into: &output, limit: limit - output.count + 1))
      guard output.count <= limit else {
        throw .resourceExhausted("the content is over the limit of \(limit) bytes")
      }
      guard inflater.isAtEnd || !rest.isEmpty || output.count > before else {
        throw .dataLoss("the compressed data is truncated")
      }
    } while !inflater.isAtEnd
    return output
  }
}

/// The bytes of a file, decompressed, in order.
final class CompressedInput {
  private let file: InputFile
  private var inflater: Inflater?
  private(set) var compression = RecordCompression.none
  private var pending: [UInt8] = []
  private var position = 0
  private var isFileAtEnd = false

  var path: String { file.path }
  /// How many bytes there are in all, where that is known.
  var size: Int? { inflater == nil ? file.size : nil }

  /// Opens `path`; `nil` tells the compression by the file's first bytes, which are a record's
  /// when it is not compressed.
  init(_ path: String, compression: RecordCompression?) throws(GraphError) {
    file = try InputFile(path)
    try refill()
    self.compression = compression ?? Self.detect(pending)
    if let format = self.compression.format { inflater = try Inflater(format) }
  }

  private static func detect(_ bytes: [UInt8]) -> RecordCompression {
    guard bytes.count >= 2, !RecordFraming.isHeader(bytes.prefix(RecordFraming.headerSize)) else {
      return .none
    }
    if bytes[0] == 0x1f, bytes[1] == 0x8b { return .gzip }
    let isDeflate = bytes[0] & 0x0f == 8 && (Int(bytes[0]) << 8 | Int(bytes[1])) % 31 == 0
    return isDeflate ? .zlib : .none
  }

  /// Adds the next `count` bytes to `bytes`; returns how many there were, fewer only at the end.
  func read(_ count: Int, into bytes: inout [UInt8]) throws(GraphError) -> Int {
    var done = 0
    while done < count {
      if position == pending.count, !isFileAtEnd { try refill() }
      guard let inflater else {
        let part = min(count - done, pending.count - position)
        if part == 0 { break }
        bytes.append(contentsOf: pending[position..<position + part])
        position += part
        done += part
        continue
      }
      let before = bytes.count
      let used: Int
      do {
        used = try inflater.inflate(pending[position...], into: &bytes, limit: count - done)
      } catch {
        throw error.code == .dataLoss
          ? .dataLoss("\(path); not \(compression.rawValue) data, or damaged") : error
      }
      position += used
      done += bytes.count - before
      if used == 0, bytes.count == before, position == pending.count, isFileAtEnd {
        guard inflater.isAtEnd else {
          throw .dataLoss("\(path); truncated \(compression.rawValue) data")
        }
        break
      }
    }
    return done
  }

  /// Passes over `count` bytes.
  ///
  /// - Throws: `dataLoss` when there are not as many.
  func skip(_ count: Int) throws(GraphError) {
    var rest = count
    if inflater == nil, rest > pending.count - position {
      // The file stands behind what is pending.
      rest -= pending.count - position
      position = pending.count
      guard let size = file.size, try file.skip(rest) <= size else {
        throw .dataLoss("\(path); the file ends before byte \(count)")
      }
      isFileAtEnd = false
      return
    }
    var passed: [UInt8] = []
    while rest > 0 {
      passed.removeAll(keepingCapacity: true)
      let done = try read(min(rest, 1 << 16), into: &passed)
      guard done > 0 else { throw .dataLoss("\(path); the file ends before byte \(count)") }
      rest -= done
    }
  }

  private func refill() throws(GraphError) {
    pending.removeAll(keepingCapacity: true)
    position = 0
    isFileAtEnd = try file.read(1 << 16, into: &pending) == 0
  }
}

/// A durable file that is compressed while it is written.
final class CompressedOutput {
  private let file: DurableFile
  private let stream: OpaquePointer?

  init(_ path: String, compression: RecordCompression) throws(GraphError) {
    file = try DurableFile(path)
    if let format = compression.format {
      guard let stream = nagare_deflate_create(format) else {
        throw .resourceExhausted("no memory for compression")
      }
      self.stream = stream
    } else {
      stream = nil
    }
  }

  deinit { nagare_deflate_destroy(stream) }

  func write(_ bytes: [UInt8]) throws(GraphError) {
    if stream == nil { try file.write(bytes) } else { try deflate(bytes[...], finish: false) }
  }

  /// Completes the file and gives it its name.
  func commit() throws(GraphError) {
    if stream != nil { try deflate([], finish: true) }
    try file.commit()
  }

  private func deflate(_ bytes: ArraySlice<UInt8>, finish: Bool) throws(GraphError) {
    var rest = bytes
    while true {
      var used = rest.count
      var made = 1 << 16
      var status = NAGARE_Z_CONTINUE
      let output = [UInt8](unsafeUninitializedCapacity: made) { target, count in
        status = rest.withUnsafeBufferPointer { source in
          nagare_deflate(
            stream, source.baseAddress, &used, target.baseAddress, &made, finish ? 1 : 0)
        }
        count = made
      }
      guard status == NAGARE_Z_CONTINUE || status == NAGARE_Z_END else {
        throw .internalError("\(file.path); compression failed")
      }
      try file.write(output)
      rest = rest.dropFirst(used)
      if finish ? status == NAGARE_Z_END : rest.isEmpty && output.count < 1 << 16 { return }
    }
  }
}
