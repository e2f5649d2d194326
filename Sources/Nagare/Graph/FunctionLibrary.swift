import NagareMessages
import Synchronization

/// The functions of a graph file: TensorFlow's `FunctionDefLibrary`. A graph shares it with the
/// bodies of its functions.
///
/// # Thread safety
/// All methods may be called from several threads.
public final class FunctionLibrary: Sendable {
  private struct State {
    var functions: [String: LibraryFunction] = [:]
    var names: [String] = []
    /// What TensorFlow 1 registers as the gradient of a function; kept, and without effect.
    var gradients: [Tensorflow_GradientDef] = []
    var differentiated: [DifferentiatedFunction.Key: DifferentiatedFunction] = [:]
  }

  /// How deep calls of functions in functions may be.
  static let depthLimit = 64

  private let state = Mutex(State())

  init() {}

  /// The names of all functions, in the order in which they came.
  public var names: [String] { state.withLock { $0.names } }

  func function(_ name: String) -> LibraryFunction? { state.withLock { $0.functions[name] } }

  /// `name`, or with a number that makes it one that no function has.
  func uniqueName(_ name: String) -> String {
    state.withLock { state in
      guard state.functions[name] != nil else { return name }
      var number = 1
      while state.functions["\(name)_\(number)"] != nil { number += 1 }
      return "\(name)_\(number)"
    }
  }

  /// - Throws: `invalidArgument` when another function has the name already.
  func add(_ function: LibraryFunction) throws(GraphError) {
    let name = function.name
    guard !name.isEmpty else { throw .invalidArgument("A function of the library has no name") }
    let isNew = state.withLock { state in
      if let existing = state.functions[name] { return existing.message == function.message }
      state.functions[name] = function
      state.names.append(name)
      return true
    }
    guard isNew else {
      throw .invalidArgument(
        "Cannot add function '\(name)' because a different function with the same name already "
          + "exists.")
    }
  }

  /// Adds the functions of a graph file.
  func add(_ message: Tensorflow_FunctionDefLibrary) throws(GraphError) {
    for function in message.function { try add(LibraryFunction(function)) }
    state.withLock { $0.gradients += message.gradient }
  }

  var message: Tensorflow_FunctionDefLibrary {
    let (functions, gradients) = state.withLock { state in
      (state.names.compactMap { state.functions[$0] }, state.gradients)
    }
    return .with {
      $0.function = functions.map(\.message)
      $0.gradient = gradients
    }
  }

  /// The body of a function with these attributes.
  ///
  /// - Parameter chain: the functions in whose bodies the call stands.
  /// - Throws: `notFound` for a function that is not there, `invalidArgument` for one that calls
  ///   itself or is malformed, `resourceExhausted` for calls that are nested too deep.
  func body(
    _ reference: FunctionReference, chain: [String]
  ) throws(GraphError) -> FunctionBody {
    try Self.check(reference.name, chain)
    guard let function = function(reference.name) else { throw Self.missing(reference.name) }
    return try function.body(reference.attributes, in: self, chain: chain)
  }

  static func missing(_ name: String) -> GraphError {
    .notFound("Function \(name) is not defined.")
  }

  /// - Throws: as `body`, for a call of `name` from within `chain`.
  static func check(_ name: String, _ chain: [String]) throws(GraphError) {
    if let first = chain.firstIndex(of: name) {
      let cycle = chain[first...].map { "'\($0)'" } + ["'\(name)'"]
      throw .invalidArgument(
        "The function '\(name)' calls itself: \(cycle.joined(separator: " → "))")
    }
    guard chain.count < depthLimit else {
      throw .resourceExhausted(
        "Calls of functions are nested more than \(depthLimit) deep, at '\(name)'")
    }
  }

  /// What `make` gives for `key`, made once.
  func differentiated(
    _ key: DifferentiatedFunction.Key, _ make: () throws(GraphError) -> DifferentiatedFunction
  ) throws(GraphError) -> DifferentiatedFunction {
    if let made = state.withLock({ $0.differentiated[key] }) { return made }
    let made = try make()
    state.withLock { $0.differentiated[key] = made }
    return made
  }
}

/// One function of a library, as its file describes it.
final class LibraryFunction: Sendable {
  let message: Tensorflow_FunctionDef
  private let bodies: Mutex<[[String: AttributeValue]: FunctionBody]>

  init(_ message: Tensorflow_FunctionDef, body: FunctionBody? = nil) {
    self.message = message
    bodies = Mutex(body.map { [[:]: $0] } ?? [:])
  }

  var name: String { message.signature.name }

  /// The body with these attributes, made once.
  func body(
    _ attributes: [String: AttributeValue], in library: FunctionLibrary, chain: [String]
  ) throws(GraphError) -> FunctionBody {
    // Those with an underscore are notes that mean nothing to the body.
    let attributes = attributes.filter { !$0.key.hasPrefix("_") }
    if let body = bodies.withLock({ $0[attributes] }) { return body }
    let body = try FunctionBody(message, attributes, in: library, chain: chain)
    bodies.withLock { $0[attributes] = body }
    return body
  }
}

/// A function's graph, with what goes in and comes out.
final class FunctionBody: Sendable {
  let name: String
  let graph: Graph
  /// The nodes that a call feeds.
  let arguments: [Output]
  let results: [Output]
  /// Nodes that run for what they do, whether or not a result needs them.
  let targets: [Node]
  private let compiled = Mutex<Plan?>(nil)

  /// - Parameters:
  ///   - controlled: nodes that the function is said to run besides its stateful ones.
  ///   - isPure: whether only what the results need runs.
  init(
    _ name: String, _ graph: Graph, arguments: [Output], results: [Output],
    controlled: [Node] = [], isPure: Bool = false
  ) {
    self.name = name
    self.graph = graph
    self.arguments = arguments
    self.results = results
    let named = Set(controlled.map(\.id))
    let fed = Set(arguments.map(\.node.id))
    targets =
      isPure
      ? []
      : graph.nodes.filter {
        !fed.contains($0.id) && ($0.isStateful || named.contains($0.id))
      }
  }

  /// - Throws: as `Plan.init`.
  func plan() throws(GraphError) -> Plan {
    if let plan = compiled.withLock({ $0 }) { return plan }
    let plan = try Plan(graph, feeds: arguments, fetches: results, targets: targets)
    compiled.withLock { $0 = plan }
    return plan
  }

  /// The node that keeps one of `nodes` from being computed again without a difference, if any:
  /// one that draws random numbers or changes something. Reading a variable does neither.
  func effect(among nodes: [Node], in library: FunctionLibrary) -> Node? {
    nodes.first { node in
      guard node.isStateful, !(node.op is ReadVariableOp), node.op.handled == nil
      else { return false }
      guard let call = node.op as? any FunctionCallOp,
        let body = try? library.body(call.function, chain: graph.functionChain + [name])
      else { return true }
      return body.effect(among: body.graph.nodes, in: library) != nil
    }
  }
}

extension Node {
  /// TensorFlow's flag of its op type.
  var isStateful: Bool { Swift.type(of: op).isStateful }
}

/// An op that calls functions of the graph's library, whose outputs follow from theirs.
protocol FunctionUser: Op {
  /// The functions.
  var functions: [FunctionReference] { get }
}
