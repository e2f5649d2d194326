/// A call of a function in TensorFlow's oldest form: the op type is the function's name.
struct NamedCall: FunctionCallOp {
  var function = FunctionReference(name: "")

  static let name = "NamedCall"
  static let signature = Signature()
  // Whether the function is, the op cannot say; a call too many is the lesser evil.
  static let isStateful = true
}

extension FunctionLibrary {
  /// The op type that a function is; `nil` for one whose types depend on attributes.
  func callDefinition(_ name: String) -> OpDefinition? {
    guard let function = function(name) else { return nil }
    let message = function.message.signature
    guard message.attr.isEmpty else { return nil }
    var inputs: [String] = []
    var outputs: [String] = []
    for argument in message.inputArg {
      guard let type = try? DataType(argument.type) else { return nil }
      inputs.append("\(argument.name): \(type)")
    }
    for argument in message.outputArg {
      guard let type = try? DataType(argument.type) else { return nil }
      outputs.append("\(argument.name): \(type)")
    }
    guard (inputs + outputs).allSatisfy({ $0.count(where: { $0 == ":" }) == 1 }) else {
      return nil
    }
    return OpDefinition(
      name: name, signature: Signature(inputs: inputs, outputs: outputs),
      op: NamedCall(function: FunctionReference(name: name)))
  }
}
