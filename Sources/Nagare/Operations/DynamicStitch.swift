/// Rows of several tensors put into one at the places that indices name; a later one replaces an earlier.
struct DynamicStitch: Op {
  static let name = "DynamicStitch"
  static let signature = Signature(
    inputs: ["indices: N * int32", "data: N * T"], outputs: ["merged: T"], types: ["T": .any],
    minimumCounts: ["N": 1])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let half = inputs.count / 2
    var rows: Int? = 0
    var tail = Shape.unknown
    for (indices, data) in zip(inputs[..<half], inputs[half...]) {
      if let values = indices.integers {
        rows = rows.map { max($0, (values.max() ?? -1).addingClamped(1)) }
      } else {
        rows = nil
      }
      guard let rank = indices.shape.rank, let dimensions = data.shape.dimensions else { continue }
      try data.shape.withRank(atLeast: rank)
      for (size, other) in zip(dimensions, indices.shape.dimensions ?? []) {
        _ = try mergedDimension(size, other)
      }
      tail = try tail.merging(Shape(Array(dimensions[rank...])))
    }
    return [Shape.vector(rows).appending(tail)]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let half = inputs.count / 2
    var rows = 0
    var tail: [Int]?
    for (number, (indices, data)) in zip(inputs[..<half], inputs[half...]).enumerated() {
      guard data.rank >= indices.rank,
        Array(data.dimensions[..<indices.rank]) == indices.dimensions
      else {
        throw .invalidArgument(
          "data[\(number)].shape = \(data.shape) does not start with indices[\(number)].shape = "
            + "\(indices.shape)")
      }
      let rest = Array(data.dimensions[indices.rank...])
      guard rest == tail ?? rest else {
        throw .invalidArgument(
          "Need data[0].shape[\(inputs[0].rank):] = data[\(number)].shape[\(indices.rank):], got "
            + "data[0].shape = \(inputs[half].shape), data[\(number)].shape = \(data.shape), "
            + "indices[0].shape = \(inputs[0].shape), indices[\(number)].shape = "
            + "\(indices.shape)")
      }
      tail = rest
      for index in indices.buffer(Int32.self) {
        guard index >= 0 else { throw .invalidArgument("indices[\(number)] holds \(index) < 0") }
        rows = max(rows, Int(index) + 1)
      }
    }
    let rest = tail ?? []
    let width = try checkedElementCount(rest)
    let output = try Tensor(zeros: inputs[half].dataType, [rows] + rest)
    var strings = output.strings
    let size = width * (output.dataType.byteCount ?? 0)
    for (indices, data) in zip(inputs[..<half], inputs[half...]) {
      for (position, index) in indices.buffer(Int32.self).enumerated() {
        if output.dataType == .string {
          for offset in 0..<width {
            strings[Int(index) * width + offset] = data.strings[position * width + offset]
          }
        } else {
          (output.storage.base + Int(index) * size).copyMemory(
            from: data.storage.base + position * size, byteCount: size)
        }
      }
    }
    if output.dataType == .string {
      return [try Tensor(strings: strings, dimensions: output.dimensions)]
    }
    return [output]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let half = node.inputs.count / 2
    var results = [Output?](repeating: nil, count: half)
    for indices in node.inputs[..<half] {
      results.append(try gather(node.gradient, indices))
    }
    return results
  }
}

extension Int {
  /// The sum, or the greatest number when it does not fit.
  func addingClamped(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}

/// Rows of `data` put into one tensor at the places that `indices` name.
///
/// TensorFlow: `DynamicStitch`, `tf.dynamic_stitch`.
public func dynamicStitch(
  _ indices: [Output], _ data: [Output], name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  guard let first = indices.first, indices.count == data.count else {
    throw .invalidArgument("indices and data must be lists of one length, and not empty")
  }
  return try first.graph.output(
    DynamicStitch(), indices + data, name: name, SourceLocation(file, line))
}
