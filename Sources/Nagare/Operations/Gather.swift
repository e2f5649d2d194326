/// Slices of a tensor along an axis, picked by indices.
struct GatherV2: Op {
  /// The number of leading dimensions that tensor and indices share.
  var batchDimensions = 0

  static let name = "GatherV2"
  static let signature = Signature(
    inputs: ["params: Tparams", "indices: Tindices", "axis: Taxis"], outputs: ["output: Tparams"],
    types: [
      "Tparams": .any, "Tindices": .of(.int16, .int32, .int64), "Taxis": .of(.int32, .int64),
    ])
  static let attributes: [Attribute<Self>] = [.attribute("batch_dims", \.batchDimensions)]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    if let rank = inputs[2].shape.rank, rank != 0 {
      throw .invalidArgument("Shape must be rank 0 but is rank \(rank)")
    }
    guard let axis = inputs[2].integers?.first, let params = inputs[0].shape.dimensions,
      let indices = inputs[1].shape.dimensions
    else { return [.unknown] }
    let place = try Place(
      axis: axis, batch: batchDimensions, params: params.count, indices: indices.count)
    return [
      Shape(
        Array(params[..<place.axis]) + Array(indices[place.batch...])
          + Array(params[(place.axis + 1)...]))
    ]
  }

  /// Axis and batch dimensions counted from the first.
  private struct Place {
    let axis: Int
    let batch: Int

    init(axis: Int, batch: Int, params: Int, indices: Int) throws(GraphError) {
      guard axis >= -params, axis < params else {
        throw .invalidArgument(
          "Shape must be at least rank \(axis < 0 ? -axis : axis.addingClamped(1)) but is rank "
            + "\(params)")
      }
      self.axis = axis < 0 ? axis + params : axis
      guard batch >= -indices, batch <= indices else {
        throw .invalidArgument(
          "Expected batch_dims in the range [\(-indices), \(indices)], but got \(batch)")
      }
      self.batch = batch < 0 ? batch + indices : batch
      guard self.batch < params else {
        throw .invalidArgument(
          "batch_dims (\(self.batch)) must be less than rank(params) (\(params)).")
      }
      guard self.axis >= self.batch else {
        throw .invalidArgument(
          "batch_dims (\(self.batch)) must be less than or equal to axis (\(self.axis)).")
      }
    }
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let params = inputs[0]
    guard inputs[2].count == 1, let axis = inputs[2].integers?.first else {
      throw .invalidArgument("axis must be scalar")
    }
    let place = try Place(
      axis: axis, batch: batchDimensions, params: params.rank, indices: inputs[1].rank)
    guard params.dimensions[..<place.batch] == inputs[1].dimensions[..<place.batch] else {
      throw .invalidArgument(
        "params.shape[:\(place.batch)] \(params.shape) must equal indices.shape[:\(place.batch)] "
          + "\(inputs[1].shape)")
    }
    let indices = inputs[1].integers ?? inputs[1].buffer(Int16.self).map { Int($0) }
    let limit = params.dimensions[place.axis]
    for (position, index) in indices.enumerated() where index < 0 || index >= limit {
      throw .invalidArgument(
        "indices\(Self.position(position, inputs[1].dimensions)) = \(index) is not in [0, \(limit))"
      )
    }
    let dimensions =
      Array(params.dimensions[..<place.axis]) + Array(inputs[1].dimensions[place.batch...])
      + Array(params.dimensions[(place.axis + 1)...])
    let batch = try checkedElementCount(Array(params.dimensions[..<place.batch]))
    let outer = try checkedElementCount(Array(params.dimensions[place.batch..<place.axis]))
    let inner = try checkedElementCount(Array(params.dimensions[(place.axis + 1)...]))
    let picked = try checkedElementCount(Array(inputs[1].dimensions[place.batch...]))
    let output = try context.allocate(params.dataType, dimensions)
    guard output.count > 0 else { return [output] }
    if params.dataType == .string {
      let source = params.strings
      var strings: [[UInt8]] = []
      strings.reserveCapacity(output.count)
      for row in 0..<(batch * outer) {
        for k in 0..<picked {
          let start = (row * limit + indices[row / outer * picked + k]) * inner
          strings += source[start..<(start + inner)]
        }
      }
      return [try Tensor(strings: strings, dimensions: dimensions)]
    }
    guard let size = params.dataType.byteCount.map({ $0 * inner }) else {
      throw .unsupported(Self.name, params.dataType)
    }
    let (x, y) = (params.storage.base, output.storage.base)
    let grain = max(1, 65_536 / max(1, size))
    context.threads.ranges(batch * outer * picked, grain: grain) { range in
      for index in range {
        let row = index / picked
        let pick = indices[row / outer * picked + index % picked]
        (y + index * size).copyMemory(from: x + (row * limit + pick) * size, byteCount: size)
      }
    }
    return [output]
  }

  /// A flat position as indices in brackets: `[1,0]`.
  private static func position(_ flat: Int, _ dimensions: [Int]) -> String {
    var rest = flat
    var places: [Int] = []
    for size in dimensions.reversed() {
      places.insert(rest % size, at: 0)
      rest /= size
    }
    return "[" + places.map(String.init).joined(separator: ",") + "]"
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    throw .notFound("No gradient defined for operation '\(node.name)' (op type: \(Self.name))")
  }
}

/// Slices of `params` along `axis`, picked by `indices`.
///
/// - Parameters:
///   - indices: `int32` or `int64`; each in `0..<params.shape[axis]`.
///
/// TensorFlow: `GatherV2`, `tf.gather`.
public func gather(
  _ params: Output, _ indices: Output, axis: Int = 0, batchDimensions: Int = 0,
  name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let location = SourceLocation(file, line)
  let axis = try params.graph.constant(
    try Tensor(sizes: [axis], .int32).reshaped([]), name: (name ?? "GatherV2") + "/axis", location)
  return try params.graph.output(
    GatherV2(batchDimensions: batchDimensions), [params, indices, axis], name: name, location)
}
