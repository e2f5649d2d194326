/// The same tensor, in which every number must be finite.
struct CheckNumerics: Op {
  var message = ""

  static let name = "CheckNumerics"
  static let signature = Signature(
    inputs: ["tensor: T"], outputs: ["output: T"], types: ["T": .floating])
  static let attributes: [Attribute<Self>] = [.required("message", \.message)]
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [inputs[0].shape] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let (hasNaN, hasInfinity) =
      switch inputs[0].dataType {
      case .float32: scan(inputs[0].buffer(Float.self))
      case .float64: scan(inputs[0].buffer(Double.self))
      default: throw GraphError.unsupported(Self.name, inputs[0].dataType)
      }
    switch (hasInfinity, hasNaN) {
    case (true, true): throw .invalidArgument("\(message) : Tensor had Inf and NaN values")
    case (true, false): throw .invalidArgument("\(message) : Tensor had Inf values")
    case (false, true): throw .invalidArgument("\(message) : Tensor had NaN values")
    default: return inputs
    }
  }

  private func scan<T: FloatNumber>(_ values: UnsafeBufferPointer<T>) -> (Bool, Bool) {
    // Zero times a finite number is zero: the sum tells whether a closer look is needed.
    var sum = T.zero
    for value in values { sum += value * 0 }
    guard sum != 0 else { return (false, false) }
    return (values.contains(where: \.isNaN), values.contains(where: \.isInfinite))
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [
      try checkNumerics(
        node.gradient,
        message: "Not a number (NaN) or infinity (Inf) values detected in gradient. \(message)")
    ]
  }
}

/// `input`; a run in which it holds a number that is not finite is refused with `message`.
///
/// TensorFlow: `CheckNumerics`, `tf.check_numerics`.
public func checkNumerics(
  _ input: Output, message: String, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try input.graph.output(
    CheckNumerics(message: message), [input], name: name, SourceLocation(file, line))
}
