/// Zeros to which elements or slices are added, each at the place that a row of indices names.
struct ScatterNd: Op {
  var badIndicesPolicy = ""

  static let name = "ScatterNd"
  static let signature = Signature(
    inputs: ["indices: Tindices", "updates: T", "shape: Tindices"], outputs: ["output: T"],
    types: ["T": .any, "Tindices": .of(.int16, .int32, .int64)])
  static let attributes: [Attribute<Self>] = [
    .attribute("bad_indices_policy", \.badIndicesPolicy)
  ]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let indices = try inputs[0].shape.withRank(atLeast: 1)
    let updates = inputs[1].shape
    let result = try inputs[2].requestedShape()
    guard let outer = indices.rank.map({ $0 - 1 }), let rank = updates.rank,
      let depth = indices[-1]
    else { return [result] }
    try updates.withRank(atLeast: outer)
    let (prefix, updatesPrefix) = (indices.part(..<outer), updates.part(..<outer))
    do throws(GraphError) {
      _ = try prefix.merging(updatesPrefix)
    } catch {
      throw .invalidArgument(
        "Dimensions [0,\(outer)) of indices[shape=\(indices)] = \(prefix) must match dimensions "
          + "[0,\(outer)) of updates[shape=\(updates)] = \(updatesPrefix): \(error.message)")
    }
    guard let resultRank = result.rank else { return [result] }
    try result.withRank(atLeast: depth)
    let (suffix, updatesSuffix) = (result.part(depth...), updates.part(outer...))
    do throws(GraphError) {
      _ = try suffix.merging(updatesSuffix)
    } catch {
      throw .invalidArgument(
        "Dimensions [\(depth),\(resultRank)) of input[shape=\(result)] = \(suffix) must match "
          + "dimensions [\(outer),\(rank)) of updates[shape=\(updates)] = \(updatesSuffix): "
          + error.message)
    }
    return [result]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let (indices, updates) = (inputs[0], inputs[1])
    guard inputs[2].rank == 1,
      let dimensions = inputs[2].dataType == .int16
        ? inputs[2].buffer(Int16.self).map({ Int($0) }) : inputs[2].integers
    else { throw .invalidArgument("Shape must be a vector, got \(inputs[2].shape)") }
    guard let depth = indices.dimensions.last else {
      throw .invalidArgument("Indices shape must have rank at least one. Found:\(indices.shape)")
    }
    guard depth <= dimensions.count else {
      throw .invalidArgument(
        "index innermost dimension length must be <= shape rank; saw: \(depth) vs. "
          + "\(dimensions.count)")
    }
    let outer = indices.rank - 1
    guard Array(updates.dimensions.prefix(outer)) == Array(indices.dimensions.dropLast()) else {
      throw .invalidArgument(
        "Dimensions [0,\(outer)) of indices[shape=\(indices.shape)] must match dimensions "
          + "[0,\(outer)) of updates[shape=\(updates.shape)]")
    }
    let tail = Array(dimensions[depth...])
    guard Array(updates.dimensions[outer...]) == tail else {
      throw .invalidArgument(
        "Dimensions [\(depth),\(dimensions.count)) of input[shape=\(Shape(dimensions))] must match "
          + "dimensions [\(outer),\(updates.rank)) of updates[shape=\(updates.shape)]")
    }
    _ = try checkedElementCount(dimensions)
    let rows = try IndexRows(indices, into: Array(dimensions[..<depth]), badIndicesPolicy) {
      (row, index) in
      "indices\(row) = \(index) does not index into shape \(Shape(dimensions))"
    }
    let result = try Tensor(zeros: updates.dataType, dimensions)
    let width = try checkedElementCount(tail)
    guard width > 0 else { return [result] }
    switch updates.dataType {
    case .float32: rows.add(Float.self, updates, result, width)
    case .float64: rows.add(Double.self, updates, result, width)
    case .int8: rows.add(Int8.self, updates, result, width)
    case .int16: rows.add(Int16.self, updates, result, width)
    case .int32: rows.add(Int32.self, updates, result, width)
    case .int64: rows.add(Int64.self, updates, result, width)
    case .uint8: rows.add(UInt8.self, updates, result, width)
    case .uint16: rows.add(UInt16.self, updates, result, width)
    case .uint32: rows.add(UInt32.self, updates, result, width)
    case .uint64: rows.add(UInt64.self, updates, result, width)
    case .bool:
      let (x, y) = (updates.pointer(Bool.self), result.mutablePointer(Bool.self))
      for (row, start) in rows.starts.enumerated() {
        for offset in 0..<width where x[row * width + offset] { y[start * width + offset] = true }
      }
    case .string:
      for (row, start) in rows.starts.enumerated() {
        for offset in 0..<width {
          result.storage.strings[start * width + offset] +=
            updates.storage.strings[row * width + offset]
        }
      }
    default: throw .unsupported(Self.name, updates.dataType)
    }
    return [result]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [nil, try gatherND(node.gradient, node.inputs[0]), nil]
  }
}

extension IndexRows {
  // In the order of the rows: the sum of several at one place has the same bits each time.
  fileprivate func add<T: Number>(_: T.Type, _ updates: Tensor, _ result: Tensor, _ width: Int) {
    let (x, y) = (updates.pointer(T.self), result.mutablePointer(T.self))
    for (row, start) in starts.enumerated() {
      let (source, target) = (x + row * width, y + start * width)
      for offset in 0..<width { target[offset] = T.add(target[offset], source[offset]) }
    }
  }
}

/// Zeros of `shape` to which the slices `updates` are added, each at the place that a row of `indices`
/// names.
///
/// - Parameter shape: A vector of the type of `indices`.
///
/// TensorFlow: `ScatterNd`, `tf.scatter_nd`.
public func scatterND(
  _ indices: Output, _ updates: Output, shape: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try indices.graph.output(
    ScatterNd(), [indices, updates, shape], name: name, SourceLocation(file, line))
}
