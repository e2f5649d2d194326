/// Puts an iterator before the first element of a dataset.
struct MakeIterator: NonDifferentiable {
  static let name = "MakeIterator"
  static let signature = Signature(inputs: ["dataset: variant", "iterator: resource"])
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    try inputs[1].iterator.start(inputs[0].dataset, context.environment)
    return []
  }
}
