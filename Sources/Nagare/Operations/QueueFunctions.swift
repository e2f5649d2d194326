/// A queue of a graph, whose elements are one tensor for each component. Sessions own what is in it.
public struct Queue: Sendable {
  /// Stands for the queue.
  public let handle: Output
  /// The type of each component.
  public let dataTypes: [DataType]
  /// The shape of each component; empty where elements may have any.
  public let shapes: [Shape]

  private var graph: Graph { handle.graph }

  /// The last part of the node's name, after which TensorFlow names what is done with the queue.
  private var name: String { FileSystem.name(of: handle.node.name) }

  init(
    _ graph: Graph, _ op: any QueueOp, name: String, _ location: SourceLocation? = nil
  ) throws(GraphError) {
    try self.init(graph, op, reserved: graph.uniqueName(name), location)
  }

  /// The queue with a name that `uniqueName(_:)` gave.
  init(
    _ graph: Graph, _ op: any QueueOp, reserved name: String, _ location: SourceLocation? = nil
  ) throws(GraphError) {
    handle = try graph.insertReserved(op, [], name: name, location)
    dataTypes = op.componentTypes
    shapes = op.shapes
  }

  /// A node that puts one element in, and waits for room.
  ///
  /// - Throws: When run: `invalidArgument` for other types or shapes than the queue's, `cancelled` for
  ///   a queue that is closed.
  ///
  /// TensorFlow: `QueueEnqueueV2`.
  public func enqueue(
    _ element: [Output], name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Node {
    try graph.add(
      QueueEnqueueV2(), [handle] + element, name: name ?? "\(self.name)_enqueue",
      SourceLocation(file, line))
  }

  /// A node that puts an element in for each row of its inputs, and waits for room.
  ///
  /// - Throws: as `enqueue`.
  ///
  /// TensorFlow: `QueueEnqueueManyV2`.
  public func enqueueMany(
    _ rows: [Output], name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Node {
    try graph.add(
      QueueEnqueueManyV2(), [handle] + rows, name: name ?? "\(self.name)_EnqueueMany",
      SourceLocation(file, line))
  }

  /// The components of an element that is taken out, when there is one.
  ///
  /// - Throws: When run: `outOfRange` when the queue is closed and empty.
  ///
  /// TensorFlow: `QueueDequeueV2`.
  public func dequeue(
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> [Output] {
    let node = try graph.add(
      QueueDequeueV2(componentTypes: dataTypes), [handle], name: name ?? "\(self.name)_Dequeue",
      SourceLocation(file, line))
    return graph.outputs(of: node)
  }

  /// The components of `count` elements that are taken out together, as rows. The queue must know the
  /// shapes of its components.
  ///
  /// - Parameter allowsFewer: Whether the last elements of a closed queue are taken when they are fewer.
  /// - Throws: When run: `outOfRange` when the queue is closed and has too few.
  ///
  /// TensorFlow: `QueueDequeueManyV2`, `QueueDequeueUpToV2`.
  public func dequeue(
    _ count: Int, allowsFewer: Bool = false, name: String? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) throws(GraphError) -> [Output] {
    let base = "\(self.name)_\(allowsFewer ? "DequeueUpTo" : "DequeueMany")"
    return try dequeue(
      count, allowsFewer: allowsFewer, reserved: graph.uniqueName(name ?? base),
      SourceLocation(file, line))
  }

  func dequeue(
    _ count: Int, allowsFewer: Bool, reserved name: String, _ location: SourceLocation? = nil
  ) throws(GraphError) -> [Output] {
    let size = try graph.scope("\(name)/") { () throws(GraphError) -> Output in
      try graph.constant(size: count, name: "n", location)
    }
    let op: any Op =
      allowsFewer
      ? QueueDequeueUpToV2(componentTypes: dataTypes)
      : QueueDequeueManyV2(componentTypes: dataTypes)
    let first = try graph.insertReserved(op, [handle, size], name: name, location)
    return graph.outputs(of: first.node)
  }

  /// A node that lets nothing more in.
  ///
  /// - Parameter cancelsPendingEnqueues: Whether what waits for room is refused, instead of let in.
  ///
  /// TensorFlow: `QueueCloseV2`.
  public func close(
    cancelsPendingEnqueues: Bool = false, name: String? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) throws(GraphError) -> Node {
    try graph.add(
      QueueCloseV2(cancelsPendingEnqueues: cancelsPendingEnqueues), [handle],
      name: name ?? "\(self.name)_Close", SourceLocation(file, line))
  }

  /// The number of elements, an `int32` scalar.
  ///
  /// TensorFlow: `QueueSizeV2`.
  public func count(
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Output {
    try graph.output(
      QueueSizeV2(), [handle], name: name ?? "\(self.name)_Size", SourceLocation(file, line))
  }
}

extension Graph {
  /// A queue that gives its elements back in the order in which they came.
  ///
  /// - Parameters:
  ///   - dataTypes: Of each component of an element.
  ///   - shapes: Of each component, fully known; empty for any.
  ///   - capacity: How many elements it holds; any number when `nil`.
  ///   - sharedName: Queues of one shared name are one.
  ///
  /// TensorFlow: `FIFOQueueV2`, `tf.FIFOQueue`.
  public func queue(
    _ dataTypes: [DataType], shapes: [Shape] = [], capacity: Int? = nil, sharedName: String = "",
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Queue {
    try Queue(
      self,
      FIFOQueueV2(
        componentTypes: dataTypes, shapes: shapes, capacity: capacity ?? -1,
        sharedName: sharedName),
      name: name ?? "fifo_queue", SourceLocation(file, line))
  }

  /// A queue whose elements may differ in the sizes that `shapes` leaves open; those that are taken out
  /// together are padded with zeros.
  ///
  /// TensorFlow: `PaddingFIFOQueueV2`, `tf.PaddingFIFOQueue`.
  public func paddingQueue(
    _ dataTypes: [DataType], shapes: [Shape], capacity: Int? = nil, sharedName: String = "",
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Queue {
    try Queue(
      self,
      PaddingFIFOQueueV2(
        componentTypes: dataTypes, shapes: shapes, capacity: capacity ?? -1,
        sharedName: sharedName),
      name: name ?? "padding_fifo_queue", SourceLocation(file, line))
  }

  /// A queue that gives any of its elements back, in TensorFlow's order for the same seeds.
  ///
  /// - Parameters:
  ///   - minimumAfterDequeue: How many elements stay while the queue is open.
  ///   - seed: Of the choice; the graph's seed decides when `nil`.
  ///   - dataTypes: As of `queue`, and the other parameters likewise.
  ///
  /// TensorFlow: `RandomShuffleQueueV2`, `tf.RandomShuffleQueue`.
  public func randomShuffleQueue(
    _ dataTypes: [DataType], shapes: [Shape] = [], capacity: Int, minimumAfterDequeue: Int = 0,
    seed: Int64? = nil, sharedName: String = "", name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Queue {
    let seeds = self.seeds(seed)
    return try Queue(
      self,
      RandomShuffleQueueV2(
        componentTypes: dataTypes, shapes: shapes, capacity: capacity,
        minimumAfterDequeue: minimumAfterDequeue, seed: seeds.0, seed2: seeds.1,
        sharedName: sharedName),
      name: name ?? "random_shuffle_queue", SourceLocation(file, line))
  }
}

/// Reads the records of files whose names come from a queue. Sessions own how far it has come.
public struct Reader: Sendable {
  /// Stands for the reader.
  public let handle: Output

  /// The next record and its key, each a scalar string.
  ///
  /// - Parameter files: A queue of scalar strings.
  /// - Throws: When run: `outOfRange` when the queue is closed and empty, and what the file system
  ///   and damaged files refuse.
  ///
  /// TensorFlow: `ReaderReadV2`.
  public func read(
    _ files: Queue, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> (key: Output, value: Output) {
    let graph = handle.graph
    let node = try graph.add(
      ReaderReadV2(), [handle, files.handle], name: name, SourceLocation(file, line))
    return (graph.output(node, 0), graph.output(node, 1))
  }

  /// Up to `count` records and their keys, vectors of strings; fewer at the end of a file.
  ///
  /// - Throws: as `read`.
  ///
  /// TensorFlow: `ReaderReadUpToV2`.
  public func read(
    _ files: Queue, upTo count: Int, name: String? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) throws(GraphError) -> (keys: Output, values: Output) {
    let graph = handle.graph
    let location = SourceLocation(file, line)
    let node = try graph.add(
      ReaderReadUpToV2(), named: name ?? ReaderReadUpToV2.name, location
    ) { () throws(GraphError) -> [Output] in
      [
        handle, files.handle,
        try graph.constant(try Tensor(scalar: Int64(count)), name: "num_records", location),
      ]
    }
    return (graph.output(node, 0), graph.output(node, 1))
  }
}

extension Graph {
  /// A reader of TFRecord files: a record's key is `FILE:OFFSET`.
  ///
  /// TensorFlow: `TFRecordReaderV2`, `tf.TFRecordReader`.
  public func recordReader(
    compression: RecordCompression = .none, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Reader {
    Reader(
      handle: try output(
        TFRecordReaderV2(compression: compression.rawValue), name: name,
        SourceLocation(file, line)))
  }

  /// A reader of whole files: a file's key is its name.
  ///
  /// TensorFlow: `WholeFileReaderV2`, `tf.WholeFileReader`.
  public func wholeFileReader(
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Reader {
    Reader(handle: try output(WholeFileReaderV2(), name: name, SourceLocation(file, line)))
  }
}
