import NagareMessages

// MARK: - Reading

extension FunctionBody {
  /// The most tensors that all arguments of a function are together.
  private static let argumentLimit = 1 << 16

  /// The body of a function as its file describes it.
  ///
  /// - Parameters:
  ///   - attributes: values for the function's own attributes.
  ///   - chain: the functions in whose bodies this one is called.
  /// - Throws: `invalidArgument` for a function that is wrong in itself, in TensorFlow's words.
  convenience init(
    _ message: Tensorflow_FunctionDef, _ attributes: [String: AttributeValue],
    in library: FunctionLibrary, chain: [String]
  ) throws(GraphError) {
    do {
      try self.init(
        checking: message, attributes, in: library, chain: chain + [message.signature.name])
    } catch {
      throw error.prefixed("the function '\(message.signature.name)'")
    }
  }

  private convenience init(
    checking message: Tensorflow_FunctionDef, _ attributes: [String: AttributeValue],
    in library: FunctionLibrary, chain: [String]
  ) throws(GraphError) {
    var values: [String: Tensorflow_AttrValue] = [:]
    for attribute in message.signature.attr {
      if let value = attributes[attribute.name] {
        values[attribute.name] = try value.message()
      } else if attribute.hasDefaultValue {
        values[attribute.name] = attribute.defaultValue
      } else {
        throw .invalidArgument("Attr \(attribute.name) is not found")
      }
    }
    var names = FunctionNames(message, values, library)
    let graph = Graph(library: library, functionChain: chain)

    var arguments: [Output] = []
    for (index, argument) in message.signature.inputArg.enumerated() {
      let types = try argument.types(values)
      guard arguments.count + types.count <= Self.argumentLimit else {
        throw .resourceExhausted("It has more than \(Self.argumentLimit) arguments")
      }
      let shapes = message.argAttr[UInt32(index)]?.attr["_output_shapes"]?.list.shape ?? []
      let isList = !argument.numberAttr.isEmpty || !argument.typeListAttr.isEmpty
      var list: [String] = []
      for (position, type) in types.enumerated() {
        let shape = shapes.count == types.count ? try? Shape(shapes[position]) : nil
        var spec = TensorSpec(type, shape ?? .unknown)
        if type == .resource { spec = TensorSpec(type, .scalar) }
        if let handle = argument.handleData.first, argument.handleData.count == 1,
          let handled = try? DataType(handle.dtype), let shape = try? Shape(handle.shape)
        {
          spec.handled = TensorSpec.Handled(dataType: handled, shape: shape)
        }
        let name = isList ? "\(argument.name)_\(position)" : argument.name
        let output = try graph.argument(spec, name: names.free(name, isList: isList))
        list.append(output.node.name)
        arguments.append(output)
      }
      names.arguments[argument.name] = list
    }

    var definition = Tensorflow_GraphDef()
    for argument in arguments {
      definition.node.append(try Graph.message(argument.node, graph.nodes))
    }
    for var node in message.nodeDef {
      for (name, value) in node.attr {
        if let value = try Self.substitute(value, values) { node.attr[name] = value }
      }
      var inputs: [String] = []
      for input in node.input { inputs += try names.resolve(input) }
      node.input = inputs
      definition.node.append(node)
    }
    _ = try GraphImporter(
      definition, into: graph, present: arguments.map(\.node)
    ).run()

    var results: [Output] = []
    for argument in message.signature.outputArg {
      guard let source = message.ret[argument.name] else {
        throw .invalidArgument("Return \(argument.name) missing.")
      }
      for name in try names.resolve(source) { results.append(try graph.output(named: name)) }
    }
    self.init(
      message.signature.name, graph, arguments: arguments, results: results,
      controlled: message.controlRet.values.compactMap { graph.node(named: $0) })
  }

  /// The value with those of the function's attributes in place of their names; `nil` for one that
  /// names none.
  private static func substitute(
    _ value: Tensorflow_AttrValue, _ values: [String: Tensorflow_AttrValue]
  ) throws(GraphError) -> Tensorflow_AttrValue? {
    switch value.value {
    case .placeholder(let name):
      guard let found = values[name] else {
        throw .invalidArgument("Failed to bind the attribute placeholder '\(name)'")
      }
      return found
    case .func(var function):
      for (name, inner) in function.attr {
        if case .placeholder(let outer) = inner.value, let found = values[outer] {
          function.attr[name] = found
        }
      }
      var result = value
      result.func = function
      return result
    default: return nil
    }
  }
}

extension Tensorflow_OpDef.ArgDef {
  /// The types of the tensors that the argument of a function stands for.
  fileprivate func types(
    _ values: [String: Tensorflow_AttrValue]
  ) throws(GraphError) -> [DataType] {
    if !typeListAttr.isEmpty {
      var types: [DataType] = []
      for type in values[typeListAttr]?.list.type ?? [] { types.append(try DataType(type)) }
      return types
    }
    let single = typeAttr.isEmpty ? type : values[typeAttr]?.type ?? .dtInvalid
    let dataType = try DataType(single)
    guard !numberAttr.isEmpty else { return [dataType] }
    let count = values[numberAttr]?.i ?? 0
    guard count >= 0, count < 1 << 16 else {
      throw .invalidArgument("The argument '\(name)' stands for \(count) tensors")
    }
    return [DataType](repeating: dataType, count: Int(count))
  }
}

/// The names by which nodes of a function refer to one another: `argument`, `node:output:index`,
/// where a graph has `node:index`.
private struct FunctionNames {
  private struct Outputs {
    /// The first output and the number of outputs of each output argument.
    var ranges: [String: Range<Int>] = [:]
    /// Whether the op is not known: its outputs are then numbered as they are met.
    var isGuess = false
    var count = 0
  }

  private let functionName: String
  private var nodes: [String: Outputs] = [:]
  /// The nodes of each argument.
  var arguments: [String: [String]] = [:]

  init(
    _ message: Tensorflow_FunctionDef, _ values: [String: Tensorflow_AttrValue],
    _ library: FunctionLibrary
  ) {
    functionName = message.signature.name
    for node in message.nodeDef {
      var outputs = Outputs()
      if let definition = Registry.definition(node.op) ?? library.callDefinition(node.op) {
        for argument in definition.signature.outputs {
          let width = argument.width { name in
            guard let value = node.attr[name] else { return nil }
            if case .placeholder(let outer)? = value.value { return values[outer] }
            return value
          }
          outputs.ranges[argument.name] = outputs.count..<outputs.count + width
          outputs.count += width
        }
      } else {
        outputs.isGuess = true
      }
      nodes[node.name] = outputs
    }
  }

  /// A name for the node of an argument.
  func free(_ name: String, isList: Bool) -> String {
    var name = name
    while isList, nodes[name] != nil || arguments[name] != nil { name += "_" }
    return name
  }

  /// The name of the tensor in the body's graph; several for a list.
  mutating func resolve(_ text: String) throws(GraphError) -> [String] {
    if text.hasPrefix("^") {
      let name = String(text.dropFirst())
      return (arguments[name] ?? [name]).map { "^\($0)" }
    }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    let index = parts.count > 1 ? Int(parts[parts.count - 1]) : nil
    if let list = arguments[parts[0]], parts.count == 1 || parts.count == 2 {
      guard parts.count == 2 else { return list }
      guard let index, list.indices.contains(index) else { throw unknown(text) }
      return [list[index]]
    }
    guard var outputs = nodes[parts[0]], parts.count == 2 || parts.count == 3 else {
      throw unknown(text)
    }
    if outputs.isGuess {
      let key = parts.dropFirst().joined(separator: ":")
      let position = outputs.ranges[key]?.lowerBound ?? outputs.count
      if outputs.ranges[key] == nil {
        outputs.ranges[key] = position..<position + 1
        outputs.count += 1
        nodes[parts[0]] = outputs
      }
      return ["\(parts[0]):\(position)"]
    }
    guard let range = outputs.ranges[parts[1]] else { throw unknown(text) }
    guard parts.count == 3 else { return range.map { "\(parts[0]):\($0)" } }
    guard let index, index >= 0, index < range.count else { throw unknown(text) }
    return ["\(parts[0]):\(range.lowerBound + index)"]
  }

  private func unknown(_ text: String) -> GraphError {
    .invalidArgument("input \(text) is not found")
  }
}

extension Signature.Argument {
  /// How many tensors the argument is with these attributes.
  fileprivate func width(_ attribute: (String) -> Tensorflow_AttrValue?) -> Int {
    if let count {
      let number = attribute(count)?.i ?? 0
      return number > 0 && number < 1 << 16 ? Int(number) : 0
    }
    guard case .typeList(let list) = kind else { return 1 }
    return attribute(list)?.list.type.count ?? 0
  }
}

// MARK: - Writing

extension FunctionBody {
  /// The nodes that the results and targets need, without the arguments.
  var neededNodes: [Node] {
    let nodes = graph.nodes
    var needed = Set(arguments.map(\.node.id))
    var pending = results.map(\.node.id) + targets.map(\.id)
    while let id = pending.popLast() {
      guard needed.insert(id).inserted else { continue }
      pending += nodes[id].inputs.map(\.node)
      pending += nodes[id].controlInputs
    }
    needed.subtract(arguments.map(\.node.id))
    return nodes.filter { needed.contains($0.id) }
  }

  /// The function as a graph file has it.
  ///
  /// - Throws: `unimplemented` for a node of an op type that the engine does not have, whose outputs
  ///   have no names.
  func message() throws(GraphError) -> Tensorflow_FunctionDef {
    var message = Tensorflow_FunctionDef()
    message.signature.name = name
    let nodes = graph.nodes
    let taken = Set(arguments.map(\.node.id))
    for (index, argument) in arguments.enumerated() {
      var definition = Tensorflow_OpDef.ArgDef()
      definition.name = argument.node.name
      definition.type = argument.dataType.message
      if let handled = argument.spec.handled {
        definition.handleData = [
          .with {
            $0.dtype = handled.dataType.message
            $0.shape = handled.shape.message
          }
        ]
      }
      message.signature.inputArg.append(definition)
      var shapes = Tensorflow_AttrValue()
      shapes.list.shape = [argument.shape.message]
      message.argAttr[UInt32(index)] = .with { $0.attr["_output_shapes"] = shapes }
    }

    func label(of edge: Node.Edge) throws(GraphError) -> String {
      let node = nodes[edge.node]
      if taken.contains(edge.node) { return node.name }
      var first = 0
      let definition = Registry.definition(node.type) ?? graph.functions.callDefinition(node.type)
      for argument in definition?.signature.outputs ?? [] {
        var width = 1
        if let count = argument.count {
          if case .int(let number)? = node.attributes[count] { width = Int(number) }
        } else if case .typeList(let list) = argument.kind {
          width = 0
          if case .types(let types)? = node.attributes[list] { width = types.count }
        }
        if edge.index < first + width {
          return "\(node.name):\(argument.name):\(edge.index - first)"
        }
        first += width
      }
      throw .unimplemented("\(node.type) in a function, whose outputs have no names")
    }

    let needed = neededNodes
    for node in needed {
      var definition = try Graph.message(node, nodes)
      definition.input = []
      for edge in node.inputs { definition.input.append(try label(of: edge)) }
      definition.input += node.controlInputs.filter { !taken.contains($0) }.map {
        "^\(nodes[$0].name)"
      }
      message.nodeDef.append(definition)
    }
    var used: Set<String> = []
    for result in results {
      let base = Self.argumentName(result.node.name)
      var unique = base
      var number = 1
      while !used.insert(unique).inserted {
        unique = "\(base)_\(number)"
        number += 1
      }
      message.signature.outputArg.append(
        .with {
          $0.name = unique
          $0.type = result.dataType.message
        })
      message.ret[unique] = try label(of: result.edge)
    }
    message.signature.isStateful = needed.contains(where: \.isStateful)
    for target in targets {
      message.signature.controlOutput.append(target.name)
      message.controlRet[target.name] = target.name
    }
    return message
  }

  /// `name` with what an argument's name may have: lower-case letters, digits, underscores.
  static func argumentName(_ name: String) -> String {
    let text = name.lowercased().map { character -> Character in
      character.isASCII && (character.isLetter || character.isNumber) ? character : "_"
    }
    return text.first?.isLetter == true ? String(text) : "x" + String(text)
  }
}
