import RealModule

/// A number that kernels compute with: `+`, `-` and `*` of integers wrap, as TensorFlow's do.
protocol Number: Scalar, Comparable, Numeric {
  static func add(_ x: Self, _ y: Self) -> Self
  static func subtract(_ x: Self, _ y: Self) -> Self
  static func multiply(_ x: Self, _ y: Self) -> Self
}

/// `float32` or `float64`, with the functions of mathematics.
protocol FloatNumber: Number, Real, BinaryFloatingPoint {}

/// An integer of any width.
protocol IntegerNumber: Number, FixedWidthInteger {}

extension FloatNumber {
  @inline(__always) static func add(_ x: Self, _ y: Self) -> Self { x + y }
  @inline(__always) static func subtract(_ x: Self, _ y: Self) -> Self { x - y }
  @inline(__always) static func multiply(_ x: Self, _ y: Self) -> Self { x * y }
}

extension IntegerNumber {
  @inline(__always) static func add(_ x: Self, _ y: Self) -> Self { x &+ y }
  @inline(__always) static func subtract(_ x: Self, _ y: Self) -> Self { x &- y }
  @inline(__always) static func multiply(_ x: Self, _ y: Self) -> Self { x &* y }
}

extension Float: FloatNumber {}
extension Double: FloatNumber {}
extension Int8: IntegerNumber {}
extension Int16: IntegerNumber {}
extension Int32: IntegerNumber {}
extension Int64: IntegerNumber {}
extension UInt8: IntegerNumber {}
extension UInt16: IntegerNumber {}
extension UInt32: IntegerNumber {}
extension UInt64: IntegerNumber {}

/// An op of one operand, element by element, on floating-point numbers: `y = f(x)`.
protocol FloatUnary: Op {
  static func function<T: FloatNumber>(_ x: T) -> T
}

extension FloatUnary {
  static var signature: Signature {
    Signature(
      inputs: ["x: T"], outputs: ["y: T"],
      types: [
        "T": .of(.bfloat16, .float16, .float32, .float64, .complex64, .complex128)
      ])
  }

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [inputs[0].shape] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    switch inputs[0].dataType {
    case .float32:
      [try mapElements(inputs, context, cost: 4) { (x: Float) in Self.function(x) }]
    case .float64:
      [try mapElements(inputs, context, cost: 8) { (x: Double) in Self.function(x) }]
    default: throw .unsupported(Self.name, inputs[0].dataType)
    }
  }
}

/// The first input with `function` applied to each element, in place where nothing else reads it.
@inline(__always)
func mapElements<T: Scalar, R: Scalar>(
  _ inputs: [Tensor], _ context: KernelContext, cost: Int = 1, _ function: (T) -> R
) throws(GraphError) -> Tensor {
  let result = try context.allocate(R.dataType, inputs[0].dimensions, reusing: 0, of: inputs)
  let x = inputs[0].pointer(T.self)
  let y = result.mutablePointer(R.self)
  context.threads.ranges(result.count, grain: context.grain(cost: cost)) { range in
    for index in range { y[index] = function(x[index]) }
  }
  return result
}

/// An op of two operands with broadcasting: `z = f(x, y)`.
protocol NumberBinary: Op {
  static func function<T: FloatNumber>(_ x: T, _ y: T) -> T
  static func function<T: IntegerNumber>(_ x: T, _ y: T) -> T
}

extension NumberBinary {
  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [try inputs[0].shape.broadcast(with: inputs[1].shape)]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    try computeNumbers(inputs, context)
  }

  /// The kernel, for ops that check something before it.
  func computeNumbers(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> [Tensor] {
    let result =
      switch inputs[0].dataType {
      case .float32: try broadcastMap(inputs, context) { (x: Float, y) in Self.function(x, y) }
      case .float64: try broadcastMap(inputs, context) { (x: Double, y) in Self.function(x, y) }
      case .int8: try broadcastMap(inputs, context) { (x: Int8, y) in Self.function(x, y) }
      case .int16: try broadcastMap(inputs, context) { (x: Int16, y) in Self.function(x, y) }
      case .int32: try broadcastMap(inputs, context) { (x: Int32, y) in Self.function(x, y) }
      case .int64: try broadcastMap(inputs, context) { (x: Int64, y) in Self.function(x, y) }
      case .uint8: try broadcastMap(inputs, context) { (x: UInt8, y) in Self.function(x, y) }
      case .uint16: try broadcastMap(inputs, context) { (x: UInt16, y) in Self.function(x, y) }
      case .uint32: try broadcastMap(inputs, context) { (x: UInt32, y) in Self.function(x, y) }
      case .uint64: try broadcastMap(inputs, context) { (x: UInt64, y) in Self.function(x, y) }
      default: throw GraphError.unsupported(Self.name, inputs[0].dataType)
      }
    return [result]
  }
}

/// `function` of every pair of elements of the first two inputs that broadcasting brings together.
@inline(__always)
func broadcastMap<T: Scalar, R: Scalar>(
  _ inputs: [Tensor], _ context: KernelContext, _ function: (T, T) -> R
) throws(GraphError) -> Tensor {
  let broadcast = try Broadcast(inputs[0].dimensions, inputs[1].dimensions)
  let reused = inputs[0].dimensions == broadcast.dimensions ? 0 : 1
  let result = try context.allocate(R.dataType, broadcast.dimensions, reusing: reused, of: inputs)
  broadcastLoop(
    broadcast, inputs[0].pointer(T.self), inputs[1].pointer(T.self),
    result.mutablePointer(R.self), context, function)
  return result
}
