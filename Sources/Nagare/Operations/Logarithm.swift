import CNagareKernels

/// The natural logarithm; NaN below zero.
struct Log: FloatUnary {
  static let name = "Log"
  static var loop: FloatLoop? { nagare_log_f32 }

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T { T.log(x) }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try node.gradient * reciprocal(node.inputs[0])]
  }
}

/// The natural logarithm of one more than each element, exact near zero.
struct Log1p: FloatUnary {
  static let name = "Log1p"

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T { T.log(onePlus: x) }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try node.gradient * reciprocal(1 + node.inputs[0])]
  }
}

/// The natural logarithm of each element.
///
/// TensorFlow: `Log`, `tf.log`.
public func log(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Log(), [x], name: name, SourceLocation(file, line))
}

/// The natural logarithm of one more than each element, exact near zero.
///
/// TensorFlow: `Log1p`, `tf.math.log1p`.
public func log1p(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Log1p(), [x], name: name, SourceLocation(file, line))
}
