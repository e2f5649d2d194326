import NagareMessages
import TestSupport
import Testing

@testable import Nagare

@Suite struct CheckpointTests {
  let golden = GoldenFiles.path("checkpoint")

  static func write(_ prefix: String, _ values: [String: Tensor]) throws {
    let writer = try CheckpointWriter(prefix)
    for (name, value) in values.sorted(by: { $0.key > $1.key }) {
      try writer.append(value, named: name)
    }
    try writer.finish()
  }

  @Test func tensorFlowsCheckpointReads() throws {
    let expected = try GoldenFiles.tensors("checkpoint.json")
    let checkpoint = try Checkpoint("\(golden)/model.ckpt-10")
    #expect(checkpoint.entries.map(\.name) == expected.keys.sorted())
    try checkpoint.verify()
    for (name, value) in expected {
      #expect(try checkpoint.tensor(named: name) == value, "\(name)")
    }
    #expect(throws: GraphError.self) { try checkpoint.tensor(named: "other") }
  }

  @Test func slicesAndShardsRead() throws {
    let expected = try GoldenFiles.tensors("slices.json")
    let checkpoint = try Checkpoint("\(golden)/model.ckpt-20")
    try checkpoint.verify()
    #expect(checkpoint.entries.map(\.name) == expected.keys.sorted())
    for (name, value) in expected {
      #expect(try checkpoint.tensor(named: name) == value, "\(name)")
    }
    let (_, slice) = try #require(try TensorSlice.parse("5 7 1,3:2,4"))
    for name in ["grid"] {
      let part = try checkpoint.tensor(named: name, slice: slice)
      let whole = try #require(expected[name]).elements(Float.self)
      #expect(
        try part.elements(Float.self)
          == (1..<4).flatMap { row in (2..<6).map { whole[row * 7 + $0] } })
    }
    let whole = try Checkpoint("\(golden)/model.ckpt-10")
    let (_, words) = try #require(try TensorSlice.parse("2 3 -:1,1"))
    #expect(
      try whole.tensor(named: "string", slice: words).strings
        == [1, 4].map { try whole.tensor(named: "string").strings[$0] })
  }

  @Test func bytesAreThoseOfTensorFlow() throws {
    let folder = try TemporaryFolder()
    let source = try Checkpoint("\(golden)/model.ckpt-10")
    let writer = try CheckpointWriter(folder.path("copy"))
    // TensorFlow stores the tensors in the order of their names.
    for entry in source.entries {
      try writer.append(try source.tensor(named: entry.name), named: entry.name)
    }
    try writer.finish()
    for suffix in [".data-00000-of-00001", ".index"] {
      #expect(
        try FileSystem.read(folder.path("copy") + suffix)
          == FileSystem.read("\(golden)/model.ckpt-10\(suffix)"))
    }
  }

  @Test func slicesComeBack() throws {
    let folder = try TemporaryFolder()
    let whole = try Tensor((0..<(300 * 70)).map { Int32($0) }, dimensions: [300, 70])
    for (shard, rows) in [0..<100, 100..<300].enumerated() {
      let writer = try CheckpointWriter(folder.path("part-\(shard)"))
      var slice = TensorSlice(wholeOfRank: 2)
      slice.extents[0] = rows
      let part = try Tensor(
        Array(whole.elements(Int32.self)[(rows.lowerBound * 70)..<(rows.upperBound * 70)]),
        dimensions: [rows.count, 70])
      try writer.append(part, named: "big", slice: slice, of: [300, 70])
      try writer.append(part, named: "part_\(shard)")
      try writer.finish()
    }
    try Checkpoint.merge([folder.path("part-0"), folder.path("part-1")], into: folder.path("all"))
    #expect(
      try FileSystem.list(folder.path) == [
        "all.data-00000-of-00002", "all.data-00001-of-00002", "all.index",
      ])
    let checkpoint = try Checkpoint(folder.path("all"))
    #expect(try checkpoint.tensor(named: "big") == whole)
    #expect(checkpoint.entries.map(\.name) == ["big", "part_0", "part_1"])
    try Checkpoint.remove(folder.path("all"))
    #expect(try FileSystem.list(folder.path) == [])
  }

  @Test func extremesOfSliceKeysSort() {
    let numbers = [0, 1, 63, 64, 8191, 8192, 1 << 20, 1 << 34, 1 << 41, 1 << 55, 1 << 61]
    let keys = numbers.map { TensorSlice([$0..<($0 + 1)]).key(of: Array("x".utf8)) }
    for (first, second) in zip(keys, keys.dropFirst()) {
      #expect(first.lexicographicallyPrecedes(second))
    }
    #expect(
      TensorSlice([nil, 64..<65]).key(of: [0x61, 0, 0xff])
        == [0, 0x61, 0, 0xff, 0xff, 0, 0, 1, 1, 2, 0x80, 0x7f, 0xc0, 0x40, 0x81])
  }

  @Test func pathsThatPeopleGive() throws {
    let folder = try TemporaryFolder()
    let prefix = folder.path("model.ckpt-5")
    try Self.write(prefix, ["x": 1.5])
    for path in [prefix, "\(prefix).index", "\(prefix).meta", "\(prefix).data-00000-of-00001"] {
      #expect(try Checkpoint(path).prefix == prefix)
    }
    #expect(try Checkpoint(folder.path).prefix == prefix)
    try Self.write(folder.path("model.ckpt-40"), ["x": 2.5])
    #expect(try Checkpoint(folder.path).prefix == folder.path("model.ckpt-40"))
    try CheckpointState(latest: prefix, all: [prefix]).write(folder: folder.path)
    #expect(try Checkpoint(folder.path).prefix == prefix)
    #expect(try Checkpoint(folder.path("checkpoint")).prefix == prefix)
    let text = String(decoding: try FileSystem.read(folder.path("checkpoint")), as: UTF8.self)
    #expect(
      text
        == "model_checkpoint_path: \"model.ckpt-5\"\nall_model_checkpoint_paths: \"model.ckpt-5\"\n"
    )
    do {
      _ = try Checkpoint(folder.path("model.ckpt-6"))
      Issue.record("was found")
    } catch {
      #expect(error.code == .notFound && error.message.contains("model.ckpt-40"))
    }
    let state = try CheckpointState(folder: golden)
    #expect(state.latest == "\(golden)/model.ckpt-20" && state.all.count == 2)
  }

  @Test func theNewestIntactOneIsFound() throws {
    let folder = try TemporaryFolder()
    let prefixes = (1...3).map { folder.path("model.ckpt-\($0)") }
    for (index, prefix) in prefixes.enumerated() {
      try Self.write(prefix, ["x": Tensor([Float(index)])])
    }
    try CheckpointState(latest: prefixes[2], all: prefixes).write(folder: folder.path)
    #expect(try Checkpoint.newestIntact(folder: folder.path).checkpoint.prefix == prefixes[2])
    try DurableFile.write([1, 2, 3, 4], to: "\(prefixes[2]).data-00000-of-00001")
    try FileSystem.remove("\(prefixes[1]).data-00000-of-00001")
    let (checkpoint, passedOver) = try Checkpoint.newestIntact(folder: folder.path)
    #expect(checkpoint.prefix == prefixes[0])
    #expect(passedOver.map(\.0) == [prefixes[2], prefixes[1]])
    #expect(passedOver.map(\.1.code) == [.dataLoss, .notFound])
  }

  @Test func damageIsFound() throws {
    let folder = try TemporaryFolder()
    let values: [String: Tensor] = [
      "numbers": try Tensor([1, 2, 3] as [Int64]), "flags": try Tensor([true, false]),
      "words": try Tensor(strings: [Array("one".utf8), [], Array("three".utf8)]),
    ]
    let prefix = folder.path("c")
    try Self.write(prefix, values)

    func load() throws -> [String: Tensor] {
      let checkpoint = try Checkpoint(prefix)
      var result: [String: Tensor] = [:]
      for entry in checkpoint.entries {
        result[entry.name] = try checkpoint.tensor(named: entry.name)
      }
      return result
    }
    for file in ["\(prefix).index", "\(prefix).data-00000-of-00001"] {
      let whole = try FileSystem.read(file)
      try forEachDamage(of: whole) { damaged in
        try FileSystem.remove(file)
        let output = try OutputFile(creating: file)
        try output.write(damaged)
        try output.finish()
        do {
          let got = try load()
          #expect(got == values)
        } catch let error as GraphError {
          #expect(error.message.contains(folder.path))
        }
      }
      try DurableFile.write(whole, to: file)
    }
  }

  @Test func indicesOfAnyContentNeverTrap() throws {
    let folder = try TemporaryFolder()
    let prefix = folder.path("c")
    try Self.write(prefix, ["numbers": try Tensor([1, 2, 3] as [Int64]), "word": "hello"])
    let table = try Table(try FileSystem.read("\(prefix).index"))
    for _ in 0..<2000 {
      var builder = TableBuilder()
      for (key, value) in table.entries {
        var value = Array(value)
        if !value.isEmpty, Bool.random() {
          value[Int.random(in: value.indices)] = UInt8.random(in: 0...255)
        }
        builder.append(key: key, value: value)
      }
      try FileSystem.remove("\(prefix).index")
      let output = try OutputFile(creating: "\(prefix).index")
      try output.write(builder.finish())
      try output.finish()
      guard let checkpoint = try? Checkpoint(prefix) else { continue }
      for entry in checkpoint.entries { _ = try? checkpoint.tensor(named: entry.name) }
    }
  }

  @Test(arguments: [
    "5", "5 7", "5 7 1,3", "5 7 1,3:2,4:1,1", "5 7 1,9:-", "5 x -:-", "5 7 -1,2:-", "5 7 1,0:-",
    "5 7 1,3:9223372036854775807,2", "-5 -",
  ])
  func badSlicesAreRefused(_ text: String) {
    #expect(throws: GraphError.self) { try TensorSlice.parse(text) }
  }
}
