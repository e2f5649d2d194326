/// What passes work on: the nodes that run, and what is known of them.
struct PlanDraft {
  /// In the order of their nodes.
  var units: [PlanUnit]
  /// All of the graph, as this plan computes them, and after them those that passes have added.
  private(set) var nodes: [Node]
  /// Tensors that the run is given.
  let fed: Set<Node.Edge>
  /// Tensors that the run gives.
  var fetched: [Node.Edge]
  /// Nodes that run for what they do.
  let targets: Set<Int>
  /// The output that passes have added to a node.
  private var added: [Int: TensorSpec] = [:]
  /// What passes did.
  private(set) var changes: [PlanDescription.Change] = []

  init(
    _ units: [PlanUnit], of nodes: [Node], fed: Set<Node.Edge>, fetched: [Node.Edge],
    targets: Set<Int>
  ) {
    self.units = units
    self.nodes = nodes
    self.fed = fed
    self.fetched = fetched
    self.targets = targets
  }

  /// Whether what is known before the run holds in it: shapes were inferred from constants, and a feed in the
  /// place of one makes them guesses.
  var trustsSpecs: Bool { !fed.contains { spec(of: $0).knowsElements } }

  /// What is known of a tensor before the run.
  func spec(of edge: Node.Edge) -> TensorSpec {
    let outputs = nodes[edge.node].outputs
    if edge.index < outputs.count { return outputs[edge.index] }
    return added[edge.node] ?? TensorSpec(.uint8, .unknown)
  }

  /// Gives a node an output that it has not in the graph; `nil` when it has one already.
  mutating func add(_ spec: TensorSpec, to node: Node) -> Node.Edge? {
    guard added[node.id] == nil else { return nil }
    added[node.id] = spec
    return Node.Edge(node: node.id, index: node.outputs.count)
  }

  /// Has `node` in the place of the one of its id, or after all of them.
  mutating func replace(_ node: Node) {
    if node.id < nodes.count { nodes[node.id] = node } else { nodes.append(node) }
  }

  /// Adds a constant that the graph has not.
  mutating func add(
    constant value: Tensor, _ name: String, like node: Node
  ) -> Node.Edge {
    let spec = TensorSpec(value.dataType, value.shape, constant: value)
    let op = Folded(values: [value])
    let node = Node(node, id: nodes.count, name: name, type: Const.name, op: op, outputs: [spec])
    replace(node)
    units.append(PlanUnit(op, for: node))
    return Node.Edge(node: node.id, index: 0)
  }

  /// What is known before the run.
  var constants: [Node.Edge: Tensor] {
    var known: [Node.Edge: Tensor] = [:]
    for unit in units {
      for (edge, value) in zip(unit.outputs, unit.constants ?? []) where !fed.contains(edge) {
        known[edge] = value
      }
    }
    return known
  }

  /// Whether the unit's outputs follow from the values of its inputs alone, and are its own: none is
  /// given to the run.
  func isPure(_ unit: PlanUnit) -> Bool {
    guard !unit.takesReference.contains(true), !unit.node.outputs.contains(where: \.isReference),
      !unit.inputs.contains(where: { spec(of: $0).isReference }),
      !unit.outputs.contains(where: fed.contains)
    else { return false }
    return Registry.definition(unit.node.type)?.isFoldable ?? false
  }

  mutating func note(_ pass: PlanPass, _ node: Node, into other: Node? = nil) {
    changes.append(PlanDescription.Change(pass: pass, node: node, into: other))
  }

  /// Replaces each unit by what `body` makes of it, with its inputs replaced as `replacement` says for
  /// tensors of units before it; leaves it out where that is `nil`. Fetches follow.
  mutating func rewrite(
    _ body: (PlanUnit, inout PlanDraft, inout [Node.Edge: Node.Edge]) -> PlanUnit?
  ) {
    var replacement: [Node.Edge: Node.Edge] = [:]
    let before = units
    units = []
    for var unit in before {
      for index in unit.inputs.indices {
        if let edge = replacement[unit.inputs[index]] { unit.inputs[index] = edge }
      }
      if let unit = body(unit, &self, &replacement) { units.append(unit) }
    }
    fetched = fetched.map { replacement[$0] ?? $0 }
  }

  /// Puts fused units in the places of their last nodes and leaves the others out.
  ///
  /// - Parameters:
  ///   - fused: By the node whose place a unit takes.
  ///   - absorbed: The node whose unit each other node is in.
  mutating func fuse(_ pass: PlanPass, _ fused: [Int: PlanUnit], absorbed: [Int: Int]) {
    for unit in units {
      if let into = absorbed[unit.node.id] { note(pass, unit.node, into: nodes[into]) }
    }
    units = units.compactMap { absorbed[$0.node.id] == nil ? fused[$0.node.id] ?? $0 : nil }
  }
}
