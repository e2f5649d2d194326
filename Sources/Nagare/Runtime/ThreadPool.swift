import CNagareKernels
import Foundation
import Synchronization

/// The engine's compute threads. Work is split into tasks whose boundaries do not depend on the number
/// of threads, so that results do not either.
///
/// # Thread safety
/// Several threads may call `run` at once; tasks of all of them share the workers. A task may call
/// `run` itself: the caller always works on its own tasks, so that nothing waits for an idle worker.
public final class ThreadPool: @unchecked Sendable {
  /// One call of `run`.
  private final class Job: @unchecked Sendable {
    let count: Int
    /// How many tasks were asked for, and how many of them from the end.
    private let taken = Atomic<Int>(0)
    private let takenFromEnd = Atomic<Int>(0)
    /// `nil` once the call has returned. Not used outside of `work`.
    var body: ((Int) -> Void)?
    /// Workers that have the job. They join under the pool's lock while it is among the jobs.
    private let workers = Atomic<Int>(0)
    /// Whether the caller sleeps until they have left.
    private let isAwaited = Atomic<Bool>(false)

    init(count: Int, body: @escaping (Int) -> Void) {
      self.count = count
      self.body = body
    }

    var isExhausted: Bool { taken.load(ordering: .relaxed) >= count }

    /// The caller goes from the first task on, workers from the last: what one job leaves in a thread's
    /// cache is then likely to be what the same thread needs for the next.
    // Not inlined: no reference to the body may outlast the call.
    @inline(never)
    func work(isCaller: Bool) {
      var next = 0
      while taken.wrappingAdd(1, ordering: .relaxed).oldValue < count {
        if isCaller {
          body?(next)
          next += 1
        } else {
          body?(count - takenFromEnd.wrappingAdd(1, ordering: .relaxed).newValue)
        }
      }
    }

    func join() { workers.wrappingAdd(1, ordering: .relaxed) }

    func leave(_ condition: NSCondition) {
      guard workers.wrappingSubtract(1, ordering: .sequentiallyConsistent).newValue == 0,
        isAwaited.load(ordering: .sequentiallyConsistent)
      else { return }
      condition.lock()
      condition.broadcast()
      condition.unlock()
    }

    /// Returns when no worker has the job any more; none may join.
    func awaitWorkers(_ condition: NSCondition, spins: Bool) {
      if spins, ThreadPool.spin({ workers.load(ordering: .acquiring) == 0 }) { return }
      condition.lock()
      isAwaited.store(true, ordering: .sequentiallyConsistent)
      while workers.load(ordering: .sequentiallyConsistent) > 0 { condition.wait() }
      condition.unlock()
    }
  }

  /// Looks for a while whether `isOver`, and says whether it became so. A thread that sleeps is not
  /// awake again before a small kernel would have been done.
  private static func spin(_ isOver: () -> Bool) -> Bool {
    let end = ContinuousClock.now + .microseconds(100)
    repeat {
      for _ in 0..<64 {
        if isOver() { return true }
        nagare_pause()
      }
    } while ContinuousClock.now < end
    return false
  }

  /// What workers share; it outlives the pool until the last worker has left.
  private final class Shared: @unchecked Sendable {
    let condition = NSCondition()
    var jobs: [Job] = []
    /// What is to be done when there are no jobs.
    var tasks: [BackgroundTask] = []
    var isStopping = false
    /// Threads in `help`.
    var helpers = 0

    /// Grows with every job and task, after the lock is given back: a thread that sees it need not wait
    /// for that.
    let changes = Atomic<Int>(0)
    /// More threads than processors would only take time from each other.
    let spins: Bool

    init(spins: Bool) { self.spins = spins }

    func serve() {
      // A worker that has just done something looks for more before it sleeps.
      var isPatient = false
      condition.lock()
      while !isStopping {
        let seen = changes.load(ordering: .relaxed)
        jobs.removeAll(where: \.isExhausted)
        if let job = jobs.first {
          job.join()
          condition.unlock()
          job.work(isCaller: false)
          job.leave(condition)
          isPatient = spins
          condition.lock()
        } else if !tasks.isEmpty {
          let task = tasks.removeFirst()
          condition.unlock()
          task.run()
          condition.lock()
        } else if isPatient {
          condition.unlock()
          isPatient = ThreadPool.spin { changes.load(ordering: .relaxed) != seen }
          condition.lock()
        } else {
          condition.wait()
        }
      }
      condition.unlock()
    }

    /// Says that there is something new.
    func announce() { changes.wrappingAdd(1, ordering: .relaxed) }
  }

  private let shared: Shared
  private let divided = Atomic<Int>(0)

  /// How often work was divided among threads so far.
  var divisions: Int { divided.load(ordering: .relaxed) }

  /// The number of threads that work on a call of `run`, the caller included.
  public let threadCount: Int

  /// No threads but the caller's.
  static let serial = ThreadPool(threads: 1)

  /// A pool of `threads` threads; as many as the process may use when `nil`.
  public init(threads: Int? = nil) {
    threadCount = min(256, max(1, threads ?? ThreadPool.availableProcessors))
    shared = Shared(spins: threadCount <= ThreadPool.availableProcessors)
    for _ in 1..<max(1, threadCount) {
      let worker = Thread { [shared] in shared.serve() }
      worker.name = "nagare"
      // Datasets run functions here, which may call others.
      worker.stackSize = 1 << 22
      worker.start()
    }
  }

  deinit {
    shared.condition.lock()
    shared.isStopping = true
    shared.condition.broadcast()
    shared.condition.unlock()
  }

  /// Processors that the process may run on.
  public static var availableProcessors: Int {
    let allowed = Int(nagare_available_processors())
    if allowed > 0 { return allowed }
    return ProcessInfo.processInfo.activeProcessorCount
  }

  /// Has a worker do the task when none of the work that callers wait for is left. A pool of one
  /// thread leaves it to whoever needs it.
  func submit(_ task: BackgroundTask) {
    guard threadCount > 1 else { return }
    task.pool = self
    shared.condition.lock()
    shared.tasks.append(task)
    shared.condition.broadcast()
    shared.condition.unlock()
    shared.announce()
  }

  /// Does independent tasks until the given one, which another thread has begun, is done.
  func help(until task: BackgroundTask) {
    let condition = shared.condition
    condition.lock()
    shared.helpers += 1
    while !task.isDone {
      if let index = shared.tasks.firstIndex(where: \.isIndependent) {
        let other = shared.tasks.remove(at: index)
        condition.unlock()
        other.run()
        condition.lock()
      } else {
        condition.wait()
      }
    }
    shared.helpers -= 1
    condition.unlock()
  }

  /// Has those in `help` look whether what they wait for is done.
  func wakeHelpers() {
    shared.condition.lock()
    if shared.helpers > 0 { shared.condition.broadcast() }
    shared.condition.unlock()
  }

  /// Calls `body` once for each task `0..<count`, on several threads, and returns when all are done.
  public func run(_ count: Int, _ body: (Int) -> Void) {
    guard count > 1, threadCount > 1 else {
      for index in 0..<max(0, count) { body(index) }
      return
    }
    divided.wrappingAdd(1, ordering: .relaxed)
    withoutActuallyEscaping(body) { body in
      let job = Job(count: count, body: body)
      let condition = shared.condition
      condition.lock()
      shared.jobs.append(job)
      condition.broadcast()
      condition.unlock()
      shared.announce()
      job.work(isCaller: true)
      // No task is left to begin; those that workers have begun end before they leave.
      condition.lock()
      shared.jobs.removeAll { $0 === job }
      condition.unlock()
      job.awaitWorkers(condition, spins: shared.spins)
      job.body = nil
    }
  }

  /// Splits `0..<count` into ranges of `grain` (the last may be shorter) and calls `body` for each.
  public func ranges(_ count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
    guard count > 0 else { return }
    let grain = max(1, grain)
    run((count - 1) / grain + 1) { index in
      let start = index * grain
      body(start..<min(count, start + grain))
    }
  }
}
