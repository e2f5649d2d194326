/// The same tensor, which must be of a shape.
struct EnsureShape: Op {
  var shape = Shape.unknown

  static let name = "EnsureShape"
  static let signature = Identity.signature
  static let attributes: [Attribute<Self>] = [.required("shape", \.shape)]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    if let rank = shape.rank { _ = try inputs[0].shape.withRank(rank) }
    return [try shape.merging(inputs[0].shape)]
  }

  func inferValue(_ inputs: [TensorSpec]) -> Shape? { inputs[0].shapeValue }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    guard shape.isCompatible(with: inputs[0].shape) else {
      throw .invalidArgument(
        "Shape of tensor \(inputs[0].shape) is not compatible with expected shape "
          + "\(shape).")
    }
    return inputs
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] { [try node.gradient] }
}

/// `input`, whose shape is then known to be `shape`; a run in which it is not is refused.
///
/// TensorFlow: `EnsureShape`, `tf.ensure_shape`.
public func ensureShape(
  _ input: Output, _ shape: Shape, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try input.graph.output(
    EnsureShape(shape: shape), [input], name: name, SourceLocation(file, line))
}
