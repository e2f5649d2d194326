import Testing
import TestSupport

@testable import Nagare

/// What the passes of a plan make of a graph, and that the results are those without them.
@Suite struct PlanPassTests {
  /// Two convolutions with pooling between them, a loss, and its gradients.
  private struct Network {
    let graph = Graph()
    let input: Output
    let features: Output
    let fetches: [Output]

    init() throws {
      graph.randomSeed = 3
      input = try graph.placeholder(.float32, shape: [nil, 12, 12, 2], name: "input")
      func layer(_ x: Output, _ inputs: Int, _ outputs: Int) throws -> (Output, [Output]) {
        let filter = try x.graph.constant(
          Session(x.graph).run(x.graph.randomUniform([3, 3, inputs, outputs], from: -1, to: 1)))
        let bias = try x.graph.constant(
          Session(x.graph).run(x.graph.randomUniform([outputs], from: -1, to: 1)))
        return (try relu(biasAdd(conv2D(x, filter: filter), bias)), [filter, bias])
      }
      let (first, firstVariables) = try layer(input, 2, 5)
      let (second, secondVariables) = try layer(first, 5, 8)
      let pooled = try maxPool(second, size: (3, 3), strides: (2, 2))
      let (third, thirdVariables) = try layer(pooled, 8, 4)
      features = second
      let loss = try sum(square(third))
      let variables = firstVariables + secondVariables + thirdVariables + [input]
      fetches =
        try [loss] + graph.gradients(of: [loss], withRespectTo: variables).compactMap(\.self)
    }

    var picture: Tensor {
      get throws {
        let other = Graph()
        return try Session(other).run(
          other.randomUniform([2, 12, 12, 2], from: -1, to: 1, seed: 5))
      }
    }
  }

  @Test func resultsAreThoseWithoutPasses() throws {
    let network = try Network()
    let feeds = [network.input: try network.picture]
    let plain = try Session(network.graph, passes: []).run(network.fetches, feeds: feeds)
    for pass in PlanPass.allCases {
      let fused = try Session(network.graph, passes: [pass]).run(network.fetches, feeds: feeds)
      for (a, b) in zip(plain, fused) {
        let (a, b) = (try #require(a.floats), try #require(b.floats))
        let scale = a.map(abs).max() ?? 0
        #expect(scale > 0)
        for (x, y) in zip(a, b) { #expect(abs(x - y) <= 2e-6 * scale, "\(pass)") }
      }
    }
  }

  @Test func convolutionsAndGradientsAreFused() throws {
    let network = try Network()
    let plan = try Plan(
      network.graph, feeds: [network.input], fetches: network.fetches, targets: [])
    let types = plan.steps.map { type(of: $0.op).name }
    #expect(types.filter { $0 == FusedConv2D.name }.count == 3)
    #expect(!types.contains("BiasAdd") && !types.contains("Relu"))
    #expect(types.filter { $0 == MaskedConv2DBackpropInput.name }.count == 1)
    #expect(types.filter { $0 == MaskedMaxPoolGrad.name }.count == 1)
    #expect(types.filter { $0 == "ReluGrad" }.count == 1)
  }

  @Test func whatIsFetchedOrAwaitedStays() throws {
    let network = try Network()
    let additions = network.graph.nodes.filter { $0.type == "BiasAdd" }
    let sum = network.graph.output(additions[0])
    let plan = try Plan(
      network.graph, feeds: [network.input], fetches: [sum, network.features], targets: [])
    let types = plan.steps.map { type(of: $0.op).name }
    #expect(types.filter { $0 == "Relu" }.count == 1)
    let target = try Plan(
      network.graph, feeds: [network.input], fetches: [network.features], targets: additions)
    #expect(!target.steps.contains { ($0.op as? FusedConv2D)?.relu == true })
  }

  @Test func aBiasOfUnknownSizeIsRefusedAsWithoutPasses() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [1, 4, 4, 1], name: "x")
    let filter = try graph.constant(
      Tensor([Float](repeating: 1, count: 9 * 2)).reshaped([3, 3, 1, 2]))
    let bias = try graph.placeholder(.float32, shape: [nil], name: "bias")
    let y = try relu(biasAdd(conv2D(x, filter: filter), bias, name: "sum"))
    let error = #expect(throws: GraphError.self) {
      try Session(graph).run(
        [y], feeds: [x: Tensor(zeros: .float32, [1, 4, 4, 1]), bias: Tensor([Float(1)])])
    }
    #expect(error?.node?.contains("sum") == true)
  }
}
