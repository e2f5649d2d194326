import Synchronization

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
