/// The first elements of a dataset, all of them for a negative count.
struct TakeDataset: DatasetOp {
  var outputTypes: [DataType] = []
  var outputShapes: [Shape] = []
  var metadata = ""

  static let name = "TakeDataset"
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
    let count: Int

    func makeIterator(_ scope: IteratorScope) throws(GraphError) -> any ElementIterator {
      Iterator(try scope.makeIterator(input), count)
    }
  }

  private final class Iterator: CountingIterator, @unchecked Sendable {
    let input: (any ElementIterator)?
    let count: Int
    var position = 0

    init(_ input: any ElementIterator, _ count: Int) {
      self.input = input
      self.count = count
    }

    func next() throws(GraphError) -> [Tensor]? {
      guard count < 0 || position < count, let element = try input?.next() else { return nil }
      if count >= 0 { position += 1 }
      return element
    }
  }
}
