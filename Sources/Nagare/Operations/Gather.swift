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
    try inputs[0].shape.withRank(atLeast: 1)
    guard let axis = try inputs[2].knownScalar() else {
      // One dimension goes, those of the indices without the shared ones come.
      guard let params = inputs[0].shape.rank, let indices = inputs[1].shape.rank,
        batchDimensions.magnitude <= maximumRank
      else { return [.unknown] }
      let batch = batchDimensions < 0 ? batchDimensions + indices : batchDimensions
      return [.unknown(rank: params - 1 + indices - batch)]
    }
    try inputs[0].shape.withRank(
      atLeast: axis < 0 ? 0 - max(axis, -Int(Int32.max)) : axis.addingClamped(1))
    guard let params = inputs[0].shape.dimensions, let indices = inputs[1].shape.dimensions
    else { return [.unknown] }
    let place = try Place(
      axis: axis, batch: batchDimensions, params: params.count, indices: indices.count)
    return [
      Shape(
        Array(params[..<place.axis]) + Array(indices[place.batch...])
          + Array(params[(place.axis + 1)...]))
    ]
  }

  func inferValue(_ inputs: [TensorSpec]) -> Shape? {
    guard inputs[0].shape.rank == 1, batchDimensions == 0,
      let elements = inputs[0].shapeValue?.dimensions, let places = inputs[1].integers,
      places.allSatisfy(elements.indices.contains)
    else { return nil }
    return Shape(places.map { elements[$0] })
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
    guard params.rank >= 1 else {
      throw .invalidArgument("params must be at least 1 dimensional")
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
        "indices\(flatPosition(position, inputs[1].dimensions)) = \(index) is not in [0, \(limit))"
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

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    if node.inputs[2].spec.integers?.first == 0, batchDimensions == 0 {
      let rows = try gatherGradient(node.gradient, node.inputs[0], node.inputs[1])
      return [rows, nil, nil]
    }
    return [try spread(node), nil, nil]
  }

  /// The gradient when the axis is not the first: it is moved behind the batch dimensions, which then
  /// become one with it, so that rows can be added up.
  private func spread(_ node: Differentiation) throws(GraphError) -> Output {
    let (graph, params, indices) = (node.graph, node.inputs[0], node.inputs[1])
    let whole = try shape(of: params)
    let dimensions = try rank(of: params)
    let zero = try graph.constant(0)
    let one = try graph.constant(1)
    var axis = try cast(node.inputs[2], to: .int32)
    // A negative axis counts from the end, and so do negative batch dimensions.
    if (axis.spec.integers?.first ?? -1) < 0 { axis = try floorMod(axis, dimensions) }
    var batch = try graph.constant(size: batchDimensions, name: "batch_dims")
    if batchDimensions < 0 { batch = try batch + rank(of: indices) }

    func vector(_ scalar: Output) throws(GraphError) -> Output {
      try expandDimensions(scalar, axis: 0)
    }
    func sizes(_ begin: Output, _ end: Output) throws(GraphError) -> Output {
      try slice(whole, begin: vector(begin), size: vector(end - begin))
    }
    let after = try axis + one
    let limit = try slice(whole, begin: vector(axis), size: vector(one))
    let picks = try vector(size(of: indices))
    // The rows that every element of the batch has.
    let batchCount =
      batchDimensions == 0 ? nil : try product(sizes(zero, batch), axes: [0], keepDimensions: true)
    let picked = try batchCount.map { (count) throws(GraphError) in try floorDivide(picks, count) }

    let order = try concat(
      [
        range(zero, batch, one), vector(axis), range(batch, axis, one),
        range(after, dimensions, one),
      ], axis: 0)
    let gradient = try reshape(
      node.gradient,
      concat([sizes(zero, axis), picked ?? picks, sizes(after, dimensions)], axis: 0))
    var values = try transpose(gradient, permutation: order)
    let moved = try gather(whole, order)
    var ids = try reshape(indices, picks)
    var rows = limit
    if let batchCount, let picked {
      // Rows of a batch follow those of the batch before it.
      let first = try range(zero, reshape(batchCount, []), one) * limit
      let table = try reshape(ids, concat([batchCount, picked], axis: 0))
      let starts = try expandDimensions(cast(first, to: indices.dataType), axis: 1)
      ids = try reshape(table + starts, picks)
      rows = try limit * batchCount
      let inner = try slice(
        moved, begin: vector(batch + one),
        size: vector(dimensions - batch - one))
      values = try reshape(values, concat([picks, inner], axis: 0))
    }
    let summed = try unsortedSegmentSum(values, ids, count: reshape(rows, []))
    let restored = try transpose(
      reshape(summed, moved), permutation: invertPermutation(order))
    return try reshape(restored, like: params)
  }
}

/// `indices` of slices along the first dimension, TensorFlow's older form of `GatherV2`.
struct Gather: Op {
  var validatesIndices = true

  static let name = "Gather"
  static let signature = Signature(
    inputs: ["params: Tparams", "indices: Tindices"], outputs: ["output: Tparams"],
    types: ["Tparams": .any, "Tindices": .of(.int32, .int64)])
  static let attributes: [Attribute<Self>] = [
    .attribute("validate_indices", \.validatesIndices)
  ]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let rows = try inputs[0].shape.withRank(atLeast: 1)
    guard rows.rank != nil else { return [.unknown] }
    return [inputs[1].shape.appending(rows.part(1...))]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    try GatherV2().compute(inputs + [Tensor(scalar: Int32(0))], context)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try gatherGradient(node.gradient, node.inputs[0], node.inputs[1]), nil]
  }
}

/// Rows of a gradient added up at the rows of `params` that they were taken from.
private func gatherGradient(
  _ gradient: Output, _ params: Output, _ indices: Output
) throws(GraphError) -> Output {
  let whole = try shape(of: params)
  let count = try expandDimensions(size(of: indices), axis: 0)
  let values = try reshape(gradient, concat([count, whole[1...]], axis: 0))
  let summed = try unsortedSegmentSum(values, reshape(indices, count), count: whole[0])
  return try reshape(summed, like: params)
}

/// Slices of `params` along `axis`, picked by `indices`.
///
/// - Parameters:
///   - indices: `int32` or `int64`; each in `0..<params.shape[axis]`.
///   - batchDimensions: The number of leading dimensions that tensor and indices share.
///
/// TensorFlow: `GatherV2`, `tf.gather`.
public func gather(
  _ params: Output, _ indices: Output, axis: Int = 0, batchDimensions: Int = 0,
  name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let location = SourceLocation(file, line)
  return try params.graph.output(
    GatherV2(batchDimensions: batchDimensions), named: name ?? "GatherV2", location
  ) { () throws(GraphError) -> [Output] in
    [params, indices, try params.graph.constant(size: axis, name: "axis", location)]
  }
}
