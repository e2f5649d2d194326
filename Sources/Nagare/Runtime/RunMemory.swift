import Synchronization

/// The block of memory of one run, in which buffers lie where they were planned.
///
/// It is freed with the last tensor that lies in it.
///
/// # Thread safety
/// Kernels allocate, and the last reference to a tensor may go, on any thread.
final class RunMemory: MemoryOwner {
  private struct State {
    var zone: Zone
    /// How many of the planned places were taken.
    var taken = 0
  }

  let plan: MemoryPlan
  private nonisolated(unsafe) let base: UnsafeMutableRawPointer
  private let state: Mutex<State>

  /// - Throws: `resourceExhausted` when the block does not fit.
  init(_ plan: MemoryPlan) throws(GraphError) {
    self.plan = plan
    base = try Memory.allocate(plan.byteCount)
    state = Mutex(State(zone: Zone(limit: plan.byteCount)))
  }

  deinit { Memory.free(base, plan.byteCount) }

  /// What an output is joined of, and where it begins in it.
  struct Part {
    let storage: TensorStorage
    let offset: Int
  }

  /// The place of an output of this size of a step; `nil` where there is none, or something is there. Not in
  /// the way are `parts` of it that lie in their places: they are its memory from now on.
  func allocate(_ byteCount: Int, for step: Int, joining parts: [Part] = []) -> TensorStorage? {
    for place in plan.places[step] where place.byteCount == byteCount {
      let within = parts.filter { part in
        part.storage.belongs(to: self) && part.storage.base - base == place.offset + part.offset
          && part.storage.byteCount <= byteCount - part.offset
      }
      let isFree = state.withLock { state in
        var zone = state.zone
        for part in within {
          zone.free(part.storage.base - base, Self.size(part.storage.byteCount))
        }
        guard zone.allocate(at: place.offset, Self.size(byteCount)) else { return false }
        state.zone = zone
        state.taken += 1
        return true
      }
      guard isFree else { continue }
      for part in within { part.storage.isGivenOn = true }
      return TensorStorage(base + place.offset, byteCount: byteCount, of: self)
    }
    return nil
  }

  /// Memory between the planned buffers, for no longer than a step runs: what is free after it may be
  /// another's.
  func allocateScratch(_ byteCount: Int) -> TensorStorage? {
    let start = state.withLock { $0.zone.allocate(Self.size(byteCount)) }
    return start.map { TensorStorage(base + $0, byteCount: byteCount, of: self) }
  }

  func free(_ address: UnsafeMutableRawPointer, _ byteCount: Int) {
    state.withLock { $0.zone.free(address - base, Self.size(byteCount)) }
  }

  /// Whole cache lines.
  private static func size(_ byteCount: Int) -> Int {
    (byteCount + Memory.alignment - 1) / Memory.alignment * Memory.alignment
  }

  /// Whether values were of the sizes that were planned, most of them.
  var isAsPlanned: Bool { state.withLock { $0.taken * 2 >= plan.placeCount } }
}

extension Tensor {
  /// This tensor, or a copy where it lies in the block of a run, which would stay for as long as it.
  ///
  /// A kernel that gives its input unchanged makes one of a value that was planned to end with the run.
  func outliving(_ memory: RunMemory) throws(GraphError) -> Tensor {
    guard storage.isPart || storage.belongs(to: memory) else { return self }
    let copy = try Tensor(uninitialized: dataType, dimensions)
    copy.storage.base.copyMemory(from: storage.base, byteCount: copy.storage.byteCount)
    return copy
  }
}

/// The memory plans of a plan: one of the sizes that are known before a run, and where those are not all, one
/// for each set of shapes of feeds, of the sizes that a run with them showed.
final class MemoryPlans: Sendable {
  private struct Learned {
    let feeds: [[Int]]
    /// `nil` where there is nothing to plan.
    var plan: MemoryPlan?
    /// Whether a run has shown all sizes.
    var isComplete: Bool
  }

  /// Feeds of more shapes than that are not one like the other.
  private static let mostLearned = 8

  private let known: MemoryPlan?
  private let isComplete: Bool
  private let learned = Mutex<[Learned]>([])

  init(_ steps: [Plan.Step], slots: [Tensor?]) {
    let values = steps.flatMap(\.specs).filter { $0.dataType.byteCount != nil }
    isComplete = values.allSatisfy { $0.byteCount != nil }
    let hasLarge = values.contains { $0.byteCount ?? 0 > Memory.largestBlock }
    let shapes = hasLarge ? steps.map { $0.specs.map(\.shape) } : []
    known = hasLarge ? MemoryPlan(steps, slots: slots, shapes: shapes).ifAny : nil
  }

  /// The plan for a run with these feeds, and whether the run is to show a better one: the second of its
  /// kind, for many runs have none that is like them.
  func plan(for feeds: [Tensor]) -> (plan: MemoryPlan?, learns: Bool) {
    if isComplete { return (known, false) }
    return learned.withLock { learned in
      let entry = learned.first { entry in
        zip(entry.feeds, feeds).allSatisfy { $0 == $1.dimensions }
      }
      if let entry { return (entry.plan, !entry.isComplete) }
      if learned.count < Self.mostLearned {
        let feeds = feeds.map(\.dimensions)
        learned.append(Learned(feeds: feeds, plan: known, isComplete: false))
      }
      return (known, false)
    }
  }

  /// Plans runs with such feeds as `trace` showed one; without a trace, by what is known before a run.
  func learn(_ plan: Plan, feeds: [Tensor], from trace: RunTrace?) {
    guard !isComplete else { return }
    var made = known
    if let trace {
      let shapes = plan.shapes(shownBy: trace)
      made = MemoryPlan(plan.steps, slots: plan.initialSlots, shapes: shapes).ifAny
    }
    let dimensions = feeds.map(\.dimensions)
    learned.withLock { learned in
      guard let index = learned.firstIndex(where: { $0.feeds == dimensions }) else { return }
      learned[index] = Learned(feeds: dimensions, plan: made, isComplete: true)
    }
  }
}
