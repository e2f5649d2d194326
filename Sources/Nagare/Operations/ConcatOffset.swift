/// Where each of some tensors begins in their concatenation.
struct ConcatOffset: Op, NonDifferentiable {
  static let name = "ConcatOffset"
  static let signature = Signature(
    inputs: ["concat_dim: int32", "shape: N * shape_type"], outputs: ["offset: N * shape_type"],
    types: ["shape_type": .index], minimumCounts: ["N": 2])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    for input in inputs.dropFirst() {
      if input.shape.rank != nil { _ = try input.shape.withRank(1) }
    }
    return inputs.dropFirst().map(\.shape)
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    guard inputs[0].rank == 0, let axis = inputs[0].integers?.first else {
      throw .invalidArgument(
        "Concat dim tensor should be a scalar integer, but got shape \(inputs[0].shape)")
    }
    var shapes: [[Int]] = []
    for (index, input) in inputs.dropFirst().enumerated() {
      guard input.rank == 1, let sizes = input.integers else {
        throw .invalidArgument("input \(index) should be a vector, but got shape \(input.shape)")
      }
      shapes.append(sizes)
    }
    let first = shapes[0]
    let place = try wrappedAxis(
      axis, rank: first.count, "Concat dim is out of range: \(axis) vs. \(first.count)")
    var offset = 0
    var offsets: [Tensor] = []
    for (index, sizes) in shapes.enumerated() {
      guard sizes.count == first.count else {
        throw .invalidArgument(
          "input \(index) should contain \(first.count) elements, but got \(sizes.count)")
      }
      for (axis, size) in sizes.enumerated() where axis != place && size != first[axis] {
        func list(_ sizes: [Int]) -> String {
          "[" + sizes.map(String.init).joined(separator: " ") + "]"
        }
        throw .invalidArgument(
          "All dimensions except \(place) must match. Input \(index) has shape \(list(sizes)) and "
            + "doesn't match input 0 with shape \(list(first)).")
      }
      var offsetVector = [Int](repeating: 0, count: first.count)
      offsetVector[place] = offset
      offsets.append(try Tensor(sizes: offsetVector, inputs[1].dataType))
      offset = offset.addingClamped(sizes[place])
    }
    return offsets
  }
}

/// Where each of some tensors with these shapes begins in their concatenation along `axis`.
func concatOffsets(_ axis: Output, _ shapes: [Output]) throws(GraphError) -> [Output] {
  let node = try axis.graph.add(ConcatOffset(), [axis] + shapes)
  return axis.graph.outputs(of: node)
}
