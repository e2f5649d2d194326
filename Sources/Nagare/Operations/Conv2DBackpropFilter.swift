import CNagareKernels

/// The gradient of a convolution to its filter, given the filter's sizes.
struct Conv2DBackpropFilter: ConvolutionOp {
  var convolution = ConvolutionAttributes()

  static let name = "Conv2DBackpropFilter"
  static let signature = Signature(
    inputs: ["input: T", "filter_sizes: int32", "out_backprop: T"], outputs: ["output: T"],
    types: ["T": .of(.float16, .bfloat16, .float32, .float64)])
  static let attributes = convolutionAttributes

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [try inputs[1].shape(ofRank: 4)]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    switch inputs[0].dataType {
    case .float32: try backpropagate(Float.self, inputs, context)
    case .float64: try backpropagate(Double.self, inputs, context)
    default: throw .unsupported(Self.name, inputs[0].dataType)
    }
  }

  /// The gradient, and with `addsBias` that to a vector added to the convolution's results.
  func backpropagate<T: ConvolutionElement & FloatNumber>(
    _: T.Type, _ inputs: [Tensor], _ context: KernelContext, addsBias: Bool = false
  ) throws(GraphError) -> [Tensor] {
    let label = "Conv2DCustomBackpropFilter"
    try convolution.check(.invalidArgument)
    guard inputs[1].rank == 1 else {
      throw .invalidArgument(
        "Conv2DBackpropFilter: filter_sizes input must be 1-dim, not \(inputs[1].rank)")
    }
    let filter = try checkedSizes(inputs[1])
    guard inputs[0].rank == 4 else {
      throw .invalidArgument("\(label): input must be 4-dimensional")
    }
    guard filter.count == 4 else {
      throw .invalidArgument("\(label): filter must be 4-dimensional")
    }
    guard inputs[2].rank == 4 else {
      throw .invalidArgument("\(label): out_backprop must be 4-dimensional")
    }
    let format = convolution.dataFormat
    var geometry = try convolution.gradientGeometry(
      input: format.nhwc(inputs[0].dimensions), filter: filter,
      gradient: format.nhwc(inputs[2].dimensions), label)
    let output = try context.allocate(T.dataType, filter)
    guard output.count > 0, inputs[0].count > 0, inputs[2].count > 0 else {
      return try [output.count > 0 ? Tensor(zeros: T.dataType, filter) : output]
        + (addsBias ? BiasAddGrad(dataFormat: format).compute([inputs[2]], context) : [])
    }
    let input = try inputs[0].channelsLast(from: format, context)
    let gradient = try inputs[2].channelsLast(from: format, context)
    let kernels = T.convolution
    let parts = Int(kernels.filterGradientParts(&geometry))
    let partials = parts == 1 ? output : try context.allocate(T.dataType, [parts, output.count])
    let biases = addsBias ? try context.allocate(T.dataType, [parts, filter[3]]) : nil
    let (x, g, p, b) = (
      input.pointer(T.self), gradient.pointer(T.self), partials.mutablePointer(T.self),
      biases?.mutablePointer(T.self)
    )
    let (tasks, bytes) = kernels.filterGradientDivision.of(geometry)
    let shape = geometry
    try context.run(tasks, scratch: bytes) { task, memory in
      withUnsafePointer(to: shape) { kernels.filterGradient($0, x, g, p, b, Int64(task), memory) }
    }
    if parts > 1 { kernels.filterGradientSum(&geometry, p, output.mutablePointer(T.self)) }
    guard let biases else { return [output] }
    return [output, try context.sumOfRows(T.self, biases)]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let (input, upstream) = (node.inputs[0], node.inputs[2])
    let gradient = try node.gradient
    return [
      try node.graph.output(
        Conv2DBackpropInput(convolution), [try shape(of: input), gradient, upstream]),
      nil,
      try node.graph.output(Conv2D(convolution), [input, gradient]),
    ]
  }
}
