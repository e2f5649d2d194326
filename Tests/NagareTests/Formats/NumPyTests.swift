import CNagareCodecs
import TestSupport
import Testing

@testable import Nagare

@Suite struct NumPyTests {
  private struct Golden: Decodable {
    var index: [Entry]
    var values: [String: GoldenFiles.Described]

    struct Entry: Decodable {
      var name: String
      var size: Int

      init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        name = try container.decode(String.self)
        size = try container.decode(Int.self)
      }
    }
  }

  /// NumPy's files with the value of each.
  static func files() throws -> [(name: String, bytes: [UInt8], value: Tensor)] {
    let golden: Golden = try GoldenFiles.json("arrays.json")
    var rest = try FileSystem.read(GoldenFiles.path("arrays.bin"))[...]
    var result: [(name: String, bytes: [UInt8], value: Tensor)] = []
    for entry in golden.index {
      let value = try #require(golden.values[entry.name]).tensor()
      result.append((entry.name, Array(rest.prefix(entry.size)), value))
      rest = rest.dropFirst(entry.size)
    }
    return result
  }

  @Test func arraysOfNumPyRead() throws {
    for file in try Self.files() {
      #expect(try NumPy.decode(file.bytes[...]) == file.value, "\(file.name)")
    }
  }

  @Test func bytesAreThoseOfNumPy() throws {
    for file in try Self.files()
    where !["fortran", "big", "big_fortran", "big_complex", "text"].contains(file.name) {
      #expect(try NumPy.encode(file.value) == file.bytes, "\(file.name)")
    }
  }

  @Test(arguments: ["stored.npz", "deflated.npz"])
  func archivesOfNumPyRead(_ name: String) throws {
    let arrays = try NumPy.readArchive(GoldenFiles.path(name))
    #expect(arrays.map(\.name) == ["matrix", "bytes"])
    let golden: Golden = try GoldenFiles.json("arrays.json")
    for array in arrays {
      #expect(try array.value == golden.values[array.name]?.tensor())
    }
  }

  @Test func filesComeBack() throws {
    let folder = try TemporaryFolder()
    let values = try Self.files().map { (name: $0.name, value: $0.value) }
    try NumPy.writeArchive(values, to: folder.path("all.npz"))
    let again = try NumPy.readArchive(folder.path("all.npz"))
    #expect(again.map(\.name) == values.map(\.name))
    #expect(again.map(\.value) == values.map(\.value))
    try NumPy.write([[1, 2], [3, 4]], to: folder.path("one.npy"))
    #expect(try NumPy.read(folder.path("one.npy")) == [[1, 2], [3, 4]])
    #expect(throws: GraphError.self) {
      try NumPy.write(Tensor(strings: [[1, 0]]), to: folder.path("x.npy"))
    }
    let wide = try Tensor(zeros: .float32, [Int](repeating: 1, count: 254))
    #expect(try NumPy.decode(NumPy.encode(wide)[...]) == wide)
  }

  @Test func damageIsFound() throws {
    for file in try Self.files() where ["float32", "fortran", "text"].contains(file.name) {
      forEachDamage(of: file.bytes) { _ = try? NumPy.decode($0[...]) }
    }
    for name in ["stored.npz", "deflated.npz"] {
      let whole = try FileSystem.read(GoldenFiles.path(name))
      forEachDamage(of: whole) { damaged in
        guard let files = try? ZipArchive.read(damaged) else { return }
        for file in files { _ = try? NumPy.decode(file.bytes[...]) }
      }
    }
  }

  @Test(arguments: [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
    "{'descr': '|S0', 'fortran_order': False, 'shape': (4611686018427387904,), }",
    "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '<f4', 'fortran_order': True, 'shape': (0, 4611686018427387904, 4611686018427387904), }",
    "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,), }", "{}", "",
  ])
  func badHeadersAreRefused(_ header: String) {
    var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]
    bytes.append(littleEndian: UInt16(header.utf8.count))
    #expect(throws: GraphError.self) { try NumPy.decode((bytes + Array(header.utf8))[...]) }
  }

  @Test func aBombIsRefused() throws {
    // Deflated zeros that state a smaller size than they have.
    let folder = try TemporaryFolder()
    let output = try CompressedOutput(folder.path("z"), compression: .zlib)
    try output.write([UInt8](repeating: 0, count: 1 << 20))
    try output.commit()
    let packed = try FileSystem.read(folder.path("z"))
    #expect(throws: GraphError.self) {
      try Inflater.inflate(packed[...], NAGARE_ZFORMAT_ZLIB, limit: 1 << 16)
    }
    #expect(
      try Inflater.inflate(packed[...], NAGARE_ZFORMAT_ZLIB, limit: 1 << 20).count == 1 << 20)
  }
}
