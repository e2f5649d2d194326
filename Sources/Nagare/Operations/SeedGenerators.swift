/// A handle that stands for no generator of seeds.
struct DummySeedGenerator: NonDifferentiable {
  static let name = "DummySeedGenerator"
  static let signature = Signature(outputs: ["handle: resource"])
  static let isStateful = true

  private final class Nothing: Resource {}

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.scalar] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [Tensor(resource: Nothing())]
  }
}

/// A generator of the seeds of a shuffled dataset.
struct AnonymousSeedGenerator: NonDifferentiable {
  static let name = "AnonymousSeedGenerator"
  static let signature = Signature(
    inputs: ["seed: int64", "seed2: int64", "reshuffle: bool"],
    outputs: ["handle: resource", "deleter: variant"])
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.scalar, .scalar] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    guard inputs[2].rank == 0 else { throw .invalidArgument("reshuffle must be a scalar") }
    let generator = SeedGenerator(
      seed: try inputs[0].datasetArgument("seed"), seed2: try inputs[1].datasetArgument("seed2"),
      reshuffles: try inputs[2].scalar(Bool.self))
    // Memory is counted here: there is nothing to delete.
    return [
      Tensor(resource: generator), Tensor(.variant, [], 1, TensorStorage(resource: generator)),
    ]
  }
}
