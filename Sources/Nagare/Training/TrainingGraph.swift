/// What a meta graph says of its training: which nodes initialise, train, summarise and save, found by
/// the collections in which TensorFlow 1 puts them.
public struct TrainingGraph: Sendable {
  /// Why training cannot be read from a meta graph, and what may be done.
  private static let hint =
    "name the node that makes a step with --target, or put it into the collection 'train_op'"

  /// The collection of summaries that are made at step 1 and at checkpoints only: pictures, histograms.
  public static let checkpointSummary = "checkpoint_summary_op"

  public let metaGraph: MetaGraph
  /// What one step runs.
  public let train: [Node]
  /// What gives variables their first values, in the order in which they run.
  let initializers: [Node]
  /// What begins each session, resumed or not: local variables, tables and iterators.
  let localInitializers: [Node]
  /// The variable that counts steps; `nil` when the graph has none.
  let globalStep: Node?
  /// Losses with the names of their columns: scalars that every step computes.
  let losses: [(name: String, value: Output)]
  /// Serialized summaries.
  let summaries: [Output]
  /// Those for step 1 and checkpoints only.
  let checkpointSummaries: [Output]

  public var graph: Graph { metaGraph.graph }

  /// - Parameters:
  ///   - targets: What one step runs; the collection `train_op` when empty.
  ///   - feeds: Tensors that are fed in every run.
  /// - Throws: `invalidArgument` when nothing says what a step is, or a collection names a node that
  ///   is not there.
  public init(
    _ metaGraph: MetaGraph, targets: [Node] = [], feeds: Set<Output> = []
  ) throws(GraphError) {
    self.metaGraph = metaGraph
    let graph = metaGraph.graph
    train = targets.isEmpty ? try graph.nodes(inCollection: "train_op") : targets
    guard !train.isEmpty else {
      throw .invalidArgument("The graph's collection 'train_op' is empty or missing; \(Self.hint)")
    }
    let first = try graph.nodes(inCollection: "init_op")
    initializers =
      first.isEmpty ? try graph.initializers(of: ["variables"]) : first
    var local = try graph.nodes(inCollection: "local_init_op")
    if local.isEmpty { local = try graph.initializers(of: ["local_variables"]) }
    local += try graph.nodes(inCollection: "table_initializer")
    let named = Set(local.map(\.id))
    let iterators = graph.iteratorInitializers(feeds: feeds)
    localInitializers = local + iterators.filter { !named.contains($0.id) }
    globalStep = try graph.globalStepNode()
    summaries = try Self.summaries(graph)
    checkpointSummaries = try graph.outputs(inCollection: Self.checkpointSummary)
    losses = try Self.losses(graph, summaries)
  }

  /// `summary_op` where it is, else each of `summaries`.
  private static func summaries(_ graph: Graph) throws(GraphError) -> [Output] {
    let merged = try graph.outputs(inCollection: "summary_op")
    return merged.isEmpty ? try graph.outputs(inCollection: "summaries") : merged
  }

  /// The scalars of the collection `losses`, or else the values of scalar summaries that are called
  /// a loss.
  private static func losses(
    _ graph: Graph, _ summaries: [Output]
  ) throws(GraphError) -> [(name: String, value: Output)] {
    let own = try graph.outputs(inCollection: "losses").filter {
      $0.dataType.isFloatingPoint && ($0.shape.rank ?? 0) == 0
    }
    guard own.isEmpty else {
      return own.map { ($0.index == 0 ? $0.node.name : $0.name, $0) }
    }
    var found: [(name: String, value: Output)] = []
    for node in graph.ancestors(of: summaries.map(\.node)) where node.type == "ScalarSummary" {
      let inputs = graph.inputs(of: node)
      guard inputs.count == 2, inputs[1].dataType.isFloatingPoint, inputs[1].shape.rank == 0,
        let tag = inputs[0].spec.constant?.strings.first
      else { continue }
      let name = String(decoding: tag, as: UTF8.self)
      if Self.isLoss(name) { found.append((name, inputs[1])) }
    }
    return found
  }

  /// Whether the last part of a tag says that it is a loss.
  static func isLoss(_ name: String) -> Bool {
    (name.split(separator: "/").last ?? "").lowercased().contains("loss")
  }

  /// Whether the last part of a tag says that it is a learning rate.
  static func isLearningRate(_ name: String) -> Bool {
    (name.split(separator: "/").last ?? "").hasPrefix("learning_rate")
  }
}

extension Graph {
  /// The nodes that a collection names, as nodes or as tensors.
  ///
  /// - Throws: `invalidArgument` for a name that is not in the graph.
  func nodes(inCollection name: String) throws(GraphError) -> [Node] {
    var found: [Node] = []
    for case .name(let item) in collections[name] ?? [] {
      let text = item.split(separator: ":").first.map(String.init) ?? item
      guard let node = node(named: text) else {
        throw .invalidArgument(
          "The collection '\(name)' names '\(item)', which is not in the graph")
      }
      if !found.contains(where: { $0 === node }) { found.append(node) }
    }
    return found
  }

  /// The tensors that a collection names.
  ///
  /// - Throws: `invalidArgument` for a name that is not in the graph.
  func outputs(inCollection name: String) throws(GraphError) -> [Output] {
    var found: [Output] = []
    for case .name(let item) in collections[name] ?? [] {
      do {
        let output = try output(named: item)
        if !found.contains(output) { found.append(output) }
      } catch {
        throw .invalidArgument("The collection '\(name)' names '\(item)': \(error.message)")
      }
    }
    return found
  }

  /// The initializers of all variables of these collections.
  fileprivate func initializers(of collections: [String]) throws(GraphError) -> [Node] {
    collections.flatMap { variables(in: $0).map(\.initializer) }
  }

  /// The variable's node of `tf.train.get_global_step`.
  fileprivate func globalStepNode() throws(GraphError) -> Node? {
    if let variable = variables(in: "global_step").first { return variable.handle.node }
    if let node = try nodes(inCollection: "global_step").first, node.op is any VariableOp {
      return node
    }
    guard let node = node(named: "global_step"), node.op is any VariableOp else { return nil }
    return node
  }

  /// Nodes that start an iterator and need nothing that would have to be fed.
  fileprivate func iteratorInitializers(feeds: Set<Output>) -> [Node] {
    nodes.filter { node in
      guard node.type == "MakeIterator" else { return false }
      return ancestors(of: [node]).allSatisfy { ancestor in
        ancestor.type != "Placeholder" || outputs(of: ancestor).allSatisfy(feeds.contains)
      }
    }
  }

  /// These nodes and all that they take something from, in ascending order.
  func ancestors(of roots: [Node]) -> [Node] {
    let nodes = nodes
    var seen: Set<Int> = []
    var pending = roots.map(\.id)
    while let id = pending.popLast() {
      guard seen.insert(id).inserted else { continue }
      pending += nodes[id].inputs.map(\.node)
      pending += nodes[id].controlInputs
    }
    return seen.sorted().map { nodes[$0] }
  }
}
