/// The engine's optimizations of a run. Each may be left out when a session is made; results are then
/// the same up to rounding.
public enum PlanPass: String, CaseIterable, Sendable {
  /// Nodes that give their input go, and so do those that only differentiation needs.
  case skipIdentities = "skip-identities"
  /// Nodes whose inputs are all constants are computed once, when the plan is made.
  case foldConstants = "fold-constants"
  /// Nodes that compute the same of the same are one.
  case mergeEqual = "merge-equal"
  /// Pictures with channels first are computed with channels last where that saves transpositions, and
  /// transpositions that undo one another go.
  case chooseLayouts = "choose-layouts"
  /// Batch normalization by constants in the filter of the convolution before it.
  case foldBatchNormalization = "fold-batch-normalization"
  /// Convolution or matrix product, bias, the sum with another tensor and ReLU or ReLU6 in one kernel.
  case fuseEpilogue = "fuse-epilogue"
  /// The gradient of ReLU in the kernel of the convolution's gradient that it is applied to.
  case fuseReluGradient = "fuse-relu-gradient"
  /// The gradient to a bias in the kernel of the gradient to the filter of the same convolution.
  case fuseBiasGradient = "fuse-bias-gradient"
  /// The cast of bytes to floats in the kernel of the resizing that takes them.
  case fuseCast = "fuse-cast"
  /// Max pooling keeps the places of the largest elements for its gradient, in the place of its input.
  case keepWinners = "keep-winners"
  /// Max pooling in the kernel of the convolution before it.
  case fusePooling = "fuse-pooling"
  /// Chains of ops that work element by element in one walk through memory.
  case fuseElementwise = "fuse-elementwise"
  /// Buffers have places that are chosen before the run, and tensors are joined and parted without copies.
  case planMemory = "plan-memory"

  /// Whether nodes that it takes away are computed with others.
  var makesOne: Bool {
    switch self {
    case .foldBatchNormalization, .fuseEpilogue, .fuseReluGradient, .fuseBiasGradient, .fuseCast,
      .fusePooling, .fuseElementwise:
      true
    case .skipIdentities, .foldConstants, .mergeEqual, .chooseLayouts, .keepWinners, .planMemory:
      false
    }
  }

  /// Applies the pass.
  func apply(_ draft: inout PlanDraft) {
    switch self {
    case .skipIdentities: draft.skipIdentities()
    case .foldConstants: draft.foldConstants()
    case .mergeEqual: draft.mergeEqual()
    case .chooseLayouts: draft.chooseLayouts()
    case .foldBatchNormalization: draft.foldBatchNormalization()
    case .fuseEpilogue: draft.fuseEpilogue()
    case .fuseReluGradient: draft.fuseReluGradient()
    case .fuseBiasGradient: draft.fuseBiasGradient()
    case .fuseCast: draft.fuseCast()
    case .keepWinners: draft.keepWinners()
    case .fusePooling: draft.fusePooling()
    case .fuseElementwise: draft.fuseElementwise()
    // It is of steps, which are made of what the others leave.
    case .planMemory: break
    }
  }
}

/// Who takes what in a plan.
struct PlanUses {
  /// What is known of the outputs of a node: of the first, where nothing else is said.
  private struct Uses {
    /// How often it is taken.
    var count = 0
    /// The position of the unit that takes it, where it is one.
    var reader: Int?
    var hasOneReader = true
    /// Whether the run itself gives or takes it, or others wait for its node, or the node must run.
    var isKept = false
    /// Whether anything takes another output of the node, or the run gives or takes it.
    var othersAreUsed = false
  }

  private let units: [PlanUnit]
  /// By node.
  private var uses: [Uses]

  init(_ draft: PlanDraft) {
    units = draft.units
    uses = [Uses](repeating: Uses(), count: draft.nodes.count)
    for edge in Array(draft.fed) + draft.fetched {
      if edge.index == 0 {
        uses[edge.node].isKept = true
      } else {
        uses[edge.node].othersAreUsed = true
      }
    }
    for id in draft.targets { uses[id].isKept = true }
    for (position, unit) in units.enumerated() {
      for edge in unit.inputs {
        guard edge.index == 0 else {
          uses[edge.node].othersAreUsed = true
          continue
        }
        let other = uses[edge.node].reader
        uses[edge.node].count += 1
        if other == nil { uses[edge.node].reader = position }
        if other != nil, other != position { uses[edge.node].hasOneReader = false }
      }
      for id in unit.node.controlInputs { uses[id].isKept = true }
    }
  }

  /// Whether anything takes, or the run gives, an output of `node` other than the first.
  func othersAreUsed(of node: Node) -> Bool { uses[node.id].othersAreUsed }

  /// The one unit that takes the output of `node`, when nothing else takes it and nothing waits for
  /// the node or the other way round: the node then need not exist by itself.
  func soleReader(of node: Node) -> PlanUnit? {
    uses[node.id].count == 1 ? onlyReader(of: node) : nil
  }

  /// The same, where the one unit may take the output more than once.
  func onlyReader(of node: Node) -> PlanUnit? {
    let its = uses[node.id]
    guard !node.outputs.isEmpty, !its.othersAreUsed, node.controlInputs.isEmpty, !its.isKept,
      its.hasOneReader, let reader = its.reader
    else { return nil }
    return units[reader]
  }
}
