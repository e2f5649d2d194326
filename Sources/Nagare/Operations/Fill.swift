/// A tensor of one value.
struct Fill: Op {
  static let name = "Fill"
  static let signature = Signature(
    inputs: ["dims: index_type", "value: T"], outputs: ["output: T"],
    types: ["T": .any, "index_type": .index])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    _ = try inputs[0].shape.withRank(1)
    _ = try inputs[1].shape.withRank(0)
    guard inputs[0].integers?.contains(where: { $0 < 0 }) != true else {
      throw .invalidArgument("Fill dimensions must be >= 0")
    }
    return [try inputs[0].requestedShape()]
  }

  func inferValue(_ inputs: [TensorSpec]) -> Shape? {
    guard let count = inputs[0].integers?.first, inputs[0].shape[0] == 1, count <= maximumRank,
      count >= 0, let value = inputs[1].integers?.first
    else { return nil }
    return Shape([Int?](repeating: value < 0 ? nil : value, count: count))
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    guard inputs[0].rank == 1, let dimensions = inputs[0].integers else {
      throw .invalidArgument("dims must represent a vector, got shape \(inputs[0].shape)")
    }
    guard inputs[1].count == 1, inputs[1].rank <= 1 else {
      throw .invalidArgument("value must represent a scalar, got shape \(inputs[1].shape)")
    }
    if let size = dimensions.first(where: { $0 < 0 }) {
      throw .invalidArgument("Dimension \(size) must be >= 0")
    }
    let result = try context.allocate(inputs[1].dataType, dimensions)
    try StridedCopy([result.count], from: [0], to: [1]).run(inputs[1], result, context)
    return [result]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [nil, try sum(node.gradient)]
  }
}

/// A tensor of the shape that `dimensions`, a vector of `int32` or `int64`, holds, filled with the
/// scalar `value`.
///
/// TensorFlow: `Fill`, `tf.fill`.
public func fill(
  _ dimensions: Output, _ value: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try dimensions.graph.output(
    Fill(), [dimensions, value], name: name, SourceLocation(file, line))
}

extension Graph {
  /// A tensor of `dimensions` filled with a value.
  ///
  /// TensorFlow: `Fill`, `tf.fill`.
  public func fill(
    _ dimensions: [Int], _ value: Tensor, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Output {
    let location = SourceLocation(file, line)
    return try output(Fill(), named: name ?? "Fill", location) {
      () throws(GraphError) -> [Output] in
      [
        try constant(sizes: dimensions, name: "dims", location),
        try constant(value, name: "value", location),
      ]
    }
  }

  /// Zeros (`false`, empty strings).
  ///
  /// TensorFlow: `tf.zeros`: a `Const` when it is small, else a `Fill`.
  public func zeros(
    _ dimensions: [Int], dataType: DataType = .float32, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Output {
    try filled(
      dimensions, Tensor(zeros: dataType, []), name ?? "zeros", SourceLocation(file, line))
  }

  /// Ones.
  ///
  /// TensorFlow: `tf.ones`: a `Const` when it is small, else a `Fill`.
  public func ones(
    _ dimensions: [Int], dataType: DataType = .float32, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Output {
    let one =
      dataType == .bool ? Tensor(booleanLiteral: true) : try (1 as Tensor).converted(to: dataType)
    return try filled(dimensions, one, name ?? "ones", SourceLocation(file, line))
  }

  private func filled(
    _ dimensions: [Int], _ value: Tensor, _ name: String, _ location: SourceLocation
  ) throws(GraphError) -> Output {
    if try checkedElementCount(dimensions) < 1000 {
      let size = try Tensor(sizes: dimensions, .int64)
      let whole = try Fill().compute([size, value], .folding)[0]
      return try constant(whole, name: name, location)
    }
    return try output(Fill(), named: name, location) { () throws(GraphError) -> [Output] in
      [
        try constant(sizes: dimensions, name: "shape_as_tensor", location),
        try constant(value, name: "Const", location),
      ]
    }
  }
}
