/// The places of `0`, `1`, … in a permutation.
struct InvertPermutation: Op, NonDifferentiable {
  static let name = "InvertPermutation"
  static let signature = Signature(inputs: ["x: T"], outputs: ["y: T"], types: ["T": .index])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [try inputs[0].shape.withRank(1)]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    guard inputs[0].rank == 1, let values = inputs[0].integers else {
      throw .invalidArgument("invert_permutation expects a 1D vector.")
    }
    var places = [Int](repeating: -1, count: values.count)
    for (place, value) in values.enumerated() {
      guard values.indices.contains(value) else {
        throw .invalidArgument("\(value) is not between 0 and \(values.count)")
      }
      guard places[value] < 0 else {
        throw .invalidArgument("\(value) is duplicated in the input.")
      }
      places[value] = place
    }
    return [try Tensor(sizes: places, inputs[0].dataType)]
  }
}

/// The places of `0`, `1`, … in `permutation`, a vector that holds each once.
///
/// TensorFlow: `InvertPermutation`, `tf.invert_permutation`.
public func invertPermutation(
  _ permutation: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try permutation.graph.output(
    InvertPermutation(), [permutation], name: name, SourceLocation(file, line))
}
