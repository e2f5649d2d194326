/// An op whose output is a dataset: a tensor that refers to a way of making elements.
protocol DatasetOp: NonDifferentiable {
  /// The types of the components of an element.
  var outputTypes: [DataType] { get }

  /// The dataset that the inputs make.
  func source(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> any DatasetSource
}

extension DatasetOp {
  static var isFoldable: Bool { false }

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.scalar] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    var datasets: [DatasetValue] = []
    for input in inputs where input.dataType == .variant { datasets.append(try input.dataset) }
    let source = try source(inputs, context)
    return [Tensor(dataset: try DatasetValue(source, types: outputTypes, inputs: datasets))]
  }
}

/// An iterator that has at most one input, and a count as its own state.
protocol CountingIterator: ElementIterator {
  var position: Int { get set }
  var input: (any ElementIterator)? { get }
}

extension CountingIterator {
  func save(to state: inout StateWriter) throws(GraphError) {
    state.append(position)
    try input?.save(to: &state)
  }

  func restore(from state: inout StateReader) throws(GraphError) {
    position = try state.integer()
    guard position >= 0 else { throw StateReader.damaged }
    try input?.restore(from: &state)
  }
}
