/// The different elements of a vector in the order in which they first occur, and for each element which
/// of them it is.
struct Unique: WithoutGradient {
  var indexType = DataType.int32

  static let name = "Unique"
  static let signature = Signature(
    inputs: ["x: T"], outputs: ["y: T", "idx: out_idx"], types: ["T": .any, "out_idx": .index])
  static let attributes: [Attribute<Self>] = [.attribute("out_idx", \.indexType)]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    if inputs[0].shape.rank != nil { _ = try inputs[0].shape.withRank(1) }
    return [.vector(nil), inputs[0].shape]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let x = inputs[0]
    guard x.rank == 1 else { throw .invalidArgument("unique expects a 1D vector.") }
    switch x.dataType {
    case .string:
      let (values, places) = distinct(x.strings)
      return [try Tensor(strings: values), try Tensor(sizes: places, indexType)]
    case .float32: return try distinct(Float.self, x)
    case .float64: return try distinct(Double.self, x)
    case .int8: return try distinct(Int8.self, x)
    case .int16: return try distinct(Int16.self, x)
    case .int32: return try distinct(Int32.self, x)
    case .int64: return try distinct(Int64.self, x)
    case .uint8: return try distinct(UInt8.self, x)
    case .uint16: return try distinct(UInt16.self, x)
    case .uint32: return try distinct(UInt32.self, x)
    case .uint64: return try distinct(UInt64.self, x)
    case .bool: return try distinct(Bool.self, x)
    default: throw .unsupported(Self.name, x.dataType)
    }
  }

  private func distinct<T: Scalar>(_: T.Type, _ x: Tensor) throws(GraphError) -> [Tensor] {
    let (values, places) = distinct(Array(x.buffer(T.self)))
    return [try Tensor(values), try Tensor(sizes: places, indexType)]
  }

  private func distinct<T: Hashable>(_ elements: [T]) -> ([T], [Int]) {
    var places: [T: Int] = [:]
    var values: [T] = []
    let indices = elements.map { element in
      if let place = places[element] { return place }
      places[element] = values.count
      values.append(element)
      return values.count - 1
    }
    return (values, indices)
  }
}

/// The different elements of the vector `input` in the order in which they first occur, and for each
/// element which of them it is.
///
/// TensorFlow: `Unique`, `tf.unique`.
public func unique(
  _ input: Output, indexType: DataType = .int32, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> (values: Output, indices: Output) {
  let node = try input.graph.add(
    Unique(indexType: indexType), [input], name: name, SourceLocation(file, line))
  return (input.graph.output(node, 0), input.graph.output(node, 1))
}
