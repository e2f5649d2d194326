import CNagareKernels

/// A convolution or a product of matrices and what is done with its results in one kernel: a vector added
/// to every pixel or row, a tensor added, and ReLU or ReLU6.
protocol FusedProduct: MultiplyAddOp, SingleOutputOp, WithoutGradient {
  associatedtype Plain: MultiplyAddOp

  var plain: Plain { get set }
  var fusion: ProductFusion { get set }

  func multiply(
    _ inputs: [Tensor], _ context: KernelContext, _ epilogue: Epilogue
  ) throws(GraphError) -> Tensor
}

/// The operands of a fused product. Its inputs are those of the product, without the filter where that is
/// among the constants, then the bias and the addend that it has.
struct ProductFusion: Sendable {
  /// The product's own node, which its refusals name.
  var product: Node?
  /// A filter and a bias that were computed when the plan was made.
  var constants: (filter: Tensor, bias: Tensor)?
  /// The node that adds the bias.
  var bias: Node?
  /// Node and op of the addition of two tensors, the product's place in which is `place`.
  var addition: (node: Node, op: any SingleOutputOp, place: Int)?
  var activation = Epilogue.Activation.none

  static let signature = Signature(
    inputs: ["inputs: T"], outputs: ["output: T"], types: ["T": .of(.float32)])

  /// A refusal of the product, with its node.
  func located(_ error: GraphError, _ operands: [Tensor]) -> GraphError {
    product.map { Plan.located(error, $0, operands) } ?? error
  }
}

extension FusedProduct {
  static var signature: Signature { ProductFusion.signature }

  init(_ plain: Plain, _ fusion: ProductFusion = ProductFusion()) {
    self.init()
    self.plain = plain
    self.fusion = fusion
  }

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.unknown] }

  /// The operands of the plain product, and what becomes of its results.
  func operands(_ inputs: [Tensor]) -> ([Tensor], Epilogue) {
    var operands = inputs
    var epilogue = Epilogue(biasNode: fusion.bias, activation: fusion.activation)
    if fusion.addition != nil { epilogue.addend = operands.popLast() }
    if let constants = fusion.constants {
      operands.append(constants.filter)
      epilogue.bias = constants.bias
    } else if fusion.bias != nil {
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
    else { return try product(operands, context, epilogue) }
    // Shapes that are known in the run only may go together in another way, or not at all.
    let result = try product(
      operands, context, Epilogue(bias: epilogue.bias, biasNode: epilogue.biasNode))
    let terms = addition.place == 0 ? [result, addend] : [addend, result]
    let sum: Tensor
    do throws(GraphError) {
      sum = try addition.op.computeOutput(terms, context)
    } catch {
      throw Plan.located(error, addition.node, terms)
    }
    return try Epilogue(activation: fusion.activation).applied(to: sum, context)
  }

  private func product(
    _ operands: [Tensor], _ context: KernelContext, _ epilogue: Epilogue
  ) throws(GraphError) -> Tensor {
    do throws(GraphError) {
      return try multiply(operands, context, epilogue)
    } catch {
      throw fusion.located(error, operands)
    }
  }

  func multiplyAdds(_ inputs: [[Int]], _ outputs: [[Int]]) -> Double {
    let filter = fusion.constants?.filter.dimensions ?? inputs[1]
    return plain.multiplyAdds([inputs[0], filter], outputs)
  }
}

extension Op {
  /// The dimensions of the output, or `nil` where the op refuses the inputs.
  fileprivate func outputDimensions(_ inputs: [Tensor]) -> [Int]? {
    let specs = inputs.map { TensorSpec($0.dataType, $0.shape) }
    return try? infer(specs)[0].known
  }
}

/// TensorFlow's own optimizer makes `_FusedConv2D` of the same nodes.
struct FusedConv2D: FusedProduct {
  var plain = Conv2D()
  var fusion = ProductFusion()

  static let name = "_FusedConv2D"

  func multiply(
    _ inputs: [Tensor], _ context: KernelContext, _ epilogue: Epilogue
  ) throws(GraphError) -> Tensor {
    try plain.convolve(Float.self, inputs, context, epilogue)
  }
}

/// TensorFlow's own optimizer makes `_FusedDepthwiseConv2dNative` of the same nodes.
struct FusedDepthwiseConv2D: FusedProduct {
  var plain = DepthwiseConv2D()
  var fusion = ProductFusion()

  static let name = "_FusedDepthwiseConv2dNative"

  func multiply(
    _ inputs: [Tensor], _ context: KernelContext, _ epilogue: Epilogue
  ) throws(GraphError) -> Tensor {
    try plain.convolve(inputs, context, nagare_depthwise_f32, epilogue)
  }
}

/// TensorFlow's own optimizer makes `_FusedMatMul` of the same nodes.
struct FusedMatMul: FusedProduct {
  var plain = MatMul()
  var fusion = ProductFusion()

  static let name = "_FusedMatMul"

  func multiply(
    _ inputs: [Tensor], _ context: KernelContext, _ epilogue: Epilogue
  ) throws(GraphError) -> Tensor {
    try plain.multiply(inputs, context, epilogue)
  }
}

extension PlanUnit {
  /// The fused form of a product of matrices or of a convolution of pictures with channels last, if this is
  /// one that takes more.
  var fusedProduct: (any FusedProduct)? {
    guard let output = node.outputs.first, output.dataType == .float32 else { return nil }
    // Casts take longer to fail than types to compare.
    let fused: (any FusedProduct)? =
      if isOp(Conv2D.self) {
        (op as? Conv2D).flatMap { $0.convolution.dataFormat == .nhwc ? FusedConv2D($0) : nil }
      } else if isOp(DepthwiseConv2D.self) {
        (op as? DepthwiseConv2D).flatMap {
          $0.convolution.dataFormat == .nhwc ? FusedDepthwiseConv2D($0) : nil
        }
      } else if isOp(MatMul.self) {
        (op as? MatMul).map { FusedMatMul($0) }
      } else if isOp(FusedConv2D.self) || isOp(FusedDepthwiseConv2D.self) {
        op as? any FusedProduct
      } else {
        nil
      }
    guard let fused, fused.fusion.addition == nil, fused.fusion.activation == .none
    else { return nil }
    return fused
  }
}
