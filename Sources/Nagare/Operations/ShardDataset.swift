/// Every so many-th element of a dataset, from one of the first on.
struct ShardDataset: DatasetOp {
  var requiresElements = false
  var outputTypes: [DataType] = []
  var outputShapes: [Shape] = []
  var metadata = ""

  static let name = "ShardDataset"
  static let signature = Signature(
    inputs: ["input_dataset: variant", "num_shards: int64", "index: int64"],
    outputs: ["handle: variant"])
  static let attributes: [Attribute<Self>] = [
    .attribute("require_non_empty", \.requiresElements),
    .required("output_types", \.outputTypes), .required("output_shapes", \.outputShapes),
    .attribute("metadata", \.metadata),
  ]

  func source(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> any DatasetSource {
    let count = try inputs[1].datasetArgument("num_shards")
    let index = try inputs[2].datasetArgument("index")
    guard count > 0 else {
      throw .invalidArgument(
        "Number of shards must be greater than zero (currently num_shards = \(count)).")
    }
    guard index >= 0, index < count else {
      throw .invalidArgument(
        "Index must be between 0 and \(count - 1) (currently index = \(index)).")
    }
    return Source(
      input: try inputs[0].dataset, count: count, index: index,
      requiresElements: requiresElements)
  }

  private struct Source: DatasetSource {
    let input: DatasetValue
    let count: Int
    let index: Int
    let requiresElements: Bool

    func makeIterator(_ scope: IteratorScope) throws(GraphError) -> any ElementIterator {
      Iterator(self, try scope.makeIterator(input))
    }
  }

  private final class Iterator: CountingIterator, @unchecked Sendable {
    let source: Source
    let input: (any ElementIterator)?
    /// How many elements of the input have been taken.
    var position = 0

    init(_ source: Source, _ input: any ElementIterator) {
      self.source = source
      self.input = input
    }

    func next() throws(GraphError) -> [Tensor]? {
      while let element = try input?.next() {
        let place = position
        position += 1
        if place % source.count == source.index { return element }
      }
      if source.requiresElements, position < source.count {
        throw .invalidArgument(
          "Could not apply FILE based sharding: the dataset only has \(position) file(s), which is "
            + "not enough for the required \(source.count) shards/workers.")
      }
      return nil
    }
  }
}
