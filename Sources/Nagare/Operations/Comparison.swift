/// An op that compares numbers, with broadcasting.
protocol Comparison: ElementwiseBinary {
  static func function<T: Number>(_ x: T, _ y: T) -> Bool
}

extension Comparison {
  static var signature: Signature {
    Signature(inputs: ["x: T", "y: T"], outputs: ["z: bool"], types: ["T": .real])
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    try compareNumbers(inputs, context)
  }

  /// The kernel for numbers.
  func compareNumbers(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> [Tensor] {
    let widened = try widening(inputs, context) { (inputs) throws(GraphError) in
      try compareNumbers(inputs, context)
    }
    if let widened { return widened }
    let result =
      switch inputs[0].dataType {
      case .float32: try broadcastMap(inputs, context) { (x: Float, y) in Self.function(x, y) }
      case .float64: try broadcastMap(inputs, context) { (x: Double, y) in Self.function(x, y) }
      case .int32: try broadcastMap(inputs, context) { (x: Int32, y) in Self.function(x, y) }
      case .int64: try broadcastMap(inputs, context) { (x: Int64, y) in Self.function(x, y) }
      case .uint64: try broadcastMap(inputs, context) { (x: UInt64, y) in Self.function(x, y) }
      default: throw GraphError.unsupported(Self.name, inputs[0].dataType)
      }
    return [result]
  }
}

/// Whether `x < y`, with broadcasting.
struct Less: Comparison, NonDifferentiable {
  static let name = "Less"

  @inline(__always) static func function<T: Number>(_ x: T, _ y: T) -> Bool { x < y }
}

/// Whether `x <= y`, with broadcasting.
struct LessEqual: Comparison, NonDifferentiable {
  static let name = "LessEqual"

  @inline(__always) static func function<T: Number>(_ x: T, _ y: T) -> Bool { x <= y }
}

/// Whether `x > y`, with broadcasting.
struct Greater: Comparison, NonDifferentiable {
  static let name = "Greater"

  @inline(__always) static func function<T: Number>(_ x: T, _ y: T) -> Bool { x > y }
}

/// Whether `x >= y`, with broadcasting.
struct GreaterEqual: Comparison, NonDifferentiable {
  static let name = "GreaterEqual"

  @inline(__always) static func function<T: Number>(_ x: T, _ y: T) -> Bool { x >= y }
}

/// Whether `x < y`, with broadcasting.
///
/// TensorFlow: `Less`, `tf.less`.
public func less(
  _ x: Output, _ y: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Less(), [x, y], name: name, SourceLocation(file, line))
}

/// Whether `x <= y`, with broadcasting.
///
/// TensorFlow: `LessEqual`, `tf.less_equal`.
public func lessEqual(
  _ x: Output, _ y: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(LessEqual(), [x, y], name: name, SourceLocation(file, line))
}

/// Whether `x > y`, with broadcasting.
///
/// TensorFlow: `Greater`, `tf.greater`.
public func greater(
  _ x: Output, _ y: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Greater(), [x, y], name: name, SourceLocation(file, line))
}

/// Whether `x >= y`, with broadcasting.
///
/// TensorFlow: `GreaterEqual`, `tf.greater_equal`.
public func greaterEqual(
  _ x: Output, _ y: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(GreaterEqual(), [x, y], name: name, SourceLocation(file, line))
}
