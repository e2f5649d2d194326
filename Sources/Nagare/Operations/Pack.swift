/// Tensors of one shape stacked along a new axis.
struct Pack: Op {
  var axis = 0

  static let name = "Pack"
  static let signature = Signature(
    inputs: ["values: N * T"], outputs: ["output: T"], types: ["T": .any],
    minimumCounts: ["N": 1])
  static let attributes: [Attribute<Self>] = [.attribute("axis", \.axis)]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    guard let dimensions = try mergedShape(of: inputs).dimensions else { return [.unknown] }
    let place = try stackAxis(axis, rank: dimensions.count + 1)
    return [
      Shape(Array(dimensions[..<place]) + [inputs.count] + Array(dimensions[place...]))
    ]
  }

  func inferValue(_ inputs: [TensorSpec]) -> Shape? {
    guard inputs.allSatisfy({ $0.shape.rank == 0 }),
      inputs.allSatisfy({ $0.dataType == .int32 || $0.dataType == .int64 })
    else { return nil }
    return Shape(
      inputs.map { input in
        guard let size = input.quietIntegers?.first, size >= 0 else { return nil }
        return size
      })
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let first = inputs[0].dimensions
    for (index, input) in inputs.enumerated() where input.dimensions != first {
      throw .invalidArgument(
        "Shapes of all inputs must match: values[0].shape = \(inputs[0].shape) != "
          + "values[\(index)].shape = \(input.shape)")
    }
    let place = try wrappedAxis(
      axis, rank: first.count + 1,
      "axis = \(axis) not in [\(-first.count - 1), \(first.count + 1))")
    var dimensions = first
    dimensions.insert(inputs.count, at: place)
    let result = try context.allocate(inputs[0].dataType, dimensions)
    let steps = StridedCopy.steps(dimensions)
    var others = steps
    others.remove(at: place)
    for (index, input) in inputs.enumerated() {
      try StridedCopy(
        first, from: StridedCopy.steps(first), to: others, targetStart: index &* steps[place]
      ).run(input, result, context)
    }
    return [result]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    try unstack(node.gradient, count: node.inputs.count, axis: axis)
  }
}

/// `axis` of a stack of `rank` dimensions, counted from the first.
func stackAxis(_ axis: Int, rank: Int) throws(GraphError) -> Int {
  try wrappedAxis(axis, rank: rank, "Invalid axis: \(axis); must be in [\(-rank),\(rank))")
}

/// `values`, tensors of one shape, stacked along a new dimension `axis`.
///
/// - Throws: `invalidArgument` when shapes or types differ.
///
/// TensorFlow: `Pack`, `tf.stack`.
public func stack(
  _ values: [Output], axis: Int = 0, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  guard let graph = values.first?.graph else {
    throw .invalidArgument("stack takes at least one tensor")
  }
  return try graph.output(
    Pack(axis: axis), values, name: name ?? "stack", SourceLocation(file, line))
}
