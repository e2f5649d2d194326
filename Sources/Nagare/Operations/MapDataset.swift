/// A dataset whose elements a function makes of those of another.
struct MapDataset: DatasetOp {
  var function = FunctionReference(name: "")
  var outputTypes: [DataType] = []
  var outputShapes: [Shape] = []
  var usesInterOpParallelism = true
  var preservesCardinality = false
  var isForcedSynchronous = false
  var metadata = ""

  static let name = "MapDataset"
  static let signature = Signature(
    inputs: ["input_dataset: variant", "other_arguments: Targuments"],
    outputs: ["handle: variant"], types: ["Targuments": .anyList])
  static let attributes: [Attribute<Self>] = [
    .required("f", \.function),
    .required("output_types", \.outputTypes), .required("output_shapes", \.outputShapes),
    .attribute("use_inter_op_parallelism", \.usesInterOpParallelism),
    .attribute("preserve_cardinality", \.preservesCardinality),
    .attribute("force_synchronous", \.isForcedSynchronous), .attribute("metadata", \.metadata),
  ]

  func source(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> any DatasetSource {
    MapSource(
      input: try inputs[0].dataset, function: function, captures: Array(inputs[1...]),
      types: outputTypes)
  }
}

/// What a function makes of each element of a dataset.
struct MapSource: DatasetSource {
  let input: DatasetValue
  let function: FunctionReference
  /// Further arguments, the same for all elements.
  let captures: [Tensor]
  let types: [DataType]

  func makeIterator(_ scope: IteratorScope) throws(GraphError) -> any ElementIterator {
    Iterator(self, try scope.makeIterator(input), scope)
  }

  private final class Iterator: ElementIterator, @unchecked Sendable {
    let source: MapSource
    let input: any ElementIterator
    let scope: IteratorScope

    init(_ source: MapSource, _ input: any ElementIterator, _ scope: IteratorScope) {
      self.source = source
      self.input = input
      self.scope = scope
    }

    func next() throws(GraphError) -> [Tensor]? {
      guard let element = try input.next() else { return nil }
      return try scope.call(source.function, element + source.captures, types: source.types)
    }

    func save(to state: inout StateWriter) throws(GraphError) { try input.save(to: &state) }

    func restore(from state: inout StateReader) throws(GraphError) {
      try input.restore(from: &state)
    }
  }
}
