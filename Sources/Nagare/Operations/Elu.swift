/// `x` above 0, `exp(x) - 1` below.
struct Elu: FloatUnary {
  static let name = "Elu"
  static let signature = Signature(
    inputs: ["features: T"], outputs: ["activations: T"], types: ["T": .floatingOperand])

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T {
    x < 0 ? T.expMinusOne(x) : x
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try binary(EluGrad(), node.gradient, node.outputs[0])]
  }
}

/// The gradient of `elu(x)` from its value.
struct EluGrad: FloatPair {
  static let name = "EluGrad"
  static let signature = Signature(
    inputs: ["gradients: T", "outputs: T"], outputs: ["backprops: T"],
    types: ["T": .floatingOperand])

  @inline(__always) static func function<T: FloatNumber>(_ gradient: T, _ y: T) -> T {
    y < 0 ? (y + 1) * gradient : gradient
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let (dy, y) = (node.inputs[0], node.inputs[1])
    let gradient = try node.gradient
    return [
      try binary(EluGrad(), gradient, y),
      try selectV1(y .< 0, gradient * dy, zerosLike(y)),
    ]
  }
}

/// The scaled exponential linear unit: activations keep mean 0 and variance 1.
///
/// Klambauer et al., *Self-Normalizing Neural Networks*, 2017.
struct Selu: FloatUnary {
  static let name = "Selu"
  static let signature = Signature(
    inputs: ["features: T"], outputs: ["activations: T"], types: ["T": .floatingOperand])

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T {
    x < 0 ? seluScaleAlpha() * T.expMinusOne(x) : seluScale() * x
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try binary(SeluGrad(), node.gradient, node.outputs[0])]
  }
}

/// The gradient of `selu(x)` from its value.
struct SeluGrad: FloatPair {
  static let name = "SeluGrad"
  static let signature = Signature(
    inputs: ["gradients: T", "outputs: T"], outputs: ["backprops: T"],
    types: ["T": .floatingOperand])

  @inline(__always) static func function<T: FloatNumber>(_ gradient: T, _ y: T) -> T {
    y < 0 ? gradient * (y + seluScaleAlpha()) : gradient * seluScale()
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let (dy, y) = (node.inputs[0], node.inputs[1])
    let gradient = try node.gradient
    return [
      try binary(SeluGrad(), gradient, y),
      try selectV1(y .< 0, gradient * dy, zerosLike(y)),
    ]
  }
}

@inline(__always) private func seluScale<T: FloatNumber>() -> T {
  1.0507009873554804934193349852946
}

@inline(__always) private func seluScaleAlpha<T: FloatNumber>() -> T {
  1.7580993408473768599402175208123
}

/// `x` above 0, `exp(x) - 1` below, of each element.
///
/// TensorFlow: `Elu`, `tf.nn.elu`.
public func elu(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Elu(), [x], name: name, SourceLocation(file, line))
}

/// The scaled exponential linear unit of each element.
///
/// TensorFlow: `Selu`, `tf.nn.selu`.
public func selu(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Selu(), [x], name: name, SourceLocation(file, line))
}
