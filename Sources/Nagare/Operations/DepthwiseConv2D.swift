import CNagareKernels

/// Pictures convolved channel by channel, each channel with filters of its own.
struct DepthwiseConv2D: ConvolutionOp {
  var convolution = ConvolutionAttributes()

  static let name = "DepthwiseConv2dNative"
  static let signature = Signature(
    inputs: ["input: T", "filter: T"], outputs: ["output: T"], types: ["T": depthwiseTypes])
  static let attributes = depthwiseAttributes

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let input = try inputs[0].shape.withRank(4)
    let filter = try inputs[1].shape.withRank(4)
    guard convolution.strides.count == 4 else {
      throw .invalidArgument(
        "DepthwiseConv2D requires the stride attribute to contain 4 values, but got: "
          + "\(convolution.strides.count)")
    }
    guard convolution.dilations.count == 4 else {
      throw .invalidArgument(
        "DepthwiseConv2D requires the dilations attribute to contain 4 values, but got: "
          + "\(convolution.dilations.count)")
    }
    let depth = try equalDimensions(input[convolution.dataFormat.channelIndex], filter[2])
    var channels: Int?
    if let depth, let multiplier = filter[3] {
      channels = try checkedElementCount([depth, multiplier])
    }
    return [try convolution.output(of: input, filter: filter, channels)]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    switch inputs[0].dataType {
    case .float32: [try convolve(inputs, context, nagare_depthwise_f32)]
    case .float64: [try convolve(inputs, context, nagare_depthwise_f64)]
    default: throw .unsupported(Self.name, inputs[0].dataType)
    }
  }

  func convolve<T: Scalar>(
    _ inputs: [Tensor], _ context: KernelContext,
    _ kernel: (
      UnsafePointer<nagare_convolution>?, UnsafePointer<T>?, UnsafePointer<T>?,
      UnsafePointer<nagare_epilogue>?, UnsafeMutablePointer<T>?, Int64, UnsafeMutableRawPointer?
    ) -> Void, _ epilogue: Epilogue = Epilogue()
  ) throws(GraphError) -> Tensor {
    let (filter, format) = (inputs[1], convolution.dataFormat)
    try convolution.check(.invalidArgument)
    guard inputs[0].rank == 4 else {
      throw .invalidArgument("input must be 4-dimensional\(inputs[0].shape)")
    }
    guard filter.rank == 4 else {
      throw .invalidArgument("filter must be 4-dimensional: \(filter.shape)")
    }
    let sizes = format.nhwc(inputs[0].dimensions)
    guard sizes[3] == filter.dimensions[2] else {
      throw .invalidArgument(
        "input and filter must have the same depth: \(sizes[3]) vs \(filter.dimensions[2])")
    }
    var geometry = try convolution.depthwiseGeometry(input: sizes, filter: filter.dimensions)
    try epilogue.check(geometry.output)
    let output = try context.allocate(T.dataType, geometry.output)
    guard output.count > 0 else { return try output.arranged(as: format, context) }
    guard inputs[0].count > 0, filter.count > 0 else {
      let zeros = try Tensor(
        zeros: T.dataType,
        format.arranged(
          geometry.output[0], geometry.output[1], geometry.output[2], geometry.output[3]))
      return try epilogue.applied(to: zeros, context)
    }
    let input = try inputs[0].channelsLast(from: format, context)
    let (x, w, y) = (
      input.pointer(T.self), filter.pointer(T.self), output.mutablePointer(T.self)
    )
    let bytes = nagare_depthwise_scratch_bytes(&geometry, Int64(MemoryLayout<T>.stride))
    let shape = geometry
    let tasks = Int(nagare_depthwise_task_count(&geometry))
    try withExtendedLifetime(epilogue) { () throws(GraphError) in
      let finish = epilogue.unmanaged(T.self)
      try context.run(tasks, scratch: Int(bytes)) { task, memory in
        withUnsafePointer(to: shape) { shape in
          withUnsafePointer(to: finish) { kernel(shape, x, w, $0, y, Int64(task), memory) }
        }
      }
    }
    return try output.arranged(as: format, context)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let (input, filter) = (node.inputs[0], node.inputs[1])
    let gradient = try node.gradient
    return [
      try node.graph.output(
        DepthwiseConv2DBackpropInput(convolution), [try shape(of: input), filter, gradient]),
      try node.graph.output(
        DepthwiseConv2DBackpropFilter(convolution), [input, try shape(of: filter), gradient]),
    ]
  }
}

/// The types of depthwise convolution and its gradients.
let depthwiseTypes = Signature.TypeParameter.of(.float16, .bfloat16, .float32, .float64)

extension ConvolutionAttributes {
  /// The geometry of a depthwise convolution with a filter [height, width, channels, multiplier].
  func depthwiseGeometry(input: [Int], filter: [Int]) throws(GraphError) -> nagare_convolution {
    let channels = try checkedElementCount([filter[2], filter[3]])
    var geometry = try geometry(input: input, filter: [filter[0], filter[1], filter[2], channels])
    geometry.groups = Int64(input[3])
    return geometry
  }

  /// The geometry of a gradient, checked against the sizes of the output's gradient.
  func depthwiseGradientGeometry(
    input: [Int], filter: [Int], gradient: [Int], _ label: String
  ) throws(GraphError) -> nagare_convolution {
    guard input[0] == gradient[0] else {
      throw .invalidArgument("\(label): input and out_backprop must have the same batch size")
    }
    guard input[3] == filter[2] else {
      throw .invalidArgument("\(label): input and filter must have the same in_depth")
    }
    let geometry = try depthwiseGeometry(input: input, filter: filter)
    guard geometry.output[3] == gradient[3] else {
      throw .invalidArgument("\(label): depth_multiplier * in_depth not equal to out_depth")
    }
    for (axis, what) in ["rows", "cols"].enumerated()
    where geometry.output[1 + axis] != gradient[1 + axis] {
      throw .invalidArgument(
        "\(label): Number of \(what) of out_backprop doesn't match computed: actual = "
          + "\(gradient[1 + axis]), computed = \(geometry.output[1 + axis])")
    }
    return geometry
  }
}

/// Pictures convolved channel by channel, each channel with filters of its own.
///
/// - Parameters:
///   - input: [batch, height, width, channels], or as `dataFormat` says.
///   - filter: [height, width, channels, multiplier]; the output has channels × multiplier channels.
///
/// TensorFlow: `DepthwiseConv2dNative`, `tf.nn.depthwise_conv2d`.
public func depthwiseConv2D(
  _ input: Output, filter: Output, strides: (Int, Int) = (1, 1), padding: Padding = .same,
  dataFormat: DataFormat = .nhwc, dilations: (Int, Int) = (1, 1), name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let attributes = ConvolutionAttributes(
    strides: strides, padding: padding, dataFormat: dataFormat, dilations: dilations)
  return try input.graph.output(
    DepthwiseConv2D(attributes), [input, filter], name: name ?? "depthwise",
    SourceLocation(file, line))
}
