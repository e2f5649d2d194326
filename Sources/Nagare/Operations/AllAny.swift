/// Whether all elements over some dimensions are true.
struct AllOf: Reduction, NonDifferentiable {
  /// Whether reduced dimensions stay, with size 1.
  var keepDimensions = false

  static let name = "All"
  static let signature = Signature(
    inputs: ["input: bool", "reduction_indices: Tidx"], outputs: ["output: bool"],
    types: ["Tidx": .index])

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let (axes, size) = try arguments(inputs)
    let all = ReductionLoops(initial: true) { $0 && $1 }
    return [try reduce(inputs[0], over: axes, to: size, context, all)]
  }
}

/// Whether an element over some dimensions is true.
struct AnyOf: Reduction, NonDifferentiable {
  /// Whether reduced dimensions stay, with size 1.
  var keepDimensions = false

  static let name = "Any"
  static let signature = Signature(
    inputs: ["input: bool", "reduction_indices: Tidx"], outputs: ["output: bool"],
    types: ["Tidx": .index])

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let (axes, size) = try arguments(inputs)
    let any = ReductionLoops(initial: false) { $0 || $1 }
    return [try reduce(inputs[0], over: axes, to: size, context, any)]
  }
}

/// Whether all elements are true over `axes`, over all dimensions when `nil`. Negative axes count from the last.
///
/// - Throws: `invalidArgument` for an axis out of range or named twice.
///
/// TensorFlow: `All`, `tf.reduce_all`.
public func all(
  _ input: Output, axes: [Int]? = nil, keepDimensions: Bool = false, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try AllOf(keepDimensions: keepDimensions).reduced(
    input, axes, name ?? "All", SourceLocation(file, line))
}

/// Whether an element is true over `axes`, over all dimensions when `nil`. Negative axes count from the last.
///
/// - Throws: `invalidArgument` for an axis out of range or named twice.
///
/// TensorFlow: `Any`, `tf.reduce_any`.
public func any(
  _ input: Output, axes: [Int]? = nil, keepDimensions: Bool = false, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try AnyOf(keepDimensions: keepDimensions).reduced(
    input, axes, name ?? "Any", SourceLocation(file, line))
}
