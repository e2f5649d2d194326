import Foundation
import TestSupport
import Testing

@testable import Nagare

struct DatasetTests {
  /// A graph with an iterator over the dataset that `build` makes.
  private struct Pipeline {
    let graph = Graph()
    let next: [Output]
    let start: Node

    init(_ build: (Graph) throws -> Dataset) throws {
      let iterator = try build(graph).iterator()
      next = try iterator.next()
      start = try #require(iterator.initializer)
    }

    func session(threads: Int = 2) -> Session { Session(graph, threads: threads) }

    /// Up to `limit` elements, or up to the end.
    func elements(_ session: Session, limit: Int = 1_000) throws -> [[Tensor]] {
      var elements: [[Tensor]] = []
      while elements.count < limit {
        do {
          elements.append(try session.run(next))
        } catch {
          guard error.code == .outOfRange else { throw error }
          #expect(error.message == "End of sequence")
          break
        }
      }
      return elements
    }
  }

  private func noisy(_ dataset: Dataset, _ parallelism: Dataset.Parallelism?) throws -> Dataset {
    try dataset.map(parallelism: parallelism) { (x) throws(GraphError) in
      let noise = try x[0].graph.randomUniform([3], seed: 5)
      return [x[0], try noise + cast(x[0], to: .float32)]
    }
  }

  /// Numbers whose count depends on the element.
  private func uneven(_ dataset: Dataset) throws -> Dataset {
    try dataset.map(parallelism: .calls(3)) { (x) throws(GraphError) in
      let size = try reshape(x[0] % 4 + 1, [1])
      return [try sum(x[0].graph.randomUniform(shape: size, seed: 6)), x[0]]
    }
  }

  /// One pipeline of every kind.
  private var pipelines: [String: (Graph) throws -> Dataset] {
    [
      "map": { try self.noisy($0.rangeDataset(to: 9), nil).repeat(2) },
      "parallel": { try self.noisy($0.rangeDataset(to: 9), .calls(4)).repeat(2) },
      "automatic": { try self.noisy($0.rangeDataset(to: 9), .automatic).prefetch() },
      "uneven": { try self.uneven($0.rangeDataset(to: 9)).repeat(2).prefetch(3) },
      "shuffle": {
        try self.noisy($0.rangeDataset(to: 9).shuffle(bufferSize: 4, seed: 1), nil).repeat(2)
          .shuffle(bufferSize: 5, seed: 2).batch(4).prefetch(2)
      },
      "unseeded": { try $0.rangeDataset(to: 9).shuffle(bufferSize: 4).repeat(2) },
      "parts": {
        let first = try $0.rangeDataset(to: 12).shard(3, index: 1).skip(1)
        let second = try $0.rangeDataset(from: 9, to: 0, by: -2).take(3)
        let both = try first.concatenate(second).repeat(3)
        return try $0.zipDataset([both, both.batch(2, dropsRemainder: true)])
      },
      "flat": {
        let inner = try $0.function("inner", inputs: [TensorSpec(.int64, [])]) {
          (x) throws(GraphError) in
          let dataset = try x[0].graph.rangeDataset(to: 5).shuffle(bufferSize: 3, seed: 8)
          return [dataset.output]
        }
        let outer = try $0.rangeDataset(to: 3)
        let node = try $0.addNode(
          "FlatMapDataset", [outer.output],
          attributes: [
            "f": .function(FunctionReference(name: inner.name)), "Targuments": .ints([]),
            "output_types": .types([.int64]), "output_shapes": .shapes([.scalar]),
          ])
        return Dataset($0.outputs(of: node)[0], outer.components)
      },
      "slices": {
        let names = try $0.constant(Tensor(strings: [[1], [2, 3], []]))
        return try $0.sliceDataset([names, $0.constant([1.5, 2.5, 3.5])]).repeat()
          .shuffle(bufferSize: 20, seed: 3).take(9)
      },
    ]
  }

  @Test func iteratorsGoOnWhereTheyWere() throws {
    for (name, build) in pipelines {
      let pipeline = try Pipeline(build)
      // Before its first element a dataset without seeds has drawn nothing that could go on.
      for (count, threads) in [(0, 1), (1, 2), (4, 3), (15, 2)]
      where count > 0 || name != "unseeded" {
        let session = pipeline.session(threads: threads)
        try session.run(pipeline.start)
        _ = try pipeline.elements(session, limit: count)
        let state = try session.saveState()
        let expected = try pipeline.elements(session)
        // Whether the state or the dataset comes first, and however many threads there are.
        let first = pipeline.session(threads: 1)
        try first.restoreState(state)
        try first.run(pipeline.start)
        #expect(try pipeline.elements(first) == expected, "\(name) after \(count)")
        let second = pipeline.session(threads: 4)
        try second.run(pipeline.start)
        _ = try pipeline.elements(second, limit: 3)
        try second.restoreState(state)
        #expect(try pipeline.elements(second) == expected, "\(name) after \(count)")
        // Back in the session that went on.
        try session.restoreState(state)
        #expect(try session.saveState() == state)
        #expect(try pipeline.elements(session) == expected, "\(name) after \(count)")
      }
    }
  }

  @Test func threadsDoNotMatter() throws {
    for (name, build) in pipelines where name != "unseeded" {
      let pipeline = try Pipeline(build)
      var expected: [[Tensor]]?
      for threads in [1, 2, 4, 8] {
        let session = pipeline.session(threads: threads)
        for _ in 0..<2 {
          try session.run(pipeline.start)
          let elements = try pipeline.elements(session)
          if let expected { #expect(elements == expected, "\(name), \(threads) threads") }
          expected = elements
        }
      }
    }
  }

  @Test func parallelMapsDrawWhatOthersDraw() throws {
    let one = try Pipeline { try self.noisy($0.rangeDataset(to: 20), nil).repeat(2) }
    let many = try Pipeline { try self.noisy($0.rangeDataset(to: 20), .calls(5)).repeat(2) }
    let (first, second) = (one.session(), many.session(threads: 4))
    try first.run(one.start)
    try second.run(many.start)
    let elements = try one.elements(first)
    #expect(elements.count == 40)
    #expect(try many.elements(second) == elements)
  }

  @Test(arguments: RecordCompression.allCases)
  func recordFilesGoOnWhereTheyWere(compression: RecordCompression) throws {
    let folder = try TemporaryFolder()
    var paths: [[UInt8]] = []
    for file in 0..<3 {
      let path = folder.path + "/\(file)"
      paths.append(Array(path.utf8))
      let writer = try RecordWriter(path, compression: compression)
      for record in 0..<(file * 40) {
        try writer.write([UInt8](repeating: UInt8(record), count: record * record))
      }
      try writer.close()
    }
    let pipeline = try Pipeline {
      try $0.recordDataset($0.constant(Tensor(strings: paths)), compression: compression)
        .prefetch(1)
    }
    for count in [0, 1, 39, 40, 41, 100, 119, 120] {
      let session = pipeline.session()
      try session.run(pipeline.start)
      _ = try pipeline.elements(session, limit: count)
      let state = try session.saveState()
      let expected = try pipeline.elements(session)
      #expect(expected.count == 120 - count)
      let resumed = pipeline.session()
      try resumed.restoreState(state)
      try resumed.run(pipeline.start)
      #expect(try pipeline.elements(resumed) == expected)
    }
  }

  @Test func shapesAreInferred() throws {
    let graph = Graph()
    let rows = try graph.placeholder(.float32, shape: [nil, 4, nil])
    let dataset = try graph.sliceDataset([rows]).map { (x) throws(GraphError) in
      try [x[0] * 2, x[0].graph.constant(Tensor(strings: [[1]]))]
    }
    let batch = try dataset.batch(5, dropsRemainder: true)
    #expect(batch.components.map(\.shape) == [[5, 4, nil], [5, 1]])
    #expect(try dataset.batch(5).components.map(\.shape) == [[nil, 4, nil], [nil, 1]])
    #expect(try batch.iterator().next().map(\.dataType) == [.float32, .string])
    #expect(throws: GraphError.self) { try dataset.concatenate(graph.rangeDataset(to: 3)) }
    let joined = try graph.zipDataset([batch, graph.rangeDataset(to: 2)])
    #expect(joined.components.count == 3)
  }

  @Test func mapsUseTensorsOfTheGraph() throws {
    let graph = Graph()
    let factor = try graph.placeholder(.int64, shape: [], name: "factor")
    let offset = try graph.variable(graph.constant(Tensor(scalar: Int64(7))), name: "offset")
    let iterator = try graph.rangeDataset(to: 3).map { (x) throws(GraphError) in
      let read = try x[0].graph.addNode(
        "ReadVariableOp", [offset.handle], attributes: ["dtype": .type(.int64)])
      return [try x[0] * factor + x[0].graph.outputs(of: read)[0]]
    }.iterator()
    let next = try iterator.next()[0]
    let session = Session(graph)
    try session.run(graph.initializer())
    try session.run(#require(iterator.initializer), feeds: [factor: Tensor(scalar: Int64(10))])
    let values = try (0..<3).map { _ in try session.run(next).scalar(Int64.self) }
    #expect(values == [7, 17, 27])
  }

  @Test func oneShotIteratorsStartByThemselves() throws {
    let graph = Graph()
    let iterator = try graph.oneShotIterator { (graph) throws(GraphError) in
      try graph.rangeDataset(to: 4).batch(3)
    }
    let next = try iterator.next()[0]
    let session = Session(graph)
    #expect(try session.run(next).elements(Int64.self) == [0, 1, 2])
    let state = try session.saveState()
    #expect(try session.run(next).elements(Int64.self) == [3])
    let loaded = try Graph(definition: graph.serialized())
    let resumed = Session(loaded)
    try resumed.restoreState(state)
    let again = try loaded.output(named: next.name)
    #expect(try resumed.run(again).elements(Int64.self) == [3])
    #expect(throws: GraphError.self) { try resumed.run(again) }
  }

  @Test func iteratorsAreFoundByTheirStrings() throws {
    let graph = Graph()
    let iterator = try graph.rangeDataset(to: 4).iterator(name: "numbers")
    let text = try graph.outputs(of: graph.addNode("IteratorToStringHandle", [iterator.handle]))[0]
    let found = try graph.outputs(of: graph.addNode("IteratorFromStringHandleV2", [text]))[0]
    let next = try DatasetIterator(
      handle: found, initializer: nil, components: iterator.components
    ).next()[0]
    let session = Session(graph)
    try session.run(#require(iterator.initializer))
    #expect(try session.run(next).scalar(Int64.self) == 0)
    #expect(try session.run(next).scalar(Int64.self) == 1)
    #expect(throws: GraphError.self) { try session.run(next, feeds: [text: Tensor(scalar: [7])]) }
  }

  @Test func nestingIsLimited() throws {
    let pipeline = try Pipeline {
      var dataset = try $0.rangeDataset(to: 4)
      for _ in 0..<3_000 { dataset = try dataset.take(2) }
      return dataset
    }
    let error = #expect(throws: GraphError.self) { try pipeline.session().run(pipeline.start) }
    #expect(error?.code == .resourceExhausted)
  }

  @Test func sessionsAreFreedWithTheirIterators() throws {
    weak var resources: Resources?
    weak var graph: Graph?
    do {
      let pipeline = try Pipeline {
        try self.noisy($0.rangeDataset(to: 100), .calls(4)).prefetch(3)
      }
      graph = pipeline.graph
      for threads in [1, 2] {
        let session = pipeline.session(threads: threads)
        resources = session.resources
        try session.run(pipeline.start)
        _ = try pipeline.elements(session, limit: 3)
      }
    }
    // A worker may still be at an element.
    for _ in 0..<100 where resources != nil || graph != nil { usleep(10_000) }
    #expect(resources == nil)
    #expect(graph == nil)
  }
}
