import CNagareKernels

/// `x - y` with broadcasting.
struct Sub: NumberBinary {
  static let name = "Sub"
  static let signature = Signature(
    inputs: ["x: T", "y: T"], outputs: ["z: T"],
    types: [
      "T": .of(
        .bfloat16, .float16, .float32, .float64, .uint8, .int8, .uint16, .int16, .int32, .int64,
        .complex64, .complex128, .uint32, .uint64)
    ])

  static var loop: FloatArithmeticLoop? { nagare_subtract_f32 }

  @inline(__always) static func function<T: FloatNumber>(_ x: T, _ y: T) -> T { x - y }
  @inline(__always) static func function<T: IntegerNumber>(_ x: T, _ y: T) -> T { x &- y }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let (x, y) = (node.inputs[0], node.inputs[1])
    return [
      try unbroadcast(node.gradient, to: x, with: y),
      try unbroadcast(negative(node.gradient), to: y, with: x),
    ]
  }
}

/// `x - y` with broadcasting.
///
/// - Throws: `invalidArgument` when types differ or shapes do not go together.
///
/// TensorFlow: `Sub`, `tf.subtract`.
public func subtract(
  _ x: Output, _ y: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Sub(), [x, y], name: name, SourceLocation(file, line))
}
