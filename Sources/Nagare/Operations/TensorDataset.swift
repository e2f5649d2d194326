/// A dataset of one element.
struct TensorDataset: DatasetOp {
  var outputShapes: [Shape] = []
  var metadata = ""
  /// Settled by the inputs.
  var outputTypes: [DataType] = []

  static let name = "TensorDataset"
  static let signature = Signature(
    inputs: ["components: Toutput_types"], outputs: ["handle: variant"],
    types: ["Toutput_types": .anyList])
  static let attributes: [Attribute<Self>] = [
    .required("output_shapes", \.outputShapes), .attribute("metadata", \.metadata),
  ]
  static let isStateful = true

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let dataset = try DatasetValue(
      try source(inputs, context), types: inputs.map(\.dataType), inputs: [])
    return [Tensor(dataset: dataset)]
  }

  func source(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> any DatasetSource {
    let components = try inputs.map { (x) throws(GraphError) in
      try x.reshaped([1] + x.dimensions)
    }
    return TensorRows(components: components)
  }
}

/// Elements that are the rows of tensors.
struct TensorRows: DatasetSource {
  /// Tensors of as many rows each.
  let components: [Tensor]

  func makeIterator(_ scope: IteratorScope) throws(GraphError) -> any ElementIterator {
    Iterator(components)
  }

  private final class Iterator: CountingIterator, @unchecked Sendable {
    let components: [Tensor]
    var position = 0
    var input: (any ElementIterator)? { nil }

    init(_ components: [Tensor]) { self.components = components }

    func next() throws(GraphError) -> [Tensor]? {
      guard let rows = components.first?.dimensions.first, position < rows else { return nil }
      let index = position
      position += 1
      return try components.map { (x) throws(GraphError) in try x.row(index) }
    }
  }
}
