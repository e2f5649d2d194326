import Nagare

/// The form of a graph file to be written, told by its name.
enum GraphFormat {
  case graph
  case metaGraph

  init(path: String) throws(ToolError) {
    let lower = path.lowercased()
    if [".meta", ".meta.txt", ".meta.pbtxt"].contains(where: lower.hasSuffix) {
      self = .metaGraph
    } else if [".pb", ".pbtxt", ".pb.txt"].contains(where: lower.hasSuffix) {
      self = .graph
    } else {
      throw ToolError(
        .usage, "'\(path)' does not say in which form to write the graph",
        hint: "end it in .pb (binary), .pbtxt (text), .meta or .meta.pbtxt (MetaGraphDef)")
    }
  }

  func write(_ metaGraph: MetaGraph, to path: String) throws(ToolError) {
    try during(.writing) { () throws(GraphError) in
      switch self {
      case .graph: try metaGraph.graph.write(to: path)
      case .metaGraph: try metaGraph.write(to: path)
      }
    }
  }
}
