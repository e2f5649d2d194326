/// The inputs and outputs of an op and the types they may have: TensorFlow's `OpDef` without attributes.
///
/// Arguments are written as TensorFlow registers them: `"x: T"`, `"values: N * T"`, `"k: int32"`,
/// `"ref: Ref(T)"`, and `"components: Toutput_types"` for a list whose types an attribute holds.
public struct Signature: Sendable {
  /// One input or output, which may stand for several tensors.
  public struct Argument: Sendable, Hashable {
    /// Where the type of an argument comes from.
    public enum Kind: Sendable, Hashable {
      /// Always this type.
      case fixed(DataType)
      /// The value of this type attribute.
      case type(String)
      /// One tensor for each entry of this attribute, a list of types.
      case typeList(String)
    }

    /// TensorFlow's name of the argument.
    public var name: String
    /// Where its type comes from.
    public var kind: Kind
    /// The attribute that counts the tensors, for an argument that is a list of one type.
    public var count: String?
    /// Whether the argument is a variable itself, not its value.
    public var isReference = false
  }

  /// A type attribute: the types it may have and the one it has when nothing says otherwise.
  public struct TypeParameter: Sendable, Hashable {
    public var allowed: [DataType]
    public var fallback: DataType?
    /// Whether the attribute is a list of types.
    public var isList = false

    init(_ allowed: [DataType], default fallback: DataType? = nil, list: Bool = false) {
      self.allowed = allowed
      self.fallback = fallback
      self.isList = list
    }

    /// Any type at all.
    static let any = TypeParameter(DataType.allCases)
    /// A list of any types.
    static let anyList = TypeParameter(DataType.allCases, list: true)
    /// `bfloat16`, `half`, `float`, `double`.
    static let floating = TypeParameter([.bfloat16, .float16, .float32, .float64])
    /// Integers and floating-point numbers.
    static let real = TypeParameter([
      .float32, .float64, .int32, .uint8, .int16, .int8, .int64, .bfloat16, .uint16, .float16,
      .uint32, .uint64,
    ])
    /// `int32` or `int64`, with `int32` as the default: TensorFlow's index types.
    static let index = TypeParameter([.int32, .int64], default: .int32)
    /// TensorFlow's `numbertype`.
    static let number = TypeParameter([
      .float32, .float64, .int32, .uint8, .int16, .int8, .complex64, .int64, .qint8, .quint8,
      .qint32, .bfloat16, .qint16, .quint16, .uint16, .complex128, .float16, .uint32, .uint64,
    ])

    /// These types alone.
    static func of(_ types: DataType..., default fallback: DataType? = nil) -> TypeParameter {
      TypeParameter(types, default: fallback)
    }

    /// The same types with a default.
    func or(_ fallback: DataType) -> TypeParameter {
      TypeParameter(allowed, default: fallback, list: isList)
    }
  }

  public var inputs: [Argument]
  public var outputs: [Argument]
  /// By attribute name.
  public var types: [String: TypeParameter]
  /// The least value of each attribute that counts the tensors of an argument.
  public var minimumCounts: [String: Int]

  /// - Precondition: each argument is written as TensorFlow registers it.
  public init(
    inputs: [String] = [], outputs: [String] = [], types: [String: TypeParameter] = [:],
    minimumCounts: [String: Int] = [:]
  ) {
    self.types = types
    self.minimumCounts = minimumCounts
    self.inputs = inputs.map { Argument(parsing: $0, types: types) }
    self.outputs = outputs.map { Argument(parsing: $0, types: types) }
  }
}

extension Signature.Argument {
  /// - Precondition: `text` is `name: type`, `name: N * type` or `name: Ref(type)`.
  init(parsing text: String, types: [String: Signature.TypeParameter]) {
    let parts = text.split(separator: ":", maxSplits: 1)
    precondition(parts.count == 2, "'\(text)' is not 'name: type'")
    name = String(parts[0])
    var type = parts[1].drop(while: { $0 == " " })
    if type.hasPrefix("Ref(") {
      isReference = true
      type = type.dropFirst(4).dropLast()
    }
    if let star = type.firstIndex(of: "*") {
      count = String(type[..<star].filter { $0 != " " })
      type = type[type.index(after: star)...].drop(while: { $0 == " " })
    }
    if let parameter = types[String(type)] {
      kind = parameter.isList ? .typeList(String(type)) : .type(String(type))
    } else if let fixed = DataType(named: String(type)) {
      kind = .fixed(fixed)
    } else {
      preconditionFailure("'\(type)' in '\(text)' is neither a type nor a type attribute")
    }
  }
}
