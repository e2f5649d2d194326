import CNagareKernels

/// A convolution and what is done with its results in one kernel: a vector added to every pixel, a tensor
/// added, and ReLU or ReLU6.
protocol FusedConvolution: MultiplyAddOp, SingleOutputOp, WithoutGradient {
  associatedtype Plain: ConvolutionOp & MultiplyAddOp

  var plain: Plain { get set }
  var fusion: ConvolutionFusion { get set }

  func convolve(
    _ inputs: [Tensor], _ context: KernelContext, _ epilogue: Epilogue
  ) throws(GraphError) -> Tensor
}

/// The operands of a fused convolution. Its inputs are those of the convolution, without the filter where
/// that is among the constants, then the bias and the addend that it has.
struct ConvolutionFusion: Sendable {
  /// A filter and a bias that were computed when the plan was made.
  var constants: (filter: Tensor, bias: Tensor)?
  var hasBias = false
  /// Node and op of the addition of two tensors, the convolution's place in which is `place`.
  var addition: (node: Node, op: any SingleOutputOp, place: Int)?
  var activation = Epilogue.Activation.none
}

extension FusedConvolution {
  init(_ plain: Plain, _ fusion: ConvolutionFusion = ConvolutionFusion()) {
    self.init()
    self.plain = plain
    self.fusion = fusion
  }

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.unknown] }

  /// The operands of the plain convolution, and what becomes of its results.
  func operands(_ inputs: [Tensor]) -> ([Tensor], Epilogue) {
    var operands = inputs
    var epilogue = Epilogue(activation: fusion.activation)
    if fusion.addition != nil { epilogue.addend = operands.popLast() }
    if let constants = fusion.constants {
      operands.append(constants.filter)
      epilogue.bias = constants.bias
    } else if fusion.hasBias {
      epilogue.bias = operands.popLast()
    }
    return (operands, epilogue)
  }

  func computeOutput(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    let (operands, epilogue) = operands(inputs)
    guard let addend = epilogue.addend, let addition = fusion.addition,
      plain.outputDimensions(operands) != addend.dimensions
    else { return try convolve(operands, context, epilogue) }
    // Shapes that are known in the run only may go together in another way, or not at all.
    let result = try convolve(operands, context, Epilogue(bias: epilogue.bias))
    let terms = addition.place == 0 ? [result, addend] : [addend, result]
    let sum: Tensor
    do throws(GraphError) {
      sum = try addition.op.computeOutput(terms, context)
    } catch {
      throw Plan.located(error, addition.node, terms)
    }
    return try Epilogue(activation: fusion.activation).applied(to: sum, context)
  }

  func multiplyAdds(_ inputs: [[Int]], _ outputs: [[Int]]) -> Double {
    let filter = fusion.constants?.filter.dimensions ?? inputs[1]
    return plain.multiplyAdds([inputs[0], filter], outputs)
  }
}

extension ConvolutionOp {
  /// The dimensions of the output, or `nil` where the op refuses the inputs.
  fileprivate func outputDimensions(_ inputs: [Tensor]) -> [Int]? {
    let specs = inputs.map { TensorSpec($0.dataType, $0.shape) }
    return try? infer(specs)[0].known
  }
}

/// TensorFlow's own optimizer makes `_FusedConv2D` of the same nodes.
struct FusedConv2D: FusedConvolution {
  var plain = Conv2D()
  var fusion = ConvolutionFusion()

  static let name = "_FusedConv2D"
  static let signature = Signature(
    inputs: ["inputs: T"], outputs: ["output: T"], types: ["T": .of(.float32)])

  func convolve(
    _ inputs: [Tensor], _ context: KernelContext, _ epilogue: Epilogue
  ) throws(GraphError) -> Tensor {
    try plain.convolve(Float.self, inputs, context, epilogue)
  }
}

/// TensorFlow's own optimizer makes `_FusedDepthwiseConv2dNative` of the same nodes.
struct FusedDepthwiseConv2D: FusedConvolution {
  var plain = DepthwiseConv2D()
  var fusion = ConvolutionFusion()

  static let name = "_FusedDepthwiseConv2dNative"
  static let signature = Signature(
    inputs: ["inputs: T"], outputs: ["output: T"], types: ["T": .of(.float32)])

  func convolve(
    _ inputs: [Tensor], _ context: KernelContext, _ epilogue: Epilogue
  ) throws(GraphError) -> Tensor {
    try plain.convolve(inputs, context, nagare_depthwise_f32, epilogue)
  }
}

extension PlanUnit {
  /// The fused form of a convolution of pictures with channels last, if this is one that takes more.
  var fusedConvolution: (any FusedConvolution)? {
    // Casts take longer to fail than types to compare.
    let fused: (any FusedConvolution)? =
      if isOp(Conv2D.self) {
        (op as? Conv2D).map { FusedConv2D($0) }
      } else if isOp(DepthwiseConv2D.self) {
        (op as? DepthwiseConv2D).map { FusedDepthwiseConv2D($0) }
      } else if isOp(FusedConv2D.self) || isOp(FusedDepthwiseConv2D.self) {
        op as? any FusedConvolution
      } else {
        nil
      }
    guard let fused, fused.plain.convolution.dataFormat == .nhwc,
      node.outputs[0].dataType == .float32,
      fused.fusion.addition == nil, fused.fusion.activation == .none
    else { return nil }
    return fused
  }
}
