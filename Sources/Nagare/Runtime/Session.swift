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
  /// Where the graph's own nodes run.
  let environment: RunEnvironment

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
    environment = RunEnvironment(
      threads: self.threads, resources: resources, functions: graph.functions,
      random: resources.generators)
  }

  deinit {
    // Iterators hold what their functions run in.
    resources.removeAll()
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
