import CNagareKernels

/// The gradient of a depthwise convolution to its input, given the input's sizes.
struct DepthwiseConv2DBackpropInput: ConvolutionOp {
  var convolution = ConvolutionAttributes()

  static let name = "DepthwiseConv2dNativeBackpropInput"
  static let signature = Signature(
    inputs: ["input_sizes: int32", "filter: T", "out_backprop: T"], outputs: ["output: T"],
    types: ["T": depthwiseTypes])
  static let attributes = depthwiseAttributes

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [try inputs[0].shape(ofRank: 4)]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    switch inputs[1].dataType {
    case .float32: [try backpropagate(inputs, context, nagare_depthwise_input_gradient_f32)]
    case .float64: [try backpropagate(inputs, context, nagare_depthwise_input_gradient_f64)]
    default: throw .unsupported(Self.name, inputs[1].dataType)
    }
  }

  private func backpropagate<T: Scalar>(
    _ inputs: [Tensor], _ context: KernelContext,
    _ kernel: (
      UnsafePointer<nagare_convolution>?, UnsafePointer<T>?, UnsafePointer<T>?,
      UnsafeMutablePointer<T>?, Int64, UnsafeMutableRawPointer?
    ) -> Void
  ) throws(GraphError) -> Tensor {
    let label = "DepthwiseConv2DBackpropInput"
    let (filter, format) = (inputs[1], convolution.dataFormat)
    try convolution.check(.invalidArgument)
    guard inputs[0].rank == 1, let sizes = inputs[0].integers else {
      throw .invalidArgument("\(label): input_sizes input must be 1-dim, not \(inputs[0].rank)")
    }
    for (index, size) in sizes.enumerated() where size < 0 {
      throw .invalidArgument("Dimension \(index) of input_sizes must be >= 0")
    }
    guard sizes.count == 4 else {
      throw .invalidArgument("\(label): input must be 4-dimensional")
    }
    guard filter.rank == 4 else {
      throw .invalidArgument("\(label): filter must be 4-dimensional")
    }
    guard inputs[2].rank == 4 else {
      throw .invalidArgument("\(label): out_backprop must be 4-dimensional")
    }
    let nhwc = format.nhwc(sizes)
    var geometry = try convolution.depthwiseGradientGeometry(
      input: nhwc, filter: filter.dimensions, gradient: format.nhwc(inputs[2].dimensions), label)
    guard filter.count > 0, inputs[2].count > 0 else {
      return try Tensor(zeros: T.dataType, sizes)
    }
    let output = try context.allocate(T.dataType, nhwc)
    guard output.count > 0 else { return try output.arranged(as: format, context) }
    let gradient = try inputs[2].channelsLast(from: format, context)
    let (g, w, x) = (
      gradient.pointer(T.self), filter.pointer(T.self), output.mutablePointer(T.self)
    )
    let bytes = nagare_depthwise_input_gradient_scratch_bytes(
      &geometry, Int64(MemoryLayout<T>.stride))
    let tasks = nagare_depthwise_input_gradient_task_count(&geometry)
    let shape = geometry
    try context.run(Int(tasks), scratch: Int(bytes)) { task, memory in
      withUnsafePointer(to: shape) { kernel($0, g, w, x, Int64(task), memory) }
    }
    return try output.arranged(as: format, context)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let (filter, upstream) = (node.inputs[1], node.inputs[2])
    let gradient = try node.gradient
    return [
      nil,
      try node.graph.output(
        DepthwiseConv2DBackpropFilter(convolution), [gradient, try shape(of: filter), upstream]),
      try node.graph.output(DepthwiseConv2D(convolution), [gradient, filter]),
    ]
  }
}
