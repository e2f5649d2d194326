/// `x` to the power of `y`, with broadcasting.
struct Pow: NumberBinary {
  static let name = "Pow"
  static let signature = Signature(
    inputs: ["x: T", "y: T"], outputs: ["z: T"],
    types: [
      "T": .of(
        .bfloat16, .float32, .float16, .float64, .int8, .int16, .int32, .int64, .complex64,
        .complex128)
    ])

  @inline(__always) static func function<T: FloatNumber>(_ x: T, _ y: T) -> T { T.power(x, y) }

  @inline(__always) static func function<T: IntegerNumber>(_ x: T, _ y: T) -> T {
    var (result, base, exponent): (T, T, T) = (1, x, y)
    while exponent > 0 {
      if exponent & 1 == 1 { result = result &* base }
      base = base &* base
      exponent >>= 1
    }
    return result
  }

  func computeOutput(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    let isNegative =
      switch inputs[1].dataType {
      case .int8: inputs[1].buffer(Int8.self).contains { $0 < 0 }
      case .int16: inputs[1].buffer(Int16.self).contains { $0 < 0 }
      case .int32: inputs[1].buffer(Int32.self).contains { $0 < 0 }
      case .int64: inputs[1].buffer(Int64.self).contains { $0 < 0 }
      default: false
      }
    guard !isNegative else {
      throw .invalidArgument("Integers to negative integer powers are not allowed")
    }
    return try computeNumbers(inputs, context)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let (x, y) = (node.inputs[0], node.inputs[1])
    let gradient = try node.gradient
    let slope = try gradient * y * pow(x, y - 1)
    // The logarithm is taken of ones where `x` is not positive: NaN times zero would be NaN.
    let isPositive = try x .> 0
    let logarithm = try selectV1(
      isPositive, log(selectV1(isPositive, x, onesLike(x))), zerosLike(x))
    return [
      try unbroadcast(slope, to: x, with: y),
      try unbroadcast(gradient * node.outputs[0] * logarithm, to: y, with: x),
    ]
  }
}

/// `x` to the power of `y`, with broadcasting.
///
/// - Throws: in a run, `invalidArgument` for a negative power of integers.
///
/// TensorFlow: `Pow`, `tf.pow`.
public func pow(
  _ x: Output, _ y: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Pow(), [x, y], name: name, SourceLocation(file, line))
}

/// `x` to the power of a literal.
///
/// TensorFlow: `Pow`, `tf.pow`.
public func pow(
  _ x: Output, _ y: Tensor, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try binary(Pow(), x, y, name: name ?? "Pow", SourceLocation(file, line))
}
