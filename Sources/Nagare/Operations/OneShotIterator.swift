/// An iterator over the dataset that a function makes when the iterator is first used.
struct OneShotIterator: NonDifferentiable {
  var factory = FunctionReference(name: "")
  var outputTypes: [DataType] = []
  var outputShapes: [Shape] = []
  var container = ""
  var sharedName = ""

  static let name = "OneShotIterator"
  static let signature = Signature(outputs: ["handle: resource"])
  static let attributes: [Attribute<Self>] = [
    .required("dataset_factory", \.factory),
    .required("output_types", \.outputTypes), .required("output_shapes", \.outputShapes),
    .attribute("container", \.container), .attribute("shared_name", \.sharedName),
  ]
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.scalar] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let iterator = try context.iterator(container, sharedName, outputTypes)
    try iterator.startOnce(context.environment) { () throws(GraphError) -> DatasetValue in
      let results = try context.call(factory, [])
      guard results.count == 1 else {
        throw .invalidArgument("The `dataset_factory` function must return a single dataset.")
      }
      return try results[0].dataset
    }
    return [Tensor(resource: iterator)]
  }
}
