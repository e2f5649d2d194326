/// `x` above 0, a fraction of it below.
struct LeakyRelu: ElementwiseUnary {
  /// The fraction that is kept below 0.
  var alpha: Float = 0.2

  static let name = "LeakyRelu"
  static let signature = Signature(
    inputs: ["features: T"], outputs: ["activations: T"],
    types: ["T": .floatingOperand.or(.float32)])
  static let attributes: [Attribute<Self>] = [.attribute("alpha", \.alpha)]

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let alpha = alpha
    switch inputs[0].dataType {
    case .float32:
      return [try mapElements(inputs, context) { (x: Float) in x > 0 ? x : x * alpha }]
    case .float64:
      return [try mapElements(inputs, context) { (x: Double) in x > 0 ? x : x * Double(alpha) }]
    default: throw .unsupported(Self.name, inputs[0].dataType)
    }
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try binary(LeakyReluGrad(alpha: alpha), node.gradient, node.inputs[0])]
  }
}

/// The gradient of `leakyRelu(x)` from `x`.
struct LeakyReluGrad: Op {
  /// The fraction that is kept below 0.
  var alpha: Float = 0.2

  static let name = "LeakyReluGrad"
  static let signature = Signature(
    inputs: ["gradients: T", "features: T"], outputs: ["backprops: T"],
    types: ["T": .floatingOperand.or(.float32)])
  static let attributes: [Attribute<Self>] = [.attribute("alpha", \.alpha)]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [try inputs[0].shape.merging(inputs[1].shape)]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let alpha = alpha
    switch inputs[0].dataType {
    case .float32:
      return [
        try zipElements(Self.name, inputs, context) { (dy: Float, x) in x > 0 ? dy : dy * alpha }
      ]
    case .float64:
      return [
        try zipElements(Self.name, inputs, context) { (dy: Double, x) in
          x > 0 ? dy : dy * Double(alpha)
        }
      ]
    default: throw .unsupported(Self.name, inputs[0].dataType)
    }
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let x = node.inputs[1]
    return [try binary(self, node.gradient, x), try zerosLike(x)]
  }
}

/// `x` above 0, `alpha · x` below.
///
/// TensorFlow: `LeakyRelu`, `tf.nn.leaky_relu`.
public func leakyRelu(
  _ x: Output, alpha: Float = 0.2, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(LeakyRelu(alpha: alpha), [x], name: name, SourceLocation(file, line))
}
