import NagareMessages

/// Adds the nodes of a GraphDef to a graph.
struct GraphImporter {
  private let definition: Tensorflow_GraphDef
  private let graph: Graph
  private let prefix: String
  /// The op definitions of the program that wrote the file, where it says.
  private let producerOps: [String: Tensorflow_OpDef]
  /// The first nodes of the definition, where the graph has them already.
  private let present: [Node]
  private let attributeNames = AttributeNames()

  /// The most outputs of all nodes together: of an op that is not known, the highest output that is
  /// taken tells how many there are.
  private static let outputLimit = 1 << 24

  /// The version of the graph format whose op definitions the engine follows, TensorFlow 2.21's.
  private static let version = 2474

  private struct Inputs {
    /// Producer, as a position in the file, and which of its outputs.
    var data: [(node: Int, index: Int)] = []
    var control: [Int] = []
  }

  init(
    _ definition: Tensorflow_GraphDef, into graph: Graph, prefix: String = "",
    producerOps: Tensorflow_OpList = .init(), present: [Node] = []
  ) {
    self.present = present
    self.definition = definition
    self.graph = graph
    self.prefix = prefix.isEmpty || prefix.hasSuffix("/") ? prefix : prefix + "/"
    self.producerOps = Dictionary(producerOps.op.map { ($0.name, $0) }) { first, _ in first }
  }

  /// The new nodes in the order of the file.
  func run() throws(GraphError) -> [Node] {
    try checkVersions()
    let inputs = try readInputs()
    let order = try sort(inputs)
    let consumers = Self.consumers(inputs)
    let outputCount = consumers.reduce(0) { $0 + ($1.map(\.index).max() ?? 0) + 1 }
    guard outputCount <= Self.outputLimit else {
      throw .resourceExhausted(
        "The graph refers to \(outputCount) outputs of nodes, over the limit of \(Self.outputLimit)"
      )
    }
    // A loop's back edge refers to a node that comes later; all others to one that is there.
    let base = graph.nodeCount
    var ids = [Int](repeating: 0, count: order.count)
    var added = [Node?](repeating: nil, count: order.count)
    for (index, node) in present.enumerated() {
      ids[index] = node.id
      added[index] = node
    }
    for (position, node) in order.filter({ $0 >= present.count }).enumerated() {
      ids[node] = base + position
    }
    for index in order where index >= present.count {
      do {
        added[index] = try add(index, inputs, consumers[index], ids, added)
      } catch {
        throw error.at(node: "{{node \(definition.node[index].name)}}", location: nil)
      }
    }
    return added.compactMap(\.self)
  }

  private func checkVersions() throws(GraphError) {
    let versions = definition.versions
    let current = Self.version
    guard versions.minConsumer <= current else {
      throw .invalidArgument(
        "GraphDef min consumer version \(versions.minConsumer) above current version \(current)")
    }
    guard !versions.badConsumers.contains(where: { $0 == current }) else {
      throw .invalidArgument("GraphDef disallows consumer version \(current)")
    }
    var metadata = graph.metadata
    if graph.nodeCount == 0 {
      metadata.producer = Int(versions.producer)
      metadata.minimumConsumer = Int(versions.minConsumer)
      metadata.badConsumers = versions.badConsumers
    }
    try graph.functions.add(definition.library)
    graph.metadata = metadata
  }

  // MARK: - Edges

  private func readInputs() throws(GraphError) -> [Inputs] {
    var positions: [String: Int] = [:]
    for (index, node) in definition.node.enumerated() {
      guard !node.op.isEmpty else {
        throw .invalidArgument("Node '\(node.name)' does not specify an operation")
      }
      guard positions.updateValue(index, forKey: node.name) == nil else {
        throw .invalidArgument("Node '\(node.name)' is not unique")
      }
    }
    var result: [Inputs] = []
    for node in definition.node {
      var inputs = Inputs()
      var seen: Set<Int> = []
      for text in node.input {
        let isControl = text.hasPrefix("^")
        let (name, index) = isControl ? (String(text.dropFirst()), 0) : Self.parse(text)
        guard let producer = positions[name] else {
          throw .invalidArgument("Node '\(node.name)': Unknown input node '\(text)'")
        }
        if isControl {
          if seen.insert(producer).inserted { inputs.control.append(producer) }
          continue
        }
        guard inputs.control.isEmpty else {
          throw .invalidArgument(
            "Node '\(node.name)': Control dependencies must come after regular dependencies")
        }
        inputs.data.append((producer, index))
      }
      result.append(inputs)
    }
    return result
  }

  /// `name` or `name:index`.
  private static func parse(_ text: String) -> (String, Int) {
    guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { return (text, 0) }
    let digits = text[text.utf8.index(after: colon)...]
    // More outputs than this no op has; `Node.Edge` counts on a small number.
    guard let index = Int(digits), index >= 0, index < 1 << 16 else { return (text, 0) }
    return (String(text[..<colon]), index)
  }

  private func isBackEdge(from producer: Int, to consumer: Int) -> Bool {
    let types = (definition.node[producer].op, definition.node[consumer].op)
    return (types.0 == "NextIteration" || types.0 == "RefNextIteration")
      && Self.merges.contains(types.1)
  }

  private static let merges: Set<String> = ["Merge", "RefMerge"]

  /// The nodes so that each comes after those that it needs, in the order of the file where that is
  /// such an order.
  private func sort(_ inputs: [Inputs]) throws(GraphError) -> [Int] {
    enum Mark { case new, open, done }
    let hasLoops = definition.node.contains { Self.merges.contains($0.op) }
    let producers = inputs.indices.map { consumer in
      let all = inputs[consumer].data.map(\.node) + inputs[consumer].control
      return hasLoops ? all.filter { !isBackEdge(from: $0, to: consumer) } : all
    }
    var marks = [Mark](repeating: .new, count: inputs.count)
    var order: [Int] = []
    order.reserveCapacity(inputs.count)
    var path: [(node: Int, next: Int)] = []
    for start in inputs.indices where marks[start] == .new {
      path.append((start, 0))
      marks[start] = .open
      while let (node, next) = path.last {
        guard next < producers[node].count else {
          marks[node] = .done
          order.append(node)
          path.removeLast()
          continue
        }
        path[path.count - 1].next += 1
        let producer = producers[node][next]
        switch marks[producer] {
        case .done: break
        case .new:
          marks[producer] = .open
          path.append((producer, 0))
        case .open:
          let cycle = path.drop { $0.node != producer }.map { definition.node[$0.node].name }
          let shown = cycle.prefix(8).map { "'\($0)'" }.joined(separator: ", ")
          throw .invalidArgument(
            "\(cycle.count) nodes in a cycle: \(shown)\(cycle.count > 8 ? ", …" : "")")
        }
      }
    }
    return order
  }

  /// Who takes the outputs of each node, and as which of its inputs.
  private static func consumers(_ inputs: [Inputs]) -> [[(node: Int, input: Int, index: Int)]] {
    var result = [[(node: Int, input: Int, index: Int)]](repeating: [], count: inputs.count)
    for (consumer, its) in inputs.enumerated() {
      for (position, source) in its.data.enumerated() {
        result[source.node].append((consumer, position, source.index))
      }
    }
    return result
  }

  // MARK: - Nodes

  private func add(
    _ index: Int, _ inputs: [Inputs], _ consumers: [(node: Int, input: Int, index: Int)],
    _ ids: [Int], _ added: [Node?]
  ) throws(GraphError) -> Node {
    let message = definition.node[index]
    let definition =
      Registry.definition(message.op) ?? graph.functions.callDefinition(message.op)
    let attributes = try attributes(of: message, definition)
    let name = prefix + message.name
    guard let definition else {
      return try graph.insertUnknown(
        type: message.op,
        inputs[index].data.map { Node.Edge(node: ids[$0.node], index: $0.index) },
        controlInputs: inputs[index].control.map { ids[$0] }, name: name, attributes: attributes,
        outputs: guessOutputs(attributes, consumers), device: message.device)
    }
    var sources: [Output] = []
    for source in inputs[index].data {
      guard let node = added[source.node] else {
        throw .unimplemented("\(message.op) cannot take the value of a later node")
      }
      guard source.index < node.outputs.count else {
        throw .invalidArgument(
          "Node '\(message.name)': Connecting to invalid output \(source.index) of source node "
            + "\(node.name) which has \(node.outputs.count) outputs.")
      }
      sources.append(Output(graph: graph, node: node, index: source.index))
    }
    return try graph.insert(
      try definition.decode(attributes), definition, sources,
      controlInputs: inputs[index].control.compactMap { added[$0] }, name: .exact(name),
      attributes: attributes, device: message.device)
  }

  /// The attributes of a node, checked against the op where it is known.
  private func attributes(
    of message: Tensorflow_NodeDef, _ definition: OpDefinition?
  ) throws(GraphError) -> [String: AttributeValue] {
    var result: [String: AttributeValue] = [:]
    let names = definition.map { attributeNames.of($0) }
    for (name, value) in message.attr {
      if let names, !names.known.contains(name), !name.hasPrefix("_") {
        let written = producerOps[message.op]?.attr.first { $0.name == name }
        if let written, written.hasDefaultValue, written.defaultValue == value { continue }
        throw .invalidArgument(
          "NodeDef mentions attr '\(name)' not in Op<name=\(message.op)>; the graph was written "
            + "for version \(self.definition.versions.producer) of the graph format, this is "
            + "version \(Self.version)")
      }
      do {
        result[name] = try AttributeValue(value)
      } catch {
        throw error.prefixed("attr '\(name)' of \(message.op)")
      }
    }
    if let missing = names?.required.first(where: { result[$0] == nil }) {
      throw .invalidArgument(
        "NodeDef missing attr '\(missing)' from Op<name=\(message.op)>; the graph was written for "
          + "version \(self.definition.versions.producer) of the graph format")
    }
    if !prefix.isEmpty, case .strings(let classes)? = result["_class"] {
      // Nodes that are to stand beside one another are named with their full names.
      let mark = Array("loc:@".utf8)
      result["_class"] = .strings(
        classes.map { text in
          text.starts(with: mark) ? mark + Array(prefix.utf8) + text.dropFirst(mark.count) : text
        })
    }
    return result
  }

  /// The attributes of op types, found once for all of their nodes.
  private final class AttributeNames {
    private var found: [String: (known: Set<String>, required: [String])] = [:]

    /// Those that there are, and those that every node of this type must have, sorted.
    func of(_ definition: OpDefinition) -> (known: Set<String>, required: [String]) {
      if let names = found[definition.name] { return names }
      let signature = definition.signature
      let counts = (signature.inputs + signature.outputs).compactMap(\.count)
      let known = Set(definition.attributes.map(\.name) + signature.types.keys + counts)
      let types = signature.types.filter { $0.value.fallback == nil && !$0.value.isList }
      let others = definition.attributes.filter { $0.fallback == nil }
      let names = (known, (others.map(\.name) + types.keys).sorted())
      found[definition.name] = names
      return names
    }
  }

  /// What can be told of the outputs of an op that the engine does not have: their types from the
  /// nodes that take them, their shapes from the note that TensorFlow leaves on request.
  private func guessOutputs(
    _ attributes: [String: AttributeValue],
    _ consumers: [(node: Int, input: Int, index: Int)]
  ) throws(GraphError) -> [TensorSpec] {
    let count = (consumers.map(\.index).max() ?? 0) + 1
    var specs = [TensorSpec](repeating: TensorSpec(.variant, .unknown), count: count)
    if case .shapes(let shapes)? = attributes["_output_shapes"] {
      for (index, shape) in shapes.prefix(count).enumerated() { specs[index].shape = shape }
    }
    for consumer in consumers where specs[consumer.index].dataType == .variant {
      let message = definition.node[consumer.node]
      guard let signature = Registry.definition(message.op)?.signature,
        let (argument, member) = Self.argument(at: consumer.input, signature, message)
      else { continue }
      specs[consumer.index].isReference = argument.isReference
      switch argument.kind {
      case .fixed(let type): specs[consumer.index].dataType = type
      case .type(let name):
        if let type = message.attr[name]?.type {
          if let type = try? DataType(type) { specs[consumer.index].dataType = type }
        } else if let fallback = signature.types[name]?.fallback {
          // Files of older versions of an op leave out what had no name yet.
          specs[consumer.index].dataType = fallback
        }
      case .typeList(let name):
        if let list = message.attr[name]?.list.type, member < list.count,
          let type = try? DataType(list[member])
        {
          specs[consumer.index].dataType = type
        }
      }
    }
    return specs
  }

  /// The argument to which input `position` of a node belongs, and which of its members that is.
  private static func argument(
    at position: Int, _ signature: Signature, _ message: Tensorflow_NodeDef
  ) -> (Signature.Argument, Int)? {
    var rest = position
    for argument in signature.inputs {
      var width = 1
      if let count = argument.count {
        width = Int(clamping: message.attr[count]?.i ?? 0)
      } else if case .typeList(let name) = argument.kind {
        width = message.attr[name]?.list.type.count ?? 0
      }
      if rest < width { return (argument, rest) }
      rest -= max(0, width)
    }
    return nil
  }
}
