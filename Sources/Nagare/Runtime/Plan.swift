/// The part of a graph that one set of feeds, fetches and targets needs, in an order to run it.
///
/// Made once: what is not needed is left out, passes make one unit of several nodes, and each value gets
/// a place.
final class Plan: Sendable {
  /// Where a step finds an input. It holds no reference, for it is copied each time that the step runs.
  struct Operand: Sendable {
    let slot: Int
    /// Whether it is a variable of which the value is to be read.
    let isRead: Bool
    /// Whether nothing reads it after this step, so that it may be overwritten.
    let isLast: Bool
    /// Whether the step takes it once.
    let isOnly: Bool
  }

  /// One node to run, or several that are one. A reference, because copies cost more than a small
  /// kernel.
  final class Step: Sendable {
    /// The node whose outputs these are.
    let node: Node
    let op: any Op
    /// The same op when its kernel gives its output without an array.
    let single: (any SingleOutputOp)?
    let inputs: [Operand]
    /// What is known of the inputs before the run.
    let inputSpecs: [TensorSpec]
    /// Where each output goes; `nil` for one that nothing reads.
    let outputs: [Int?]
    /// What is known of the outputs before the run.
    let specs: [TensorSpec]
    /// Whether its outputs are new and its inputs forgotten.
    let isPure: Bool
    /// Whether an input may be referred to when the step is done.
    let mayKeepInputs: Bool

    init(
      _ unit: PlanUnit, inputs: [Operand], inputSpecs: [TensorSpec], outputs: [Int?],
      specs: [TensorSpec]
    ) {
      node = unit.node
      op = unit.op
      single = outputs.count == 1 ? unit.op as? any SingleOutputOp : nil
      self.inputs = inputs
      self.inputSpecs = inputSpecs
      self.outputs = outputs
      self.specs = specs
      let type = type(of: op)
      isPure = type.isFoldable && !type.isStateful && !specs.contains(where: \.isReference)
      mayKeepInputs = !isPure && !(op is any OptimizerUpdate || op is any VariableUpdate)
    }
  }

  let steps: [Step]
  /// The places for values as a run begins: those of constants hold them, the others nothing.
  let initialSlots: [Tensor?]
  /// What is in a place before the first step.
  let givenNames: [Int: String]
  /// What the passes did.
  let changes: [PlanDescription.Change]
  /// Where each feed goes.
  let feeds: [Int]
  /// Where each fetch is found.
  let fetches: [Int]
  /// Whether each fetch is a variable itself, of which the value is meant.
  let fetchesReference: [Bool]
  /// The most inputs that a step has.
  let mostInputs: Int
  /// Where buffers lie; `nil` where that is decided when they are made.
  let memory: MemoryPlans?

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

    var draft = PlanDraft(
      needed.map { PlanUnit(nodes[$0]) }, of: nodes, fed: fedEdges, fetched: fetches.map(\.edge),
      targets: Set(targets.map(\.id)))
    for pass in passes { pass.apply(&draft) }
    let units = draft.units
    let kept = Set(draft.fetched).union(fedEdges)
    var lastUse: [Node.Edge: Int] = [:]
    for unit in units {
      for edge in unit.inputs { lastUse[edge] = unit.node.id }
    }
    var places = Places()
    for feed in fed { places.add(feed.edge) }
    var constants: [(slot: Int, value: Tensor)] = []
    for unit in units {
      for (edge, value) in zip(unit.outputs, unit.constants ?? [])
      where (lastUse[edge] != nil || kept.contains(edge)) && !fedEdges.contains(edge) {
        constants.append((places.add(edge), value))
      }
    }
    let constantEdges = Set(units.filter { $0.constants != nil }.flatMap(\.outputs))
    var steps: [Step] = []
    steps.reserveCapacity(units.count)
    for unit in units where unit.constants == nil {
      let id = unit.node.id
      // Taken twice by the same node, it dies with the second.
      var uses: [Node.Edge: Int] = [:]
      for edge in unit.inputs { uses[edge, default: 0] += 1 }
      var left = uses
      var inputs: [Operand] = []
      for (position, edge) in unit.inputs.enumerated() {
        guard let slot = places[edge] else {
          throw .internalError("'\(unit.node.name)' runs before '\(draft.nodes[edge.node].name)'")
        }
        left[edge, default: 1] -= 1
        let isLast =
          lastUse[edge] == id && !kept.contains(edge) && !constantEdges.contains(edge)
          && left[edge] == 0
        let spec = draft.spec(of: edge)
        inputs.append(
          Operand(
            slot: slot, isRead: spec.isReference && !unit.takesReference[position],
            isLast: isLast, isOnly: uses[edge] == 1))
      }
      for (edge, operand) in zip(unit.inputs, inputs) where operand.isLast { places.free(edge) }
      var outputs: [Int?] = []
      for edge in unit.outputs {
        // What a node computes for an output that is fed goes nowhere.
        let isNeeded = (lastUse[edge] != nil || kept.contains(edge)) && !fedEdges.contains(edge)
        outputs.append(isNeeded ? places.add(edge) : nil)
      }
      let specs = unit.outputs.map { draft.spec(of: $0) }
      let inputSpecs = unit.inputs.map { draft.spec(of: $0) }
      steps.append(
        Step(unit, inputs: inputs, inputSpecs: inputSpecs, outputs: outputs, specs: specs))
    }
    self.steps = steps
    changes = draft.changes
    var initial = [Tensor?](repeating: nil, count: places.count)
    for constant in constants { initial[constant.slot] = constant.value }
    initialSlots = initial
    var given: [Int: String] = [:]
    for edge in constantEdges.union(fedEdges) {
      if let slot = places[edge] { given[slot] = "\(draft.nodes[edge.node].name):\(edge.index)" }
    }
    givenNames = given
    mostInputs = steps.map(\.inputs.count).max() ?? 0
    memory = passes.contains(.planMemory) ? MemoryPlans(steps, slots: initial) : nil
    self.feeds = fed.compactMap { places[$0.edge] }
    var found: [Int] = []
    for (edge, fetch) in zip(draft.fetched, fetches) {
      guard let slot = places[edge] else {
        throw .internalError("Nothing computes \(fetch.name)")
      }
      found.append(slot)
    }
    self.fetches = found
    fetchesReference = fetches.map(\.spec.isReference)
  }

  /// The shapes of the outputs of every step: those that runs showed, else what is known before one.
  func shapes(shownBy trace: RunTrace?) -> [[Shape]] {
    var shown: [ObjectIdentifier: [Shape]] = [:]
    for entry in trace?.entries ?? [] { shown[ObjectIdentifier(entry.node)] = entry.outputs }
    return steps.map { step in
      let known = step.specs.map(\.shape)
      // A trace may be of another plan.
      guard let shapes = shown[ObjectIdentifier(step.node)], shapes.count == known.count else {
        return known
      }
      return shapes
    }
  }

  /// The ids of the nodes that run, in ascending order, which is topological.
  private static func prune(
    _ nodes: [Node], fed: Set<Node.Edge>, fetches: [Output], targets: [Node]
  ) -> [Int] {
    var isNeeded = [Bool](repeating: false, count: nodes.count)
    var pending = targets.map(\.id)
    pending += fetches.filter { !fed.contains($0.edge) }.map(\.node.id)
    while let id = pending.popLast() {
      guard !isNeeded[id] else { continue }
      isNeeded[id] = true
      for edge in nodes[id].inputs where !fed.contains(edge) { pending.append(edge.node) }
      pending += nodes[id].controlInputs
    }
    return isNeeded.indices.filter { isNeeded[$0] }
  }

  private static func checkAvailable(_ nodes: [Node]) throws(GraphError) {
    var missing: [String: [String]] = [:]
    for node in nodes where type(of: node.op) == UnknownOp.self {
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

/// Places for the values of a run; that of a value which is no longer read is given to another.
private struct Places {
  private var slots: [Node.Edge: Int] = [:]
  private var unused: [Int] = []
  /// How many there are.
  private(set) var count = 0

  subscript(_ edge: Node.Edge) -> Int? { slots[edge] }

  @discardableResult
  mutating func add(_ edge: Node.Edge) -> Int {
    if let slot = slots[edge] { return slot }
    let slot = unused.popLast() ?? count
    count = max(count, slot + 1)
    slots[edge] = slot
    return slot
  }

  mutating func free(_ edge: Node.Edge) {
    if let slot = slots.removeValue(forKey: edge) { unused.append(slot) }
  }
}
