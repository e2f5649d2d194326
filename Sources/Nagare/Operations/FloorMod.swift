/// The remainder of `x / y` rounded down, with the sign of `y`.
struct FloorMod: NumberBinary {
  static let name = "FloorMod"
  static let signature = Signature(
    inputs: ["x: T", "y: T"], outputs: ["z: T"],
    types: [
      "T": .of(
        .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .bfloat16, .float16,
        .float32, .float64)
    ])

  @inline(__always) static func function<T: FloatNumber>(_ x: T, _ y: T) -> T {
    let remainder = x.truncatingRemainder(dividingBy: y)
    return remainder != 0 && (remainder < 0) != (y < 0) ? remainder + y : remainder
  }

  @inline(__always) static func function<T: IntegerNumber>(_ x: T, _ y: T) -> T {
    let remainder = x.remainderReportingOverflow(dividingBy: y).partialValue
    return remainder != 0 && (remainder < 0) != (y < 0) ? remainder &+ y : remainder
  }

  func computeOutput(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    try refuseZeroDivisor(inputs)
    return try computeNumbers(inputs, context)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let (x, y) = (node.inputs[0], node.inputs[1])
    let gradient = try node.gradient
    return [
      try unbroadcast(gradient, to: x, with: y),
      try unbroadcast(gradient * negative(floorDivide(x, y)), to: y, with: x),
    ]
  }
}

/// The remainder of `x / y` rounded toward zero, with the sign of `x`.
struct TruncateMod: NumberBinary, WithoutGradient {
  static let name = "TruncateMod"
  static let signature = Signature(
    inputs: ["x: T", "y: T"], outputs: ["z: T"],
    types: ["T": .of(.int32, .int64, .bfloat16, .float16, .float32, .float64)])

  @inline(__always) static func function<T: FloatNumber>(_ x: T, _ y: T) -> T {
    x.truncatingRemainder(dividingBy: y)
  }

  @inline(__always) static func function<T: IntegerNumber>(_ x: T, _ y: T) -> T {
    x.remainderReportingOverflow(dividingBy: y).partialValue
  }

  func computeOutput(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    try refuseZeroDivisor(inputs)
    return try computeNumbers(inputs, context)
  }
}

/// The old name of `TruncateMod`.
struct Mod: ElementwiseBinary, WithoutGradient {
  static let name = "Mod"
  static let signature = Signature(
    inputs: ["x: T", "y: T"], outputs: ["z: T"],
    types: ["T": .of(.int32, .int64, .float16, .bfloat16, .float32, .float64)])

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    try TruncateMod().compute(inputs, context)
  }
}

/// Refuses a divisor of whole numbers that holds a zero, where there is something to divide.
func refuseZeroDivisor(_ inputs: [Tensor]) throws(GraphError) {
  guard inputs[0].count > 0 else { return }
  let divisor = inputs[1]
  let hasZero =
    switch divisor.dataType {
    case .int8: divisor.buffer(Int8.self).contains(0)
    case .int16: divisor.buffer(Int16.self).contains(0)
    case .int32: divisor.buffer(Int32.self).contains(0)
    case .int64: divisor.buffer(Int64.self).contains(0)
    case .uint8: divisor.buffer(UInt8.self).contains(0)
    case .uint16: divisor.buffer(UInt16.self).contains(0)
    case .uint32: divisor.buffer(UInt32.self).contains(0)
    case .uint64: divisor.buffer(UInt64.self).contains(0)
    default: false
    }
  guard !hasZero else { throw .invalidArgument("Integer division by zero") }
}

/// The remainder of `x / y` rounded down, with the sign of `y`.
///
/// TensorFlow: `FloorMod`, `tf.floormod`.
public func floorMod(
  _ x: Output, _ y: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(FloorMod(), [x, y], name: name, SourceLocation(file, line))
}
