/// The greater of `x` and `y`, with broadcasting; NaN if one is.
struct Maximum: NumberBinary {
  static let name = "Maximum"
  static let signature = Signature(
    inputs: ["x: T", "y: T"], outputs: ["z: T"],
    types: [
      "T": .of(
        .bfloat16, .float16, .float32, .float64, .int8, .uint8, .int16, .uint16, .int32, .uint32,
        .int64, .uint64)
    ])

  @inline(__always) static func function<T: FloatNumber>(_ x: T, _ y: T) -> T {
    x <= y || y.isNaN ? y : x
  }

  @inline(__always) static func function<T: IntegerNumber>(_ x: T, _ y: T) -> T {
    x < y ? y : x
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    try routed(node, greaterEqual(node.inputs[0], node.inputs[1]))
  }
}

/// The lesser of `x` and `y`, with broadcasting; NaN if one is.
struct Minimum: NumberBinary {
  static let name = "Minimum"
  static let signature = Maximum.signature

  @inline(__always) static func function<T: FloatNumber>(_ x: T, _ y: T) -> T {
    y <= x || y.isNaN ? y : x
  }

  @inline(__always) static func function<T: IntegerNumber>(_ x: T, _ y: T) -> T {
    y < x ? y : x
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    try routed(node, lessEqual(node.inputs[0], node.inputs[1]))
  }
}

/// The gradient of a choice between two operands: all of it goes to the one that was chosen.
private func routed(
  _ node: Differentiation, _ isFirst: Output
) throws(GraphError) -> [Output?] {
  let (x, y) = (node.inputs[0], node.inputs[1])
  let gradient = try node.gradient
  let zeros = try zerosLike(gradient)
  return [
    try unbroadcast(select(isFirst, gradient, zeros), to: x, with: y),
    try unbroadcast(select(isFirst, zeros, gradient), to: y, with: x),
  ]
}

/// The greater of `x` and `y`, with broadcasting; NaN if one is.
///
/// TensorFlow: `Maximum`, `tf.maximum`.
public func maximum(
  _ x: Output, _ y: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Maximum(), [x, y], name: name, SourceLocation(file, line))
}

/// The lesser of `x` and `y`, with broadcasting; NaN if one is.
///
/// TensorFlow: `Minimum`, `tf.minimum`.
public func minimum(
  _ x: Output, _ y: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Minimum(), [x, y], name: name, SourceLocation(file, line))
}

/// The greater of `x` and a literal.
///
/// TensorFlow: `Maximum`, `tf.maximum`.
public func maximum(
  _ x: Output, _ y: Tensor, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try binary(Maximum(), x, y, name: name ?? "Maximum", SourceLocation(file, line))
}

/// The lesser of `x` and a literal.
///
/// TensorFlow: `Minimum`, `tf.minimum`.
public func minimum(
  _ x: Output, _ y: Tensor, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try binary(Minimum(), x, y, name: name ?? "Minimum", SourceLocation(file, line))
}
