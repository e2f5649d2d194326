/// What an op type of the engine is, as TensorFlow's `OpDef` describes it.
public struct OpDescription: Sendable {
  /// An attribute besides the types and counts that follow from the inputs.
  public struct Attribute: Sendable {
    /// TensorFlow's name.
    public let name: String
    /// TensorFlow's kind: `int`, `list(type)`.
    public let kind: String
    /// What holds when a node does not give it; `nil` when it must.
    public let fallback: AttributeValue?
  }

  /// TensorFlow's name.
  public let name: String
  public let inputs: [Signature.Argument]
  public let outputs: [Signature.Argument]
  /// The types that each type attribute may have.
  public let types: [String: Signature.TypeParameter]
  public let attributes: [Attribute]
  public let isStateful: Bool
  /// Whether gradients flow through it.
  public let hasGradient: Bool

  /// All op types of the engine in the order of their names.
  public static var all: [OpDescription] { Registry.definitions.map { OpDescription($0) } }

  init(_ definition: OpDefinition) {
    name = definition.name
    inputs = definition.signature.inputs
    outputs = definition.signature.outputs
    types = definition.signature.types
    attributes = definition.attributes.map {
      Attribute(name: $0.name, kind: $0.kind, fallback: $0.fallback)
    }
    isStateful = definition.isStateful
    hasGradient = definition.isDifferentiable
  }
}

extension Signature.Argument: CustomStringConvertible {
  /// The type as TensorFlow registers it: `T`, `N * T`, `Ref(T)`, `int32`.
  public var typeDescription: String {
    let type =
      switch kind {
      case .fixed(let fixed): fixed.signatureName
      case .type(let name), .typeList(let name): name
      }
    let counted = count.map { "\($0) * \(type)" } ?? type
    return isReference ? "Ref(\(counted))" : counted
  }

  /// `name: type`, as TensorFlow registers it.
  public var description: String { "\(name): \(typeDescription)" }
}

extension Node {
  /// Whether the engine has the op type, so that the node can run.
  public var isImplemented: Bool { !(op is UnknownOp) }
}
