/// A variable of TensorFlow's older kind: its output is the variable itself.
struct VariableV2: Op, NonDifferentiable {
  var shape = Shape.scalar
  var dataType = DataType.float32
  var container = ""
  var sharedName = ""

  static let name = "VariableV2"
  static let signature = Signature(outputs: ["ref: Ref(dtype)"], types: ["dtype": .any])
  static let attributes: [Attribute<Self>] = [
    .required("shape", \.shape), .required("dtype", \.dataType),
    .attribute("container", \.container), .attribute("shared_name", \.sharedName),
  ]
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [shape] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let name = sharedName.isEmpty ? context.nodeName : sharedName
    let value = try context.resources.resource("\(container)/\(name)") {
      VariableValue(name: context.nodeName, shape: shape)
    }
    return [Tensor(resource: value)]
  }
}

/// `VariableV2` under its first name.
struct VariableV1: Op, WithoutGradient {
  var shape = Shape.scalar
  var dataType = DataType.float32
  var container = ""
  var sharedName = ""

  static let name = "Variable"
  static let signature = VariableV2.signature
  static let attributes: [Attribute<Self>] = [
    .required("shape", \.shape), .required("dtype", \.dataType),
    .attribute("container", \.container), .attribute("shared_name", \.sharedName),
  ]
  static let isStateful = true

  // The shape of a scalar stood for an unknown one.
  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [shape.rank == 0 ? .unknown : shape]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let variable = VariableV2(
      shape: shape, dataType: dataType, container: container, sharedName: sharedName)
    return try variable.compute(inputs, context)
  }
}

/// Gives a variable of the older kind a value; the output is the variable.
struct Assign: Op, NonDifferentiable {
  var validatesShape = true
  var usesLocking = true

  static let name = "Assign"
  static let signature = Signature(
    inputs: ["ref: Ref(T)", "value: T"], outputs: ["output_ref: Ref(T)"], types: ["T": .any])
  static let attributes: [Attribute<Self>] = [
    .attribute("validate_shape", \.validatesShape), .attribute("use_locking", \.usesLocking),
  ]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    guard validatesShape else { return [inputs[1].shape] }
    return [try inputs[0].shape.merging(inputs[1].shape)]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let variable = try inputs[0].variable
    let shape = variable.current?.shape ?? variable.shape
    guard !validatesShape || shape.isCompatible(with: inputs[1].shape) else {
      throw .invalidArgument(
        "Assign requires shapes of both tensors to match. lhs shape= \(shape) rhs shape= "
          + "\(inputs[1].shape)")
    }
    variable.current = inputs[1]
    return [inputs[0]]
  }
}

/// A variable as a resource: the output is a handle.
struct VarHandleOp: NonDifferentiable {
  var container = ""
  var sharedName = ""
  var debugName = ""
  var dataType = DataType.float32
  var shape = Shape.unknown
  var allowedDevices: [String] = []

  static let name = "VarHandleOp"
  static let signature = Signature(
    outputs: ["resource: resource"])
  static let attributes: [Attribute<Self>] = [
    .attribute("container", \.container), .attribute("shared_name", \.sharedName),
    .attribute("debug_name", \.debugName), .required("dtype", \.dataType),
    .required("shape", \.shape), .attribute("allowed_devices", \.allowedDevices),
  ]
  static let isStateful = true

  var handled: TensorSpec.Handled? { TensorSpec.Handled(dataType: dataType, shape: shape) }

  init() {}

  init(sharedName: String, dataType: DataType, shape: Shape) {
    self.sharedName = sharedName
    self.dataType = dataType
    self.shape = shape
  }

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.scalar] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let name = sharedName.isEmpty ? context.nodeName : sharedName
    let value = try context.resources.resource("\(container)/\(name)") {
      VariableValue(name: name, shape: shape)
    }
    return [Tensor(resource: value)]
  }
}

/// The value of a resource variable.
struct ReadVariableOp: Op {
  var dataType = DataType.float32

  static let name = "ReadVariableOp"
  static let signature = Signature(
    inputs: ["resource: resource"], outputs: ["value: dtype"], types: ["dtype": .any])
  static let attributes: [Attribute<Self>] = [.required("dtype", \.dataType)]
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    guard let handled = inputs[0].handled else { return [.unknown] }
    guard handled.dataType == dataType else {
      throw .invalidArgument(
        "Trying to read variable with wrong dtype. Expected \(handled.dataType.signatureName) got "
          + "\(dataType.signatureName)")
    }
    return [handled.shape]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [try inputs[0].variable.read(dataType)]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] { [try node.gradient] }
}

/// Gives a resource variable a value.
struct AssignVariableOp: Op, NonDifferentiable {
  var dataType = DataType.float32
  var validatesShape = false

  static let name = "AssignVariableOp"
  static let signature = Signature(
    inputs: ["resource: resource", "value: dtype"], types: ["dtype": .any])
  static let attributes: [Attribute<Self>] = [.attribute("validate_shape", \.validatesShape)]
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    try inputs[0].checkHandled(inputs[1])
    return []
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    try inputs[0].variable.current = inputs[1]
    return []
  }
}

extension AssignVariableOp {
  init(dataType: DataType) { self.dataType = dataType }
}

extension Tensor {
  /// The variable that a handle or a reference stands for.
  ///
  /// - Throws: `invalidArgument` when it stands for something else.
  var variable: VariableValue {
    get throws(GraphError) {
      guard let variable = storage.resource as? VariableValue else {
        throw .invalidArgument("Expected a variable, got a \(dataType) of shape \(shape)")
      }
      return variable
    }
  }
}

extension VariableValue {
  /// The value.
  ///
  /// - Throws: `failedPrecondition` before the first assignment, `invalidArgument` for another type.
  func read(_ dataType: DataType) throws(GraphError) -> Tensor {
    guard let current else {
      throw .failedPrecondition(
        "Could not find variable \(name). This could mean that the variable has been deleted. In "
          + "TF1, it can also mean the variable is uninitialized.")
    }
    guard current.dataType == dataType else {
      throw .invalidArgument(
        "Trying to read variable \(name) with wrong dtype. Expected \(dataType.signatureName) got "
          + "\(current.dataType.signatureName)")
    }
    return current
  }
}
