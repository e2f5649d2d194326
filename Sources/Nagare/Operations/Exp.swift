import CNagareKernels

/// `e` to the power of each element.
struct Exp: FloatUnary {
  static let name = "Exp"
  static var loop: FloatLoop? { nagare_exp_f32 }

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T { T.exp(x) }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try node.gradient * node.outputs[0]]
  }
}

/// `e` to the power of each element, less one, exact near zero.
struct Expm1: FloatUnary {
  static let name = "Expm1"

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T { T.expMinusOne(x) }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try node.gradient * exp(node.inputs[0])]
  }
}

/// `e` to the power of each element.
///
/// TensorFlow: `Exp`, `tf.exp`.
public func exp(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Exp(), [x], name: name, SourceLocation(file, line))
}

/// `e` to the power of each element, less one, exact near zero.
///
/// TensorFlow: `Expm1`, `tf.math.expm1`.
public func expm1(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Expm1(), [x], name: name, SourceLocation(file, line))
}
