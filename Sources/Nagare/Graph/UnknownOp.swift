/// An op type that the engine does not have. A graph with such nodes loads and can be inspected and
/// written; running one is refused, with all of them named at once.
struct UnknownOp: WithoutGradient {
  static let name = "UnknownOp"
  static let signature = Signature()
  static let isStateful = true

  /// The type in the graph file.
  var type = ""

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    throw .unimplemented("The op type \(type) is not implemented")
  }
}
