extension PlanDraft {
  /// Lets the readers of a node that gives its inputs take those inputs. One that reads a variable stays:
  /// when it does so matters.
  mutating func skipIdentities() {
    rewrite { unit, draft, replacement in
      guard
        unit.isOp(Identity.self) || unit.isOp(IdentityN.self) || unit.isOp(StopGradient.self)
          || unit.isOp(PreventGradient.self) || unit.isOp(Snapshot.self), draft.isPure(unit)
      else { return unit }
      for (output, input) in zip(unit.outputs, unit.inputs) { replacement[output] = input }
      draft.note(.skipIdentities, unit.node, into: unit.inputs.first.map { draft.nodes[$0.node] })
      return nil
    }
  }
}
