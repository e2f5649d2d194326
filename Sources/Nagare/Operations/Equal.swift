/// An op that tells equal elements from others, with broadcasting, for any type.
protocol Equality: Op {
  var incompatibleShapeError: Bool { get set }
  static var valueForOtherShapes: Bool { get }
  static func function<T: Equatable>(_ x: T, _ y: T) -> Bool
}

extension Equality {
  static var signature: Signature {
    Signature(inputs: ["x: T", "y: T"], outputs: ["z: bool"], types: ["T": .any])
  }

  static var attributes: [Attribute<Self>] {
    [.attribute("incompatible_shape_error", \.incompatibleShapeError)]
  }

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let (left, right) = (inputs[0].shape, inputs[1].shape)
    if incompatibleShapeError { return [try left.broadcast(with: right)] }
    guard left.isFullyKnown, right.isFullyKnown else { return [.unknown] }
    return [(try? left.broadcast(with: right)) ?? .scalar]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    if !incompatibleShapeError,
      (try? Broadcast(inputs[0].dimensions, inputs[1].dimensions)) == nil
    {
      return [try Tensor(scalar: Self.valueForOtherShapes)]
    }
    let widened = try widening(inputs, context) { (inputs) throws(GraphError) in
      try compute(inputs, context)
    }
    if let widened { return widened }
    let result =
      switch inputs[0].dataType {
      case .float32: try broadcastMap(inputs, context) { (x: Float, y) in Self.function(x, y) }
      case .float64: try broadcastMap(inputs, context) { (x: Double, y) in Self.function(x, y) }
      case .float16:
        try broadcastMap(inputs, context) { (x: Half, y) in Self.function(x.float, y.float) }
      case .bfloat16:
        try broadcastMap(inputs, context) { (x: BFloat16, y) in Self.function(x.float, y.float) }
      case .int32: try broadcastMap(inputs, context) { (x: Int32, y) in Self.function(x, y) }
      case .int64: try broadcastMap(inputs, context) { (x: Int64, y) in Self.function(x, y) }
      case .uint64: try broadcastMap(inputs, context) { (x: UInt64, y) in Self.function(x, y) }
      case .bool: try broadcastMap(inputs, context) { (x: Bool, y) in Self.function(x, y) }
      case .string: try compareStrings(inputs)
      default: throw GraphError.unsupported(Self.name, inputs[0].dataType)
      }
    return [result]
  }

  private func compareStrings(_ inputs: [Tensor]) throws(GraphError) -> Tensor {
    let broadcast = try Broadcast(inputs[0].dimensions, inputs[1].dimensions)
    let (left, right) = (inputs[0].strings, inputs[1].strings)
    var result: [Bool] = []
    for run in 0..<broadcast.runCount {
      let start = broadcast.start(run)
      for index in 0..<broadcast.runLength {
        result.append(
          Self.function(
            left[start.left + index * broadcast.leftStep],
            right[start.right + index * broadcast.rightStep]))
      }
    }
    return try Tensor(result, dimensions: broadcast.dimensions)
  }
}

/// Whether `x` equals `y`, with broadcasting.
struct Equal: Equality, NonDifferentiable {
  /// Whether shapes that do not go together are an error. If not, the result is one value: false.
  var incompatibleShapeError = true

  static let name = "Equal"
  static let valueForOtherShapes = false

  @inline(__always) static func function<T: Equatable>(_ x: T, _ y: T) -> Bool { x == y }
}

/// Whether `x` differs from `y`, with broadcasting.
struct NotEqual: Equality, NonDifferentiable {
  /// Whether shapes that do not go together are an error. If not, the result is one value: true.
  var incompatibleShapeError = true

  static let name = "NotEqual"
  static let valueForOtherShapes = true

  @inline(__always) static func function<T: Equatable>(_ x: T, _ y: T) -> Bool { x != y }
}

/// Whether `x` equals `y`, with broadcasting.
///
/// TensorFlow: `Equal`, `tf.equal`.
public func equal(
  _ x: Output, _ y: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Equal(), [x, y], name: name, SourceLocation(file, line))
}

/// Whether `x` differs from `y`, with broadcasting.
///
/// TensorFlow: `NotEqual`, `tf.not_equal`.
public func notEqual(
  _ x: Output, _ y: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(NotEqual(), [x, y], name: name, SourceLocation(file, line))
}
