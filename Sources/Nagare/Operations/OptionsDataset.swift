/// The same dataset with wishes how to run it, which have no effect.
struct OptionsDataset: DatasetOp {
  var options = ""
  var metadata = ""
  var outputTypes: [DataType] = []
  var outputShapes: [Shape] = []

  static let name = "OptionsDataset"
  static let signature = Signature(
    inputs: ["input_dataset: variant"], outputs: ["handle: variant"])
  static let attributes: [Attribute<Self>] = [
    .required("serialized_options", \.options), .attribute("metadata", \.metadata),
    .required("output_types", \.outputTypes), .required("output_shapes", \.outputShapes),
  ]

  func source(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> any DatasetSource {
    SameSource(input: try inputs[0].dataset)
  }
}

/// The same dataset, tuned while it runs, which has no effect.
struct ModelDataset: DatasetOp {
  var algorithm = 0
  var processors = 0
  var memory = 0
  var outputTypes: [DataType] = []
  var outputShapes: [Shape] = []

  static let name = "ModelDataset"
  static let signature = Signature(
    inputs: ["input_dataset: variant"], outputs: ["handle: variant"])
  static let attributes: [Attribute<Self>] = [
    .attribute("algorithm", \.algorithm), .attribute("cpu_budget", \.processors),
    .attribute("ram_budget", \.memory),
    .required("output_types", \.outputTypes), .required("output_shapes", \.outputShapes),
  ]

  func source(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> any DatasetSource {
    SameSource(input: try inputs[0].dataset)
  }
}

/// The same dataset, rewritten by rules that do not change its elements, which has no effect.
struct OptimizeDataset: DatasetOp {
  var configurations: [String] = []
  var outputTypes: [DataType] = []
  var outputShapes: [Shape] = []

  static let name = "OptimizeDataset"
  static let signature = Signature(
    inputs: ["input_dataset: variant", "optimizations: string"], outputs: ["handle: variant"])
  static let attributes: [Attribute<Self>] = [
    .attribute("optimization_configs", \.configurations),
    .required("output_types", \.outputTypes), .required("output_shapes", \.outputShapes),
  ]

  func source(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> any DatasetSource {
    SameSource(input: try inputs[0].dataset)
  }
}

private struct SameSource: DatasetSource {
  let input: DatasetValue

  func makeIterator(_ scope: IteratorScope) throws(GraphError) -> any ElementIterator {
    try scope.makeIterator(input)
  }
}
