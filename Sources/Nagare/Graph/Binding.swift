/// A signature with every type and count settled for one node.
struct Binding {
  /// All attributes, types and counts included.
  var attributes: [String: AttributeValue]
  var outputs: [(dataType: DataType, isReference: Bool)] = []
  var takesReference: [Bool] = []

  /// - Throws: `invalidArgument` in the words of TensorFlow's Python interface.
  init(
    _ definition: OpDefinition, inputs: [TensorSpec], given: [String: AttributeValue]
  ) throws(GraphError) {
    let signature = definition.signature
    attributes = given
    var bound: [String: (type: DataType, argument: String)] = [:]
    var next = 0
    for (position, argument) in signature.inputs.enumerated() {
      let width = try Self.width(
        argument, position, signature, given: attributes, remaining: inputs.count - next,
        definition.name)
      guard next + width <= inputs.count else {
        throw .invalidArgument(
          "\(definition.name) takes more inputs: argument '\(argument.name)' is missing, "
            + "got \(inputs.count)")
      }
      let members = inputs[next..<(next + width)]
      next += width
      if let count = argument.count {
        let least = signature.minimumCounts[count] ?? 0
        guard width >= least else {
          throw .invalidArgument(
            "List argument '\(argument.name)' to '\(definition.name)' Op with length \(width) "
              + "shorter than minimum length \(least).")
        }
        attributes[count] = .int(Int64(width))
      }
      if case .typeList(let list) = argument.kind {
        let types = members.map(\.dataType)
        if case .types(let expected)? = given[list], expected != types {
          throw .invalidArgument(
            "Input '\(argument.name)' of '\(definition.name)' Op has types \(types) that do not "
              + "match the types \(expected) of attribute '\(list)'.")
        }
        attributes[list] = types.isEmpty ? .ints([]) : .types(types)
      }
      for member in members {
        try Self.check(
          member, argument, definition.name, signature, given: given, bound: &bound)
        takesReference.append(argument.isReference || argument.kind == .fixed(.resource))
      }
    }
    guard next == inputs.count else {
      throw .invalidArgument(
        "\(definition.name) takes \(next) inputs, got \(inputs.count)")
    }
    for (name, binding) in bound { attributes[name] = .type(binding.type) }
    for (name, parameter) in signature.types where attributes[name] == nil {
      guard let fallback = parameter.fallback else {
        guard parameter.isList else {
          throw .invalidArgument("\(definition.name) is missing attribute '\(name)'")
        }
        attributes[name] = .ints([])
        continue
      }
      attributes[name] = .type(fallback)
    }
    for attribute in definition.attributes where attributes[attribute.name] == nil {
      guard let fallback = attribute.fallback else {
        throw .invalidArgument("\(definition.name) is missing attribute '\(attribute.name)'")
      }
      attributes[attribute.name] = fallback
    }
    for argument in signature.outputs {
      try appendOutputs(argument, definition.name)
    }
  }

  /// How many tensors an argument takes.
  private static func width(
    _ argument: Signature.Argument, _ position: Int, _ signature: Signature,
    given: [String: AttributeValue], remaining: Int, _ type: String
  ) throws(GraphError) -> Int {
    if let count = argument.count {
      if case .int(let value)? = given[count] {
        guard value >= 0, value <= remaining else {
          throw .invalidArgument(
            "Attribute '\(count)' of \(type) is \(value), but \(remaining) inputs are left for "
              + "'\(argument.name)'")
        }
        return Int(value)
      }
    } else if case .typeList(let list) = argument.kind {
      switch given[list] {
      case .types(let types)?: return types.count
      case .ints(let none)? where none.isEmpty: return 0
      default: break
      }
    } else {
      return 1
    }
    // A list without a given length takes all that the arguments after it leave; lists that are
    // counted by one attribute share that evenly.
    let rest = signature.inputs[position...]
    let sharing = argument.count == nil ? 1 : rest.count { $0.count == argument.count }
    return max(0, remaining - (rest.count - sharing)) / sharing
  }

  private static func check(
    _ spec: TensorSpec, _ argument: Signature.Argument, _ type: String, _ signature: Signature,
    given: [String: AttributeValue], bound: inout [String: (type: DataType, argument: String)]
  ) throws(GraphError) {
    guard !argument.isReference || spec.isReference else {
      throw .invalidArgument("Input '\(argument.name)' of '\(type)' Op requires l-value input")
    }
    switch argument.kind {
    case .fixed(let expected):
      guard spec.dataType == expected else {
        throw .invalidArgument(
          "Input '\(argument.name)' of '\(type)' Op has type \(spec.dataType) that does not match "
            + "expected type of \(expected).")
      }
    case .type(let name):
      if let (expected, other) = bound[name], expected != spec.dataType {
        throw .invalidArgument(
          "Input '\(argument.name)' of '\(type)' Op has type \(spec.dataType) that does not match "
            + "type \(expected) of argument '\(other)'.")
      }
      if case .type(let expected)? = given[name], expected != spec.dataType {
        throw .invalidArgument(
          "Input '\(argument.name)' of '\(type)' Op has type \(spec.dataType) that does not match "
            + "type \(expected) of attribute '\(name)'.")
      }
      if let allowed = signature.types[name]?.allowed, !allowed.contains(spec.dataType) {
        throw .invalidArgument(
          "Value passed to parameter '\(argument.name)' has DataType \(spec.dataType) not in list "
            + "of allowed values: \(allowed.map(\.name).joined(separator: ", "))")
      }
      if bound[name] == nil { bound[name] = (spec.dataType, argument.name) }
    case .typeList: break
    }
  }

  private mutating func appendOutputs(
    _ argument: Signature.Argument, _ type: String
  ) throws(GraphError) {
    var types: [DataType]
    switch argument.kind {
    case .fixed(let fixed): types = [fixed]
    case .type(let name):
      guard case .type(let bound)? = attributes[name] else {
        throw .invalidArgument("\(type) is missing attribute '\(name)'")
      }
      types = [bound]
    case .typeList(let name):
      switch attributes[name] {
      case .types(let list)?: types = list
      case .ints(let none)? where none.isEmpty: types = []
      default: throw .invalidArgument("\(type) is missing attribute '\(name)'")
      }
    }
    if let count = argument.count {
      guard case .int(let number)? = attributes[count], number >= 0, number <= 1 << 20 else {
        throw .invalidArgument(
          "Attribute '\(count)' of \(type) must be a count, got "
            + "\(attributes[count].map { "\($0)" } ?? "none")")
      }
      types = (0..<Int(number)).flatMap { _ in types }
    }
    outputs += types.map { ($0, argument.isReference) }
  }
}
