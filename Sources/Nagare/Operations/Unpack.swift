/// The slices of a tensor along an axis, without that axis.
struct Unpack: Op {
  /// The number of slices, the size of the axis.
  var count = 0
  var axis = 0

  static let name = "Unpack"
  static let signature = Signature(
    inputs: ["value: T"], outputs: ["output: num * T"], types: ["T": .any])
  static let attributes: [Attribute<Self>] = [
    .required("num", \.count), .attribute("axis", \.axis),
  ]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    guard count >= 0 else {
      throw .invalidArgument("Value for attr 'num' of \(count) must be at least minimum 0")
    }
    guard var dimensions = inputs[0].shape.dimensions else {
      return [Shape](repeating: .unknown, count: count)
    }
    let place = try stackAxis(axis, rank: dimensions.count)
    try checkDimension(dimensions[place], is: count)
    dimensions.remove(at: place)
    return [Shape](repeating: Shape(dimensions), count: count)
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let value = inputs[0]
    let place = try wrappedAxis(
      axis, rank: value.rank, "axis = \(axis) not in [\(-value.rank), \(value.rank))")
    var dimensions = value.dimensions
    guard dimensions.remove(at: place) == count else {
      throw .invalidArgument(
        "Input shape axis \(place) must equal \(count), got shape \(value.shape)")
    }
    var steps = StridedCopy.steps(value.dimensions)
    let step = steps.remove(at: place)
    var slices: [Tensor] = []
    for index in 0..<count {
      slices.append(try value.part(dimensions, steps: steps, start: index &* step, context))
    }
    return slices
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try stack(node.filledUpstream(), axis: axis)]
  }
}

extension Unpack: DividingOp {
  var dividedInput: Int { 0 }

  func axis(_ constants: [Tensor?]) -> Int? { axis }
}

/// The slices of `value` along `axis`, without that dimension.
///
/// - Parameter count: The size of the dimension; may be left out when it is known.
/// - Throws: `invalidArgument` when the size is not known or is another.
///
/// TensorFlow: `Unpack`, `tf.unstack`.
public func unstack(
  _ value: Output, count: Int? = nil, axis: Int = 0, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> [Output] {
  if let rank = value.shape.rank {
    _ = try wrappedAxis(
      axis, rank: rank,
      "Argument `axis` = \(axis) not in range [\(-rank), \(rank))")
  }
  guard let count = count ?? value.shape[axis] else {
    throw .invalidArgument("Cannot infer argument `num` from shape \(value.shape)")
  }
  let node = try value.graph.add(
    Unpack(count: count, axis: axis), [value], name: name ?? "unstack",
    SourceLocation(file, line))
  return value.graph.outputs(of: node)
}
