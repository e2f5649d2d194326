/// A tensor that every run must feed.
struct Placeholder: Op, NonDifferentiable {
  var dataType = DataType.float32
  /// What is known of the shape; feeds are checked against it.
  var shape = Shape.unknown

  static let name = "Placeholder"
  static let signature = Signature(outputs: ["output: dtype"], types: ["dtype": .any])
  static let attributes: [Attribute<Self>] = [
    .required("dtype", \.dataType), .attribute("shape", \.shape),
  ]
  static let isFoldable = false

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [shape] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    throw .invalidArgument(
      "You must feed a value for placeholder tensor '\(context.nodeName)' with dtype "
        + "\(dataType.signatureName)"
        + (shape.dimensions == nil ? "" : " and shape \(shape)"))
  }
}

/// A tensor that a run may feed, with a value for runs that do not.
struct PlaceholderWithDefault: Op {
  var shape = Shape.unknown

  static let name = "PlaceholderWithDefault"
  static let signature = Signature(
    inputs: ["input: dtype"], outputs: ["output: dtype"], types: ["dtype": .any])
  static let attributes: [Attribute<Self>] = [.required("shape", \.shape)]
  // A constant input does not make it one: it can be fed.
  static let isFoldable = false

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    _ = try inputs[0].shape.merging(shape)
    return [shape]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    inputs
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] { [try node.gradient] }
}

extension Graph {
  /// A tensor that every run must feed.
  ///
  /// - Parameters:
  ///   - dataType: The type that feeds must have.
  ///   - shape: What feeds must match; unknown dimensions take any size.
  ///
  /// TensorFlow: `Placeholder`, `tf.placeholder`.
  public func placeholder(
    _ dataType: DataType, shape: Shape = .unknown, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Output {
    try output(
      Placeholder(dataType: dataType, shape: shape), name: name, SourceLocation(file, line))
  }

  /// A tensor that a run may feed, `input` for runs that do not.
  ///
  /// TensorFlow: `PlaceholderWithDefault`.
  public func placeholder(
    withDefault input: Output, shape: Shape, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Output {
    try output(
      PlaceholderWithDefault(shape: shape), [input], name: name, SourceLocation(file, line))
  }
}
