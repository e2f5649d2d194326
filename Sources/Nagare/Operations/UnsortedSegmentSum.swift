/// The sums of the slices of a tensor that have the same id; negative ids are left out.
struct UnsortedSegmentSum: Op {
  static let name = "UnsortedSegmentSum"
  static let signature = Signature(
    inputs: ["data: T", "segment_ids: Tindices", "num_segments: Tnumsegments"],
    outputs: ["output: T"],
    types: [
      "T": .number, "Tindices": .of(.int16, .int32, .int64), "Tnumsegments": .index,
    ])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let count = try inputs[2].knownScalar()
    let (data, ids) = (inputs[0].shape, inputs[1].shape)
    guard let rank = ids.rank else { return [.unknown] }
    try data.withRank(atLeast: rank)
    if let sizes = data.dimensions, let idSizes = ids.dimensions {
      for (size, idSize) in zip(sizes, idSizes) { _ = try mergedDimension(size, idSize) }
    }
    if let count, count < 0 {
      throw .invalidArgument(
        "Dimension size, given by scalar input 2, must be non-negative but is \(count)")
    }
    return [Shape.vector(count).appending(data.part(min(rank, data.rank ?? rank)...))]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let (data, ids) = (inputs[0], inputs[1])
    guard inputs[2].rank == 0, let count = inputs[2].integers?.first else {
      throw .invalidArgument("num_segments should be a scalar, not shape \(inputs[2].shape)")
    }
    guard data.dimensions.starts(with: ids.dimensions) else {
      throw .invalidArgument(
        "data.shape = \(data.shape) does not start with segment_ids.shape = \(ids.shape)")
    }
    guard count >= 0 else {
      throw .invalidArgument("Input num_segments == \(count) must not be negative.")
    }
    let segments = ids.integers ?? ids.buffer(Int16.self).map { Int($0) }
    for (position, segment) in segments.enumerated() where segment >= count {
      throw .invalidArgument(
        "segment_ids\(flatPosition(position, ids.dimensions)) = \(segment) is out of range "
          + "[0, \(count))")
    }
    let tail = Array(data.dimensions[ids.rank...])
    let width = try checkedElementCount(tail)
    let result = try Tensor(zeros: data.dataType, [count] + tail)
    switch data.dataType {
    case .float32: add(Float.self, data, segments, result, width, context)
    case .float64: add(Double.self, data, segments, result, width, context)
    case .int8: add(Int8.self, data, segments, result, width, context)
    case .int16: add(Int16.self, data, segments, result, width, context)
    case .int32: add(Int32.self, data, segments, result, width, context)
    case .int64: add(Int64.self, data, segments, result, width, context)
    case .uint8: add(UInt8.self, data, segments, result, width, context)
    case .uint16: add(UInt16.self, data, segments, result, width, context)
    case .uint32: add(UInt32.self, data, segments, result, width, context)
    case .uint64: add(UInt64.self, data, segments, result, width, context)
    default: throw .unsupported(Self.name, data.dataType)
    }
    return [result]
  }

  // Tasks are bands of columns, each of which adds all rows in their order: the sums have the same bits
  // for any number of threads.
  private func add<T: Number>(
    _: T.Type, _ data: Tensor, _ segments: [Int], _ result: Tensor, _ width: Int,
    _ context: KernelContext
  ) {
    let (x, y) = (data.pointer(T.self), result.mutablePointer(T.self))
    let band = max(64, context.grain() / max(1, segments.count))
    context.threads.ranges(width, grain: band) { columns in
      for (row, segment) in segments.enumerated() where segment >= 0 {
        let (source, target) = (x + row * width, y + segment * width)
        for column in columns { target[column] = T.add(target[column], source[column]) }
      }
    }
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    // What was left out gets zeros, not the first segment's gradient.
    let graph = node.graph
    let (data, ids) = (node.inputs[0], node.inputs[1])
    let zeros = try zerosLike(ids)
    let gathered = try gather(node.gradient, maximum(ids, zeros))
    let isTaken = try greaterEqual(ids, zeros)
    // One flag a slice: dimensions of size 1 for those that the ids do not have.
    let more = try rank(of: data) - rank(of: ids)
    let ones = try fill(expandDimensions(more, axis: 0), graph.constant(1, name: "ones/Const"))
    let flags = try reshape(isTaken, concat([shape(of: ids), ones], axis: 0))
    return [try select(flags, gathered, zerosLike(gathered)), nil, nil]
  }
}

/// The sums of the slices of `data` along its first dimensions that have the same id, for `count` ids
/// from 0 on; slices with a negative id are left out.
///
/// - Parameters:
///   - ids: `int16`, `int32` or `int64`; their shape begins that of `data`.
///   - count: A scalar, `int32` or `int64`.
///
/// TensorFlow: `UnsortedSegmentSum`, `tf.unsorted_segment_sum`.
public func unsortedSegmentSum(
  _ data: Output, _ ids: Output, count: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try data.graph.output(
    UnsortedSegmentSum(), [data, ids, count], name: name, SourceLocation(file, line))
}
