extension Session {
  /// A graph of what `fetches` need and no more, with the variables' present values as constants: what
  /// a program needs that only uses a trained model.
  ///
  /// Names stay. As TensorFlow's `convert_variables_to_constants` does it, a variable's node becomes
  /// the constant, and what reads it an `Identity`.
  ///
  /// - Throws: `invalidArgument` when there is nothing to fetch, `failedPrecondition` for a variable
  ///   without a value, `unimplemented` for a node that takes a variable itself, to change it for
  ///   example.
  public func frozen(_ fetches: [Output]) throws(GraphError) -> Graph {
    guard !fetches.isEmpty else { throw .invalidArgument("There is nothing to fetch") }
    for output in fetches where output.graph !== graph {
      throw .invalidArgument("Tensor \(output) is not an element of this graph.")
    }
    let frozen = Graph()
    frozen.metadata = graph.metadata
    var copies: [Int: Node] = [:]
    for node in graph.ancestors(of: fetches.map(\.node)) {
      do throws(GraphError) {
        copies[node.id] = try freeze(node, into: frozen, copies)
      } catch {
        throw error.at(node: "{{node \(node.name)}} = \(node.type)", location: node.location)
      }
    }
    return frozen
  }

  private func freeze(
    _ node: Node, into frozen: Graph, _ copies: [Int: Node]
  ) throws(GraphError) -> Node {
    if let variable = try value(of: node) {
      guard let current = variable.current else {
        throw VariableValue.uninitialized(variable.name)
      }
      return try frozen.constant(current, exactly: node.name).node
    }
    var inputs: [Output] = []
    for (position, edge) in node.inputs.enumerated() {
      guard let copy = copies[edge.node] else {
        throw .unimplemented("A graph with a loop cannot be frozen")
      }
      let source = graph.node(edge.node)
      let takesValue = source.outputs[edge.index].isReference && !node.takesReference[position]
      guard !(source.op is any VariableOp) || takesValue || node.op is ReadVariableOp else {
        throw .unimplemented(
          "It takes the variable '\(source.name)' itself, which a frozen graph does not have")
      }
      inputs.append(frozen.output(copy, edge.index))
    }
    let controls = node.controlInputs.compactMap { copies[$0] }
    if node.op is UnknownOp {
      return try frozen.insertUnknown(
        type: node.type, inputs.map(\.edge), controlInputs: controls.map(\.id), name: node.name,
        attributes: node.attributes, outputs: node.outputs, device: node.device)
    }
    let isRead = node.op is ReadVariableOp
    let op: any Op = isRead ? Identity() : node.op
    let type = isRead ? Identity.name : node.type
    guard let definition = Registry.definition(type) else {
      throw .notFound("Op type not registered '\(type)'")
    }
    return try frozen.insert(
      op, definition, inputs, controlInputs: controls, name: .exact(node.name),
      attributes: isRead ? [:] : node.attributes, device: node.device)
  }
}
