/// Sums of the rows that have the same segment number; the numbers do not decrease.
struct SegmentSum: Op {
  static let name = "SegmentSum"
  static let signature = Signature(
    inputs: ["data: T", "segment_ids: Tindices"], outputs: ["output: T"],
    types: ["T": .number, "Tindices": .of(.int32, .int64)])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    _ = try inputs[1].shape.withRank(1)
    return [try inputs[0].shape.withRank(atLeast: 1).replacing(0, with: nil)]
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
    return [try segmentSums(inputs[0], ids, count, Self.name)]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try gather(node.gradient, node.inputs[1]), nil]
  }
}

/// The rows of `data`, added up by the number in `ids`.
private func segmentSums(
  _ data: Tensor, _ ids: [Int], _ count: Int, _ name: String
) throws(GraphError) -> Tensor {
  let rest = Array(data.dimensions.dropFirst())
  let width = try checkedElementCount(rest)
  func total<T: Number>(_: T.Type) throws(GraphError) -> Tensor {
    let result = try Tensor(zeros: T.dataType, [count] + rest)
    let (x, y) = (data.pointer(T.self), result.mutablePointer(T.self))
    for (row, id) in ids.enumerated() {
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
