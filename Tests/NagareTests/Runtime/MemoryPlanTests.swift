import Testing

@testable import Nagare

/// Where the values of a run lie: what lives at the same time never overlaps, tensors are joined and parted
/// where they are, and a plan that does not come true changes no result.
@Suite struct MemoryPlanTests {
  private static let withoutPlanning = PlanPass.allCases.filter { $0 != .planMemory }

  private func numbers(_ dimensions: [Int], seed: Int64) throws -> Tensor {
    let graph = Graph()
    return try Session(graph).run(graph.randomUniform(dimensions, from: -1, to: 1, seed: seed))
  }

  /// Follows the values of a described plan and looks whether one is written where another is to be read.
  private func checkPlaces(_ plan: PlanDescription) {
    var live: [String: Range<Int>] = [:]
    var count = 0
    for unit in plan.units {
      for output in unit.outputs {
        guard let offset = output.offset, let byteCount = output.byteCount else { continue }
        let range = offset..<(offset + byteCount)
        #expect(range.upperBound <= plan.peak.reserved)
        if !output.isShared {
          count += 1
          for (name, other) in live where other.overlaps(range) {
            // Parts that are joined lie in the whole, and end with it.
            #expect(unit.inputs.contains(name) && unit.released.contains(name))
            #expect(range.lowerBound <= other.lowerBound && other.upperBound <= range.upperBound)
          }
        }
        live[output.name] = range
      }
      for name in unit.released { live[name] = nil }
    }
    #expect(count > 1)
  }

  /// A network with its gradients; the loss, the gradients and the update of a variable.
  @Test(arguments: [1, 2, 3] as [Int64]) func placesOfLiveValuesDoNotOverlap(seed: Int64) throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [4, 16, 16, 3], name: "x")
    var features = x
    var filters: [Output] = []
    for (index, channels) in [8, 12, 16].enumerated() {
      let inputs = features.shape[3] ?? 0
      let filter = try graph.constant(
        numbers([3, 3, inputs, channels], seed: seed * 10 + Int64(index)))
      filters.append(filter)
      let convolved = try conv2D(features, filter: filter)
      features = try index == 1 ? tanh(convolved) + sigmoid(convolved) : relu(convolved)
    }
    let loss = try sum(square(features))
    let gradients = try graph.gradients(of: [loss], withRespectTo: filters).compactMap(\.self)
    let totals = try gradients.map { try sum(abs($0)) }
    let picture = try numbers([4, 16, 16, 3], seed: seed)
    let callable = try Session(graph).callable(feeds: [x], fetches: [loss] + totals)
    let plan = callable.describePlan()
    checkPlaces(plan)
    #expect(plan.peak.held > 0 && plan.peak.held <= plan.peak.reserved)
    let plain = try Session(graph, passes: Self.withoutPlanning)
      .callable(feeds: [x], fetches: [loss] + totals)
    #expect(plain.describePlan().peak == (0, 0))
    let expected = try plain.run([picture])
    for _ in 0..<3 { #expect(try callable.run([picture]) == expected) }
  }

  @Test func joinedTensorsLieInTheWhole() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [32, 128], name: "x")
    let y = try graph.placeholder(.float32, shape: [1, 3], name: "y")
    let parts = try [exp(x), reshape(tanh(x), [64, 64]), square(x)]
    let rows = try [parts[0], reshape(parts[1], [32, 128]), x, parts[2]]
    let joined = try concat(rows, axis: 0, name: "joined")
    let total = try sum(matmul(joined, joined, transposeB: true)) + sum(y)
    let callable = try Session(graph).callable(feeds: [x, y], fetches: [total])
    let plan = callable.describePlan()
    func value(_ name: String) throws -> PlanDescription.Value {
      try #require(plan.units.flatMap(\.outputs).first { $0.name == "\(name):0" })
    }
    let whole = try #require(try value("joined").offset)
    #expect(try value(parts[0].node.name).offset == whole)
    #expect(try value("Tanh").offset == whole + 16_384)
    #expect(try value(parts[2].node.name).offset == whole + 3 * 16_384)
    checkPlaces(plan)

    let plain = try Session(graph, passes: Self.withoutPlanning)
      .callable(feeds: [x, y], fetches: [total, joined])
    let feeds = [try numbers([32, 128], seed: 1), try numbers([1, 3], seed: 2)]
    let expected = try plain.run(feeds)
    for _ in 0..<2 { #expect(try callable.run(feeds) == [expected[0]]) }
    // Fetched, it has memory of its own, and stays what it is while other runs go on.
    let fetching = try Session(graph).callable(feeds: [x, y], fetches: [total, joined])
    let first = try fetching.run(feeds)
    _ = try fetching.run([try numbers([32, 128], seed: 3), feeds[1]])
    #expect(first == expected)
  }

  /// What is read again after it was joined stays.
  @Test func aPartThatIsReadLaterIsCopied() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [64, 64], name: "x")
    let part = try exp(x)
    let joined = try concat([part, part, tanh(x)], axis: 0)
    let doubled = try joined + joined
    let results = try [sum(doubled), sum(square(part)), sum(abs(joined))]
    let feed = try numbers([64, 64], seed: 1)
    let expected = try Session(graph, passes: Self.withoutPlanning).run(results, feeds: [x: feed])
    #expect(try Session(graph).run(results, feeds: [x: feed]) == expected)
  }

  @Test func partsOfATensorLieWhereItWas() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [48, 128], name: "x")
    let parts = try split(exp(x), count: 3, axis: 0, name: "split")
    let sized = try split(tanh(x), sizes: [8, -1], axis: 0, name: "sized")
    let rows = try unstack(reshape(square(x), [2, 24, 128]), name: "unstack")
    let columns = try split(abs(x), count: 2, axis: 1, name: "columns")
    var results: [Output] = []
    for part in parts + sized + rows + columns {
      // A sum over what the part was made of by an op that would overwrite it.
      results.append(try sum(negative(part) * part))
    }
    let callable = try Session(graph).callable(feeds: [x], fetches: results)
    let plan = callable.describePlan()
    for name in ["split", "sized", "unstack", "columns"] {
      let unit = try #require(plan.units.first { $0.node.name == name })
      #expect(unit.outputs.allSatisfy { $0.isShared == (name != "columns") })
    }
    let outputs = try #require(plan.units.first { $0.node.name == "split" }).outputs
    let offsets = outputs.compactMap(\.offset)
    #expect(offsets.count == 3 && zip(offsets, offsets.dropFirst()).allSatisfy { $1 - $0 == 8192 })
    checkPlaces(plan)
    let feed = try numbers([48, 128], seed: 4)
    let expected = try Session(graph, passes: Self.withoutPlanning).run(results, feeds: [x: feed])
    for _ in 0..<2 { #expect(try callable.run([feed]) == expected) }
    // Fetched, parts are tensors of their own.
    let fetching = try Session(graph).callable(feeds: [x], fetches: parts)
    let first = try fetching.run([feed])
    let copy = first.map(\.floats)
    _ = try fetching.run([try numbers([48, 128], seed: 5)])
    #expect(first.map(\.floats) == copy)
  }

  /// Sizes that follow from values are planned as a run showed them, and not where they change.
  @Test func sizesThatChangeChangeNoResult() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [nil], name: "x")
    let count = try graph.placeholder(.int32, shape: [], name: "count")
    let head = try tile(reshape(x, [1, -1]), multiples: stack([count, graph.constant(1)]))
    let joined = try concat([exp(head), tanh(head), square(head)], axis: 0)
    let result = try sum(joined * joined, axes: [1])
    let callable = try Session(graph).callable(feeds: [x, count], fetches: [result])
    let plain = try Session(graph, passes: []).callable(feeds: [x, count], fetches: [result])
    for (seed, rows) in [3, 3, 3, 5, 2, 3, 64, 3, 3].enumerated() {
      let feeds = [
        try numbers([4096], seed: Int64(seed + 1)), try Tensor(scalar: Int32(rows)),
      ]
      #expect(try callable.run(feeds) == plain.run(feeds))
    }
    let other = [try numbers([8000], seed: 7), try Tensor(scalar: Int32(3))]
    for _ in 0..<3 { #expect(try callable.run(other) == plain.run(other)) }
  }

  /// What a variable keeps is not overwritten by the next run.
  @Test(arguments: [.resource, .reference] as [Graph.VariableKind])
  func variablesKeepWhatTheyAreGiven(kind: Graph.VariableKind) throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [64, 64], name: "x")
    let variable = try graph.variable(exp(x), name: "w", kind: kind)
    let other = try sum(tanh(x) * square(x))
    let session = Session(graph)
    let feeds = [try numbers([64, 64], seed: 1), try numbers([64, 64], seed: 2)]
    _ = try session.run([other], feeds: [x: feeds[0]], targets: [variable.initializer])
    for _ in 0..<3 { _ = try session.run([other], feeds: [x: feeds[1]]) }
    #expect(try session.run(variable.value) == session.run(exp(x), feeds: [x: feeds[0]]))
  }

  /// A kernel may give its input as it is: neither what that is a part of is written, nor does what is kept
  /// hold the memory of a run.
  @Test(arguments: [.resource, .reference] as [Graph.VariableKind])
  func whatPassesThroughIsCopied(kind: Graph.VariableKind) throws {
    let graph = Graph()
    let rows = try numbers([4, 4096], seed: 1)
    let whole = try graph.constant(rows)
    let begin = try graph.placeholder(.int32, shape: [2], name: "begin")
    let beginRow = try graph.placeholder(.int32, shape: [1], name: "begin_row")
    let size = try graph.constant(Tensor([4, 4096] as [Int32]))
    let parts = try unstack(slice(whole, begin: begin, size: size))
    let row = try slice(parts[0], begin: beginRow, size: graph.constant(Tensor([4096] as [Int32])))
    let variable = try graph.variable(row, name: "w", kind: kind)
    let change = try graph.assignAdd(variable, row)
    let session = Session(graph)
    let feeds = [
      begin: try Tensor([0, 0] as [Int32]), beginRow: try Tensor([0] as [Int32]),
    ]
    _ = try session.run([], feeds: feeds, targets: [variable.initializer])
    for _ in 0..<2 { _ = try session.run([], feeds: feeds, targets: [change]) }
    #expect(try session.run(whole) == rows)
    let first = try #require(rows.floats?.prefix(4096))
    #expect(try session.run(variable.value).floats == first.map { $0 + $0 + $0 })
  }

  /// A place that is taken is not given, and the memory is free again with its last tensor.
  @Test func aTakenPlaceIsNotGivenAgain() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [100, 100], name: "x")
    let y = try sum(square(matmul(x, x)))
    let plan = try Plan(graph, feeds: [x], fetches: [y], targets: [], passes: [.planMemory])
    let places = try #require(
      MemoryPlan(
        plan.steps, slots: plan.initialSlots, shapes: plan.shapes(shownBy: nil)
      ).ifAny)
    let step = try #require(places.places.firstIndex { !$0.isEmpty })
    let byteCount = places.places[step][0].byteCount
    #expect(byteCount == 40_000)
    let memory = try RunMemory(places)
    var first = memory.allocate(byteCount, for: step)
    #expect(first?.byteCount == byteCount)
    #expect(memory.allocate(byteCount, for: step) == nil)
    #expect(memory.allocate(byteCount + 1, for: step) == nil)
    first = nil
    #expect(memory.allocate(byteCount, for: step) != nil)
  }
}
