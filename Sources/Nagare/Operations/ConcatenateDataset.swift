/// The elements of one dataset and then those of another.
struct ConcatenateDataset: DatasetOp {
  var outputTypes: [DataType] = []
  var outputShapes: [Shape] = []
  var metadata = ""

  static let name = "ConcatenateDataset"
  static let signature = Signature(
    inputs: ["input_dataset: variant", "another_dataset: variant"], outputs: ["handle: variant"])
  static let attributes: [Attribute<Self>] = [
    .required("output_types", \.outputTypes), .required("output_shapes", \.outputShapes),
    .attribute("metadata", \.metadata),
  ]

  func source(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> any DatasetSource {
    let parts = [try inputs[0].dataset, try inputs[1].dataset]
    for part in parts where part.types != outputTypes {
      throw .invalidArgument(
        "input dataset and another dataset have different output_types \(parts[0].types) and "
          + "\(parts[1].types)")
    }
    return Source(parts: parts)
  }

  private struct Source: DatasetSource {
    let parts: [DatasetValue]

    func makeIterator(_ scope: IteratorScope) throws(GraphError) -> any ElementIterator {
      Iterator(self, scope)
    }
  }

  private final class Iterator: ElementIterator, @unchecked Sendable {
    let source: Source
    let scope: IteratorScope
    var part = 0
    var current: (any ElementIterator)?

    init(_ source: Source, _ scope: IteratorScope) {
      self.source = source
      self.scope = scope
    }

    func next() throws(GraphError) -> [Tensor]? {
      while part < source.parts.count {
        let input: any ElementIterator
        if let current {
          input = current
        } else {
          input = try scope.makeIterator(source.parts[part], part)
          current = input
        }
        if let element = try input.next() { return element }
        current = nil
        part += 1
      }
      return nil
    }

    func save(to state: inout StateWriter) throws(GraphError) {
      state.append(part)
      state.append(current != nil)
      try current?.save(to: &state)
    }

    func restore(from state: inout StateReader) throws(GraphError) {
      part = try state.integer()
      guard part >= 0 else { throw StateReader.damaged }
      guard try state.bool() else { return }
      guard part < source.parts.count else { throw StateReader.damaged }
      let input = try scope.makeIterator(source.parts[part], part)
      try input.restore(from: &state)
      current = input
    }
  }
}
