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
