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
      network.graph, feeds: [network.input], fetches: network.fetches, targets: [],
      passes: [.fuseEpilogue, .fuseReluGradient])
    let types = plan.steps.map { type(of: $0.op).name }
    #expect(types.filter { $0 == FusedConv2D.name }.count == 3)
    #expect(!types.contains("BiasAdd") && !types.contains("Relu"))
    #expect(types.filter { $0 == MaskedConv2DBackpropInput.name }.count == 1)
    #expect(types.filter { $0 == MaskedMaxPoolGrad.name }.count == 1)
    #expect(types.filter { $0 == "ReluGrad" }.count == 1)
  }

  /// A feed in the place of a constant from which a shape was inferred, so that the bias does not fit.
  @Test func aBiasThatDoesNotFitInTheRunIsRefused() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [1, 4, 4, 1], name: "x")
    let elements = try graph.placeholder(.float32, shape: [nil], name: "elements")
    let size = try graph.constant([1, 1, 1, 2])
    let bias = try graph.constant(Tensor([Float(1), 2]))
    let y = try relu(biasAdd(conv2D(x, filter: reshape(elements, size)), bias))
    let feeds = [
      x: try Tensor(zeros: .float32, [1, 4, 4, 1]), size: try Tensor([Int32(1), 1, 1, 64]),
      elements: try Tensor([Float](repeating: 1, count: 64)),
    ]
    for passes in [PlanPass.allCases, []] {
      let error = #expect(throws: GraphError.self) {
        try Session(graph, passes: passes).run(y, feeds: feeds)
      }
      #expect(error?.message.contains("Must provide as many biases") == true)
      #expect(error?.node?.contains("BiasAdd") == true)
    }
  }

  /// A convolution that reads a variable is not moved behind what changes it.
  @Test func readersOfVariablesStayInTheirPlace() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [1, 2, 2, 1], name: "x")
    let variable = try graph.output(
      VariableV2(shape: [1, 1, 1, 1], dataType: .float32), [], name: "w", nil)
    let result = try relu(conv2D(x, filter: variable))
    let plan = try Plan(graph, feeds: [x], fetches: [result], targets: [])
    #expect(types(plan).contains("Conv2D") && types(plan).contains("Relu"))
  }

  @Test func poolingKeepsWinnersForItsGradient() throws {
    let network = try Network()
    let plan = try Plan(
      network.graph, feeds: [network.input], fetches: network.fetches, targets: [])
    #expect(types(plan).contains(MaxPoolWinners.name))
    #expect(types(plan).contains(MaxPoolWinnersGrad.name))
    // Fed, the pooled pictures are not those of which the gradient is.
    let pooled = try #require(network.graph.nodes.first { $0.type == "MaxPool" })
    let other = try Plan(
      network.graph, feeds: [network.input, network.graph.output(pooled)],
      fetches: network.fetches, targets: [])
    #expect(!types(other).contains(MaxPoolWinners.name))
    let feeds = [network.input: try network.picture]
    let without = PlanPass.allCases.filter { $0 != .keepWinners }
    #expect(
      try Session(network.graph).run(network.fetches, feeds: feeds)
        == Session(network.graph, passes: without).run(network.fetches, feeds: feeds))
    let description = PlanDescription(plan)
    #expect(description.units.contains { $0.type == MaxPoolWinners.name && $0.outputs.count == 2 })
  }

  /// The gradient to a bias comes with that to the filter, unless somebody takes it before.
  @Test func gradientsToBiasesAreFused() throws {
    let network = try Network()
    let plan = try Plan(
      network.graph, feeds: [network.input], fetches: network.fetches, targets: [])
    #expect(types(plan).filter { $0 == Conv2DBackpropFilterBias.name }.count == 3)
    #expect(!types(plan).contains("BiasAddGrad"))
    let bias = try #require(network.graph.nodes.first { $0.type == "BiasAddGrad" })
    let awaited = try Plan(
      network.graph, feeds: [network.input], fetches: network.fetches, targets: [bias])
    #expect(types(awaited).filter { $0 == "BiasAddGrad" }.count == 1)

    // A reader before the filter's gradient exists.
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [2, 5, 5, 3], name: "x")
    let upstream = try graph.placeholder(.float32, shape: [2, 5, 5, 4], name: "upstream")
    let early = try square(graph.output(BiasAddGrad(), [upstream]))
    let filter = try graph.output(
      Conv2DBackpropFilter(
        ConvolutionAttributes(
          strides: (1, 1), padding: .same, dataFormat: .nhwc, dilations: (1, 1))),
      [x, graph.constant([3, 3, 3, 4]), upstream])
    let feeds = [
      x: try Session(graph).run(graph.randomUniform([2, 5, 5, 3], from: -1, to: 1)),
      upstream: try Session(graph).run(graph.randomUniform([2, 5, 5, 4], from: -1, to: 1)),
    ]
    let kept = try Plan(graph, feeds: [x, upstream], fetches: [early, filter], targets: [])
    #expect(types(kept).contains("BiasAddGrad"))
    let fused = try Session(graph).run([early, filter], feeds: feeds)
    let plain = try Session(graph, passes: []).run([early, filter], feeds: feeds)
    #expect(fused == plain)
  }

  /// Convolutions with pooling, with and without gradients, in windows that end with the pictures or not.
  @Test(arguments: [16, 15], [false, true])
  func poolingIsFused(side: Int, trains: Bool) throws {
    let graph = Graph()
    graph.randomSeed = 7
    let x = try graph.placeholder(.float32, shape: [nil, nil, nil, 8], name: "input")
    let picture = try Session(graph).run(
      graph.randomUniform([3, side, side, 8], from: -1, to: 1))
    let filter = try graph.constant(
      Session(graph).run(graph.randomUniform([3, 3, 8, 24], from: -1, to: 1)))
    let bias = try graph.constant(
      Session(graph).run(graph.randomUniform([24], from: -1, to: 1)))
    // Only pictures of known sizes keep winners.
    let sized = trains ? try ensureShape(x, [nil, side, side, 8]) : x
    let features = try relu(biasAdd(conv2D(sized, filter: filter), bias))
    let pooled = try maxPool(features, size: (2, 2), strides: (2, 2))
    var fetches = [pooled]
    if trains {
      fetches += try graph.gradients(
        of: [sum(square(pooled))], withRespectTo: [filter, bias, x]
      ).compactMap(\.self)
    }
    let plan = try Plan(graph, feeds: [x], fetches: fetches, targets: [])
    #expect(types(plan).contains(PooledConvolution.name))
    #expect(types(plan).contains(MaxPoolWinnersGrad.name) == trains)
    let without = PlanPass.allCases.filter { $0 != .fusePooling }
    #expect(
      try Session(graph).run(fetches, feeds: [x: picture])
        == Session(graph, passes: without).run(fetches, feeds: [x: picture]))
    // What somebody takes is made whole.
    let other = try Plan(graph, feeds: [x], fetches: fetches + [features], targets: [])
    #expect(!types(other).contains(PooledConvolution.name))
  }

  /// Two branches of a convolution and a batch normalization by constants, their sum and ReLU, then a
  /// depthwise convolution with normalization and ReLU6.
  private struct NormalizedNetwork {
    let graph = Graph()
    let input: Output
    let sum: Output
    let output: Output

    init(batch: Int? = nil) throws {
      graph.randomSeed = 5
      let x = try graph.placeholder(.float32, shape: Shape([batch, 6, 6, 3]), name: "input")
      input = x
      func constant(_ shape: [Int], _ low: Double, _ high: Double) throws -> Output {
        try x.graph.constant(
          Session(x.graph).run(x.graph.randomUniform(shape, from: low, to: high)))
      }
      func normalized(_ x: Output, _ channels: Int) throws -> Output {
        try fusedBatchNorm(
          x, scale: constant([channels], 0.5, 2), offset: constant([channels], -1, 4),
          mean: constant([channels], -1, 1), variance: constant([channels], 0.1, 2),
          isTraining: false
        ).output
      }
      let left = try normalized(conv2D(x, filter: constant([1, 1, 3, 12], -1, 1)), 12)
      let right = try normalized(conv2D(x, filter: constant([3, 3, 3, 12], -1, 1)), 12)
      sum = try relu(left + right)
      output = try relu6(
        normalized(depthwiseConv2D(sum, filter: constant([3, 3, 12, 2], -1, 1)), 24))
    }

    func picture(_ batch: Int) throws -> Tensor {
      let other = Graph()
      return try Session(other).run(
        other.randomUniform([batch, 6, 6, 3], from: -1, to: 1, seed: 5))
    }
  }

  @Test(arguments: [nil, 2]) func normalizationsAndSumsAreFused(batch: Int?) throws {
    let network = try NormalizedNetwork(batch: batch)
    let plan = try Plan(
      network.graph, feeds: [network.input], fetches: [network.output], targets: [])
    #expect(
      types(plan) == [FusedConv2D.name, FusedConv2D.name, FusedDepthwiseConv2D.name])
    let feeds = [network.input: try network.picture(2)]
    let fused = try Session(network.graph).run(network.output, feeds: feeds)
    let plain = try Session(network.graph, passes: []).run(network.output, feeds: feeds)
    let (a, b) = (try plain.elements(Float.self), try fused.elements(Float.self))
    #expect(a.contains(6) && a.contains(0) && a.contains { $0 > 0 && $0 < 6 })
    for (x, y) in zip(a, b) { #expect(abs(x - y) <= 2e-5) }
  }

  /// What is fetched or awaited is not in another kernel, and a normalization whose statistics somebody
  /// takes stays.
  @Test func normalizationsThatOthersSeeStay() throws {
    let network = try NormalizedNetwork()
    let normalizations = network.graph.nodes.filter { $0.type == "FusedBatchNormV3" }
    let mean = network.graph.outputs(of: normalizations[0])[1]
    let plan = try Plan(
      network.graph, feeds: [network.input], fetches: [network.output, mean], targets: [])
    #expect(types(plan).contains("FusedBatchNormV3"))
    let session = Session(network.graph)
    let feeds = [network.input: try network.picture(1)]
    let output = network.graph.outputs(of: normalizations[0])[0]
    let both = try session.run([output, network.sum], feeds: feeds)
    let plain = try Session(network.graph, passes: []).run(
      [output, network.sum], feeds: feeds)
    for (x, y) in zip(both, plain) {
      let (x, y) = (try x.elements(Float.self), try y.elements(Float.self))
      for (a, b) in zip(x, y) { #expect(abs(a - b) <= 2e-5) }
    }
  }

  /// Batches that are known in the run only may be broadcast, or not go together.
  @Test func sumsOfOtherShapesAreThoseWithoutPasses() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [nil, 4, 4, 1], name: "x")
    let y = try graph.placeholder(.float32, shape: [nil, 4, 4, 2], name: "y")
    let filter = try graph.constant(
      Tensor((0..<18).map { Float($0) - 9 }).reshaped([3, 3, 1, 2]))
    let z = try relu(add(y, conv2D(x, filter: filter), name: "sum"))
    #expect(types(try Plan(graph, feeds: [x, y], fetches: [z], targets: [])) == [FusedConv2D.name])
    func ramp(_ dimensions: [Int]) throws -> Tensor {
      try Tensor((0..<dimensions.reduce(1, *)).map { Float($0 % 7) - 3 }).reshaped(dimensions)
    }
    for (left, right) in [(1, 3), (3, 1), (2, 2)] {
      let feeds = [x: try ramp([left, 4, 4, 1]), y: try ramp([right, 4, 4, 2])]
      let fused = try Session(graph).run(z, feeds: feeds)
      #expect(try fused == Session(graph, passes: []).run(z, feeds: feeds))
      #expect(fused.dimensions[0] == max(left, right))
    }
    let error = #expect(throws: GraphError.self) {
      try Session(graph).run(z, feeds: [x: ramp([2, 4, 4, 1]), y: ramp([3, 4, 4, 2])])
    }
    #expect(error?.node?.contains("sum") == true)
  }

  /// Constant factors are packed once, others for many rows, and transposed ones are read as they are.
  @Test(arguments: [1, 3, 200], [true, false]) func productsAreFused(
    rows: Int, isConstant: Bool
  ) throws {
    let graph = Graph()
    func ramp(_ dimensions: [Int]) throws -> Tensor {
      try Tensor((0..<dimensions.reduce(1, *)).map { Float($0 * 7 % 23) / 8 - 1.25 }).reshaped(
        dimensions)
    }
    var feeds: [Output: Tensor] = [:]
    func operand(_ dimensions: [Int]) throws -> Output {
      if isConstant { return try graph.constant(ramp(dimensions)) }
      let placeholder = try graph.placeholder(.float32, shape: Shape(dimensions))
      feeds[placeholder] = try ramp(dimensions)
      return placeholder
    }
    let x = try graph.placeholder(.float32, shape: [nil, 40], name: "x")
    feeds[x] = try ramp([rows, 40])
    let first = try relu(biasAdd(matmul(x, operand([40, 300])), operand([300])))
    let second = try relu6(add(operand([33]), matmul(first, operand([300, 33]))))
    let third = try matmul(second, operand([40, 33]), transposeB: true)
    let output = try relu(add(add(third, operand([40])), x))
    let plan = try Plan(graph, feeds: Array(feeds.keys), fetches: [output], targets: [])
    #expect(types(plan) == [String](repeating: FusedMatMul.name, count: 3))
    let fused = try Session(graph).run(output, feeds: feeds)
    let plain = try Session(graph, passes: []).run(output, feeds: feeds)
    let (a, b) = (try plain.elements(Float.self), try fused.elements(Float.self))
    let scale = a.max() ?? 0
    #expect(scale > 6 && a.contains(0))
    for (x, y) in zip(a, b) { #expect(abs(x - y) <= 2e-6 * scale) }
  }

  /// A refusal names the node that refuses, not the last one of its kernel.
  @Test func refusalsOfProductsNameThem() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [nil, nil], name: "x")
    let y = try graph.placeholder(.float32, shape: [nil, 2], name: "y")
    let bias = try graph.constant(Tensor([Float(1), 2]))
    let z = try relu(biasAdd(matmul(x, y, name: "product"), bias))
    #expect(types(try Plan(graph, feeds: [x, y], fetches: [z], targets: [])) == [FusedMatMul.name])
    let feeds = [x: try Tensor(zeros: .float32, [2, 3]), y: try Tensor(zeros: .float32, [4, 2])]
    for passes in [PlanPass.allCases, []] {
      let error = #expect(throws: GraphError.self) {
        try Session(graph, passes: passes).run(z, feeds: feeds)
      }
      #expect(
        error?.node == "{{node product}} = MatMul(a: float[2,3], b: float[4,2])")
    }
  }

  /// A feed in the place of a constant makes a product that a vector does not fit, but broadcasts with.
  @Test func vectorsThatBroadcastInTheRunAreAddedAsWithoutPasses() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [1, 2], name: "x")
    let elements = try graph.placeholder(.float32, shape: [nil], name: "elements")
    let size = try graph.constant([2, 3])
    let y = try relu(
      add(matmul(x, reshape(elements, size)), graph.constant(Tensor([Float(1), 2, 3]))))
    let feeds = [
      x: try Tensor([Float(1), 2]).reshaped([1, 2]), size: try Tensor([Int32(2), 1]),
      elements: try Tensor([Float(3), 4]),
    ]
    for passes in [PlanPass.allCases, []] {
      #expect(
        try Session(graph, passes: passes).run(y, feeds: feeds).elements(Float.self)
          == [12, 13, 14])
    }
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
    #expect(!target.steps.contains { ($0.op as? FusedConv2D)?.fusion.activation == .relu })
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

  private func types(_ plan: Plan) -> [String] { plan.steps.map { type(of: $0.op).name } }

  /// 100×100 numbers, more than are computed while a graph is built.
  private func numbers(_ graph: Graph) throws -> Output {
    try graph.constant(Tensor((0..<10_000).map { Float($0) / 100 }).reshaped([100, 100]))
  }

  @Test func constantsAreFolded() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [100, 100])
    let constant = try numbers(graph)
    let y = try x * sqrt(square(constant) + 1)
    let plan = try Plan(graph, feeds: [x], fetches: [y], targets: [])
    #expect(types(plan) == ["Mul"])
    #expect(plan.changes.map(\.node.type) == ["Square", "AddV2", "Sqrt"])
    let feeds = [x: try Tensor([Float](repeating: 2, count: 10_000)).reshaped([100, 100])]
    let folded = try Session(graph).run(y, feeds: feeds)
    #expect(try folded == Session(graph, passes: []).run(y, feeds: feeds))
    #expect(try folded.elements(Float.self)[300] == 2 * (10 as Float).squareRoot())
    // A constant that is fed is none.
    let fed = [x: feeds[x] ?? folded, constant: try Tensor(zeros: .float32, [100, 100])]
    #expect(try Session(graph).run(y, feeds: fed).elements(Float.self).allSatisfy { $0 == 2 })
    let whole = try Plan(graph, feeds: [], fetches: [square(constant)], targets: [])
    #expect(whole.steps.isEmpty)
    #expect(try Session(graph).run(square(constant)).elements(Float.self)[300] == 9)
  }

  @Test func whatIsLargeRandomOrFailsIsNotFolded() throws {
    let graph = Graph()
    let wide = try graph.fill([1000, 1000], 2.5)
    #expect(types(try Plan(graph, feeds: [], fetches: [wide], targets: [])) == ["Fill"])
    let random = try graph.randomUniform([3]) + graph.constant([1.5, 2.5, 3.5])
    let session = Session(graph)
    #expect(try session.run(random) != session.run(random))
    let bad = try gather(
      numbers(graph), graph.constant(Tensor([Int32](repeating: 100, count: 5000))))
    let error = #expect(throws: GraphError.self) { try session.run(bad) }
    #expect(error?.code == .invalidArgument && error?.node != nil)
  }

  @Test func knownShapesAreFoldedUnlessTheyComeOfAFeed() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [2, 3])
    let size = try graph.constant([3, 2])
    let reshaped = try reshape(x, size)
    let shape = try graph.output(ShapeOf(), [reshaped], name: "shape", nil)
    #expect(types(try Plan(graph, feeds: [x], fetches: [shape], targets: [])) == [])
    let value = try Tensor(zeros: .float32, [2, 3])
    #expect(try Session(graph).run(shape, feeds: [x: value]).integers == [3, 2])
    let other = try Session(graph).run(shape, feeds: [x: value, size: [6, 1]])
    #expect(other.integers == [6, 1])
  }

  @Test func equalNodesAreMerged() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [nil, 3])
    let first = try sum(square(x), axes: [1])
    let second = try sum(square(x), axes: [1])
    let third = try sum(square(x), axes: [0])
    let fetches = [first, second, third]
    let plan = try Plan(graph, feeds: [x], fetches: fetches, targets: [])
    #expect(types(plan) == ["Square", "Sum", "Sum"])
    let feeds = [x: try Tensor([1, 2, 3, 4, 5, 6] as [Float]).reshaped([2, 3])]
    let merged = try Session(graph).run(fetches, feeds: feeds)
    #expect(try merged == Session(graph, passes: []).run(fetches, feeds: feeds))
    #expect(merged[0] == merged[1] && merged[0].floats == [14, 77])
    #expect(merged[2].floats == [17, 29, 45])
    // One of them is fed: the other is computed.
    let fed = try Session(graph).run(
      [first, second], feeds: [x: feeds[x] ?? merged[0], second: Tensor([1, 1] as [Float])])
    #expect(fed.map(\.floats) == [[14, 77], [1, 1]])
  }

  @Test func randomNumbersAndReadingsAreNotMerged() throws {
    let graph = Graph()
    let a = try graph.randomUniform([4])
    let b = try graph.randomUniform([4])
    let numbers = try Session(graph).run([a, b])
    #expect(numbers[0] != numbers[1])

    let variable = try graph.variable(graph.constant(1.5), kind: .reference)
    let before = try identity(variable.handle)
    let increment = try graph.assignAdd(variable, graph.constant(1.0))
    let after = try graph.withControlDependencies([increment]) { () throws(GraphError) in
      try identity(variable.handle)
    }
    let session = Session(graph)
    try session.run(variable.initializer)
    let values = try session.run([before, after])
    #expect(values.map(\.floats) == [[1.5], [2.5]])
  }

  @Test func identitiesAreSkipped() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [2])
    let copy = try identity(stopGradient(identity(x)))
    let y = try square(copy)
    let fetches = [copy, y]
    let plan = try Plan(graph, feeds: [x], fetches: fetches, targets: [copy.node])
    #expect(types(plan) == ["Square"])
    let feeds: [Output: Tensor] = [x: [1.5, 2]]
    #expect(try Session(graph).run(fetches, feeds: feeds).map(\.floats) == [[1.5, 2], [2.25, 4]])
    // A copy that is fed is what its reader takes.
    let fed = try Session(graph).run(fetches, feeds: [x: [1.5, 2], copy: [3.0, 4]])
    #expect(fed.map(\.floats) == [[3, 4], [9, 16]])
  }

  // MARK: - Element by element

  /// Values of which the loops see whole vectors, rests and several blocks.
  private func values(_ dimensions: [Int], seed: Int64) throws -> Tensor {
    let graph = Graph()
    return try Session(graph).run(graph.randomUniform(dimensions, from: -3, to: 3, seed: seed))
  }

  @Test(arguments: [1, 7, 1023, 1024, 50_001]) func chainsAreOneUnit(count: Int) throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [nil], name: "x")
    let y = try graph.placeholder(.float32, shape: [nil], name: "y")
    let scale = try graph.placeholder(.float32, shape: [], name: "scale")
    let a = try tanh(x * scale + exp(y) / (square(x) + 1)) - maximum(x, y)
    let b = try sigmoid(a) * square(a * sqrt(scale + scale)) * negative(x - x * 2)
    let gradients = try graph.gradients(of: [sum(b)], withRespectTo: [x, y]).compactMap(\.self)
    let plan = try Plan(graph, feeds: [x, y, scale], fetches: [b], targets: [])
    #expect(types(plan) == ["_FusedElementwise", "_FusedElementwise"])
    let feeds: [Output: Tensor] = [
      x: try values([count], seed: 3), y: try values([count], seed: 4), scale: 0.75,
    ]
    let fetches = [a, b] + gradients
    let plain = try Session(graph, passes: []).run(fetches, feeds: feeds)
    for threads in 1...3 {
      #expect(try Session(graph, threads: threads).run(fetches, feeds: feeds) == plain)
      let once = try Session(graph, threads: threads).run(b, feeds: feeds)
      #expect(once == plain[1])
    }
  }

  /// Numbers stay numbers within a chain, whatever is made of them.
  @Test func numbersInChains() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [nil, 3], name: "x")
    let deviation = try graph.placeholder(.float32, shape: [1, 1], name: "deviation")
    let least = try graph.placeholder(.float32, shape: [], name: "least")
    let number = try maximum(sqrt(deviation), least)
    let scaled = try (x - number) / number * exp(negative(x) / (number + 1))
    let plan = try Plan(graph, feeds: [x, deviation, least], fetches: [scaled], targets: [])
    #expect(plan.steps.count == 2)
    for rows in [0, 1, 5, 1000] {
      let feeds: [Output: Tensor] = [
        x: try values([rows, 3], seed: 7), deviation: [[2.5]], least: 0.25,
      ]
      let fused = try Session(graph).run(scaled, feeds: feeds)
      #expect(try fused == Session(graph, passes: []).run(scaled, feeds: feeds))
    }
  }

  @Test func shapesThatDifferInTheRunGoTogetherAsWithoutPasses() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [nil, nil], name: "x")
    let y = try graph.placeholder(.float32, shape: [nil, nil], name: "y")
    let z = try add(square(x), y, name: "sum") * x
    let plan = try Plan(graph, feeds: [x, y], fetches: [z], targets: [])
    #expect(types(plan) == ["_FusedElementwise"])
    for (left, right) in [
      ([3, 4], [1, 1]), ([1, 1], [2, 5]), ([3, 1], [1, 4]), ([0, 4], [0, 4]),
    ] {
      let feeds = [x: try values(left, seed: 5), y: try values(right, seed: 6)]
      let fused = try Session(graph).run(z, feeds: feeds)
      #expect(try fused == Session(graph, passes: []).run(z, feeds: feeds))
    }
    let feeds = [x: try values([2, 3], seed: 5), y: try values([3, 3], seed: 6)]
    let errors = [[], PlanPass.allCases].map { passes in
      #expect(throws: GraphError.self) { try Session(graph, passes: passes).run(z, feeds: feeds) }
    }
    #expect(errors[0]?.node?.contains("node sum") == true && errors[0]?.node == errors[1]?.node)
    #expect(errors[0]?.message == errors[1]?.message)
  }

  @Test func operandsOfChainsKeepTheirValues() throws {
    let graph = Graph()
    let variable = try graph.variable(graph.constant(values([2000], seed: 1)), kind: .reference)
    let x = try graph.placeholder(.float32, shape: [2000])
    let copy = try identity(x)
    let y = try square(copy) * variable.value + copy
    let session = Session(graph)
    try session.run(variable.initializer)
    let before = try session.run(variable.value)
    let fed = try values([2000], seed: 2)
    let first = try session.run([y, copy], feeds: [x: fed])
    let second = try session.run([y, copy], feeds: [x: fed])
    #expect(first == second && first[1] == fed)
    #expect(try fed == values([2000], seed: 2) && session.run(variable.value) == before)
  }

  @Test func tenThousandAdditionsAreOneUnit() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [], name: "x")
    var sum = x
    for _ in 0..<10_000 { sum = try sum + x }
    let plan = try Plan(graph, feeds: [x], fetches: [sum], targets: [])
    #expect(plan.steps.count == 1)
    #expect(try Session(graph).run(sum, feeds: [x: 0.5]).scalar(Float.self) == 5000.5)
    let plain = Session(graph, passes: [])
    #expect(try plain.run(sum, feeds: [x: 0.5]).scalar(Float.self) == 5000.5)
  }

  // MARK: - Description

  @Test func aPlanIsDescribed() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [64, 100], name: "x")
    let filter = try graph.constant(Tensor([Float](repeating: 0.1, count: 10_000)))
    let weights = try reshape(filter, [100, 100], name: "weights")
    let product = try matmul(x, weights, name: "product")
    let shifted = try add(square(product), product, name: "shifted")
    let shape = try reshape(identity(shifted), [6400], name: "flat")
    let total = try sum(shape, name: "total")
    let callable = try Session(graph).callable(feeds: [x], fetches: [total])
    let plan = callable.describePlan()
    #expect(plan.units.map(\.node.name) == ["product", "shifted", "flat", "total"])
    #expect(plan.isComplete && plan.constantCount == 3)
    let outputs = plan.units.map { $0.outputs[0] }
    #expect(outputs.map(\.byteCount) == [25_600, 25_600, 25_600, 4])
    #expect(outputs.map(\.isShared) == [false, true, true, false])
    #expect(outputs[0].offset == 0 && outputs[1].offset == 0 && outputs[2].offset == 0)
    #expect(plan.units[1].parts.map(\.type) == ["Square"])
    #expect(plan.units[1].released == ["product:0"])
    #expect(plan.changes.map(\.pass) == [.skipIdentities, .foldConstants, .fuseElementwise])
    #expect(plan.peak.held >= 25_604 && plan.peak.held < 27_000)

    let open = try graph.placeholder(.float32, shape: [nil, 3], name: "open")
    let squares = try Session(graph).callable(feeds: [open], fetches: [square(open)])
    #expect(!squares.describePlan().isComplete)
    let trace = RunTrace()
    _ = try squares.run([values([5000, 3], seed: 1)], trace: trace)
    #expect(squares.describePlan(trace).isComplete)
    #expect(squares.describePlan(trace).units[0].outputs[0].byteCount == 60_000)
  }
}
