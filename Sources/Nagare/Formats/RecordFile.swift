/// The frame of a TFRecord: `uint64 length, uint32 masked crc32c(length), data,
/// uint32 masked crc32c(data)`, least significant byte first.
enum RecordFraming {
  static let headerSize = 12
  static let footerSize = 4

  /// The length that a header states, if its checksum is right.
  static func length(header: ArraySlice<UInt8>) -> UInt64? {
    var reader = ByteReader(header)
    guard let length = reader.integer(UInt64.self), let crc = reader.integer(UInt32.self),
      CRC32C.unmask(crc) == CRC32C.checksum(Array(header.prefix(8)))
    else { return nil }
    return length
  }

  static func isHeader(_ bytes: ArraySlice<UInt8>) -> Bool { length(header: bytes) != nil }

  /// The bytes before and after `record` in a file.
  static func frame(_ record: [UInt8]) -> (header: [UInt8], footer: [UInt8]) {
    var header: [UInt8] = []
    header.append(littleEndian: UInt64(record.count))
    header.append(littleEndian: CRC32C.mask(CRC32C.checksum(header)))
    var footer: [UInt8] = []
    footer.append(littleEndian: CRC32C.mask(CRC32C.checksum(record)))
    return (header, footer)
  }
}

/// Reads the records of a TFRecord file one after the other, with memory for one record.
public final class RecordReader {
  private let input: CompressedInput
  private var buffer: [UInt8] = []
  private let limit: Int
  /// The offset of the next record in the decompressed file.
  public private(set) var offset = 0
  /// The compression that was asked for or found.
  public var compression: RecordCompression { input.compression }

  /// Opens a file.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - compression: `nil` tells it by the file's first bytes.
  ///   - limit: the most bytes of one record.
  /// - Throws: `notFound`, `permissionDenied` and so on, as the system says.
  public init(_ path: String, compression: RecordCompression? = nil, limit: Int = 1 << 31)
    throws(GraphError)
  {
    input = try CompressedInput(path, compression: compression)
    self.limit = limit
  }

  /// The next record, `nil` at the end of the file.
  ///
  /// - Throws: `dataLoss` with the offset of a record that is damaged or cut off,
  ///   `resourceExhausted` for a record over the limit.
  public func next() throws(GraphError) -> [UInt8]? {
    buffer.removeAll(keepingCapacity: true)
    let got = try input.read(RecordFraming.headerSize, into: &buffer)
    if got == 0 { return nil }
    guard got == RecordFraming.headerSize else { throw truncated }
    guard let length = RecordFraming.length(header: buffer[...]) else {
      throw corrupted(offset == 0 ? " (Is this even a TFRecord file?)" : "")
    }
    guard let count = Int(exactly: length), count <= limit else {
      throw .resourceExhausted(
        "\(input.path); the record at \(offset) has \(length) bytes, over the limit of \(limit)")
    }
    // A length beyond the end of the file is not worth reading up to the end.
    if let size = input.size, count > size - offset { throw truncated }
    var record: [UInt8] = []
    guard try input.read(count, into: &record) == count else { throw truncated }
    buffer.removeAll(keepingCapacity: true)
    guard try input.read(RecordFraming.footerSize, into: &buffer) == RecordFraming.footerSize
    else { throw truncated }
    var footer = ByteReader(buffer)
    guard let crc = footer.integer(UInt32.self), CRC32C.unmask(crc) == CRC32C.checksum(record)
    else { throw corrupted() }
    offset += RecordFraming.headerSize + count + RecordFraming.footerSize
    return record
  }

  /// Goes to the record that begins at `offset` of the decompressed file, which must be where another
  /// reader of the file stood. Of a compressed file what lies before is decompressed again.
  ///
  /// - Throws: `dataLoss` when the file is shorter.
  func seek(to offset: Int) throws(GraphError) {
    try input.skip(offset - self.offset)
    self.offset = offset
  }

  private var truncated: GraphError {
    .dataLoss("\(input.path); truncated record at \(offset)")
  }

  private func corrupted(_ hint: String = "") -> GraphError {
    .dataLoss("\(input.path); corrupted record at \(offset)\(hint)")
  }
}

/// Writes a TFRecord file, which appears under its name when it is closed.
public final class RecordWriter {
  private let output: CompressedOutput
  /// How many records have been written.
  public private(set) var count = 0

  /// Begins a file; an older one of that name stays until `close`.
  ///
  /// - Throws: `notFound`, `permissionDenied` and so on, as the system says.
  public init(_ path: String, compression: RecordCompression = .none) throws(GraphError) {
    output = try CompressedOutput(path, compression: compression)
  }

  /// Adds a record.
  public func write(_ record: [UInt8]) throws(GraphError) {
    let frame = RecordFraming.frame(record)
    try output.write(frame.header)
    try output.write(record)
    try output.write(frame.footer)
    count += 1
  }

  /// Makes the file durable and visible; without it nothing remains.
  public func close() throws(GraphError) { try output.commit() }
}
