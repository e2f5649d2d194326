/// The absolute value; the least signed integer stays as it is.
struct Abs: NumberUnary {
  static let name = "Abs"
  static let signature = Signature(
    inputs: ["x: T"], outputs: ["y: T"],
    types: [
      "T": .of(.bfloat16, .float16, .float32, .float64, .int8, .int16, .int32, .int64)
    ])

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T { x.magnitude }
  @inline(__always) static func function<T: IntegerNumber>(_ x: T) -> T { x < 0 ? 0 &- x : x }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try node.gradient * sign(node.inputs[0])]
  }
}

/// -1, 0 or 1; NaN stays NaN.
struct Sign: NumberUnary {
  static let name = "Sign"
  static let signature = Signature(
    inputs: ["x: T"], outputs: ["y: T"], types: ["T": .signed])

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T {
    x > 0 ? 1 : x < 0 ? -1 : x == 0 ? 0 : x
  }

  @inline(__always) static func function<T: IntegerNumber>(_ x: T) -> T { x.signum() }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try zerosLike(node.inputs[0])]
  }
}

/// The absolute value of each element.
///
/// TensorFlow: `Abs`, `tf.abs`.
public func abs(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Abs(), [x], name: name, SourceLocation(file, line))
}

/// The sign of each element: -1, 0 or 1.
///
/// TensorFlow: `Sign`, `tf.sign`.
public func sign(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Sign(), [x], name: name, SourceLocation(file, line))
}
