/// The sum over some dimensions.
struct Sum: NumberReduction {
  /// Whether reduced dimensions stay, with size 1.
  var keepDimensions = false

  static let name = "Sum"
  static let signature = Signature(
    inputs: ["input: T", "reduction_indices: Tidx"], outputs: ["output: T"],
    types: ["T": .number, "Tidx": .index])

  static var loops: ReductionLoops? { .floatSum }

  @inline(__always) static func initial<T: FloatNumber>() -> T { 0 }
  @inline(__always) static func initial<T: IntegerNumber>() -> T { 0 }
  @inline(__always) static func combine<T: FloatNumber>(_ x: T, _ y: T) -> T { x + y }
  @inline(__always) static func combine<T: IntegerNumber>(_ x: T, _ y: T) -> T { x &+ y }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let (x, axes) = (node.inputs[0], node.inputs[1])
    return [
      try spread(node.gradient, over: axes, like: x, keepDimensions: keepDimensions), nil,
    ]
  }
}

/// The sum over `axes`, over all dimensions when `nil`. Negative axes count from the last.
///
/// - Throws: `invalidArgument` for an axis out of range or named twice.
///
/// TensorFlow: `Sum`, `tf.reduce_sum`.
public func sum(
  _ input: Output, axes: [Int]? = nil, keepDimensions: Bool = false, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try Sum(keepDimensions: keepDimensions).reduced(
    input, axes, name ?? "Sum", SourceLocation(file, line))
}

/// The sum over axes that are known in the run.
func sum(
  _ input: Output, axes: Output, keepDimensions: Bool = false
) throws(GraphError) -> Output {
  try input.graph.output(Sum(keepDimensions: keepDimensions), [input, axes])
}
