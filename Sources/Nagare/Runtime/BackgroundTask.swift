import Foundation

/// Work that a thread of the pool does when it has nothing better to do, or whoever needs its result
/// does himself. It is done once.
class BackgroundTask: @unchecked Sendable {
  private enum State { case waiting, running, done }

  private let condition = NSCondition()
  private var state = State.waiting

  /// The work. Not called by others than `run`.
  func perform() {}

  /// Does the work if nobody has begun it.
  final func run() {
    condition.lock()
    guard state == .waiting else {
      condition.unlock()
      return
    }
    state = .running
    condition.unlock()
    perform()
    condition.lock()
    state = .done
    condition.broadcast()
    condition.unlock()
  }

  /// Returns when the work is done.
  final func finish() {
    run()
    condition.lock()
    while state != .done { condition.wait() }
    condition.unlock()
  }
}
