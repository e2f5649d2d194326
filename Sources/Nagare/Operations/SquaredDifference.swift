/// `(x - y)²` with broadcasting.
struct SquaredDifference: NumberBinary {
  static let name = "SquaredDifference"
  static let signature = Signature(
    inputs: ["x: T", "y: T"], outputs: ["z: T"],
    types: [
      "T": .of(
        .bfloat16, .float16, .float32, .float64, .int32, .int64, .complex64, .complex128)
    ])

  @inline(__always) static func function<T: FloatNumber>(_ x: T, _ y: T) -> T {
    (x - y) * (x - y)
  }

  @inline(__always) static func function<T: IntegerNumber>(_ x: T, _ y: T) -> T {
    (x &- y) &* (x &- y)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let (x, y) = (node.inputs[0], node.inputs[1])
    let slope = try 2 * node.gradient * (x - y)
    return [
      try unbroadcast(slope, to: x, with: y), try negative(unbroadcast(slope, to: y, with: x)),
    ]
  }
}

/// `(x - y)²` with broadcasting.
///
/// TensorFlow: `SquaredDifference`, `tf.squared_difference`.
public func squaredDifference(
  _ x: Output, _ y: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(SquaredDifference(), [x, y], name: name, SourceLocation(file, line))
}
