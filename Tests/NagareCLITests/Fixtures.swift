import Foundation
import Nagare
import TestSupport

/// Small files of every kind that the tool reads, in a folder of their own.
struct Fixtures {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try makeGraphs()
    try makeArraysAndPictures()
    try makeRecords()
    try makeEvents()
  }

  func path(_ name: String) -> String { folder.path(name) }

  func bytes(_ name: String) throws -> [UInt8] { try FileSystem.read(path(name)) }

  /// `sum = x + y`, `loss = Σ sum²`, placeholders of several types, and a variable `w`.
  private func makeGraphs() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [nil], name: "x")
    let y = try graph.placeholder(.float32, shape: [nil], name: "y")
    let total = try graph.addNode("AddV2", [x, y], name: "sum")
    let sum = graph.outputs(of: total)[0]
    let square = graph.outputs(of: try graph.addNode("Mul", [sum, sum], name: "square"))[0]
    let axis = try graph.constant(Tensor([Int32(0)]), name: "axis")
    try graph.addNode("Sum", [square, axis], name: "loss")
    for (name, dataType, shape) in [
      ("text", DataType.string, Shape([])), ("small", .int8, .unknown), ("flag", .bool, .unknown),
      ("long", .int64, .unknown), ("half", .float16, .unknown), ("double", .float64, .unknown),
      ("image", .float32, Shape([nil, nil, nil, 3])), ("gray", .uint8, Shape([nil, nil])),
      ("bytes", .string, Shape([nil])),
    ] {
      let placeholder = try graph.placeholder(dataType, shape: shape, name: name)
      try graph.addNode("Identity", [placeholder], name: "\(name)_out")
    }
    let start = try graph.constant(Tensor([Float(1), 2]), name: "start")
    let w = try graph.variable(start, name: "w")
    let old = try graph.variable(start, name: "old", kind: .reference)
    _ = try graph.initializer()
    let one = try graph.constant(Tensor([Float(1), 1]), name: "one")
    try graph.addNode("AddV2", [w.value, one], name: "more")
    let next = graph.outputs(of: try graph.addNode("AddV2", [old.value, one], name: "next"))[0]
    try graph.addNode("Assign", [old.handle, next], name: "step")
    try graph.write(to: path("graph.pb"))
    try graph.write(to: path("graph.pbtxt"))
    try MetaGraph(graph).write(to: path("graph.meta"))

    let checkpoint = try CheckpointWriter(path("model.ckpt-3"))
    try checkpoint.append(try Tensor([Float(30), 40]), named: "old")
    try checkpoint.append(try Tensor([Float(10), 20]), named: "w")
    try checkpoint.finish()
    try CheckpointState(latest: path("model.ckpt-3"), all: [path("model.ckpt-3")])
      .write(folder: folder.path)
    try write(
      "steps.json",
      """
      {"steps": [{"targets": ["init"]},
                 {"fetches": ["old/read"]},
                 {"feeds": {"x": [1, 2], "y": "array.npy"}, "fetches": ["sum"], "targets": ["step"]},
                 {"fetches": ["old/read"]}]}
      """)
  }

  private func makeArraysAndPictures() throws {
    try NumPy.write(try Tensor([Int64(3), 4]), to: path("array.npy"))
    try NumPy.write(try Tensor([1.5]), to: path("fraction.npy"))
    try NumPy.writeArchive(
      [("a", try Tensor([1.0, 2.0])), ("b", try Tensor([5.0]))], to: path("two.npz"))
    try NumPy.writeArchive([("only", try Tensor([7.0]))], to: path("one.npz"))
    var pixels: [UInt8] = []
    for index in 0..<(7 * 5 * 3) { pixels.append(UInt8(truncatingIfNeeded: index * 37)) }
    let picture = try Picture(width: 7, height: 5, channels: 3, pixels: pixels)
    try FileSystem.write(picture.encodedPNG(), to: path("picture.png"))
    try FileSystem.write(picture.encodedJPEG(), to: path("picture.jpg"))
  }

  private func makeRecords() throws {
    let example = Example([
      "name": .string("first"), "values": .floats([1, 2.5]), "labels": .integers([3, 4]),
    ])
    for (name, compression) in [
      ("plain.tfrecord", RecordCompression.none), ("packed.tfrecord", .gzip),
    ] {
      let writer = try RecordWriter(path(name), compression: compression)
      try writer.write(example.serialized())
      try writer.write(Array("not an example".utf8))
      try writer.close()
    }
  }

  private func makeEvents() throws {
    let writer = try EventWriter(folder: path("events"))
    for step in 0..<3 {
      let loss = Summary([.init(tag: "loss", .scalar(1 / Float(step + 1)))])
      try writer.write(loss, step: Int64(step))
    }
    let histogram = try Histogram([1.0, 2, 3], node: "weights")
    try writer.write(Summary([.init(tag: "weights", .histogram(histogram))]), step: 3)
    try writer.close()
  }

  var eventFile: String {
    get throws { path("events/" + (try FileSystem.list(path("events"))[0])) }
  }

  func write(_ name: String, _ text: String) throws {
    try FileSystem.write(Array(text.utf8), to: path(name))
  }
}
