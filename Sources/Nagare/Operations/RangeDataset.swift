/// A dataset of the numbers from a first one up to a limit, which is not among them.
struct RangeDataset: DatasetOp {
  var outputTypes: [DataType] = []
  var outputShapes: [Shape] = []
  var metadata = ""
  var replicatesOnSplit = false

  static let name = "RangeDataset"
  static let signature = Signature(
    inputs: ["start: int64", "stop: int64", "step: int64"], outputs: ["handle: variant"])
  static let attributes: [Attribute<Self>] = [
    .required("output_types", \.outputTypes), .required("output_shapes", \.outputShapes),
    .attribute("metadata", \.metadata), .attribute("replicate_on_split", \.replicatesOnSplit),
  ]
  static let isStateful = true

  func source(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> any DatasetSource {
    let step = try inputs[2].datasetArgument("step")
    guard step != 0 else { throw .invalidArgument("step must be a non-zero integer.") }
    guard outputTypes.count == 1 else {
      throw .invalidArgument("A range has one component, not \(outputTypes.count)")
    }
    return Source(
      start: try inputs[0].datasetArgument("start"), stop: try inputs[1].datasetArgument("stop"),
      step: step, dataType: outputTypes[0])
  }

  private struct Source: DatasetSource {
    let start: Int
    let stop: Int
    let step: Int
    let dataType: DataType

    func makeIterator(_ scope: IteratorScope) throws(GraphError) -> any ElementIterator {
      Iterator(self)
    }
  }

  private final class Iterator: CountingIterator, @unchecked Sendable {
    let source: Source
    var position = 0
    var input: (any ElementIterator)? { nil }

    init(_ source: Source) { self.source = source }

    func next() throws(GraphError) -> [Tensor]? {
      let (offset, far) = position.multipliedReportingOverflow(by: source.step)
      let (value, over) = source.start.addingReportingOverflow(offset)
      guard !far, !over, source.step > 0 ? value < source.stop : value > source.stop else {
        return nil
      }
      position += 1
      return [try Tensor(scalar: Int64(value)).converted(to: source.dataType)]
    }
  }
}
