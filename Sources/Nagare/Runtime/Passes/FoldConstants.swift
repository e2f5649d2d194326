/// The outputs of a node that were computed when the plan was made.
struct Folded: WithoutGradient {
  var values: [Tensor] = []

  static let name = "_Folded"
  static let signature = Signature()

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { values.map(\.shape) }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    values
  }

  /// The most bytes of a node's outputs that a plan keeps when its inputs have less.
  static let byteLimit = 1 << 20
}

extension PlanDraft {
  /// Computes nodes whose inputs are all constants. A node that fails is left to the run.
  mutating func foldConstants() {
    let trustsSpecs = trustsSpecs
    var known: [Node.Edge: Tensor] = [:]
    rewrite { unit, draft, _ in
      var result = unit
      if unit.constants == nil {
        guard draft.isPure(unit), !unit.outputs.isEmpty else { return unit }
        let inputs = unit.inputs.compactMap { known[$0] }
        guard
          let values = inputs.count == unit.inputs.count
            ? unit.folded(inputs) : trustsSpecs ? unit.inferred : nil
        else { return unit }
        for value in values { value.storage.packing.withLock { $0.isConstant = true } }
        result = PlanUnit(Folded(values: values), for: unit.node)
        draft.note(.foldConstants, unit.node)
      }
      for (edge, value) in zip(unit.outputs, result.constants ?? [])
      where !draft.fed.contains(edge) {
        known[edge] = value
      }
      return result
    }
    dropUnused()
  }
}

extension PlanUnit {
  /// The outputs on these inputs, unless they are large or the op fails.
  fileprivate func folded(_ inputs: [Tensor]) -> [Tensor]? {
    if let values = inferred { return values }
    var taken = 0
    for input in inputs { taken += input.storage.byteCount }
    let limit = max(taken, Folded.byteLimit)
    var made = 0
    for output in node.outputs {
      // Strings have no size that is known before.
      guard let size = output.dataType.byteCount, let count = output.shape.elementCount,
        case let (bytes, overflow) = count.multipliedReportingOverflow(by: size), !overflow,
        bytes <= limit - made
      else { return nil }
      made += bytes
    }
    guard let values = try? op.compute(inputs, .folding), values.count == node.outputs.count
    else { return nil }
    return values
  }

  /// What was found when the node was made, if all of its outputs were.
  fileprivate var inferred: [Tensor]? {
    let values = node.outputs.compactMap(\.constant)
    return values.count == node.outputs.count ? values : nil
  }
}

extension PlanDraft {
  /// Leaves out what nothing takes any more.
  private mutating func dropUnused() {
    var used = Set(fetched)
    var awaited = targets
    for unit in units { awaited.formUnion(unit.node.controlInputs) }
    var kept: [PlanUnit] = []
    for unit in units.reversed() {
      if !unit.outputs.isEmpty, !unit.outputs.contains(where: used.contains),
        unit.constants != nil || !awaited.contains(unit.node.id) && isPure(unit)
      {
        continue
      }
      used.formUnion(unit.inputs)
      kept.append(unit)
    }
    units = kept.reversed()
  }
}
