import CNagareKernels
import TestSupport
import Testing

@testable import Nagare

@Suite struct RecordFileTests {
  let records: [[UInt8]] = [
    Array("hello".utf8), [], (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) },
  ]

  @Test func checksumsAgreeWithTheStandard() {
    // RFC 3720, B.4.
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
    #expect(CRC32C.checksum([UInt8](repeating: 0xff, count: 32)) == 0x62a8_ab43)
    #expect(CRC32C.checksum((0..<32).map { UInt8($0) }) == 0x46dd_794e)
    #expect(CRC32C.unmask(CRC32C.mask(0x1234_5678)) == 0x1234_5678)
    let bytes = (0..<1003).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 2) }
    for start in 0..<9 {
      let part = Array(bytes[start...])
      #expect(CRC32C.checksum(part) == nagare_crc32c_portable(0, part, part.count))
      let head = CRC32C.checksum(Array(part[..<100]))
      #expect(CRC32C.checksum(Array(part[100...]), extending: head) == CRC32C.checksum(part))
    }
  }

  @Test(arguments: RecordCompression.allCases)
  func recordsComeBack(_ compression: RecordCompression) throws {
    let folder = try TemporaryFolder()
    let path = folder.path("records")
    let writer = try RecordWriter(path, compression: compression)
    for record in records { try writer.write(record) }
    #expect(FileSystem.kind(path) == nil)
    try writer.close()
    #expect(try FileSystem.list(folder.path) == ["records"])
    for asked in [compression, nil] {
      let reader = try RecordReader(path, compression: asked)
      #expect(reader.compression == compression)
      for record in records { #expect(try reader.next() == record) }
      #expect(try reader.next() == nil)
    }
  }

  @Test(arguments: RecordCompression.allCases)
  func damageIsFound(_ compression: RecordCompression) throws {
    let folder = try TemporaryFolder()
    let path = folder.path("records")
    let writer = try RecordWriter(path, compression: compression)
    for record in records { try writer.write(Array(record.prefix(40))) }
    try writer.close()
    let whole = try FileSystem.read(path)
    let expected = records.map { Array($0.prefix(40)) }

    func read(_ bytes: [UInt8]) throws -> [[UInt8]] {
      let path = folder.path("damaged")
      try FileSystem.remove(path)
      let file = try OutputFile(creating: path)
      try file.write(bytes)
      try file.finish()
      let reader = try RecordReader(path, compression: compression)
      var result: [[UInt8]] = []
      while let record = try reader.next() { result.append(record) }
      return result
    }
    for length in 0..<whole.count {
      do {
        let got = try read(Array(whole[..<length]))
        // A file may end between two records.
        #expect(got == Array(expected.prefix(got.count)) && (length == 0 || compression == .none))
      } catch let error as GraphError { #expect(error.code == .dataLoss) }
    }
    for position in whole.indices {
      for bit in 0..<8 {
        var damaged = whole
        damaged[position] ^= 1 << bit
        do {
          // Bits of a gzip header carry nothing.
          #expect(try read(damaged) == expected)
        } catch let error as GraphError {
          #expect(error.code == .dataLoss || error.code == .resourceExhausted)
        }
      }
    }
  }

  @Test func errorsSayWhatAndWhere() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("records")
    #expect(throws: GraphError(.notFound, "\(path); No such file or directory")) {
      try RecordReader(path)
    }
    #expect(throws: GraphError(.failedPrecondition, "\(folder.path); Is a directory")) {
      try RecordReader(folder.path)
    }
    #expect(throws: GraphError(.notFound, "\(path)/x; No such file or directory")) {
      try RecordWriter(path + "/x")
    }
    let frame = RecordFraming.frame(Array("hello".utf8))
    let whole = frame.header + Array("hello".utf8) + frame.footer
    try DurableFile.write(whole + whole.dropLast(), to: path)
    let reader = try RecordReader(path)
    _ = try reader.next()
    #expect(throws: GraphError(.dataLoss, "\(path); truncated record at 21")) {
      try reader.next()
    }
    try DurableFile.write(Array("this is a text file".utf8), to: path)
    let text = "\(path); corrupted record at 0 (Is this even a TFRecord file?)"
    #expect(throws: GraphError(.dataLoss, text)) { try RecordReader(path).next() }
  }

  @Test func aClaimedLengthAllocatesNothing() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("records")
    var header: [UInt8] = []
    header.append(littleEndian: UInt64(1) << 31)
    header.append(littleEndian: CRC32C.mask(CRC32C.checksum(header)))
    try DurableFile.write(header + [1, 2, 3], to: path)
    #expect(throws: GraphError(.dataLoss, "\(path); truncated record at 0")) {
      try RecordReader(path).next()
    }
    let writer = try CompressedOutput(path, compression: .gzip)
    try writer.write(header)
    try writer.commit()
    #expect(throws: GraphError(.dataLoss, "\(path); truncated record at 0")) {
      try RecordReader(path).next()
    }
    header = []
    header.append(littleEndian: UInt64.max)
    header.append(littleEndian: CRC32C.mask(CRC32C.checksum(header)))
    try DurableFile.write(header, to: path)
    #expect(throws: GraphError.self) { try RecordReader(path).next() }
  }

  @Test func severalGzipMembersAreOneFile() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("records")
    for record in records {
      let writer = try RecordWriter(folder.path("member"), compression: .gzip)
      try writer.write(record)
      try writer.close()
      let before = FileSystem.kind(path) == nil ? [] : try FileSystem.read(path)
      try DurableFile.write(before + FileSystem.read(folder.path("member")), to: path)
    }
    let reader = try RecordReader(path)
    for record in records { #expect(try reader.next() == record) }
    #expect(try reader.next() == nil)
  }
}
