import Foundation

/// A queue of a session: TensorFlow's `FIFOQueue`, `PaddingFIFOQueue` and `RandomShuffleQueue`.
///
/// An element is one tensor for each component. Enqueues and dequeues that cannot go on wait in two
/// lines, and each line is served in the order in which it formed. A thread that waits sleeps; it
/// takes none of the engine's compute threads away.
///
/// A queue with fillers waits for nobody: what takes from it runs them first, on its own thread, until
/// the queue is full, and again while there is too little. How full the queue is when something is
/// taken then follows from what was taken before, and with it the choice that a shuffling queue makes.
/// An enqueue that finds no room stays in line while its run goes on.
final class QueueValue: Resource, @unchecked Sendable {
  /// What a queue's node says of it.
  struct Definition: Sendable {
    enum Kind: String, Sendable {
      case firstInFirstOut = "FIFOQueue"
      case padding = "PaddingFIFOQueue"
      case randomShuffle = "RandomShuffleQueue"
    }

    /// The capacity of a queue without one: TensorFlow's largest `int32`.
    static let unbounded = Int(Int32.max)

    var kind: Kind
    var types: [DataType]
    /// One a component, or empty where elements may have any shape.
    var shapes: [Shape]
    var capacity: Int
    var minimumAfterDequeue = 0
    var seed: Int64 = 0
    var seed2: Int64 = 0
  }

  typealias Element = [Tensor]

  /// Something that puts elements in when it is run.
  struct Filler: Sendable {
    let run: @Sendable () throws(GraphError) -> Void
    /// What it throws when there is nothing more to put in.
    let ends: Set<GraphError.Code>
    /// Fillers of a group end together, with `close`.
    let group: Int
    let close: @Sendable () throws(GraphError) -> Void
  }

  /// An enqueue, dequeue or close that stands in line.
  private final class Attempt {
    enum Work {
      case enqueue
      case close
      case dequeue(allowsFewer: Bool)
    }

    let work: Work
    /// What is to go in, or what has come out.
    var elements: [Element]
    /// How many have yet to go in or come out.
    var remaining: Int
    var isDone = false
    var failure: GraphError?

    init(_ work: Work, elements: [Element] = [], count: Int) {
      self.work = work
      self.elements = elements
      remaining = count
    }

    var isDequeue: Bool {
      if case .dequeue = work { true } else { false }
    }
  }

  private enum Outcome { case none, some, complete }

  let definition: Definition
  /// As error texts name it: the shared name, or `_0_NODE` for a queue of one node's own.
  let name: String

  // All of the following under the condition's lock.
  private let condition = NSCondition()
  private var elements: [Element] = []
  /// Elements before this place have left.
  private var head = 0
  private var closed = false
  private var isCancelled = false
  private var enqueues: [Attempt] = []
  private var dequeues: [Attempt] = []
  private var choice: SampledPhilox
  private var fillers: [Filler] = []
  /// Which filler is next, and which have ended.
  private var turn = 0
  private var ended: Set<Int> = []

  /// Held while fillers run.
  private let filling = NSRecursiveLock()
  /// Under that lock.
  private var isFilling = false

  init(_ definition: Definition, name: String) {
    self.definition = definition
    self.name = name
    choice = SampledPhilox(seed: definition.seed, seed2: definition.seed2)
  }

  /// The number of elements.
  var count: Int { locked { size } }

  /// Whether nothing more will be enqueued.
  var isClosed: Bool { locked { closed } }

  private var size: Int { elements.count - head }

  private func locked<R>(_ body: () -> R) -> R {
    condition.lock()
    defer { condition.unlock() }
    return body()
  }

  // MARK: - Operations

  /// Puts elements in, and waits until there is room for all of them.
  ///
  /// - Throws: `cancelled` for a queue that is closed, or when the session ends meanwhile.
  func enqueue(_ elements: [Element]) throws(GraphError) {
    guard !elements.isEmpty else { return }
    try finish(Attempt(.enqueue, elements: elements, count: elements.count))
  }

  /// Takes `count` elements out, and waits until there are as many.
  ///
  /// - Parameter allowsFewer: Takes what is left of a closed queue, at least one.
  /// - Throws: `outOfRange` for a closed queue with too few, `cancelled` when the session ends.
  func dequeue(_ count: Int, allowsFewer: Bool = false) throws(GraphError) -> [Element] {
    guard count > 0 else { return [] }
    let attempt = Attempt(.dequeue(allowsFewer: allowsFewer), count: count)
    if locked({ fillers.isEmpty }) { try finish(attempt) } else { try fill(for: attempt) }
    return attempt.elements
  }

  /// Lets nothing more in, after what already waits to get in or instead of it.
  ///
  /// - Throws: `cancelled` for a queue that is closed already, unless pending enqueues are cancelled.
  func close(cancelsPendingEnqueues: Bool) throws(GraphError) {
    guard cancelsPendingEnqueues else {
      try finish(Attempt(.close, count: 0))
      return
    }
    locked {
      closed = true
      fail(&enqueues, with: .cancelled("Enqueue operation was cancelled"))
      serve()
    }
  }

  /// Wakes everything that waits, with a refusal; nothing waits again.
  func cancel() {
    locked {
      isCancelled = true
      fail(&enqueues, with: .cancelled("Enqueue operation was cancelled"))
      fail(&dequeues, with: .cancelled("Dequeue operation was cancelled"))
      condition.broadcast()
    }
  }

  private func fail(_ attempts: inout [Attempt], with error: GraphError) {
    for attempt in attempts {
      attempt.failure = error
      attempt.isDone = true
    }
    attempts = []
  }

  private func finish(_ attempt: Attempt) throws(GraphError) {
    condition.lock()
    defer { condition.unlock() }
    try begin(attempt)
    // A filler must come back, so that what waits for it can take something and make room.
    while !attempt.isDone, attempt.isDequeue || fillers.isEmpty { condition.wait() }
    if let failure = attempt.failure { throw failure }
  }

  /// Puts an attempt in its line and serves the lines. Under the lock.
  private func begin(_ attempt: Attempt) throws(GraphError) {
    if isCancelled {
      throw .cancelled("\(attempt.isDequeue ? "Dequeue" : "Enqueue") operation was cancelled")
    }
    if attempt.isDequeue { dequeues.append(attempt) } else { enqueues.append(attempt) }
    serve()
  }

  // MARK: - Fillers

  /// Makes every dequeue run `fillers`, in turn.
  ///
  /// - Throws: `failedPrecondition` when the queue has fillers.
  func setFillers(_ fillers: [Filler]) throws(GraphError) {
    let isNew = locked {
      guard self.fillers.isEmpty else { return false }
      self.fillers = fillers
      return true
    }
    guard isNew else {
      throw .failedPrecondition("The queue '\(name)' is filled by queue runners already")
    }
  }

  private func fill(for attempt: Attempt) throws(GraphError) {
    filling.lock()
    defer { filling.unlock() }
    guard !isFilling else {
      throw .failedPrecondition(
        "What fills the queue '\(name)' takes elements from it: it would wait for itself")
    }
    isFilling = true
    defer { isFilling = false }
    while hasRoom(for: attempt), try runFiller() {}
    condition.lock()
    do {
      try begin(attempt)
    } catch {
      condition.unlock()
      throw error
    }
    while !attempt.isDone {
      condition.unlock()
      var failure: GraphError?
      var isLast = false
      do { isLast = try !runFiller() } catch { failure = error }
      condition.lock()
      guard !attempt.isDone else { break }
      if let failure {
        giveBack(attempt)
        dequeues.removeAll { $0 === attempt }
        condition.unlock()
        throw failure
      }
      if isLast {
        // Runners that name no node to close the queue with.
        closed = true
        serve()
      }
    }
    condition.unlock()
    if let failure = attempt.failure { throw failure }
  }

  /// Whether the queue is to be fuller before `attempt` takes something: full, or full enough where
  /// there is no capacity.
  private func hasRoom(for attempt: Attempt) -> Bool {
    locked {
      guard !closed, !isCancelled, enqueues.isEmpty else { return false }
      let isBounded = definition.capacity < Definition.unbounded
      return size
        < (isBounded
          ? definition.capacity : definition.minimumAfterDequeue + attempt.remaining)
    }
  }

  /// Runs the filler whose turn it is; `false` when all have ended.
  private func runFiller() throws(GraphError) -> Bool {
    let (next, filler): (Int, Filler?) = locked {
      for offset in fillers.indices {
        let index = (turn + offset) % fillers.count
        if !ended.contains(index) { return (index, fillers[index]) }
      }
      return (0, nil)
    }
    guard let filler else { return false }
    do throws(GraphError) {
      try filler.run()
    } catch {
      guard filler.ends.contains(error.code) else { throw error }
      let isLast = locked {
        ended.insert(next)
        return !fillers.indices.contains {
          fillers[$0].group == filler.group && !ended.contains($0)
        }
      }
      // As TensorFlow's runner: a queue that cannot be closed is closed.
      if isLast { try? filler.close() }
      return true
    }
    locked { turn = next + 1 }
    return true
  }

  // MARK: - Serving the lines

  private func serve() {
    var changed = true
    while changed {
      let entered = serve(&enqueues)
      let left = serve(&dequeues)
      changed = entered || left
    }
    condition.broadcast()
  }

  /// Whether anything came of the attempts at the front of a line.
  private func serve(_ attempts: inout [Attempt]) -> Bool {
    var changed = false
    while let attempt = attempts.first {
      let outcome: Outcome
      switch attempt.work {
      case .enqueue: outcome = admit(attempt)
      case .close: outcome = close(attempt)
      case .dequeue(let allowsFewer): outcome = take(attempt, allowsFewer: allowsFewer)
      }
      if outcome != .none { changed = true }
      guard outcome == .complete else { break }
      attempt.isDone = true
      attempts.removeFirst()
    }
    return changed
  }

  private func close(_ attempt: Attempt) -> Outcome {
    if closed { attempt.failure = .cancelled("Queue '\(name)' is already closed.") }
    closed = true
    return .complete
  }

  private func admit(_ attempt: Attempt) -> Outcome {
    if closed {
      attempt.failure = .cancelled("\(definition.kind.rawValue) '\(name)' is closed.")
      return .complete
    }
    let count = min(attempt.remaining, definition.capacity - size)
    guard count > 0 else { return .none }
    let start = attempt.elements.count - attempt.remaining
    elements += attempt.elements[start..<(start + count)]
    attempt.remaining -= count
    return attempt.remaining == 0 ? .complete : .some
  }

  private func take(_ attempt: Attempt, allowsFewer: Bool) -> Outcome {
    var available = size
    if closed, available < attempt.remaining {
      giveBack(attempt)
      guard allowsFewer, size > 0 else {
        attempt.failure = .outOfRange(
          "\(definition.kind.rawValue) '\(name)' is closed and has insufficient elements "
            + "(requested \(attempt.remaining), current size \(available))")
        return .complete
      }
      available = size
      attempt.remaining = available
    }
    if !closed { available -= definition.minimumAfterDequeue }
    let count = min(available, attempt.remaining)
    guard count > 0 else { return .none }
    for _ in 0..<count { attempt.elements.append(takeOne()) }
    attempt.remaining -= count
    return attempt.remaining == 0 ? .complete : .some
  }

  /// Returns what a dequeue has of the elements that it wants to the place where they came from.
  private func giveBack(_ attempt: Attempt) {
    switch definition.kind {
    case .randomShuffle: elements += attempt.elements.reversed()
    case .firstInFirstOut, .padding:
      elements.replaceSubrange(0..<head, with: attempt.elements)
      head = 0
    }
    attempt.elements = []
  }

  private func takeOne() -> Element {
    if definition.kind == .randomShuffle {
      let index = Int(choice.next()) % elements.count
      elements.swapAt(index, elements.count - 1)
      return elements.removeLast()
    }
    let element = elements[head]
    elements[head] = []
    head += 1
    if head > 64, head > elements.count / 2 {
      elements.removeFirst(head)
      head = 0
    }
    return element
  }
}

extension QueueValue: StatefulResource {
  func save(to state: inout StateWriter) throws(GraphError) {
    condition.lock()
    defer { condition.unlock() }
    state.append(definition.kind.rawValue)
    state.append(closed)
    state.append(turn)
    state.append(ended.count)
    for index in ended.sorted() { state.append(index) }
    if definition.kind == .randomShuffle { choice.save(to: &state) }
    try Self.append(elements[head...], to: &state)
    // What stands in line of a run that has gone on.
    state.append(enqueues.count)
    for attempt in enqueues {
      try Self.append(attempt.elements.suffix(attempt.remaining), to: &state)
    }
  }

  private static func append(
    _ elements: ArraySlice<Element>, to state: inout StateWriter
  ) throws(GraphError) {
    state.append(elements.count)
    for element in elements { try state.append(element) }
  }

  func restore(from state: inout StateReader) throws(GraphError) {
    guard try state.string() == definition.kind.rawValue else { throw StateReader.damaged }
    let isClosed = try state.bool()
    let turn = try state.integer()
    guard turn >= 0 else { throw StateReader.damaged }
    var ended: Set<Int> = []
    for _ in 0..<(try state.count()) { ended.insert(try state.integer()) }
    var choice = self.choice
    if definition.kind == .randomShuffle { choice = try SampledPhilox(from: &state) }
    let elements = try restoredElements(&state)
    guard elements.count <= definition.capacity else { throw StateReader.damaged }
    var enqueues: [Attempt] = []
    for _ in 0..<(try state.count()) {
      let rest = try restoredElements(&state)
      enqueues.append(
        Attempt(rest.isEmpty ? .close : .enqueue, elements: rest, count: rest.count))
    }
    locked {
      (self.elements, head, closed) = (elements, 0, isClosed)
      (self.turn, self.ended, self.choice) = (turn, ended, choice)
      self.enqueues = enqueues
    }
  }

  private func restoredElements(_ state: inout StateReader) throws(GraphError) -> [Element] {
    var elements: [Element] = []
    for _ in 0..<(try state.count()) {
      let element = try state.tensors()
      guard element.map(\.dataType) == definition.types else { throw StateReader.damaged }
      for (tensor, shape) in zip(element, definition.shapes)
      where !shape.isCompatible(with: tensor.shape) {
        throw StateReader.damaged
      }
      elements.append(element)
    }
    return elements
  }
}

/// Philox, one word at a time.
struct SampledPhilox: Sendable {
  private let seeds: (Int64, Int64)
  /// How many words were taken.
  private var samples: UInt64 = 0
  private var generator: Philox
  private var words = SIMD4<UInt32>()

  /// The generator of these seeds; of seeds by chance when both are zero.
  init(seed: Int64, seed2: Int64) {
    seeds =
      seed == 0 && seed2 == 0
      ? (Int64.random(in: .min ... .max), Int64.random(in: .min ... .max)) : (seed, seed2)
    generator = Philox(
      seed: UInt64(bitPattern: seeds.0), seed2: UInt64(bitPattern: seeds.1))
  }

  init(from state: inout StateReader) throws(GraphError) {
    let seeds = (try state.word(), try state.word())
    let samples = try state.word()
    self.seeds = (Int64(bitPattern: seeds.0), Int64(bitPattern: seeds.1))
    self.samples = samples
    generator = Philox(seed: seeds.0, seed2: seeds.1)
    generator.skip(samples / 4)
    if samples % 4 != 0 { draw() }
  }

  func save(to state: inout StateWriter) {
    state.append(UInt64(bitPattern: seeds.0))
    state.append(UInt64(bitPattern: seeds.1))
    state.append(samples)
  }

  private mutating func draw() {
    let drawn = generator.next()
    words = SIMD4(drawn.0, drawn.1, drawn.2, drawn.3)
  }

  mutating func next() -> UInt32 {
    let place = Int(samples % 4)
    if place == 0 { draw() }
    samples &+= 1
    return words[place]
  }
}
