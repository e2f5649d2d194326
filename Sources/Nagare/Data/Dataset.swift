/// A sequence of elements, each of one or several tensors, that nodes of a graph describe: TensorFlow's
/// `tf.data.Dataset`. An iterator gives the elements.
public struct Dataset: Sendable {
  /// The tensor that holds the dataset.
  public let output: Output
  /// What is known of each component of an element.
  public let components: [TensorSpec]

  /// How many elements a function works on at once.
  public enum Parallelism: Sendable {
    case calls(Int)
    /// As many as the session's threads are good for.
    case automatic
  }

  init(_ output: Output, _ components: [TensorSpec]) {
    self.output = output
    self.components = components
  }

  var graph: Graph { output.graph }

  private func adding(
    _ type: String, _ inputs: [Output] = [], components: [TensorSpec]? = nil,
    attributes: [String: AttributeValue] = [:], _ name: String?, _ location: SourceLocation
  ) throws(GraphError) -> Dataset {
    try graph.dataset(
      type, [output] + inputs, components ?? self.components, attributes, name, location)
  }

  private func number(_ value: Int, _ name: String) throws(GraphError) -> Output {
    try graph.constant(Tensor(scalar: Int64(value)), name: name)
  }
}

extension Graph {
  /// Adds a node that makes a dataset.
  fileprivate func dataset(
    _ type: String, _ inputs: [Output], _ components: [TensorSpec],
    _ attributes: [String: AttributeValue], _ name: String?, _ location: SourceLocation
  ) throws(GraphError) -> Dataset {
    guard let definition = Registry.definition(type) else {
      throw .notFound("Op type not registered '\(type)'")
    }
    var given = attributes
    let known = definition.attributes.map(\.name)
    if known.contains("output_types") {
      given["output_types"] = components.map(\.dataType).attributeValue
    }
    if known.contains("output_shapes") {
      given["output_shapes"] = components.map(\.shape).attributeValue
    }
    let node = try insert(
      try definition.decode(given), definition, inputs, name: .unique(name ?? type),
      attributes: given, location: location)
    return Dataset(output(node), components)
  }

  /// The numbers from `start` in steps of `step`, up to `stop`, which is not among them.
  ///
  /// TensorFlow: `RangeDataset`, `tf.data.Dataset.range`.
  public func rangeDataset(
    from start: Int = 0, to stop: Int, by step: Int = 1, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Dataset {
    var bounds: [Output] = []
    for (name, value) in [("start", start), ("stop", stop), ("step", step)] {
      bounds.append(try constant(Tensor(scalar: Int64(value)), name: name))
    }
    return try dataset(
      "RangeDataset", bounds, [TensorSpec(.int64, .scalar)], [:], name,
      SourceLocation(file, line))
  }

  /// The rows of tensors that have as many each.
  ///
  /// TensorFlow: `TensorSliceDataset`, `tf.data.Dataset.from_tensor_slices`.
  public func sliceDataset(
    _ tensors: [Output], name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Dataset {
    var rows: [TensorSpec] = []
    for tensor in tensors {
      try tensor.shape.withRank(atLeast: 1)
      rows.append(TensorSpec(tensor.dataType, tensor.shape.part(1...)))
    }
    return try dataset(
      "TensorSliceDataset", tensors, rows, [:], name, SourceLocation(file, line))
  }

  /// One element.
  ///
  /// TensorFlow: `TensorDataset`, `tf.data.Dataset.from_tensors`.
  public func tensorDataset(
    _ tensors: [Output], name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Dataset {
    try dataset(
      "TensorDataset", tensors, tensors.map { TensorSpec($0.dataType, $0.shape) }, [:], name,
      SourceLocation(file, line))
  }

  /// The records of TFRecord files.
  ///
  /// - Parameter paths: A string or a vector of strings.
  ///
  /// TensorFlow: `TFRecordDataset`.
  public func recordDataset(
    _ paths: Output, compression: RecordCompression = .none, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Dataset {
    let kind = try constant(
      Tensor(scalar: Array(compression.rawValue.utf8)), name: "compression_type")
    let size = try constant(Tensor(scalar: Int64(262_144)), name: "buffer_size")
    return try dataset(
      "TFRecordDataset", [paths, kind, size], [TensorSpec(.string, .scalar)], [:], name,
      SourceLocation(file, line))
  }

  /// The elements of several datasets put together, up to the end of the shortest.
  ///
  /// TensorFlow: `ZipDataset`, `tf.data.Dataset.zip`.
  public func zipDataset(
    _ datasets: [Dataset], name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Dataset {
    try dataset(
      "ZipDataset", datasets.map(\.output), datasets.flatMap(\.components), [:], name,
      SourceLocation(file, line))
  }
}

extension Dataset {
  /// What `body` makes of each element.
  ///
  /// - Parameters:
  ///   - parallelism: How many elements are worked on at once; their order stays. One after the other
  ///     when `nil`.
  ///   - body: Gives the components of the new element; see `Graph.function(_:inputs:_:)`. Random ops
  ///     in it give the same numbers whatever the number of threads.
  /// - Throws: what `body` throws.
  ///
  /// TensorFlow: `MapDataset`, `ParallelMapDatasetV2`.
  public func map(
    parallelism: Parallelism? = nil, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line,
    _ body: ([Output]) throws(GraphError) -> [Output]
  ) throws(GraphError) -> Dataset {
    let function = try graph.function("Dataset_map", inputs: components, body)
    let results = function.results.map { TensorSpec($0.dataType, $0.shape) }
    let attributes: [String: AttributeValue] = [
      "f": .function(FunctionReference(name: function.name)),
      "preserve_cardinality": .bool(true),
    ]
    let location = SourceLocation(file, line)
    guard let parallelism else {
      return try adding(
        "MapDataset", function.captures, components: results, attributes: attributes, name,
        location)
    }
    var calls = -1
    if case .calls(let count) = parallelism { calls = count }
    return try adding(
      "ParallelMapDatasetV2", function.captures + [number(calls, "num_parallel_calls")],
      components: results, attributes: attributes, name, location)
  }

  /// The elements in random order: each is taken at random from a buffer of the next `bufferSize`.
  ///
  /// - Parameters:
  ///   - seed: Of this op; see `Graph.randomSeed`.
  ///   - reshufflesEachIteration: Whether each pass of `repeat` has another order.
  ///
  /// TensorFlow: `ShuffleDataset`.
  public func shuffle(
    bufferSize: Int, seed: Int64? = nil, reshufflesEachIteration: Bool = true,
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Dataset {
    let seeds = graph.seeds(seed)
    return try adding(
      "ShuffleDataset",
      [
        number(bufferSize, "buffer_size"), number(Int(seeds.0), "seed"),
        number(Int(seeds.1), "seed2"),
      ], attributes: ["reshuffle_each_iteration": .bool(reshufflesEachIteration)], name,
      SourceLocation(file, line))
  }

  /// The elements `count` times over; without end when `nil`.
  ///
  /// TensorFlow: `RepeatDataset`.
  public func `repeat`(
    _ count: Int? = nil, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Dataset {
    try adding(
      "RepeatDataset", [number(count ?? -1, "count")], name, SourceLocation(file, line))
  }

  /// Elements of `size` stacked.
  ///
  /// - Parameter dropsRemainder: Whether a last element of fewer is left out.
  ///
  /// TensorFlow: `BatchDatasetV2`.
  public func batch(
    _ size: Int, dropsRemainder: Bool = false, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Dataset {
    let count = dropsRemainder && size > 0 ? size : nil
    let stacked = components.map { TensorSpec($0.dataType, Shape([count]).appending($0.shape)) }
    let drops = try graph.constant(Tensor(scalar: dropsRemainder), name: "drop_remainder")
    return try adding(
      "BatchDatasetV2", [number(size, "batch_size"), drops], components: stacked, name,
      SourceLocation(file, line))
  }

  /// The same elements, the next `count` of which are made while others are used; as many as are worth
  /// it when `nil`.
  ///
  /// TensorFlow: `PrefetchDataset`.
  public func prefetch(
    _ count: Int? = nil, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Dataset {
    try adding(
      "PrefetchDataset", [number(count ?? -1, "buffer_size")], name, SourceLocation(file, line))
  }

  /// Every `count`-th element from the one at `index` on.
  ///
  /// TensorFlow: `ShardDataset`.
  public func shard(
    _ count: Int, index: Int, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Dataset {
    try adding(
      "ShardDataset", [number(count, "num_shards"), number(index, "index")], name,
      SourceLocation(file, line))
  }

  /// The first `count` elements.
  ///
  /// TensorFlow: `TakeDataset`.
  public func take(
    _ count: Int, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Dataset {
    try adding("TakeDataset", [number(count, "count")], name, SourceLocation(file, line))
  }

  /// The elements after the first `count`.
  ///
  /// TensorFlow: `SkipDataset`.
  public func skip(
    _ count: Int, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Dataset {
    try adding("SkipDataset", [number(count, "count")], name, SourceLocation(file, line))
  }

  /// The elements of this dataset and then those of another.
  ///
  /// - Throws: `invalidArgument` for elements of other types.
  ///
  /// TensorFlow: `ConcatenateDataset`.
  public func concatenate(
    _ other: Dataset, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Dataset {
    guard components.map(\.dataType) == other.components.map(\.dataType) else {
      throw .invalidArgument(
        "Two datasets to concatenate have different types \(components.map(\.dataType)) and "
          + "\(other.components.map(\.dataType))")
    }
    let common = zip(components, other.components).map { mine, theirs in
      TensorSpec(mine.dataType, mine.shape.common(theirs.shape))
    }
    return try adding(
      "ConcatenateDataset", [other.output], components: common, name,
      SourceLocation(file, line))
  }

  /// An iterator that its initializer puts before the first element.
  ///
  /// TensorFlow: `IteratorV2`, `MakeIterator`, `tf.data.make_initializable_iterator`.
  public func iterator(
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> DatasetIterator {
    let location = SourceLocation(file, line)
    let handle = try graph.output(
      IteratorV2(outputTypes: components.map(\.dataType), outputShapes: components.map(\.shape)),
      name: name, location)
    let start = try graph.add(MakeIterator(), [output, handle], location)
    return DatasetIterator(handle: handle, initializer: start, components: components)
  }
}

extension Shape {
  /// What is so of both shapes.
  fileprivate func common(_ other: Shape) -> Shape {
    guard let mine = dimensions, let theirs = other.dimensions, mine.count == theirs.count else {
      return .unknown
    }
    return Shape(zip(mine, theirs).map { $0 == $1 ? $0 : nil })
  }
}

/// A place in a dataset that a session keeps.
public struct DatasetIterator: Sendable {
  /// The iterator itself.
  public let handle: Output
  /// Puts it before the first element; `nil` for one that does so by itself when it is first used.
  public let initializer: Node?
  /// What is known of each component of an element.
  public let components: [TensorSpec]

  /// The tensors of the next element. Each run of a session that needs them goes on by one; at the end
  /// it throws `outOfRange`.
  ///
  /// TensorFlow: `IteratorGetNext`.
  public func next(
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> [Output] {
    let node = try handle.graph.add(
      IteratorGetNext(outputShapes: components.map(\.shape)), [handle], name: name,
      attributes: ["output_types": components.map(\.dataType).attributeValue],
      SourceLocation(file, line))
    return handle.graph.outputs(of: node)
  }
}

extension Graph {
  /// An iterator that needs no initializer: the dataset is made by a function when it is first used.
  ///
  /// - Parameter body: Makes the dataset, in a graph of its own.
  ///
  /// TensorFlow: `OneShotIterator`, `tf.data.make_one_shot_iterator`.
  public func oneShotIterator(
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line,
    _ body: (Graph) throws(GraphError) -> Dataset
  ) throws(GraphError) -> DatasetIterator {
    var components: [TensorSpec] = []
    let function = try function("make_dataset") { (graph) throws(GraphError) -> [Output] in
      let dataset = try body(graph)
      components = dataset.components
      return [dataset.output]
    }
    guard function.captures.isEmpty else {
      throw .invalidArgument(
        "A dataset of a one-shot iterator cannot use \(function.captures[0]): make it in the body")
    }
    let handle = try output(
      OneShotIterator(
        factory: FunctionReference(name: function.name),
        outputTypes: components.map(\.dataType), outputShapes: components.map(\.shape)),
      name: name, SourceLocation(file, line))
    return DatasetIterator(handle: handle, initializer: nil, components: components)
  }
}
