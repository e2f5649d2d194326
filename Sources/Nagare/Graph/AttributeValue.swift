/// The value of a node's attribute: TensorFlow's `AttrValue`.
public enum AttributeValue: Sendable, Hashable {
  case int(Int64)
  case float(Float)
  case bool(Bool)
  case string([UInt8])
  case type(DataType)
  case shape(Shape)
  case tensor(Tensor)
  case function(FunctionReference)
  /// An empty list of any kind is `.ints([])`: a file does not say what it is a list of.
  case ints([Int64])
  case floats([Float])
  case bools([Bool])
  case strings([[UInt8]])
  case types([DataType])
  case shapes([Shape])
  case tensors([Tensor])
  case functions([FunctionReference])
  /// The name of an attribute of the function in whose body the node stands.
  case placeholder(String)

  /// Whether this is a list without elements.
  var isEmptyList: Bool {
    switch self {
    case .ints(let list): list.isEmpty
    case .floats(let list): list.isEmpty
    case .bools(let list): list.isEmpty
    case .strings(let list): list.isEmpty
    case .types(let list): list.isEmpty
    case .shapes(let list): list.isEmpty
    case .tensors(let list): list.isEmpty
    case .functions(let list): list.isEmpty
    default: false
    }
  }
}

/// A function of the graph's library with values for its attributes: TensorFlow's `NameAttrList`.
public struct FunctionReference: Sendable, Hashable {
  public var name: String
  public var attributes: [String: AttributeValue]

  public init(name: String, attributes: [String: AttributeValue] = [:]) {
    self.name = name
    self.attributes = attributes
  }
}

/// A Swift type that an op keeps an attribute in.
protocol AttributeRepresentable: SendableMetatype {
  /// TensorFlow's name for the kind of attribute: `int`, `list(string)`, `type`.
  static var attributeKind: String { get }
  var attributeValue: AttributeValue { get }
  /// `nil` when `value` is of another kind or out of range.
  init?(_ value: AttributeValue)
}

extension Int64: AttributeRepresentable {
  static var attributeKind: String { "int" }
  var attributeValue: AttributeValue { .int(self) }
  init?(_ value: AttributeValue) {
    guard case .int(let value) = value else { return nil }
    self = value
  }
}

extension Int: AttributeRepresentable {
  static var attributeKind: String { "int" }
  var attributeValue: AttributeValue { .int(Int64(self)) }
  init?(_ value: AttributeValue) {
    guard case .int(let value) = value else { return nil }
    self = Int(value)
  }
}

extension Float: AttributeRepresentable {
  static var attributeKind: String { "float" }
  var attributeValue: AttributeValue { .float(self) }
  init?(_ value: AttributeValue) {
    guard case .float(let value) = value else { return nil }
    self = value
  }
}

extension Bool: AttributeRepresentable {
  static var attributeKind: String { "bool" }
  var attributeValue: AttributeValue { .bool(self) }
  init?(_ value: AttributeValue) {
    guard case .bool(let value) = value else { return nil }
    self = value
  }
}

extension String: AttributeRepresentable {
  static var attributeKind: String { "string" }
  var attributeValue: AttributeValue { .string(Array(utf8)) }
  init?(_ value: AttributeValue) {
    guard case .string(let value) = value else { return nil }
    self = String(decoding: value, as: UTF8.self)
  }
}

extension DataType: AttributeRepresentable {
  static var attributeKind: String { "type" }
  var attributeValue: AttributeValue { .type(self) }
  init?(_ value: AttributeValue) {
    guard case .type(let value) = value else { return nil }
    self = value
  }
}

extension Shape: AttributeRepresentable {
  static var attributeKind: String { "shape" }
  var attributeValue: AttributeValue { .shape(self) }
  init?(_ value: AttributeValue) {
    guard case .shape(let value) = value else { return nil }
    self = value
  }
}

extension Tensor: AttributeRepresentable {
  static var attributeKind: String { "tensor" }
  var attributeValue: AttributeValue { .tensor(self) }
  init?(_ value: AttributeValue) {
    guard case .tensor(let value) = value else { return nil }
    self = value
  }
}

extension FunctionReference: AttributeRepresentable {
  static var attributeKind: String { "func" }
  var attributeValue: AttributeValue { .function(self) }
  init?(_ value: AttributeValue) {
    guard case .function(let value) = value else { return nil }
    self = value
  }
}

extension Array: AttributeRepresentable where Element: AttributeRepresentable {
  static var attributeKind: String { "list(\(Element.attributeKind))" }

  var attributeValue: AttributeValue {
    switch self {
    case let list as [Int]: .ints(list.map(Int64.init))
    case let list as [Int64]: .ints(list)
    case let list as [Float]: .floats(list)
    case let list as [Bool]: .bools(list)
    case let list as [String]: .strings(list.map { [UInt8]($0.utf8) })
    case let list as [DataType]: .types(list)
    case let list as [Shape]: .shapes(list)
    case let list as [Tensor]: .tensors(list)
    case let list as [FunctionReference]: .functions(list)
    default: .ints([])
    }
  }

  init?(_ value: AttributeValue) {
    if value.isEmptyList {
      self = []
      return
    }
    let elements: [AttributeValue]
    switch value {
    case .ints(let list): elements = list.map { .int($0) }
    case .floats(let list): elements = list.map { .float($0) }
    case .bools(let list): elements = list.map { .bool($0) }
    case .strings(let list): elements = list.map { .string($0) }
    case .types(let list): elements = list.map { .type($0) }
    case .shapes(let list): elements = list.map { .shape($0) }
    case .tensors(let list): elements = list.map { .tensor($0) }
    case .functions(let list): elements = list.map { .function($0) }
    default: return nil
    }
    let converted = elements.compactMap { Element($0) }
    guard converted.count == elements.count else { return nil }
    self = converted
  }
}

/// A closed choice that TensorFlow spells as a string: `enum Padding: String, AttributeChoice`.
protocol AttributeChoice: AttributeRepresentable, RawRepresentable, CaseIterable
where RawValue == String {}

extension AttributeChoice {
  static var attributeKind: String { "string" }
  var attributeValue: AttributeValue { rawValue.attributeValue }
  init?(_ value: AttributeValue) {
    guard let text = String(value) else { return nil }
    self.init(rawValue: text)
  }
}
