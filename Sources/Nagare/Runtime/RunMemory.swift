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

  /// An output of a step in its place, uninitialized; `nil` as `allocate(_:for:joining:)` of its bytes.
  func allocate(
    _ dataType: DataType, _ dimensions: [Int], for step: Int, joining parts: [Part] = []
  ) -> Tensor? {
    guard !plan.places[step].isEmpty, let size = dataType.byteCount,
      let count = try? checkedElementCount(dimensions)
    else { return nil }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
    guard !overflow, let storage = allocate(bytes, for: step, joining: parts) else { return nil }
    return Tensor(dataType, dimensions, count, storage)
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
          zone.free(part.storage.base - base, Memory.wholeLines(part.storage.byteCount))
        }
        guard zone.allocate(at: place.offset, Memory.wholeLines(byteCount)) else { return false }
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
    let start = state.withLock { $0.zone.allocate(Memory.wholeLines(byteCount)) }
    return start.map { TensorStorage(base + $0, byteCount: byteCount, of: self) }
  }

  func free(_ address: UnsafeMutableRawPointer, _ byteCount: Int) {
    state.withLock { $0.zone.free(address - base, Memory.wholeLines(byteCount)) }
  }

  /// Whether values were of the sizes that were planned, most of them.
  var isAsPlanned: Bool { state.withLock { $0.taken * 2 >= plan.placeCount } }
}

extension Tensor {
  /// This tensor, or a copy where it lies in the block of a run, which would stay for as long as it.
  ///
  /// A kernel that gives its input unchanged makes one of a value that was planned to end with the run.
  func outliving(_ memory: RunMemory?) throws(GraphError) -> Tensor {
    guard let memory, storage.isPart || storage.belongs(to: memory) else { return self }
    let copy = try Tensor(uninitialized: dataType, dimensions)
    copy.storage.base.copyMemory(from: storage.base, byteCount: copy.storage.byteCount)
    return copy
  }
}
