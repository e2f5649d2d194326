/// The engine's optimizations of a run. Each may be left out when a session is made; results are then
/// the same up to rounding.
public enum PlanPass: String, CaseIterable, Sendable {
  /// Nodes that give their input go, and so do those that only differentiation needs.
  case skipIdentities = "skip-identities"
  /// Nodes whose inputs are all constants are computed once, when the plan is made.
  case foldConstants = "fold-constants"
  /// Nodes that compute the same of the same are one.
  case mergeEqual = "merge-equal"
  /// Convolution, bias and ReLU in one kernel.
  case fuseBias = "fuse-bias"
  /// The gradient of ReLU in the kernel of the convolution's gradient that it is applied to.
  case fuseReluGradient = "fuse-relu-gradient"
  /// Chains of ops that work element by element in one walk through memory.
  case fuseElementwise = "fuse-elementwise"

  /// Whether nodes that it takes away are computed with others.
  var makesOne: Bool {
    switch self {
    case .fuseBias, .fuseReluGradient, .fuseElementwise: true
    case .skipIdentities, .foldConstants, .mergeEqual: false
    }
  }

  /// Applies the pass.
  func apply(_ draft: inout PlanDraft) {
    switch self {
    case .skipIdentities: draft.skipIdentities()
    case .foldConstants: draft.foldConstants()
    case .mergeEqual: draft.mergeEqual()
    case .fuseBias: draft.fuseBias()
    case .fuseReluGradient: draft.fuseReluGradient()
    case .fuseElementwise: draft.fuseElementwise()
    }
  }
}

/// Who takes what in a plan.
struct PlanUses {
  /// The unit in which each node is.
  private var units: [Int: PlanUnit] = [:]
  /// The nodes that take each tensor, one entry a use.
  private var readers: [Node.Edge: [Int]] = [:]
  /// Tensors that the run itself gives or takes, and nodes that others wait for or that must run.
  private let kept: Set<Node.Edge>
  private var awaited: Set<Int>

  init(_ draft: PlanDraft) {
    kept = draft.fed.union(draft.fetched)
    awaited = draft.targets
    for unit in draft.units {
      units[unit.node.id] = unit
      for edge in unit.inputs { readers[edge, default: []].append(unit.node.id) }
      awaited.formUnion(unit.node.controlInputs)
    }
  }

  /// The one unit that takes the output of `node`, when nothing else takes it and nothing waits for
  /// the node or the other way round: the node then need not exist by itself.
  func soleReader(of node: Node) -> PlanUnit? {
    let edge = Node.Edge(node: node.id, index: 0)
    guard let readers = readers[edge], readers.count == 1 else { return nil }
    return onlyReader(of: node)
  }

  /// The same, where the one unit may take the output more than once.
  func onlyReader(of node: Node) -> PlanUnit? {
    let edge = Node.Edge(node: node.id, index: 0)
    guard node.outputs.count == 1, node.controlInputs.isEmpty, !awaited.contains(node.id),
      !kept.contains(edge), let readers = readers[edge], let first = readers.first,
      readers.allSatisfy({ $0 == first })
    else { return nil }
    return units[first]
  }
}
