import Foundation
import Nagare
import NagareDetection
import Testing

/// The graph files of `Graphs/`, which are ready to run and which `make compat` compares.
///
/// `RECORD_GRAPHS=1` writes them anew, and fails so that this cannot pass unseen.
@Suite struct GraphFileTests {
  /// A file's name without its ending, and how its graph, or MetaGraph, is built.
  struct File: Sendable, CustomTestStringConvertible {
    var name: String
    var build: @Sendable () throws(GraphError) -> MetaGraph
    var isMetaGraph = true
    var testDescription: String { name }
  }

  static let files = [
    File("addition", addition), File("broadcasting", broadcasting), File("reshape", reshaping),
    File("functions", functions), File("datasets", datasets),
    File(name: "grid_predict") { () throws(GraphError) in try .prediction(.grid) },
    File(name: "grid_train") { () throws(GraphError) in try .training(.grid, .queue) },
    File(name: "multibox_predict") { () throws(GraphError) in try .prediction(.multibox) },
    File(name: "multibox_train") { () throws(GraphError) in try .training(.multibox, .dataset) },
  ]

  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Graphs")

  @Test(arguments: files) func theFileIsWhatTheCodeBuilds(file: File) throws {
    let path = Self.folder.appending(path: file.name + ".pbtxt")
    let built = try file.build()
    let text = try file.isMetaGraph ? built.textFormat() : built.graph.textFormat()
    if ProcessInfo.processInfo.environment["RECORD_GRAPHS"] == "1" {
      try text.write(to: path, atomically: true, encoding: .utf8)
      Issue.record("\(file.name).pbtxt was written, not compared")
      return
    }
    let recorded = try String(contentsOf: path, encoding: .utf8)
    #expect(text == recorded, "RECORD_GRAPHS=1 writes the graph files anew")
    let loaded = try MetaGraph(contentsOf: path.path(percentEncoded: false))
    let again = try file.isMetaGraph ? loaded.textFormat() : loaded.graph.textFormat()
    #expect(again == recorded)
  }

  @Test func everyGraphFileHasItsCode() throws {
    let names = try FileManager.default.contentsOfDirectory(
      atPath: Self.folder.path(percentEncoded: false)
    ).filter { $0.hasSuffix(".pbtxt") }
    #expect(names.sorted() == Self.files.map { $0.name + ".pbtxt" }.sorted())
  }

  // MARK: - Chapter 1

  private static func addition() throws(GraphError) -> Graph {
    let graph = Graph()
    let x = try graph.constant(2, name: "x")
    let y = try graph.constant(3, name: "y")
    _ = try add(x, y, name: "sum")
    return graph
  }

  private static func broadcasting() throws(GraphError) -> Graph {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [nil, nil], name: "x")
    let y = try graph.placeholder(.float32, name: "y")
    _ = try add(x, y, name: "sum")
    _ = try multiply(x, y, name: "product")
    return graph
  }

  private static func reshaping() throws(GraphError) -> Graph {
    let graph = Graph()
    let numbers = try graph.range(0, 100, name: "numbers")
    _ = try reshape(numbers, [4, -1], name: "rows")
    return graph
  }

  // MARK: - Functions and datasets

  /// Functions that call one another, with a gradient through them: `x` to `value`, `slope` and
  /// `weight_slope`.
  private static func functions() throws(GraphError) -> Graph {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [nil], name: "x")
    let weight = try graph.variable(graph.constant(1.5), name: "weight")
    let square = try graph.function("square", inputs: [TensorSpec(.float32, [nil])]) {
      (x) throws(GraphError) in [try x[0] * x[0]]
    }
    let weigh = try graph.function("weigh", inputs: [TensorSpec(.float32, [nil])]) {
      (x) throws(GraphError) in
      let read = try x[0].graph.addNode(
        "ReadVariableOp", [weight.handle], attributes: ["dtype": .type(.float32)])
      return [try sin(square([x[0]])[0]) * x[0].graph.outputs(of: read)[0]]
    }
    let value = try identity(weigh([x])[0], name: "value")
    let gradients = try graph.gradients(of: value, withRespectTo: [x, weight.handle])
    for (gradient, name) in zip(gradients, ["slope", "weight_slope"]) {
      if let gradient { _ = try identity(gradient, name: name) }
    }
    _ = try graph.initializer()
    return graph
  }

  /// A pipeline of every part: after `begin`, `numbers` and `noise` are of the next element. `first`
  /// is of an iterator that starts by itself.
  private static func datasets() throws(GraphError) -> Graph {
    let graph = Graph()
    graph.randomSeed = 3
    let factor = try graph.constant(2.0, name: "factor")
    let rows = try graph.constant(Tensor(strings: [[97], [98], [99]]), name: "rows")
    let numbers = try graph.rangeDataset(from: 1, to: 12).shard(2, index: 0)
      .map(parallelism: .calls(4)) { (x) throws(GraphError) in
        try [x[0], cast(x[0], to: .float32) * factor]
      }
    let joined = try graph.zipDataset([numbers, graph.sliceDataset([rows]).repeat()])
    let iterator = try joined.concatenate(joined.take(2)).skip(1)
      .shuffle(bufferSize: 4, seed: 9)
      .map { (x) throws(GraphError) in
        [x[0], try x[1] + x[0].graph.randomUniform([2], seed: 4), x[2]]
      }
      .repeat(2).batch(3, dropsRemainder: true).prefetch(2).iterator()
    for (output, name) in zip(try iterator.next(), ["numbers", "noise", "texts"]) {
      _ = try identity(output, name: name)
    }
    if let start = iterator.initializer { _ = try graph.group([start], name: "begin") }
    let single = try graph.oneShotIterator { (graph) throws(GraphError) in
      try graph.rangeDataset(to: 5).shuffle(bufferSize: 5, seed: 1)
    }
    _ = try identity(single.next()[0], name: "first")
    return graph
  }
}

extension GraphFileTests.File {
  fileprivate init(
    _ name: String, _ graph: @escaping @Sendable () throws(GraphError) -> Graph
  ) {
    let build: @Sendable () throws(GraphError) -> MetaGraph = { () throws(GraphError) in
      MetaGraph(try graph())
    }
    self.init(name: name, build: build, isMetaGraph: false)
  }
}

// The files of `nagare detect build --width 0.125`, the detector, input and purpose chosen.
extension MetaGraph {
  fileprivate static func prediction(_ kind: Detector.Kind) throws(GraphError) -> MetaGraph {
    try DetectionGraph.prediction(
      Detector(kind, classCount: 1, width: 0.125), seed: Int64(TrainingOptions().seed))
  }

  fileprivate static func training(
    _ kind: Detector.Kind, _ input: DetectionGraph.Input
  ) throws(GraphError) -> MetaGraph {
    var options = TrainingOptions()
    options.width = 0.125
    options.loss = kind.loss
    return try DetectionGraph(
      Detector(kind, classCount: 1, width: options.width), options: options, input: input
    ).training(records: "train.tfrecord")
  }
}
