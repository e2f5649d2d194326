/// `-x`; the least signed integer stays as it is.
struct Neg: Op {
  static let name = "Neg"
  static let signature = Signature(
    inputs: ["x: T"], outputs: ["y: T"],
    types: [
      "T": .of(
        .bfloat16, .float16, .float32, .float64, .int8, .int16, .int32, .int64, .complex64,
        .complex128)
    ])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [inputs[0].shape] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    switch inputs[0].dataType {
    case .float32: [try mapElements(inputs, context) { (x: Float) in -x }]
    case .float64: [try mapElements(inputs, context) { (x: Double) in -x }]
    case .int8: [try mapElements(inputs, context) { (x: Int8) in 0 &- x }]
    case .int16: [try mapElements(inputs, context) { (x: Int16) in 0 &- x }]
    case .int32: [try mapElements(inputs, context) { (x: Int32) in 0 &- x }]
    case .int64: [try mapElements(inputs, context) { (x: Int64) in 0 &- x }]
    default: throw .unsupported(Self.name, inputs[0].dataType)
    }
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try negative(node.gradient)]
  }
}

/// `-x`.
///
/// TensorFlow: `Neg`, `tf.negative`.
public func negative(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Neg(), [x], name: name, SourceLocation(file, line))
}

extension Output {
  /// `-x`.
  public static prefix func - (x: Output) throws(GraphError) -> Output { try negative(x) }
}
