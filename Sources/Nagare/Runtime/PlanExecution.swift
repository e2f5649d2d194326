extension Plan {
  /// The fetched values, with `values` for the feeds, in their order. The caller has checked them.
  ///
  /// - Parameters:
  ///   - readsHandles: whether the handle of a variable is fetched as the variable's value.
  ///   - trace: where to record what each node costs.
  /// - Throws: what a node throws, with the node.
  func run(
    _ values: [Tensor], _ environment: RunEnvironment, readsHandles: Bool, trace: RunTrace? = nil
  ) throws(GraphError) -> [Tensor] {
    var slots = [Tensor?](repeating: nil, count: slotCount)
    for (index, value) in values.enumerated() { slots[feeds[index]] = value }
    for step in steps { try execute(step, &slots, environment, trace) }
    var results: [Tensor] = []
    results.reserveCapacity(fetches.count)
    for (slot, isReference) in zip(fetches, fetchesReference) {
      guard let value = slots[slot] else { throw .internalError("A fetched value is missing") }
      results.append(isReference || readsHandles ? try Self.read(value) : value)
    }
    return results
  }

  /// The value of a variable, where `value` is one by reference.
  private static func read(_ value: Tensor) throws(GraphError) -> Tensor {
    guard let variable = value.storage.resource as? VariableValue else { return value }
    guard let current = variable.current else {
      throw VariableValue.uninitialized(variable.name)
    }
    return current
  }

  private func execute(
    _ step: Step, _ slots: inout [Tensor?], _ environment: RunEnvironment, _ trace: RunTrace?
  ) throws(GraphError) {
    let node = step.node
    var inputs: [Tensor] = []
    inputs.reserveCapacity(step.inputs.count)
    do throws(GraphError) {
      for (position, slot) in step.inputs.enumerated() {
        // The last reader takes the value out, so that its kernel may overwrite it.
        let held = step.last[position] ? slots[slot].take() : slots[slot]
        guard let value = held else {
          throw GraphError.internalError("Input \(position) has no value")
        }
        inputs.append(step.reads[position] ? try Self.read(value) : value)
      }
      let context = KernelContext(node: node, environment: environment)
      let outputs =
        if let trace {
          try trace.measure(step, inputs) { () throws(GraphError) in
            try step.op.compute(inputs, context)
          }
        } else {
          try step.op.compute(inputs, context)
        }
      guard outputs.count == node.outputs.count else {
        throw GraphError.internalError(
          "The kernel gave \(outputs.count) outputs of \(node.outputs.count)")
      }
      for (index, output) in outputs.enumerated() { slots[step.firstOutput + index] = output }
      for slot in step.unused { slots[slot] = nil }
    } catch {
      let names = Registry.definition(node.type)?.signature.inputs.map(\.name) ?? []
      let arguments = inputs.enumerated().map { index, value in
        let text = "\(value.dataType.signatureName)\(value.shape)"
        return names.count == inputs.count ? "\(names[index]): \(text)" : text
      }
      throw error.at(
        node: "{{node \(node.name)}} = \(node.type)(\(arguments.joined(separator: ", ")))",
        location: node.location)
    }
  }
}
