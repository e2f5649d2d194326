/// The same tensor under another name.
struct Identity: Op {
  static let name = "Identity"
  static let signature = Signature(
    inputs: ["input: T"], outputs: ["output: T"], types: ["T": .any])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [inputs[0].shape] }

  func inferValue(_ inputs: [TensorSpec]) -> Shape? { inputs[0].shapeValue }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    inputs
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] { [try node.gradient] }
}

/// The same tensor, counted as a constant by differentiation.
struct StopGradient: Op, NonDifferentiable {
  static let name = "StopGradient"
  static let signature = Identity.signature

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [inputs[0].shape] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    inputs
  }
}

/// Does nothing; its control inputs make it a group.
struct NoOp: Op, NonDifferentiable {
  static let name = "NoOp"
  static let signature = Signature()

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] { [] }
}

/// The same tensor under another name.
///
/// TensorFlow: `Identity`, `tf.identity`.
public func identity(
  _ input: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try input.graph.output(Identity(), [input], name: name, SourceLocation(file, line))
}

/// The same tensor; `gradients(of:withRespectTo:)` takes it for a constant.
///
/// TensorFlow: `StopGradient`, `tf.stop_gradient`.
public func stopGradient(
  _ input: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try input.graph.output(StopGradient(), [input], name: name, SourceLocation(file, line))
}

extension Graph {
  /// A node that runs after all of `nodes`.
  ///
  /// TensorFlow: `NoOp`, `tf.group`.
  public func group(
    _ nodes: [Node], name: String = "group_deps",
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Node {
    try addNode("NoOp", controlInputs: nodes, name: name, file: file, line: line)
  }
}
