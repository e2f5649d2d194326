/// A value that a session keeps between runs.
public struct Variable: Sendable {
  /// The variable itself: a resource handle, or a reference for TensorFlow's older kind.
  public let handle: Output
  /// The value, read before anything else of a run changes it unless control inputs say otherwise.
  public let value: Output
  /// The node that assigns the initial value.
  public let initializer: Node
  /// What the initial value is computed by.
  public let initialValue: Output
  /// Whether optimizers change it.
  public let isTrainable: Bool

  /// The name of its node, under which checkpoints keep it.
  public var name: String { handle.node.name }
  /// The type of its elements.
  public var dataType: DataType { initialValue.dataType }
  /// Its shape.
  public var shape: Shape { initialValue.shape }
  /// Whether it is a resource, TensorFlow's newer kind.
  public var isResource: Bool { handle.dataType == .resource }
}

extension Graph {
  /// The two kinds of variable that TensorFlow has.
  public enum VariableKind: Sendable {
    /// `VarHandleOp` with `ReadVariableOp` and `AssignVariableOp`.
    case resource
    /// `VariableV2` with `Assign`, as TensorFlow 1 makes them by default.
    case reference
  }

  /// Adds a variable with its initializer, in TensorFlow's arrangement of nodes, to the collections
  /// `variables` and, when trainable, `trainable_variables`.
  ///
  /// - Parameters:
  ///   - initialValue: Computes the initial value; its shape must be known.
  ///   - isTrainable: Whether optimizers change it.
  /// - Throws: `invalidArgument` when the shape of the initial value is not known.
  ///
  /// TensorFlow: `tf.Variable`.
  public func variable(
    _ initialValue: Output, name: String? = nil, isTrainable: Bool = true,
    kind: VariableKind = .resource, file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Variable {
    try variable(
      initialValue, reserved: uniqueName(name ?? "Variable"), isTrainable: isTrainable, kind: kind,
      SourceLocation(file, line))
  }

  /// The same with a name that `uniqueName(_:)` gave, and in another collection than `variables`.
  func variable(
    _ initialValue: Output, reserved name: String, isTrainable: Bool, kind: VariableKind,
    collection: String = "variables", _ location: SourceLocation? = nil
  ) throws(GraphError) -> Variable {
    guard initialValue.shape.isFullyKnown else {
      throw .invalidArgument(
        "initial_value must have a shape specified: \(initialValue)")
    }
    let dataType = initialValue.dataType
    let variable: Variable
    switch kind {
    case .resource:
      let handle = try insertReserved(
        VarHandleOp(sharedName: name, dataType: dataType, shape: initialValue.shape), [],
        name: name, location)
      let assign = try scope("\(name)/") { () throws(GraphError) -> Node in
        try add(
          AssignVariableOp(dataType: dataType), [handle, initialValue], name: "Assign", location)
      }
      let read = try scope("\(name)/") { () throws(GraphError) -> Output in
        try output(
          ReadVariableOp(dataType: dataType), [handle], name: "Read/ReadVariableOp", location)
      }
      variable = Variable(
        handle: handle, value: read, initializer: assign, initialValue: initialValue,
        isTrainable: isTrainable)
    case .reference:
      let handle = try insertReserved(
        VariableV2(shape: initialValue.shape, dataType: dataType), [], name: name, location)
      let (assign, read) = try scope("\(name)/") { () throws(GraphError) -> (Node, Output) in
        (
          try add(Assign(), [handle, initialValue], name: "Assign", location),
          try output(Identity(), [handle], name: "read", location)
        )
      }
      variable = Variable(
        handle: handle, value: read, initializer: assign, initialValue: initialValue,
        isTrainable: isTrainable)
    }
    addToCollection(collection, .variable(variable))
    if isTrainable { addToCollection("trainable_variables", .variable(variable)) }
    return variable
  }

  /// A node that gives every variable of a collection its initial value.
  ///
  /// TensorFlow: `tf.global_variables_initializer`, `tf.local_variables_initializer`.
  public func initializer(
    of collection: String = "variables", name: String = "init"
  ) throws(GraphError) -> Node {
    try group(variables(in: collection).map(\.initializer), name: name)
  }
}
