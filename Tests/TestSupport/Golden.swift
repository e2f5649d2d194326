import Foundation
import Nagare

/// TensorFlow's answers, read from the files in `Tests/NagareTests/Golden`.
public enum Golden {
  /// A file that is not as the scripts write it.
  public struct Malformed: Error {
    public let description: String
    init(_ description: String) { self.description = description }
  }

  /// The path of a file beside the scripts that wrote it.
  public static func path(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "NagareTests/Golden/\(name)").path(percentEncoded: false)
  }

  /// The objects of a JSON file that is a list of objects.
  public static func list(_ name: String) throws -> [JSONObject] {
    let data = try Data(contentsOf: URL(filePath: path(name)))
    guard case .list(let items) = try JSON(Array(data)) else {
      throw Malformed("\(name) is not a list of objects")
    }
    return items.compactMap(JSONObject.init)
  }

  /// Every case of an op.
  public static let opCases: [OpCase] = load {
    try FileManager.default.contentsOfDirectory(atPath: path("op_cases"))
      .filter { $0.hasSuffix(".json") }.sorted()
      .flatMap { try list("op_cases/\($0)").map(OpCase.init) }
  }

  /// The op types that have cases, in the order of their names.
  public static let casedOps = Set(opCases.map(\.op)).sorted()

  /// The cases of an op type.
  public static func cases(of op: String) -> [OpCase] { opCases.filter { $0.op == op } }

  /// Graphs that run as a whole.
  public static let graphCases: [GraphCase] = load {
    try ["cases", "queue_cases"].flatMap { try list("graph_cases/\($0).json").map(GraphCase.init) }
  }

  /// TensorFlow's definition of each op type that the engine is to have.
  public static let definitions: [OpDefinitionRecord] = load {
    try list("op_definitions.json").map(OpDefinitionRecord.init)
  }

  // Tests that find no case fail with the names of what is missing, so an empty list shows.
  private static func load<T>(_ read: () throws -> [T]) -> [T] {
    do {
      return try read()
    } catch {
      print("Golden files cannot be read: \(error)")
      return []
    }
  }
}

/// An object of a JSON file, with the values that the scripts write.
public struct JSONObject: Sendable {
  let values: [String: JSON]

  init?(_ value: JSON) {
    guard case .object(let values) = value else { return nil }
    self.values = values
  }

  public func has(_ key: String) -> Bool { values[key] != nil }

  public func string(_ key: String) throws -> String {
    guard case .string(let text)? = values[key] else {
      throw Golden.Malformed("'\(key)' is not a string in \(values)")
    }
    return text
  }

  public func flag(_ key: String) -> Bool {
    guard case .bool(true)? = values[key] else { return false }
    return true
  }

  public func integer(_ key: String) -> Int? {
    guard case .number(let text)? = values[key] else { return nil }
    return Int(text)
  }

  public func integers(_ key: String) throws -> [Int] { try list(key).map(JSON.integer) }

  public func strings(_ key: String) throws -> [String] {
    try list(key).map { String(decoding: try $0.bytes(), as: UTF8.self) }
  }

  public func object(_ key: String) -> JSONObject? { values[key].flatMap(JSONObject.init) }

  public func objects(_ key: String) -> [JSONObject] { list(key).compactMap(JSONObject.init) }

  /// The objects by name.
  public var members: [String: JSONObject] { values.compactMapValues(JSONObject.init) }

  func list(_ key: String) -> [JSON] {
    guard case .list(let items)? = values[key] else { return [] }
    return items
  }

  /// A list of tensors; an entry that is not compared is `nil`.
  public func tensors(_ key: String) throws -> [Tensor?] {
    try list(key).map { try JSONObject($0)?.tensor() }
  }

  /// One entry an argument: its tensor, or its tensors where it is a list.
  public func arguments(_ key: String) throws -> [[Tensor]] {
    try list(key).map { item in
      if case .list(let members) = item {
        return try members.compactMap { try JSONObject($0)?.tensor() }
      }
      return try [JSONObject(item)?.tensor()].compactMap { $0 }
    }
  }

  /// A list of shapes.
  public func shapes(_ key: String) -> [Shape]? { has(key) ? list(key).map(\.shape) : nil }

  /// The object as a tensor. One value stands for all where the shape asks for more.
  public func tensor() throws -> Tensor {
    guard let dataType = DataType(named: try string("dtype")) else {
      throw Golden.Malformed("\(values) is no tensor")
    }
    var elements = list("values")
    let dimensions = try integers("shape")
    let count = dimensions.reduce(1, *)
    if elements.count == 1, count != 1 {
      elements = [JSON](repeating: elements[0], count: count)
    }
    func make<T: Scalar>(_ convert: (JSON) throws -> T) throws -> Tensor {
      try Tensor(elements.map(convert), dimensions: dimensions)
    }
    switch dataType {
    case .float32: return try make { try $0.number(Float.self) }
    case .float64: return try make { try $0.number(Double.self) }
    case .float16: return try make { Half(try $0.number(Float.self)) }
    case .bfloat16: return try make { BFloat16(try $0.number(Float.self)) }
    case .int8: return try make { try $0.number(Int8.self) }
    case .int16: return try make { try $0.number(Int16.self) }
    case .int32: return try make { try $0.number(Int32.self) }
    case .int64: return try make { try $0.number(Int64.self) }
    case .uint8: return try make { try $0.number(UInt8.self) }
    case .uint16: return try make { try $0.number(UInt16.self) }
    case .uint32: return try make { try $0.number(UInt32.self) }
    case .uint64: return try make { try $0.number(UInt64.self) }
    case .bool: return try make(\.isTrue)
    case .string:
      return try Tensor(strings: elements.map { try $0.bytes() }, dimensions: dimensions)
    default: throw Golden.Malformed("No values of type \(dataType)")
    }
  }

  /// The object as the value of an attribute.
  public func attribute() throws -> AttributeValue {
    guard let (kind, value) = values.first, values.count == 1 else {
      throw Golden.Malformed("\(values) is no attribute")
    }
    switch kind {
    case "type": return .type(try value.type())
    case "i": return .int(try value.number(Int64.self))
    case "f": return .float(try value.number(Float.self))
    case "b": return .bool(value.isTrue)
    case "s": return .string(try value.bytes())
    case "shape": return .shape(value.shape)
    case "tensor":
      if let tensor = try JSONObject(value)?.tensor() { return .tensor(tensor) }
    case "list":
      guard case .object(let list) = value, let (kind, value) = list.first,
        case .list(let items) = value
      else { return .ints([]) }
      switch kind {
      case "i": return .ints(try items.map { try $0.number(Int64.self) })
      case "f": return .floats(try items.map { try $0.number(Float.self) })
      case "b": return .bools(items.map(\.isTrue))
      case "s": return .strings(try items.map { try $0.bytes() })
      case "type": return .types(try items.map { try $0.type() })
      case "shape": return .shapes(items.map(\.shape))
      default: break
      }
    default: break
    }
    throw Golden.Malformed("\(values) is no attribute")
  }
}

extension JSON {
  /// Numbers that their type cannot write, and whole numbers over 2^53, are strings.
  func number<T: LosslessStringConvertible>(_: T.Type) throws -> T {
    switch self {
    case .number(let text), .string(let text):
      // Swift reads "inf", "infinity" and "nan".
      if let number = T(text) ?? T(text.lowercased()) { return number }
    default: break
    }
    throw Golden.Malformed("\(self) is no \(T.self)")
  }

  static func integer(_ value: JSON) throws -> Int { try value.number(Int.self) }

  var isTrue: Bool {
    if case .bool(true) = self { true } else { false }
  }

  func bytes() throws -> [UInt8] {
    if case .string(let text) = self { return Array(text.utf8) }
    if let text = try JSONObject(self)?.string("base64"), let data = Data(base64Encoded: text) {
      return Array(data)
    }
    throw Golden.Malformed("\(self) is no string")
  }

  func type() throws -> DataType {
    if case .string(let name) = self, let type = DataType(named: name) { return type }
    throw Golden.Malformed("\(self) is no type")
  }

  /// `null` is an unknown rank, and within a list an unknown dimension.
  var shape: Shape {
    guard case .list(let items) = self else { return .unknown }
    return Shape(items.map { try? JSON.integer($0) })
  }
}

/// How closely values must agree.
public enum Tolerance: String, Sendable {
  /// In every element; zeros of both signs and all NaNs are equal.
  case exact
  /// Within a few units in the last place.
  case ulp
  /// Relative to the largest element: what another order of summation changes.
  case relative
  /// After several steps of training.
  case training
  /// PNG files with the same pixels.
  case png
  /// JPEG files with the same pixels.
  case jpeg
  /// Summaries with the same content.
  case summary
}

/// What TensorFlow refuses, and how.
public struct Refusal: Sendable {
  public let code: Int
  /// Texts of which the refusal must have one: that of the C++ core, that of the Python interface.
  public let messages: [String]

  init(_ object: JSONObject) throws {
    code = object.integer("code") ?? 0
    messages = [try object.string("message")] + [try? object.string("python")].compactMap { $0 }
  }
}

/// What is known of the inputs while a node is added.
public enum InputMode: String, Sendable, CaseIterable {
  /// Every input is a constant.
  case const
  /// Placeholders of the full shape.
  case full
  /// Placeholders whose first dimension is unknown; index arguments are constants.
  case partial
  /// Placeholders of unknown rank.
  case unknown
  /// Placeholders of the full shape; index arguments are constants.
  case gradient
  /// Placeholders of unknown rank; index arguments are constants.
  case unknownGradient
}

/// One node with all that TensorFlow says of it; `op_case_table.py` explains the parts.
public struct OpCase: Sendable {
  public let name: String
  public let op: String
  public let attributes: [String: AttributeValue]
  /// One entry an argument.
  public let inputs: [[Tensor]]
  /// The arguments that say where, not what.
  public let indexArguments: Set<Int>
  /// An output that is not compared is `nil`.
  public let outputs: [Tensor?]
  public let tolerance: Tolerance
  public let shapes: [InputMode: [Shape]]
  /// The outputs of the runs that follow in the same session.
  public let again: [[Tensor?]]
  public let weights: [Tensor?]
  public let gradients: [Tensor?]
  public let hasFiniteDifferences: Bool
  public let secondWeights: [Tensor?]
  public let secondGradients: [Tensor?]
  public let buildRefusal: Refusal?
  public let runRefusal: Refusal?
  /// The mode in which TensorFlow refuses to add the node.
  public let refusingMode: InputMode

  public var isRefused: Bool { buildRefusal != nil || runRefusal != nil }

  init(_ object: JSONObject) throws {
    name = try object.string("name")
    op = try object.string("op")
    attributes = try object.object("attrs")?.members.mapValues { try $0.attribute() } ?? [:]
    inputs = try object.arguments("inputs")
    indexArguments = Set(try object.integers("indices"))
    outputs = try object.tensors("outputs")
    tolerance = (try? object.string("tolerance")).flatMap(Tolerance.init) ?? .exact
    let known = object.object("shapes")
    var shapes: [InputMode: [Shape]] = [:]
    var last = outputs.map { $0?.shape ?? .unknown }
    for mode in InputMode.allCases {
      last = known?.shapes(mode.rawValue) ?? last
      shapes[mode] = last
    }
    self.shapes = shapes
    again = try object.list("again").map { run in
      guard case .list(let outputs) = run else { return [] }
      return try outputs.map { try JSONObject($0)?.tensor() }
    }
    weights = try object.tensors("weights")
    gradients = try object.tensors("gradients")
    hasFiniteDifferences = object.flag("finite_differences")
    let second = object.object("second")
    secondWeights = try second?.tensors("weights") ?? []
    secondGradients = try second?.tensors("gradients") ?? []
    let error = object.object("error")
    buildRefusal = try error?.object("build").map(Refusal.init)
    runRefusal = try error?.object("run").map(Refusal.init)
    switch try? error?.string("when") {
    case "const": refusingMode = .const
    case "always": refusingMode = .unknown
    default: refusingMode = .full
    }
  }
}

/// A graph and what its runs give, in order, in one session.
public struct GraphCase: Sendable, CustomStringConvertible {
  public struct Run: Sendable {
    public let feeds: [String: Tensor]
    public let fetches: [String]
    public let targets: [String]
    public let values: [Tensor?]
    public let refusal: Refusal?
  }

  public let name: String
  public let tolerance: Tolerance
  public let runs: [Run]

  public var description: String { name }

  /// The graph in text form.
  public func definition() throws -> String {
    try String(contentsOfFile: Golden.path("graph_cases/\(name).pbtxt"), encoding: .utf8)
  }

  init(_ object: JSONObject) throws {
    name = try object.string("name")
    tolerance = Tolerance(rawValue: try object.string("tolerance")) ?? .exact
    runs = try object.objects("runs").map { run in
      Run(
        feeds: try run.object("feeds")?.members.mapValues { try $0.tensor() } ?? [:],
        fetches: try run.strings("fetches"), targets: try run.strings("targets"),
        values: try run.tensors("values"), refusal: try run.object("error").map(Refusal.init))
    }
  }
}

/// TensorFlow's definition of an op type.
public struct OpDefinitionRecord: Sendable {
  public struct Argument: Sendable, Equatable {
    public var name: String
    public var type: DataType?
    public var typeAttribute: String?
    public var countAttribute: String?
    public var typeListAttribute: String?
    public var isReference: Bool

    public init(
      name: String, type: DataType? = nil, typeAttribute: String? = nil,
      countAttribute: String? = nil, typeListAttribute: String? = nil, isReference: Bool
    ) {
      self.name = name
      self.type = type
      self.typeAttribute = typeAttribute
      self.countAttribute = countAttribute
      self.typeListAttribute = typeListAttribute
      self.isReference = isReference
    }
  }

  public struct Attribute: Sendable {
    public let name: String
    /// `int`, `list(type)`.
    public let kind: String
    public let fallback: AttributeValue?
    public let allowedTypes: [DataType]
    public let allowedStrings: [String]
    public let minimum: Int?
  }

  public let name: String
  public let inputs: [Argument]
  public let outputs: [Argument]
  public let attributes: [Attribute]
  public let isStateful: Bool

  init(_ object: JSONObject) throws {
    name = try object.string("name")
    inputs = try object.objects("inputs").map(Self.argument)
    outputs = try object.objects("outputs").map(Self.argument)
    attributes = try object.objects("attrs").map { attribute in
      let allowed = attribute.object("allowed")
      return Attribute(
        name: try attribute.string("name"), kind: try attribute.string("type"),
        fallback: try attribute.object("default")?.attribute(),
        allowedTypes: try allowed?.list("type").map { try $0.type() } ?? [],
        allowedStrings: try allowed?.strings("s") ?? [], minimum: attribute.integer("minimum"))
    }
    isStateful = object.flag("is_stateful")
  }

  private static func argument(_ object: JSONObject) throws -> Argument {
    Argument(
      name: try object.string("name"), type: try object.values["type"]?.type(),
      typeAttribute: try? object.string("type_attr"),
      countAttribute: try? object.string("number_attr"),
      typeListAttribute: try? object.string("type_list_attr"),
      isReference: object.flag("is_ref"))
  }
}
