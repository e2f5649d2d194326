import Foundation
import TestSupport
import Testing

@testable import Nagare

/// Training of graphs that say themselves how: what a run writes, and that an interruption leaves no
/// trace in it.
@Suite struct TrainingLoopTests {
  /// Fits a line to points of random places, with noise: every step draws random numbers, and a
  /// variable outside the saver counts them.
  static func metaGraph(seed: Int64 = 7, hasSaver: Bool = true) throws -> MetaGraph {
    let graph = Graph()
    graph.randomSeed = seed
    let x = try graph.randomNormal([16, 4])
    let truth = try matmul(x, graph.constant([[1.0], [-2.0], [3.0], [0.5]]))
    let y = try truth + graph.randomNormal([16, 1]) * 0.1
    let weights = try graph.variable(graph.glorotUniform([4, 1]), name: "w")
    let loss = try mean(squaredDifference(matmul(x, weights.value), y), name: "loss")
    graph.addToCollection("losses", .name(loss.name))
    let step = try graph.globalStep()
    let rate = try cosineDecay(graph.constant(0.1), globalStep: step.value, decaySteps: 40)
    graph.addToCollection("summaries", .name(try scalarSummary("learning_rate", rate).name))
    graph.addToCollection("summaries", .name(try histogramSummary("w_values", weights.value).name))
    try AdamOptimizer(learningRate: rate).minimize(loss, globalStep: step)
    let drawn = try graph.variable(graph.constant(0.0), name: "drawn", isTrainable: false)
    let count = try graph.assignAdd(drawn, mean(x))
    graph.addToCollection("train_op", .name(count.name))
    let saver = try Saver(
      graph, variables: graph.variables().filter { $0.name != "drawn" }, maximumToKeep: 2)
    return MetaGraph(graph, saver: hasSaver ? saver.definition : nil)
  }

  static let options = TrainingLoop.Options(maxStep: 40, saveEvery: 10, summaryEvery: 5)

  @discardableResult
  static func train(
    _ metaGraph: MetaGraph, in folder: String, options: TrainingLoop.Options = options,
    threads: Int? = 1, stopAfter: Int = .max
  ) throws -> TrainingLoop {
    let loop = try TrainingLoop(
      TrainingGraph(metaGraph), folder: folder, options: options, threads: threads)
    _ = try loop.run(shouldStop: { loop.step >= stopAfter })
    return loop
  }

  /// All tensors of a checkpoint, by name.
  static func tensors(_ path: String) throws -> [String: Tensor] {
    let checkpoint = try Checkpoint(path)
    var tensors: [String: Tensor] = [:]
    for entry in checkpoint.entries {
      tensors[entry.name] = try checkpoint.tensor(named: entry.name)
    }
    return tensors
  }

  static func expectSame(_ one: String, _ other: String, step: Int) throws {
    let (first, second) = (
      try tensors("\(one)/model.ckpt-\(step)"), try tensors("\(other)/model.ckpt-\(step)")
    )
    #expect(first.keys.sorted() == second.keys.sorted())
    for (name, value) in first {
      let theirs = try #require(second[name])
      #expect(value.dimensions == theirs.dimensions)
      #expect(bits(value) == bits(theirs), "\(name)")
    }
    for name in ["metrics.csv", "loss.svg", "learning-rate.svg", "best", "last"] {
      #expect(
        try FileSystem.read("\(one)/\(name)") == FileSystem.read("\(other)/\(name)"), "\(name)")
    }
  }

  private static func bits(_ value: Tensor) -> [[UInt8]] {
    value.dataType == .string ? value.strings : [value.withUnsafeBytes { Array($0) }]
  }

  @Test(arguments: [true, false]) func goingOnIsAsIfNothingHadHappened(hasSaver: Bool) throws {
    let folder = try TemporaryFolder()
    let metaGraph = try Self.metaGraph(hasSaver: hasSaver)
    try Self.train(metaGraph, in: folder.path("whole"))
    // Stopped between two checkpoints, and at one.
    for stop in [13, 20] {
      let loop = try Self.train(metaGraph, in: folder.path("parts"), stopAfter: stop)
      #expect(loop.step == stop)
    }
    let loop = try Self.train(metaGraph, in: folder.path("parts"))
    #expect(loop.resumedFrom == folder.path("parts/model.ckpt-20"))
    try Self.expectSame(folder.path("whole"), folder.path("parts"), step: 40)
    let text = try String(contentsOfFile: folder.path("whole/metrics.csv"), encoding: .utf8)
    #expect(text.hasPrefix("step,loss,learning_rate\n1,"))
    #expect(
      text.split(separator: "\n").map { $0.prefix { $0 != "," } }.dropFirst()
        == ["1", "5", "10", "15", "20", "25", "30", "35", "40"])
  }

  /// Records of five numbers, the last the sum of the others, by way of queues.
  private static func queueMetaGraph(_ folder: TemporaryFolder, epochs: Int?) throws -> MetaGraph {
    let files = ["a", "b", "c"].map { folder.path($0) }
    for (index, path) in files.enumerated() where FileSystem.kind(path) == nil {
      let writer = try RecordWriter(path)
      for record in 0..<(7 + index) {
        let numbers = (0..<4).map { UInt8(($0 * 7 + record * 3 + index * 5) % 11) }
        try writer.write(numbers + [numbers.reduce(0, +)])
      }
      try writer.close()
    }
    let graph = Graph()
    graph.randomSeed = 11
    let names = try graph.stringInputProducer(files, epochs: epochs)
    let bytes = try graph.recordReader().read(names).value
    let example = try cast(reshape(decodeRaw(bytes, outputType: .uint8), [5]), to: .float32)
    let batch = try shuffleBatch(
      [example + graph.randomUniform([5])], size: 4, capacity: 20, minimumAfterDequeue: 9)[0]
    let parts = try split(batch, sizes: [4, 1], axis: 1)
    let weights = try graph.variable(graph.glorotUniform([4, 1]), name: "w")
    let loss = try mean(squaredDifference(matmul(parts[0], weights.value), parts[1]), name: "loss")
    graph.addToCollection("losses", .name(loss.name))
    let step = try graph.globalStep()
    let rate = try graph.constant(0.05)
    graph.addToCollection("summaries", .name(try scalarSummary("learning_rate", rate).name))
    try AdamOptimizer(learningRate: rate).minimize(loss, globalStep: step)
    return MetaGraph(graph, saver: try Saver(graph).definition)
  }

  @Test func queuesGoOnAsIfNothingHadHappened() throws {
    let folder = try TemporaryFolder()
    let metaGraph = try Self.queueMetaGraph(folder, epochs: nil)
    try Self.train(metaGraph, in: folder.path("whole"), threads: 2)
    for stop in [13, 20] { try Self.train(metaGraph, in: folder.path("parts"), stopAfter: stop) }
    let loop = try Self.train(metaGraph, in: folder.path("parts"))
    #expect(loop.step == 40)
    try Self.expectSame(folder.path("whole"), folder.path("parts"), step: 40)
  }

  @Test func theEndOfQueuesEndsTheRun() throws {
    let folder = try TemporaryFolder()
    // 24 records three times, in batches of 4.
    let metaGraph = try Self.queueMetaGraph(folder, epochs: 3)
    let whole = try Self.train(metaGraph, in: folder.path("whole"))
    #expect(whole.step == 18)
    try Self.train(metaGraph, in: folder.path("parts"), stopAfter: 11)
    let parts = try Self.train(metaGraph, in: folder.path("parts"))
    #expect(parts.step == 18)
    try Self.expectSame(folder.path("whole"), folder.path("parts"), step: 18)
  }

  @Test func whatWasWrittenAfterTheCheckpointGoes() throws {
    let folder = try TemporaryFolder()
    let metaGraph = try Self.metaGraph()
    try Self.train(metaGraph, in: folder.path("whole"))
    let run = folder.path("parts")
    try Self.train(metaGraph, in: run, stopAfter: 30)
    // As a crash leaves it: the newest checkpoint half written, its predecessor the newest whole one.
    try FileManager.default.removeItem(atPath: "\(run)/model.ckpt-30.index")
    try FileSystem.createFolder("\(run)/model.ckpt-31_unfinished")
    try FileSystem.write([1, 2, 3], to: "\(run)/model.ckpt-31_unfinished/variables.index")
    let events = try FileSystem.list(run).filter { $0.hasPrefix("events") }
    let file = "\(run)/\(try #require(events.first))"
    try FileSystem.write(try FileSystem.read(file) + [9, 9], to: file)

    let loop = try TrainingLoop(
      TrainingGraph(metaGraph), folder: run, options: Self.options, threads: 2)
    #expect(loop.step == 20)
    let reader = try EventReader(file)
    var last: Int64 = 0
    while let event = try reader.next() { last = max(last, event.step) }
    #expect(last == 20)
    #expect(FileSystem.kind("\(run)/model.ckpt-31_unfinished") == nil)
    guard case .finished = try loop.run() else {
      Issue.record("the run did not end at its last step")
      return
    }
    try Self.expectSame(folder.path("whole"), run, step: 40)
  }

  @Test func threadsChangeNothing() throws {
    let folder = try TemporaryFolder()
    let metaGraph = try Self.metaGraph()
    for threads in [1, 2, 4] {
      try Self.train(metaGraph, in: folder.path("\(threads)"), threads: threads)
    }
    for threads in [2, 4] {
      try Self.expectSame(folder.path("1"), folder.path("\(threads)"), step: 40)
    }
  }

  @Test func theBestCheckpointIsKept() throws {
    let folder = try TemporaryFolder()
    let run = folder.path("run")
    var options = Self.options
    options.keep = 1
    try Self.train(try Self.metaGraph(), in: run, options: options)
    let best = try Checkpoint("\(run)/best")
    let last = try Checkpoint("\(run)/last")
    #expect(last.prefix == "\(run)/model.ckpt-40")
    let rows = try MetricsTable(
      String(decoding: FileSystem.read("\(run)/metrics.csv"), as: UTF8.self), upTo: 40)
    let points = rows.points("loss")
    let means = (0..<4).map { interval in
      let part = points.filter {
        $0.x > Double(10 * interval) && $0.x <= Double(10 * interval + 10)
      }
      return part.reduce(0) { $0 + $1.y } / Double(part.count)
    }
    let lowest = try #require(means.indices.min { means[$0] < means[$1] })
    #expect(best.prefix == "\(run)/model.ckpt-\(10 * (lowest + 1))")
    let kept = try FileSystem.list(run).filter { $0.hasSuffix(".index") }
    #expect(
      Set(kept)
        == [best, last].reduce(into: []) {
          $0.insert(FileSystem.name(of: $1.prefix) + ".index")
        })
  }

  @Test func aGraphFileTrainsAsTheGraphInMemory() throws {
    let folder = try TemporaryFolder()
    let metaGraph = try Self.metaGraph()
    try Self.train(metaGraph, in: folder.path("memory"))
    try metaGraph.write(to: folder.path("train.pbtxt"))
    try Self.train(try MetaGraph(contentsOf: folder.path("train.pbtxt")), in: folder.path("file"))
    try Self.expectSame(folder.path("memory"), folder.path("file"), step: 40)
  }

  /// Numbers in strings, drawn from a queue that shuffles: the input is part of the state.
  static func queueGraph(epochs: Int? = nil) throws -> MetaGraph {
    let graph = Graph()
    graph.randomSeed = 11
    let strings = (0..<13).map { "a\(Character(UnicodeScalar(UInt8(65 + $0))))" }
    let word = try graph.stringInputProducer(strings, epochs: epochs).dequeue()[0]
    let words = try shuffleBatch([word], size: 4, capacity: 11, minimumAfterDequeue: 5)[0]
    let x = try cast(decodeRaw(words, outputType: .uint8), to: .float32) * 0.01
    let w = try graph.variable(graph.constant([[0.5], [0.5]]), name: "w")
    let loss = try mean(square(matmul(reshape(x, [4, 2]), w.value) - 1), name: "loss")
    graph.addToCollection("losses", .name(loss.name))
    try AdamOptimizer(learningRate: 0.02).minimize(loss, globalStep: graph.globalStep())
    return MetaGraph(graph, saver: try Saver(graph, maximumToKeep: 2).definition)
  }

  @Test func theInputGoesOnToo() throws {
    let folder = try TemporaryFolder()
    var losses: [[Float]] = []
    for name in ["whole", "parts"] {
      var run: [Float] = []
      for stop in name == "whole" ? [40] : [7, 20, 40] {
        let loop = try TrainingLoop(
          TrainingGraph(Self.queueGraph()), folder: folder.path(name),
          options: .init(maxStep: 40, saveEvery: 10, summaryEvery: 1), threads: 2)
        _ = try loop.run(
          progress: { run.append(Float($0.losses[0].value)) }, shouldStop: { loop.step >= stop })
      }
      losses.append(run)
    }
    #expect(losses[0] == losses[1])
    #expect(Set(losses[0]).count > 30)
    for name in ["model.ckpt-40.index", "model.ckpt-40.data-00001-of-00002", "metrics.csv"] {
      #expect(
        try FileSystem.read(folder.path("whole/\(name)"))
          == FileSystem.read(folder.path("parts/\(name)")), "\(name)")
    }
  }

  @Test func theRunEndsWithItsInput() throws {
    let folder = try TemporaryFolder()
    let loop = try TrainingLoop(
      TrainingGraph(Self.queueGraph(epochs: 2)), folder: folder.path("run"), threads: 1)
    #expect(try loop.run() == .inputEnded)
    #expect(loop.step == 6)
    #expect(try Checkpoint(folder.path("run/last")).prefix == folder.path("run/model.ckpt-6"))
  }

  @Test func whatIsMissingIsSaid() throws {
    let folder = try TemporaryFolder()
    let graph = Graph()
    let w = try graph.variable(graph.constant(1.0), name: "w")
    let more = try graph.assignAdd(w, graph.constant(1.0))
    #expect(throws: GraphError.self) { try TrainingGraph(MetaGraph(graph)) }
    // Without a global step the loop counts.
    let training = try TrainingGraph(MetaGraph(graph), targets: [more])
    for last in [3, 5] {
      let loop = try TrainingLoop(
        training, folder: folder.path("run"), options: .init(maxStep: last), threads: 1)
      _ = try loop.run()
      #expect(loop.step == last)
      #expect(try Self.tensors(folder.path("run"))["w"]?.scalar(Float.self) == Float(last + 1))
    }
    // One that does not move is an endless loop.
    _ = try graph.globalStep()
    let loop = try TrainingLoop(
      TrainingGraph(MetaGraph(graph), targets: [more]), folder: folder.path("still"), threads: 1)
    #expect(throws: GraphError.self) { try loop.run() }
  }

  @Test func aLossThatIsNoNumberEndsTheRun() throws {
    let folder = try TemporaryFolder()
    let graph = Graph()
    let step = try graph.globalStep()
    let loss = try log(
      cast(subtract(graph.constant(Tensor(scalar: Int64(3))), step.value), to: .float32))
    graph.addToCollection("losses", .name(loss.name))
    let next = try graph.assignAdd(step, graph.constant(Tensor(scalar: Int64(1))))
    let loop = try TrainingLoop(
      TrainingGraph(MetaGraph(graph), targets: [next]), folder: folder.path("run"),
      options: .init(maxStep: 9, saveEvery: 2), threads: 1)
    let error = #expect(throws: GraphError.self) { try loop.run() }
    #expect(error?.code == .failedPrecondition)
    #expect(error?.message.contains("step 4") == true)
    #expect(try Checkpoint(folder.path("run")).prefix == folder.path("run/model.ckpt-2"))
  }

  // MARK: - Freezing

  @Test(arguments: [Graph.VariableKind.resource, .reference])
  func aFrozenGraphComputesTheSame(kind: Graph.VariableKind) throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [nil, 2], name: "x")
    let w = try graph.variable(graph.constant([[1.0], [2.0]]), name: "w", kind: kind)
    let y = try matmul(x, w.value, name: "y")
    _ = try GradientDescentOptimizer(learningRate: 0.1).minimize(sum(y))
    let session = Session(graph, threads: 1)
    #expect(throws: GraphError.self) { try session.frozen([y]) }
    try session.run(graph.initializer())
    let frozen = try session.frozen([y])
    #expect(frozen.nodes.map(\.name) == ["x", "w", w.value.node.name, "y"])
    #expect(frozen.node(named: "w")?.type == "Const")
    let feed: Tensor = [[3.0, 4.0]]
    let value = try Session(frozen, threads: 1).run(
      frozen.output(named: "y"), feeds: [frozen.output(named: "x"): feed])
    #expect(try value.elements(Float.self) == [11])
    guard kind == .reference else { return }
    let error = #expect(throws: GraphError.self) {
      try session.frozen(graph.outputs(of: w.initializer))
    }
    #expect(error?.code == .unimplemented)
  }
}
