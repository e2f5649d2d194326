/// What a session makes of a part of its graph: the order of the run, what passes did, and where the
/// values are. Variables, feeds, constants and what kernels need besides are not among the buffers.
public struct PlanDescription: Sendable {
  /// A value of the run.
  public struct Value: Sendable {
    /// `node:index`.
    public let name: String
    public let dataType: DataType
    public let shape: Shape
    /// Where its memory begins, in bytes from the beginning of the run's; `nil` when it has no place there,
    /// for it is small, or outlives the run, or its size is not known.
    public let offset: Int?
    /// `nil` when it is not known.
    public let byteCount: Int?
    /// Whether the memory is that of an input, which the kernel overwrites or gives on.
    public let isShared: Bool
  }

  /// What is computed at once.
  public struct Unit: Sendable {
    /// The node whose outputs these are.
    public let node: Node
    /// The op type that runs.
    public let type: String
    /// Other nodes that it computes.
    public let parts: [Node]
    public let inputs: [String]
    public let outputs: [Value]
    /// Inputs that nothing reads afterwards.
    public let released: [String]
  }

  /// What a pass did to a node: it is not computed by itself, or with its channels last.
  public struct Change: Sendable {
    public let pass: PlanPass
    public let node: Node
    /// What it is part of or the same as; `nil` for a constant and for another layout.
    public let into: Node?
  }

  /// In their order.
  public private(set) var units: [Unit] = []
  public let changes: [Change]
  /// The values that are known before the run.
  public let constantCount: Int
  public let constantBytes: Int
  /// The most bytes of planned buffers that are in use at once, and the size of the block of memory that
  /// they lie in. Of known sizes only.
  public let peak: (held: Int, reserved: Int)
  /// Whether all sizes are known.
  public let isComplete: Bool

  init(_ plan: Plan, _ trace: RunTrace? = nil) {
    changes = plan.changes
    var parts: [Int: [Node]] = [:]
    for change in plan.changes where change.pass.makesOne {
      if let into = change.into { parts[into.id, default: []].append(change.node) }
    }
    let constants = plan.initialSlots.compactMap(\.self)
    constantCount = constants.count
    constantBytes = constants.reduce(0) { $0 + $1.storage.byteCount }
    let shapes = plan.shapes(shownBy: trace)
    let memory = MemoryPlan(
      plan.steps, slots: plan.initialSlots, shapes: shapes, isPlaced: plan.memory != nil)
    var names = plan.givenNames
    for (index, step) in plan.steps.enumerated() {
      let inputs = step.inputs.map { names[$0.slot] ?? "" }
      let outputs = step.specs.indices.map { output in
        let spec = TensorSpec(step.specs[output].dataType, shapes[index][output])
        let value = memory.values[index][output]
        return Value(
          name: "\(step.node.name):\(output)", dataType: spec.dataType, shape: spec.shape,
          offset: value.buffer.flatMap { memory.buffers[$0] }.map { $0.offset + value.offset },
          byteCount: spec.byteCount, isShared: value.isShared)
      }
      for (slot, output) in zip(step.outputs, outputs) {
        if let slot { names[slot] = output.name }
      }
      units.append(
        Unit(
          node: step.node, type: Swift.type(of: step.op).name, parts: parts[step.node.id] ?? [],
          inputs: inputs, outputs: outputs,
          released: zip(inputs, step.inputs).filter { $1.isLast }.map(\.0)))
    }
    peak = (memory.mostUsed, memory.byteCount)
    isComplete = memory.isComplete
  }
}

extension Callable {
  /// How the run is done.
  ///
  /// - Parameter trace: Of runs of this callable; sizes that are known in a run only are taken from it.
  public func describePlan(_ trace: RunTrace? = nil) -> PlanDescription {
    PlanDescription(plan, trace)
  }
}
