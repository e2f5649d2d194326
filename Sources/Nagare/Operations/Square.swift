/// `x · x`.
struct Square: NumberUnary {
  static let name = "Square"
  static let signature = Signature(
    inputs: ["x: T"], outputs: ["y: T"],
    types: [
      "T": .of(
        .bfloat16, .float16, .float32, .float64, .int8, .int16, .int32, .int64, .uint8, .uint16,
        .uint32, .uint64, .complex64, .complex128)
    ])

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T { x * x }
  @inline(__always) static func function<T: IntegerNumber>(_ x: T) -> T { x &* x }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try node.gradient * (node.inputs[0] * 2)]
  }
}

/// The square of each element.
///
/// TensorFlow: `Square`, `tf.square`.
public func square(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Square(), [x], name: name, SourceLocation(file, line))
}
