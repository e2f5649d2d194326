/// Adds to a graph the nodes that change variables so that a loss goes down.
public protocol Optimizer {
  /// TensorFlow's name, the scope of the nodes.
  var name: String { get }

  /// Adds the nodes that apply gradients.
  ///
  /// - Parameters:
  ///   - gradients: Gradients with their variables.
  ///   - globalStep: Counted up once all variables are changed.
  /// - Returns: The node to run for one step.
  func apply(
    _ gradients: [(gradient: Output, variable: Variable)], globalStep: Variable?, to graph: Graph
  ) throws(GraphError) -> Node
}

extension Optimizer {
  /// Adds the gradients of `loss` and the nodes that apply them, and puts the result in the collection
  /// `train_op`.
  ///
  /// - Parameters:
  ///   - loss: A floating-point tensor; its sum goes down.
  ///   - variables: What is changed; the collection `trainable_variables` when `nil`.
  ///   - globalStep: Counted up with each step.
  /// - Returns: The node to run for one step.
  /// - Throws: `invalidArgument` when the loss depends on none of the variables, `notFound` for an op
  ///   without a gradient on the way.
  ///
  /// TensorFlow: `Optimizer.minimize`.
  @discardableResult
  public func minimize(
    _ loss: Output, variables: [Variable]? = nil, globalStep: Variable? = nil
  ) throws(GraphError) -> Node {
    let graph = loss.graph
    let variables = variables ?? graph.variables(in: "trainable_variables")
    // The gradient of a reference variable is that of the value which everything reads.
    let found = try graph.gradients(
      of: loss, withRespectTo: variables.map { $0.isResource ? $0.handle : $0.value })
    var pairs: [(gradient: Output, variable: Variable)] = []
    for (gradient, variable) in zip(found, variables) {
      if let gradient { pairs.append((gradient, variable)) }
    }
    guard !pairs.isEmpty else {
      throw .invalidArgument(
        "No gradients provided for any variable, check your graph for ops that do not support "
          + "gradients, between variables \(variables.map(\.name)) and loss \(loss).")
    }
    let train = try apply(pairs, globalStep: globalStep, to: graph)
    graph.addToCollection("train_op", .name(train.name))
    return train
  }
}

extension Graph {
  /// Adds a node that runs after `updates` and counts the global step up, if there is one.
  fileprivate func finish(
    _ updates: [Node], globalStep: Variable?, name: String
  ) throws(GraphError) -> Node {
    guard let globalStep else {
      return try scope("") { () throws(GraphError) -> Node in try group(updates, name: name) }
    }
    let all = try group(updates, name: "update")
    return try withControlDependencies([all]) { () throws(GraphError) -> Node in
      let one = try constant(try Tensor(scalar: Int64(1)).cast(globalStep.dataType), name: "value")
      return try scope("") { () throws(GraphError) -> Node in
        try assignAdd(globalStep, one, name: name)
      }
    }
  }

  /// The variable `global_step`, an `int64` that counts training steps; made when it is not there.
  ///
  /// TensorFlow: `tf.train.get_or_create_global_step`.
  public func globalStep() throws(GraphError) -> Variable {
    if let step = variables(in: "global_step").first { return step }
    let step = try scope("") { () throws(GraphError) -> Variable in
      let zero = try constant(
        try Tensor(scalar: Int64(0)), name: "global_step/Initializer/zeros")
      return try variable(zero, name: "global_step", isTrainable: false)
    }
    addToCollection("global_step", .variable(step))
    return step
  }

  /// A variable of an optimizer that goes with another, filled with zeros at first: `w/Adam`.
  fileprivate func slot(
    _ variable: Variable, _ name: String
  ) throws(GraphError) -> Variable {
    guard let sizes = variable.shape.known else {
      throw .invalidArgument("The shape of variable '\(variable.name)' must be known")
    }
    return try scope("") { () throws(GraphError) -> Variable in
      let zeros = try self.zeros(
        sizes, dataType: variable.dataType, name: "\(variable.name)/\(name)/Initializer/zeros")
      return try self.variable(
        zeros, name: "\(variable.name)/\(name)", isTrainable: false,
        kind: variable.isResource ? .resource : .reference)
    }
  }
}

extension Tensor {
  /// An `int64` scalar as the integer type of a global step.
  fileprivate func cast(_ type: DataType) throws(GraphError) -> Tensor {
    guard type != .int64 else { return self }
    return try Tensor(scalar: Int32(clamping: scalar(Int64.self))).converted(to: type)
  }
}

/// `variable −= learningRate · gradient`.
///
/// TensorFlow: `tf.train.GradientDescentOptimizer`.
public struct GradientDescentOptimizer: Optimizer {
  public var name = "GradientDescent"
  private let rate: LearningRate

  /// - Parameter learningRate: A number for all steps.
  public init(learningRate: Double) { rate = .number(learningRate) }

  /// - Parameter learningRate: A scalar float32 that the graph computes.
  public init(learningRate: Output) { rate = .computed(learningRate) }

  public func apply(
    _ gradients: [(gradient: Output, variable: Variable)], globalStep: Variable?, to graph: Graph
  ) throws(GraphError) -> Node {
    let name = name
    let prepared = graph.uniqueName(name)
    return try graph.scope("\(prepared)/") { () throws(GraphError) -> Node in
      let rate = try rate.output(in: graph)
      var updates: [Node] = []
      for (gradient, variable) in gradients {
        let alpha = try cast(rate, to: variable.dataType)
        let scope = "update_\(variable.name)"
        updates.append(
          variable.isResource
            ? try graph.add(
              ResourceApplyGradientDescent(), [variable.handle, alpha, gradient],
              name: "\(scope)/ResourceApplyGradientDescent")
            : try graph.add(
              ApplyGradientDescent(), [variable.handle, alpha, gradient],
              name: "\(scope)/ApplyGradientDescent"))
      }
      return try graph.finish(updates, globalStep: globalStep, name: prepared)
    }
  }
}

/// `accumulator = momentum · accumulator + gradient; variable −= learningRate · accumulator`.
///
/// TensorFlow: `tf.train.MomentumOptimizer`.
public struct MomentumOptimizer: Optimizer {
  public var name = "Momentum"
  private let rate: LearningRate
  private let momentum: Double
  private let usesNesterov: Bool

  /// - Parameter learningRate: A number for all steps.
  public init(learningRate: Double, momentum: Double, usesNesterov: Bool = false) {
    rate = .number(learningRate)
    self.momentum = momentum
    self.usesNesterov = usesNesterov
  }

  /// - Parameter learningRate: A scalar float32 that the graph computes.
  public init(learningRate: Output, momentum: Double, usesNesterov: Bool = false) {
    rate = .computed(learningRate)
    self.momentum = momentum
    self.usesNesterov = usesNesterov
  }

  public func apply(
    _ gradients: [(gradient: Output, variable: Variable)], globalStep: Variable?, to graph: Graph
  ) throws(GraphError) -> Node {
    let prepared = graph.uniqueName(name)
    return try graph.scope("\(prepared)/") { () throws(GraphError) -> Node in
      let rate = try rate.output(in: graph)
      let factor = try graph.constant(try Tensor(scalar: Float(momentum)), name: "momentum")
      var updates: [Node] = []
      for (gradient, variable) in gradients {
        let accumulator = try graph.slot(variable, "Momentum")
        let inputs = [
          variable.handle, accumulator.handle, try cast(rate, to: variable.dataType), gradient,
          try cast(factor, to: variable.dataType),
        ]
        let scope = "update_\(variable.name)"
        updates.append(
          variable.isResource
            ? try graph.add(
              ResourceApplyMomentum(usesNesterov: usesNesterov), inputs,
              name: "\(scope)/ResourceApplyMomentum")
            : try graph.add(
              ApplyMomentum(usesNesterov: usesNesterov), inputs, name: "\(scope)/ApplyMomentum"))
      }
      return try graph.finish(updates, globalStep: globalStep, name: prepared)
    }
  }
}

/// Adam: steps of a size that the first and second moments of the gradient set.
///
/// Kingma and Ba, "Adam: a method for stochastic optimization", 2015.
/// TensorFlow: `tf.train.AdamOptimizer`.
public struct AdamOptimizer: Optimizer {
  public var name = "Adam"
  private let rate: LearningRate
  private let beta1: Double
  private let beta2: Double
  private let epsilon: Double

  /// - Parameter learningRate: A number for all steps.
  public init(
    learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8
  ) {
    rate = .number(learningRate)
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
  }

  /// - Parameter learningRate: A scalar float32 that the graph computes.
  public init(
    learningRate: Output, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8
  ) {
    rate = .computed(learningRate)
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
  }

  public func apply(
    _ gradients: [(gradient: Output, variable: Variable)], globalStep: Variable?, to graph: Graph
  ) throws(GraphError) -> Node {
    guard let first = gradients.first?.variable else {
      throw .invalidArgument("No variables provided.")
    }
    let kind: Graph.VariableKind = first.isResource ? .resource : .reference
    let powers = try graph.scope("") { () throws(GraphError) -> (Variable, Variable) in
      func power(_ name: String, _ beta: Double) throws(GraphError) -> Variable {
        let name = graph.uniqueName(name)
        let initial = try graph.constant(
          try Tensor(scalar: Float(beta)).converted(to: first.dataType),
          name: "\(name)/initial_value")
        return try graph.variable(initial, reserved: name, isTrainable: false, kind: kind)
      }
      return (try power("beta1_power", beta1), try power("beta2_power", beta2))
    }
    var slots: [(Variable, Variable)] = []
    for (_, variable) in gradients {
      slots.append((try graph.slot(variable, "Adam"), try graph.slot(variable, "Adam_1")))
    }
    let prepared = graph.uniqueName(name)
    return try graph.scope("\(prepared)/") { () throws(GraphError) -> Node in
      let rate = try rate.output(in: graph)
      let constants = [
        try graph.constant(try Tensor(scalar: Float(beta1)), name: "beta1"),
        try graph.constant(try Tensor(scalar: Float(beta2)), name: "beta2"),
        try graph.constant(try Tensor(scalar: Float(epsilon)), name: "epsilon"),
      ]
      var updates: [Node] = []
      for ((gradient, variable), (m, v)) in zip(gradients, slots) {
        let type = variable.dataType
        var inputs = [
          variable.handle, m.handle, v.handle, try cast(powers.0.value, to: type),
          try cast(powers.1.value, to: type), try cast(rate, to: type),
        ]
        for constant in constants { inputs.append(try cast(constant, to: type)) }
        inputs.append(gradient)
        let scope = "update_\(variable.name)"
        updates.append(
          variable.isResource
            ? try graph.add(ResourceApplyAdam(), inputs, name: "\(scope)/ResourceApplyAdam")
            : try graph.add(ApplyAdam(), inputs, name: "\(scope)/ApplyAdam"))
      }
      // The powers change once every update has read them.
      let advanced = try graph.withControlDependencies(updates) {
        () throws(GraphError) -> [Node] in
        let next1 = try multiply(
          powers.0.value, cast(constants[0], to: first.dataType), name: "mul")
        let next2 = try multiply(
          powers.1.value, cast(constants[1], to: first.dataType), name: "mul_1")
        return [
          try graph.assign(powers.0, next1, name: "Assign"),
          try graph.assign(powers.1, next2, name: "Assign_1"),
        ]
      }
      return try graph.finish(updates + advanced, globalStep: globalStep, name: prepared)
    }
  }
}

/// A learning rate as optimizers keep it.
private enum LearningRate {
  case number(Double)
  case computed(Output)

  func output(in graph: Graph) throws(GraphError) -> Output {
    switch self {
    case .number(let rate):
      try graph.constant(try Tensor(scalar: Float(rate)), name: "learning_rate")
    case .computed(let rate): rate
    }
  }
}
