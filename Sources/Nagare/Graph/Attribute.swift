/// One attribute of an op: TensorFlow's name for it and the stored property that holds it. From this
/// one line come decoding, encoding, the default and the listing.
public struct Attribute<Root: Op>: Sendable {
  let name: String
  /// TensorFlow's kind: `int`, `list(type)`.
  let kind: String
  /// Whether a node must give it: TensorFlow registers no default.
  let isRequired: Bool
  /// The values that a closed choice may have.
  let choices: [String]
  let encode: @Sendable (Root) -> AttributeValue
  /// `false` when the value is of another kind.
  let decode: @Sendable (inout Root, AttributeValue) -> Bool

  private init<Value: AttributeRepresentable>(
    _ name: String, _ path: any WritableKeyPath<Root, Value> & Sendable, isRequired: Bool,
    choices: [String] = []
  ) {
    self.name = name
    self.kind = Value.attributeKind
    self.isRequired = isRequired
    self.choices = choices
    encode = { $0[keyPath: path].attributeValue }
    decode = { root, value in
      guard let decoded = Value(value) else { return false }
      root[keyPath: path] = decoded
      return true
    }
  }

  /// An attribute whose default is the property's initial value.
  static func attribute<Value: AttributeRepresentable>(
    _ name: String, _ path: any WritableKeyPath<Root, Value> & Sendable
  ) -> Attribute {
    Attribute(name, path, isRequired: false)
  }

  /// An attribute that every node must have.
  static func required<Value: AttributeRepresentable>(
    _ name: String, _ path: any WritableKeyPath<Root, Value> & Sendable
  ) -> Attribute {
    Attribute(name, path, isRequired: true)
  }

  /// A closed choice whose default is the property's initial value.
  static func attribute<Value: AttributeChoice>(
    _ name: String, _ path: any WritableKeyPath<Root, Value> & Sendable
  ) -> Attribute {
    Attribute(name, path, isRequired: false, choices: Value.allCases.map(\.rawValue))
  }

  /// A closed choice that every node must make.
  static func required<Value: AttributeChoice>(
    _ name: String, _ path: any WritableKeyPath<Root, Value> & Sendable
  ) -> Attribute {
    Attribute(name, path, isRequired: true, choices: Value.allCases.map(\.rawValue))
  }
}
