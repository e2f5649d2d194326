/// The elements, but none below one bound or above another. The lower bound wins where they cross.
struct ClipByValue: Op {
  static let name = "ClipByValue"
  static let signature = Signature(
    inputs: ["t: T", "clip_value_min: T", "clip_value_max: T"], outputs: ["output: T"],
    types: ["T": .number])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [inputs[0].shape] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    for bound in inputs[1...] where bound.rank > 0 && bound.dimensions != inputs[0].dimensions {
      throw .invalidArgument(
        "clip_value_min and clip_value_max must be either of the same shape as input, or a scalar. "
          + "input shape: \(inputs[0].shape)clip_value_min shape: \(inputs[1].shape)"
          + "clip_value_max shape: \(inputs[2].shape)")
    }
    let limited = try Minimum().compute([inputs[0], inputs[2]], context)
    return try Maximum().compute(limited + [inputs[1]], context)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let (x, low, high) = (node.inputs[0], node.inputs[1], node.inputs[2])
    let gradient = try node.gradient
    let zeros = try zerosLike(gradient)
    let (isBelow, isAbove) = (try less(x, low), try greater(x, high))
    return [
      try selectV1(logicalOr(isBelow, isAbove), zeros, gradient),
      try unbroadcast(selectV1(isBelow, gradient, zeros), to: low, with: x),
      try unbroadcast(selectV1(isAbove, gradient, zeros), to: high, with: x),
    ]
  }
}

/// The elements of `x`, but none below `minimum` or above `maximum`.
///
/// TensorFlow: `tf.clip_by_value`.
public func clipByValue(
  _ x: Output, minimum: Output, maximum: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let location = SourceLocation(file, line)
  return try x.graph.output(Maximum(), named: name ?? "clip_by_value", location) {
    () throws(GraphError) in
    [try binary(Minimum(), x, maximum, name: "Minimum", location), minimum]
  }
}

/// The elements of `x`, but none below `minimum` or above `maximum`, which are literals.
///
/// TensorFlow: `tf.clip_by_value`.
public func clipByValue(
  _ x: Output, minimum: Tensor, maximum: Tensor, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let location = SourceLocation(file, line)
  let low = try minimum.converted(to: x.dataType)
  return try x.graph.output(Maximum(), named: name ?? "clip_by_value", location) {
    () throws(GraphError) in
    [
      try binary(Minimum(), x, maximum, name: "Minimum", location),
      try x.graph.constant(low, name: "y", location),
    ]
  }
}

/// `x` scaled down so that its Euclidean norm, over `axes` or over all dimensions, is at most `limit`.
///
/// TensorFlow: `tf.clip_by_norm`.
public func clipByNorm(
  _ x: Output, limit: Tensor, axes: [Int]? = nil, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.scope(name ?? "clip_by_norm") { () throws(GraphError) -> Output in
    let squares = try sum(x * x, axes: axes, keepDimensions: true, file: file, line: line)
    // The root is taken of ones where the norm is zero: its slope there is infinite.
    let isPositive = try squares .> 0
    let root = try sqrt(selectV1(isPositive, squares, onesLike(squares)))
    let norm = try selectV1(isPositive, root, squares)
    return try x * limit / maximum(norm, limit)
  }
}
