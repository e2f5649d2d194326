/// A call of a function of the graph's library: its outputs are the function's results.
protocol FunctionCallOp: FunctionUser {
  var function: FunctionReference { get set }
}

extension FunctionCallOp {
  var functions: [FunctionReference] { [function] }

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [] }

  func infer(
    _ inputs: [TensorSpec], outputs: Int, in graph: Graph
  ) throws(GraphError) -> [Shape] {
    // A function that is wrong in itself is refused when it is called, as in TensorFlow.
    guard let body = try? graph.functions.body(function, chain: graph.functionChain),
      body.results.count == outputs
    else { return [Shape](repeating: .unknown, count: outputs) }
    return body.results.map(\.shape)
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    try context.call(function, inputs)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    try node.gradient(ofCall: function)
  }
}

/// A call of a function that neither draws random numbers nor does anything besides.
struct PartitionedCall: FunctionCallOp {
  var function = FunctionReference(name: "")
  var configuration = ""
  var configurationProto = ""
  var executorType = ""

  static let name = "PartitionedCall"
  static let signature = Signature(
    inputs: ["args: Tin"], outputs: ["output: Tout"], types: ["Tin": .anyList, "Tout": .anyList])
  static let attributes: [Attribute<Self>] = [
    .required("f", \.function), .attribute("config", \.configuration),
    .attribute("config_proto", \.configurationProto), .attribute("executor_type", \.executorType),
  ]
  static let isFoldable = false
}
