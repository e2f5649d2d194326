/// The sum of tensors of one shape, taken from the first to the last.
struct AddN: Op {
  static let name = "AddN"
  static let signature = Signature(
    inputs: ["inputs: N * T"], outputs: ["sum: T"],
    types: ["T": Signature.TypeParameter(Signature.TypeParameter.number.allowed + [.variant])],
    minimumCounts: ["N": 1])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [try mergedShape(of: inputs)]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    for (index, input) in inputs.enumerated() where input.dimensions != inputs[0].dimensions {
      throw .invalidArgument(
        "Inputs to operation \(context.nodeName) of type AddN must have the same size and shape.  "
          + "Input 0: \(inputs[0].shape) != input \(index): \(input.shape)")
    }
    let widened = try widening(inputs, context) { (inputs) throws(GraphError) in
      try compute(inputs, context)
    }
    if let widened { return widened }
    switch inputs[0].dataType {
    case .float32: return [try total(inputs, Float.self, context)]
    case .float64: return [try total(inputs, Double.self, context)]
    case .int32: return [try total(inputs, Int32.self, context)]
    case .int64: return [try total(inputs, Int64.self, context)]
    case .uint64: return [try total(inputs, UInt64.self, context)]
    default: throw .unsupported(Self.name, inputs[0].dataType)
    }
  }

  private func total<T: Number>(
    _ inputs: [Tensor], _: T.Type, _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    let result = try context.allocate(T.dataType, inputs[0].dimensions, reusing: 0, of: inputs)
    let y = result.mutablePointer(T.self)
    let first = inputs[0].pointer(T.self)
    context.threads.ranges(result.count, grain: context.grain()) { range in
      guard inputs.count > 1 else {
        for i in range { y[i] = first[i] }
        return
      }
      for index in 1..<inputs.count {
        let x = inputs[index].pointer(T.self)
        let base = index == 1 ? first : UnsafePointer(y)
        for i in range { y[i] = T.add(base[i], x[i]) }
      }
    }
    return result
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let gradient = try node.gradient
    return node.inputs.map { _ in gradient }
  }
}

/// The sum of tensors of one shape and type.
///
/// - Throws: `invalidArgument` for an empty list, or when shapes or types differ.
///
/// TensorFlow: `AddN`, `tf.add_n`.
public func addN(
  _ inputs: [Output], name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  guard let first = inputs.first else {
    throw .invalidArgument("inputs must be a list of at least one Tensor with the same dtype")
  }
  return try first.graph.output(AddN(), inputs, name: name, SourceLocation(file, line))
}
