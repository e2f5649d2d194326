import Foundation

/// Work that a thread of the pool does when it has nothing better to do, or else the thread that needs its
/// result. It is done once.
class BackgroundTask: @unchecked Sendable {
  private enum State { case waiting, running, done }

  private let condition = NSCondition()
  private var state = State.waiting
  /// The pool that it was handed to; set before anybody else knows of the task.
  var pool: ThreadPool?

  /// Whether it does not wait for other tasks, so that whoever waits for one may do it in the meantime.
  var isIndependent: Bool { false }

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
    let pool = pool.take()
    condition.unlock()
    pool?.wakeHelpers()
  }

  final var isDone: Bool {
    condition.lock()
    defer { condition.unlock() }
    return state == .done
  }

  /// Returns when the work is done. While another thread does it, this one does other tasks.
  final func finish() {
    run()
    condition.lock()
    let pool = pool
    condition.unlock()
    pool?.help(until: self)
    condition.lock()
    while state != .done { condition.wait() }
    condition.unlock()
  }
}
