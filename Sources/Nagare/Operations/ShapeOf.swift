/// The shape of a tensor, as a vector.
struct ShapeOf: Op, NonDifferentiable {
  var outputType = DataType.int32

  static let name = "Shape"
  static let signature = Signature(
    inputs: ["input: T"], outputs: ["output: out_type"], types: ["T": .any, "out_type": .index])
  static let attributes: [Attribute<Self>] = [.attribute("out_type", \.outputType)]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [.vector(inputs[0].shape.rank)]
  }

  func inferValue(_ inputs: [TensorSpec]) -> Shape? { inputs[0].shape }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [try Tensor(sizes: inputs[0].dimensions, outputType)]
  }
}

extension Tensor {
  /// A vector of sizes as `int32` or `int64`.
  ///
  /// - Throws: `invalidArgument` when a size does not fit `int32`.
  init(sizes: [Int], _ dataType: DataType) throws(GraphError) {
    if dataType == .int64 {
      try self.init(sizes.map { Int64($0) })
      return
    }
    var narrow: [Int32] = []
    for size in sizes {
      guard let size = Int32(exactly: size) else {
        throw .invalidArgument("Shape output type is 32-bit but dim is \(size)")
      }
      narrow.append(size)
    }
    try self.init(narrow)
  }
}

/// The shape of a tensor, as an `int32` or `int64` vector: a constant where it is known, else computed
/// by the run.
///
/// TensorFlow: `Shape`, `tf.shape`.
public func shape(
  of input: Output, outputType: DataType = .int32, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let location = SourceLocation(file, line)
  if let known = input.shape.known {
    return try input.graph.constant(
      Tensor(sizes: known, outputType), name: name ?? "Shape", location)
  }
  return try input.graph.output(
    ShapeOf(outputType: outputType), [input], name: name, location)
}
