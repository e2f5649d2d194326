/// What a run takes place in: of a session, or of a function that one of its nodes calls.
///
/// A reference, because every kernel is handed one.
final class RunEnvironment: Sendable {
  let threads: ThreadPool
  let resources: Resources
  let functions: FunctionLibrary
  /// Where random ops have their state.
  let random: any RandomSource
  /// The nodes that called the functions that run, each followed by a slash.
  let path: String
  /// The functions that run, the outermost first.
  let calls: [String]

  init(
    threads: ThreadPool, resources: Resources, functions: FunctionLibrary,
    random: any RandomSource, path: String = "", calls: [String] = []
  ) {
    self.threads = threads
    self.resources = resources
    self.functions = functions
    self.random = random
    self.path = path
    self.calls = calls
  }

  /// The same, but for what is given.
  func with(
    threads: ThreadPool? = nil, random: (any RandomSource)? = nil, path: String? = nil,
    calls: [String]? = nil
  ) -> RunEnvironment {
    RunEnvironment(
      threads: threads ?? self.threads, resources: resources, functions: functions,
      random: random ?? self.random, path: path ?? self.path, calls: calls ?? self.calls)
  }

  /// Runs a function.
  ///
  /// - Parameter caller: what calls it, for the names of random state.
  /// - Throws: `notFound` for a function that is not there, `invalidArgument` for arguments that do
  ///   not fit or a function that calls itself, `resourceExhausted` for calls nested too deep, and
  ///   what nodes of the body throw.
  func call(
    _ function: FunctionReference, _ arguments: [Tensor], from caller: String
  ) throws(GraphError) -> [Tensor] {
    let body = try functions.body(function, chain: calls)
    guard arguments.count == body.arguments.count else {
      throw .invalidArgument(
        "Function call argument mismatch: '\(function.name)' takes \(body.arguments.count) "
          + "arguments, got \(arguments.count)")
    }
    for (index, (argument, value)) in zip(body.arguments, arguments).enumerated()
    where argument.dataType != value.dataType {
      throw .invalidArgument(
        "Expected input[\(index)] of '\(function.name)' to be \(argument.dataType.signatureName), "
          + "got \(value.dataType.signatureName)")
    }
    let inner = with(path: path + "\(caller)/", calls: calls + [function.name])
    return try body.plan().run(arguments, inner, readsHandles: false)
  }
}

/// Where random ops get their generators from.
protocol RandomSource: Sendable {
  /// The generator of the node at `path`, advanced by `calls` calls of `next` for the next run.
  ///
  /// - Parameter isFixed: whether every run of the node takes as many.
  func generator(_ path: String, seeds: (Int, Int), reserving calls: UInt64, isFixed: Bool)
    -> Philox
}
