/// A convolution with a vector added to every pixel, and no negative elements left where `relu` says so.
/// TensorFlow's own optimizer makes `_FusedConv2D` of the same nodes.
struct FusedConv2D: WithoutGradient {
  var convolution = Conv2D()
  var relu = false

  static let name = "_FusedConv2D"
  static let signature = Signature(
    inputs: ["input: T", "filter: T", "bias: T"], outputs: ["output: T"],
    types: ["T": .of(.float32)])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    try convolution.infer(Array(inputs.prefix(2)))
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [try convolution.convolve(Float.self, inputs, context, bias: inputs[2], relu: relu)]
  }
}

extension PlanDraft {
  /// Makes one unit of Conv2D, BiasAdd and Relu, or of the first two, where what is known before the run
  /// leaves nothing for BiasAdd to refuse.
  mutating func fuseBias() {
    let convolutions = units.filter { $0.isOp(Conv2D.self) }
    guard !convolutions.isEmpty else { return }
    let uses = PlanUses(self)
    var fused: [Int: PlanUnit] = [:]
    var absorbed: [Int: Int] = [:]
    for unit in convolutions {
      let edge = Node.Edge(node: unit.node.id, index: 0)
      guard let convolution = unit.op as? Conv2D, convolution.convolution.dataFormat == .nhwc,
        let addition = uses.soleReader(of: unit.node), addition.inputs[0] == edge,
        (addition.op as? BiasAdd)?.dataFormat == .nhwc, addition.node.controlInputs.isEmpty
      else { continue }
      let output = spec(of: edge)
      guard output.dataType == .float32, output.shape.rank == 4, let channels = output.shape[3],
        spec(of: addition.inputs[1]).shape.known == [channels]
      else { continue }
      var last = addition.node
      if let next = uses.soleReader(of: last), next.op is Relu, next.node.controlInputs.isEmpty {
        absorbed[last.id] = next.node.id
        last = next.node
      }
      absorbed[unit.node.id] = last.id
      fused[last.id] = PlanUnit(
        FusedConv2D(convolution: convolution, relu: last !== addition.node), for: last,
        inputs: unit.inputs + [addition.inputs[1]])
    }
    fuse(.fuseBias, fused, absorbed: absorbed)
  }
}
