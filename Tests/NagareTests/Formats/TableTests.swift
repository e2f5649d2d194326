import Testing

@testable import Nagare

@Suite struct TableTests {
  static func table(_ count: Int, valueSize: Int) -> [(key: [UInt8], value: [UInt8])] {
    (0..<count).map { index in
      let digits = String(index)
      let name = "layer/" + String(repeating: "0", count: 6 - digits.count) + digits + "/weights"
      return (
        Array(name.utf8), [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: valueSize)
      )
    }
  }

  static func bytes(_ entries: [(key: [UInt8], value: [UInt8])]) -> [UInt8] {
    var builder = TableBuilder()
    for entry in entries { builder.append(key: entry.key, value: entry.value) }
    return builder.finish()
  }

  @Test(arguments: [0, 1, 16, 17, 40, 20_000])
  func entriesComeBack(_ count: Int) throws {
    let entries = Self.table(count, valueSize: 20)
    let table = try Table(Self.bytes(entries))
    #expect(table.entries.count == count)
    for (got, expected) in zip(table.entries, entries) {
      #expect(got.key == expected.key && Array(got.value) == expected.value)
    }
  }

  @Test func damageIsFound() throws {
    let entries = Self.table(20, valueSize: 3)
    let whole = Self.bytes(entries)
    for length in 0..<whole.count {
      #expect(throws: GraphError.self) { try Table(Array(whole[..<length])) }
    }
    for position in whole.indices {
      for bit in 0..<8 {
        var damaged = whole
        damaged[position] ^= 1 << bit
        guard let table = try? Table(damaged) else { continue }
        // The metaindex and the padding of the footer are not read.
        #expect(table.entries.map(\.key) == entries.map(\.key))
        #expect(table.entries.map { Array($0.value) } == entries.map(\.value))
      }
    }
    #expect(throws: GraphError.dataLoss("file is too short to be an sstable")) {
      try Table([UInt8](repeating: 1, count: 10))
    }
    #expect(throws: GraphError.dataLoss("not an sstable (bad magic number)")) {
      try Table([UInt8](repeating: 1, count: 100))
    }
  }

  @Test func blocksOfAnyContentNeverTrap() {
    // With a right checksum, so that what is behind it gets to see the bytes.
    var generator = SystemRandomNumberGenerator()
    let whole = Self.bytes(Self.table(20, valueSize: 3))
    guard let size = (try? Table(whole)).map({ _ in whole.count - 48 }) else { return }
    for _ in 0..<2000 {
      var damaged = whole
      for _ in 0..<Int.random(in: 1...6) {
        damaged[Int.random(in: 0..<size, using: &generator)] = UInt8.random(in: 0...255)
      }
      Self.repairChecksums(&damaged)
      _ = try? Table(damaged)
    }
  }

  /// Makes the checksums of the three blocks of a small table right again.
  static func repairChecksums(_ file: inout [UInt8]) {
    var footer = ByteReader(file.suffix(48))
    guard let meta = footer.size(), let metaSize = footer.size(), let index = footer.size(),
      let indexSize = footer.size()
    else { return }
    for (offset, size) in [(0, meta - 5), (meta, metaSize), (index, indexSize)] {
      var crc: [UInt8] = []
      crc.append(littleEndian: CRC32C.mask(CRC32C.checksum(Array(file[offset...(offset + size)]))))
      file.replaceSubrange((offset + size + 1)..<(offset + size + 5), with: crc)
    }
  }

  @Test func snappyBlocks() throws {
    // "ababababab" as a literal of two and a copy that reaches into itself.
    #expect(
      try Snappy.decompress([10, 0b0000_0100, 97, 98, 0b0001_0001, 2])
        == Array("ababababab".utf8))
    #expect(
      try Snappy.decompress([10, 0b0000_0100, 97, 98, 0b0001_1110, 2, 0])
        == Array("ababababab".utf8))
    let long = [UInt8](repeating: 7, count: 100)
    #expect(try Snappy.decompress([100, 60 << 2, 99] + long) == long)
    for bad: [UInt8] in [
      [], [0xff, 0xff, 0xff, 0xff, 0x7f], [10, 4, 97], [10, 4, 97, 98, 0b0001_0001, 3],
      [10, 4, 97, 98, 0b0001_0001, 0], [2, 4, 97, 98, 0b0001_0001, 2], [10, 0xfc, 1, 2, 3],
      [255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
    ] { #expect(throws: GraphError.self) { try Snappy.decompress(bad[...]) } }
    for _ in 0..<5000 {
      let bytes = (0..<Int.random(in: 0..<40)).map { _ in UInt8.random(in: 0...255) }
      _ = try? Snappy.decompress([UInt8.random(in: 0..<128)] + bytes)
    }
  }
}
