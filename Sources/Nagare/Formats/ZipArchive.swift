import CNagareCodecs

/// The files in a zip archive, stored or deflated: what an .npz file is.
enum ZipArchive {
  private static let localSignature: UInt32 = 0x0403_4b50
  private static let centralSignature: UInt32 = 0x0201_4b50
  private static let endSignature: UInt32 = 0x0605_4b50
  private static let endSize = 22
  /// The most bytes of all files together after decompression.
  private static let limit = 1 << 32

  /// The files with their names, in the order of the archive's directory.
  ///
  /// - Throws: `dataLoss` for a damaged archive, `unimplemented` for encryption and compressions that
  ///   NumPy does not use.
  static func read(_ file: [UInt8]) throws(GraphError) -> [(name: String, bytes: [UInt8])] {
    guard let end = endOfDirectory(file) else {
      throw .dataLoss("not a zip archive, or cut off: its directory is missing")
    }
    var tail = ByteReader(file[(end + 10)...])
    guard let count = tail.integer(UInt16.self), let size = tail.integer(UInt32.self),
      let offset = tail.integer(UInt32.self), Int(offset) <= end, Int(size) <= end - Int(offset)
    else { throw .dataLoss("the directory of the zip archive is damaged") }
    var directory = ByteReader(file[Int(offset)..<(Int(offset) + Int(size))])
    var result: [(name: String, bytes: [UInt8])] = []
    var total = 0
    for _ in 0..<count {
      let entry = try readEntry(&directory, file, limit: limit - total)
      total += entry.bytes.count
      result.append(entry)
    }
    return result
  }

  private static func endOfDirectory(_ file: [UInt8]) -> Int? {
    // A comment of up to 64 KiB may follow.
    var position = file.count - endSize
    let last = max(0, position - 0xffff)
    while position >= last {
      var reader = ByteReader(file[position...])
      if reader.integer(UInt32.self) == endSignature { return position }
      position -= 1
    }
    return nil
  }

  private static func readEntry(
    _ directory: inout ByteReader, _ file: [UInt8], limit: Int
  ) throws(GraphError) -> (name: String, bytes: [UInt8]) {
    let damaged = GraphError.dataLoss("the directory of the zip archive is damaged")
    guard directory.integer(UInt32.self) == centralSignature, directory.take(4) != nil,
      let flags = directory.integer(UInt16.self), let method = directory.integer(UInt16.self),
      directory.take(4) != nil, let crc = directory.integer(UInt32.self),
      let packed = directory.integer(UInt32.self), let size = directory.integer(UInt32.self),
      let nameLength = directory.integer(UInt16.self),
      let extraLength = directory.integer(UInt16.self),
      let commentLength = directory.integer(UInt16.self), directory.take(8) != nil,
      let offset = directory.integer(UInt32.self), let name = directory.take(Int(nameLength)),
      let extra = directory.take(Int(extraLength)), directory.take(Int(commentLength)) != nil
    else { throw damaged }
    let text = String(decoding: name, as: UTF8.self)
    guard flags & 1 == 0 else { throw .unimplemented("'\(text)' in the archive is encrypted") }
    guard
      let place = wide(size: size, packed: packed, offset: offset, extra: extra),
      place.offset <= file.count
    else { throw damaged }
    var local = ByteReader(file[place.offset...])
    guard local.integer(UInt32.self) == localSignature, local.take(22) != nil,
      let localName = local.integer(UInt16.self), let localExtra = local.integer(UInt16.self),
      local.take(Int(localName) + Int(localExtra)) != nil, let data = local.take(place.packed)
    else { throw .dataLoss("'\(text)' in the archive is cut off") }
    guard place.size <= limit else {
      throw .resourceExhausted("the files of the archive take more than \(Self.limit) bytes")
    }
    let bytes: [UInt8]
    switch method {
    case 0: bytes = Array(data)
    case 8:
      do {
        bytes = try Inflater.inflate(data, NAGARE_ZFORMAT_RAW, limit: place.size)
      } catch {
        throw .dataLoss("'\(text)' in the archive is damaged")
      }
    default:
      throw .unimplemented("'\(text)' in the archive is compressed by method \(method)")
    }
    guard bytes.count == place.size, nagare_crc32(0, bytes, bytes.count) == crc else {
      throw .dataLoss("'\(text)' in the archive does not match its checksum")
    }
    return (text, bytes)
  }

  /// Sizes and offset, from the 64-bit extension where the directory's own fields say so.
  private static func wide(
    size: UInt32, packed: UInt32, offset: UInt32, extra: ArraySlice<UInt8>
  ) -> (size: Int, packed: Int, offset: Int)? {
    var values = [Int(size), Int(packed), Int(offset)]
    guard values.contains(0xffff_ffff) else { return (values[0], values[1], values[2]) }
    var reader = ByteReader(extra)
    while let kind = reader.integer(UInt16.self), let length = reader.integer(UInt16.self),
      let content = reader.take(Int(length))
    {
      guard kind == 1 else { continue }
      var fields = ByteReader(content)
      for index in values.indices where values[index] == 0xffff_ffff {
        guard let value = fields.integer(UInt64.self).flatMap(Int.init(exactly:)) else {
          return nil
        }
        values[index] = value
      }
      return (values[0], values[1], values[2])
    }
    return nil
  }

  /// An archive of files that are stored as they are.
  ///
  /// - Throws: `resourceExhausted` for more than 4 GiB or 65,535 files.
  static func make(_ files: [(name: String, bytes: [UInt8])]) throws(GraphError) -> [UInt8] {
    var archive: [UInt8] = []
    var directory: [UInt8] = []
    for (name, bytes) in files {
      guard let offset = UInt32(exactly: archive.count), let size = UInt32(exactly: bytes.count),
        let nameLength = UInt16(exactly: name.utf8.count), size != .max
      else { throw .resourceExhausted("the archive would be over 4 GiB") }
      // Version 2.0, names in UTF-8, stored, on the first day of the format's calendar.
      var common: [UInt8] = []
      for field: UInt16 in [20, 1 << 11, 0, 0, 0x21] { common.append(littleEndian: field) }
      common.append(littleEndian: nagare_crc32(0, bytes, bytes.count))
      common.append(littleEndian: size)
      common.append(littleEndian: size)
      common.append(littleEndian: nameLength)
      common.append(littleEndian: 0 as UInt16)
      archive.append(littleEndian: localSignature)
      archive += common + Array(name.utf8) + bytes
      directory.append(littleEndian: centralSignature)
      directory.append(littleEndian: 20 as UInt16)
      directory += common + [UInt8](repeating: 0, count: 10)
      directory.append(littleEndian: offset)
      directory += Array(name.utf8)
    }
    guard let count = UInt16(exactly: files.count), let start = UInt32(exactly: archive.count),
      let size = UInt32(exactly: directory.count)
    else { throw .resourceExhausted("the archive would be over 4 GiB or 65,535 files") }
    archive += directory
    archive.append(littleEndian: endSignature)
    for field: UInt16 in [0, 0, count, count] { archive.append(littleEndian: field) }
    archive.append(littleEndian: size)
    archive.append(littleEndian: start)
    archive.append(littleEndian: 0 as UInt16)
    return archive
  }
}
