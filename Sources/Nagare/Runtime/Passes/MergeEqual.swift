extension PlanDraft {
  /// Computes once what several nodes compute of the same inputs with the same attributes.
  mutating func mergeEqual() {
    var first: [Computation: PlanUnit] = [:]
    rewrite { unit, draft, replacement in
      guard let computation = Computation(unit, draft) else { return unit }
      guard let earlier = first[computation] else {
        first[computation] = unit
        return unit
      }
      for (output, same) in zip(unit.outputs, earlier.outputs) { replacement[output] = same }
      draft.note(.mergeEqual, unit.node, into: earlier.node)
      return nil
    }
  }
}

/// What a unit computes: equal ones give equal outputs.
private struct Computation: Hashable {
  private let type: String
  private let attributes: [String: AttributeValue]
  private let inputs: [Node.Edge]
  private let constants: [Tensor]?

  /// `nil` for a unit that is not to be merged with another.
  init?(_ unit: PlanUnit, _ draft: PlanDraft) {
    constants = unit.constants
    if constants != nil {
      guard !unit.outputs.contains(where: draft.fed.contains) else { return nil }
      type = Const.name
      attributes = [:]
      inputs = []
      return
    }
    guard draft.isPure(unit), !unit.outputs.isEmpty, !unit.inputs.isEmpty else { return nil }
    type = unit.node.type
    // Those with an underscore are notes that mean nothing to the kernel.
    attributes = unit.node.attributes.filter { !$0.key.hasPrefix("_") }
    inputs = unit.inputs
  }
}
