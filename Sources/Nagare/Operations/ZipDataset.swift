/// A dataset whose elements are those of several put together; it ends with the shortest.
struct ZipDataset: DatasetOp {
  var outputTypes: [DataType] = []
  var outputShapes: [Shape] = []
  var metadata = ""

  static let name = "ZipDataset"
  static let signature = Signature(
    inputs: ["input_datasets: N * variant"], outputs: ["handle: variant"],
    minimumCounts: ["N": 1])
  static let attributes: [Attribute<Self>] = [
    .required("output_types", \.outputTypes), .required("output_shapes", \.outputShapes),
    .attribute("metadata", \.metadata),
  ]

  func source(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> any DatasetSource {
    let parts = try inputs.map { (x) throws(GraphError) in try x.dataset }
    guard parts.flatMap(\.types) == outputTypes else {
      throw .invalidArgument(
        "Expected \(outputTypes) from the zipped datasets, got \(parts.flatMap(\.types))")
    }
    return Source(parts: parts)
  }

  private struct Source: DatasetSource {
    let parts: [DatasetValue]

    func makeIterator(_ scope: IteratorScope) throws(GraphError) -> any ElementIterator {
      var inputs: [any ElementIterator] = []
      for (index, part) in parts.enumerated() {
        inputs.append(try scope.makeIterator(part, index))
      }
      return Iterator(inputs)
    }
  }

  private final class Iterator: ElementIterator, @unchecked Sendable {
    let inputs: [any ElementIterator]
    var isEnded = false

    init(_ inputs: [any ElementIterator]) { self.inputs = inputs }

    func next() throws(GraphError) -> [Tensor]? {
      guard !isEnded else { return nil }
      var element: [Tensor] = []
      for input in inputs {
        guard let part = try input.next() else {
          isEnded = true
          return nil
        }
        element += part
      }
      return element
    }

    func save(to state: inout StateWriter) throws(GraphError) {
      state.append(isEnded)
      for input in inputs { try input.save(to: &state) }
    }

    func restore(from state: inout StateReader) throws(GraphError) {
      isEnded = try state.bool()
      for input in inputs { try input.restore(from: &state) }
    }
  }
}
