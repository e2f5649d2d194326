import NagareMessages

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension AttributeValue {
  /// - Throws: `invalidArgument` for a value that is missing or malformed.
  init(_ message: Tensorflow_AttrValue) throws(GraphError) {
    switch message.value {
    case .s(let bytes): self = .string([UInt8](bytes))
    case .i(let value): self = .int(value)
    case .f(let value): self = .float(value)
    case .b(let value): self = .bool(value)
    case .type(let type): self = .type(try DataType(type))
    case .shape(let shape): self = .shape(try Shape(shape))
    case .tensor(let tensor): self = .tensor(try Tensor(tensor))
    case .func(let function): self = .function(try FunctionReference(function))
    case .placeholder(let name): self = .placeholder(name)
    case .list(let list): self = try AttributeValue(list)
    case nil: throw .invalidArgument("AttrValue missing value")
    }
  }

  private init(_ list: Tensorflow_AttrValue.ListValue) throws(GraphError) {
    var kinds: [AttributeValue] = []
    if !list.s.isEmpty { kinds.append(.strings(list.s.map { [UInt8]($0) })) }
    if !list.i.isEmpty { kinds.append(.ints(list.i)) }
    if !list.f.isEmpty { kinds.append(.floats(list.f)) }
    if !list.b.isEmpty { kinds.append(.bools(list.b)) }
    if !list.type.isEmpty { kinds.append(.types(try list.type.map(DataType.init))) }
    if !list.shape.isEmpty { kinds.append(.shapes(try list.shape.map(Shape.init))) }
    if !list.tensor.isEmpty { kinds.append(.tensors(try list.tensor.map(Tensor.init))) }
    if !list.func.isEmpty {
      kinds.append(.functions(try list.func.map(FunctionReference.init)))
    }
    guard kinds.count <= 1 else { throw .invalidArgument("A list has values of several kinds") }
    self = kinds.first ?? .ints([])
  }

  /// - Throws: `unimplemented` for a tensor that refers to a resource.
  func message() throws(GraphError) -> Tensorflow_AttrValue {
    var message = Tensorflow_AttrValue()
    switch self {
    case .int(let value): message.i = value
    case .float(let value): message.f = value
    case .bool(let value): message.b = value
    case .string(let bytes): message.s = Data(bytes)
    case .type(let type): message.type = type.message
    case .shape(let shape): message.shape = shape.message
    case .tensor(let tensor): message.tensor = try tensor.message()
    case .function(let function): message.func = try function.message()
    case .placeholder(let name): message.placeholder = name
    case .ints(let list): message.list.i = list
    case .floats(let list): message.list.f = list
    case .bools(let list): message.list.b = list
    case .strings(let list): message.list.s = list.map { Data($0) }
    case .types(let list): message.list.type = list.map(\.message)
    case .shapes(let list): message.list.shape = list.map(\.message)
    case .tensors(let list):
      message.list.tensor = try list.map { (tensor) throws(GraphError) in try tensor.message() }
    case .functions(let list):
      message.list.func = try list.map { (function) throws(GraphError) in try function.message() }
    }
    return message
  }
}

extension FunctionReference {
  init(_ message: Tensorflow_NameAttrList) throws(GraphError) {
    var attributes: [String: AttributeValue] = [:]
    for (name, value) in message.attr { attributes[name] = try AttributeValue(value) }
    self.init(name: message.name, attributes: attributes)
  }

  func message() throws(GraphError) -> Tensorflow_NameAttrList {
    var message = Tensorflow_NameAttrList()
    message.name = name
    for (name, value) in attributes { message.attr[name] = try value.message() }
    return message
  }
}
