/// An iterator that is given its dataset by `MakeIterator`.
struct IteratorV2: NonDifferentiable {
  var sharedName = ""
  var container = ""
  var outputTypes: [DataType] = []
  var outputShapes: [Shape] = []

  static let name = "IteratorV2"
  static let signature = Signature(outputs: ["handle: resource"])
  static let attributes: [Attribute<Self>] = [
    .required("shared_name", \.sharedName), .required("container", \.container),
    .required("output_types", \.outputTypes), .required("output_shapes", \.outputShapes),
  ]
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.scalar] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [Tensor(resource: try context.iterator(container, sharedName, outputTypes))]
  }
}

/// `IteratorV2` under its first name.
struct IteratorV1: NonDifferentiable {
  var sharedName = ""
  var container = ""
  var outputTypes: [DataType] = []
  var outputShapes: [Shape] = []

  static let name = "Iterator"
  static let signature = IteratorV2.signature
  static let attributes: [Attribute<Self>] = [
    .required("shared_name", \.sharedName), .required("container", \.container),
    .required("output_types", \.outputTypes), .required("output_shapes", \.outputShapes),
  ]
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.scalar] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [Tensor(resource: try context.iterator(container, sharedName, outputTypes))]
  }
}

extension KernelContext {
  /// The session's iterator of the node.
  func iterator(
    _ container: String, _ sharedName: String, _ types: [DataType]
  ) throws(GraphError) -> IteratorValue {
    let environment = try environment
    let name = sharedName.isEmpty ? environment.path + nodeName : sharedName
    let key = "\(container)/\(name)"
    return try environment.resources.resource(key) { IteratorValue(key, types: types) }
  }
}
