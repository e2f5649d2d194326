/// Whether an element is not a number.
struct IsNan: ElementwiseUnary, NonDifferentiable {
  static let name = "IsNan"
  static let signature = Signature(
    inputs: ["x: T"], outputs: ["y: bool"], types: ["T": .floating])

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    switch inputs[0].dataType {
    case .float32: [try mapElements(inputs, context) { (x: Float) in x.isNaN }]
    case .float64: [try mapElements(inputs, context) { (x: Double) in x.isNaN }]
    default: throw .unsupported(Self.name, inputs[0].dataType)
    }
  }
}

/// Whether an element is infinite.
struct IsInf: ElementwiseUnary, NonDifferentiable {
  static let name = "IsInf"
  static let signature = Signature(
    inputs: ["x: T"], outputs: ["y: bool"], types: ["T": .floating])

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    switch inputs[0].dataType {
    case .float32: [try mapElements(inputs, context) { (x: Float) in x.isInfinite }]
    case .float64: [try mapElements(inputs, context) { (x: Double) in x.isInfinite }]
    default: throw .unsupported(Self.name, inputs[0].dataType)
    }
  }
}

/// Whether an element is neither infinite nor NaN.
struct IsFinite: ElementwiseUnary, NonDifferentiable {
  static let name = "IsFinite"
  static let signature = Signature(
    inputs: ["x: T"], outputs: ["y: bool"], types: ["T": .floating])

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    switch inputs[0].dataType {
    case .float32: [try mapElements(inputs, context) { (x: Float) in x.isFinite }]
    case .float64: [try mapElements(inputs, context) { (x: Double) in x.isFinite }]
    default: throw .unsupported(Self.name, inputs[0].dataType)
    }
  }
}

/// Whether each element is not a number.
///
/// TensorFlow: `IsNan`, `tf.math.is_nan`.
public func isNaN(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(IsNan(), [x], name: name, SourceLocation(file, line))
}

/// Whether each element is infinite.
///
/// TensorFlow: `IsInf`, `tf.math.is_inf`.
public func isInfinite(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(IsInf(), [x], name: name, SourceLocation(file, line))
}

/// Whether each element is neither infinite nor NaN.
///
/// TensorFlow: `IsFinite`, `tf.math.is_finite`.
public func isFinite(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(IsFinite(), [x], name: name, SourceLocation(file, line))
}
