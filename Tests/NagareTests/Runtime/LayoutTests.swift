import Testing

@testable import Nagare

/// Which pictures a plan computes with channels last, and that the results have the same bits.
@Suite struct LayoutTests {
  private func values(
    _ dimensions: [Int], from low: Double = -1, to high: Double = 1, seed: Int64 = 1
  ) throws -> Tensor {
    let graph = Graph()
    return try Session(graph).run(graph.randomUniform(dimensions, from: low, to: high, seed: seed))
  }

  private func types(_ plan: Plan) -> [String] { plan.steps.map { type(of: $0.op).name } }

  private func count(_ plan: Plan, _ type: String) -> Int {
    types(plan).filter { $0 == type }.count
  }

  /// How many tensors of rank 4 a plan brings into another order.
  private func transpositions(_ plan: Plan) -> Int {
    let pictures = plan.steps.filter { $0.specs.first?.shape.rank == 4 }
    return pictures.filter { $0.op is Rearranged || $0.op is Transpose }.count
  }

  /// The values without passes, which are the same bits with the pass and the same up to rounding with
  /// all.
  @discardableResult
  private func check(
    _ graph: Graph, _ fetches: [Output], _ feeds: [Output: Tensor],
    location: Testing.SourceLocation = #_sourceLocation
  ) throws -> [Tensor] {
    let plain = try Session(graph, passes: []).run(fetches, feeds: feeds)
    for threads in [1, 2] {
      let moved = try Session(graph, threads: threads, passes: [.foldConstants, .chooseLayouts])
        .run(fetches, feeds: feeds)
      #expect(plain == moved, sourceLocation: location)
    }
    let all = try Session(graph).run(fetches, feeds: feeds)
    // Some gradients would be zero but for rounding.
    let scale = plain.compactMap { $0.floats?.map(abs).max() }.max() ?? 0
    for (x, y) in zip(plain, all) {
      #expect(x.dimensions == y.dimensions, sourceLocation: location)
      guard let x = x.floats, let y = y.floats else { continue }
      let near = zip(x, y).allSatisfy { abs($0 - $1) <= 1e-5 * scale }
      #expect(near, sourceLocation: location)
    }
    return plain
  }

  /// Convolutions with bias, batch normalization, ReLU, pooling, a sum with an earlier tensor and a join of
  /// two, all with channels first.
  private struct Network {
    let graph = Graph()
    let input: Output
    let inner: Output
    let last: Output
    let loss: Output
    let variables: [Output]

    init(batch: Int?, isTraining: Bool) throws {
      graph.randomSeed = 3
      let graph = graph
      let x = try graph.placeholder(.float32, shape: Shape([batch, 3, 16, 12]), name: "input")
      var variables: [Output] = []
      func parameter(_ shape: [Int], _ low: Double, _ high: Double) throws -> Output {
        let value = try Session(graph).run(graph.randomUniform(shape, from: low, to: high))
        variables.append(try graph.constant(value))
        return variables[variables.count - 1]
      }
      func layer(_ x: Output, _ inputs: Int, _ outputs: Int, _ name: String) throws -> Output {
        let filter = try parameter([3, 3, inputs, outputs], -0.5, 0.5)
        let sum = try biasAdd(
          conv2D(x, filter: filter, dataFormat: .nchw, name: name), parameter([outputs], -1, 1),
          dataFormat: .nchw)
        let given = try (
          isTraining ? nil : parameter([outputs], -1, 1),
          isTraining ? nil : parameter([outputs], 0.5, 2)
        )
        let normalized = try fusedBatchNorm(
          sum, scale: parameter([outputs], 0.5, 2), offset: parameter([outputs], -1, 1),
          mean: given.0, variance: given.1, isTraining: isTraining, dataFormat: .nchw
        ).output
        return try relu(normalized)
      }
      let first = try maxPool(
        layer(x, 3, 16, "first"), size: (2, 2), dataFormat: .nchw, name: "pooled")
      let second = try layer(first, 16, 16, "second") + first
      let depthwise = try relu6(
        depthwiseConv2D(second, filter: parameter([3, 3, 16, 1], -1, 1), dataFormat: .nchw))
      let joined = try concat([depthwise, first], axis: 1, name: "joined")
      let third = try layer(
        pad(joined, [(0, 0), (0, 0), (1, 2), (2, 1)]), 32, 8, "third")
      input = x
      inner = second
      last = try avgPool(
        third, size: (3, 3), strides: (2, 2), padding: .same, dataFormat: .nchw, name: "last")
      loss = try sum(square(mean(last, axes: [2, 3])))
      self.variables = variables
    }
  }

  @Test(arguments: [nil, 2], [false, true])
  func aNetworkIsTransposedAtItsEndsAlone(batch: Int?, isTraining: Bool) throws {
    let network = try Network(batch: batch, isTraining: isTraining)
    let plan = try Plan(
      network.graph, feeds: [network.input], fetches: [network.last], targets: [])
    #expect(transpositions(plan) == 2)
    #expect(plan.steps.first.map { type(of: $0.op).name } == Rearranged.name)
    #expect(plan.steps.last.map { type(of: $0.op).name } == Rearranged.name)
    #expect(count(plan, "BiasAdd") == 0)
    let feeds = [network.input: try values([2, 3, 16, 12], seed: 5)]
    try check(network.graph, [network.last], feeds)
    // What is fetched in between has channels first.
    let both = try check(network.graph, [network.last, network.inner, network.input], feeds)
    #expect(both[1].dimensions == [2, 16, 8, 6])
    let without = try Plan(
      network.graph, feeds: [network.input], fetches: [network.last], targets: [],
      passes: PlanPass.allCases.filter { $0 != .chooseLayouts })
    #expect(transpositions(without) == 0 && count(without, "Conv2D") > 0)
  }

  @Test(arguments: [nil, 2]) func gradientsHaveChannelsLast(batch: Int?) throws {
    let network = try Network(batch: batch, isTraining: true)
    let variables = network.variables + [network.input]
    let gradients = try network.graph.gradients(of: [network.loss], withRespectTo: variables)
    let fetches = [network.loss] + gradients.compactMap(\.self)
    let plan = try Plan(network.graph, feeds: [network.input], fetches: fetches, targets: [])
    let formats = plan.steps.compactMap { $0.node.attributes["data_format"] }
    #expect(formats.count > 10 && Set(formats) == [.string(Array("NHWC".utf8))])
    // The input, the last picture before the mean, its gradient and the gradient to the input.
    // Where the batch is not known, the gradients of the sum may have to be summed over it.
    #expect(transpositions(plan) == (batch == nil ? 7 : 4))
    try check(network.graph, fetches, [network.input: values([2, 3, 16, 12], seed: 5)])
  }

  /// As converters from other formats write it: each convolution between two transpositions.
  @Test(arguments: [nil, 2]) func transpositionsAroundConvolutionsCancel(batch: Int?) throws {
    let graph = Graph()
    let input = try graph.placeholder(.float32, shape: Shape([batch, 3, 9, 7]), name: "input")
    func layer(_ x: Output, _ inputs: Int, _ outputs: Int, _ seed: Int64) throws -> Output {
      let filter = try graph.constant(values([3, 3, inputs, outputs], seed: seed))
      let bias = try graph.constant(values([1, outputs, 1, 1], seed: seed))
      let result = try conv2D(transpose(x, permutation: [0, 2, 3, 1]), filter: filter)
      return try relu(transpose(result, permutation: [0, 3, 1, 2]) + bias)
    }
    let first = try layer(input, 3, 16, 1)
    let second = try layer(first, 16, 16, 2)
    let output = try layer(second + first, 16, 16, 3)
    let plan = try Plan(graph, feeds: [input], fetches: [output], targets: [])
    #expect(transpositions(plan) == 2)
    #expect(plan.changes.contains { $0.pass == .chooseLayouts && $0.node.type == "Transpose" })
    let feeds = [input: try values([2, 3, 9, 7], seed: 4)]
    try check(graph, [output], feeds)
    try check(graph, [output, first], feeds)
  }

  @Test func transpositionsThatFollowOneAnotherAreOne() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [2, nil, 4], name: "x")
    let turned = try transpose(x, permutation: [2, 0, 1])
    let back = try transpose(turned, permutation: [1, 2, 0])
    let other = try transpose(turned, permutation: [1, 0, 2])
    let plan = try Plan(
      graph, feeds: [x], fetches: [abs(back), abs(other)], targets: [])
    #expect(types(plan).sorted() == ["Abs", "Abs", Rearranged.name])
    try check(graph, [abs(back), abs(other), back], [x: values([2, 3, 4])])
    let alone = try Plan(graph, feeds: [x], fetches: [turned], targets: [])
    #expect(types(alone) == ["Transpose"] && alone.changes.isEmpty)
  }

  /// Operands of fewer dimensions that are transposed themselves, and sizes that are numbers to others.
  @Test func operandsMayBeTransposedThemselves() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [nil, 8, 6, 4], name: "x")
    let rows = try graph.placeholder(.float32, shape: [4, 8, 6], name: "rows")
    func convolved(_ x: Output, _ seed: Int64) throws -> Output {
      let filter = try graph.constant(values([3, 3, 8, 8], seed: seed))
      return try conv2D(x, filter: filter, dataFormat: .nchw)
    }
    let first = try convolved(x, 1)
    let sum = try first + transpose(rows, permutation: [1, 2, 0])
    let sizes = try shape(of: sum)
    let numbers = try cast(sum, to: .int32) * sizes
    let output = try convolved(cast(numbers, to: .float32), 2)
    let feeds = [x: try values([2, 8, 6, 4], from: -9, to: 9), rows: try values([4, 8, 6])]
    try check(graph, [output, sizes], feeds)
    let plan = try Plan(graph, feeds: [x, rows], fetches: [output, sizes], targets: [])
    #expect(transpositions(plan) == 4)
  }

  /// Where nothing is won, nothing is moved.
  @Test func opsBetweenOthersStay() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [2, 32, 4, 5], name: "x")
    let bias = try graph.constant(values([32]))
    let shifted = try relu(biasAdd(x, bias, dataFormat: .nchw))
    let flat = try reshape(transpose(shifted, permutation: [0, 2, 3, 1]), [2, 640])
    let plan = try Plan(graph, feeds: [x], fetches: [flat], targets: [])
    #expect(!plan.changes.contains { $0.pass == .chooseLayouts })
    try check(graph, [flat], [x: values([2, 32, 4, 5])])
  }

  /// A feed in the middle of a network, and pictures of a rank that is not known.
  @Test func feedsAndUnknownRanksKeepTheirLayout() throws {
    let network = try Network(batch: 2, isTraining: false)
    let plan = try Plan(
      network.graph, feeds: [network.inner, network.input], fetches: [network.last], targets: [])
    #expect(transpositions(plan) == 3)
    try check(
      network.graph, [network.last, network.inner],
      [network.input: values([2, 3, 16, 12]), network.inner: values([2, 16, 8, 6], seed: 2)])

    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: .unknown, name: "x")
    let filter = try graph.constant(values([3, 3, 2, 16]))
    let y = try relu(conv2D(relu(x), filter: filter, dataFormat: .nchw))
    let feeds = [x: try values([1, 2, 5, 6])]
    try check(graph, [y], feeds)
    let open = try Plan(graph, feeds: [x], fetches: [y], targets: [])
    #expect(count(open, Rearranged.name) == 0)
  }

  /// Operands that broadcast, of fewer dimensions too.
  @Test func operandsThatBroadcastAreTransposedToo() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [2, 3, 6, 5], name: "x")
    func convolved(_ x: Output, _ inputs: Int, _ seed: Int64) throws -> Output {
      let filter = try graph.constant(values([3, 3, inputs, 16], seed: seed))
      return try conv2D(x, filter: filter, dataFormat: .nchw)
    }
    var y = try convolved(x, 3, 1)
    let shapes = [[16, 1, 1], [5], [6, 1], [1, 16, 1, 5], [], [1], [2, 1, 6, 5]]
    for (index, shape) in shapes.enumerated() {
      let operand = try graph.constant(values(shape, seed: Int64(index)))
      y = index % 2 == 0 ? try y * operand : try operand - y
    }
    let fed = try graph.placeholder(.float32, shape: [16, 1, 5], name: "fed")
    let z = try convolved(maximum(y, fed), 16, 2)
    let plan = try Plan(graph, feeds: [x, fed], fetches: [z], targets: [])
    #expect(transpositions(plan) == 3)
    try check(graph, [z], [x: values([2, 3, 6, 5]), fed: values([16, 1, 5], seed: 9)])
  }

  /// What does not fit in the run is refused in the words of the graph.
  @Test func refusalsAreThoseOfTheGraph() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [1, nil, 6, 5], name: "x")
    let other = try graph.placeholder(.float32, shape: [1, nil, nil, nil], name: "other")
    let filter = try graph.placeholder(.float32, shape: [3, 3, nil, nil], name: "filter")
    let convolution = try conv2D(x, filter: filter, dataFormat: .nchw, name: "convolution")
    let sum = try addN([convolution, other], name: "sum")
    let joined = try concat([relu(sum), sum, x], axis: 1, name: "joined")
    let output = try relu(conv2D(joined, filter: filter, dataFormat: .nchw, name: "last"))
    let plan = try Plan(graph, feeds: [x, other, filter], fetches: [output], targets: [])
    #expect(count(plan, Rearranged.name) == 3)
    func refusal(_ passes: [PlanPass], _ sizes: [Int], _ others: [Int]) throws -> GraphError? {
      #expect(throws: GraphError.self) {
        try Session(graph, passes: passes).run(
          output,
          feeds: [
            x: values([1, 4, 6, 5]), other: values([1] + others), filter: values([3, 3] + sizes),
          ])
      }
    }
    for (sizes, others) in [([3, 7], [7, 6, 5]), ([4, 8], [8, 5, 5]), ([4, 9], [9, 6, 5])] {
      let plain = try refusal([], sizes, others)
      for passes in [[.chooseLayouts], PlanPass.allCases] {
        let error = try refusal(passes, sizes, others)
        #expect(error == plain && error?.node?.contains("6,5]") == true)
      }
    }
  }

  /// An operand of fewer dimensions is named as it is.
  @Test func refusalsNameOperandsOfLowerRank() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [1, 4, 6, 5], name: "x")
    let filter = try graph.placeholder(.float32, shape: [3, 3, nil, nil], name: "filter")
    let bias = try graph.placeholder(.float32, shape: [16, 1, 1], name: "bias")
    let sum = try add(conv2D(x, filter: filter, dataFormat: .nchw), bias, name: "sum")
    let last = try graph.constant(values([3, 3, 16, 2]))
    let output = try conv2D(sigmoid(sum), filter: last, dataFormat: .nchw)
    let feeds = [
      x: try values([1, 4, 6, 5]), filter: try values([3, 3, 4, 8]), bias: try values([16, 1, 1]),
    ]
    let errors = [[], [.chooseLayouts], PlanPass.allCases].map { passes in
      #expect(throws: GraphError.self) {
        try Session(graph, passes: passes).run(output, feeds: feeds)
      }
    }
    #expect(errors[0]?.message.contains("[16,1,1]") == true)
    #expect(errors[1] == errors[0] && errors[2] == errors[0])
  }
}
