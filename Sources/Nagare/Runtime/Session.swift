import Synchronization

/// Runs parts of a graph and owns the values of its variables.
///
/// # Thread safety
/// A session may be used from several threads; runs overlap. Each node of a run happens after the
/// nodes that it takes something from; runs see one another only through variables.
public final class Session: Sendable {
  /// The graph.
  public let graph: Graph
  let threads: ThreadPool
  let resources = Resources()

  private struct Signature: Hashable {
    var feeds: [Node.Edge]
    var fetches: [Node.Edge]
    var targets: [Int]
  }

  private let plans = Mutex<[Signature: Plan]>([:])
  private let passes: [PlanPass]
  private let isClosed = Atomic<Bool>(false)

  /// A session on `graph`.
  ///
  /// - Parameters:
  ///   - threads: How many threads compute; as many as the process may use when `nil`.
  ///   - passes: The optimizations to apply, in their order.
  public init(_ graph: Graph, threads: Int? = nil, passes: [PlanPass] = PlanPass.allCases) {
    self.graph = graph
    self.passes = passes
    self.threads = ThreadPool(threads: threads)
  }

  deinit {
    // Iterators hold what their functions run in.
    resources.removeAll()
  }

  /// Where the graph's own nodes run.
  var environment: RunEnvironment {
    RunEnvironment(
      threads: threads, resources: resources, functions: graph.functions,
      random: resources.generators)
  }

  /// The values of `fetches`, computed by the nodes that they need and no others.
  ///
  /// - Parameters:
  ///   - fetches: Tensors of the graph.
  ///   - feeds: Values for any tensors of the graph, used in place of what would compute them.
  ///   - targets: Nodes to run besides.
  /// - Throws: `invalidArgument` for a feed of the wrong type or shape, and whatever a node throws,
  ///   with the node.
  public func run(
    _ fetches: [Output], feeds: [Output: Tensor] = [:], targets: [Node] = []
  ) throws(GraphError) -> [Tensor] {
    let ordered = feeds.sorted { ($0.key.node.id, $0.key.index) < ($1.key.node.id, $1.key.index) }
    let callable = try callable(feeds: ordered.map(\.key), fetches: fetches, targets: targets)
    return try callable.run(ordered.map(\.value))
  }

  /// The value of one tensor.
  public func run(
    _ fetch: Output, feeds: [Output: Tensor] = [:]
  ) throws(GraphError) -> Tensor {
    try run([fetch], feeds: feeds)[0]
  }

  /// Runs a node for what it does.
  public func run(_ target: Node, feeds: [Output: Tensor] = [:]) throws(GraphError) {
    _ = try run([], feeds: feeds, targets: [target])
  }

  /// Refuses runs from now on, and ends those that wait for a queue.
  public func close() {
    isClosed.store(true, ordering: .sequentiallyConsistent)
    resources.cancel()
  }

  /// - Throws: `cancelled` when the session is closed.
  func checkOpen() throws(GraphError) {
    guard !isClosed.load(ordering: .relaxed) else {
      throw .cancelled("Session has been closed.")
    }
  }

  /// A run that is prepared once, for feeds that come in this order.
  ///
  /// - Throws: `unimplemented` with all op types that are missing; see `run`.
  public func callable(
    feeds: [Output] = [], fetches: [Output] = [], targets: [Node] = []
  ) throws(GraphError) -> Callable {
    for output in feeds + fetches where output.graph !== graph {
      throw .invalidArgument("Tensor \(output) is not an element of this graph.")
    }
    let signature = Signature(
      feeds: feeds.map(\.edge), fetches: fetches.map(\.edge), targets: targets.map(\.id))
    if let plan = plans.withLock({ $0[signature] }) {
      return Callable(session: self, feeds: feeds, plan: plan)
    }
    let plan = try Plan(
      graph, feeds: feeds, fetches: fetches, targets: targets, passes: passes)
    plans.withLock { $0[signature] = plan }
    return Callable(session: self, feeds: feeds, plan: plan)
  }
}

/// A prepared run of a session.
public struct Callable: Sendable {
  private let session: Session
  private let feeds: [Output]
  private let plan: Plan

  init(session: Session, feeds: [Output], plan: Plan) {
    self.session = session
    self.feeds = feeds
    self.plan = plan
  }

  /// The fetched values, with `values` for the feeds, in their order.
  ///
  /// - Parameters:
  ///   - values: One for each feed.
  ///   - trace: Where to record what each node costs.
  /// - Throws: as `Session.run`.
  public func run(_ values: [Tensor] = [], trace: RunTrace? = nil) throws(GraphError) -> [Tensor] {
    try session.checkOpen()
    guard values.count == feeds.count else {
      throw .invalidArgument("Expected \(feeds.count) feeds, got \(values.count)")
    }
    for (value, feed) in zip(values, feeds) { try check(value, for: feed) }
    return try plan.run(values, session.environment, readsHandles: true, trace: trace)
  }

  private func check(_ value: Tensor, for feed: Output) throws(GraphError) {
    guard value.dataType == feed.dataType else {
      throw .invalidArgument(
        "Cannot feed a value of type \(value.dataType) for Tensor '\(feed.name)', which has type "
          + "'\(feed.dataType)'")
    }
    guard feed.shape.isCompatible(with: value.shape) else {
      throw .invalidArgument(
        "Cannot feed value of shape \(value.shape.tupleDescription) for Tensor '\(feed.name)', "
          + "which has shape '\(feed.shape.tupleDescription)'")
    }
  }
}
