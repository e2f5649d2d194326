import Testing

@testable import Nagare

/// Random numbers: the same for any number of threads, the next ones with each run.
@Suite struct RandomTests {
  @Test func threadsDoNotMatter() throws {
    for make in Self.kinds {
      let graph = Graph()
      graph.randomSeed = 5
      let output = try make(graph)
      let one = Session(graph, threads: 1)
      let four = Session(graph, threads: 4)
      for _ in 0..<2 { #expect(try one.run(output) == four.run(output)) }
    }
  }

  @Test func runsDiffer() throws {
    for make in Self.kinds {
      let graph = Graph()
      let output = try make(graph)
      let session = Session(graph)
      #expect(try session.run(output) != session.run(output))
    }
  }

  private static let kinds: [@Sendable (Graph) throws -> Output] = [
    { try $0.randomUniform([100_001]) },
    { try $0.randomUniform([33_333], from: -1, to: 1, dataType: .float64) },
    { try $0.randomUniform([50_001], from: 0, to: 1000, dataType: .int32) },
    { try $0.randomUniform([50_001], from: 0, to: 1000, dataType: .int64) },
    { try $0.randomNormal([50_001]) },
    { try $0.truncatedNormal([50_001]) },
    { try $0.truncatedNormal([20_001], dataType: .float64) },
    { try randomShuffle($0.range(0, 1000)) },
  ]

  @Test func seedsFollowTensorFlow() throws {
    let graph = Graph()
    #expect(graph.seeds(nil) == (0, 0))
    #expect(graph.seeds(0) == (87_654_321, 0))
    #expect(graph.seeds(-1) == (87_654_321, 2_147_483_646))
    graph.randomSeed = 7
    #expect(graph.seeds(nil) == (7, 0))
    #expect(graph.seeds(5) == (7, 5))
    #expect(graph.seeds(nil) == (7, 1))
    graph.randomSeed = 0
    #expect(graph.seeds(0) == (0, 2_147_483_647))
    graph.randomSeed = -3
    #expect(graph.seeds(0) == (2_147_483_644, 0))
  }

  @Test func initialValuesAreComposedAsInTensorFlow() throws {
    let graph = Graph()
    _ = try graph.glorotUniform([3, 3, 2, 4], seed: 3)
    let bound = try #require(graph.node(named: "random_uniform/max"))
    #expect(graph.output(bound).spec.constant?.floats == [0.333_333_34])
    #expect(graph.node(named: "random_uniform/RandomUniform")?.attributes["seed2"] == .int(3))
    #expect(graph.node(named: "random_uniform")?.type == "AddV2")
    _ = try graph.heNormal([3, 3, 2, 4])
    let deviation = try #require(graph.node(named: "truncated_normal/stddev"))
    #expect(graph.output(deviation).spec.constant?.floats == [0.378_949_08])
    #expect(try graph.zeros([10, 10]).node.type == "Const")
    #expect(try graph.zeros([100, 10]).node.type == "Fill")
  }
}
