/// `log(exp(x) + 1)`.
struct Softplus: FloatUnary {
  static let name = "Softplus"
  static let signature = Signature(
    inputs: ["features: T"], outputs: ["activations: T"], types: ["T": .floatingOperand])

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T {
    softplusValue(x)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try node.gradient * sigmoid(node.inputs[0])]
  }
}

/// Exact where `exp(x)` would overflow or vanish beside 1.
@inline(__always) private func softplusValue<T: FloatNumber>(_ x: T) -> T {
  let threshold = T.log(T.ulpOfOne) + 2
  if x > -threshold { return x }
  let power = T.exp(x)
  return x < threshold ? power : T.log(onePlus: power)
}

/// The gradient of `softplus(x)` from `x`.
struct SoftplusGrad: FloatPair {
  static let name = "SoftplusGrad"
  static let signature = Signature(
    inputs: ["gradients: T", "features: T"], outputs: ["backprops: T"],
    types: ["T": .floatingOperand])

  @inline(__always) static func function<T: FloatNumber>(_ gradient: T, _ x: T) -> T {
    gradient / (T.exp(-x) + 1)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let (dy, x) = (node.inputs[0], node.inputs[1])
    let gradient = try node.gradient
    let slope = try gradient * dy / (exp(negative(x)) + 2 + exp(x))
    return [try binary(SoftplusGrad(), gradient, x), slope]
  }
}

/// `x / (|x| + 1)`.
struct Softsign: FloatUnary {
  static let name = "Softsign"
  static let signature = Signature(
    inputs: ["features: T"], outputs: ["activations: T"], types: ["T": .floatingOperand])

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T {
    x / (x.magnitude + 1)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try binary(SoftsignGrad(), node.gradient, node.inputs[0])]
  }
}

/// The gradient of `softsign(x)` from `x`.
struct SoftsignGrad: FloatPair, WithoutGradient {
  static let name = "SoftsignGrad"
  static let signature = Signature(
    inputs: ["gradients: T", "features: T"], outputs: ["backprops: T"],
    types: ["T": .floatingOperand])

  @inline(__always) static func function<T: FloatNumber>(_ gradient: T, _ x: T) -> T {
    gradient / ((x.magnitude + 1) * (x.magnitude + 1))
  }
}

/// `log(exp(x) + 1)` of each element.
///
/// TensorFlow: `Softplus`, `tf.math.softplus`.
public func softplus(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Softplus(), [x], name: name, SourceLocation(file, line))
}

/// `x / (|x| + 1)` of each element.
///
/// TensorFlow: `Softsign`, `tf.nn.softsign`.
public func softsign(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Softsign(), [x], name: name, SourceLocation(file, line))
}
