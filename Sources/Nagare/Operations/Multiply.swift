import CNagareKernels

/// `x * y` with broadcasting.
struct Mul: NumberBinary {
  static let name = "Mul"
  static let signature = Signature(
    inputs: ["x: T", "y: T"], outputs: ["z: T"],
    types: ["T": .arithmetic])

  static var loop: FloatArithmeticLoop? { nagare_multiply_f32 }

  @inline(__always) static func function<T: FloatNumber>(_ x: T, _ y: T) -> T { x * y }
  @inline(__always) static func function<T: IntegerNumber>(_ x: T, _ y: T) -> T { x &* y }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let (x, y) = (node.inputs[0], node.inputs[1])
    let gradient = try node.gradient
    return [
      try unbroadcast(gradient * y, to: x, with: y), try unbroadcast(x * gradient, to: y, with: x),
    ]
  }
}

/// `x * y` with broadcasting.
///
/// TensorFlow: `Mul`, `tf.multiply`.
public func multiply(
  _ x: Output, _ y: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Mul(), [x, y], name: name, SourceLocation(file, line))
}
