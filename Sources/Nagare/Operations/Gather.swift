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
        batchDimensions >= 0
      else { return [.unknown] }
      return [.unknown(rank: params - 1 + indices - batchDimensions)]
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
    let (params, indices) = (node.inputs[0], node.inputs[1])
    guard let axis = node.inputs[2].spec.integers?.first else {
      throw .unimplemented("The gradient of GatherV2 needs an axis that is a constant")
    }
    if axis == 0, batchDimensions == 0 {
      return [try gatherGradient(node.gradient, params, indices), nil, nil]
    }
    guard let rank = params.shape.rank, let indexRank = indices.shape.rank else {
      throw .unimplemented(
        "The gradient of GatherV2 along axis \(axis) needs tensors of known rank, got "
          + "\(params.shape) and \(indices.shape)")
    }
    let place = try Place(
      axis: axis, batch: batchDimensions, params: rank, indices: indexRank)
    return [try spread(node, place, rank), nil, nil]
  }

  /// The gradient when the axis is not the first: it is moved behind the batch dimensions, which then
  /// become one with it, so that rows can be added up.
  private func spread(
    _ node: Differentiation, _ place: Place, _ rank: Int
  ) throws(GraphError) -> Output {
    let (graph, params, indices) = (node.graph, node.inputs[0], node.inputs[1])
    let whole = try shape(of: params)
    func sizes(_ range: Range<Int>) throws(GraphError) -> Output {
      try whole[range]
    }
    let picks = try size(of: indices)
    let batch = place.batch == 0 ? nil : try product(of: sizes(0..<place.batch))
    let perBatch = try batch.map { (count) throws(GraphError) in try floorDivide(picks, count) }
    var values = try reshape(
      node.gradient,
      concat(
        [
          sizes(0..<place.axis), expandDimensions(perBatch ?? picks, axis: 0),
          sizes((place.axis + 1)..<rank),
        ], axis: 0))
    let order =
      Array(0..<place.batch) + [place.axis] + Array(place.batch..<place.axis)
      + Array((place.axis + 1)..<rank)
    values = try transpose(values, permutation: order)
    let moved = try gather(whole, graph.constant(sizes: order, name: "concat"))
    let limit = try whole[place.axis]
    var ids = try reshape(indices, [-1])
    var rows = limit
    if let batch, let perBatch {
      // Rows of a batch follow those of the batch before it.
      let starts = try cast(
        range(graph.constant(0), batch, graph.constant(1)) * limit, to: indices.dataType)
      let table = try reshape(
        ids,
        stack([batch, perBatch]))
      ids = try reshape(table + expandDimensions(starts, axis: 1), [-1])
      rows = try batch * limit
      let inner = try moved[(place.batch + 1)..<rank]
      values = try reshape(values, concat([expandDimensions(picks, axis: 0), inner], axis: 0))
    }
    let summed = try unsortedSegmentSum(values, ids, count: rows)
    var inverse = order
    for (position, axis) in order.enumerated() { inverse[axis] = position }
    let restored = try transpose(reshape(summed, moved), permutation: inverse)
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

/// The product of the elements of a vector.
private func product(of sizes: Output) throws(GraphError) -> Output {
  if sizes.shape[0] == 1 { return try sizes[0] }
  let axes = try sizes.graph.constant([0], name: "Prod/reduction_indices")
  return sizes.graph.output(try sizes.graph.addNode("Prod", [sizes, axes]))
}

private func cast(_ input: Output, to dataType: DataType) throws(GraphError) -> Output {
  if input.dataType == dataType { return input }
  let graph = input.graph
  return graph.output(
    try graph.addNode("Cast", [input], attributes: ["DstT": .type(dataType)]))
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
