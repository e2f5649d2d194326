extension Graph {
  /// A queue of file names, or of any strings, over and over, each time in another order: with the
  /// nodes that TensorFlow makes, and a queue runner that fills it.
  ///
  /// - Parameters:
  ///   - strings: At least one.
  ///   - epochs: How often each string comes. The count is a variable of the collection
  ///     `local_variables`, which must be initialized before the queue runners start.
  ///   - shuffles: Whether the order changes from time to time; else it is that of `strings`.
  ///   - seed: Of the order; the graph's seed decides when `nil`.
  /// - Throws: `invalidArgument` for no strings.
  ///
  /// TensorFlow: `tf.train.string_input_producer`.
  public func stringInputProducer(
    _ strings: [String], epochs: Int? = nil, shuffles: Bool = true, seed: Int64? = nil,
    capacity: Int = 32, name: String = "input_producer"
  ) throws(GraphError) -> Queue {
    guard !strings.isEmpty else {
      throw .invalidArgument("string_input_producer requires a non-null input tensor")
    }
    return try scope(name) { () throws(GraphError) -> Queue in
      let scope = currentScope
      var values = try constant(
        try Tensor(strings: strings.map { Array($0.utf8) }), name: "Const")
      let size = try constant(size: strings.count, name: "Size")
      let isPositive = try output(Greater(), named: "Greater") {
        () throws(GraphError) -> [Output] in
        [size, try constant(size: 0, name: "y")]
      }
      let check = try self.scope("Assert") { () throws(GraphError) -> Node in
        try add(Assert(), named: "Assert") { () throws(GraphError) -> [Output] in
          [
            isPositive,
            try constant("string_input_producer requires a non-null input tensor", name: "data_0"),
          ]
        }
      }
      values = try withControlDependencies([check]) { () throws(GraphError) -> Output in
        try identity(values)
      }
      if shuffles { values = try randomShuffle(values, seed: seed) }
      if let epochs { values = try limitEpochs(values, epochs) }
      let queue = try Queue(
        self, FIFOQueueV2(componentTypes: [.string], shapes: [.scalar], capacity: capacity),
        reserved: scope)
      let enqueue = try queue.enqueueMany([values])
      try addQueueRunner(queue, [enqueue])
      try summarizeFill(queue, above: 0, capacity)
      return queue
    }
  }

  /// `value`, for so many runs.
  ///
  /// - Throws: When run: `outOfRange` after that.
  ///
  /// TensorFlow: `tf.train.limit_epochs`.
  func limitEpochs(
    _ value: Output, _ epochs: Int, name: String = "limit_epochs"
  ) throws(GraphError) -> Output {
    try scope(name) { () throws(GraphError) -> Output in
      let scope = currentScope
      let zero = try constant(try Tensor(scalar: Int64(0)), name: "Const")
      let counter = try variable(
        zero, reserved: uniqueName("epochs"), isTrainable: false, kind: .resource,
        collection: "local_variables")
      let count = try countUp(counter, to: epochs)
      return try withControlDependencies([count.node]) { () throws(GraphError) -> Output in
        try insertReserved(Identity(), [value], name: scope)
      }
    }
  }

  fileprivate func addQueueRunner(_ queue: Queue, _ enqueues: [Node]) throws(GraphError) {
    let close = try queue.close()
    let cancel = try queue.close(cancelsPendingEnqueues: true)
    try addQueueRunner(
      QueueRunner(
        queue: queue.handle.node.name, enqueueNodes: enqueues.map(\.name), closeNode: close.name,
        cancelNode: cancel.name))
  }

  /// A summary of how full a queue is, in the collection `summaries`.
  fileprivate func summarizeFill(
    _ queue: Queue, above minimum: Int, _ capacity: Int
  ) throws(GraphError) {
    var count = try queue.count()
    let room = capacity - minimum
    if minimum > 0 {
      let rest = try output(Sub(), named: "sub") { () throws(GraphError) -> [Output] in
        [count, try constant(size: minimum, name: "y")]
      }
      count = try output(Maximum(), named: "Maximum") { () throws(GraphError) -> [Output] in
        [try constant(size: 0, name: "x"), rest]
      }
    }
    let number = try cast(count, to: .float32)
    let fraction = try output(Mul(), named: "mul") { () throws(GraphError) -> [Output] in
      [
        number,
        try constant(try Tensor(scalar: Float(1 / Double(max(1, room)))), name: "y"),
      ]
    }
    let tag =
      minimum > 0 ? "fraction_over_\(minimum)_of_\(room)_full" : "fraction_of_\(capacity)_full"
    addToCollection("summaries", .name(try scalarSummary(tag, fraction).name))
  }
}

/// `size` values of each of `tensors` as a batch, by way of a queue that a queue runner fills.
///
/// - Parameters:
///   - tensors: What one run computes: an example, or several as rows with `enqueuesMany`. Their shapes
///     must be known, but for `pads`.
///   - size: Of a batch.
///   - capacity: Of the queue.
///   - threads: How many threads a queue runner on threads uses.
///   - pads: Whether examples of unlike sizes are padded with zeros to the largest of a batch.
///   - allowsSmallerFinalBatch: Whether what is left at the end of the input makes a batch; its first
///     dimension is then not known.
/// - Returns: Each of `tensors` with a first dimension for the batch.
/// - Throws: `invalidArgument` for shapes that are not known.
///
/// TensorFlow: `tf.train.batch`.
public func batch(
  _ tensors: [Output], size: Int, capacity: Int = 32, threads: Int = 1,
  enqueuesMany: Bool = false, pads: Bool = false, allowsSmallerFinalBatch: Bool = false,
  name: String = "batch"
) throws(GraphError) -> [Output] {
  let examples = try BatchedExamples(tensors, enqueuesMany: enqueuesMany, pads: pads)
  return try examples.batched(
    size, threads: threads, allowsSmallerFinalBatch: allowsSmallerFinalBatch, above: 0, capacity,
    name: name
  ) { (graph) throws(GraphError) in
    pads
      ? try graph.paddingQueue(
        examples.dataTypes, shapes: examples.shapes, capacity: capacity)
      : try graph.queue(examples.dataTypes, shapes: examples.shapes, capacity: capacity)
  }
}

/// `size` values of each of `tensors` as a batch, chosen at random among those that wait in a queue
/// that a queue runner fills.
///
/// - Parameters:
///   - capacity: Of the queue.
///   - minimumAfterDequeue: How many examples stay behind, so that the choice stays wide.
///   - seed: Of the choice; the graph's seed decides when `nil`.
///   - tensors: As of `batch`, and the other parameters likewise.
///
/// TensorFlow: `tf.train.shuffle_batch`.
public func shuffleBatch(
  _ tensors: [Output], size: Int, capacity: Int, minimumAfterDequeue: Int, threads: Int = 1,
  seed: Int64? = nil, enqueuesMany: Bool = false, allowsSmallerFinalBatch: Bool = false,
  name: String = "shuffle_batch"
) throws(GraphError) -> [Output] {
  guard minimumAfterDequeue >= 0, minimumAfterDequeue < capacity else {
    throw .invalidArgument(
      "capacity \(capacity) must be bigger than min_after_dequeue \(minimumAfterDequeue)")
  }
  let examples = try BatchedExamples(tensors, enqueuesMany: enqueuesMany, pads: false)
  return try examples.batched(
    size, threads: threads, allowsSmallerFinalBatch: allowsSmallerFinalBatch,
    above: minimumAfterDequeue, capacity, name: name
  ) { (graph) throws(GraphError) in
    try graph.randomShuffleQueue(
      examples.dataTypes, shapes: examples.shapes, capacity: capacity,
      minimumAfterDequeue: minimumAfterDequeue, seed: seed)
  }
}

/// What goes into the queue of a batch.
private struct BatchedExamples {
  let tensors: [Output]
  let enqueuesMany: Bool
  let graph: Graph
  var dataTypes: [DataType] { tensors.map(\.dataType) }
  let shapes: [Shape]

  init(_ tensors: [Output], enqueuesMany: Bool, pads: Bool) throws(GraphError) {
    guard let first = tensors.first else {
      throw .invalidArgument("Expected at least one tensor in batch().")
    }
    self.tensors = tensors
    self.enqueuesMany = enqueuesMany
    graph = first.graph
    var shapes: [Shape] = []
    for tensor in tensors {
      let shape = enqueuesMany ? try tensor.shape.withRank(atLeast: 1).withoutFirst : tensor.shape
      guard shape.isFullyKnown || pads && shape.rank != nil else {
        throw .invalidArgument(
          "All shapes must be fully defined: \(tensors.map(\.shape.tupleDescription))")
      }
      shapes.append(shape)
    }
    self.shapes = shapes
  }

  func batched(
    _ size: Int, threads: Int, allowsSmallerFinalBatch: Bool, above minimum: Int, _ capacity: Int,
    name: String, _ makeQueue: (Graph) throws(GraphError) -> Queue
  ) throws(GraphError) -> [Output] {
    guard size >= 0, capacity > 0 else {
      throw .invalidArgument(
        "Expected a batch size >= 0 and a capacity > 0, got \(size) and \(capacity)")
    }
    return try graph.scope(name) { () throws(GraphError) -> [Output] in
      let scope = graph.currentScope
      let queue = try makeQueue(graph)
      let enqueue = enqueuesMany ? try queue.enqueueMany(tensors) : try queue.enqueue(tensors)
      try graph.addQueueRunner(
        queue, [Node](repeating: enqueue, count: max(1, threads)))
      try graph.summarizeFill(queue, above: minimum, capacity)
      return try queue.dequeue(
        size, allowsFewer: allowsSmallerFinalBatch, reserved: scope)
    }
  }
}

extension Shape {
  fileprivate var withoutFirst: Shape { part(1...) }
}
