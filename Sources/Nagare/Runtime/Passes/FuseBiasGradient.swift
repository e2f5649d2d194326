/// The gradients of a convolution to its filter and to the bias that is added to its results.
struct Conv2DBackpropFilterBias: WithoutGradient {
  var gradient = Conv2DBackpropFilter()

  static let name = "_Conv2DBackpropFilterBias"
  static let signature = Signature(
    inputs: ["input: T", "filter_sizes: int32", "out_backprop: T"],
    outputs: ["output: T", "bias: T"], types: ["T": .of(.float32)])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    try gradient.infer(inputs) + [.vector(inputs[2].shape[-1])]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    try gradient.backpropagate(Float.self, inputs, context, addsBias: true)
  }
}

extension PlanDraft {
  /// Makes one unit of BiasAddGrad and the Conv2DBackpropFilter that reads the same gradient.
  mutating func fuseBiasGradient() {
    let biases = units.filter { $0.isOp(BiasAddGrad.self) && isPure($0) }
    guard !biases.isEmpty else { return }
    var filters: [Node.Edge: (position: Int, gradient: Conv2DBackpropFilter)] = [:]
    for (position, unit) in units.enumerated() where unit.isOp(Conv2DBackpropFilter.self) {
      guard let gradient = unit.op as? Conv2DBackpropFilter, isPure(unit),
        gradient.convolution.dataFormat == .nhwc, unit.node.outputs[0].dataType == .float32
      else { continue }
      filters[unit.inputs[2]] = (position, gradient)
    }
    var isAwaited = targets
    var firstReader: [Node.Edge: Int] = [:]
    for (position, unit) in units.enumerated() {
      isAwaited.formUnion(unit.node.controlInputs)
      for edge in unit.inputs where firstReader[edge] == nil { firstReader[edge] = position }
    }
    var replaced: [Int: Node.Edge] = [:]
    var fused: [Int: Conv2DBackpropFilterBias] = [:]
    for bias in biases {
      let edge = bias.outputs[0]
      guard (bias.op as? BiasAddGrad)?.dataFormat == .nhwc,
        let (position, gradient) = filters[bias.inputs[0]],
        // What reads the bias's gradient must come after both.
        firstReader[edge, default: units.count] > position,
        bias.node.controlInputs.isEmpty, !isAwaited.contains(bias.node.id)
      else { continue }
      let filter = units[position].node
      guard let output = add(bias.node.outputs[0], to: filter) else { continue }
      fused[filter.id] = Conv2DBackpropFilterBias(gradient: gradient)
      replaced[bias.node.id] = output
    }
    rewrite { unit, draft, replacement in
      if let op = fused[unit.node.id] {
        return PlanUnit(op, for: unit.node, inputs: unit.inputs, outputCount: 2)
      }
      guard let output = replaced[unit.node.id] else { return unit }
      replacement[unit.outputs[0]] = output
      draft.note(.fuseBiasGradient, unit.node, into: draft.nodes[output.node])
      return nil
    }
  }
}
