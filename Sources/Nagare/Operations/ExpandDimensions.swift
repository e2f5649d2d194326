/// The same elements with one dimension of size 1 more.
struct ExpandDims: AliasingOp {
  static let name = "ExpandDims"
  static let signature = Signature(
    inputs: ["input: T", "dim: Tdim"], outputs: ["output: T"],
    types: ["T": .any, "Tdim": .index])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    guard let axes = inputs[1].integers else { return [.unknown] }
    guard axes.count == 1 else {
      throw .invalidArgument("'dim' input must be a tensor with a single value")
    }
    guard let dimensions = inputs[0].shape.dimensions else { return [.unknown] }
    let rank = dimensions.count
    let axis = try wrappedAxis(
      axes[0], rank: rank + 1, "dim \(axes[0]) not in the interval [\(-rank - 1), \(rank)].")
    return [Shape(Array(dimensions[..<axis]) + [1] + Array(dimensions[axis...]))]
  }

  // The elements stay the same: a scalar becomes a vector of one.
  func inferValue(_ inputs: [TensorSpec]) -> Shape? { inputs[0].shapeValue }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    guard let axes = inputs[1].integers, axes.count == 1 else {
      throw .invalidArgument("'dim' must be a tensor with a single value")
    }
    var dimensions = inputs[0].dimensions
    let axis = try wrappedAxis(
      axes[0], rank: dimensions.count + 1,
      "Tried to expand dim index \(axes[0]) for tensor with \(dimensions.count) dimensions.")
    dimensions.insert(1, at: axis)
    return [try inputs[0].reshaped(dimensions)]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try reshape(node.gradient, like: node.inputs[0]), nil]
  }
}

/// `input` with a dimension of size 1 inserted before dimension `axis`; negative axes count from the
/// end, so that -1 adds one last.
///
/// - Throws: `invalidArgument` for an axis out of range.
///
/// TensorFlow: `ExpandDims`, `tf.expand_dims`.
public func expandDimensions(
  _ input: Output, axis: Int, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let location = SourceLocation(file, line)
  return try input.graph.output(ExpandDims(), named: name ?? "ExpandDims", location) {
    () throws(GraphError) -> [Output] in
    [input, try input.graph.constant(size: axis, name: "dim", location)]
  }
}
