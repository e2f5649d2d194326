/// An op that changes variables by a gradient: all elements in one pass, in place where nothing else
/// refers to a value.
protocol OptimizerUpdate: NonDifferentiable {
  /// How many variables the op changes, its first inputs.
  static var variableCount: Int { get }
  /// Which of the other inputs, counted from the first of them, is the gradient.
  static var gradientIndex: Int { get }
  /// TensorFlow's names of all inputs.
  static var inputNames: [String] { get }
  var usesLocking: Bool { get set }
  /// Changes elements `range` of the variables, given the numbers (the gradient's place holds 0).
  func apply<T: FloatNumber>(
    _ variables: [UnsafeMutablePointer<T>], _ gradient: UnsafePointer<T>, _ numbers: [T],
    _ range: Range<Int>)
}

extension OptimizerUpdate {
  /// The signature with variables as references, or as resources.
  @_semantics("optimize.sil.specialize.generic.never")
  static func updateSignature(reference: Bool) -> Signature {
    let inputs = inputNames.enumerated().map { index, name in
      index < variableCount ? "\(name): \(reference ? "Ref(T)" : "resource")" : "\(name): T"
    }
    return Signature(
      inputs: inputs, outputs: reference ? ["out: Ref(T)"] : [], types: ["T": .number])
  }

  @_semantics("optimize.sil.specialize.generic.never")
  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    func variableShape(_ spec: TensorSpec) -> Shape {
      spec.isReference ? spec.shape : spec.handled?.shape ?? .unknown
    }
    var shape = variableShape(inputs[0])
    for index in 1..<Self.variableCount {
      shape = try shape.merging(variableShape(inputs[index]))
    }
    for (index, input) in inputs.enumerated().dropFirst(Self.variableCount) {
      if index - Self.variableCount == Self.gradientIndex {
        shape = try shape.merging(input.shape)
      } else {
        _ = try input.shape.withRank(0)
      }
    }
    return inputs[0].isReference ? [shape] : []
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    switch inputs.dropFirst(Self.variableCount).first?.dataType {
    case .float32: try update(inputs, context, loop(Float.self))
    case .float64: try update(inputs, context, loop(Double.self))
    case let other: throw .unsupported(Self.name, other ?? .float32)
    }
  }

  /// The change of the variables' elements in a range; the one part that a type is compiled for.
  @inline(__always)
  private func loop<T: FloatNumber>(_: T.Type) -> UpdateLoop {
    { variables, gradient, numbers, range in
      apply(
        variables.map { $0.assumingMemoryBound(to: T.self) },
        gradient.assumingMemoryBound(to: T.self), numbers.map { $0.pointer(T.self)[0] }, range)
    }
  }

  @_semantics("optimize.sil.specialize.generic.never")
  private func update(
    _ inputs: [Tensor], _ context: KernelContext, _ loop: UpdateLoop
  ) throws(GraphError) -> [Tensor] {
    var variables: [VariableValue] = []
    for index in 0..<Self.variableCount {
      let variable = try inputs[index].variable
      guard !variables.contains(where: { $0 === variable }) else {
        throw .invalidArgument(
          "\(Self.inputNames[index]) must be a variable of its own, got \(variable.name) again")
      }
      guard variable.current != nil else {
        let isReference = context.node?.outputs.first?.isReference == true
        throw isReference
          ? VariableValue.uninitialized(variable.name)
          : .internalError("Invalid variable reference.")
      }
      variables.append(variable)
    }
    var numbers = Array(inputs.dropFirst(Self.variableCount))
    let gradient = numbers[Self.gradientIndex]
    for (index, input) in numbers.enumerated()
    where index != Self.gradientIndex && input.rank != 0 {
      throw .invalidArgument(
        "\(Self.inputNames[Self.variableCount + index]) is not a scalar: \(input.shape)")
    }
    numbers[Self.gradientIndex] = try Tensor(zeros: gradient.dataType, [])
    try hold(variables) { (tensors: inout [Tensor]) throws(GraphError) in
      for (index, tensor) in tensors.enumerated() {
        guard tensor.dataType == gradient.dataType else {
          throw .invalidArgument(
            "\(Self.inputNames[index]) has type \(tensor.dataType.signatureName), the gradient "
              + "\(gradient.dataType.signatureName)")
        }
        guard tensor.dimensions == tensors[0].dimensions else {
          throw Self.refusal(Self.inputNames[index], tensors[0].shape, tensor.shape)
        }
      }
      guard gradient.dimensions == tensors[0].dimensions else {
        throw Self.refusal(
          Self.inputNames[Self.variableCount + Self.gradientIndex], tensors[0].shape,
          gradient.shape)
      }
      for index in tensors.indices { try tensors[index].makeWritable() }
      let pointers = tensors.map(\.mutableBytes)
      context.threads.ranges(gradient.count, grain: context.grain(cost: 2)) { range in
        loop(pointers, gradient.bytes, numbers, range)
      }
    }
    return Self.signature.outputs.isEmpty ? [] : [inputs[0]]
  }

  @_semantics("optimize.sil.specialize.generic.never")
  private static func refusal(_ name: String, _ shape: Shape, _ other: Shape) -> GraphError {
    .invalidArgument(
      "\(inputNames[0]) and \(name) do not have the same shape\(shape) \(other)")
  }
}

/// Changes the elements of variables in a range, given the gradient and the numbers beside it (in the
/// gradient's own place there is 0).
private typealias UpdateLoop = (
  [UnsafeMutableRawPointer], UnsafeRawPointer, [Tensor], Range<Int>
) -> Void

/// Takes the values of all variables out and puts back what `body` leaves. Whoever reads one
/// meanwhile waits; variables are locked in one order everywhere, so that no two wait for each other.
private func hold(
  _ variables: [VariableValue], _ body: (inout [Tensor]) throws(GraphError) -> Void
) throws(GraphError) {
  let order = variables.indices.sorted {
    ObjectIdentifier(variables[$0]) < ObjectIdentifier(variables[$1])
  }
  let nothing = Tensor(.float32, [0], 0, TensorStorage(strings: []))
  var values = [Tensor](repeating: nothing, count: variables.count)
  func lock(_ position: Int) throws(GraphError) {
    guard position < order.count else { return try body(&values) }
    let index = order[position]
    try variables[index].update { (current: inout Tensor) throws(GraphError) in
      swap(&current, &values[index])
      defer { swap(&current, &values[index]) }
      try lock(position + 1)
    }
  }
  try lock(0)
}

/// `var −= alpha · delta`.
protocol GradientDescentUpdate: OptimizerUpdate {}

extension GradientDescentUpdate {
  static var variableCount: Int { 1 }
  static var gradientIndex: Int { 1 }
  static var inputNames: [String] { ["var", "alpha", "delta"] }
  static var attributes: [Attribute<Self>] { [.attribute("use_locking", \.usesLocking)] }

  func apply<T: FloatNumber>(
    _ variables: [UnsafeMutablePointer<T>], _ gradient: UnsafePointer<T>, _ numbers: [T],
    _ range: Range<Int>
  ) {
    let (x, rate) = (variables[0], numbers[0])
    for index in range { x[index] -= rate * gradient[index] }
  }
}

/// Gradient descent on a variable of the older kind.
struct ApplyGradientDescent: GradientDescentUpdate {
  var usesLocking = false
  static let name = "ApplyGradientDescent"
  static let signature = updateSignature(reference: true)
}

/// Gradient descent on a resource variable.
struct ResourceApplyGradientDescent: GradientDescentUpdate {
  var usesLocking = false
  static let name = "ResourceApplyGradientDescent"
  static let signature = updateSignature(reference: false)
  static let isStateful = true
}

/// `accum = momentum · accum + grad; var −= lr · accum`, or Nesterov's form.
protocol MomentumUpdate: OptimizerUpdate {
  var usesNesterov: Bool { get set }
}

extension MomentumUpdate {
  static var variableCount: Int { 2 }
  static var gradientIndex: Int { 1 }
  static var inputNames: [String] { ["var", "accum", "lr", "grad", "momentum"] }
  static var attributes: [Attribute<Self>] {
    [.attribute("use_locking", \.usesLocking), .attribute("use_nesterov", \.usesNesterov)]
  }

  func apply<T: FloatNumber>(
    _ variables: [UnsafeMutablePointer<T>], _ gradient: UnsafePointer<T>, _ numbers: [T],
    _ range: Range<Int>
  ) {
    let (x, a) = (variables[0], variables[1])
    let (rate, momentum) = (numbers[0], numbers[2])
    for index in range {
      let accumulated = a[index] * momentum + gradient[index]
      a[index] = accumulated
      x[index] -=
        usesNesterov
        ? gradient[index] * rate + accumulated * momentum * rate : accumulated * rate
    }
  }
}

/// Momentum on variables of the older kind.
struct ApplyMomentum: MomentumUpdate {
  var usesLocking = false
  var usesNesterov = false
  static let name = "ApplyMomentum"
  static let signature = updateSignature(reference: true)
}

/// Momentum on resource variables.
struct ResourceApplyMomentum: MomentumUpdate {
  var usesLocking = false
  var usesNesterov = false
  static let name = "ResourceApplyMomentum"
  static let signature = updateSignature(reference: false)
  static let isStateful = true
}

/// Adam: Kingma and Ba, 2015, in the form before section 2.1 that TensorFlow uses.
protocol AdamUpdate: OptimizerUpdate {
  var usesNesterov: Bool { get set }
}

extension AdamUpdate {
  static var variableCount: Int { 3 }
  static var gradientIndex: Int { 6 }
  static var inputNames: [String] {
    ["var", "m", "v", "beta1_power", "beta2_power", "lr", "beta1", "beta2", "epsilon", "grad"]
  }
  static var attributes: [Attribute<Self>] {
    [.attribute("use_locking", \.usesLocking), .attribute("use_nesterov", \.usesNesterov)]
  }

  func apply<T: FloatNumber>(
    _ variables: [UnsafeMutablePointer<T>], _ gradient: UnsafePointer<T>, _ numbers: [T],
    _ range: Range<Int>
  ) {
    let (x, m, v) = (variables[0], variables[1], variables[2])
    let rate = numbers[2] * (1 - numbers[1]).squareRoot() / (1 - numbers[0])
    let start = range.lowerBound
    T.stepAdam(
      Int64(range.count), x + start, m + start, v + start, gradient + start, rate, numbers[3],
      numbers[4], numbers[5], usesNesterov)
  }
}

/// Adam on variables of the older kind.
struct ApplyAdam: AdamUpdate {
  var usesLocking = false
  var usesNesterov = false
  static let name = "ApplyAdam"
  static let signature = updateSignature(reference: true)
}

/// Adam on resource variables.
struct ResourceApplyAdam: AdamUpdate {
  var usesLocking = false
  var usesNesterov = false
  static let name = "ResourceApplyAdam"
  static let signature = updateSignature(reference: false)
  static let isStateful = true
}

/// `accum += grad²; var −= lr · grad / √accum`.
///
/// Duchi et al., "Adaptive subgradient methods for online learning and stochastic optimization", 2011.
protocol AdagradUpdate: OptimizerUpdate {
  /// Whether the accumulator changes.
  var updatesSlots: Bool { get set }
}

extension AdagradUpdate {
  static var variableCount: Int { 2 }
  static var gradientIndex: Int { 1 }
  static var inputNames: [String] { ["var", "accum", "lr", "grad"] }
  static var attributes: [Attribute<Self>] {
    [.attribute("use_locking", \.usesLocking), .attribute("update_slots", \.updatesSlots)]
  }

  func apply<T: FloatNumber>(
    _ variables: [UnsafeMutablePointer<T>], _ gradient: UnsafePointer<T>, _ numbers: [T],
    _ range: Range<Int>
  ) {
    let (x, a, rate) = (variables[0], variables[1], numbers[0])
    for index in range {
      let g = gradient[index]
      if updatesSlots { a[index] += g * g }
      x[index] -= g * rate / a[index].squareRoot()
    }
  }
}

/// Adagrad on variables of the older kind.
struct ApplyAdagrad: AdagradUpdate {
  var usesLocking = false
  var updatesSlots = true
  static let name = "ApplyAdagrad"
  static let signature = updateSignature(reference: true)
}

/// Adagrad on resource variables.
struct ResourceApplyAdagrad: AdagradUpdate {
  var usesLocking = false
  var updatesSlots = true
  static let name = "ResourceApplyAdagrad"
  static let signature = updateSignature(reference: false)
  static let isStateful = true
}

/// `ms += (grad² − ms) · (1 − rho); mom = momentum · mom + lr · grad / √(ms + epsilon); var −= mom`.
protocol RMSPropUpdate: OptimizerUpdate {}

extension RMSPropUpdate {
  static var variableCount: Int { 3 }
  static var gradientIndex: Int { 4 }
  static var inputNames: [String] {
    ["var", "ms", "mom", "lr", "rho", "momentum", "epsilon", "grad"]
  }
  static var attributes: [Attribute<Self>] { [.attribute("use_locking", \.usesLocking)] }

  func apply<T: FloatNumber>(
    _ variables: [UnsafeMutablePointer<T>], _ gradient: UnsafePointer<T>, _ numbers: [T],
    _ range: Range<Int>
  ) {
    let (x, s, m) = (variables[0], variables[1], variables[2])
    let (rate, rho, momentum, epsilon) = (numbers[0], numbers[1], numbers[2], numbers[3])
    for index in range {
      let g = gradient[index]
      s[index] += (g * g - s[index]) * (1 - rho)
      m[index] = m[index] * momentum + g * rate / (s[index] + epsilon).squareRoot()
      x[index] -= m[index]
    }
  }
}

/// RMSProp on variables of the older kind.
struct ApplyRMSProp: RMSPropUpdate {
  var usesLocking = false
  static let name = "ApplyRMSProp"
  static let signature = updateSignature(reference: true)
}

/// RMSProp on resource variables.
struct ResourceApplyRMSProp: RMSPropUpdate {
  var usesLocking = false
  static let name = "ResourceApplyRMSProp"
  static let signature = updateSignature(reference: false)
  static let isStateful = true
}
