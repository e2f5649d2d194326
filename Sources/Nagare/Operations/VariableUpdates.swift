/// An op that changes a variable by a value: of TensorFlow's older kind when it has an output, of the
/// newer when it has none.
protocol VariableUpdate: NonDifferentiable {
  /// TensorFlow's text for a value that does not fit the variable.
  func refusal(_ variable: Shape, _ value: Shape) -> String
  static func function<T: Number>(_ x: T, _ y: T) -> T
}

extension VariableUpdate {
  /// Changes the variable in place where nothing else refers to its value.
  func update(
    _ variable: VariableValue, by value: Tensor, _ context: KernelContext
  ) throws(GraphError) {
    try variable.update { (current: inout Tensor) throws(GraphError) in
      guard current.dataType == value.dataType else {
        throw .invalidArgument(
          "Trying to change variable \(variable.name) with wrong dtype. Expected "
            + "\(current.dataType.signatureName) got \(value.dataType.signatureName)")
      }
      guard current.dimensions == value.dimensions else {
        throw .invalidArgument(refusal(current.shape, value.shape))
      }
      switch current.dataType {
      case .float32: try Self.apply(&current, value, Float.self, context)
      case .float64: try Self.apply(&current, value, Double.self, context)
      case .int8: try Self.apply(&current, value, Int8.self, context)
      case .int16: try Self.apply(&current, value, Int16.self, context)
      case .int32: try Self.apply(&current, value, Int32.self, context)
      case .int64: try Self.apply(&current, value, Int64.self, context)
      case .uint8: try Self.apply(&current, value, UInt8.self, context)
      case .uint16: try Self.apply(&current, value, UInt16.self, context)
      case .uint32: try Self.apply(&current, value, UInt32.self, context)
      case .uint64: try Self.apply(&current, value, UInt64.self, context)
      default: throw .unsupported(Self.name, current.dataType)
      }
    }
  }

  private static func apply<T: Number>(
    _ current: inout Tensor, _ value: Tensor, _: T.Type, _ context: KernelContext
  ) throws(GraphError) {
    try current.makeWritable()
    let (x, y) = (current.mutablePointer(T.self), value.pointer(T.self))
    context.threads.ranges(current.count, grain: context.grain()) { range in
      for index in range { x[index] = function(x[index], y[index]) }
    }
  }
}

extension Tensor {
  /// Gives the tensor memory of its own, with the same elements, when others refer to it too.
  mutating func makeWritable() throws(GraphError) {
    guard storage.isPart || !isKnownUniquelyReferenced(&storage) else {
      storage.packing.withLock { $0 = .init() }
      return
    }
    let copy = try Tensor(uninitialized: dataType, dimensions)
    copy.storage.base.copyMemory(from: storage.base, byteCount: storage.byteCount)
    self = copy
  }
}

/// A change of a variable of the older kind; the output is the variable.
protocol ReferenceUpdate: VariableUpdate {
  var usesLocking: Bool { get set }
}

extension ReferenceUpdate {
  static var signature: Signature {
    Signature(
      inputs: ["ref: Ref(T)", "value: T"], outputs: ["output_ref: Ref(T)"],
      types: ["T": .number])
  }

  static var attributes: [Attribute<Self>] { [.attribute("use_locking", \.usesLocking)] }

  func refusal(_ variable: Shape, _ value: Shape) -> String {
    "Parameters and update must be the same size"
  }

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [try inputs[0].shape.merging(inputs[1].shape)]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    try update(try inputs[0].variable, by: inputs[1], context)
    return [inputs[0]]
  }
}

/// A change of a resource variable.
protocol ResourceUpdate: VariableUpdate {
  var dataType: DataType { get set }
}

extension ResourceUpdate {
  static var signature: Signature {
    Signature(inputs: ["resource: resource", "value: dtype"], types: ["dtype": .any])
  }

  static var isStateful: Bool { true }

  func refusal(_ variable: Shape, _ value: Shape) -> String {
    "Cannot update variable with shape \(variable) using a Tensor with shape \(value), shapes must "
      + "be equal."
  }

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    try inputs[0].checkHandled(inputs[1])
    return []
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let variable = try inputs[0].variable
    guard variable.current != nil else {
      throw .notFound(
        "Container localhost does not exist. (Could not find resource: localhost/\(variable.name))")
    }
    try update(variable, by: inputs[1], context)
    return []
  }
}

/// Adds to a variable of the older kind.
struct AssignAdd: ReferenceUpdate {
  var usesLocking = false
  static let name = "AssignAdd"
  @inline(__always) static func function<T: Number>(_ x: T, _ y: T) -> T { T.add(x, y) }
}

/// Subtracts from a variable of the older kind.
struct AssignSub: ReferenceUpdate {
  var usesLocking = false
  static let name = "AssignSub"
  @inline(__always) static func function<T: Number>(_ x: T, _ y: T) -> T { T.subtract(x, y) }
}

/// Adds to a resource variable.
struct AssignAddVariableOp: ResourceUpdate {
  var dataType = DataType.float32
  static let name = "AssignAddVariableOp"
  @inline(__always) static func function<T: Number>(_ x: T, _ y: T) -> T { T.add(x, y) }
}

/// Subtracts from a resource variable.
struct AssignSubVariableOp: ResourceUpdate {
  var dataType = DataType.float32
  static let name = "AssignSubVariableOp"
  @inline(__always) static func function<T: Number>(_ x: T, _ y: T) -> T { T.subtract(x, y) }
}

/// Whether a variable of the older kind has a value.
struct IsVariableInitialized: Op, NonDifferentiable {
  static let name = "IsVariableInitialized"
  static let signature = Signature(
    inputs: ["ref: Ref(dtype)"], outputs: ["is_initialized: bool"], types: ["dtype": .any])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.scalar] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [try Tensor(scalar: try inputs[0].variable.current != nil)]
  }
}

/// Whether a resource variable has a value.
struct VarIsInitializedOp: Op, NonDifferentiable {
  static let name = "VarIsInitializedOp"
  static let signature = Signature(
    inputs: ["resource: resource"], outputs: ["is_initialized: bool"])
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.scalar] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [try Tensor(scalar: try inputs[0].variable.current != nil)]
  }
}

/// The shape of a resource variable's value.
struct VariableShape: Op, NonDifferentiable {
  var outputType = DataType.int32

  static let name = "VariableShape"
  static let signature = Signature(
    inputs: ["input: resource"], outputs: ["output: out_type"], types: ["out_type": .index])
  static let attributes: [Attribute<Self>] = [.attribute("out_type", \.outputType)]
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [.vector(inputs[0].handled?.shape.rank)]
  }

  func inferValue(_ inputs: [TensorSpec]) -> Shape? { inputs[0].handled?.shape }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let variable = try inputs[0].variable
    guard let current = variable.current else {
      throw VariableValue.uninitialized(variable.name)
    }
    return [try Tensor(sizes: current.dimensions, outputType)]
  }
}

/// Takes the value of a resource variable away.
struct DestroyResourceOp: WithoutGradient {
  var ignoresMissing = true

  static let name = "DestroyResourceOp"
  static let signature = Signature(inputs: ["resource: resource"])
  static let attributes: [Attribute<Self>] = [
    .attribute("ignore_lookup_error", \.ignoresMissing)
  ]
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let variable = try inputs[0].variable
    guard ignoresMissing || variable.current != nil else {
      throw .notFound("Resource localhost/\(variable.name) does not exist.")
    }
    variable.current = nil
    return []
  }
}

extension Graph {
  /// A node that gives `variable` the value of `value`.
  ///
  /// TensorFlow: `tf.assign`.
  public func assign(
    _ variable: Variable, _ value: Output, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Node {
    let location = SourceLocation(file, line)
    if variable.isResource {
      var assign = AssignVariableOp(dataType: variable.dataType)
      assign.validatesShape = true
      return try add(assign, [variable.handle, value], name: name, location)
    }
    return try add(Assign(), [variable.handle, value], name: name, location)
  }

  /// A node that adds `value` to `variable`.
  ///
  /// TensorFlow: `tf.assign_add`.
  public func assignAdd(
    _ variable: Variable, _ value: Output, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Node {
    let location = SourceLocation(file, line)
    if variable.isResource {
      return try add(AssignAddVariableOp(), [variable.handle, value], name: name, location)
    }
    return try add(AssignAdd(), [variable.handle, value], name: name, location)
  }

  /// A node that subtracts `value` from `variable`.
  ///
  /// TensorFlow: `tf.assign_sub`.
  public func assignSubtract(
    _ variable: Variable, _ value: Output, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Node {
    let location = SourceLocation(file, line)
    if variable.isResource {
      return try add(AssignSubVariableOp(), [variable.handle, value], name: name, location)
    }
    return try add(AssignSub(), [variable.handle, value], name: name, location)
  }
}
