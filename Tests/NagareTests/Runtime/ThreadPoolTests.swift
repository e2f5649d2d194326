import Foundation
import Testing

@testable import Nagare

@Suite struct ThreadPoolTests {
  /// Waits until another has been done, or a while.
  private final class Waiting: BackgroundTask, @unchecked Sendable {
    let begun = DispatchSemaphore(value: 0)
    let other = DispatchSemaphore(value: 0)
    var isInTime = false

    override func perform() {
      begun.signal()
      isInTime = other.wait(timeout: .now() + 20) == .success
    }
  }

  private final class Independent: BackgroundTask, @unchecked Sendable {
    let waiting: Waiting

    init(_ waiting: Waiting) { self.waiting = waiting }

    override var isIndependent: Bool { true }

    override func perform() { waiting.other.signal() }
  }

  /// The one worker is busy, so that only the thread which waits is left to do the second task.
  @Test func whoWaitsForATaskDoesAnother() {
    let pool = ThreadPool(threads: 2)
    let waiting = Waiting()
    pool.submit(waiting)
    waiting.begun.wait()
    pool.submit(Independent(waiting))
    waiting.finish()
    #expect(waiting.isInTime)
  }

  /// A task that comes while somebody waits already is done by him as well.
  @Test func whoWaitsIsWokenForATask() {
    let pool = ThreadPool(threads: 2)
    let waiting = Waiting()
    pool.submit(waiting)
    waiting.begun.wait()
    Thread.detachNewThread {
      Thread.sleep(forTimeInterval: 0.05)
      pool.submit(Independent(waiting))
    }
    waiting.finish()
    #expect(waiting.isInTime)
  }
}
