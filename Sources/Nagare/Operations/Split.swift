/// Equal parts of a tensor along an axis.
struct Split: Op {
  /// The number of parts.
  var count = 1

  static let name = "Split"
  static let signature = Signature(
    inputs: ["split_dim: int32", "value: T"], outputs: ["output: num_split * T"],
    types: ["T": .any])
  static let attributes: [Attribute<Self>] = [.required("num_split", \.count)]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    try SplitAxis.check(count, "num_split")
    let shape = inputs[1].shape
    let part: Shape
    if let axis = try SplitAxis.known(inputs[0], of: shape) {
      try shape.withRank(atLeast: axis.addingClamped(1))
      let size = shape.rank == nil ? nil : shape[axis]
      if let size, size % count != 0 {
        throw .invalidArgument(
          "Dimension size must be evenly divisible by \(count) but is \(size)\n"
            + "\tNumber of ways to split should evenly divide the split dimension")
      }
      part = shape.rank == nil ? .unknown : shape.replacing(axis, with: size.map { $0 / count })
    } else {
      part = shape.rank.map { .unknown(rank: $0) } ?? .unknown
    }
    return [Shape](repeating: part, count: count)
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let value = inputs[1]
    let axis = try SplitAxis.place(inputs[0], of: value)
    let size = value.dimensions[axis]
    guard size % count == 0 else {
      throw .invalidArgument(
        "Number of ways to split should evenly divide the split dimension, but got split_dim "
          + "\(axis) (size = \(size)) and num_split \(count)")
    }
    return try value.divided(
      [Int](repeating: size / count, count: count), axis: axis, context)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [nil, try SplitAxis.joined(node.filledUpstream(), node.inputs[0])]
  }
}

/// Parts of given sizes of a tensor along an axis.
struct SplitV: Op {
  /// The number of parts.
  var count = 1

  static let name = "SplitV"
  static let signature = Signature(
    inputs: ["value: T", "size_splits: Tlen", "split_dim: int32"],
    outputs: ["output: num_split * T"],
    types: ["T": .any, "Tlen": .of(.int8, .int32, .int64, default: .int64)])
  static let attributes: [Attribute<Self>] = [.required("num_split", \.count)]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    try SplitAxis.check(count, "num_split")
    let shape = inputs[0].shape
    let axis = try SplitAxis.known(inputs[2], of: shape)
    guard let rank = shape.rank else { return [Shape](repeating: .unknown, count: count) }
    guard rank > 0 else { throw .invalidArgument("Can't split scalars") }
    guard let axis else { return [Shape](repeating: .unknown(rank: rank), count: count) }
    guard let requested = inputs[1].constant.flatMap(SplitAxis.sizes) else {
      return [Shape](repeating: shape.replacing(axis, with: nil), count: count)
    }
    guard requested.count == count else {
      throw .invalidArgument("Length of size_splits should be equal to num_outputs")
    }
    guard requested.count(where: { $0 == -1 }) <= 1 else {
      throw .invalidArgument("size_splits can only have one -1")
    }
    var total = 0
    for size in requested where size != -1 { total = total.addingClamped(size) }
    let whole = shape[axis]
    var shapes: [Shape] = []
    for (index, request) in requested.enumerated() {
      var size = request
      if size == -1, let whole { size = whole.subtractingReportingOverflow(total).partialValue }
      guard size >= 0 || (size == -1 && whole == nil) else {
        throw .invalidArgument("Split size at index \(index) must be >= 0. Got: \(size)")
      }
      shapes.append(shape.replacing(axis, with: size < 0 ? nil : size))
    }
    if let whole, requested.contains(-1) ? total > whole : total != whole {
      let list = requested.map(String.init).joined(separator: ",")
      throw .invalidArgument(
        "can't split axis of size \(whole) into pieces of size [\(list)]")
    }
    return shapes
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let value = inputs[0]
    let axis = try SplitAxis.place(inputs[2], of: value)
    guard inputs[1].rank == 1, var sizes = SplitAxis.sizes(inputs[1]), sizes.count == count else {
      throw .invalidArgument(
        "size of the split_tensor must be 1-D and have the same elements as outputs got "
          + "\(inputs[1].shape)")
    }
    let open = sizes.indices.filter { sizes[$0] == -1 }
    guard open.count <= 1 else {
      throw .invalidArgument("There can only be one -1 in the input.")
    }
    var total = 0
    for size in sizes where size != -1 {
      guard size >= 0 else {
        throw .invalidArgument("Split size must be >= 0. Got: \(size)")
      }
      total = total.addingClamped(size)
    }
    let whole = value.dimensions[axis]
    guard open.isEmpty ? total == whole : total <= whole else {
      throw .invalidArgument(
        "Determined shape must either match input shape along split_dim exactly if fully "
          + "specified, or be less than the size of the input along split_dim if not fully "
          + "specified.  Got: \(total)")
    }
    for index in open { sizes[index] = whole - total }
    return try value.divided(sizes, axis: axis, context)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try SplitAxis.joined(node.filledUpstream(), node.inputs[2]), nil, nil]
  }
}

extension Split: DividingOp {
  var dividedInput: Int { 1 }

  func axis(_ constants: [Tensor?]) -> Int? { constants[0]?.integers?.first }
}

extension SplitV: DividingOp {
  var dividedInput: Int { 0 }

  func axis(_ constants: [Tensor?]) -> Int? { constants[2]?.integers?.first }
}

private enum SplitAxis {
  /// Refuses a number of outputs that a graph file made up.
  static func check(_ count: Int, _ name: String) throws(GraphError) {
    guard count >= 1 else {
      throw .invalidArgument("Value for attr '\(name)' of \(count) must be at least minimum 1")
    }
  }

  /// The axis counted from the first, when it is known.
  static func known(_ input: TensorSpec, of shape: Shape) throws(GraphError) -> Int? {
    guard let axis = try input.knownScalar() else { return nil }
    guard let rank = shape.rank else { return axis < 0 ? nil : axis }
    return try wrappedAxis(
      axis, rank: rank,
      "Dimension size, given by scalar input \(axis) must be in range [-\(rank), \(rank))")
  }

  static func place(_ input: Tensor, of value: Tensor) throws(GraphError) -> Int {
    guard input.count == 1, let axis = input.integers?.first else {
      throw .invalidArgument("split_dim must have exactly one element.")
    }
    return try wrappedAxis(
      axis, rank: value.rank,
      "-input rank(-\(value.rank)) <= split_dim < input rank (\(value.rank)), but got \(axis)")
  }

  static func sizes(_ tensor: Tensor) -> [Int]? {
    tensor.dataType == .int8
      ? tensor.buffer(Int8.self).map { Int($0) } : tensor.integers
  }

  static func joined(_ parts: [Output], _ axis: Output) throws(GraphError) -> Output {
    guard parts.count > 1 else { return parts[0] }
    return try axis.graph.output(ConcatV2(), parts + [axis], name: "concat")
  }
}

extension Tensor {
  /// Parts of these sizes, one after the other along `axis`. Their sum is the size of the dimension.
  fileprivate func divided(
    _ sizes: [Int], axis: Int, _ context: KernelContext
  ) throws(GraphError) -> [Tensor] {
    guard sizes.count > 1 else { return [self] }
    let steps = StridedCopy.steps(dimensions)
    var start = 0
    var parts: [Tensor] = []
    for size in sizes {
      var dimensions = self.dimensions
      dimensions[axis] = size
      parts.append(try part(dimensions, steps: steps, start: start, context))
      start &+= size &* steps[axis]
    }
    return parts
  }
}

/// `count` equal parts of `value` along `axis`.
///
/// - Throws: `invalidArgument` when the dimension is not divisible by `count`.
///
/// TensorFlow: `Split`, `tf.split`.
public func split(
  _ value: Output, count: Int, axis: Int = 0, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> [Output] {
  let location = SourceLocation(file, line)
  let graph = value.graph
  let node = try graph.add(Split(count: count), named: name ?? "split", location) {
    () throws(GraphError) -> [Output] in
    [try graph.constant(size: axis, name: "split_dim", location), value]
  }
  return graph.outputs(of: node)
}

/// Parts of `value` of these sizes along `axis`; one may be -1, which takes what is left.
///
/// - Throws: `invalidArgument` when the sizes do not add up to the dimension.
///
/// TensorFlow: `SplitV`, `tf.split`.
public func split(
  _ value: Output, sizes: [Int], axis: Int = 0, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> [Output] {
  let location = SourceLocation(file, line)
  let graph = value.graph
  let parts = try graph.constant(sizes: sizes, name: "Const", location)
  let node = try graph.add(SplitV(count: sizes.count), named: name ?? "split", location) {
    () throws(GraphError) -> [Output] in
    [value, parts, try graph.constant(size: axis, name: "split_dim", location)]
  }
  return graph.outputs(of: node)
}
