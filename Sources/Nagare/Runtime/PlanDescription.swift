/// What a session makes of a part of its graph: the order of the run, what passes did, and where the
/// values are. Variables, feeds, constants and what kernels need besides are not among the buffers.
public struct PlanDescription: Sendable {
  /// A value of the run.
  public struct Value: Sendable {
    /// `node:index`.
    public let name: String
    public let dataType: DataType
    public let shape: Shape
    /// Where its memory begins, in bytes from the beginning of the run's; `nil` when it has none of its
    /// own or its size is not known.
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
  /// The most bytes of buffers that are in use at once, and the bytes from the beginning of the first to
  /// the end of the last, of small ones and of large ones: what of it is free between buffers fits none. Of
  /// known sizes only.
  public let peak: (held: Int, reserved: Int)
  /// Whether all sizes are known.
  public let isComplete: Bool

  init(_ plan: Plan, shapes: [Int: [Shape]]) {
    changes = plan.changes
    var parts: [Int: [Node]] = [:]
    for change in plan.changes where change.pass.makesOne {
      if let into = change.into { parts[into.id, default: []].append(change.node) }
    }
    let constants = plan.initialSlots.compactMap(\.self)
    constantCount = constants.count
    constantBytes = constants.reduce(0) { $0 + $1.storage.byteCount }
    var memory = ImaginedMemory(plan)
    for step in plan.steps {
      let known = shapes[step.node.id]
      let specs = step.specs.enumerated().map { index, spec in
        // A trace may be of another plan.
        let shape = known.flatMap { index < $0.count ? $0[index] : nil }
        return TensorSpec(spec.dataType, shape ?? spec.shape)
      }
      let inputs = step.inputs.map { memory.name(of: $0) }
      let outputs = memory.run(step, specs)
      units.append(
        Unit(
          node: step.node, type: Swift.type(of: step.op).name, parts: parts[step.node.id] ?? [],
          inputs: inputs, outputs: outputs,
          released: zip(inputs, step.inputs).filter { $1.isLast }.map(\.0)))
    }
    peak = (memory.arena.mostUsed, memory.arena.mostReserved)
    isComplete = memory.isComplete
  }
}

/// Follows a plan's buffers from step to step.
private struct ImaginedMemory {
  private struct Buffer {
    let byteCount: Int
    let address: UInt
    /// How many values have it.
    var values = 1
  }

  private struct Content {
    var name: String
    var spec: TensorSpec?
    var buffer: Int?
  }

  private(set) var arena = Arena.imagined
  private(set) var isComplete = true
  private var buffers: [Int: Buffer] = [:]
  private var nextBuffer = 0
  private var slots: [Int: Content] = [:]

  init(_ plan: Plan) {
    for (slot, name) in plan.givenNames { slots[slot] = Content(name: name) }
  }

  func name(of operand: Plan.Operand) -> String { slots[operand.slot]?.name ?? "" }

  mutating func run(_ step: Plan.Step, _ specs: [TensorSpec]) -> [PlanDescription.Value] {
    var inputs = step.inputs.map { slots[$0.slot] }
    for operand in step.inputs where operand.isLast { slots[operand.slot] = nil }
    var values: [PlanDescription.Value] = []
    var unread: [Int] = []
    for (index, spec) in specs.enumerated() {
      let name = "\(step.node.name):\(index)"
      let shared = sharedInput(step, inputs, index, spec)
      var buffer = shared.flatMap { inputs[$0]?.buffer }
      if let shared, !(step.op is any AliasingOp) {
        // It is the input's no longer.
        inputs[shared]?.buffer = nil
      } else if let buffer {
        buffers[buffer]?.values += 1
      }
      let byteCount = spec.byteCount
      if shared == nil, spec.dataType.byteCount != nil {
        if let byteCount {
          buffer = add(byteCount)
        } else {
          isComplete = false
        }
      }
      values.append(
        PlanDescription.Value(
          name: name, dataType: spec.dataType, shape: spec.shape,
          offset: buffer.flatMap { buffers[$0] }.map { arena.offset($0.address) },
          byteCount: byteCount, isShared: shared != nil))
      if let slot = step.outputs[index] {
        slots[slot] = Content(name: name, spec: spec, buffer: buffer)
      } else if let buffer {
        unread.append(buffer)
      }
    }
    for (input, operand) in zip(inputs, step.inputs) where operand.isLast {
      if let buffer = input?.buffer { release(buffer) }
    }
    for buffer in unread { release(buffer) }
    return values
  }

  /// The input whose memory output `index` has.
  private func sharedInput(
    _ step: Plan.Step, _ inputs: [Content?], _ index: Int, _ spec: TensorSpec
  ) -> Int? {
    guard index == 0 else { return nil }
    if step.op is any AliasingOp { return 0 }
    guard let op = step.op as? any OverwritingOp else { return nil }
    return op.overwrites.first { place in
      let slot = step.inputs[place].slot
      guard step.inputs[place].isLast, step.inputs.filter({ $0.slot == slot }).count == 1,
        let input = inputs[place], let buffer = input.buffer, let known = spec.shape.known
      else { return false }
      return buffers[buffer]?.values == 1 && input.spec?.dataType == spec.dataType
        && input.spec?.shape.known == known
    }
  }

  private mutating func add(_ byteCount: Int) -> Int {
    let buffer = Buffer(byteCount: byteCount, address: arena.allocate(byteCount))
    nextBuffer += 1
    buffers[nextBuffer] = buffer
    return nextBuffer
  }

  private mutating func release(_ number: Int) {
    guard var buffer = buffers[number] else { return }
    buffer.values -= 1
    buffers[number] = buffer.values > 0 ? buffer : nil
    if buffer.values == 0 { _ = arena.free(buffer.address, buffer.byteCount) }
  }
}

extension TensorSpec {
  /// The bytes of a value, where they are known.
  fileprivate var byteCount: Int? {
    guard let count = shape.elementCount, let size = dataType.byteCount else { return nil }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
    // As large as that, the addresses after it would overflow.
    return overflow || bytes > 1 << 50 ? nil : bytes
  }
}

extension Callable {
  /// How the run is done.
  ///
  /// - Parameter trace: Of runs of this callable; sizes that are known in a run only are taken from it.
  public func describePlan(_ trace: RunTrace? = nil) -> PlanDescription {
    var shapes: [Int: [Shape]] = [:]
    for entry in trace?.entries ?? [] { shapes[entry.node.id] = entry.outputs }
    return PlanDescription(plan, shapes: shapes)
  }
}
