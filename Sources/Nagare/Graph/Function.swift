/// A function of a graph's library, defined in Swift. Other tensors of the graph that its body uses
/// become further arguments, which calls add by themselves.
public struct Function: Sendable {
  /// The graph that it was defined in.
  public let graph: Graph
  /// Its name in the library.
  public let name: String
  /// What is known of each result.
  public let results: [TensorSpec]
  /// Tensors of the graph that the body uses.
  public let captures: [Output]
  /// How many arguments a call gives.
  public let inputCount: Int
  /// Whether it draws random numbers, reads variables or does something besides.
  public let isStateful: Bool

  /// Calls the function.
  ///
  /// - Parameters:
  ///   - inputs: As many as the function has, of their types.
  ///   - name: Of the node; TensorFlow's name of the op type when `nil`.
  /// - Throws: `invalidArgument` for inputs that do not fit.
  ///
  /// TensorFlow: `PartitionedCall`, `StatefulPartitionedCall`.
  @discardableResult
  public func callAsFunction(
    _ inputs: [Output], name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> [Output] {
    guard inputs.count == inputCount else {
      throw .invalidArgument(
        "The function '\(self.name)' takes \(inputCount) inputs, got \(inputs.count)")
    }
    let target = inputs.first?.graph ?? graph
    return try target.call(
      FunctionReference(name: self.name), inputs + captures, types: results.map(\.dataType),
      isStateful: isStateful, name: name, SourceLocation(file, line))
  }
}

extension Graph {
  /// Defines a function in the graph's library.
  ///
  /// - Parameters:
  ///   - name: Made unique in the library.
  ///   - inputs: Types and shapes of the arguments.
  ///   - body: Computes the results from the arguments, which are tensors of a graph of the body's
  ///     own. A tensor of this graph becomes a further argument where a node of the body takes it;
  ///     `capture(_:)` does the same for one that stands before an operator.
  /// - Throws: what `body` throws.
  ///
  /// TensorFlow: `tf.function`, `Defun`.
  public func function(
    _ name: String, inputs: [TensorSpec],
    _ body: ([Output]) throws(GraphError) -> [Output]
  ) throws(GraphError) -> Function {
    try define(name, inputs) { (_, arguments) throws(GraphError) in try body(arguments) }
  }

  /// A function without arguments, whose body gets the graph that it adds its nodes to.
  public func function(
    _ name: String, _ body: (Graph) throws(GraphError) -> [Output]
  ) throws(GraphError) -> Function {
    try define(name, []) { (graph, _) throws(GraphError) in try body(graph) }
  }

  private func define(
    _ name: String, _ inputs: [TensorSpec],
    _ body: (Graph, [Output]) throws(GraphError) -> [Output]
  ) throws(GraphError) -> Function {
    let graph = Graph(bodyOf: self, name: functions.uniqueName(name))
    defer { graph.closeBody(in: self) }
    var arguments: [Output] = []
    for (index, input) in inputs.enumerated() {
      arguments.append(try graph.argument(input, name: "args_\(index)"))
    }
    var results: [Output] = []
    for result in try body(graph, arguments) { results.append(try graph.own(result)) }
    let captures = graph.captures
    let name = graph.functionChain.last ?? name
    let made = FunctionBody(
      name, graph, arguments: arguments + captures.map(\.inner), results: results)
    let message = try made.message()
    try functions.add(LibraryFunction(message, body: made))
    return Function(
      graph: self, name: name, results: results.map(\.spec), captures: captures.map(\.outer),
      inputCount: inputs.count, isStateful: message.signature.isStateful)
  }

  /// Adds a call of a function.
  func call(
    _ function: FunctionReference, _ inputs: [Output], types: [DataType], isStateful: Bool,
    name: String? = nil, _ location: SourceLocation? = nil
  ) throws(GraphError) -> [Output] {
    let op: any Op =
      isStateful
      ? StatefulPartitionedCall(function: function) : PartitionedCall(function: function)
    let node = try add(
      op, inputs, name: name, attributes: ["Tout": types.attributeValue], location)
    return outputs(of: node)
  }

  /// A tensor that stands for `spec` in the body of a function.
  func argument(_ spec: TensorSpec, name: String) throws(GraphError) -> Output {
    // Arguments stand outside of all scopes: their names have no slash.
    try scope("") { () throws(GraphError) -> Output in
      guard let handled = spec.handled else {
        return try output(
          Placeholder(dataType: spec.dataType, shape: spec.shape), name: name)
      }
      return try output(HandleArgument(handled: handled), name: name)
    }
  }
}

/// The argument of a function that is a handle of a known variable; a call feeds it.
private struct HandleArgument: NonDifferentiable {
  var handled: TensorSpec.Handled?

  static let name = "_Arg"
  static let signature = Signature(outputs: ["output: resource"])
  static let isFoldable = false

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.scalar] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    throw .internalError("The argument '\(context.nodeName)' is not fed")
  }
}
