import NagareMessages
import Synchronization

/// How a queue is filled: nodes that enqueue, to be run over and over, and nodes that close the queue.
///
/// TensorFlow: `tf.train.QueueRunner`, `QueueRunnerDef`.
public struct QueueRunner: Sendable, Equatable {
  /// How queue runners work.
  public enum Mode: Sendable {
    /// What takes from a queue fills it first, on its own thread, until it is full. The same graph
    /// with the same seeds then gives the same bits in every run, and a session that was saved goes on
    /// as if it had not been interrupted. There are no threads, so input and training alternate.
    ///
    /// It is the order of events of a runner with one thread for each queue that is always faster than
    /// what takes from the queue. A queue without a capacity is filled with as much as is wanted.
    /// Nodes that enqueue besides the runners do not wait for room.
    case deterministic
    /// A thread for each enqueue node, as in TensorFlow: what comes out of a queue that several fill,
    /// or that shuffles, depends on their race.
    case threads
  }

  /// The name of the queue's node.
  public var queue: String
  /// The nodes that enqueue, one for each thread; a node may be there several times.
  public var enqueueNodes: [String]
  /// The node that is run when all of them have come to an end; empty for none.
  public var closeNode: String
  /// The node that is run to wake threads that wait for room; empty for none.
  public var cancelNode: String
  /// What an enqueue node throws at its end.
  public var endCodes: [GraphError.Code]

  public init(
    queue: String, enqueueNodes: [String], closeNode: String, cancelNode: String,
    endCodes: [GraphError.Code] = [.outOfRange]
  ) {
    self.queue = queue
    self.enqueueNodes = enqueueNodes
    self.closeNode = closeNode
    self.cancelNode = cancelNode
    self.endCodes = endCodes
  }
}

extension Graph {
  /// Adds a queue runner to a collection, by which `Session.startQueueRunners` finds it, and
  /// TensorFlow in a MetaGraph.
  ///
  /// TensorFlow: `tf.train.add_queue_runner`.
  public func addQueueRunner(
    _ runner: QueueRunner, to collection: String = "queue_runners"
  ) throws(GraphError) {
    let message = Tensorflow_QueueRunnerDef.with {
      $0.queueName = runner.queue
      $0.enqueueOpName = runner.enqueueNodes
      $0.closeOpName = runner.closeNode
      $0.cancelOpName = runner.cancelNode
      $0.queueClosedExceptionTypes = runner.endCodes.map { Int32($0.rawValue) }
    }
    addToCollection(collection, .bytes(try message.binary()))
  }

  /// The queue runners of a collection.
  ///
  /// - Throws: `dataLoss` for a member that is no queue runner.
  public func queueRunners(
    in collection: String = "queue_runners"
  ) throws(GraphError) -> [QueueRunner] {
    var runners: [QueueRunner] = []
    for item in collections[collection] ?? [] {
      guard case .bytes(let bytes) = item else {
        throw .dataLoss("The collection '\(collection)' holds something that is no QueueRunnerDef")
      }
      let message = try Tensorflow_QueueRunnerDef(binary: bytes, "QueueRunnerDef")
      let codes = message.queueClosedExceptionTypes.compactMap {
        GraphError.Code(rawValue: Int($0))
      }
      runners.append(
        QueueRunner(
          queue: message.queueName, enqueueNodes: message.enqueueOpName,
          closeNode: message.closeOpName, cancelNode: message.cancelOpName,
          endCodes: codes.isEmpty ? [.outOfRange] : codes))
    }
    return runners
  }

  fileprivate func runnerNode(_ name: String) throws(GraphError) -> Node {
    guard let node = node(named: name) else {
      throw .notFound("A queue runner names the node '\(name)', which is not in the graph")
    }
    return node
  }
}

extension Session {
  /// Has the queues of the graph filled by its queue runners from now on.
  ///
  /// Variables that the nodes use must be initialized before, those of the collection
  /// `local_variables` too.
  ///
  /// - Parameters:
  ///   - mode: On threads, or by what takes from the queues.
  ///   - coordinator: Stops the threads, and learns of their failures; needed for `.threads`.
  ///   - collection: Where the queue runners are.
  /// - Throws: `notFound` for a node that is not in the graph, `failedPrecondition` when the queues have
  ///   runners, `invalidArgument` for `.threads` without a coordinator.
  ///
  /// TensorFlow: `tf.train.start_queue_runners`.
  public func startQueueRunners(
    _ mode: QueueRunner.Mode = .deterministic, coordinator: Coordinator? = nil,
    collection: String = "queue_runners"
  ) throws(GraphError) {
    let runners = try graph.queueRunners(in: collection)
    switch mode {
    case .deterministic: try setFillers(runners)
    case .threads:
      guard let coordinator else {
        throw .invalidArgument("Queue runners on threads need a coordinator")
      }
      for runner in runners { try start(runner, coordinator) }
    }
  }

  private func setFillers(_ runners: [QueueRunner]) throws(GraphError) {
    var queues: [(queue: QueueValue, fillers: [QueueValue.Filler])] = []
    for (group, runner) in runners.enumerated() {
      let handle = try run(graph.output(named: runner.queue))
      guard let queue = handle.storage.resource as? QueueValue else {
        throw .invalidArgument("A queue runner's queue '\(runner.queue)' is no queue")
      }
      // A closure that held the session would keep it alive: the session owns the queue.
      let close = runner.closeNode.isEmpty ? nil : try graph.runnerNode(runner.closeNode)
      var fillers: [QueueValue.Filler] = []
      for name in runner.enqueueNodes {
        let node = try graph.runnerNode(name)
        fillers.append(
          QueueValue.Filler(
            run: { [weak self] () throws(GraphError) in try self?.run(node) },
            ends: Set(runner.endCodes), group: group,
            close: { [weak self] () throws(GraphError) in
              if let close { try self?.run(close) }
            }))
      }
      if let index = queues.firstIndex(where: { $0.queue === queue }) {
        queues[index].fillers += fillers
      } else {
        queues.append((queue, fillers))
      }
    }
    for (queue, fillers) in queues where !fillers.isEmpty { try queue.setFillers(fillers) }
  }

  private func start(_ runner: QueueRunner, _ coordinator: Coordinator) throws(GraphError) {
    let close = runner.closeNode.isEmpty ? nil : try graph.runnerNode(runner.closeNode)
    let cancel = runner.cancelNode.isEmpty ? nil : try graph.runnerNode(runner.cancelNode)
    var nodes: [Node] = []
    for name in runner.enqueueNodes { nodes.append(try graph.runnerNode(name)) }
    if let cancel {
      // A queue that cannot be closed any more wakes nobody.
      coordinator.onStop { [self] in try? run(cancel) }
    }
    let threads = RunningThreads(nodes.count)
    for node in nodes {
      coordinator.start("QueueRunnerThread-\(runner.queue)-\(node.name)") {
        [self] () throws(GraphError) in
        var hasEnded = false
        defer { if !hasEnded { _ = threads.leave() } }
        while !coordinator.shouldStop {
          do throws(GraphError) {
            try run(node)
          } catch {
            guard runner.endCodes.contains(error.code) else { throw error }
            hasEnded = true
            if threads.leave(), let close { try? run(close) }
            return
          }
        }
      }
    }
  }
}

/// How many threads of a queue runner are at work.
private final class RunningThreads: Sendable {
  private let count: Mutex<Int>

  init(_ count: Int) { self.count = Mutex(count) }

  /// Counts one less.
  ///
  /// - Returns: whether it was the last.
  func leave() -> Bool {
    count.withLock { count in
      count -= 1
      return count == 0
    }
  }
}
