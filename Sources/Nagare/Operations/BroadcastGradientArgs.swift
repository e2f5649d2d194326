/// The axes over which the gradient of a broadcast result is summed for each of two operands.
struct BroadcastGradientArgs: Op, NonDifferentiable {
  static let name = "BroadcastGradientArgs"
  static let signature = Signature(
    inputs: ["s0: T", "s1: T"], outputs: ["r0: T", "r1: T"], types: ["T": .index])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    for input in inputs {
      if let rank = input.shape.rank, rank != 1 {
        throw .invalidArgument("Shape must be rank 1 but is rank \(rank)")
      }
    }
    return [.vector(nil), .vector(nil)]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    for (index, input) in inputs.enumerated() where input.rank != 1 {
      throw .invalidArgument("In[\(index)] must be a vector.\(input.shape)")
    }
    guard let left = inputs[0].integers, let right = inputs[1].integers else {
      throw .unsupported(Self.name, inputs[0].dataType)
    }
    let rank = max(left.count, right.count)
    let a = [Int](repeating: 1, count: rank - left.count) + left
    let b = [Int](repeating: 1, count: rank - right.count) + right
    var axes: ([Int], [Int]) = ([], [])
    for index in 0..<rank {
      guard a[index] == b[index] || a[index] == 1 || b[index] == 1 else {
        throw .invalidArgument("Incompatible shapes: \(Shape(left)) vs. \(Shape(right))")
      }
      if a[index] == 1, b[index] == 1 {
        axes.0.append(index)
        axes.1.append(index)
      } else if a[index] != b[index] {
        if a[index] == 1 { axes.0.append(index) } else { axes.1.append(index) }
      }
    }
    let dataType = inputs[0].dataType
    return [try Tensor(sizes: axes.0, dataType), try Tensor(sizes: axes.1, dataType)]
  }
}

/// The axes to sum over for operands of these shapes; see `unbroadcast`.
func broadcastGradientArguments(
  _ left: Output, _ right: Output
) throws(GraphError) -> (Output, Output) {
  let node = try left.graph.add(BroadcastGradientArgs(), [left, right])
  return (left.graph.output(node, 0), left.graph.output(node, 1))
}
