/// Where the values of a run lie: every buffer of more than some kilobytes has a place in one block of
/// memory, from the step that fills it to the last that reads it. Tensors that are joined lie where the
/// whole will be, and the parts of one where it was, where they are one after the other in memory.
///
/// What is fetched, or handed to a node that may keep it, has memory of its own. A run in which a value
/// lives longer than the plan says, or is of another size, finds its place taken and takes memory
/// elsewhere: a plan that does not come true costs memory and nothing else.
struct MemoryPlan: Sendable {
  /// A place in the block.
  struct Place: Sendable {
    let offset: Int
    let byteCount: Int
  }

  /// An output of a step.
  struct Value: Sendable {
    /// What has its elements; `nil` when it is not the run's, or its size is not known.
    let buffer: Int?
    /// Where in the buffer it begins, in bytes.
    var offset = 0
    /// Whether the memory is that of an input, which the kernel overwrites or gives on.
    let isShared: Bool
  }

  /// The outputs of every step.
  let values: [[Value]]
  /// Where buffers are, by their numbers; `nil` for those that have memory of their own.
  let buffers: [Place?]
  /// What every step allocates.
  private(set) var places: [[Place]]
  /// Whether the outputs of a step are parts of its input.
  private(set) var givesParts: [Bool]
  /// How many places there are.
  let placeCount: Int
  /// The size of the block.
  let byteCount: Int
  /// The most bytes of the block that are in use at once.
  let mostUsed: Int
  /// Whether all sizes are known.
  let isComplete: Bool

  /// - Parameters:
  ///   - slots: What is in the places for values before the first step.
  ///   - shapes: Those of the outputs of every step, as far as they are known.
  ///   - isPlaced: Whether buffers get places, not only lives.
  init(_ steps: [Plan.Step], slots: [Tensor?], shapes: [[Shape]], isPlaced: Bool = true) {
    let lives = Lifetimes(steps, slots, shapes)
    var placing = Placing()
    var buffers = [Place?](repeating: nil, count: lives.buffers.count)
    var changes = [Int](repeating: 0, count: steps.count + 1)
    let bySize = lives.wholes.sorted {
      (lives.buffers[$1].byteCount, $0) < (lives.buffers[$0].byteCount, $1)
    }
    for number in bySize.prefix(isPlaced ? Placing.most : 0) {
      let buffer = lives.buffers[number]
      let place = placing.place(buffer.byteCount, buffer.first...buffer.last)
      buffers[number] = place
      changes[buffer.first] += Arena.size(place.byteCount)
      changes[buffer.last + 1] -= Arena.size(place.byteCount)
    }
    for number in buffers.indices {
      guard let (whole, offset) = lives.place(of: number), let place = buffers[whole] else {
        continue
      }
      buffers[number] = Place(
        offset: place.offset + offset, byteCount: lives.buffers[number].byteCount)
    }
    places = [[Place]](repeating: [], count: steps.count)
    for (number, place) in buffers.enumerated() {
      if let place { places[lives.buffers[number].filledBy].append(place) }
    }
    givesParts = lives.dividing.map { $0.map { buffers[$0] != nil } ?? false }
    values = lives.values
    self.buffers = buffers
    placeCount = buffers.count { $0 != nil }
    byteCount = placing.byteCount
    isComplete = lives.isComplete
    var (used, most) = (0, 0)
    for change in changes {
      used += change
      most = max(most, used)
    }
    mostUsed = most
  }

  /// `nil` where nothing has a place.
  var ifAny: MemoryPlan? { placeCount > 0 ? self : nil }
}

/// Gives buffers places, each the smallest that is free for as long as it lives. The largest come first: they
/// fit nowhere between others.
private struct Placing {
  private struct Placed {
    let place: MemoryPlan.Place
    let steps: ClosedRange<Int>
  }

  /// The most buffers that are placed: each is compared with all before it.
  static let most = 1 << 12

  /// In the order of their places.
  private var placed: [Placed] = []
  private(set) var byteCount = 0

  mutating func place(_ bytes: Int, _ steps: ClosedRange<Int>) -> MemoryPlan.Place {
    let size = Arena.size(bytes)
    var best: (room: Int, start: Int)?
    var end = 0
    for other in placed where other.steps.overlaps(steps) {
      let start = other.place.offset
      let room = start - end
      if room >= size, room < best?.room ?? .max { best = (room, end) }
      end = max(end, start + Arena.size(other.place.byteCount))
    }
    let place = MemoryPlan.Place(offset: best?.start ?? end, byteCount: bytes)
    byteCount = max(byteCount, place.offset + size)
    let index = placed.firstIndex { $0.place.offset > place.offset } ?? placed.count
    placed.insert(Placed(place: place, steps: steps), at: index)
    return place
  }
}

/// Follows a plan's buffers from step to step.
private struct Lifetimes {
  struct Buffer {
    let byteCount: Int
    /// The step that fills it, or ends to.
    let filledBy: Int
    /// The first step that fills a part of it, and the last one that reads any.
    var first: Int
    var last: Int
    /// How many values have it.
    var values = 1
    /// Whether it may outlive the run.
    var isKept = false
    /// The buffer that it becomes a part of, and where in it.
    var whole: (buffer: Int, offset: Int)?
    /// Whether others become parts of it.
    var isWhole = false

    var isPlanned: Bool { !isKept && byteCount > Memory.largestBlock }
  }

  private struct Content {
    let spec: TensorSpec
    let value: MemoryPlan.Value
    /// Whether it is a part of its buffer.
    var isPart = false
  }

  private(set) var buffers: [Buffer] = []
  private(set) var values: [[MemoryPlan.Value]] = []
  /// The buffer that every step takes apart, where its outputs can be parts of it.
  private(set) var dividing: [Int?] = []
  private(set) var isComplete = true
  private var slots: [Content?]
  private let constants: [Tensor?]

  init(_ steps: [Plan.Step], _ constants: [Tensor?], _ shapes: [[Shape]]) {
    slots = [Content?](repeating: nil, count: constants.count)
    self.constants = constants
    values.reserveCapacity(steps.count)
    for (index, step) in steps.enumerated() { run(step, at: index, shapes[index]) }
    for content in slots {
      if let buffer = content?.value.buffer { buffers[buffer].isKept = true }
    }
    for number in buffers.indices {
      guard let (whole, _) = place(of: number) else { continue }
      buffers[whole].first = min(buffers[whole].first, buffers[number].first)
    }
  }

  /// The buffers that have places of their own.
  var wholes: [Int] {
    buffers.indices.filter { buffers[$0].isPlanned && place(of: $0) == nil }
  }

  /// The buffer that this one is a part of, and where in it.
  func place(of number: Int) -> (buffer: Int, offset: Int)? {
    guard !buffers[number].isKept, let (whole, offset) = buffers[number].whole,
      buffers[whole].isPlanned
    else { return nil }
    return (whole, offset)
  }

  private mutating func run(_ step: Plan.Step, at index: Int, _ shapes: [Shape]) {
    let inputs = step.inputs.map { slots[$0.slot] }
    for input in inputs {
      guard let buffer = input?.value.buffer else { continue }
      buffers[buffer].last = index
      if step.mayKeepInputs { buffers[buffer].isKept = true }
    }
    for operand in step.inputs where operand.isLast { slots[operand.slot] = nil }
    let specs = zip(step.specs, shapes).map { TensorSpec($0.dataType, $1) }
    let parted = dividedInput(step, inputs, specs)
    dividing.append(parted.flatMap { inputs[$0]?.value.buffer })
    var outputs: [MemoryPlan.Value] = []
    var taken: Int?
    var offset = 0
    for (output, spec) in specs.enumerated() {
      let shared = parted ?? (output == 0 ? sharedInput(step, inputs, spec) : nil)
      let source = shared.flatMap { inputs[$0] }
      var buffer = source?.value.buffer
      if let buffer {
        if parted != nil || step.op is any AliasingOp {
          buffers[buffer].values += 1
        } else {
          taken = shared
        }
      }
      if shared == nil, spec.dataType.byteCount != nil {
        if let bytes = spec.byteCount {
          if step.isPure || step.op is any RandomOp { buffer = add(bytes, at: index) }
        } else {
          isComplete = false
        }
      }
      let value = MemoryPlan.Value(
        buffer: buffer, offset: (source?.value.offset ?? 0) + offset, isShared: shared != nil)
      if parted != nil { offset += spec.byteCount ?? 0 }
      outputs.append(value)
      if let slot = step.outputs[output] {
        slots[slot] = Content(
          spec: spec, value: value, isPart: parted != nil || source?.isPart ?? false)
      } else if let buffer {
        buffers[buffer].values -= 1
      }
    }
    values.append(outputs)
    if let whole = outputs.first?.buffer, outputs.count == 1 {
      join(step, inputs, specs[0], in: whole)
    }
    for (place, operand) in step.inputs.enumerated() where operand.isLast && place != taken {
      if let buffer = inputs[place]?.value.buffer { buffers[buffer].values -= 1 }
    }
  }

  private mutating func add(_ byteCount: Int, at index: Int) -> Int {
    buffers.append(Buffer(byteCount: byteCount, filledBy: index, first: index, last: index))
    return buffers.count - 1
  }

  /// The input whose memory the first output has.
  private func sharedInput(
    _ step: Plan.Step, _ inputs: [Content?], _ spec: TensorSpec
  ) -> Int? {
    if step.op is any AliasingOp { return 0 }
    guard let op = step.op as? any OverwritingOp else { return nil }
    return op.overwrites.first { place in
      guard isOwn(place, step, inputs), let input = inputs[place], let known = spec.shape.known
      else { return false }
      return input.spec.dataType == spec.dataType && input.spec.shape.known == known
    }
  }

  /// Whether an input is all of its buffer, and nothing else is or will be.
  private func isOwn(_ place: Int, _ step: Plan.Step, _ inputs: [Content?]) -> Bool {
    guard step.inputs[place].isLast, step.inputs[place].isOnly, let input = inputs[place],
      !input.isPart, let buffer = input.value.buffer
    else { return false }
    return buffers[buffer].values == 1
  }

  /// The input that a step takes apart into parts that are one after the other in memory.
  private func dividedInput(
    _ step: Plan.Step, _ inputs: [Content?], _ specs: [TensorSpec]
  ) -> Int? {
    guard let op = step.op as? any DividingOp, let input = inputs[op.dividedInput],
      isOwn(op.dividedInput, step, inputs), let dimensions = input.spec.shape.known,
      let axis = op.axis(step.inputs.map { constants[$0.slot] }),
      StridedCopy.isOutermost(axis, dimensions)
    else { return nil }
    let isAligned = specs.allSatisfy { ($0.byteCount ?? 1) % Memory.alignment == 0 }
    return isAligned ? op.dividedInput : nil
  }

  /// Lets inputs that are joined lie in the whole from the beginning.
  private mutating func join(
    _ step: Plan.Step, _ inputs: [Content?], _ spec: TensorSpec, in whole: Int
  ) {
    guard let op = step.op as? any JoiningOp, let dimensions = spec.shape.known,
      let axis = op.axis(step.inputs.map { constants[$0.slot] }),
      StridedCopy.isOutermost(axis, dimensions)
    else { return }
    var offset = 0
    for place in op.joinedInputs(of: inputs.count) {
      let spec = inputs[place]?.spec ?? step.inputSpecs[place]
      guard let bytes = spec.byteCount else { return }
      if isOwn(place, step, inputs), let buffer = inputs[place]?.value.buffer,
        buffers[buffer].byteCount == bytes, buffers[buffer].whole == nil,
        bytes % Memory.alignment == 0, offset % Memory.alignment == 0, !buffers[buffer].isWhole
      {
        buffers[buffer].whole = (whole, offset)
        buffers[whole].isWhole = true
      }
      offset += bytes
    }
  }
}

extension TensorSpec {
  /// The bytes of a value, where they are known.
  var byteCount: Int? {
    guard let count = shape.elementCount, let size = dataType.byteCount else { return nil }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
    // As large as that, the addresses after it would overflow.
    return overflow || bytes > 1 << 50 ? nil : bytes
  }
}
