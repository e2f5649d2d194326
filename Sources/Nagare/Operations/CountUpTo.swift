/// The value of a variable, which is one more afterwards, up to a limit.
struct CountUpTo: Op, NonDifferentiable {
  var limit = 0

  static let name = "CountUpTo"
  static let signature = Signature(
    inputs: ["ref: Ref(T)"], outputs: ["output: T"], types: ["T": .of(.int32, .int64)])
  static let attributes: [Attribute<Self>] = [.required("limit", \.limit)]
  static let isFoldable = false

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [try inputs[0].shape.withRank(0)]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [try inputs[0].variable.countUp(to: limit)]
  }
}

/// `CountUpTo` of a resource variable.
struct ResourceCountUpTo: Op, NonDifferentiable {
  var limit = 0

  static let name = "ResourceCountUpTo"
  static let signature = Signature(
    inputs: ["resource: resource"], outputs: ["output: T"], types: ["T": .of(.int32, .int64)])
  static let attributes: [Attribute<Self>] = [.required("limit", \.limit)]
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [try (inputs[0].handled?.shape ?? .scalar).withRank(0)]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [try inputs[0].variable.countUp(to: limit)]
  }
}

extension VariableValue {
  fileprivate func countUp(to limit: Int) throws(GraphError) -> Tensor {
    var before: Tensor?
    try update { (current: inout Tensor) throws(GraphError) in
      guard current.rank == 0, let value = current.integers?.first else {
        throw .invalidArgument("input is not a scalar: \(current.shape)")
      }
      guard value < limit else { throw .outOfRange("Reached limit of \(limit)") }
      before = current
      current =
        current.dataType == .int64
        ? try Tensor(scalar: Int64(value + 1)) : try Tensor(scalar: Int32(clamping: value + 1))
    }
    guard let before else { throw .internalError("The variable \(name) was not counted") }
    return before
  }
}

extension Graph {
  /// The value of an integer scalar variable, which is one more afterwards.
  ///
  /// - Throws: When run: `outOfRange` when it is not less than `limit`.
  ///
  /// TensorFlow: `CountUpTo`, `ResourceCountUpTo`, `tf.count_up_to`.
  public func countUp(
    _ variable: Variable, to limit: Int, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Output {
    let location = SourceLocation(file, line)
    if variable.isResource {
      return try output(
        ResourceCountUpTo(limit: limit), [variable.handle], name: name,
        attributes: ["T": .type(variable.dataType)], location)
    }
    return try output(CountUpTo(limit: limit), [variable.handle], name: name, location)
  }
}
