/// The square root; NaN below zero.
struct Sqrt: FloatUnary {
  static let name = "Sqrt"

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T { x.squareRoot() }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try binary(SqrtGrad(), node.outputs[0], node.gradient)]
  }
}

/// The gradient of `y = sqrt(x)`: `dy / 2y`.
struct SqrtGrad: FloatPair {
  static let name = "SqrtGrad"
  static let signature = Signature(
    inputs: ["y: T", "dy: T"], outputs: ["z: T"], types: ["T": .complexOrFloating])

  @inline(__always) static func function<T: FloatNumber>(_ y: T, _ dy: T) -> T {
    dy * 0.5 / y
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let gradient = try node.gradient
    let ratio = try gradient / node.inputs[0]
    return [try negative(ratio) * node.outputs[0], try 0.5 * ratio]
  }
}

/// One over the square root.
struct Rsqrt: FloatUnary {
  static let name = "Rsqrt"

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T { 1 / x.squareRoot() }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try binary(RsqrtGrad(), node.outputs[0], node.gradient)]
  }
}

/// The gradient of `y = rsqrt(x)`: `-dy · y³ / 2`.
struct RsqrtGrad: FloatPair {
  static let name = "RsqrtGrad"
  static let signature = Signature(
    inputs: ["y: T", "dy: T"], outputs: ["z: T"], types: ["T": .complexOrFloating])

  @inline(__always) static func function<T: FloatNumber>(_ y: T, _ dy: T) -> T {
    dy * -0.5 * y * y * y
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let gradient = try node.gradient
    let (y, dy) = (node.inputs[0], node.inputs[1])
    return [
      try -1.5 * gradient * dy * square(y), try binary(RsqrtGrad(), y, gradient),
    ]
  }
}

/// The square root of each element.
///
/// TensorFlow: `Sqrt`, `tf.sqrt`.
public func sqrt(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Sqrt(), [x], name: name, SourceLocation(file, line))
}

/// One over the square root of each element.
///
/// TensorFlow: `Rsqrt`, `tf.rsqrt`.
public func rsqrt(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Rsqrt(), [x], name: name, SourceLocation(file, line))
}
