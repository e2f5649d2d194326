import TestSupport
import Testing

@testable import Nagare

extension OpCaseTests {
  /// The same node comes back from a graph file in binary and text form.
  @Test(arguments: ops) func survivesAGraphFile(_ op: String) {
    for node in cases(op) where !node.golden.isRefused { node.checkGraphFile() }
  }
}

extension OpCaseNode {
  func checkGraphFile() {
    do {
      let placed = try place(.full)
      let binary = try Graph(definition: placed.graph.serialized())
      let text = try Graph(definition: Array(placed.graph.textFormat().utf8))
      for (form, graph) in [("binary", binary), ("text", text)] {
        guard let node = graph.node(named: "node") else {
          fail("graph file, \(form)", "the node is gone")
          continue
        }
        let mine = placed.node
        if node.type != mine.type || node.attributes != mine.attributes
          || node.inputs != mine.inputs
        {
          fail(
            "graph file, \(form)",
            "wrote \(mine.type) \(mine.attributes), read \(node.type) "
              + "\(node.attributes)")
        }
        if node.outputs.map(\.description) != mine.outputs.map(\.description) {
          fail("graph file, \(form)", "wrote \(mine.outputs), read \(node.outputs)")
        }
      }
    } catch { fail("graph file", "\(error)") }
  }
}
