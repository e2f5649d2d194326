/// The function that computes the gradient of another one.
struct DifferentiatedFunction: Sendable {
  struct Key: Hashable {
    var function: FunctionReference
    /// The results whose gradients are given.
    var upstream: [Int]
  }

  var reference: FunctionReference
  /// The arguments whose gradients it gives, in order.
  var sources: [Int]
  var types: [DataType]
  var isStateful: Bool
}

extension Differentiation {
  /// The gradient of a call: a call of a function that takes the same inputs and the gradients of
  /// the results, and computes again what it needs of what lies between.
  ///
  /// - Throws: `unimplemented` where that would draw other random numbers or do something twice, and
  ///   what the gradients of the body's ops throw.
  func gradient(ofCall function: FunctionReference) throws(GraphError) -> [Output?] {
    let reaching = upstream.indices.filter { upstream[$0] != nil }
    let made = try graph.functions.differentiate(
      function, upstream: reaching, chain: graph.functionChain)
    var gradients = [Output?](repeating: nil, count: inputs.count)
    guard !made.sources.isEmpty, inputs.count > made.sources.last ?? 0 else { return gradients }
    let values = try graph.call(
      made.reference, inputs + upstream.compactMap(\.self), types: made.types,
      isStateful: made.isStateful)
    for (source, value) in zip(made.sources, values) { gradients[source] = value }
    return gradients
  }
}

extension FunctionLibrary {
  fileprivate func differentiate(
    _ reference: FunctionReference, upstream: [Int], chain: [String]
  ) throws(GraphError) -> DifferentiatedFunction {
    try Self.check(reference.name, chain)
    let key = DifferentiatedFunction.Key(function: reference, upstream: upstream)
    return try differentiated(key) { () throws(GraphError) -> DifferentiatedFunction in
      guard let function = function(reference.name) else { throw Self.missing(reference.name) }
      let body = try FunctionBody(function.message, reference.attributes, in: self, chain: chain)
      let graph = body.graph
      guard (upstream.last ?? 0) < body.results.count else {
        throw .invalidArgument(
          "The function '\(reference.name)' has \(body.results.count) results, its call more")
      }
      let targets = upstream.map { body.results[$0] }
      var given: [Output] = []
      for (index, target) in targets.enumerated() {
        given.append(try graph.argument(target.spec, name: "upstream_\(index)"))
      }
      let candidates = body.arguments.indices.filter {
        let dataType = body.arguments[$0].dataType
        return dataType.isDifferentiable || dataType == .resource
      }
      let found = try graph.gradients(
        of: targets, withRespectTo: candidates.map { body.arguments[$0] }, upstream: given)
      var sources: [Int] = []
      var results: [Output] = []
      for (source, gradient) in zip(candidates, found) {
        guard let gradient else { continue }
        sources.append(source)
        results.append(gradient)
      }
      let name = uniqueName("\(reference.name)_grad")
      let made = FunctionBody(
        name, graph, arguments: body.arguments + given, results: results, isPure: true)
      if let node = made.effect(among: made.neededNodes, in: self) {
        throw .unimplemented(
          "The gradient of the function '\(reference.name)' would run {{node \(node.name)}} = "
            + "\(node.type) a second time")
      }
      let message = try made.message()
      try add(LibraryFunction(message, body: made))
      return DifferentiatedFunction(
        reference: FunctionReference(name: name), sources: sources,
        types: results.map(\.dataType), isStateful: message.signature.isStateful)
    }
  }
}
