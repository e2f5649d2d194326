/// The same elements in another shape, of which one dimension may be left to be computed (-1).
struct Reshape: AliasingOp {
  static let name = "Reshape"
  static let signature = Signature(
    inputs: ["tensor: T", "shape: Tshape"], outputs: ["output: T"],
    types: ["T": .any, "Tshape": .index])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let requested = try inputs[1].requestedShape()
    guard let input = inputs[0].shape.dimensions, let output = requested.dimensions else {
      return [requested]
    }
    let open = output.indices.filter { output[$0] == nil }
    guard open.count <= 1 else { return [requested] }
    let inputCount = try checkedElementCount(input.compactMap { $0 })
    let outputCount = try checkedElementCount(output.compactMap { $0 })
    switch (input.count(where: { $0 == nil }), open.first) {
    case (0, nil):
      guard inputCount == outputCount else {
        throw Self.refusal(inputCount, requested, outputCount)
      }
    case (0, let axis?):
      guard outputCount > 0 else {
        guard inputCount == 0 else { throw Self.refusal(inputCount, requested, outputCount) }
        return [requested]
      }
      try Self.divide(inputCount, by: outputCount)
      return [requested.replacing(axis, with: inputCount / outputCount)]
    case (1, nil):
      if inputCount > 0 { try Self.divide(outputCount, by: inputCount) }
    default: break
    }
    return [requested]
  }

  private static func refusal(_ count: Int, _ shape: Shape, _ given: Int) -> GraphError {
    .invalidArgument(
      "Cannot reshape a tensor with \(count) elements to shape \(shape) (\(given) elements)")
  }

  private static func divide(_ count: Int, by size: Int) throws(GraphError) {
    guard count % size == 0 else {
      throw .invalidArgument(
        "Dimension size must be evenly divisible by \(size) but is \(count)")
    }
  }

  func inferValue(_ inputs: [TensorSpec]) -> Shape? { inputs[0].shapeValue }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    guard inputs[1].rank == 1, var sizes = inputs[1].integers else {
      throw .invalidArgument("sizes input must be 1-D, not \(inputs[1].shape)")
    }
    var open: Int?
    for (index, size) in sizes.enumerated() where size < 0 {
      guard size == -1 else {
        throw .invalidArgument("Size \(index) must be non-negative, not \(size)")
      }
      if let open {
        throw .invalidArgument(
          "Only one input size may be -1, not both \(open) and \(index)")
      }
      open = index
    }
    if let open {
      // Zeros on both sides match one another: the open size follows from the others.
      sizes[open] = 1
      let hasZero = sizes.contains(0)
      let given = try checkedElementCount(sizes.filter { $0 != 0 })
      let count = try checkedElementCount(
        hasZero ? inputs[0].dimensions.filter { $0 != 0 } : inputs[0].dimensions)
      sizes[open] = count / given
      let isDivisible = sizes[open] * given == count
      guard isDivisible || (hasZero && inputs[0].dimensions.contains(0)) else {
        throw .invalidArgument(
          "Input to reshape is a tensor with \(inputs[0].count) values, but the requested shape "
            + "requires a multiple of \(given)")
      }
    }
    return [try inputs[0].reshaped(sizes)]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try reshape(node.gradient, like: node.inputs[0]), nil]
  }
}

/// The same elements in another shape; one size may be -1.
///
/// - Throws: `invalidArgument` when the numbers of elements differ.
///
/// TensorFlow: `Reshape`, `tf.reshape`.
public func reshape(
  _ input: Output, _ shape: [Int], name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let name = name ?? "Reshape"
  let location = SourceLocation(file, line)
  let prefix = input.graph.uniqueName(name)
  let sizes = try input.graph.shapeConstant(shape, name: prefix + "/shape", location)
  return try input.graph.insertReserved(Reshape(), [input, sizes], name: prefix, location)
}

/// The same elements in the shape that `shape`, a vector of `int32` or `int64`, holds.
///
/// TensorFlow: `Reshape`, `tf.reshape`.
public func reshape(
  _ input: Output, _ shape: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try input.graph.output(Reshape(), [input, shape], name: name, SourceLocation(file, line))
}

/// `input` in the shape of `other`, known now or computed in the run.
func reshape(_ input: Output, like other: Output) throws(GraphError) -> Output {
  if let known = other.shape.known {
    if input.shape.known == known { return input }
    return try reshape(input, known)
  }
  return try reshape(input, try shape(of: other))
}
