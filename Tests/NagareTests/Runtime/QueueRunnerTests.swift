import Foundation
import TestSupport
import Testing

@testable import Nagare

/// Input pipelines of queues, readers and queue runners.
@Suite struct QueueRunnerTests {
  /// The folder of `queue_cases.py`: record r of file f is the bytes f, r, f ^ r, 7.
  private static func recordFolder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for (f, (name, count)) in [("one", 5), ("two", 3), ("three", 4)].enumerated() {
      let writer = try RecordWriter(folder.path(name))
      for r in 0..<count { try writer.write([UInt8(f), UInt8(r), UInt8(f ^ r), 7]) }
      try writer.close()
    }
    return folder
  }

  private static func files(_ folder: TemporaryFolder) -> [String] {
    ["one", "two", "three"].map { folder.path($0) }
  }

  private static func example(_ files: Queue) throws(GraphError) -> [Output] {
    let (key, value) = try files.handle.graph.recordReader().read(files)
    return [try reshape(decodeRaw(value, outputType: .uint8), [4]), key]
  }

  private static func pipeline(_ name: String) throws -> (JSONObject, String) {
    let record = try Golden.list("graph_cases/pipelines.json").first {
      try $0.string("name") == name
    }
    return (
      try #require(record),
      try String(contentsOfFile: Golden.path("graph_cases/\(name).meta.txt"), encoding: .utf8)
    )
  }

  static let pipelines = [
    "pipeline_in_order", "pipeline_last_batch", "pipeline_shuffled", "pipeline_forever",
    "pipeline_many", "pipeline_padded",
  ]

  /// MetaGraphs that TensorFlow wrote, with the batches that it gave.
  @Test(arguments: pipelines) func givesTensorFlowsBatches(_ name: String) throws {
    let (record, text) = try Self.pipeline(name)
    let folder = try Self.recordFolder()
    let meta = try MetaGraph(
      serialized: Array(text.replacing("{directory}", with: folder.path).utf8))
    // What is written and read again says the same.
    let graph = try MetaGraph(serialized: try meta.serialized()).graph
    let session = Session(graph, threads: 2)
    try session.run(graph.initializer(of: "local_variables"))
    try session.startQueueRunners()
    let fetches = try record.strings("fetches").map { try graph.output(named: $0) }
    let batches = record.objects("batches")
    #expect(batches.count >= 3)
    for (index, batch) in batches.enumerated() {
      let values = try session.run(fetches)
      for (value, expected) in zip(values, try batch.tensors("values")) {
        let expected = try #require(expected)
        #expect(
          Self.text(value, hiding: folder) == Self.text(expected, hiding: folder),
          "batch \(index)")
      }
    }
    let end = try record.string("end")
    guard !end.isEmpty else { return }
    let error = #expect(throws: GraphError.self) { try session.run(fetches) }
    #expect(error?.code == .outOfRange)
    let message = error?.message.replacing(/'_[0-9]+_/, with: "'_N_")
    #expect(message?.hasPrefix("\(end) (requested") == true, "\(message ?? "")")
  }

  private static func text(_ value: Tensor, hiding folder: TemporaryFolder) -> String {
    let parts = value.strings.map {
      String(decoding: $0, as: UTF8.self).replacing(folder.path, with: "{directory}")
    }
    return "\(value.dataType) \(value.shape) \(parts) \(value.doubles ?? [])"
  }

  /// What is built here has TensorFlow's nodes.
  @Test func buildsTensorFlowsNodes() throws {
    let folder = try Self.recordFolder()
    func expectSame(_ graph: Graph, _ name: String) throws {
      let (_, text) = try Self.pipeline(name)
      let theirs = try MetaGraph(
        serialized: Array(text.replacing("{directory}", with: folder.path).utf8)
      ).graph
      for node in graph.nodes {
        let other = try #require(theirs.node(named: node.name), "\(name): \(node.name)")
        #expect(node.type == other.type, "\(node.name)")
        #expect(
          graph.inputs(of: node).map(\.name) == theirs.inputs(of: other).map(\.name),
          "\(node.name)")
        #expect(
          node.controlInputs.map { graph.node($0).name }
            == other.controlInputs.map { theirs.node($0).name }, "\(node.name)")
        for (key, value) in node.attributes where key != "debug_name" {
          #expect(other.attributes[key] == value, "\(node.name) \(key)")
        }
      }
      // TensorFlow makes a few that nothing uses.
      let idle = theirs.nodes.filter { graph.node(named: $0.name) == nil }.map(\.name)
      #expect(
        idle.allSatisfy { $0.hasSuffix("/Const") || $0.hasSuffix("/VarIsInitializedOp") },
        "\(idle)")
      #expect(try graph.queueRunners() == theirs.queueRunners())
      #expect(
        "\(graph.collections["summaries"] ?? [])" == "\(theirs.collections["summaries"] ?? [])")
      #expect(
        graph.variables(in: "local_variables").map(\.name)
          == theirs.variables(in: "local_variables").map(\.name))
      #expect(graph.variables().isEmpty)
    }
    let files = Self.files(folder)

    let shuffled = Graph()
    let queue = try shuffled.stringInputProducer(files, epochs: 5, seed: 4)
    _ = try shuffleBatch(
      Self.example(queue), size: 4, capacity: 14, minimumAfterDequeue: 6, seed: 9)
    try expectSame(shuffled, "pipeline_shuffled")

    let last = Graph()
    let names = try last.stringInputProducer(files, epochs: 2, seed: 3)
    _ = try batch(
      Self.example(names), size: 5, capacity: 7, allowsSmallerFinalBatch: true)
    try expectSame(last, "pipeline_last_batch")

    let many = Graph()
    let others = try many.stringInputProducer(files, epochs: 3, shuffles: false)
    let records = try many.recordReader().read(others, upTo: 4)
    _ = try batch([records.keys], size: 3, enqueuesMany: true)
    try expectSame(many, "pipeline_many")
  }

  @Test func threadsDeliverEverythingOnce() throws {
    let folder = try Self.recordFolder()
    let graph = Graph()
    let files = try graph.stringInputProducer(Self.files(folder), epochs: 10)
    let fetches = try shuffleBatch(
      Self.example(files), size: 7, capacity: 30, minimumAfterDequeue: 10, threads: 3,
      allowsSmallerFinalBatch: true)
    let session = Session(graph, threads: 2)
    try session.run(graph.initializer(of: "local_variables"))
    let coordinator = Coordinator()
    try session.startQueueRunners(.threads, coordinator: coordinator)
    var counts: [String: Int] = [:]
    let end = #expect(throws: GraphError.self) {
      while true {
        for key in try session.run(fetches)[1].strings {
          counts[String(decoding: key, as: UTF8.self), default: 0] += 1
        }
      }
    }
    #expect(end?.code == .outOfRange)
    coordinator.requestStop(end)
    try coordinator.join()
    #expect(counts.count == 12)
    #expect(counts.values.allSatisfy { $0 == 10 }, "\(counts)")
  }

  @Test func stoppingWakesRunnersThatWait() throws {
    let folder = try Self.recordFolder()
    let graph = Graph()
    let files = try graph.stringInputProducer(Self.files(folder))
    let fetches = try batch(Self.example(files), size: 2, capacity: 4)
    let session = Session(graph, threads: 1)
    let coordinator = Coordinator()
    try session.startQueueRunners(.threads, coordinator: coordinator)
    for _ in 0..<5 { _ = try session.run(fetches) }
    coordinator.requestStop()
    try coordinator.join(gracePeriod: 20)
    #expect(coordinator.shouldStop)
  }

  @Test func theFirstFailureOfAThreadIsTheOneReported() throws {
    let graph = Graph()
    let files = try graph.stringInputProducer(["/nowhere/a", "/nowhere/b"], shuffles: false)
    let fetches = try batch(Self.example(files), size: 2)
    let session = Session(graph, threads: 1)
    let coordinator = Coordinator()
    try session.startQueueRunners(.threads, coordinator: coordinator)
    #expect(coordinator.waitForStop(timeout: 20))
    coordinator.requestStop(GraphError(.internalError, "later"))
    let error = #expect(throws: GraphError.self) { try coordinator.join(gracePeriod: 20) }
    #expect(error?.message == "/nowhere/a; No such file or directory")
    // The queue was closed when the threads were stopped.
    let end = #expect(throws: GraphError.self) { try session.run(fetches) }
    #expect(end?.code == .outOfRange)
  }

  @Test func joiningWaitsAndGivesUp() throws {
    let coordinator = Coordinator()
    let gate = DispatchSemaphore(value: 0)
    coordinator.start("stubborn") { gate.wait() }
    #expect(!coordinator.waitForStop(timeout: 0.01))
    coordinator.requestStop(GraphError(.outOfRange, "the end"))
    let error = #expect(throws: GraphError.self) { try coordinator.join(gracePeriod: 0.01) }
    #expect(
      error?.message == "Coordinator stopped with threads still running: stubborn")
    gate.signal()
    try coordinator.join()
  }

  // MARK: - The deterministic mode

  private struct Pipeline {
    let graph: Graph
    let fetches: [Output]
    let session: Session

    /// File names shuffle, records are distorted at random, examples shuffle.
    init(_ folder: TemporaryFolder, epochs: Int? = nil, threads: Int = 1) throws {
      graph = Graph()
      graph.randomSeed = 5
      let files = try graph.stringInputProducer(QueueRunnerTests.files(folder), epochs: epochs)
      let example = try QueueRunnerTests.example(files)
      let noise = try cast(example[0], to: .float32) + graph.randomUniform([4])
      fetches = try shuffleBatch(
        [noise, example[1]], size: 3, capacity: 17, minimumAfterDequeue: 8)
      session = Session(graph, threads: threads)
      if epochs != nil { try session.run(graph.initializer(of: "local_variables")) }
    }

    func batches(_ count: Int) throws -> [[Tensor]] {
      try (0..<count).map { _ in try session.run(fetches) }
    }
  }

  @Test func givesTheSameBitsWithAnyNumberOfThreads() throws {
    let folder = try Self.recordFolder()
    let runs = try [1, 2, 4].map { threads in
      let pipeline = try Pipeline(folder, threads: threads)
      try pipeline.session.startQueueRunners()
      return try pipeline.batches(12)
    }
    #expect(runs[0] == runs[1])
    #expect(runs[0] == runs[2])
    #expect(Set(runs[0].map(\.description)).count == 12)
  }

  /// Saved after any number of batches, another session goes on with the same bits to the end.
  @Test(arguments: [0, 1, 2, 5, 9, 15, 19]) func goesOnWhereItWasSaved(_ before: Int) throws {
    let folder = try Self.recordFolder()
    // 60 examples make 20 batches.
    let whole = try Pipeline(folder, epochs: 5)
    try whole.session.startQueueRunners()
    let expected = try whole.batches(20)
    #expect(throws: GraphError.self) { try whole.batches(1) }

    let first = try Pipeline(folder, epochs: 5)
    try first.session.startQueueRunners()
    #expect(try first.batches(before) == Array(expected[..<before]))
    let state = try first.session.saveState()
    for startsFirst in [false, true] {
      let second = try Pipeline(folder, epochs: 5)
      if startsFirst { try second.session.startQueueRunners() }
      try second.session.restoreState(state)
      if !startsFirst { try second.session.startQueueRunners() }
      #expect(try second.session.saveState() == state)
      #expect(try second.batches(20 - before) == Array(expected[before...]))
      let end = #expect(throws: GraphError.self) { try second.batches(1) }
      #expect(end?.code == .outOfRange)
    }
  }

  /// An enqueue of more rows than there is room for stays in line, and in the state.
  @Test func rowsThatWaitForRoomAreSaved() throws {
    func make() throws -> (Session, Output) {
      let graph = Graph()
      let rows = try graph.constant(try Tensor((0..<10).map { Float($0) }))
      let count = try graph.variable(graph.constant(try Tensor(scalar: Float(0))), name: "v")
      let queue = try graph.queue([.float32], shapes: [.scalar], capacity: 4)
      let add = try graph.assignAdd(count, graph.constant(try Tensor(scalar: Float(10))))
      let enqueue = try graph.withControlDependencies([add]) { () throws(GraphError) -> Node in
        try queue.enqueueMany([
          rows
            + graph.output(ReadVariableOp(dataType: .float32), [count.handle])
        ])
      }
      try graph.addQueueRunner(
        QueueRunner(
          queue: queue.handle.node.name, enqueueNodes: [enqueue.name], closeNode: "",
          cancelNode: ""))
      let session = Session(graph, threads: 1)
      try session.run(graph.initializer())
      try session.startQueueRunners()
      return (session, try queue.dequeue(3)[0])
    }
    let (session, take) = try make()
    var values: [Float] = []
    for _ in 0..<10 { values += try session.run(take).elements(Float.self) }
    #expect(values == (10..<40).map { Float($0) })
    let graph = session.graph
    let counter = try session.run(graph.variables()[0].value).scalar(Float.self)
    let state = try session.saveState()
    let (other, again) = try make()
    let variable = other.graph.variables()[0]
    let node = try other.graph.assign(
      variable, other.graph.constant(try Tensor(scalar: counter)))
    try other.run(node)
    try other.restoreState(state)
    for _ in 0..<5 {
      #expect(
        try session.run(take).elements(Float.self) == other.run(again).elements(Float.self))
    }
  }

  @Test func aFailureReachesWhatTakesAndLosesNothing() throws {
    let folder = try Self.recordFolder()
    let graph = Graph()
    let names = [folder.path("one"), folder.path("none"), folder.path("two")]
    let files = try graph.stringInputProducer(names, epochs: 1, shuffles: false)
    let fetches = try batch(Self.example(files), size: 8, capacity: 20)
    let session = Session(graph, threads: 1)
    try session.run(graph.initializer(of: "local_variables"))
    try session.startQueueRunners()
    let error = #expect(throws: GraphError.self) { try session.run(fetches) }
    #expect(error?.message == "\(folder.path("none")); No such file or directory")
    #expect(error?.node?.contains("ReaderReadV2") == true)
    // The reader has given the file up: the rest makes one batch.
    let values = try session.run(fetches)[0].elements(UInt8.self)
    #expect(stride(from: 0, to: 32, by: 4).map { values[$0] } == [0, 0, 0, 0, 0, 1, 1, 1])
  }

  @Test func aQueueThatFeedsItselfIsRefused() throws {
    let graph = Graph()
    let queue = try graph.queue([.float32], shapes: [.scalar], capacity: 4)
    let take = try queue.dequeue()
    let enqueue = try queue.enqueue(take)
    try graph.addQueueRunner(
      QueueRunner(
        queue: queue.handle.node.name, enqueueNodes: [enqueue.name], closeNode: "", cancelNode: ""))
    let session = Session(graph, threads: 1)
    try session.startQueueRunners()
    let error = #expect(throws: GraphError.self) { try session.run(take) }
    #expect(error?.code == .failedPrecondition)
    let again = #expect(throws: GraphError.self) { try session.startQueueRunners() }
    #expect(again?.code == .failedPrecondition)
  }

  @Test func runnersOfWrongGraphsAreRefused() throws {
    for runner in [
      QueueRunner(queue: "nothing", enqueueNodes: [], closeNode: "", cancelNode: ""),
      QueueRunner(queue: "number", enqueueNodes: [], closeNode: "", cancelNode: ""),
      QueueRunner(queue: "fifo_queue", enqueueNodes: ["nothing"], closeNode: "", cancelNode: ""),
      QueueRunner(queue: "fifo_queue", enqueueNodes: [], closeNode: "nothing", cancelNode: ""),
    ] {
      let graph = Graph()
      _ = try graph.constant(1.0, name: "number")
      _ = try graph.queue([.float32])
      try graph.addQueueRunner(runner)
      #expect(throws: GraphError.self) { try Session(graph).startQueueRunners() }
    }
    let graph = Graph()
    graph.addToCollection("queue_runners", .bytes([1, 2, 3]))
    let error = #expect(throws: GraphError.self) { try Session(graph).startQueueRunners() }
    #expect(error?.code == .dataLoss)
    #expect(throws: GraphError.self) { try Session(Graph()).startQueueRunners(.threads) }
  }
}
