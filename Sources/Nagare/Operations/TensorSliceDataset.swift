/// A dataset whose elements are the rows of tensors.
struct TensorSliceDataset: DatasetOp {
  var outputShapes: [Shape] = []
  var isFiles = false
  var metadata = ""
  var replicatesOnSplit = false
  /// Settled by the inputs.
  var outputTypes: [DataType] = []

  static let name = "TensorSliceDataset"
  static let signature = Signature(
    inputs: ["components: Toutput_types"], outputs: ["handle: variant"],
    types: ["Toutput_types": .anyList])
  static let attributes: [Attribute<Self>] = [
    .required("output_shapes", \.outputShapes), .attribute("is_files", \.isFiles),
    .attribute("metadata", \.metadata), .attribute("replicate_on_split", \.replicatesOnSplit),
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
    for input in inputs {
      guard let rows = input.dimensions.first else {
        throw .invalidArgument("All components must be at least 1-dimensional")
      }
      guard rows == inputs[0].dimensions.first else {
        throw .invalidArgument("All components must have the same size in the 0th dimension")
      }
    }
    return TensorRows(components: inputs)
  }
}
