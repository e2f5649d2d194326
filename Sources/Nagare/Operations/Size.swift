/// The number of elements of a tensor.
struct SizeOf: Op, NonDifferentiable {
  var outputType = DataType.int32

  static let name = "Size"
  static let signature = ShapeOf.signature
  static let attributes: [Attribute<Self>] = [.attribute("out_type", \.outputType)]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.scalar] }

  func inferValue(_ inputs: [TensorSpec]) -> Shape? {
    inputs[0].shape.elementCount.map { Shape([$0]) }
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    guard let count = outputType == .int64 ? inputs[0].count : Int(exactly: inputs[0].count),
      outputType == .int64 || Int32(exactly: count) != nil
    else {
      throw .invalidArgument(
        "Number of elements was larger than representable by 32-bit output type")
    }
    return [try Tensor(sizes: [count], outputType).reshaped([])]
  }
}

/// The shapes of some tensors, as vectors.
struct ShapeN: Op, NonDifferentiable {
  var outputType = DataType.int32

  static let name = "ShapeN"
  static let signature = Signature(
    inputs: ["input: N * T"], outputs: ["output: N * out_type"],
    types: ["T": .any, "out_type": .index], minimumCounts: ["N": 1])
  static let attributes: [Attribute<Self>] = [.attribute("out_type", \.outputType)]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    inputs.map { .vector($0.shape.rank) }
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    var shapes: [Tensor] = []
    for input in inputs { shapes.append(try Tensor(sizes: input.dimensions, outputType)) }
    return shapes
  }
}

/// The number of elements of a tensor, a constant where the shape is known.
///
/// TensorFlow: `Size`, `tf.size`.
public func size(
  of input: Output, outputType: DataType = .int32, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let location = SourceLocation(file, line)
  if let count = input.shape.elementCount {
    return try input.graph.constant(
      try Tensor(sizes: [count], outputType).reshaped([]), name: name ?? "Size", location)
  }
  return try input.graph.output(
    SizeOf(outputType: outputType), [input], name: name, location)
}

/// The shapes of `inputs` as `int32` vectors, constants where all are known.
func shapes(of inputs: [Output]) throws(GraphError) -> [Output] {
  guard let graph = inputs.first?.graph else { return [] }
  if inputs.allSatisfy(\.shape.isFullyKnown) {
    var vectors: [Output] = []
    for input in inputs { vectors.append(try shape(of: input)) }
    return vectors
  }
  return graph.outputs(of: try graph.add(ShapeN(), inputs))
}
