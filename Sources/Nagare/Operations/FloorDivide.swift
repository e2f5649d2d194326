/// `x / y` rounded down.
struct FloorDiv: NumberBinary {
  static let name = "FloorDiv"
  static let signature = Signature(
    inputs: ["x: T", "y: T"], outputs: ["z: T"],
    types: ["T": .arithmetic])

  @inline(__always) static func function<T: FloatNumber>(_ x: T, _ y: T) -> T {
    (x / y).rounded(.down)
  }

  @inline(__always) static func function<T: IntegerNumber>(_ x: T, _ y: T) -> T {
    let quotient = x.dividedReportingOverflow(by: y).partialValue
    let remainder = x.remainderReportingOverflow(dividingBy: y).partialValue
    return remainder != 0 && (remainder < 0) != (y < 0) ? quotient &- 1 : quotient
  }

  func computeOutput(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    try refuseZeroDivisor(inputs)
    return try computeNumbers(inputs, context)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] { [nil, nil] }
}

/// `x / y` rounded down.
///
/// TensorFlow: `FloorDiv`, `tf.floordiv`.
public func floorDivide(
  _ x: Output, _ y: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(FloorDiv(), [x, y], name: name ?? "floordiv", SourceLocation(file, line))
}
