/// The product over some dimensions.
struct Prod: NumberReduction {
  /// Whether reduced dimensions stay, with size 1.
  var keepDimensions = false

  static let name = "Prod"
  static let signature = Sum.signature

  @inline(__always) static func initial<T: FloatNumber>() -> T { 1 }
  @inline(__always) static func initial<T: IntegerNumber>() -> T { 1 }
  @inline(__always) static func combine<T: FloatNumber>(_ x: T, _ y: T) -> T { x * y }
  @inline(__always) static func combine<T: IntegerNumber>(_ x: T, _ y: T) -> T { x &* y }

  /// An element's share is the product of the others: of those before it times those after it, which
  /// holds for zeros as well. The reduced dimensions are brought to the front for it.
  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let graph = node.graph
    let (x, axes) = (node.inputs[0], node.inputs[1])
    let upstream = try spread(
      node.gradient, over: axes, like: x, keepDimensions: keepDimensions)
    let size = try shape(of: x)
    let dimensions = try rank(of: x)
    let flat = try reshape(cast(axes, to: .int32), [-1])
    let reduced = try floorMod(flat + dimensions, dimensions)
    let all = try range(graph.constant(0), dimensions, graph.constant(1))
    let others = try listDifference(all, reduced).values
    let order = try concat([reduced, others], axis: 0)
    let count = try product(gather(size, reduced), axes: [0])
    let rest = try product(gather(size, others), axes: [0])
    let moved = try transpose(x, permutation: order)
    let rows = try reshape(moved, stack([count, rest]))
    let before = try cumulativeProduct(rows, axis: 0, exclusive: true)
    let after = try cumulativeProduct(rows, axis: 0, exclusive: true, reverse: true)
    let shares = try reshape(before * after, shape(of: moved))
    let slope = try transpose(shares, permutation: invertPermutation(order))
    return [try reshape(upstream * slope, like: x), nil]
  }
}

/// The product over `axes`, over all dimensions when `nil`. Negative axes count from the last.
///
/// - Throws: `invalidArgument` for an axis out of range or named twice.
///
/// TensorFlow: `Prod`, `tf.reduce_prod`.
public func product(
  _ input: Output, axes: [Int]? = nil, keepDimensions: Bool = false, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try Prod(keepDimensions: keepDimensions).reduced(
    input, axes, name ?? "Prod", SourceLocation(file, line))
}
