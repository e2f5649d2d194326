extension PlanDraft {
  /// Lets the readers of a node that gives its inputs take those inputs. One that reads a variable stays:
  /// when it does so matters.
  mutating func skipIdentities() {
    rewrite { unit, draft, replacement in
      switch unit.op {
      case is Identity, is IdentityN, is StopGradient, is PreventGradient, is Snapshot: break
      default: return unit
      }
      guard draft.isPure(unit) else { return unit }
      for (output, input) in zip(unit.outputs, unit.inputs) { replacement[output] = input }
      draft.note(.skipIdentities, unit.node, into: unit.inputs.first.map { draft.nodes[$0.node] })
      return nil
    }
  }
}
