/// What a run takes place in: of a session, or of a function that one of its nodes calls.
struct RunEnvironment: Sendable {
  let threads: ThreadPool
  let resources: Resources
  let functions: FunctionLibrary
  /// Where random ops have their state.
  var random: any RandomSource
  /// The nodes that called the functions that run, each followed by a slash.
  var path = ""
  /// The functions that run, the outermost first.
  var calls: [String] = []

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
    var inner = self
    inner.path += "\(caller)/"
    inner.calls.append(function.name)
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
