/// The part of a graph that one set of feeds, fetches and targets needs, in an order to run it.
///
/// Made once: what is not needed is left out, passes make one unit of several nodes, and each value gets
/// a place.
final class Plan: Sendable {
  /// One node to run, or several that are one.
  struct Step: Sendable {
    /// The node whose outputs these are.
    let node: Node
    let op: any Op
    /// Where each input is.
    let inputs: [Int]
    /// Whether each input is a variable of which the value is to be read.
    let reads: [Bool]
    /// Inputs that nothing reads after this step, so that they may be overwritten.
    let last: [Bool]
    /// Where the first output goes; the others follow.
    let firstOutput: Int
    /// Outputs that nothing reads.
    let unused: [Int]
  }

  let steps: [Step]
  /// The number of places for values.
  let slotCount: Int
  /// Where each feed goes.
  let feeds: [Int]
  /// Where each fetch is found.
  let fetches: [Int]
  /// Whether each fetch is a variable itself, of which the value is meant.
  let fetchesReference: [Bool]

  /// - Throws: `invalidArgument` for fetches that are not in the graph, `unimplemented` with every op
  ///   type that is missing.
  init(
    _ graph: Graph, feeds fed: [Output], fetches: [Output], targets: [Node],
    passes: [PlanPass] = PlanPass.allCases
  ) throws(GraphError) {
    for output in fed + fetches where output.graph !== graph {
      throw .invalidArgument("Tensor \(output) is not an element of this graph.")
    }
    let nodes = graph.nodes
    for target in targets where target.id >= nodes.count || nodes[target.id] !== target {
      throw .invalidArgument("Operation '\(target.name)' is not an element of this graph.")
    }
    let fedEdges = Set(fed.map(\.edge))
    let needed = Self.prune(nodes, fed: fedEdges, fetches: fetches, targets: targets)
    try Self.checkAvailable(needed.map { nodes[$0] })

    var slots: [Node.Edge: Int] = [:]
    var slotCount = 0
    for feed in fed where slots[feed.edge] == nil {
      slots[feed.edge] = slotCount
      slotCount += 1
    }
    let kept = Set(fetches.map(\.edge)).union(fedEdges)
    var units = needed.map { PlanUnit(nodes[$0]) }
    for pass in passes {
      units = pass.apply(
        units, PlanUses(units, of: nodes, kept: kept, targets: targets))
    }
    var lastUse: [Node.Edge: Int] = [:]
    for unit in units {
      for edge in unit.inputs { lastUse[edge] = unit.node.id }
    }
    var steps: [Step] = []
    steps.reserveCapacity(units.count)
    for unit in units {
      let node = unit.node
      let id = node.id
      var inputs: [Int] = []
      var reads: [Bool] = []
      var last: [Bool] = []
      for (position, edge) in unit.inputs.enumerated() {
        guard let slot = slots[edge] else {
          throw .internalError("'\(node.name)' runs before '\(nodes[edge.node].name)'")
        }
        inputs.append(slot)
        reads.append(
          nodes[edge.node].outputs[edge.index].isReference && !unit.takesReference[position])
        // Taken twice by the same node, it dies with the second.
        let again = unit.inputs[(position + 1)...].contains(edge)
        last.append(lastUse[edge] == id && !kept.contains(edge) && !again)
      }
      let firstOutput = slotCount
      var unused: [Int] = []
      for index in node.outputs.indices {
        let edge = Node.Edge(node: id, index: index)
        // A fed output keeps the feed's place; what the node computes for it goes nowhere.
        if slots[edge] == nil { slots[edge] = slotCount }
        if lastUse[edge] == nil, !kept.contains(edge) { unused.append(slotCount) }
        slotCount += 1
      }
      steps.append(
        Step(
          node: node, op: unit.op, inputs: inputs, reads: reads, last: last,
          firstOutput: firstOutput,
          unused: unused))
    }
    self.steps = steps
    self.slotCount = slotCount
    self.feeds = fed.compactMap { slots[$0.edge] }
    var found: [Int] = []
    for fetch in fetches {
      guard let slot = slots[fetch.edge] else {
        throw .internalError("Nothing computes \(fetch.name)")
      }
      found.append(slot)
    }
    self.fetches = found
    fetchesReference = fetches.map(\.spec.isReference)
  }

  /// The ids of the nodes that run, in ascending order, which is topological.
  private static func prune(
    _ nodes: [Node], fed: Set<Node.Edge>, fetches: [Output], targets: [Node]
  ) -> [Int] {
    var needed: Set<Int> = []
    var pending = targets.map(\.id)
    pending += fetches.filter { !fed.contains($0.edge) }.map(\.node.id)
    while let id = pending.popLast() {
      guard needed.insert(id).inserted else { continue }
      pending += nodes[id].inputs.filter { !fed.contains($0) }.map(\.node)
      pending += nodes[id].controlInputs
    }
    return needed.sorted()
  }

  private static func checkAvailable(_ nodes: [Node]) throws(GraphError) {
    var missing: [String: [String]] = [:]
    for node in nodes where node.op is UnknownOp {
      missing[node.type, default: []].append(node.name)
    }
    guard !missing.isEmpty else { return }
    let lines = missing.sorted { $0.key < $1.key }.map { type, names in
      let shown = names.prefix(3).map { "'\($0)'" }.joined(separator: ", ")
      return "\(type) (\(shown)\(names.count > 3 ? " and \(names.count - 3) more" : ""))"
    }
    let types = missing.count == 1 ? "an op type that is" : "\(missing.count) op types that are"
    throw .unimplemented(
      "The part of the graph that is to run needs \(types) not implemented: "
        + lines.joined(separator: "; "))
  }
}
