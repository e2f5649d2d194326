/// A node through which a gradient is to be carried back, as its op's gradient rule sees it.
public struct Differentiation {
  /// The graph that the gradient's nodes are added to.
  public let graph: Graph
  /// The node.
  public let node: Node
  /// What it takes.
  public let inputs: [Output]
  /// What it gives.
  public let outputs: [Output]
  /// The gradient of each output, `nil` where nothing depends on it.
  public let upstream: [Output?]

  /// The node's name.
  public var name: String { node.name }

  /// The gradient of the first output.
  ///
  /// - Throws: `notFound` when nothing differentiable depends on the first output.
  public var gradient: Output {
    get throws(GraphError) {
      guard let first = upstream.first, let gradient = first else {
        throw .notFound("No gradient reaches the first output of '\(node.name)'")
      }
      return gradient
    }
  }

  /// Each output's gradient, zeros where nothing depends on it.
  public func filledUpstream() throws(GraphError) -> [Output] {
    var filled: [Output] = []
    for (output, gradient) in zip(outputs, upstream) {
      if let gradient {
        filled.append(gradient)
      } else {
        filled.append(try zerosLike(output))
      }
    }
    return filled
  }
}

extension Graph {
  /// Adds the nodes that compute the derivatives of the sum of `targets` with respect to each of
  /// `sources`, by reverse accumulation. An entry is `nil` where the targets do not depend on that
  /// source through differentiable values.
  ///
  /// - Parameters:
  ///   - targets: Floating-point tensors.
  ///   - sources: Tensors of any place in the graph; the handle of a resource variable stands for its
  ///     value.
  ///   - upstream: The gradient of each target; ones where `nil`.
  ///   - stop: Tensors that count as constants.
  ///   - name: The scope of the new nodes.
  /// - Throws: `notFound` with the op's name where an op on the way has no gradient.
  ///
  /// TensorFlow: `tf.gradients`.
  public func gradients(
    of targets: [Output], withRespectTo sources: [Output], upstream: [Output]? = nil,
    stoppingAt stop: [Output] = [], name: String = "gradients",
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> [Output?] {
    let location = SourceLocation(file, line)
    if let upstream, upstream.count != targets.count {
      throw .invalidArgument(
        "\(targets.count) targets need as many gradients, got \(upstream.count)")
    }
    for target in targets where !target.dataType.isDifferentiable {
      throw .invalidArgument(
        "Gradients of \(target) are not defined: its type must be floating-point")
    }
    return try scope(name) { () throws(GraphError) -> [Output?] in
      var accumulated: [Node.Edge: [Output]] = [:]
      for (index, target) in targets.enumerated() {
        let gradient: Output
        if let given = upstream?[index] {
          guard given.dataType == target.dataType, given.shape.isCompatible(with: target.shape)
          else {
            throw .invalidArgument("The gradient \(given) does not fit its target \(target)")
          }
          gradient = given
        } else {
          gradient = try onesLike(target, name: "grad_ys_\(index)")
        }
        accumulated[target.edge, default: []].append(gradient)
      }
      let between = nodesBetween(targets, sources, stoppingAt: stop)
      let stopped = Set(stop.map(\.edge))
      let wanted = Set(sources.map(\.edge))
      var kept: [Node.Edge: Output] = [:]

      for id in between.sorted(by: >) {
        let node = node(id)
        var reaching: [Output?] = []
        for index in node.outputs.indices {
          let edge = Node.Edge(node: id, index: index)
          let total = try sum(accumulated[edge] ?? [])
          if wanted.contains(edge), let total { kept[edge] = total }
          reaching.append(stopped.contains(edge) ? nil : total)
          accumulated[edge] = nil
        }
        guard reaching.contains(where: { $0 != nil }), !node.inputs.isEmpty,
          node.inputs.contains(where: { between.contains($0.node) })
        else { continue }
        let rule = Differentiation(
          graph: self, node: node, inputs: inputs(of: node), outputs: outputs(of: node),
          upstream: reaching)
        let results: [Output?]
        do throws(GraphError) {
          results = try scope("\(node.name)_grad") { () throws(GraphError) -> [Output?] in
            try node.op.gradient(rule)
          }
        } catch {
          throw error.at(
            node: "the gradient of {{node \(node.name)}} = \(node.type)",
            location: node.location ?? location.description)
        }
        guard results.count == node.inputs.count else {
          throw .internalError(
            "The gradient of \(node.type) gave \(results.count) values for \(node.inputs.count) inputs"
          )
        }
        for (input, result) in zip(rule.inputs, results) {
          guard let result, input.dataType.isDifferentiable || input.dataType == .resource else {
            continue
          }
          accumulated[input.edge, default: []].append(result)
        }
      }
      var results: [Output?] = []
      for source in sources {
        if let gradient = kept[source.edge] {
          results.append(gradient)
        } else {
          results.append(try sum(accumulated[source.edge] ?? []))
        }
      }
      return results
    }
  }

  /// The derivative of the sum of `target` with respect to each of `sources`.
  ///
  /// - Throws: As `gradients(of:withRespectTo:)` for lists.
  public func gradients(
    of target: Output, withRespectTo sources: [Output], name: String = "gradients",
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> [Output?] {
    try gradients(
      of: [target], withRespectTo: sources, name: name, file: file, line: line)
  }

  private func sum(_ gradients: [Output]) throws(GraphError) -> Output? {
    guard let first = gradients.first else { return nil }
    return gradients.count == 1 ? first : try addN(gradients, name: "AddN")
  }

  /// The nodes on some differentiable path from a source to a target, ends included.
  private func nodesBetween(
    _ targets: [Output], _ sources: [Output], stoppingAt stop: [Output]
  ) -> Set<Int> {
    let all = nodes
    let stopped = Set(stop.map(\.edge))
    let last = targets.map(\.node.id).max() ?? -1
    // Ids are topological: one pass forward marks what depends on a source, one backward the rest.
    var depends = [Bool](repeating: false, count: last + 1)
    let starts = Set(sources.map(\.edge))
    for source in sources where source.node.id <= last { depends[source.node.id] = true }
    if last >= 0 {
      for id in 0...last where !depends[id] {
        depends[id] = all[id].inputs.contains { edge in
          guard depends[edge.node], !stopped.contains(edge) else { return false }
          let isStart = starts.contains(edge)
          let spec = all[edge.node].outputs[edge.index]
          return isStart || spec.dataType.isDifferentiable || spec.dataType == .resource
        }
      }
    }
    var reached: Set<Int> = []
    var pending = targets.map(\.node.id).filter { depends[$0] }
    while let id = pending.popLast() {
      guard reached.insert(id).inserted else { continue }
      for edge in all[id].inputs where depends[edge.node] && !stopped.contains(edge) {
        let dataType = all[edge.node].outputs[edge.index].dataType
        guard dataType.isDifferentiable || dataType == .resource || starts.contains(edge) else {
          continue
        }
        pending.append(edge.node)
      }
    }
    return reached
  }
}

extension DataType {
  /// Whether gradients flow through tensors of this type.
  var isDifferentiable: Bool { isFloatingPoint }
}
