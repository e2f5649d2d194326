/// The gradient of a convolution to its input, and from there through the ReLU that made that input.
struct MaskedConv2DBackpropInput: WithoutGradient {
  var gradient = Conv2DBackpropInput()

  static let name = "_MaskedConv2DBackpropInput"
  static let signature = Signature(
    inputs: ["input_sizes: int32", "filter: T", "out_backprop: T", "features: T"],
    outputs: ["output: T"], types: ["T": .of(.float32)])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    try gradient.infer(Array(inputs.prefix(3)))
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [try gradient.backpropagate(Float.self, inputs, context, features: inputs[3])]
  }
}

/// The gradient of max pooling, and from there through the ReLU that made the pooled tensor. Where that
/// is not positive the gradient is zero, even of one that is infinite or NaN.
struct MaskedMaxPoolGrad: WithoutGradient {
  var gradient = MaxPoolGrad()

  static let name = "_MaskedMaxPoolGrad"
  static let signature = Signature(
    inputs: ["orig_input: T", "orig_output: T", "grad: T"], outputs: ["output: T"],
    types: ["T": .of(.float32)])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { try gradient.infer(inputs) }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [try gradient.backpropagate(Float.self, inputs, context, relu: true)]
  }
}

extension PlanDraft {
  /// Makes one unit of Conv2DBackpropInput or MaxPoolGrad and the ReluGrad that takes its output.
  mutating func fuseReluGradient() {
    let gradients = units.filter { $0.isOp(Conv2DBackpropInput.self) || $0.isOp(MaxPoolGrad.self) }
    guard !gradients.isEmpty else { return }
    let uses = PlanUses(self)
    var fused: [Int: PlanUnit] = [:]
    var absorbed: [Int: Int] = [:]
    for unit in gradients {
      let edge = Node.Edge(node: unit.node.id, index: 0)
      guard unit.node.outputs[0].dataType == .float32,
        let reader = uses.soleReader(of: unit.node), reader.op is ReluGrad,
        reader.inputs[0] == edge, reader.inputs[1] != edge, reader.node.controlInputs.isEmpty,
        isPure(unit), isPure(reader)
      else { continue }
      let features = reader.inputs[1]
      switch unit.op {
      case let gradient as Conv2DBackpropInput where gradient.convolution.dataFormat == .nhwc:
        fused[reader.node.id] = PlanUnit(
          MaskedConv2DBackpropInput(gradient: gradient), for: reader.node,
          inputs: unit.inputs + [features])
      case let gradient as MaxPoolGrad where features == unit.inputs[0]:
        fused[reader.node.id] = PlanUnit(
          MaskedMaxPoolGrad(gradient: gradient), for: reader.node, inputs: unit.inputs)
      default: continue
      }
      absorbed[unit.node.id] = reader.node.id
    }
    fuse(.fuseReluGradient, fused, absorbed: absorbed)
  }
}
