/// Sums of the rows that have the same segment number; the numbers do not decrease.
struct SegmentSum: Op {
  static let name = "SegmentSum"
  static let signature = Signature(
    inputs: ["data: T", "segment_ids: Tindices"], outputs: ["output: T"],
    types: ["T": .number, "Tindices": .of(.int32, .int64)])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    if let rank = inputs[1].shape.rank, rank != 1 {
      throw .invalidArgument("Shape must be rank 1 but is rank \(rank)")
    }
    guard let dimensions = inputs[0].shape.dimensions else { return [.unknown] }
    guard !dimensions.isEmpty else {
      throw .invalidArgument("Shape must be at least rank 1 but is rank 0")
    }
    return [Shape([nil] + dimensions.dropFirst())]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    guard inputs[1].rank == 1, let ids = inputs[1].integers else {
      throw .invalidArgument("segment_ids should be a vector.")
    }
    guard let rows = inputs[0].dimensions.first else {
      throw .invalidArgument("input must be at least rank 1")
    }
    guard rows == ids.count else {
      throw .invalidArgument("segment_ids should be the same size as dimension 0 of input.")
    }
    let count = ids.last.map { $0.addingClamped(1) } ?? 0
    for (index, id) in ids.enumerated() {
      guard id >= 0, id < count else {
        throw .invalidArgument(
          "Segment id \(id) out of range [0, \(count)), possibly because 'segment_ids' input is not "
            + "sorted.")
      }
      guard index == 0 || ids[index - 1] <= id else {
        throw .invalidArgument("segment ids are not increasing")
      }
    }
    return [try segmentSums(inputs[0], ids, rank: 1, count, Self.name)]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try gather(node.gradient, node.inputs[1]), nil]
  }
}

/// Sums of the rows that have the same segment number; rows with a negative number are left out.
struct UnsortedSegmentSum: Op {
  static let name = "UnsortedSegmentSum"
  static let signature = Signature(
    inputs: ["data: T", "segment_ids: Tindices", "num_segments: Tnumsegments"],
    outputs: ["output: T"],
    types: [
      "T": .number, "Tindices": .of(.int16, .int32, .int64), "Tnumsegments": .index,
    ])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    if let rank = inputs[2].shape.rank, rank != 0 {
      throw .invalidArgument("Shape must be rank 0 but is rank \(rank)")
    }
    let count = inputs[2].integers?.first
    if let count, count < 0 {
      throw .invalidArgument(
        "Dimension size, given by scalar input 2, must be non-negative but is \(count)")
    }
    guard let ids = inputs[1].shape.dimensions, let data = inputs[0].shape.dimensions else {
      return [.unknown]
    }
    guard data.count >= ids.count else {
      throw .invalidArgument(
        "Shape must be at least rank \(ids.count) but is rank \(data.count)")
    }
    for case (let x?, let y?) in zip(data, ids) where x != y {
      throw .invalidArgument("Dimensions must be equal, but are \(x) and \(y)")
    }
    return [Shape([count] + data[ids.count...])]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let (data, segments) = (inputs[0], inputs[1])
    guard inputs[2].rank == 0, let count = inputs[2].integers?.first else {
      throw .invalidArgument("num_segments should be a scalar, not shape \(inputs[2].shape)")
    }
    guard count >= 0 else {
      throw .invalidArgument("Input num_segments == \(count) must not be negative.")
    }
    guard data.rank >= segments.rank,
      data.dimensions.prefix(segments.rank).elementsEqual(segments.dimensions)
    else {
      throw .invalidArgument(
        "data.shape = \(data.shape) does not start with segment_ids.shape = \(segments.shape)")
    }
    guard let ids = segments.integers else { throw .unsupported(Self.name, segments.dataType) }
    for (index, id) in ids.enumerated() where id >= count {
      let place = position(of: index, in: segments.dimensions)
      throw .invalidArgument("segment_ids\(place) = \(id) is out of range [0, \(count))")
    }
    return [try segmentSums(data, ids, rank: segments.rank, count, Self.name)]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let ids = node.inputs[1]
    let graph = node.graph
    // Rows that were left out get nothing: they are gathered from anywhere and then dropped.
    let rows = try gather(node.gradient, maximum(ids, zerosLike(ids)))
    let isTaken = try ids .>= 0
    let extra = try range(graph.constant(0), rank(of: rows) - rank(of: ids), graph.constant(1))
    let size = try graph.output(
      graph.addNode("ConcatV2", [shape(of: isTaken), onesLike(extra), graph.constant(0)]))
    return [try select(reshape(isTaken, size), rows, zerosLike(rows)), nil, nil]
  }
}

/// `data` with its first `rank` dimensions as one of rows, added up by the number in `ids`.
private func segmentSums(
  _ data: Tensor, _ ids: [Int], rank: Int, _ count: Int, _ name: String
) throws(GraphError) -> Tensor {
  let rest = Array(data.dimensions[rank...])
  let width = try checkedElementCount(rest)
  func total<T: Number>(_: T.Type) throws(GraphError) -> Tensor {
    let result = try Tensor(zeros: T.dataType, [count] + rest)
    let (x, y) = (data.pointer(T.self), result.mutablePointer(T.self))
    for (row, id) in ids.enumerated() where id >= 0 {
      let (source, target) = (x + row * width, y + id * width)
      for index in 0..<width { target[index] = T.add(target[index], source[index]) }
    }
    return result
  }
  return switch data.dataType {
  case .float32: try total(Float.self)
  case .float64: try total(Double.self)
  case .int8: try total(Int8.self)
  case .int16: try total(Int16.self)
  case .int32: try total(Int32.self)
  case .int64: try total(Int64.self)
  case .uint8: try total(UInt8.self)
  case .uint16: try total(UInt16.self)
  case .uint32: try total(UInt32.self)
  case .uint64: try total(UInt64.self)
  default: throw .unsupported(name, data.dataType)
  }
}

/// The indices of element `index` as an error text shows them: `[1,0]`.
private func position(of index: Int, in dimensions: [Int]) -> String {
  var rest = index
  var places: [String] = []
  for size in dimensions.reversed() {
    places.insert("\(rest % max(1, size))", at: 0)
    rest /= max(1, size)
  }
  return "[\(places.joined(separator: ","))]"
}

/// Sums of the rows of `data` that have the same number in `segmentIDs`, which do not decrease.
///
/// - Throws: in a run, `invalidArgument` for numbers that decrease.
///
/// TensorFlow: `SegmentSum`, `tf.math.segment_sum`.
public func segmentSum(
  _ data: Output, segmentIDs: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try binary(SegmentSum(), data, segmentIDs, name: name, SourceLocation(file, line))
}

/// Sums of the rows of `data` that have the same number in `segmentIDs`; `count` is one more than the
/// greatest. Rows with a negative number are left out.
///
/// - Throws: in a run, `invalidArgument` for a number of `count` or more.
///
/// TensorFlow: `UnsortedSegmentSum`, `tf.math.unsorted_segment_sum`.
public func unsortedSegmentSum(
  _ data: Output, segmentIDs: Output, count: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try data.graph.output(
    UnsortedSegmentSum(), [data, segmentIDs, count], name: name, SourceLocation(file, line))
}
