/// Ops on `float32`, element by element, in one walk through memory: what one gives the next is kept in the
/// cache. Results are those of the ops one by one, bit for bit.
struct FusedElementwise: SingleOutputOp, OverwritingOp, WithoutGradient {
  /// The loop of an op.
  enum Kernel: Sendable {
    case unary(FloatLoop)
    /// Of two operands of one shape.
    case pair(FloatPairLoop)
    /// With the step of each operand, 0 for a single number.
    case arithmetic(FloatArithmeticLoop)
  }

  /// Where an operand is.
  enum Source: Sendable {
    case input(Int)
    /// The result of an instruction.
    case result(Int)
  }

  struct Instruction: Sendable {
    let node: Node
    let op: any FusibleOp
    let sources: [Source]
  }

  /// In an order in which results come before they are used; the last gives the output.
  private(set) var instructions: [Instruction] = []
  private var code: [Code] = []
  /// Where no input is a single number beside tensors.
  private var plainSteps: [Steps] = []
  private var registerCount = 0
  private var inputCount = 1

  /// An instruction as the loop over blocks takes it. An operand is a register, or the input of the
  /// number `-1 - operand`.
  private struct Code: Sendable {
    let kernel: Kernel
    let left: Int
    let right: Int
    /// `nil` for the output.
    let register: Int?
    /// The instructions that the operands are the results of; inputs as above.
    let leftSource: Int
    let rightSource: Int
  }

  /// How far the operands of an instruction go on from one element to the next: 1, or 0 for a single
  /// number.
  private struct Steps: Sendable {
    var left = 1
    var right = 1

    /// Whether the result is a single number.
    var isNumber: Bool { left == 0 && right == 0 }
  }

  static let name = "_FusedElementwise"
  static let signature = Signature(
    inputs: ["inputs: T"], outputs: ["output: T"], types: ["T": .of(.float32)])

  /// Elements of a block: some of them fit the fastest cache.
  private static let block = 1024

  init() {}

  var overwrites: ClosedRange<Int> { 0...(inputCount - 1) }

  init(_ instructions: [Instruction], inputs: Int) {
    self.instructions = instructions
    inputCount = inputs
    var lastUse = [Int](repeating: 0, count: instructions.count)
    for (index, instruction) in instructions.enumerated() {
      for case .result(let source) in instruction.sources { lastUse[source] = index }
    }
    var registers = [Int](repeating: 0, count: instructions.count)
    var free: [Int] = []
    for (index, instruction) in instructions.enumerated() {
      let operands = instruction.sources.map { source in
        switch source {
        case .input(let number): -1 - number
        case .result(let number): registers[number]
        }
      }
      let isOutput = index == instructions.count - 1
      if !isOutput {
        registers[index] = free.popLast() ?? registerCount
        registerCount = max(registerCount, registers[index] + 1)
      }
      // Only now: a loop reads a single number again and again, and must not write over it.
      var released: Set<Int> = []
      for case .result(let source) in instruction.sources where lastUse[source] == index {
        released.insert(registers[source])
      }
      free += released.sorted(by: >)
      let places = instruction.sources.map { source in
        switch source {
        case .input(let number): -1 - number
        case .result(let number): number
        }
      }
      code.append(
        Code(
          kernel: type(of: instruction.op).kernel, left: operands[0],
          right: operands[operands.count - 1], register: isOutput ? nil : registers[index],
          leftSource: places[0], rightSource: places[places.count - 1]))
    }
    plainSteps = [Steps](repeating: Steps(), count: code.count)
  }

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.unknown] }

  func computeOutput(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    guard let (dimensions, steps) = layout(inputs) else { return try oneByOne(inputs, context) }
    let output = try context.allocate(
      .float32, dimensions, reusing: overwrites, of: inputs)
    let count = output.count
    let blocks = (count + Self.block - 1) / Self.block
    let perTask = max(1, context.grain(cost: code.count) / Self.block)
    let tasks = (blocks + perTask - 1) / perTask
    let addresses = inputs.map { UInt(bitPattern: $0.bytes) }
    let result = output.mutablePointer(Float.self)
    let scratch = registerCount * Self.block * MemoryLayout<Float>.stride
    try context.run(tasks, scratch: scratch) { task, memory in
      let registers = memory.assumingMemoryBound(to: Float.self)
      for block in (task * perTask)..<min(blocks, (task + 1) * perTask) {
        let start = block * Self.block
        run(
          min(Self.block, count - start), from: start, addresses, steps, registers, result + start)
      }
    }
    return output
  }

  /// One block.
  private func run(
    _ count: Int, from start: Int, _ inputs: [UInt], _ steps: [Steps],
    _ registers: UnsafeMutablePointer<Float>, _ output: UnsafeMutablePointer<Float>
  ) {
    func operand(_ number: Int, _ step: Int) -> UnsafePointer<Float>? {
      guard number < 0 else { return UnsafePointer(registers + number * Self.block) }
      return UnsafePointer<Float>(bitPattern: inputs[-1 - number]).map { $0 + step * start }
    }
    for (code, step) in zip(code, steps) {
      let target = code.register.map { registers + $0 * Self.block } ?? output
      let length = step.isNumber ? 1 : Int64(count)
      let (x, y) = (operand(code.left, step.left), operand(code.right, step.right))
      switch code.kernel {
      case .unary(let loop): loop(length, x, target)
      case .pair(let loop): loop(length, x, y, target)
      case .arithmetic(let loop):
        loop(length, x, Int64(step.left), y, Int64(step.right), target)
      }
      if step.isNumber, code.register == nil { target.update(repeating: target[0], count: count) }
    }
  }

  /// The dimensions of the output, and the steps of the instructions. `nil` for inputs that go together in
  /// another way, or not at all.
  private func layout(_ inputs: [Tensor]) -> ([Int], [Steps])? {
    guard inputs.allSatisfy({ $0.dataType == .float32 }),
      var dimensions = inputs.first?.dimensions
    else { return nil }
    if inputs.allSatisfy({ $0.dimensions == dimensions }) { return (dimensions, plainSteps) }
    var (count, rank) = (inputs[0].count, inputs[0].rank)
    for input in inputs where (input.count, input.rank) > (count, rank) {
      (count, rank, dimensions) = (input.count, input.rank, input.dimensions)
    }
    var given: [Int] = []
    for input in inputs {
      if input.dimensions == dimensions {
        given.append(1)
      } else if input.count == 1, input.rank <= rank {
        given.append(0)
      } else {
        return nil
      }
    }
    var steps: [Steps] = []
    steps.reserveCapacity(code.count)
    func step(_ source: Int) -> Int {
      source < 0 ? given[-1 - source] : steps[source].isNumber ? 0 : 1
    }
    for code in code {
      let step = Steps(left: step(code.leftSource), right: step(code.rightSource))
      // Loops of pairs refuse numbers beside tensors.
      if case .pair = code.kernel, step.left == 0 || step.right == 0 { return nil }
      steps.append(step)
    }
    return (dimensions, steps)
  }

  private func oneByOne(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    var results: [Tensor] = []
    for instruction in instructions {
      let operands = instruction.sources.map { source in
        switch source {
        case .input(let number): inputs[number]
        case .result(let number): results[number]
        }
      }
      do throws(GraphError) {
        results.append(
          try instruction.op.computeOutput(
            operands,
            KernelContext(node: instruction.node, environment: try context.environment)))
      } catch {
        throw Plan.located(error, instruction.node, operands)
      }
    }
    guard let output = results.last else { throw .internalError("A fused op of no ops") }
    return output
  }
}

/// An op whose kernel for `float32` is a loop in which others can be.
protocol FusibleOp: SingleOutputOp {
  static var kernel: FusedElementwise.Kernel { get }
}

extension PlanDraft {
  /// Makes one unit of ops on `float32` tensors of one shape and on single numbers, of which each but the
  /// last has one reader.
  mutating func fuseElementwise() {
    let uses = PlanUses(self)
    // The unit that each takes part in, by its last node.
    var root = [Int?](repeating: nil, count: nodes.count)
    var members: [Int: [FusibleUnit]] = [:]
    for unit in units.reversed() {
      guard let fusible = fusible(unit) else { continue }
      let id = unit.node.id
      if let reader = uses.onlyReader(of: unit.node), let last = root[reader.node.id],
        reader.node.controlInputs.isEmpty
      {
        root[id] = last
        members[last, default: []].append(fusible)
      } else {
        root[id] = id
        members[id] = [fusible]
      }
    }
    var fused: [Int: PlanUnit] = [:]
    var absorbed: [Int: Int] = [:]
    for (last, group) in members where group.count > 1 {
      fused[last] = PlanUnit(joining: group.reversed())
      for (unit, _) in group where unit.node.id != last { absorbed[unit.node.id] = last }
    }
    fuse(.fuseElementwise, fused, absorbed: absorbed)
  }

  /// The unit when it is a loop over operands of its output's shape and single numbers, as far as is known.
  private func fusible(_ unit: PlanUnit) -> FusibleUnit? {
    guard unit.node.outputs.count == 1, unit.node.outputs[0].dataType == .float32,
      unit.constants == nil, isPure(unit), let op = unit.op as? any FusibleOp
    else { return nil }
    let shape = unit.node.outputs[0].shape
    guard shape.rank != nil else { return nil }
    for edge in unit.inputs {
      let operand = self.spec(of: edge)
      guard operand.dataType == .float32,
        operand.shape == shape || operand.shape.elementCount == 1
      else { return nil }
    }
    return (unit, op)
  }
}

private typealias FusibleUnit = (unit: PlanUnit, op: any FusibleOp)

extension PlanUnit {
  /// The unit of several, the last of which gives the output.
  fileprivate init?(joining group: [FusibleUnit]) {
    guard let last = group.last?.unit else { return nil }
    var results: [Int: Int] = [:]
    var inputs: [Node.Edge] = []
    var places: [Node.Edge: Int] = [:]
    var instructions: [FusedElementwise.Instruction] = []
    instructions.reserveCapacity(group.count)
    for (unit, op) in group {
      var sources: [FusedElementwise.Source] = []
      sources.reserveCapacity(unit.inputs.count)
      for edge in unit.inputs {
        if edge.index == 0, let result = results[edge.node] {
          sources.append(.result(result))
        } else if let place = places[edge] {
          sources.append(.input(place))
        } else {
          places[edge] = inputs.count
          sources.append(.input(inputs.count))
          inputs.append(edge)
        }
      }
      results[unit.node.id] = instructions.count
      instructions.append(
        FusedElementwise.Instruction(node: unit.node, op: op, sources: sources))
    }
    self.init(
      FusedElementwise(instructions, inputs: inputs.count), for: last.node, inputs: inputs)
  }
}
