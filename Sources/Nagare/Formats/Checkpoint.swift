import NagareMessages

/// A TensorFlow V2 checkpoint, open for reading: `PREFIX.index` and `PREFIX.data-00000-of-0000N`.
///
/// The index is read and verified at once, a tensor's data when it is asked for.
public final class Checkpoint: Sendable {
  /// What the index says of one tensor.
  public struct Entry: Sendable {
    /// The variable's name.
    public let name: String
    public let dataType: DataType
    /// The full shape, of a variable that is stored in slices as well.
    public let dimensions: [Int]
    /// How many slices the tensor is stored in; 0 when it is stored whole.
    public let sliceCount: Int
  }

  /// The path without `.index`.
  public let prefix: String
  /// All tensors, sorted by the bytes of their names.
  public let entries: [Entry]
  private let messages: [[UInt8]: Tensorflow_BundleEntryProto]
  private let shardCount: Int

  /// Opens a checkpoint.
  ///
  /// - Parameter path: its prefix, one of its files, a `checkpoint` file, or a folder, in which case
  ///   the newest is meant.
  /// - Throws: `notFound` when nothing is there, `dataLoss` for an index that is damaged.
  public init(_ path: String) throws(GraphError) {
    prefix = try Self.prefix(of: path)
    let indexPath = Self.indexPath(prefix)
    do {
      (shardCount, messages) = try Self.readIndex(indexPath)
      entries = try Self.entries(messages)
    } catch {
      throw error.message.hasPrefix(indexPath) ? error : error.prefixed(indexPath)
    }
  }

  static func indexPath(_ prefix: String) -> String { "\(prefix).index" }

  static func dataPath(_ prefix: String, shard: Int, of count: Int) -> String {
    func padded(_ number: Int) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }
    return "\(prefix).data-\(padded(shard))-of-\(padded(count))"
  }

  static func readIndex(
    _ path: String
  ) throws(GraphError) -> (Int, [[UInt8]: Tensorflow_BundleEntryProto]) {
    let table = try Table(try FileSystem.read(path, limit: 1 << 30))
    guard let first = table.entries.first, first.key.isEmpty else {
      throw .dataLoss("Hdr: the table is not the index of a checkpoint")
    }
    let header = try Tensorflow_BundleHeaderProto(binary: Array(first.value), "bundle header")
    guard header.endianness == .little else {
      throw .unimplemented("A checkpoint of a big-endian machine cannot be read")
    }
    guard header.version.minConsumer <= 1 else {
      throw .unimplemented(
        "A checkpoint of version \(header.version.minConsumer) cannot be read, only up to 1")
    }
    guard header.numShards >= 1 else {
      throw .dataLoss("The index states \(header.numShards) data files")
    }
    var messages: [[UInt8]: Tensorflow_BundleEntryProto] = [:]
    for (key, value) in table.entries.dropFirst() {
      let entry = try Tensorflow_BundleEntryProto(binary: Array(value), "bundle entry")
      guard entry.shardID >= 0, entry.shardID < header.numShards else {
        throw .dataLoss("An entry names data file \(entry.shardID) of \(header.numShards)")
      }
      messages[key] = entry
    }
    return (Int(header.numShards), messages)
  }

  private static func entries(
    _ messages: [[UInt8]: Tensorflow_BundleEntryProto]
  ) throws(GraphError) -> [Entry] {
    var entries: [Entry] = []
    // Keys that begin with a zero are those of slices.
    for (key, message) in messages where key.first != 0 {
      let name = String(decoding: key, as: UTF8.self)
      guard let dimensions = try Shape(message.shape).known else {
        throw .dataLoss("The shape of tensor '\(name)' is not fully known")
      }
      entries.append(
        Entry(
          name: name, dataType: try DataType(message.dtype), dimensions: dimensions,
          sliceCount: message.slices.count))
    }
    return entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  // MARK: - Tensors

  /// Whether the checkpoint has a tensor of this name.
  public func contains(_ name: String) -> Bool { messages[Array(name.utf8)] != nil }

  /// The value of a tensor, verified.
  ///
  /// - Throws: `notFound` for a name that is not there, `dataLoss` for damaged or missing data.
  public func tensor(named name: String) throws(GraphError) -> Tensor {
    let entry = try entry(name)
    if entry.slices.isEmpty { return try read(entry, name) }
    let rank = entry.shape.dim.count
    return try assemble(name, entry, TensorSlice(wholeOfRank: rank))
  }

  /// A box of a tensor, however the tensor is stored.
  ///
  /// - Throws: as `tensor(named:)`, and `invalidArgument` for a slice that does not fit.
  func tensor(named name: String, slice: TensorSlice) throws(GraphError) -> Tensor {
    let entry = try entry(name)
    if !entry.slices.isEmpty { return try assemble(name, entry, slice) }
    let whole = try read(entry, name)
    let ranges = try slice.ranges(in: whole.dimensions)
    var result = try Tensor(zeros: whole.dataType, ranges.map(\.count))
    let all = whole.dimensions.map { 0..<$0 }
    Self.copy(whole, at: all, into: &result, at: ranges)
    return result
  }

  /// Reads and verifies all data.
  ///
  /// - Throws: what is wrong first.
  public func verify() throws(GraphError) {
    for (key, entry) in messages where entry.slices.isEmpty {
      _ = try read(entry, String(decoding: key, as: UTF8.self))
    }
    for entry in entries where entry.sliceCount > 0 { _ = try tensor(named: entry.name) }
  }

  private func entry(_ name: String) throws(GraphError) -> Tensorflow_BundleEntryProto {
    guard let entry = messages[Array(name.utf8)] else {
      throw .notFound("Key \(name) not found in checkpoint \(prefix)")
    }
    return entry
  }

  private func assemble(
    _ name: String, _ entry: Tensorflow_BundleEntryProto, _ slice: TensorSlice
  ) throws(GraphError) -> Tensor {
    let dataType = try DataType(entry.dtype)
    guard let dimensions = try Shape(entry.shape).known else {
      throw .dataLoss("The shape of tensor '\(name)' is not fully known")
    }
    let wanted = try slice.ranges(in: dimensions)
    let count = try checkedElementCount(wanted.map(\.count))
    let parts = try entry.slices.map { (message) throws(GraphError) in
      let slice = try TensorSlice(message)
      return (slice: slice, ranges: try slice.ranges(in: dimensions))
    }.filter { part in zip(part.ranges, wanted).allSatisfy { $0.overlaps($1) } }
    let covered = parts.reduce(0) { sum, part in
      sum &+ zip(part.ranges, wanted).reduce(1) { $0 &* $1.0.clamped(to: $1.1).count }
    }
    guard covered == count else {
      throw .dataLoss(
        "\(prefix): the slices of tensor '\(name)' hold \(covered) of \(count) elements")
    }
    var result = try Tensor(zeros: dataType, wanted.map(\.count))
    for part in parts {
      guard let stored = messages[part.slice.key(of: Array(name.utf8))] else {
        throw .dataLoss("\(prefix): slice \(part.slice) of tensor '\(name)' is missing")
      }
      let value = try read(stored, name)
      guard value.dataType == dataType, value.dimensions == part.ranges.map(\.count) else {
        throw .dataLoss(
          "\(prefix): slice \(part.slice) of tensor '\(name)' is \(value.dataType)\(value.shape)")
      }
      Self.copy(value, at: part.ranges, into: &result, at: wanted)
    }
    return result
  }

  /// Copies what is in both boxes, each the place of its tensor within a larger one.
  private static func copy(
    _ source: Tensor, at from: [Range<Int>], into target: inout Tensor, at to: [Range<Int>]
  ) {
    let common = zip(from, to).map { $0.clamped(to: $1) }
    guard common.allSatisfy({ !$0.isEmpty }) else { return }
    let width = source.dataType.byteCount ?? 0
    let run = common.last?.count ?? 1
    var position = common.map(\.lowerBound)
    func offset(_ box: [Range<Int>]) -> Int {
      zip(position, box).reduce(0) { $0 * $1.1.count + $1.0 - $1.1.lowerBound }
    }
    while true {
      let (read, write) = (offset(from), offset(to))
      if source.dataType == .string {
        target.storage.strings.replaceSubrange(
          write..<(write + run), with: source.storage.strings[read..<(read + run)])
      } else {
        (target.storage.base + write * width).copyMemory(
          from: source.storage.base + read * width, byteCount: run * width)
      }
      var dimension = common.count - 2
      while dimension >= 0 {
        position[dimension] += 1
        if position[dimension] < common[dimension].upperBound { break }
        position[dimension] = common[dimension].lowerBound
        dimension -= 1
      }
      if dimension < 0 { return }
    }
  }

  // MARK: - Data

  private func read(
    _ entry: Tensorflow_BundleEntryProto, _ name: String
  ) throws(GraphError) -> Tensor {
    let path = Self.dataPath(prefix, shard: Int(entry.shardID), of: shardCount)
    let dataType = try DataType(entry.dtype)
    guard let dimensions = try Shape(entry.shape).known else {
      throw .dataLoss("The shape of tensor '\(name)' is not fully known")
    }
    let count = try checkedElementCount(dimensions)
    let file = try InputFile(path)
    let (offset, size) = (Int(entry.offset), Int(entry.size))
    guard let fileSize = file.size, offset >= 0, size >= 0, size <= fileSize,
      offset <= fileSize - size
    else {
      throw .dataLoss(
        "\(path): tensor '\(name)' is said to be at \(offset) with \(size) bytes, the file has "
          + "\(file.size ?? 0)")
    }
    func check(_ crc: UInt32) throws(GraphError) {
      let stored = CRC32C.unmask(entry.crc32C)
      guard stored == crc else {
        throw .dataLoss(
          "\(path): tensor '\(name)': Checksum does not match: stored \(stored) vs. calculated on "
            + "the restored bytes \(crc)")
      }
    }
    if dataType == .string {
      var bytes = [UInt8](repeating: 0, count: size)
      let got = try bytes.withUnsafeMutableBufferPointer { (buffer) throws(GraphError) in
        try file.read(at: offset, into: UnsafeMutableRawBufferPointer(buffer))
      }
      guard got == size else { throw .dataLoss("\(path): the file became shorter") }
      let (strings, crc) = try StringCoding.decode(bytes, count: count, "\(path): tensor '\(name)'")
      try check(crc)
      return try Tensor(strings: strings, dimensions: dimensions)
    }
    let (expected, overflow) = count.multipliedReportingOverflow(by: dataType.byteCount ?? 0)
    guard dataType.byteCount != nil else {
      throw .unimplemented("\(path): tensor '\(name)' of type \(dataType) cannot be read")
    }
    guard !overflow, expected == size else {
      throw .dataLoss(
        "\(path): tensor '\(name)' \(dataType)\(Shape(dimensions)) is stored as \(size) bytes")
    }
    let tensor = try Tensor(uninitialized: dataType, dimensions)
    let target = UnsafeMutableRawBufferPointer(start: tensor.storage.base, count: size)
    guard try file.read(at: offset, into: target) == size else {
      throw .dataLoss("\(path): the file became shorter")
    }
    try check(CRC32C.checksum(UnsafeRawBufferPointer(target)))
    if dataType == .bool {
      // Any other byte in a Bool is undefined behaviour in Swift.
      for index in 0..<size where target[index] > 1 { target[index] = 1 }
    }
    return tensor
  }
}

/// How a checkpoint stores strings: all lengths as base-128 numbers, a masked checksum of the
/// lengths, then the strings. The checksum of the lengths, and with it that of the whole, is over
/// lengths of fixed width.
enum StringCoding {
  private static func extend(_ crc: UInt32, length: Int) -> UInt32 {
    var bytes: [UInt8] = []
    if let short = UInt32(exactly: length) {
      bytes.append(littleEndian: short)
    } else {
      bytes.append(littleEndian: UInt64(length))
    }
    return CRC32C.checksum(bytes, extending: crc)
  }

  /// The strings and the checksum of all.
  static func decode(
    _ bytes: [UInt8], count: Int, _ place: String
  ) throws(GraphError) -> ([[UInt8]], UInt32) {
    // Each length takes a byte.
    guard count <= bytes.count else {
      throw .dataLoss("\(place): \(count) strings are said to be in \(bytes.count) bytes")
    }
    var reader = ByteReader(bytes)
    var lengths: [Int] = []
    lengths.reserveCapacity(count)
    var crc: UInt32 = 0
    for _ in 0..<count {
      guard let length = reader.size() else { throw .dataLoss("\(place): a length is damaged") }
      lengths.append(length)
      crc = extend(crc, length: length)
    }
    guard let checksum = reader.take(4), CRC32C.mask(crc) == Self.number(checksum) else {
      throw .dataLoss("\(place): The length checksum does not match")
    }
    crc = CRC32C.checksum(Array(checksum), extending: crc)
    crc = CRC32C.checksum(Array(bytes[reader.position...]), extending: crc)
    var strings: [[UInt8]] = []
    strings.reserveCapacity(count)
    for length in lengths {
      guard let string = reader.take(length) else {
        throw .dataLoss("\(place): a string is cut off")
      }
      strings.append(Array(string))
    }
    guard reader.remaining == 0 else {
      throw .dataLoss("\(place): \(reader.remaining) bytes follow the strings")
    }
    return (strings, crc)
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32? {
    var reader = ByteReader(bytes)
    return reader.integer(UInt32.self)
  }

  /// The bytes to store and their checksum.
  static func encode(_ strings: [[UInt8]]) -> (bytes: [UInt8], crc: UInt32) {
    var bytes: [UInt8] = []
    var crc: UInt32 = 0
    for string in strings {
      bytes.append(varint: UInt64(string.count))
      crc = extend(crc, length: string.count)
    }
    let start = bytes.count
    bytes.append(littleEndian: CRC32C.mask(crc))
    for string in strings { bytes += string }
    return (bytes, CRC32C.checksum(Array(bytes[start...]), extending: crc))
  }
}
