/// A dataset several times over, or without end.
struct RepeatDataset: DatasetOp {
  var outputTypes: [DataType] = []
  var outputShapes: [Shape] = []
  var metadata = ""

  static let name = "RepeatDataset"
  static let signature = Signature(
    inputs: ["input_dataset: variant", "count: int64"], outputs: ["handle: variant"])
  static let attributes: [Attribute<Self>] = [
    .required("output_types", \.outputTypes), .required("output_shapes", \.outputShapes),
    .attribute("metadata", \.metadata),
  ]

  func source(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> any DatasetSource {
    Source(input: try inputs[0].dataset, count: try inputs[1].datasetArgument("count"))
  }

  private struct Source: DatasetSource {
    let input: DatasetValue
    /// Negative for no end.
    let count: Int

    func makeIterator(_ scope: IteratorScope) throws(GraphError) -> any ElementIterator {
      Iterator(self, scope)
    }
  }

  private final class Iterator: ElementIterator, @unchecked Sendable {
    let source: Source
    let scope: IteratorScope
    var passes = 0
    var current: (any ElementIterator)?
    /// Whether the pass has given anything.
    var isProductive = false

    init(_ source: Source, _ scope: IteratorScope) {
      self.source = source
      self.scope = scope
    }

    func next() throws(GraphError) -> [Tensor]? {
      while source.count < 0 || passes < source.count {
        let input: any ElementIterator
        if let current {
          input = current
        } else {
          input = try scope.makeIterator(source.input)
          current = input
          isProductive = false
        }
        if let element = try input.next() {
          isProductive = true
          return element
        }
        // Nothing without end is nothing; the iterator stays, to say so again.
        if source.count < 0, !isProductive { return nil }
        current = nil
        passes += source.count < 0 ? 0 : 1
      }
      return nil
    }

    func save(to state: inout StateWriter) throws(GraphError) {
      state.append(passes)
      state.append(isProductive)
      state.append(current != nil)
      try current?.save(to: &state)
    }

    func restore(from state: inout StateReader) throws(GraphError) {
      passes = try state.integer()
      isProductive = try state.bool()
      current = try state.bool() ? try scope.makeIterator(source.input) : nil
      try current?.restore(from: &state)
    }
  }
}
