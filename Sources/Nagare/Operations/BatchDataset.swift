/// A dataset whose elements are so many of another, stacked.
struct BatchDatasetV2: DatasetOp {
  var copiesInParallel = false
  var outputTypes: [DataType] = []
  var outputShapes: [Shape] = []
  var metadata = ""

  static let name = "BatchDatasetV2"
  static let signature = Signature(
    inputs: ["input_dataset: variant", "batch_size: int64", "drop_remainder: bool"],
    outputs: ["handle: variant"])
  static let attributes: [Attribute<Self>] = [
    .attribute("parallel_copy", \.copiesInParallel),
    .required("output_types", \.outputTypes), .required("output_shapes", \.outputShapes),
    .attribute("metadata", \.metadata),
  ]

  func source(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> any DatasetSource {
    guard inputs[2].rank == 0 else { throw .invalidArgument("drop_remainder must be a scalar") }
    return try BatchSource(inputs, dropsRemainder: inputs[2].scalar(Bool.self))
  }
}

private struct BatchSource: DatasetSource {
  let input: DatasetValue
  let size: Int
  let dropsRemainder: Bool

  init(_ inputs: [Tensor], dropsRemainder: Bool) throws(GraphError) {
    input = try inputs[0].dataset
    size = try inputs[1].datasetArgument("batch_size")
    guard size > 0 else { throw .invalidArgument("Batch size must be greater than zero.") }
    self.dropsRemainder = dropsRemainder
  }

  func makeIterator(_ scope: IteratorScope) throws(GraphError) -> any ElementIterator {
    Iterator(self, try scope.makeIterator(input), scope.environment.threads)
  }

  private final class Iterator: ElementIterator, @unchecked Sendable {
    let source: BatchSource
    let input: any ElementIterator
    let threads: ThreadPool

    init(_ source: BatchSource, _ input: any ElementIterator, _ threads: ThreadPool) {
      self.source = source
      self.input = input
      self.threads = threads
    }

    func next() throws(GraphError) -> [Tensor]? {
      var elements: [[Tensor]] = []
      while elements.count < source.size, let element = try input.next() {
        elements.append(element)
      }
      guard let first = elements.first, elements.count == source.size || !source.dropsRemainder
      else { return nil }
      var batch: [Tensor] = []
      for index in first.indices {
        batch.append(try Self.stack(elements.map { $0[index] }, threads))
      }
      return batch
    }

    private static func stack(
      _ parts: [Tensor], _ threads: ThreadPool
    ) throws(GraphError) -> Tensor {
      let first = parts[0]
      for part in parts where part.count != first.count {
        throw .invalidArgument(
          "Cannot add tensor to the batch: number of elements does not match. Shapes are: "
            + "[tensor]: \(first.shape), [batch]: \(part.shape)")
      }
      let dimensions = [parts.count] + first.dimensions
      if first.dataType == .string {
        return try Tensor(strings: parts.flatMap(\.strings), dimensions: dimensions)
      }
      guard let size = first.dataType.byteCount.map({ $0 * first.count }) else {
        throw .unimplemented("Tensors of type \(first.dataType) cannot be batched")
      }
      let result = try Tensor(uninitialized: first.dataType, dimensions)
      let target = result.storage.base
      threads.ranges(parts.count, grain: max(1, 1 << 18 / max(1, size))) { range in
        for index in range {
          (target + index * size).copyMemory(from: parts[index].storage.base, byteCount: size)
        }
      }
      return result
    }

    func save(to state: inout StateWriter) throws(GraphError) { try input.save(to: &state) }

    func restore(from state: inout StateReader) throws(GraphError) {
      try input.restore(from: &state)
    }
  }
}
