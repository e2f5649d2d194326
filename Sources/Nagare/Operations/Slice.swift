/// A box of a tensor.
struct SliceOp: Op {
  static let name = "Slice"
  static let signature = Signature(
    inputs: ["input: T", "begin: Index", "size: Index"], outputs: ["output: T"],
    types: ["T": .any, "Index": .of(.int32, .int64)])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let positions = try inputs[1].shape.withRank(1).merging(inputs[2].shape.withRank(1))
    var input = inputs[0].shape
    if let rank = positions[0] { input = try input.withRank(rank) }
    let begin = try inputs[1].requestedShape()
    let requested = try inputs[2].requestedShape()
    guard let sizes = inputs[2].quietIntegers else {
      guard let rank = requested.rank ?? input.rank else { return [.unknown] }
      return [requested.rank == nil ? .unknown(rank: rank) : requested]
    }
    var dimensions: [Int?] = []
    for (axis, size) in sizes.enumerated() {
      guard size == -1 else {
        dimensions.append(size)
        continue
      }
      guard let whole = input[axis], let start = begin[axis] else {
        dimensions.append(nil)
        continue
      }
      guard start <= whole else {
        throw .invalidArgument(
          "Negative dimension size caused by subtracting \(start) from \(whole)")
      }
      dimensions.append(whole - start)
    }
    return [Shape(dimensions)]
  }

  func inferValue(_ inputs: [TensorSpec]) -> Shape? {
    guard inputs[0].shape.rank == 1, let whole = inputs[0].shapeValue?.dimensions,
      let start = inputs[1].integers?.first, let size = inputs[2].integers?.first,
      start >= 0, start <= whole.count, size >= -1, size <= whole.count - start
    else { return nil }
    return Shape(Array(whole[start...].prefix(size < 0 ? .max : size)))
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let input = inputs[0]
    guard inputs[1].rank == 1, inputs[2].rank == 1, let begin = inputs[1].integers,
      let requested = inputs[2].integers, begin.count == input.rank,
      requested.count == input.rank
    else {
      throw .invalidArgument(
        "Expected begin and size arguments to be 1-D tensors of size \(input.rank), but got shapes "
          + "\(inputs[1].shape) and \(inputs[2].shape) instead.")
    }
    var sizes: [Int] = []
    var start = 0
    let steps = StridedCopy.steps(input.dimensions)
    for (axis, whole) in input.dimensions.enumerated() {
      guard begin[axis] >= 0, begin[axis] <= whole else {
        throw .invalidArgument(
          "Expected begin[\(axis)] in [0, \(whole)], but got \(begin[axis])")
      }
      let rest = whole - begin[axis]
      let size = requested[axis] == -1 ? rest : requested[axis]
      guard size >= 0, size <= rest else {
        throw .invalidArgument("Expected size[\(axis)] in [0, \(rest)], but got \(size)")
      }
      sizes.append(size)
      start &+= begin[axis] &* steps[axis]
    }
    if sizes == input.dimensions { return [input] }
    return [try input.part(sizes, steps: steps, start: start, context)]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    // Zeros around the gradient: begin before it, and what is left behind it.
    let graph = node.graph
    let (input, begin) = (node.inputs[0], node.inputs[1])
    let column = try stack([rank(of: input), graph.constant(1, name: "stack/1")])
    let type = begin.dataType
    let whole = try shape(of: input, outputType: type)
    let part = try shape(of: node.outputs[0], outputType: type)
    let before = try reshape(begin, column)
    let after = try reshape(whole - part - begin, column)
    return [try pad(node.gradient, paddings: try concat([before, after], axis: 1)), nil, nil]
  }
}

/// The box of `input` that begins at `begin` and has this size; -1 takes all that is left.
///
/// - Throws: `invalidArgument` when a list does not fit the rank.
///
/// TensorFlow: `Slice`, `tf.slice`.
public func slice(
  _ input: Output, begin: [Int], size: [Int], name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let location = SourceLocation(file, line)
  let graph = input.graph
  return try graph.output(SliceOp(), named: name ?? "Slice", location) {
    () throws(GraphError) -> [Output] in
    [
      input, try graph.constant(sizes: begin, name: "begin", location),
      try graph.constant(sizes: size, name: "size", location),
    ]
  }
}

/// The box of `input` that begins at `begin` and has this size, vectors of `int32` or `int64`.
///
/// TensorFlow: `Slice`, `tf.slice`.
public func slice(
  _ input: Output, begin: Output, size: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try input.graph.output(SliceOp(), [input, begin, size], name: name, SourceLocation(file, line))
}
