/// `-x`; the least signed integer stays as it is.
struct Neg: NumberUnary {
  static let name = "Neg"
  static let signature = Signature(
    inputs: ["x: T"], outputs: ["y: T"], types: ["T": .signed])

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T { -x }
  @inline(__always) static func function<T: IntegerNumber>(_ x: T) -> T { 0 &- x }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try negative(node.gradient)]
  }
}

extension Signature.TypeParameter {
  /// Numbers with a sign, and complex numbers.
  static let signed = Signature.TypeParameter([
    .bfloat16, .float16, .float32, .float64, .int8, .int16, .int32, .int64, .complex64, .complex128,
  ])
}

/// `-x`.
///
/// TensorFlow: `Neg`, `tf.negative`.
public func negative(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Neg(), [x], name: name, SourceLocation(file, line))
}
