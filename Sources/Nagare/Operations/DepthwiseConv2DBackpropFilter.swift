import CNagareKernels

/// The gradient of a depthwise convolution to its filter, given the filter's sizes.
struct DepthwiseConv2DBackpropFilter: ConvolutionOp {
  var convolution = ConvolutionAttributes()

  static let name = "DepthwiseConv2dNativeBackpropFilter"
  static let signature = Signature(
    inputs: ["input: T", "filter_sizes: int32", "out_backprop: T"], outputs: ["output: T"],
    types: ["T": depthwiseTypes])
  static let attributes = depthwiseAttributes

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [try inputs[1].shape(ofRank: 4)]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    switch inputs[0].dataType {
    case .float32:
      [
        try backpropagate(
          inputs, context, nagare_depthwise_filter_gradient_f32,
          nagare_depthwise_filter_gradient_sum_f32)
      ]
    case .float64:
      [
        try backpropagate(
          inputs, context, nagare_depthwise_filter_gradient_f64,
          nagare_depthwise_filter_gradient_sum_f64)
      ]
    default: throw .unsupported(Self.name, inputs[0].dataType)
    }
  }

  private func backpropagate<T: Scalar>(
    _ inputs: [Tensor], _ context: KernelContext,
    _ kernel: (
      UnsafePointer<nagare_convolution>?, UnsafePointer<T>?, UnsafePointer<T>?,
      UnsafeMutablePointer<T>?, Int64, UnsafeMutableRawPointer?
    ) -> Void,
    _ sum: (
      UnsafePointer<nagare_convolution>?, UnsafePointer<T>?, UnsafeMutablePointer<T>?
    ) -> Void
  ) throws(GraphError) -> Tensor {
    let label = "DepthwiseConv2DBackpropFilter"
    let format = convolution.dataFormat
    try convolution.check(.invalidArgument)
    guard inputs[1].rank == 1, let filter = inputs[1].integers else {
      throw .invalidArgument("\(label): filter_sizes input must be 1-dim, not \(inputs[1].rank)")
    }
    for (index, size) in filter.enumerated() where size < 0 {
      throw .invalidArgument("Dimension \(index) of filter_sizes must be >= 0")
    }
    guard inputs[0].rank == 4 else {
      throw .invalidArgument("\(label): input must be 4-dimensional")
    }
    guard filter.count == 4 else {
      throw .invalidArgument("\(label): filter must be 4-dimensional")
    }
    guard inputs[2].rank == 4 else {
      throw .invalidArgument("\(label): out_backprop must be 4-dimensional")
    }
    var geometry = try convolution.depthwiseGradientGeometry(
      input: format.nhwc(inputs[0].dimensions), filter: filter,
      gradient: format.nhwc(inputs[2].dimensions), label)
    guard inputs[0].count > 0, inputs[2].count > 0 else {
      return try Tensor(zeros: T.dataType, filter)
    }
    let output = try context.allocate(T.dataType, filter)
    guard output.count > 0 else { return output }
    let input = try inputs[0].channelsLast(from: format, context)
    let gradient = try inputs[2].channelsLast(from: format, context)
    let tasks = Int(nagare_depthwise_filter_gradient_task_count(&geometry))
    let parts = Int(nagare_depthwise_filter_gradient_part_count(&geometry))
    let partials = parts == 1 ? output : try context.allocate(T.dataType, [parts, output.count])
    let (x, g, p) = (
      input.pointer(T.self), gradient.pointer(T.self), partials.mutablePointer(T.self)
    )
    let bytes = nagare_depthwise_filter_gradient_scratch_bytes(
      &geometry, Int64(MemoryLayout<T>.stride))
    let shape = geometry
    try context.run(tasks, scratch: Int(bytes)) { task, memory in
      withUnsafePointer(to: shape) { kernel($0, x, g, p, Int64(task), memory) }
    }
    if parts > 1 { sum(&geometry, p, output.mutablePointer(T.self)) }
    return output
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let (input, upstream) = (node.inputs[0], node.inputs[2])
    let gradient = try node.gradient
    return [
      try node.graph.output(
        DepthwiseConv2DBackpropInput(convolution), [try shape(of: input), gradient, upstream]),
      nil,
      try node.graph.output(DepthwiseConv2D(convolution), [input, gradient]),
    ]
  }
}
