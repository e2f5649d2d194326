/// The same tensor under another name.
struct Identity: SingleOutputOp, AliasingOp {
  static let name = "Identity"
  static let signature = Signature(
    inputs: ["input: T"], outputs: ["output: T"], types: ["T": .any])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [inputs[0].shape] }

  func inferValue(_ inputs: [TensorSpec]) -> Shape? { inputs[0].shapeValue }

  func computeOutput(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    inputs[0]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] { [try node.gradient] }
}

/// The same tensor, counted as a constant by differentiation.
struct StopGradient: SingleOutputOp, AliasingOp, NonDifferentiable {
  static let name = "StopGradient"
  static let signature = Identity.signature

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [inputs[0].shape] }

  func computeOutput(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    inputs[0]
  }
}

/// The same tensor, through which no gradient may be taken.
struct PreventGradient: SingleOutputOp, AliasingOp {
  /// Why.
  var message = ""

  static let name = "PreventGradient"
  static let signature = Identity.signature
  static let attributes: [Attribute<Self>] = [.attribute("message", \.message)]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [inputs[0].shape] }

  func computeOutput(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    inputs[0]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    throw .notFound("Gradient explicitly disabled. Reason: \(message)")
  }
}

/// The same tensor; what comes from it does not change between runs.
struct GuaranteeConst: Op, WithoutGradient {
  static let name = "GuaranteeConst"
  static let signature = Identity.signature
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [inputs[0].shape] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    inputs
  }
}

/// The same tensor as it is when the node runs.
struct Snapshot: SingleOutputOp, AliasingOp, WithoutGradient {
  static let name = "Snapshot"
  static let signature = Identity.signature

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [inputs[0].shape] }

  func computeOutput(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    inputs[0]
  }
}

/// The same tensors under other names.
struct IdentityN: Op {
  static let name = "IdentityN"
  static let signature = Signature(
    inputs: ["input: T"], outputs: ["output: T"], types: ["T": .anyList], minimumCounts: ["T": 1])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { inputs.map(\.shape) }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    inputs
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] { node.upstream }
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

/// The same tensors under other names, all of them after all of `inputs`.
///
/// TensorFlow: `IdentityN`, `tf.identity_n`.
public func identities(
  _ inputs: [Output], name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> [Output] {
  guard let graph = inputs.first?.graph else {
    throw .invalidArgument("identities takes at least one tensor")
  }
  return graph.outputs(
    of: try graph.add(IdentityN(), inputs, name: name, SourceLocation(file, line)))
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
