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
    guard let memory else { return try run(values, environment, nil, readsHandles, trace) }
    let (planned, learns) = memory.plan(for: values)
    // Where the block does not fit, buffers may.
    let block = planned.flatMap { try? RunMemory($0) }
    let shown = learns ? trace ?? RunTrace() : trace
    let results = try run(values, environment, block, readsHandles, shown)
    if learns {
      memory.learn(self, feeds: values, from: shown)
    } else if let block, !block.isAsPlanned {
      memory.learn(self, feeds: values, from: nil)
    }
    return results
  }

  private func run(
    _ values: [Tensor], _ environment: RunEnvironment, _ memory: RunMemory?, _ readsHandles: Bool,
    _ trace: RunTrace?
  ) throws(GraphError) -> [Tensor] {
    var slots = initialSlots
    for index in values.indices { slots[feeds[index]] = values[index] }
    // One array for the inputs of all steps: a kernel that keeps it makes the next step copy it.
    var inputs: [Tensor] = []
    inputs.reserveCapacity(mostInputs)
    var context = KernelContext(environment: environment, memory: memory)
    for (index, step) in steps.enumerated() {
      context.begin(step.node, index)
      do throws(GraphError) {
        for operand in step.inputs {
          inputs.append(try take(operand, from: &slots, for: step, memory))
        }
        if let op = step.single, trace == nil {
          let output = try op.computeOutput(inputs, context)
          if let slot = step.outputs[0] { slots[slot] = consume output }
        } else {
          try execute(step, inputs, &slots, context, trace)
        }
      } catch {
        // Where a pass has put another op in its place, the node itself was not asked.
        let isItself = type(of: step.op) == type(of: step.node.op)
        throw Self.located(error, step.node, inputs, asksOriginal: isItself)
      }
      // At once, it would take longer: inputs are few.
      for _ in step.inputs.indices { inputs.removeLast() }
    }
    var results: [Tensor] = []
    results.reserveCapacity(fetches.count)
    for index in fetches.indices {
      guard let value = slots[fetches[index]] else {
        throw .internalError("A fetched value is missing")
      }
      let result = fetchesReference[index] || readsHandles ? try Self.read(value) : value
      results.append(try result.outliving(memory))
    }
    return results
  }

  /// The value of a variable, where `value` is one by reference.
  private static func read(_ value: Tensor) throws(GraphError) -> Tensor {
    guard let resource = value.storage.resource, let variable = resource as? VariableValue else {
      return value
    }
    guard let current = variable.current else {
      throw VariableValue.uninitialized(variable.name)
    }
    return current
  }

  /// An input of a step.
  @inline(__always)
  private func take(
    _ operand: Operand, from slots: inout [Tensor?], for step: Step, _ memory: RunMemory?
  ) throws(GraphError) -> Tensor {
    // The last reader takes the value out, so that its kernel may overwrite it.
    let held = operand.isLast ? slots[operand.slot].take() : slots[operand.slot]
    guard let held else { throw .internalError("An input has no value") }
    guard operand.isRead || step.mayKeepInputs else { return held }
    let value = operand.isRead ? try Self.read(held) : held
    return step.mayKeepInputs ? try value.outliving(memory) : value
  }

  /// Runs a step whose outputs come in an array.
  private func execute(
    _ step: Step, _ inputs: [Tensor], _ slots: inout [Tensor?], _ context: KernelContext,
    _ trace: RunTrace?
  ) throws(GraphError) {
    let outputs =
      if let trace {
        try trace.measure(step, inputs, context.threads) { () throws(GraphError) in
          try step.op.compute(inputs, context)
        }
      } else {
        try step.op.compute(inputs, context)
      }
    guard outputs.count == step.outputs.count else {
      throw .internalError(
        "The kernel gave \(outputs.count) outputs of \(step.outputs.count)")
    }
    for index in outputs.indices {
      if let slot = step.outputs[index] { slots[slot] = outputs[index] }
    }
  }

  /// An error of a node, with the node and what it was given.
  static func located(
    _ error: GraphError, _ node: Node, _ inputs: [Tensor], asksOriginal: Bool = true
  ) -> GraphError {
    if asksOriginal, error.node == nil, let own = node.original?.refusal(error, inputs) {
      return own
    }
    return located(error, node, inputs.map { TensorSpec($0.dataType, $0.shape) })
  }

  static func located(
    _ error: GraphError, _ node: Node, _ inputs: [TensorSpec]
  ) -> GraphError {
    let names = Registry.definition(node.type)?.signature.inputs.map(\.name) ?? []
    let arguments = inputs.enumerated().map { index, value in
      let text = "\(value.dataType.signatureName)\(value.shape)"
      return names.count == inputs.count ? "\(names[index]): \(text)" : text
    }
    return error.at(
      node: "{{node \(node.name)}} = \(node.type)(\(arguments.joined(separator: ", ")))",
      location: node.location)
  }
}
