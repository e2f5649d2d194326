/// Whether both are true, with broadcasting.
struct LogicalAnd: ElementwiseBinary, NonDifferentiable {
  static let name = "LogicalAnd"
  static let signature = Signature(inputs: ["x: bool", "y: bool"], outputs: ["z: bool"])

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [try broadcastMap(inputs, context) { (x: Bool, y: Bool) in x && y }]
  }
}

/// Whether at least one is true, with broadcasting.
struct LogicalOr: ElementwiseBinary, NonDifferentiable {
  static let name = "LogicalOr"
  static let signature = Signature(inputs: ["x: bool", "y: bool"], outputs: ["z: bool"])

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [try broadcastMap(inputs, context) { (x: Bool, y: Bool) in x || y }]
  }
}

/// Whether it is false.
struct LogicalNot: ElementwiseUnary, NonDifferentiable {
  static let name = "LogicalNot"
  static let signature = Signature(inputs: ["x: bool"], outputs: ["y: bool"])

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [try mapElements(inputs, context) { (x: Bool) in !x }]
  }
}

/// Whether both are true, with broadcasting.
///
/// TensorFlow: `LogicalAnd`, `tf.logical_and`.
public func logicalAnd(
  _ x: Output, _ y: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(LogicalAnd(), [x, y], name: name, SourceLocation(file, line))
}

/// Whether at least one is true, with broadcasting.
///
/// TensorFlow: `LogicalOr`, `tf.logical_or`.
public func logicalOr(
  _ x: Output, _ y: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(LogicalOr(), [x, y], name: name, SourceLocation(file, line))
}

/// Whether each element is false.
///
/// TensorFlow: `LogicalNot`, `tf.logical_not`.
public func logicalNot(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(LogicalNot(), [x], name: name, SourceLocation(file, line))
}
