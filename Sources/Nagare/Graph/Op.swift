/// An operation: its name and signature as in a GraphDef, its attributes as stored properties, its
/// shape rule, its kernel and its gradient, all in one place.
public protocol Op: Sendable {
  /// TensorFlow's name of the op type.
  static var name: String { get }
  /// The inputs and outputs with their types.
  static var signature: Signature { get }
  /// One line an attribute, types that follow from the inputs excepted.
  static var attributes: [Attribute<Self>] { get }
  /// TensorFlow's flag: two nodes with equal inputs may give different values or do something besides.
  static var isStateful: Bool { get }
  /// Whether the value is a constant when all inputs are. Stateful ops never are.
  static var isFoldable: Bool { get }
  /// Whether a gradient may flow through it.
  static var isDifferentiable: Bool { get }

  /// The op with every attribute at its default.
  init()

  /// The shapes of the outputs, from what is known of the inputs before the run.
  ///
  /// - Throws: `invalidArgument` in TensorFlow's words, without the node: the engine adds it.
  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape]

  /// The same for an op whose outputs follow from functions of the graph's library, or whose number
  /// matters.
  func infer(
    _ inputs: [TensorSpec], outputs: Int, in graph: Graph
  ) throws(GraphError) -> [Shape]

  /// What the outputs stand for, for an op whose outputs are handles of resources that hold tensors.
  var handled: TensorSpec.Handled? { get }

  /// The components of the elements of the queue that the output is a handle of.
  var components: [TensorSpec.Handled]? { get }

  /// The elements of output 0 read as a shape, as far as they are known, for ops that compute shapes.
  func inferValue(_ inputs: [TensorSpec]) -> Shape?

  /// The outputs. `inputs` have the types of the signature; their shapes and values are what a file
  /// or a feed made them, and are checked here before anything relies on them.
  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor]

  /// The gradient of each input, given those of the outputs; `nil` where there is none.
  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?]
}

extension Op {
  public static var attributes: [Attribute<Self>] { [] }
  public static var isStateful: Bool { false }
  public static var isFoldable: Bool { true }
  public static var isDifferentiable: Bool { true }
  public var handled: TensorSpec.Handled? { nil }
  public var components: [TensorSpec.Handled]? { nil }
  public func infer(
    _ inputs: [TensorSpec], outputs: Int, in graph: Graph
  ) throws(GraphError) -> [Shape] {
    try infer(inputs)
  }
  public func inferValue(_ inputs: [TensorSpec]) -> Shape? { nil }
}

/// An op through which no gradient flows, by design: TensorFlow's `NotDifferentiable`.
public protocol NonDifferentiable: Op {}

extension NonDifferentiable {
  public static var isDifferentiable: Bool { false }

  public func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [Output?](repeating: nil, count: node.inputs.count)
  }
}

/// An op for which TensorFlow defines no gradient: differentiating through it is refused.
public protocol WithoutGradient: Op {}

extension WithoutGradient {
  public static var isDifferentiable: Bool { false }

  public func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    throw .notFound(
      "No gradient defined for operation '\(node.name)' (op type: \(Self.name))")
  }
}

/// What is known of an op type without a node of it: a registry's entry.
struct OpDefinition: Sendable {
  struct AttributeDefinition: Sendable {
    let name: String
    let kind: String
    let choices: [String]
    /// `nil` when a node must give it.
    let fallback: AttributeValue?
  }

  let name: String
  let signature: Signature
  let attributes: [AttributeDefinition]
  let isStateful: Bool
  let isFoldable: Bool
  let isDifferentiable: Bool
  /// The op with these attributes; those that it does not know are left alone.
  let decode: @Sendable ([String: AttributeValue]) throws(GraphError) -> any Op

  /// The op type that one function is.
  init(name: String, signature: Signature, op: some Op) {
    self.name = name
    self.signature = signature
    attributes = []
    isStateful = true
    isFoldable = false
    isDifferentiable = true
    decode = { (_: [String: AttributeValue]) throws(GraphError) -> any Op in op }
  }

  // Not specialised for every op: it runs once for each.
  @_semantics("optimize.sil.specialize.generic.never")
  @inline(never)
  init<T: Op>(_ type: T.Type) {
    name = T.name
    signature = T.signature
    let fallbacks = T()
    let listed = T.attributes
    attributes = listed.map {
      AttributeDefinition(
        name: $0.name, kind: $0.kind, choices: $0.choices,
        fallback: $0.isRequired ? nil : $0.encode(fallbacks))
    }
    isStateful = T.isStateful
    isFoldable = T.isFoldable && !T.isStateful
    isDifferentiable = T.isDifferentiable
    decode = { (values: [String: AttributeValue]) throws(GraphError) -> any Op in
      var op = T()
      for attribute in listed {
        guard let value = values[attribute.name] else {
          if attribute.isRequired {
            throw .invalidArgument("\(T.name) is missing attribute '\(attribute.name)'")
          }
          continue
        }
        guard attribute.decode(&op, value) else {
          if !attribute.choices.isEmpty, let text = String(value) {
            let allowed = attribute.choices.map { "\"\($0)\"" }.joined(separator: ", ")
            throw .invalidArgument(
              "Value for attr '\(attribute.name)' of \"\(text)\" is not in the list of allowed "
                + "values: \(allowed)")
          }
          throw .invalidArgument(
            "AttrValue of '\(attribute.name)' of \(T.name) had the wrong type: "
              + "expected \(attribute.kind)")
        }
      }
      return op
    }
  }
}

extension Op {
  /// The attributes as a graph file has them, without the types that follow from the inputs.
  @_semantics("optimize.sil.specialize.generic.never")
  @inline(never)
  func encodedAttributes() -> [String: AttributeValue] {
    var values: [String: AttributeValue] = [:]
    for attribute in Self.attributes { values[attribute.name] = attribute.encode(self) }
    return values
  }
}
