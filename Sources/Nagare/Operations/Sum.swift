/// The sum over some dimensions.
struct Sum: Reduction {
  /// Whether reduced dimensions stay, with size 1.
  var keepDimensions = false

  static let name = "Sum"
  static let signature = Signature(
    inputs: ["input: T", "reduction_indices: Tidx"], outputs: ["output: T"],
    types: ["T": .number, "Tidx": .index])

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    switch inputs[0].dataType {
    case .float32: [try total(inputs, Float.self, context)]
    case .float64: [try total(inputs, Double.self, context)]
    case .int8: [try total(inputs, Int8.self, context)]
    case .int16: [try total(inputs, Int16.self, context)]
    case .int32: [try total(inputs, Int32.self, context)]
    case .int64: [try total(inputs, Int64.self, context)]
    case .uint8: [try total(inputs, UInt8.self, context)]
    case .uint16: [try total(inputs, UInt16.self, context)]
    case .uint32: [try total(inputs, UInt32.self, context)]
    case .uint64: [try total(inputs, UInt64.self, context)]
    default: throw .unsupported(Self.name, inputs[0].dataType)
    }
  }

  private func total<T: Number>(
    _ inputs: [Tensor], _: T.Type, _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    let (axes, result) = try arguments(inputs)
    return try reduce(inputs[0], over: axes, to: result, context, initial: T.zero) { (x: T, y: T) in
      T.add(x, y)
    }
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try spread(node.gradient, over: node.inputs[1], like: node.inputs[0]), nil]
  }
}

/// The sum over `axes`, over all dimensions when `nil`. Negative axes count from the last.
///
/// - Throws: `invalidArgument` for an axis out of range or named twice.
///
/// TensorFlow: `Sum`, `tf.reduce_sum`.
public func sum(
  _ input: Output, axes: [Int]? = nil, keepDimensions: Bool = false, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let location = SourceLocation(file, line)
  let axes = try reductionAxes(axes, of: input, location)
  return try sum(input, axes: axes, keepDimensions: keepDimensions, name: name, location)
}

func sum(
  _ input: Output, axes: Output, keepDimensions: Bool = false, name: String? = nil,
  _ location: SourceLocation? = nil
) throws(GraphError) -> Output {
  try input.graph.output(
    Sum(keepDimensions: keepDimensions), [input, axes], name: name, location)
}

/// `axes` as a constant; all dimensions of `input` when `nil`, computed in the run where the rank is not
/// known.
func reductionAxes(
  _ axes: [Int]?, of input: Output, _ location: SourceLocation? = nil
) throws(GraphError) -> Output {
  let graph = input.graph
  if let axes = axes ?? input.shape.rank.map({ Array(0..<$0) }) {
    return try graph.constant(try Tensor(sizes: axes, .int32), name: "Const", location)
  }
  return try range(
    graph.constant(0, name: "range/start"), rank(of: input), graph.constant(1, name: "range/delta"))
}
