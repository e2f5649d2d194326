/// Elements or slices of a tensor, each picked by a row of indices into its first dimensions.
struct GatherNd: Op {
  var badIndicesPolicy = ""

  static let name = "GatherNd"
  static let signature = Signature(
    inputs: ["params: Tparams", "indices: Tindices"], outputs: ["output: Tparams"],
    types: ["Tparams": .any, "Tindices": .of(.int16, .int32, .int64)])
  static let attributes: [Attribute<Self>] = [
    .attribute("bad_indices_policy", \.badIndicesPolicy)
  ]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let indices = try inputs[1].shape.withRank(atLeast: 1)
    guard let params = inputs[0].shape.rank, let depth = indices[-1] else { return [.unknown] }
    guard depth <= params else {
      throw .invalidArgument(
        "indices.shape[-1] must be <= params.rank, but saw indices shape: \(indices) and params "
          + "shape: \(inputs[0].shape)")
    }
    return [
      indices.part(..<((indices.rank ?? 1) - 1)).appending(inputs[0].shape.part(depth...))
    ]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let (params, indices) = (inputs[0], inputs[1])
    guard let depth = indices.dimensions.last else {
      throw .invalidArgument("indices must be at least a vector")
    }
    guard depth <= params.rank else {
      throw .invalidArgument(
        "index innermost dimension length must be <= params rank; saw: \(depth) vs. \(params.rank)")
    }
    let rows = try IndexRows(indices, into: Array(params.dimensions[..<depth]), badIndicesPolicy) {
      (row, index) in
      "indices\(row) = \(index) does not index into param shape \(params.shape), node name: "
        + context.nodeName
    }
    let tail = Array(params.dimensions[depth...])
    let width = try checkedElementCount(tail)
    let result = try context.allocate(
      params.dataType, Array(indices.dimensions.dropLast()) + tail)
    guard result.count > 0 else { return [result] }
    if params.dataType == .string {
      for (row, start) in rows.starts.enumerated() {
        for offset in 0..<width {
          result.storage.strings[row * width + offset] =
            params.storage.strings[start * width + offset]
        }
      }
      return [result]
    }
    guard let size = params.dataType.byteCount.map({ $0 * width }) else {
      throw .unsupported(Self.name, params.dataType)
    }
    let (x, y) = (params.storage.base, result.storage.base)
    context.threads.ranges(rows.starts.count, grain: max(1, 65_536 / size)) { range in
      for row in range {
        (y + row * size).copyMemory(from: x + rows.starts[row] * size, byteCount: size)
      }
    }
    return [result]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let whole = try shape(of: node.inputs[0], outputType: node.inputs[1].dataType)
    return [
      try node.graph.output(ScatterNd(), [node.inputs[1], node.gradient, whole]), nil,
    ]
  }
}

/// Rows of indices, each as the number of the slice that it names.
struct IndexRows {
  let starts: [Int]

  /// - Throws: `invalidArgument` with `refusal`, made of the row's place and its indices, when one is
  ///   out of range.
  init(
    _ indices: Tensor, into dimensions: [Int], _ policy: String,
    _ refusal: (String, String) -> String
  ) throws(GraphError) {
    guard ["", "DEFAULT", "ERROR"].contains(policy) else {
      throw .unimplemented("The policy '\(policy)' for bad indices is not implemented")
    }
    let values =
      indices.dataType == .int16
      ? indices.buffer(Int16.self).map { Int($0) } : indices.integers ?? []
    let depth = dimensions.count
    let count = try checkedElementCount(Array(indices.dimensions.dropLast()))
    var starts = [Int](repeating: 0, count: count)
    for row in 0..<count {
      var start = 0
      for (axis, size) in dimensions.enumerated() {
        let index = values[row * depth + axis]
        guard index >= 0, index < size else {
          let list = values[(row * depth)..<(row * depth + depth)].map(String.init)
          let place = flatPosition(row, Array(indices.dimensions.dropLast()))
          throw .invalidArgument(refusal(place, "[\(list.joined(separator: ", "))]"))
        }
        start = start * size + index
      }
      starts[row] = start
    }
    self.starts = starts
  }
}

/// A flat position in a tensor of these sizes as indices in brackets: `[1,0]`.
func flatPosition(_ flat: Int, _ dimensions: [Int]) -> String {
  var rest = flat
  var places: [String] = []
  for size in dimensions.reversed() {
    places.append("\(rest % max(1, size))")
    rest /= max(1, size)
  }
  return "[" + places.reversed().joined(separator: ",") + "]"
}

/// Elements or slices of `params`: each row of `indices` (`int16`, `int32` or `int64`) names a place in
/// its first dimensions.
///
/// TensorFlow: `GatherNd`, `tf.gather_nd`.
public func gatherND(
  _ params: Output, _ indices: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try params.graph.output(
    GatherNd(), [params, indices], name: name, SourceLocation(file, line))
}
