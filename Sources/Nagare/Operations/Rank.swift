/// The number of dimensions of a tensor.
struct Rank: Op, NonDifferentiable {
  static let name = "Rank"
  static let signature = Signature(
    inputs: ["input: T"], outputs: ["output: int32"], types: ["T": .any])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.scalar] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [try Tensor(scalar: Int32(inputs[0].rank))]
  }
}

/// The number of dimensions of a tensor, an `int32` that is a constant where the rank is known.
///
/// TensorFlow: `Rank`, `tf.rank`.
public func rank(
  of input: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let location = SourceLocation(file, line)
  if let rank = input.shape.rank {
    return try input.graph.constant(
      try Tensor(scalar: Int32(rank)), name: name ?? "Rank", location)
  }
  return try input.graph.output(Rank(), [input], name: name, location)
}
