import TestSupport
import Testing

@testable import Nagare

/// Every op against TensorFlow: inferred shapes, values, gradients, refusals. A failure names the
/// case; the others go on.
@Suite struct OpCaseTests {
  static let ops = Golden.casedOps.filter { Registry.definition($0) != nil }

  @Test func everyOpIsRegistered() {
    let missing = Golden.definitions.map(\.name).filter { Registry.definition($0) == nil }
    #expect(missing.isEmpty, "\(missing.count) ops are missing: \(missing.joined(separator: " "))")
  }

  @Test(arguments: ops) func infersShapes(_ op: String) {
    for node in cases(op) where !node.golden.isRefused {
      for mode in [InputMode.const, .full, .partial, .unknown] {
        node.checkShapes(mode)
      }
    }
  }

  @Test(arguments: ops) func computes(_ op: String) {
    for node in cases(op) where !node.golden.isRefused { node.checkValues() }
  }

  @Test(arguments: ops) func differentiates(_ op: String) {
    for node in cases(op) where !node.golden.gradients.isEmpty { node.checkGradients(.gradient) }
  }

  @Test(arguments: ops) func differentiatesUnknownShapes(_ op: String) {
    for node in cases(op) where !node.golden.gradients.isEmpty {
      node.checkGradients(.unknownGradient)
    }
  }

  @Test(arguments: ops) func agreesWithFiniteDifferences(_ op: String) {
    for node in cases(op) where node.golden.hasFiniteDifferences { node.checkFiniteDifferences() }
  }

  @Test(arguments: ops) func refuses(_ op: String) {
    for node in cases(op) {
      if let refusal = node.golden.buildRefusal { node.checkRefusedBuild(refusal) }
      if let refusal = node.golden.runRefusal { node.checkRefusedRun(refusal) }
    }
  }

  func cases(_ op: String) -> [OpCaseNode] {
    Golden.cases(of: op).map(OpCaseNode.init)
  }
}

/// A case, and its node in a graph of the engine.
struct OpCaseNode {
  let golden: OpCase

  /// A graph with the node in it.
  struct Placed {
    let graph: Graph
    let node: Node
    /// One entry an input, `nil` for a constant.
    let placeholders: [Output?]
    var outputs: [Output] { graph.outputs(of: node) }
  }

  init(_ golden: OpCase) { self.golden = golden }

  private var values: [Tensor] { golden.inputs.flatMap { $0 } }

  func fail(_ what: String, _ difference: String) {
    Issue.record("\(golden.name) | \(what) | \(difference)")
  }

  func place(_ mode: InputMode) throws(GraphError) -> Placed {
    let graph = Graph()
    var inputs: [Output] = []
    var placeholders: [Output?] = []
    for (position, argument) in golden.inputs.enumerated() {
      let isIndex = golden.indexArguments.contains(position)
      for value in argument {
        if mode == .const || (isIndex && (mode != .full && mode != .unknown)) {
          inputs.append(try graph.constant(value))
          placeholders.append(nil)
          continue
        }
        var shape = value.shape
        if mode == .unknown || mode == .unknownGradient { shape = .unknown }
        if mode == .partial, value.rank > 0 { shape.dimensions?[0] = nil }
        let input = try graph.placeholder(value.dataType, shape: shape)
        inputs.append(input)
        placeholders.append(input)
      }
    }
    let node = try graph.addNode(
      golden.op, inputs, attributes: golden.attributes, name: "node")
    return Placed(graph: graph, node: node, placeholders: placeholders)
  }

  private func feeds(_ placed: Placed) -> [Output: Tensor] {
    var feeds: [Output: Tensor] = [:]
    for (placeholder, value) in zip(placed.placeholders, values) {
      if let placeholder { feeds[placeholder] = value }
    }
    return feeds
  }

  func checkShapes(_ mode: InputMode) {
    do {
      let placed = try place(mode)
      let inferred = placed.node.outputs.map(\.shape)
      let expected = golden.shapes[mode] ?? []
      // The engine may know more than TensorFlow: it evaluates constants while it builds.
      let agrees =
        inferred.count == expected.count
        && zip(inferred, expected).allSatisfy { $0.merged(with: $1) == $0 }
      if !agrees { fail("shapes, \(mode)", "expected \(expected), got \(inferred)") }
      for (shape, value) in zip(inferred, golden.outputs) {
        guard let value, !shape.isCompatible(with: value.shape) else { continue }
        fail("inferred, \(mode)", "\(shape) contradicts the value's \(value.shape)")
      }
    } catch { fail("building, \(mode)", "\(error)") }
  }

  func checkValues() {
    do {
      let placed = try place(.unknown)
      let session = Session(placed.graph, threads: 1)
      for (index, expected) in ([golden.outputs] + golden.again).enumerated() {
        let run = index == 0 ? "value" : "value of run \(index + 1)"
        let values = try session.run(
          placed.outputs, feeds: feeds(placed), targets: [placed.node])
        guard values.count == expected.count else {
          fail(run, "expected \(expected.count) outputs, got \(values.count)")
          return
        }
        for (output, (value, expected)) in zip(values, expected).enumerated() {
          guard let expected else { continue }
          if let difference = value.difference(from: expected, golden.tolerance) {
            fail("\(run) \(output)", difference)
          }
        }
      }
    } catch { fail("running", "\(error)") }
  }

  /// Inputs that TensorFlow has a gradient for, as positions.
  private var differentiated: [Int] {
    golden.gradients.indices.filter { golden.gradients[$0] != nil }
  }

  private func addGradients(_ placed: Placed) throws(GraphError) -> [Output?] {
    var targets: [Output] = []
    var weights: [Output] = []
    for (output, weight) in zip(placed.outputs, golden.weights) {
      guard let weight else { continue }
      targets.append(output)
      weights.append(try placed.graph.constant(weight))
    }
    let sources = differentiated.compactMap { placed.placeholders[$0] }
    return try placed.graph.gradients(of: targets, withRespectTo: sources, upstream: weights)
  }

  func checkGradients(_ mode: InputMode) {
    do {
      let placed = try place(mode)
      let gradients = try addGradients(placed)
      try compare(gradients, golden.gradients, "\(mode)", placed)
      guard !golden.secondGradients.isEmpty else { return }
      var targets: [Output] = []
      var weights: [Output] = []
      for (gradient, weight) in zip(gradients, golden.secondWeights) {
        guard let gradient, let weight else { continue }
        targets.append(gradient)
        weights.append(try placed.graph.constant(weight))
      }
      let sources = golden.secondGradients.indices
        .filter { golden.secondGradients[$0] != nil }.compactMap { placed.placeholders[$0] }
      let second = try placed.graph.gradients(
        of: targets, withRespectTo: sources, upstream: weights)
      try compare(second, golden.secondGradients, "second \(mode)", placed)
    } catch { fail("differentiating, \(mode)", "\(error)") }
  }

  private func compare(
    _ gradients: [Output?], _ expected: [Tensor?], _ what: String, _ placed: Placed
  ) throws(GraphError) {
    let session = Session(placed.graph, threads: 1)
    let positions = expected.indices.filter { expected[$0] != nil }
    for (position, gradient) in zip(positions, gradients) {
      guard let wanted = expected[position] else { continue }
      guard let gradient else {
        fail("\(what) of input \(position)", "expected \(wanted.shape), got none")
        continue
      }
      let value = try session.run(gradient, feeds: feeds(placed))
      if !gradient.shape.isCompatible(with: value.shape) {
        fail("\(what) of input \(position)", "\(gradient.shape) contradicts \(value.shape)")
      }
      if let difference = value.difference(from: wanted, .relative) {
        fail("\(what) of input \(position)", difference)
      }
    }
  }

  /// The engine's own gradient against the slope of its own values along one direction.
  func checkFiniteDifferences() {
    do {
      let placed = try place(.gradient)
      let gradients = try addGradients(placed)
      let session = Session(placed.graph, threads: 1)
      let start = feeds(placed)
      let isExact = (values + golden.outputs.compactMap { $0 }).allSatisfy {
        $0.dataType != .float32
      }
      let step = isExact ? 1e-6 : 1e-2
      var directions: [Output: [Double]] = [:]
      var expected = 0.0
      var random = SplitMix(state: 7)
      for (position, gradient) in zip(differentiated, gradients) {
        guard let gradient, let source = placed.placeholders[position] else { continue }
        let direction = (0..<values[position].count).map { _ in random.next() }
        directions[source] = direction
        let slopes = try session.run(gradient, feeds: start).doubles ?? []
        expected += zip(slopes, direction).reduce(0) { $0 + $1.0 * $1.1 }
      }
      let ahead = try loss(placed, session, start, directions, step)
      let behind = try loss(placed, session, start, directions, -step)
      let slope = (ahead - behind) / (2 * step)
      if abs(slope - expected) > (isExact ? 1e-5 : 3e-2) * max(1, abs(slope)) {
        fail("finite differences", "slope \(slope), gradient \(expected)")
      }
    } catch { fail("finite differences", "\(error)") }
  }

  private func loss(
    _ placed: Placed, _ session: Session, _ start: [Output: Tensor],
    _ directions: [Output: [Double]], _ step: Double
  ) throws(GraphError) -> Double {
    var feeds = start
    for (source, direction) in directions {
      guard let value = start[source], let base = value.doubles else { continue }
      let moved = zip(base, direction).map { $0 + step * $1 }
      feeds[source] =
        value.dataType == .float64
        ? try Tensor(moved, dimensions: value.dimensions)
        : try Tensor(moved.map { Float($0) }, dimensions: value.dimensions)
    }
    var total = 0.0
    for (output, weight) in zip(placed.outputs, golden.weights) {
      guard let weight = weight?.doubles else { continue }
      let value = try session.run(output, feeds: feeds).doubles ?? []
      total += zip(value, weight).reduce(0) { $0 + $1.0 * $1.1 }
    }
    return total
  }

  func checkRefusedBuild(_ refusal: Refusal) {
    do {
      let placed = try place(golden.refusingMode)
      fail("refusal when built", "expected '\(refusal.messages[0])', got \(placed.node.outputs)")
    } catch { check(error, refusal, "refusal when built") }
  }

  func checkRefusedRun(_ refusal: Refusal) {
    do {
      let placed = try place(.unknown)
      let values = try Session(placed.graph, threads: 1)
        .run(placed.outputs, feeds: feeds(placed), targets: [placed.node])
      fail("refusal when run", "expected '\(refusal.messages[0])', got \(values.map(\.shape))")
    } catch { check(error, refusal, "refusal when run") }
  }

  private func check(_ error: GraphError, _ refusal: Refusal, _ what: String) {
    let expected = refusal.messages.map { $0.replacing("{name}", with: "node") }
    guard error.code.rawValue == refusal.code, expected.contains(where: error.message.contains)
    else {
      fail(
        what,
        "expected \(refusal.code) '\(expected[0])', got \(error.code.rawValue) "
          + "'\(error.message)'")
      return
    }
  }
}

/// Numbers in -1..<1 that are the same everywhere.
struct SplitMix {
  var state: UInt64

  mutating func next() -> Double {
    state &+= 0x9e37_79b9_7f4a_7c15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
    bits ^= bits >> 31
    return Double(bits >> 11) * 0x1p-52 - 1
  }
}
