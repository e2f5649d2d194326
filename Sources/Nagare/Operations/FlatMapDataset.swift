/// A dataset of the elements of datasets, one of which a function makes of each element of another.
struct FlatMapDataset: DatasetOp {
  var function = FunctionReference(name: "")
  var outputTypes: [DataType] = []
  var outputShapes: [Shape] = []
  var metadata = ""

  static let name = "FlatMapDataset"
  static let signature = Signature(
    inputs: ["input_dataset: variant", "other_arguments: Targuments"],
    outputs: ["handle: variant"], types: ["Targuments": .anyList])
  static let attributes: [Attribute<Self>] = [
    .required("f", \.function),
    .required("output_types", \.outputTypes), .required("output_shapes", \.outputShapes),
    .attribute("metadata", \.metadata),
  ]

  func source(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> any DatasetSource {
    Source(
      input: try inputs[0].dataset, function: function, captures: Array(inputs[1...]),
      types: outputTypes)
  }

  private struct Source: DatasetSource {
    let input: DatasetValue
    let function: FunctionReference
    /// Further arguments, the same for all elements.
    let captures: [Tensor]
    let types: [DataType]

    func makeIterator(_ scope: IteratorScope) throws(GraphError) -> any ElementIterator {
      Iterator(self, try scope.makeIterator(input), scope)
    }
  }

  private final class Iterator: ElementIterator, @unchecked Sendable {
    let source: Source
    let input: any ElementIterator
    let scope: IteratorScope
    /// The element of the input whose dataset is being gone through.
    var element: [Tensor] = []
    var current: (any ElementIterator)?

    init(_ source: Source, _ input: any ElementIterator, _ scope: IteratorScope) {
      self.source = source
      self.input = input
      self.scope = scope
    }

    func next() throws(GraphError) -> [Tensor]? {
      while true {
        if let current {
          if let result = try current.next() { return result }
          self.current = nil
        }
        guard let following = try input.next() else { return nil }
        current = try open(following)
      }
    }

    private func open(_ element: [Tensor]) throws(GraphError) -> any ElementIterator {
      self.element = element
      let made = try scope.call(source.function, element + source.captures, types: [.variant])
      let dataset = try made[0].dataset
      guard dataset.types == source.types else {
        throw .invalidArgument(
          "The function '\(source.function.name)' gives a dataset of \(dataset.types), not of "
            + "\(source.types)")
      }
      return try scope.makeFirstIterator(dataset, 1)
    }

    func save(to state: inout StateWriter) throws(GraphError) {
      try input.save(to: &state)
      state.append(current != nil)
      guard let current else { return }
      try state.append(element)
      try current.save(to: &state)
    }

    func restore(from state: inout StateReader) throws(GraphError) {
      try input.restore(from: &state)
      current = nil
      guard try state.bool() else { return }
      let opened = try open(try state.tensors())
      try opened.restore(from: &state)
      current = opened
    }
  }
}
