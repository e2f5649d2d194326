/// What a layer does to its sum before it hands it on.
public enum Activation: Sendable, Equatable {
  case linear
  case relu
  case sigmoid
  case tanh

  /// The activation of `input`, element by element.
  public func callAsFunction(_ input: Output) throws(GraphError) -> Output {
    switch self {
    case .linear: input
    case .relu: try Nagare.relu(input)
    case .sigmoid: try Nagare.sigmoid(input)
    case .tanh: try Nagare.tanh(input)
    }
  }
}

/// A convolution layer with its variables `NAME/kernel`, Glorot-uniform at first, and `NAME/bias`,
/// zeros at first.
///
/// - Parameters:
///   - input: `[batch, height, width, channels]`; the number of channels must be known.
///   - filters: The number of output channels.
///   - kernel: Height and width of the window.
///   - seed: Of the initial kernel; the graph's seed decides when `nil`.
/// - Returns: `[batch, height', width', filters]`.
/// - Throws: `invalidArgument` when the number of channels is not known.
///
/// TensorFlow: `tf.layers.conv2d`.
public func convolutionLayer(
  _ input: Output, filters: Int, kernel: (Int, Int), strides: (Int, Int) = (1, 1),
  padding: Padding = .valid, activation: Activation = .linear, usesBias: Bool = true,
  isTrainable: Bool = true, seed: Int64? = nil, name: String,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let graph = input.graph
  guard let channels = input.shape[3], input.shape.rank == 4 else {
    throw .invalidArgument(
      "The channel dimension of the inputs to `conv2d` should be defined. Found \(input)")
  }
  let size = [kernel.0, kernel.1, channels, filters]
  return try graph.scope(name) { () throws(GraphError) -> Output in
    // With a `/` at its end a scope is entered as it stands, from the root.
    let scope = graph.currentScope
    let initial = try graph.scope("\(scope)/kernel/Initializer/") {
      () throws(GraphError) -> Output in
      try graph.glorotUniform(size, seed: seed)
    }
    let weights = try graph.variable(
      initial, name: "kernel", isTrainable: isTrainable, file: file, line: line)
    var output = try conv2D(
      input, filter: weights.value, strides: strides, padding: padding,
      name: "Conv2D", file: file, line: line)
    if usesBias {
      let zeros = try graph.scope("\(scope)/bias/Initializer/") { () throws(GraphError) -> Output in
        try graph.zeros([filters])
      }
      let bias = try graph.variable(
        zeros, name: "bias", isTrainable: isTrainable, file: file, line: line)
      output = try biasAdd(output, bias.value, name: "BiasAdd")
    }
    return try activation(output)
  }
}
