/// The mean over some dimensions; of integers rounded toward zero.
struct Mean: Reduction {
  /// Whether reduced dimensions stay, with size 1.
  var keepDimensions = false

  static let name = "Mean"
  static let signature = Sum.signature

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let (_, size) = try arguments(inputs)
    let x = inputs[0]
    // An element stands for as many as the result has fewer; with no result the quotient is not used.
    let count = x.count / max(1, try checkedElementCount(size))
    func divided<T: FloatNumber>(_: T.Type) throws(GraphError) -> Tensor {
      let total = try Sum(keepDimensions: keepDimensions).compute(inputs, context)
      return try mapElements(total, context) { (x: T) in x / T(count) }
    }
    switch x.dataType {
    case .float32: return [try divided(Float.self)]
    case .float64: return [try divided(Double.self)]
    default: break
    }
    guard x.dataType.isInteger else { throw .unsupported(Self.name, x.dataType) }
    // Summed as 64-bit numbers: a sum of small ones does not fit their own type.
    let wide: DataType = x.dataType == .uint64 ? .uint64 : .int64
    let sums = try Sum(keepDimensions: keepDimensions).compute(
      Cast(target: wide).compute([x], context) + [inputs[1]], context)
    let means =
      wide == .uint64
      ? try mapElements(sums, context) { (x: UInt64) in x / UInt64(max(1, count)) }
      : try mapElements(sums, context) { (x: Int64) in x / Int64(max(1, count)) }
    return try Cast(target: x.dataType).compute([means], context)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let (x, axes) = (node.inputs[0], node.inputs[1])
    let spread = try spread(
      node.gradient, over: axes, like: x, keepDimensions: keepDimensions)
    return [try spread / elementCount(x, node.outputs[0], axes), nil]
  }

  /// How many elements of `x` make one of the result, in the type of `x`.
  private func elementCount(
    _ x: Output, _ result: Output, _ axes: Output
  ) throws(GraphError) -> Output {
    if let size = x.shape.dimensions, let reduced = axes.spec.integers {
      let flags = try ReductionAxes(reduced, rank: size.count).isReduced
      let known = Shape(zip(size, flags).filter(\.1).map(\.0))
      if let count = known.elementCount {
        return try x.graph.constant(
          try Tensor(scalar: Double(count)).converted(to: x.dataType))
      }
    }
    let all = try product(shape(of: x), axes: [0])
    let left = try maximum(product(shape(of: result), axes: [0]), 1)
    return try cast(floorDivide(all, left), to: x.dataType)
  }
}

/// The mean over `axes`, over all dimensions when `nil`. Negative axes count from the last.
///
/// - Throws: `invalidArgument` for an axis out of range or named twice.
///
/// TensorFlow: `Mean`, `tf.reduce_mean`.
public func mean(
  _ input: Output, axes: [Int]? = nil, keepDimensions: Bool = false, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try Mean(keepDimensions: keepDimensions).reduced(
    input, axes, name ?? "Mean", SourceLocation(file, line))
}
