/// What a plan computes at once: a node, or several that a pass has made one.
struct PlanUnit: Sendable {
  /// The node whose outputs these are, and which errors name.
  let node: Node
  /// What is computed: the node's own op, or the one that a pass has put in its place.
  let op: any Op
  let inputs: [Node.Edge]
  /// Whether each input is handed the variable itself, not its value.
  let takesReference: [Bool]

  init(_ node: Node) {
    self.node = node
    op = node.op
    inputs = node.inputs
    takesReference = node.takesReference
  }

  /// `op` in the place of `node`, on values alone.
  init(_ op: any Op, for node: Node, inputs: [Node.Edge]) {
    self.node = node
    self.op = op
    self.inputs = inputs
    takesReference = [Bool](repeating: false, count: inputs.count)
  }
}

/// The engine's optimizations of a run. Each may be left out when a session is made; results are then
/// the same up to rounding.
public enum PlanPass: String, CaseIterable, Sendable {
  /// Convolution, bias and ReLU in one kernel.
  case fuseBias = "fuse-bias"
  /// The gradient of ReLU in the kernel of the convolution's gradient that it is applied to.
  case fuseReluGradient = "fuse-relu-gradient"

  /// Applies the pass.
  func apply(_ units: [PlanUnit], _ uses: PlanUses) -> [PlanUnit] {
    switch self {
    case .fuseBias: fusingBias(units, uses)
    case .fuseReluGradient: fusingReluGradient(units, uses)
    }
  }
}

/// Who takes what in a plan.
struct PlanUses {
  private let nodes: [Node]
  /// The nodes that take each tensor, one entry a use.
  private var readers: [Node.Edge: [Int]] = [:]
  /// Tensors that the run itself gives or takes, and nodes that others wait for or that must run.
  private let kept: Set<Node.Edge>
  private var awaited: Set<Int>

  /// - Parameters:
  ///   - units: One for each node that runs.
  ///   - nodes: All of the graph.
  ///   - kept: The feeds and fetches.
  ///   - targets: Nodes that run for what they do.
  init(_ units: [PlanUnit], of nodes: [Node], kept: Set<Node.Edge>, targets: [Node]) {
    self.nodes = nodes
    self.kept = kept
    awaited = Set(targets.map(\.id))
    for unit in units {
      for edge in unit.inputs { readers[edge, default: []].append(unit.node.id) }
      awaited.formUnion(unit.node.controlInputs)
    }
  }

  /// The one node that takes the output of `node`, when nothing else takes it and nothing waits for
  /// the node or the other way round: the node then need not exist by itself.
  func soleReader(of node: Node) -> Node? {
    let edge = Node.Edge(node: node.id, index: 0)
    guard node.outputs.count == 1, node.controlInputs.isEmpty, !awaited.contains(node.id),
      !kept.contains(edge), let readers = readers[edge], readers.count == 1
    else { return nil }
    return nodes[readers[0]]
  }

  /// What is known of a tensor before the run.
  func spec(of edge: Node.Edge) -> TensorSpec { nodes[edge.node].outputs[edge.index] }
}

/// Puts fused units in the places of their last nodes and leaves the others out.
///
/// - Parameters:
///   - fused: By the node whose place a unit takes.
///   - absorbed: Nodes that are in a fused unit and not its last.
func replacing(
  _ units: [PlanUnit], with fused: [Int: PlanUnit], without absorbed: Set<Int>
) -> [PlanUnit] {
  units.compactMap { unit in
    absorbed.contains(unit.node.id) ? nil : fused[unit.node.id] ?? unit
  }
}
