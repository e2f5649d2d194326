import TestSupport
import Testing

@testable import Nagare

/// Whole graphs that TensorFlow wrote, run in one session as TensorFlow ran them.
@Suite struct GraphCaseTests {
  @Test(arguments: Golden.graphCases) func runsAsInTensorFlow(_ golden: GraphCase) throws {
    let graph = try Graph(definition: Array(golden.definition().utf8))
    let session = Session(graph, threads: 1)
    let folder = try TemporaryFolder()
    for (index, run) in golden.runs.enumerated() {
      let place = "\(golden.name), run \(index + 1)"
      do {
        var feeds: [Output: Tensor] = [:]
        for (name, value) in run.feeds {
          feeds[try graph.output(named: name)] = try Self.located(value, folder.path)
        }
        var fetches: [Output] = []
        for name in run.fetches { fetches.append(try graph.output(named: name)) }
        let targets = run.targets.compactMap { graph.node(named: $0) }
        let values = try session.run(fetches, feeds: feeds, targets: targets)
        if let refusal = run.refusal {
          Issue.record("\(place) | expected '\(refusal.messages[0])', got \(values.map(\.shape))")
        }
        for (name, (value, expected)) in zip(run.fetches, zip(values, run.values)) {
          guard let expected else { continue }
          let located = try Self.located(expected, folder.path)
          if let difference = value.difference(from: located, golden.tolerance) {
            Issue.record("\(place) | \(name) | \(difference)")
          }
        }
      } catch {
        let expected = run.refusal?.messages[0].replacing("{directory}", with: folder.path)
        // An empty text is one that only TensorFlow's own classes explain.
        let message = error.message.replacing(/'_[0-9]+_/, with: "'_N_")
        let agrees = expected.map { $0.isEmpty || message.contains($0) } ?? false
        if error.code.rawValue != run.refusal?.code || !agrees {
          Issue.record(
            "\(place) | expected \(expected.map { "'\($0)'" } ?? "values"), got \(error)")
        }
      }
    }
  }

  private static func located(_ value: Tensor, _ folder: String) throws(GraphError) -> Tensor {
    guard value.dataType == .string else { return value }
    let strings = value.strings.map { bytes in
      let text = String(decoding: bytes, as: UTF8.self)
      guard text.contains("{directory}") else { return bytes }
      return Array(text.replacing("{directory}", with: folder).utf8)
    }
    return try Tensor(strings: strings, dimensions: value.dimensions)
  }

  /// Names that TensorFlow gave to nodes in scopes, in `names.json`.
  @Test func namesNodesAsTensorFlow() throws {
    var steps = try Golden.list("graph_cases/names.json")[...]
    let graph = Graph()
    try replay(&steps, graph)
    #expect(steps.isEmpty)
  }

  private func replay(_ steps: inout ArraySlice<JSONObject>, _ graph: Graph) throws {
    while let step = steps.popFirst() {
      if step.flag("exit") { return }
      let expected = try step.string("becomes")
      if step.has("add") {
        let node = try graph.addNode("NoOp", name: try step.string("add"))
        #expect(node.name == expected)
        continue
      }
      var rest = steps
      var failure: (any Error)?
      try graph.scope(try step.string("enter")) { () throws(GraphError) in
        #expect(graph.currentScope + "/" == expected)
        do { try replay(&rest, graph) } catch { failure = error }
      }
      if let failure { throw failure }
      steps = rest
    }
  }
}
