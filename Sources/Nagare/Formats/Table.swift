/// A sorted table of keys and values in the format of LevelDB's table files, as the index of a
/// checkpoint uses it.
///
/// The file is a sequence of blocks. In a block each key is stored as what differs from the key
/// before, and every so often in full ("restart point"). Behind each block stand a byte that tells
/// its compression and a masked CRC-32C. An index block, found through the footer, holds the place
/// of each data block.
struct Table {
  typealias Entry = (key: [UInt8], value: ArraySlice<UInt8>)

  /// The entries in ascending order of their keys.
  let entries: [Entry]

  /// The last eight bytes of every table.
  fileprivate static let magic: UInt64 = 0xdb47_7524_8b80_fb57
  private static let footerSize = 48
  private static let trailerSize = 5
  /// The most bytes of all keys together: stored keys share prefixes, so that a small file could
  /// state keys of any size.
  private static let keyBytesLimit = 1 << 28

  /// Reads a table and verifies the checksum of every block.
  ///
  /// - Throws: `dataLoss` that says what is damaged.
  init(_ file: [UInt8]) throws(GraphError) {
    guard file.count >= Self.footerSize else {
      throw .dataLoss("file is too short to be an sstable")
    }
    var footer = ByteReader(file.suffix(Self.footerSize))
    var tail = ByteReader(file.suffix(8))
    guard tail.integer(UInt64.self) == Self.magic else {
      throw .dataLoss("not an sstable (bad magic number)")
    }
    guard Self.handle(&footer) != nil, let index = Self.handle(&footer) else {
      throw .dataLoss("bad block handle")
    }
    var keyBytes = 0
    var entries: [Entry] = []
    for block in try Self.entries(ofBlock: Self.block(file, at: index), &keyBytes) {
      var place = ByteReader(block.value)
      guard let handle = Self.handle(&place) else { throw .dataLoss("bad block handle") }
      for entry in try Self.entries(ofBlock: Self.block(file, at: handle), &keyBytes) {
        if let last = entries.last, !last.key.lexicographicallyPrecedes(entry.key) {
          throw .dataLoss("the keys of the table are not in ascending order")
        }
        entries.append(entry)
      }
    }
    self.entries = entries
  }

  private static func handle(_ reader: inout ByteReader) -> (offset: Int, size: Int)? {
    guard let offset = reader.size(), let size = reader.size() else { return nil }
    return (offset, size)
  }

  /// The bytes of a block, verified and decompressed.
  private static func block(_ file: [UInt8], at handle: (offset: Int, size: Int))
    throws(GraphError) -> ArraySlice<UInt8>
  {
    let (offset, size) = handle
    let room = file.count - footerSize - trailerSize
    guard size <= room, offset <= room - size else { throw .dataLoss("truncated block read") }
    let end = offset + size
    var trailer = ByteReader(file[(end + 1)..<(end + trailerSize)])
    guard let crc = trailer.integer(UInt32.self),
      CRC32C.unmask(crc)
        == file.withUnsafeBytes({
          CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[offset...end]))
        })
    else { throw .dataLoss("block checksum mismatch") }
    switch file[end] {
    case 0: return file[offset..<end]
    case 1: return try Snappy.decompress(file[offset..<end])[...]
    default: throw .dataLoss("bad block type")
    }
  }

  private static func entries(ofBlock block: ArraySlice<UInt8>, _ keyBytes: inout Int)
    throws(GraphError) -> [Entry]
  {
    var tail = ByteReader(block.suffix(4))
    guard let restarts = tail.integer(UInt32.self).map(Int.init),
      restarts <= (block.count - 4) / 4
    else { throw .dataLoss("bad block contents") }
    var reader = ByteReader(block.dropLast(4 + 4 * restarts))
    var key: [UInt8] = []
    var entries: [Entry] = []
    while reader.remaining > 0 {
      guard let shared = reader.size(), let unshared = reader.size(), let count = reader.size(),
        shared <= key.count, let rest = reader.take(unshared), let value = reader.take(count)
      else { throw .dataLoss("bad entry in block") }
      key.removeLast(key.count - shared)
      key.append(contentsOf: rest)
      keyBytes += key.count
      guard keyBytes <= keyBytesLimit else {
        throw .resourceExhausted("the keys of the table take more than \(keyBytesLimit) bytes")
      }
      entries.append((key, value))
    }
    return entries
  }
}

/// Builds the bytes of a table, without compression.
struct TableBuilder {
  private static let blockSize = 1 << 18
  private static let restartInterval = 16

  /// The entries of one block, with the places of those whose key is stored in full.
  private struct Block {
    var bytes: [UInt8] = []
    var restarts: [UInt32] = [0]
    var countSinceRestart = 0
    var lastKey: [UInt8] = []

    mutating func append(key: [UInt8], value: [UInt8], interval: Int) {
      var shared = 0
      if countSinceRestart < interval {
        shared = zip(key, lastKey).prefix { $0 == $1 }.count
      } else {
        restarts.append(UInt32(truncatingIfNeeded: bytes.count))
        countSinceRestart = 0
      }
      bytes.append(varint: UInt64(shared))
      bytes.append(varint: UInt64(key.count - shared))
      bytes.append(varint: UInt64(value.count))
      bytes.append(contentsOf: key.dropFirst(shared))
      bytes.append(contentsOf: value)
      lastKey = key
      countSinceRestart += 1
    }

    /// The block with its restart points.
    var finished: [UInt8] {
      var result = bytes
      for restart in restarts { result.append(littleEndian: restart) }
      result.append(littleEndian: UInt32(truncatingIfNeeded: restarts.count))
      return result
    }
  }

  private var file: [UInt8] = []
  private var block = Block()
  private var index = Block()
  /// The last key and the place of a block that the index does not have yet.
  private var pending: (lastKey: [UInt8], place: [UInt8])?

  /// Adds an entry, whose key must come after those before.
  mutating func append(key: [UInt8], value: [UInt8]) {
    if let pending {
      appendToIndex(Self.separator(pending.lastKey, key), pending.place)
    }
    block.append(key: key, value: value, interval: Self.restartInterval)
    if block.bytes.count >= Self.blockSize { finishBlock() }
  }

  /// The whole table.
  mutating func finish() -> [UInt8] {
    if !block.bytes.isEmpty { finishBlock() }
    let metaindex = write(Block().finished)
    if let pending { appendToIndex(Self.successor(pending.lastKey), pending.place) }
    let place = write(index.finished)
    var footer = metaindex + place
    footer.append(contentsOf: [UInt8](repeating: 0, count: 40 - footer.count))
    footer.append(littleEndian: Table.magic)
    return file + footer
  }

  private mutating func finishBlock() {
    pending = (block.lastKey, write(block.finished))
    block = Block()
  }

  private mutating func appendToIndex(_ key: [UInt8], _ place: [UInt8]) {
    index.append(key: key, value: place, interval: 1)
    pending = nil
  }

  /// A short key from `key` up to, but not including, `next`.
  private static func separator(_ key: [UInt8], _ next: [UInt8]) -> [UInt8] {
    let shared = zip(key, next).prefix { $0 == $1 }.count
    guard shared < min(key.count, next.count), key[shared] < 0xff, key[shared] + 1 < next[shared]
    else { return key }
    return key[..<shared] + [key[shared] + 1]
  }

  /// A short key that is not before `key`.
  private static func successor(_ key: [UInt8]) -> [UInt8] {
    guard let position = key.firstIndex(where: { $0 < 0xff }) else { return key }
    return key[..<position] + [key[position] + 1]
  }

  /// Adds a block to the file; returns its place.
  private mutating func write(_ bytes: [UInt8]) -> [UInt8] {
    var handle: [UInt8] = []
    handle.append(varint: UInt64(file.count))
    handle.append(varint: UInt64(bytes.count))
    let crc = CRC32C.checksum([0], extending: CRC32C.checksum(bytes))
    file += bytes
    file.append(0)
    file.append(littleEndian: CRC32C.mask(crc))
    return handle
  }
}

/// The Snappy block format, which other programs use within tables.
enum Snappy {
  /// - Throws: `dataLoss` for bytes that are not a whole Snappy block.
  static func decompress(_ input: ArraySlice<UInt8>) throws(GraphError) -> [UInt8] {
    let damaged = GraphError.dataLoss("corrupted compressed block contents")
    var reader = ByteReader(input)
    // Three bytes of input make at most 64 of output.
    guard let size = reader.size(), size / 32 <= input.count else { throw damaged }
    var output: [UInt8] = []
    output.reserveCapacity(size)
    while let tag = reader.byte() {
      var count: Int
      let distance: Int
      switch tag & 3 {
      case 0:
        count = Int(tag >> 2)
        if count >= 60 {
          guard let bytes = reader.take(count - 59) else { throw damaged }
          count = bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        guard let literal = reader.take(count + 1), output.count + literal.count <= size else {
          throw damaged
        }
        output.append(contentsOf: literal)
        continue
      case 1:
        guard let low = reader.byte() else { throw damaged }
        count = Int(tag >> 2 & 7) + 4
        distance = Int(tag >> 5) << 8 | Int(low)
      case 2:
        guard let value = reader.integer(UInt16.self) else { throw damaged }
        count = Int(tag >> 2) + 1
        distance = Int(value)
      default:
        guard let value = reader.integer(UInt32.self) else { throw damaged }
        count = Int(tag >> 2) + 1
        distance = Int(value)
      }
      guard distance >= 1, distance <= output.count, output.count + count <= size else {
        throw damaged
      }
      // A copy may reach into what it writes, so it goes byte by byte.
      for _ in 0..<count { output.append(output[output.count - distance]) }
    }
    guard output.count == size else { throw damaged }
    return output
  }
}
