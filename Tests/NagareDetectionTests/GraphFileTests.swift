import Foundation
import Nagare
import NagareDetection
import Testing

/// The graph files of `Graphs/`, which are ready to run and which `make compat` compares.
///
/// `RECORD_GRAPHS=1` writes them anew, and fails so that this cannot pass unseen.
@Suite struct GraphFileTests {
  /// A file's name without its ending, and how its graph is built.
  struct File: Sendable, CustomTestStringConvertible {
    var name: String
    var build: @Sendable () throws(GraphError) -> Graph
    var testDescription: String { name }
  }

  static let files = [
    File(name: "addition", build: addition), File(name: "broadcasting", build: broadcasting),
    File(name: "reshape", build: reshaping),
    File(name: "grid_predict") { () throws(GraphError) in try prediction(.grid) },
    File(name: "grid_train") { () throws(GraphError) in try training(.grid) },
    File(name: "multibox_predict") { () throws(GraphError) in try prediction(.multibox) },
    File(name: "multibox_train") { () throws(GraphError) in try training(.multibox) },
  ]

  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Graphs")

  @Test(arguments: files) func theFileIsWhatTheCodeBuilds(file: File) throws {
    let path = Self.folder.appending(path: file.name + ".pbtxt")
    let text = try file.build().textFormat()
    if ProcessInfo.processInfo.environment["RECORD_GRAPHS"] == "1" {
      try text.write(to: path, atomically: true, encoding: .utf8)
      Issue.record("\(file.name).pbtxt was written, not compared")
      return
    }
    let recorded = try String(contentsOf: path, encoding: .utf8)
    #expect(text == recorded, "RECORD_GRAPHS=1 writes the graph files anew")
    let loaded = try Graph(contentsOf: path.path(percentEncoded: false))
    #expect(try loaded.textFormat() == recorded)
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

  // MARK: - Chapters 2 and 3

  /// A detector for small pictures at a sixteenth of its width: `images` to `logits`.
  private static func model(_ kind: Detector.Kind) throws(GraphError) -> DetectorModel {
    try DetectorModel(
      try Detector(kind, classCount: 2, width: 0.0625, pictureSize: 64), seed: 42, threads: 1)
  }

  private static func prediction(_ kind: Detector.Kind) throws(GraphError) -> Graph {
    let graph = try model(kind).graph
    _ = try graph.initializer()
    return graph
  }

  /// With `label_masks`, `labels` and `offsets`: `label_loss`, `loc_loss`, and the step `train`.
  private static func training(_ kind: Detector.Kind) throws(GraphError) -> Graph {
    let model = try model(kind)
    let graph = model.graph
    let boxes = model.detector.boxes.count
    let labels = try graph.placeholder(
      .float32, shape: [nil, boxes, model.detector.classCount], name: "labels")
    let masks = try graph.placeholder(.float32, shape: [nil, boxes], name: "label_masks")
    let offsets = try graph.placeholder(.float32, shape: [nil, boxes, 4], name: "offsets")
    let loss = try kind.loss(model.logits, masks: masks, labels: labels, offsets: offsets)
    let globalStep = try graph.globalStep()
    let update = try AdamOptimizer(learningRate: 0.002).minimize(
      loss.total, globalStep: globalStep)
    _ = try graph.group([update], name: "train")
    _ = try graph.initializer()
    return graph
  }
}
