import Foundation
import Synchronization
import Testing

@testable import Nagare

/// Queues between threads: who waits, who is woken, and by what.
@Suite struct QueueTests {
  /// A queue of float scalars with one node for each thing that can be done with it.
  private struct Bench {
    let graph = Graph()
    let x: Output
    let put: Node
    let putMany: Node
    let take: Output
    let takeThree: Output
    let takeUpToThree: Output
    let size: Output
    let close: Node
    let cancel: Node

    init(capacity: Int? = nil) throws {
      x = try graph.placeholder(.float32, name: "x")
      let queue = try graph.queue([.float32], shapes: [.scalar], capacity: capacity)
      put = try queue.enqueue([x])
      putMany = try queue.enqueueMany([x])
      take = try queue.dequeue()[0]
      takeThree = try queue.dequeue(3)[0]
      takeUpToThree = try queue.dequeue(3, allowsFewer: true)[0]
      size = try queue.count()
      close = try queue.close()
      cancel = try queue.close(cancelsPendingEnqueues: true)
    }

    func put(_ values: [Float], _ session: Session) throws(GraphError) {
      _ = try session.run([], feeds: [x: try Tensor(values)], targets: [putMany])
    }

    /// Waits until the queue has `count` elements.
    func waitForSize(_ count: Int32, _ session: Session) throws {
      for _ in 0..<2000 {
        if try session.run(size).scalar(Int32.self) == count { return }
        Thread.sleep(forTimeInterval: 0.005)
      }
      Issue.record("The queue never had \(count) elements")
    }
  }

  /// Runs `body` on another thread.
  private final class Background<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, GraphError>?>(nil)
    private let done = DispatchSemaphore(value: 0)

    init(_ body: @escaping @Sendable () throws(GraphError) -> Value) {
      Thread.detachNewThread { [self] in
        do throws(GraphError) {
          let value = try body()
          result.withLock { $0 = .success(value) }
        } catch {
          result.withLock { $0 = .failure(error) }
        }
        done.signal()
      }
    }

    var isDone: Bool { result.withLock { $0 != nil } }

    func value() throws -> Value {
      guard done.wait(timeout: .now() + 20) == .success, let result = result.withLock({ $0 })
      else { throw GraphError(.deadlineExceeded, "The thread still waits") }
      done.signal()
      return try result.get()
    }

    func failure() -> GraphError? {
      #expect(throws: GraphError.self) { try value() }
    }
  }

  @Test(arguments: [1, 2]) func aDequeueWaitsForElementsAndLeavesTheThreads(_ threads: Int) throws {
    let bench = try Bench()
    let busy = try matmul(
      bench.graph.fill([300, 300], 1.0), bench.graph.fill([300, 300], 2.0))
    let session = Session(bench.graph, threads: threads)
    let waiting = (0..<4).map { _ in
      Background { () throws(GraphError) in try session.run(bench.takeThree) }
    }
    try bench.put([1, 2], session)
    // Others compute meanwhile, on all threads.
    for _ in 0..<5 {
      #expect(try session.run(busy).elements(Float.self).allSatisfy { $0 == 600 })
    }
    #expect(!waiting.contains { $0.isDone })
    try bench.put((3...12).map { Float($0) }, session)
    let batches = try waiting.map { try $0.value().elements(Float.self) }
    // Each batch is whole, whichever thread was first.
    #expect(batches.flatMap { $0 }.sorted() == (1...12).map { Float($0) })
    for batch in batches { #expect(batch == (0..<3).map { batch[0] + Float($0) }) }
  }

  @Test func anEnqueueWaitsForRoom() throws {
    let bench = try Bench(capacity: 3)
    let session = Session(bench.graph, threads: 2)
    let filling = Background { () throws(GraphError) in
      try bench.put((1...7).map { Float($0) }, session)
    }
    try bench.waitForSize(3, session)
    #expect(try session.run(bench.takeThree).elements(Float.self) == [1, 2, 3])
    try bench.waitForSize(3, session)
    #expect(!filling.isDone)
    #expect(try session.run(bench.takeThree).elements(Float.self) == [4, 5, 6])
    try filling.value()
    #expect(try session.run(bench.take).scalar(Float.self) == 7)
  }

  @Test func closingLetsInWhatWaitsOrRefusesIt() throws {
    for cancels in [false, true] {
      let bench = try Bench(capacity: 2)
      let session = Session(bench.graph, threads: 2)
      let filling = Background { () throws(GraphError) in try bench.put([1, 2, 3], session) }
      try bench.waitForSize(2, session)
      let closing = Background { () throws(GraphError) in
        try session.run(cancels ? bench.cancel : bench.close)
      }
      if cancels {
        try closing.value()
        #expect(filling.failure()?.message == "Enqueue operation was cancelled")
        #expect(filling.failure()?.code == .cancelled)
      } else {
        Thread.sleep(forTimeInterval: 0.02)
        #expect(!closing.isDone)
      }
      let rest = try session.run(bench.takeUpToThree).elements(Float.self)
      #expect(rest == (cancels ? [1, 2] : [1, 2, 3]))
      try closing.value()
      let end = #expect(throws: GraphError.self) { try session.run(bench.take) }
      #expect(end?.code == .outOfRange)
      #expect(end?.node?.contains("fifo_queue_Dequeue") == true)
    }
  }

  @Test func aDequeueThatCannotBeServedGivesBackWhatItHas() throws {
    let bench = try Bench()
    let session = Session(bench.graph, threads: 1)
    try bench.put([1, 2], session)
    let waiting = Background { () throws(GraphError) in try session.run(bench.takeThree) }
    try bench.waitForSize(0, session)
    try session.run(bench.close)
    #expect(waiting.failure()?.code == .outOfRange)
    #expect(try session.run(bench.takeUpToThree).elements(Float.self) == [1, 2])
  }

  @Test func closingTheSessionWakesEverythingThatWaits() throws {
    let bench = try Bench(capacity: 1)
    let session = Session(bench.graph, threads: 1)
    let taking = Background { () throws(GraphError) in try session.run(bench.takeThree) }
    Thread.sleep(forTimeInterval: 0.02)
    session.close()
    #expect(taking.failure()?.code == .cancelled)
    #expect(taking.failure()?.message == "Dequeue operation was cancelled")
    let refused = #expect(throws: GraphError.self) { try session.run(bench.take) }
    #expect(refused?.message == "Session has been closed.")

    let other = Session(bench.graph, threads: 1)
    let filling = Background { () throws(GraphError) in try bench.put([1, 2], other) }
    try bench.waitForSize(1, other)
    other.close()
    #expect(filling.failure()?.message == "Enqueue operation was cancelled")
  }

  @Test func hugeBatchesOfNothingAreRefused() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, name: "x")
    let put = try graph.queue([.float32]).enqueueMany([x])
    let value = try Tensor([Float](), dimensions: [1 << 40, 0])
    let error = #expect(throws: GraphError.self) {
      try Session(graph).run(put, feeds: [x: value])
    }
    #expect(error?.code == .resourceExhausted)
  }

  @Test func shapesAreKnownBeforeTheRun() throws {
    let graph = Graph()
    let queue = try graph.paddingQueue([.float32, .string], shapes: [[nil, 3], []])
    #expect(try queue.dequeue().map(\.shape) == [[nil, 3], []])
    #expect(try queue.dequeue(4).map(\.shape) == [[4, nil, 3], [4]])
    #expect(try queue.dequeue(4, allowsFewer: true).map(\.shape) == [[nil, nil, 3], [nil]])
    #expect(try graph.queue([.int32]).dequeue()[0].shape == .unknown)
  }
}
