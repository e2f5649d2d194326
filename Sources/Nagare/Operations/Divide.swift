import CNagareKernels

/// `x / y` of floating-point numbers, with broadcasting.
struct RealDiv: FloatBinary {
  static let name = "RealDiv"
  static let signature = Signature(
    inputs: ["x: T", "y: T"], outputs: ["z: T"], types: ["T": .arithmetic])

  static var loop: FloatArithmeticLoop? { nagare_divide_f32 }

  @inline(__always) static func function<T: FloatNumber>(_ x: T, _ y: T) -> T { x / y }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let (x, y) = (node.inputs[0], node.inputs[1])
    let gradient = try node.gradient
    return [
      try unbroadcast(gradient / y, to: x, with: y),
      try unbroadcast(gradient * (negative(x) / y / y), to: y, with: x),
    ]
  }
}

/// `x / y` with broadcasting; of integers toward zero.
struct Div: NumberBinary {
  static let name = "Div"
  static let signature = RealDiv.signature

  @inline(__always) static func function<T: FloatNumber>(_ x: T, _ y: T) -> T { x / y }

  @inline(__always) static func function<T: IntegerNumber>(_ x: T, _ y: T) -> T {
    x.dividedReportingOverflow(by: y).partialValue
  }

  func computeOutput(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    try refuseZeroDivisor(inputs)
    return try computeNumbers(inputs, context)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    try RealDiv().gradient(node)
  }
}

/// `x / y` with broadcasting, 0 where `y` is 0.
struct DivNoNan: FloatBinary {
  static let name = "DivNoNan"
  static let signature = Signature(
    inputs: ["x: T", "y: T"], outputs: ["z: T"],
    types: ["T": .of(.float16, .float32, .bfloat16, .float64, .complex64, .complex128)])

  @inline(__always) static func function<T: FloatNumber>(_ x: T, _ y: T) -> T {
    y == 0 ? 0 : x / y
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let (x, y) = (node.inputs[0], node.inputs[1])
    let gradient = try node.gradient
    let slope = try divideNoNaN(divideNoNaN(negative(x), y), y)
    return [
      try unbroadcast(divideNoNaN(gradient, y), to: x, with: y),
      try unbroadcast(gradient * slope, to: y, with: x),
    ]
  }
}

/// `x / y` with broadcasting, rounded toward zero.
struct TruncateDiv: NumberBinary {
  static let name = "TruncateDiv"
  static let signature = RealDiv.signature

  @inline(__always) static func function<T: FloatNumber>(_ x: T, _ y: T) -> T {
    (x / y).rounded(.towardZero)
  }

  @inline(__always) static func function<T: IntegerNumber>(_ x: T, _ y: T) -> T {
    x.dividedReportingOverflow(by: y).partialValue
  }

  func computeOutput(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    try refuseZeroDivisor(inputs)
    return try computeNumbers(inputs, context)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] { [nil, nil] }
}

/// `x / y` with broadcasting. Integers are divided as `float32` or, from 32 bits on, `float64`.
///
/// - Throws: `invalidArgument` when types differ or shapes do not go together.
///
/// TensorFlow: `RealDiv`, `tf.divide`, `tf.truediv`.
public func divide(
  _ x: Output, _ y: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let location = SourceLocation(file, line)
  guard x.dataType.isInteger, x.dataType == y.dataType else {
    return try x.graph.output(RealDiv(), [x, y], name: name ?? "truediv", location)
  }
  let wide: DataType = (x.dataType.byteCount ?? 8) < 4 ? .float32 : .float64
  return try x.graph.output(RealDiv(), named: name ?? "truediv", location) {
    () throws(GraphError) in
    [
      try cast(x, to: wide, file: file, line: line), try cast(y, to: wide, file: file, line: line),
    ]
  }
}

/// `x / y` with broadcasting, 0 where `y` is 0.
///
/// TensorFlow: `DivNoNan`, `tf.math.divide_no_nan`.
public func divideNoNaN(
  _ x: Output, _ y: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(DivNoNan(), [x, y], name: name ?? "div_no_nan", SourceLocation(file, line))
}

/// `x / y` with broadcasting, rounded toward zero.
///
/// TensorFlow: `TruncateDiv`, `tf.truncatediv`.
public func truncateDivide(
  _ x: Output, _ y: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(TruncateDiv(), [x, y], name: name, SourceLocation(file, line))
}
