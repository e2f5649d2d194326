import CNagareKernels
import Foundation
import RealModule

/// A number that kernels compute with: `+`, `-` and `*` of integers wrap, as TensorFlow's do.
protocol Number: Scalar, Comparable, Numeric {
  static func add(_ x: Self, _ y: Self) -> Self
  static func subtract(_ x: Self, _ y: Self) -> Self
  static func multiply(_ x: Self, _ y: Self) -> Self
}

/// `float32` or `float64`, with the functions of mathematics.
protocol FloatNumber: Number, Real, BinaryFloatingPoint {
  /// C's `pow`, defined for negative `x` and whole `y` as well.
  static func power(_ x: Self, _ y: Self) -> Self
  /// `e` to the power of each of `count` elements, in place.
  static func exponentiate(_ x: UnsafeMutablePointer<Self>, _ count: Int)
  /// A step of Adam; see NagareOptimizers.h.
  static var stepAdam: AdamLoop<Self> { get }
}

/// Count, variable, m, v, gradient, alpha, beta1, beta2, epsilon, whether Nesterov's form.
typealias AdamLoop<T> = (
  Int64, UnsafeMutablePointer<T>?, UnsafeMutablePointer<T>?, UnsafeMutablePointer<T>?,
  UnsafePointer<T>?, T, T, T, T, Bool
) -> Void

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

extension Float: FloatNumber {
  static var stepAdam: AdamLoop<Float> { nagare_adam_f32 }
  static func power(_ x: Float, _ y: Float) -> Float { Foundation.pow(x, y) }
  static func exponentiate(_ x: UnsafeMutablePointer<Float>, _ count: Int) {
    nagare_exp_f32(Int64(count), x, x)
  }
}

extension Double: FloatNumber {
  static var stepAdam: AdamLoop<Double> { nagare_adam_f64 }
  static func power(_ x: Double, _ y: Double) -> Double { Foundation.pow(x, y) }
  static func exponentiate(_ x: UnsafeMutablePointer<Double>, _ count: Int) {
    for index in 0..<count { x[index] = Double.exp(x[index]) }
  }
}

extension Int8: IntegerNumber {}
extension Int16: IntegerNumber {}
extension Int32: IntegerNumber {}
extension Int64: IntegerNumber {}
extension UInt8: IntegerNumber {}
extension UInt16: IntegerNumber {}
extension UInt32: IntegerNumber {}
extension UInt64: IntegerNumber {}

// MARK: - One operand

/// An op of one operand, element by element.
protocol ElementwiseUnary: Op {}

extension ElementwiseUnary {
  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [inputs[0].shape] }
}

/// `y = f(x)` for a number of elements; `y` may be `x`.
typealias FloatLoop =
  @Sendable (Int64, UnsafePointer<Float>?, UnsafeMutablePointer<Float>?) -> Void

/// An op of one operand, element by element: `y = f(x)`.
protocol UnaryFunction: ElementwiseUnary, FusibleOp, OverwritingOp {
  static func function<T: FloatNumber>(_ x: T) -> T
  /// A loop over `float32` elements that is faster than `function` for each.
  static var loop: FloatLoop? { get }
}

extension UnaryFunction {
  static var loop: FloatLoop? { nil }

  static var kernel: FusedElementwise.Kernel {
    if let loop { return .unary(loop) }
    return .unary { count, x, y in
      if let x, let y { floats(x, y, Int(count)) }
    }
  }

  @inline(__always)
  fileprivate static func floats<T: FloatNumber>(
    _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ count: Int
  ) {
    mapBlock(x, y, count) { function($0) }
  }
}

/// An op of one operand, element by element, on floating-point numbers.
protocol FloatUnary: UnaryFunction {}

extension FloatUnary {
  static var signature: Signature {
    Signature(
      inputs: ["x: T"], outputs: ["y: T"],
      types: ["T": .complexOrFloating])
  }

  func computeOutput(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    switch inputs[0].dataType {
    case .float32:
      if let loop = Self.loop { return try mapLoop(inputs, context, loop) }
      return try mapBlocks(inputs, context, cost: 4, Self.floats as UnaryBlock<Float>)
    case .float64:
      return try mapBlocks(inputs, context, cost: 8, Self.floats as UnaryBlock<Double>)
    default: throw .unsupported(Self.name, inputs[0].dataType)
    }
  }
}

/// An op of one operand, element by element, on numbers of any kind.
protocol NumberUnary: UnaryFunction {
  static func function<T: IntegerNumber>(_ x: T) -> T
}

extension NumberUnary {
  func computeOutput(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    let widened = try widening(inputs, context) { (inputs) throws(GraphError) in
      try compute(inputs, context)
    }
    if let widened { return widened[0] }
    switch inputs[0].dataType {
    case .float32:
      if let loop = Self.loop { return try mapLoop(inputs, context, loop) }
      return try mapBlocks(inputs, context, Self.floats as UnaryBlock<Float>)
    case .float64:
      return try mapBlocks(inputs, context, Self.floats as UnaryBlock<Double>)
    case .int32:
      return try mapBlocks(inputs, context, Self.integers as UnaryBlock<Int32>)
    case .int64:
      return try mapBlocks(inputs, context, Self.integers as UnaryBlock<Int64>)
    case .uint64:
      return try mapBlocks(inputs, context, Self.integers as UnaryBlock<UInt64>)
    default: throw .unsupported(Self.name, inputs[0].dataType)
    }
  }

  @inline(__always)
  private static func integers<T: IntegerNumber>(
    _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ count: Int
  ) {
    mapBlock(x, y, count) { function($0) }
  }
}

/// `y = f(x)` for a number of elements; `y` may be `x`.
typealias UnaryBlock<T> = (UnsafePointer<T>, UnsafeMutablePointer<T>, Int) -> Void

/// The first input with `block` applied to parts of it, in place where nothing else reads it. The loop
/// is the block's: a function called for each element from here would not be inlined.
func mapBlocks<T: Scalar>(
  _ inputs: [Tensor], _ context: KernelContext, cost: Int = 1, _ block: UnaryBlock<T>
) throws(GraphError) -> Tensor {
  let result = try context.allocate(T.dataType, inputs[0].dimensions, reusing: 0, of: inputs)
  let (x, y) = (inputs[0].pointer(T.self), result.mutablePointer(T.self))
  context.threads.ranges(result.count, grain: context.grain(cost: cost)) { range in
    block(x + range.lowerBound, y + range.lowerBound, range.count)
  }
  return result
}

/// The first input with `loop` applied to parts of it.
private func mapLoop(
  _ inputs: [Tensor], _ context: KernelContext, _ loop: FloatLoop
) throws(GraphError) -> Tensor {
  try mapBlocks(inputs, context, cost: 2) {
    (x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>, count) in
    loop(Int64(count), x, y)
  }
}

/// The loop of a block.
@inline(__always)
func mapBlock<T>(
  _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ count: Int, _ function: (T) -> T
) {
  if isInPlace(y, x) {
    for index in 0..<count { y[index] = function(y[index]) }
  } else {
    for index in 0..<count { y[index] = function(x[index]) }
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
    if isInPlace(y, x) {
      for index in range { y[index] = function(unsafeBitCast(y[index], to: T.self)) }
    } else {
      for index in range { y[index] = function(x[index]) }
    }
  }
  return result
}

/// Whether a result overwrites an operand. Such a loop is written with one pointer: between two that
/// are equal the compiler finds a dependence, and does not vectorise.
@inline(__always)
func isInPlace<T, R>(_ result: UnsafeMutablePointer<R>, _ operand: UnsafePointer<T>) -> Bool {
  MemoryLayout<T>.size == MemoryLayout<R>.size
    && UnsafeRawPointer(result) == UnsafeRawPointer(operand)
}

// MARK: - Two operands of one shape

/// An op of two operands of one shape on floating-point numbers: `z = f(x, y)`. Gradients are such.
protocol FloatPair: FusibleOp, OverwritingOp {
  static func function<T: FloatNumber>(_ x: T, _ y: T) -> T
}

extension FloatPair {
  static var kernel: FusedElementwise.Kernel {
    .pair { count, a, b, y in
      if let a, let b, let y { block(a, b, y, Int(count)) }
    }
  }

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [try inputs[0].shape.merging(inputs[1].shape)]
  }

  func computeOutput(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    switch inputs[0].dataType {
    case .float32:
      try zipBlocks(Self.name, inputs, context, Self.block as PairBlock<Float>)
    case .float64:
      try zipBlocks(Self.name, inputs, context, Self.block as PairBlock<Double>)
    default: throw .unsupported(Self.name, inputs[0].dataType)
    }
  }

  @inline(__always)
  private static func block<T: FloatNumber>(
    _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ count: Int
  ) {
    zipBlock(a, b, y, count) { function($0, $1) }
  }
}

/// An op of two operands of one shape on numbers of any kind: `z = f(x, y)`.
protocol NumberPair: FusibleOp, OverwritingOp {
  static func function<T: FloatNumber>(_ x: T, _ y: T) -> T
  static func function<T: IntegerNumber>(_ x: T, _ y: T) -> T
  /// A loop over `float32` elements that is faster than `function` for each.
  static var loop: FloatPairLoop? { get }
}

/// `z = f(x, y)` for a number of elements; `z` may be `x`.
typealias FloatPairLoop =
  @Sendable (
    Int64, UnsafePointer<Float>?, UnsafePointer<Float>?, UnsafeMutablePointer<Float>?
  ) -> Void

extension NumberPair {
  static var loop: FloatPairLoop? { nil }

  static var kernel: FusedElementwise.Kernel {
    if let loop { return .pair(loop) }
    return .pair { count, a, b, y in
      if let a, let b, let y { floats(a, b, y, Int(count)) }
    }
  }

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [try inputs[0].shape.merging(inputs[1].shape)]
  }

  func computeOutput(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    let widened = try widening(inputs, context) { (inputs) throws(GraphError) in
      try compute(inputs, context)
    }
    if let widened { return widened[0] }
    let name = Self.name
    if inputs[0].dataType == .float32, let loop = Self.loop {
      return try zipBlocks(name, inputs, context) {
        (a: UnsafePointer<Float>, b, y: UnsafeMutablePointer<Float>, count) in
        loop(Int64(count), a, b, y)
      }
    }
    return switch inputs[0].dataType {
    case .float32: try zipBlocks(name, inputs, context, Self.floats as PairBlock<Float>)
    case .float64:
      try zipBlocks(name, inputs, context, Self.floats as PairBlock<Double>)
    case .int32: try zipBlocks(name, inputs, context, Self.integers as PairBlock<Int32>)
    case .int64: try zipBlocks(name, inputs, context, Self.integers as PairBlock<Int64>)
    case .uint64: try zipBlocks(name, inputs, context, Self.integers as PairBlock<UInt64>)
    default: throw GraphError.unsupported(name, inputs[0].dataType)
    }
  }

  @inline(__always)
  private static func floats<T: FloatNumber>(
    _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ count: Int
  ) {
    zipBlock(a, b, y, count) { function($0, $1) }
  }

  @inline(__always)
  private static func integers<T: IntegerNumber>(
    _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ count: Int
  ) {
    zipBlock(a, b, y, count) { function($0, $1) }
  }
}

/// `y = f(a, b)` for a number of elements; `y` may be `a`.
typealias PairBlock<T> = (
  UnsafePointer<T>, UnsafePointer<T>, UnsafeMutablePointer<T>, Int
) -> Void

/// `block` of parts of the first two inputs, which must have one shape.
func zipBlocks<T: Scalar>(
  _ name: String, _ inputs: [Tensor], _ context: KernelContext, _ block: PairBlock<T>
) throws(GraphError) -> Tensor {
  try checkSameShape(name, inputs, 0, 1, context)
  let result = try context.allocate(T.dataType, inputs[0].dimensions, reusing: 0, of: inputs)
  let (a, b) = (inputs[0].pointer(T.self), inputs[1].pointer(T.self))
  let y = result.mutablePointer(T.self)
  context.threads.ranges(result.count, grain: context.grain()) { range in
    let start = range.lowerBound
    block(a + start, b + start, y + start, range.count)
  }
  return result
}

/// `function` of the elements of the first two inputs, which must have one shape.
@inline(__always)
func zipElements<T: Scalar>(
  _ name: String, _ inputs: [Tensor], _ context: KernelContext, _ function: (T, T) -> T
) throws(GraphError) -> Tensor {
  try zipBlocks(name, inputs, context) { (a: UnsafePointer<T>, b, y, count) in
    zipBlock(a, b, y, count, function)
  }
}

/// The loop of a block.
@inline(__always)
func zipBlock<T>(
  _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ count: Int,
  _ function: (T, T) -> T
) {
  if isInPlace(y, a) {
    for index in 0..<count { y[index] = function(y[index], b[index]) }
  } else {
    for index in 0..<count { y[index] = function(a[index], b[index]) }
  }
}

/// Refuses inputs of different shapes in the words of TensorFlow's kernels.
func checkSameShape(
  _ name: String, _ inputs: [Tensor], _ first: Int, _ second: Int, _ context: KernelContext
) throws(GraphError) {
  guard inputs[first].dimensions == inputs[second].dimensions else {
    throw .invalidArgument(
      "Inputs to operation \(context.nodeName) of type \(name) must have the same size and shape.  "
        + "Input \(first): \(inputs[first].shape) != input \(second): \(inputs[second].shape)")
  }
}

// MARK: - Two operands with broadcasting

/// An op of two operands with broadcasting.
protocol ElementwiseBinary: Op {}

extension ElementwiseBinary {
  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [try inputs[0].shape.broadcast(with: inputs[1].shape)]
  }
}

/// `z = f(x, y)` for a number of elements, with the step of `x` and of `y`, 1 or 0; `z` may be `x` or `y`.
typealias FloatArithmeticLoop =
  @Sendable (
    Int64, UnsafePointer<Float>?, Int64, UnsafePointer<Float>?, Int64, UnsafeMutablePointer<Float>?
  ) -> Void

/// An op of two operands with broadcasting: `z = f(x, y)`.
protocol BinaryFunction: ElementwiseBinary, FusibleOp, OverwritingOp {
  static func function<T: FloatNumber>(_ x: T, _ y: T) -> T
  /// A loop over `float32` elements that is faster than `function` for each, in place too.
  static var loop: FloatArithmeticLoop? { get }
}

extension BinaryFunction {
  static var loop: FloatArithmeticLoop? { nil }

  static var kernel: FusedElementwise.Kernel {
    .arithmetic(loop ?? arithmetic { (x: Float, y) in function(x, y) })
  }

  var overwrites: ClosedRange<Int> { 0...1 }
}

/// An op of two operands with broadcasting on floating-point numbers.
protocol FloatBinary: BinaryFunction {}

extension FloatBinary {
  func computeOutput(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    switch inputs[0].dataType {
    case .float32:
      if let loop = Self.loop { return try broadcastArithmetic(inputs, context, loop) }
      return try broadcastMap(inputs, context) { (x: Float, y) in Self.function(x, y) }
    case .float64:
      return try broadcastMap(inputs, context) { (x: Double, y) in Self.function(x, y) }
    default: throw .unsupported(Self.name, inputs[0].dataType)
    }
  }
}

/// An op of two operands with broadcasting on numbers of any kind.
protocol NumberBinary: BinaryFunction {
  static func function<T: IntegerNumber>(_ x: T, _ y: T) -> T
}

extension NumberBinary {
  func computeOutput(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    try computeNumbers(inputs, context)
  }

  /// The kernel, for ops that check something before it.
  func computeNumbers(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    let widened = try widening(inputs, context) { (inputs) throws(GraphError) in
      [try computeNumbers(inputs, context)]
    }
    if let widened { return widened[0] }
    if inputs[0].dataType == .float32, let loop = Self.loop {
      return try broadcastArithmetic(inputs, context, loop)
    }
    return switch inputs[0].dataType {
    case .float32: try broadcastMap(inputs, context) { (x: Float, y) in Self.function(x, y) }
    case .float64: try broadcastMap(inputs, context) { (x: Double, y) in Self.function(x, y) }
    case .int32: try broadcastMap(inputs, context) { (x: Int32, y) in Self.function(x, y) }
    case .int64: try broadcastMap(inputs, context) { (x: Int64, y) in Self.function(x, y) }
    case .uint64: try broadcastMap(inputs, context) { (x: UInt64, y) in Self.function(x, y) }
    default: throw GraphError.unsupported(Self.name, inputs[0].dataType)
    }
  }
}

/// `function` of every pair of elements of the first two inputs that broadcasting brings together.
@inline(__always)
func broadcastMap<T: Scalar, R: Scalar>(
  _ inputs: [Tensor], _ context: KernelContext, _ function: (T, T) -> R
) throws(GraphError) -> Tensor {
  let broadcast = try Broadcast(inputs[0].dimensions, inputs[1].dimensions)
  let result = try context.allocate(R.dataType, broadcast.dimensions, reusing: 0...1, of: inputs)
  broadcastLoop(
    broadcast, inputs[0].pointer(T.self), inputs[1].pointer(T.self),
    result.mutablePointer(R.self), context, function)
  return result
}

/// A loop of `function`.
@inline(__always)
func arithmetic(_ function: @escaping @Sendable (Float, Float) -> Float) -> FloatArithmeticLoop {
  { count, a, aStep, b, bStep, y in
    guard let a, let b, let y else { return }
    for index in 0..<Int(count) {
      y[index] = function(a[index &* Int(aStep)], b[index &* Int(bStep)])
    }
  }
}

/// `loop` of the first two inputs, with broadcasting.
func broadcastArithmetic(
  _ inputs: [Tensor], _ context: KernelContext, _ loop: FloatArithmeticLoop
) throws(GraphError) -> Tensor {
  let broadcast = try Broadcast(inputs[0].dimensions, inputs[1].dimensions)
  let result = try context.allocate(.float32, broadcast.dimensions, reusing: 0...1, of: inputs)
  let (x, y) = (inputs[0].pointer(Float.self), inputs[1].pointer(Float.self))
  let (xStep, yStep) = (Int64(broadcast.leftStep), Int64(broadcast.rightStep))
  broadcastRuns(broadcast, context) { count, left, right, place in
    loop(
      Int64(count), x + left, xStep, y + right, yStep, result.mutablePointer(Float.self) + place)
  }
  return result
}

/// The results of a kernel for integers of 8, 16 and unsigned 32 bits: computed as a wider type that
/// holds them all and cut off after it, which wraps as their own arithmetic would. `nil` for other types.
///
/// A kernel for each width would be the same loops again, many of them, for types that are rare.
func widening(
  _ inputs: [Tensor], _ context: KernelContext,
  _ compute: ([Tensor]) throws(GraphError) -> [Tensor]
) throws(GraphError) -> [Tensor]? {
  guard let narrow = inputs.first?.dataType, let wide = narrow.widened else { return nil }
  var operands: [Tensor] = []
  for input in inputs {
    operands.append(
      input.dataType == narrow ? try Cast(target: wide).compute([input], context)[0] : input)
  }
  var results: [Tensor] = []
  for result in try compute(operands) {
    results.append(
      result.dataType == wide ? try Cast(target: narrow).compute([result], context)[0] : result)
  }
  return results
}

extension DataType {
  /// The type that small integers are computed as.
  fileprivate var widened: DataType? {
    switch self {
    case .int8, .int16, .uint8, .uint16: .int32
    case .uint32: .int64
    default: nil
    }
  }
}

extension Signature.TypeParameter {
  /// The types of arithmetic: numbers and complex numbers.
  static let arithmetic = Signature.TypeParameter([
    .bfloat16, .float16, .float32, .float64, .uint8, .int8, .uint16, .int16, .int32, .uint32,
    .uint64, .int64, .complex64, .complex128,
  ])
  /// Floating-point and complex numbers.
  static let complexOrFloating = Signature.TypeParameter([
    .bfloat16, .float16, .float32, .float64, .complex64, .complex128,
  ])
  /// Floating-point numbers, in the order of the ops of neural networks.
  static let floatingOperand = Signature.TypeParameter([.float16, .bfloat16, .float32, .float64])
}
