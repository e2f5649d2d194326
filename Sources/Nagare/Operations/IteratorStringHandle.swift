/// A string by which `IteratorFromStringHandle` finds an iterator of the session.
struct IteratorToStringHandle: NonDifferentiable {
  static let name = "IteratorToStringHandle"
  static let signature = Signature(
    inputs: ["resource_handle: resource"], outputs: ["string_handle: string"])
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.scalar] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [try Tensor(scalar: Array(try inputs[0].iterator.key.utf8))]
  }
}

/// The iterator of the session that a string stands for.
struct IteratorFromStringHandleV2: NonDifferentiable {
  var outputTypes: [DataType] = []
  var outputShapes: [Shape] = []

  static let name = "IteratorFromStringHandleV2"
  static let signature = Signature(
    inputs: ["string_handle: string"], outputs: ["resource_handle: resource"])
  static let attributes: [Attribute<Self>] = [
    .attribute("output_types", \.outputTypes), .attribute("output_shapes", \.outputShapes),
  ]
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.scalar] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    guard inputs[0].rank == 0, let text = inputs[0].strings.first else {
      throw .invalidArgument("string_handle must be a scalar")
    }
    let key = String(decoding: text, as: UTF8.self)
    guard let found = try context.resources.existing(key) as? IteratorValue else {
      throw .notFound("There is no iterator '\(key)' in the session")
    }
    return [Tensor(resource: found)]
  }
}
