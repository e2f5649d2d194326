extension Session {
  /// Gives each variable of the graph the value that the checkpoint has under the variable's name,
  /// without nodes of the graph that would do it.
  ///
  /// - Returns: the names of variables that the checkpoint lacks; they stay as they were.
  /// - Throws: `notFound` when the checkpoint has none of them, `invalidArgument` for a value of another
  ///   type or shape, `dataLoss` for damage.
  @discardableResult
  public func restore(_ checkpoint: Checkpoint) throws(GraphError) -> [String] {
    var missing: [String] = []
    var found = 0
    for node in graph.nodes {
      guard let variable = node.op as? any VariableOp else { continue }
      let name = variable.savedName(node)
      guard checkpoint.contains(name) else {
        missing.append(name)
        continue
      }
      let value = try checkpoint.tensor(named: name)
      guard value.dataType == variable.dataType, variable.shape.isCompatible(with: value.shape)
      else {
        throw .invalidArgument(
          "the variable '\(name)' is \(variable.dataType.signatureName)\(variable.shape), the "
            + "checkpoint has \(value.dataType.signatureName)\(value.shape)")
      }
      try self.value(of: node)?.current = value
      found += 1
    }
    guard found > 0 else {
      let names = checkpoint.entries.prefix(3).map { "'\($0.name)'" }.joined(separator: ", ")
      throw .notFound(
        missing.isEmpty
          ? "the graph has no variables to restore"
          : "the checkpoint has none of the graph's \(missing.count) variables, '\(missing[0])' "
            + "among them; it has \(checkpoint.entries.count) tensors, such as \(names)")
    }
    return missing
  }

  /// The variable that a node stands for; `nil` for another kind of node.
  func value(of node: Node) throws(GraphError) -> VariableValue? {
    guard let variable = node.op as? any VariableOp else { return nil }
    let context = KernelContext(node: node, environment: environment)
    return try variable.compute([], context).first?.variable
  }
}

/// An op whose output is a variable of the session.
protocol VariableOp: Op {
  var dataType: DataType { get }
  var shape: Shape { get }
  /// The name that it goes by in the session and in checkpoints; the node's where empty.
  var sharedName: String { get }
}

extension VariableOp {
  /// What `node` is called in checkpoints.
  func savedName(_ node: Node) -> String { sharedName.isEmpty ? node.name : sharedName }
}

extension VariableV1: VariableOp {}
extension VariableV2: VariableOp {}
extension VarHandleOp: VariableOp {}
