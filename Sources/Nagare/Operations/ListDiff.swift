/// The elements of one vector that another does not have, in their order, and where they stand.
struct ListDiff: WithoutGradient {
  var indexType = DataType.int32

  static let name = "ListDiff"
  static let signature = Signature(
    inputs: ["x: T", "y: T"], outputs: ["out: T", "idx: out_idx"],
    types: ["T": .any, "out_idx": .index])
  static let attributes: [Attribute<Self>] = [.attribute("out_idx", \.indexType)]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    for input in inputs { _ = try input.shape.withRank(1) }
    return [.vector(nil), .vector(nil)]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    for (name, input) in zip(["x", "y"], inputs) where input.rank != 1 {
      throw .invalidArgument("\(name) should be a 1D vector.")
    }
    switch inputs[0].dataType {
    case .string:
      let places = difference(inputs[0].strings, inputs[1].strings)
      return [
        try Tensor(strings: places.map { inputs[0].strings[$0] }),
        try Tensor(sizes: places, indexType),
      ]
    case .float32: return try difference(Float.self, inputs)
    case .float64: return try difference(Double.self, inputs)
    case .int8: return try difference(Int8.self, inputs)
    case .int16: return try difference(Int16.self, inputs)
    case .int32: return try difference(Int32.self, inputs)
    case .int64: return try difference(Int64.self, inputs)
    case .uint8: return try difference(UInt8.self, inputs)
    case .uint16: return try difference(UInt16.self, inputs)
    case .uint32: return try difference(UInt32.self, inputs)
    case .uint64: return try difference(UInt64.self, inputs)
    default: throw .unsupported(Self.name, inputs[0].dataType)
    }
  }

  private func difference<T: Scalar>(_: T.Type, _ inputs: [Tensor]) throws(GraphError) -> [Tensor] {
    let x = inputs[0].buffer(T.self)
    let places = difference(Array(x), Array(inputs[1].buffer(T.self)))
    return [try Tensor(places.map { x[$0] }), try Tensor(sizes: places, indexType)]
  }

  private func difference<T: Hashable>(_ x: [T], _ y: [T]) -> [Int] {
    let excluded = Set(y)
    return x.indices.filter { !excluded.contains(x[$0]) }
  }
}

/// The elements of the vector `x` that the vector `y` does not have, in their order, and where they
/// stand in `x`.
///
/// TensorFlow: `ListDiff`, `tf.setdiff1d`.
public func listDifference(
  _ x: Output, _ y: Output, indexType: DataType = .int32, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> (values: Output, indices: Output) {
  let node = try x.graph.add(
    ListDiff(indexType: indexType), [x, y], name: name, SourceLocation(file, line))
  return (x.graph.output(node, 0), x.graph.output(node, 1))
}
