import Nagare
import Testing

struct SessionTests {
  @Test func placeholdersMustBeFed() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [2], name: "x")
    let y = try x + 1
    let session = Session(graph)
    let error = #expect(throws: GraphError.self) { try session.run(y) }
    #expect(error?.message.hasPrefix("You must feed a value for placeholder tensor 'x'") == true)
    #expect(try session.run(y, feeds: [x: [1.0, 2.0]]).elements(Float.self) == [2, 3])
    #expect(throws: GraphError.self) { try session.run(y, feeds: [x: [1.0]]) }
    #expect(throws: GraphError.self) { try session.run(y, feeds: [x: [1, 2]]) }
  }

  @Test func anyTensorCanBeFed() throws {
    let graph = Graph()
    let a = try graph.constant(2)
    let sum = try add(a, graph.constant(3))
    let twice = try add(sum, sum)
    let session = Session(graph)
    #expect(try session.run(twice, feeds: [sum: 10]).scalar(Int32.self) == 20)
    #expect(try session.run(twice).scalar(Int32.self) == 10)
  }

  @Test(arguments: [Graph.VariableKind.resource, .reference])
  func variablesKeepTheirValues(kind: Graph.VariableKind) throws {
    let graph = Graph()
    let variable = try graph.variable(graph.constant([1.0, 2.0]), name: "w", kind: kind)
    let session = Session(graph)
    let error = #expect(throws: GraphError.self) { try session.run(variable.value) }
    #expect(error?.code == .failedPrecondition)
    try session.run(graph.initializer())
    #expect(try session.run(variable.value).elements(Float.self) == [1, 2])
  }

  @Test func gradientsAddUpOverSeveralUses() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float64, shape: [3], name: "x")
    let y = try x * x + exp(x)
    let gradient = try #require(try graph.gradients(of: y, withRespectTo: [x])[0])
    let value = try Session(graph).run(
      gradient, feeds: [x: try Tensor([0, 1, 2] as [Double])])
    let expected = [1, 2 + 2.718281828459045, 4 + 7.38905609893065]
    for (got, want) in zip(try value.elements(Double.self), expected) {
      #expect(abs(got - want) < 1e-12)
    }
  }

  @Test func runsOverlap() async throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [100_000])
    let y = try sum(x * x + x)
    let session = Session(graph, threads: 3)
    let input = try Tensor((0..<100_000).map { Float($0 % 7) })
    let expected = try session.run(y, feeds: [x: input])
    try await withThrowingTaskGroup(of: Tensor.self) { group in
      for _ in 0..<16 { group.addTask { try session.run(y, feeds: [x: input]) } }
      for try await value in group { #expect(value == expected) }
    }
  }
}
