/// A tensor with some dimensions backwards.
struct ReverseV2: Op {
  static let name = "ReverseV2"
  static let signature = Signature(
    inputs: ["tensor: T", "axis: Tidx"], outputs: ["output: T"],
    types: [
      "T": .of(
        .uint8, .int8, .uint16, .int16, .int32, .uint32, .int64, .uint64, .bool, .bfloat16,
        .float16, .float32, .float64, .complex64, .complex128, .string),
      "Tidx": .index,
    ])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    _ = try inputs[1].shape.withRank(1)
    if let rank = inputs[0].shape.rank, let axes = inputs[1].integers {
      _ = try Self.flags(axes, rank: rank)
    }
    return [inputs[0].shape]
  }

  private static func flags(_ axes: [Int], rank: Int) throws(GraphError) -> [Bool] {
    var flags = [Bool](repeating: false, count: rank)
    for (index, axis) in axes.enumerated() {
      let place = try wrappedAxis(
        axis, rank: rank, "'axis'[\(index)] = \(axis) is out of valid range [0, \(rank - 1)")
      guard !flags[place] else {
        throw .invalidArgument("axis \(place) specified more than once.")
      }
      flags[place] = true
    }
    return flags
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    guard inputs[1].rank == 1, let axes = inputs[1].integers else {
      throw .invalidArgument("'dims' must be 1-dimension, not \(inputs[1].rank)")
    }
    let input = inputs[0]
    let flags = try Self.flags(axes, rank: input.rank)
    guard input.count > 0 else { return [input] }
    var steps = StridedCopy.steps(input.dimensions)
    var start = 0
    for axis in steps.indices where flags[axis] {
      start += (input.dimensions[axis] - 1) * steps[axis]
      steps[axis] = -steps[axis]
    }
    return [try input.part(input.dimensions, steps: steps, start: start, context)]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try node.graph.output(ReverseV2(), [node.gradient, node.inputs[1]]), nil]
  }
}

/// `input` with the order of the elements along `axes` reversed.
///
/// - Throws: `invalidArgument` for an axis out of range or named twice.
///
/// TensorFlow: `ReverseV2`, `tf.reverse`.
public func reversed(
  _ input: Output, axes: [Int], name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let location = SourceLocation(file, line)
  return try input.graph.output(ReverseV2(), named: name ?? "ReverseV2", location) {
    () throws(GraphError) -> [Output] in
    [input, try input.graph.constant(sizes: axes, name: "axis", location)]
  }
}
