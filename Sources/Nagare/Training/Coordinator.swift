import Foundation

/// Ends several threads together: when one asks for it or fails, all are to stop. The first failure is
/// the one that is reported.
///
/// TensorFlow: `tf.train.Coordinator`.
///
/// # Thread safety
/// Any thread may call any method.
public final class Coordinator: @unchecked Sendable {
  private struct Worker {
    let id: Int
    let name: String
  }

  private let cleanStopCodes: Set<GraphError.Code>
  private let condition = NSCondition()
  // All of the following under the condition's lock.
  private var stops = false
  private var failure: GraphError?
  private var workers: [Worker] = []
  private var started = 0
  private var stopActions: [@Sendable () -> Void] = []

  /// A coordinator of no threads yet.
  ///
  /// - Parameter cleanStopCodes: Failures that stop the threads without being reported: the end of
  ///   the input is one.
  public init(cleanStopCodes: Set<GraphError.Code> = [.outOfRange]) {
    self.cleanStopCodes = cleanStopCodes
  }

  /// Whether the threads are to stop.
  public var shouldStop: Bool {
    condition.lock()
    defer { condition.unlock() }
    return stops
  }

  /// Asks all threads to stop. What is asked first counts: later failures are not reported.
  ///
  /// - Parameter error: Why, when it is a failure; `join` throws it.
  public func requestStop(_ error: GraphError? = nil) {
    condition.lock()
    let isFirst = !stops
    if isFirst {
      stops = true
      if let error, !cleanStopCodes.contains(error.code) { failure = error }
    }
    let actions = isFirst ? stopActions : []
    if isFirst { stopActions = [] }
    condition.broadcast()
    condition.unlock()
    for action in actions { action() }
  }

  /// Waits until the threads are asked to stop, for `timeout` seconds at most.
  ///
  /// - Returns: whether they are.
  @discardableResult
  public func waitForStop(timeout: Double = .infinity) -> Bool {
    let deadline = Self.deadline(timeout)
    condition.lock()
    defer { condition.unlock() }
    while !stops, condition.wait(until: deadline) {}
    return stops
  }

  /// Calls `action` once when the threads are asked to stop, at once if they are.
  func onStop(_ action: @escaping @Sendable () -> Void) {
    condition.lock()
    let isLate = stops
    if !isLate { stopActions.append(action) }
    condition.unlock()
    if isLate { action() }
  }

  /// Runs `body` on a thread of its own, which `join` waits for. What it throws stops all threads.
  public func start(
    _ name: String, _ body: @escaping @Sendable () throws(GraphError) -> Void
  ) {
    condition.lock()
    let id = started
    started += 1
    workers.append(Worker(id: id, name: name))
    condition.unlock()
    let thread = Thread { [self] in
      do throws(GraphError) { try body() } catch { requestStop(error) }
      condition.lock()
      workers.removeAll { $0.id == id }
      condition.broadcast()
      condition.unlock()
    }
    thread.name = name
    thread.stackSize = 8 << 20
    thread.start()
  }

  /// Waits until all threads have ended. Those that go on after they were asked to stop have
  /// `gracePeriod` seconds.
  ///
  /// - Throws: the first failure; `failedPrecondition` for threads that still run.
  public func join(gracePeriod: Double = 120) throws(GraphError) {
    condition.lock()
    defer { condition.unlock() }
    while !workers.isEmpty, !stops { condition.wait() }
    let deadline = Self.deadline(gracePeriod)
    while !workers.isEmpty, condition.wait(until: deadline) {}
    if let failure { throw failure }
    guard workers.isEmpty else {
      let names = workers.map(\.name).joined(separator: " ")
      throw .failedPrecondition("Coordinator stopped with threads still running: \(names)")
    }
  }

  private static func deadline(_ seconds: Double) -> Date {
    seconds < 1e9 ? Date(timeIntervalSinceNow: seconds) : .distantFuture
  }
}
