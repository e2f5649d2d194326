import CNagareKernels

/// The mean of each window, over its elements that lie inside the picture.
struct AvgPool: Op {
  var window = PoolingWindow()
  var padding = ImplicitPadding.valid
  var dataFormat = DataFormat.nhwc

  static let name = "AvgPool"
  static let signature = Signature(
    inputs: ["value: T"], outputs: ["output: T"],
    types: ["T": .of(.float16, .bfloat16, .float32, .float64)])
  static let attributes: [Attribute<Self>] = [
    .required("ksize", \.window.size), .required("strides", \.window.strides),
    .required("padding", \.padding), .attribute("data_format", \.dataFormat),
  ]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    try window.check(Self.name)
    let input = try inputs[0].shape.withRank(4)
    return [
      try window.output(of: input, padding.scheme, dataFormat, poolsChannels: false)
    ]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    switch inputs[0].dataType {
    case .float32: [try pool(inputs[0], context, nagare_average_pool_f32)]
    case .float64: [try pool(inputs[0], context, nagare_average_pool_f64)]
    default: throw .unsupported(Self.name, inputs[0].dataType)
    }
  }

  private func pool<T: Scalar>(
    _ input: Tensor, _ context: KernelContext,
    _ kernel: (
      UnsafePointer<nagare_pooling>?, UnsafePointer<T>?, UnsafeMutablePointer<T>?, Int64
    ) -> Void
  ) throws(GraphError) -> Tensor {
    try window.checkAverage(dataFormat)
    try checkPooled(input, dataFormat)
    let sizes = dataFormat.nhwc(input.dimensions)
    let geometry = try window.geometry(input: sizes, padding.scheme, dataFormat)
    let output = try context.allocate(T.dataType, geometry.output)
    guard output.count > 0 else { return try output.arranged(as: dataFormat, context) }
    let source = try input.channelsLast(from: dataFormat, context)
    let (x, y) = (source.pointer(T.self), output.mutablePointer(T.self))
    withUnsafePointer(to: geometry) { shape in
      context.threads.run(Int(nagare_pool_task_count(shape))) { kernel(shape, x, y, Int64($0)) }
    }
    return try output.arranged(as: dataFormat, context)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let op = AvgPoolGrad(window: window, padding: padding, dataFormat: dataFormat)
    return [try node.graph.output(op, [try shape(of: node.inputs[0]), try node.gradient])]
  }
}

extension PoolingWindow {
  /// What TensorFlow's average pooling checks of the attributes alone.
  fileprivate func checkAverage(_ format: DataFormat) throws(GraphError) {
    if let size = size.first(where: { $0 <= 0 }) {
      throw .invalidArgument("ksize must be a positive int32 value, got:\(size)")
    }
    guard size.count == 4, size[format.channelIndex] == 1 else {
      throw .unimplemented("Non-spatial pooling is not yet supported.")
    }
  }
}

/// The gradient of average pooling, given the input's sizes: each window's is shared out evenly.
struct AvgPoolGrad: Op {
  var window = PoolingWindow()
  var padding = ImplicitPadding.valid
  var dataFormat = DataFormat.nhwc

  static let name = "AvgPoolGrad"
  static let signature = Signature(
    inputs: ["orig_input_shape: int32", "grad: T"], outputs: ["output: T"],
    types: ["T": .of(.float16, .bfloat16, .float32, .float64)])
  static let attributes: [Attribute<Self>] = [
    .required("ksize", \.window.size), .required("strides", \.window.strides),
    .required("padding", \.padding), .attribute("data_format", \.dataFormat),
  ]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    try window.check(Self.name)
    return [try inputs[0].shape(ofRank: 4)]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    switch inputs[1].dataType {
    case .float32: [try backpropagate(inputs, context, nagare_average_pool_gradient_f32)]
    case .float64: [try backpropagate(inputs, context, nagare_average_pool_gradient_f64)]
    default: throw .unsupported(Self.name, inputs[1].dataType)
    }
  }

  private func backpropagate<T: Scalar>(
    _ inputs: [Tensor], _ context: KernelContext,
    _ kernel: (
      UnsafePointer<nagare_pooling>?, UnsafePointer<T>?, UnsafeMutablePointer<T>?, Int64
    ) -> Void
  ) throws(GraphError) -> Tensor {
    try window.checkAverage(dataFormat)
    guard inputs[0].rank == 1, let sizes = inputs[0].integers, sizes.count == 4 else {
      throw .invalidArgument("out_backprop must be 1-dimensional and 4 elements")
    }
    guard inputs[1].rank == 4 else {
      throw .invalidArgument("out_backprop must be 4-dimensional")
    }
    for size in sizes where size < 0 {
      throw .invalidArgument("Expected a non-negative size, got \(size)")
    }
    let nhwc = dataFormat.nhwc(sizes)
    let geometry = try window.geometry(input: nhwc, padding.scheme, dataFormat)
    let pooled = geometry.output
    try checkPooledShape(
      "grad", inputs[1], dataFormat.arranged(pooled[0], pooled[1], pooled[2], pooled[3]))
    let output = try context.allocate(T.dataType, nhwc)
    guard output.count > 0 else { return try output.arranged(as: dataFormat, context) }
    let gradient = try inputs[1].channelsLast(from: dataFormat, context)
    let (g, y) = (gradient.pointer(T.self), output.mutablePointer(T.self))
    withUnsafePointer(to: geometry) { shape in
      context.threads.run(Int(nagare_pool_gradient_task_count(shape))) {
        kernel(shape, g, y, Int64($0))
      }
    }
    return try output.arranged(as: dataFormat, context)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let op = AvgPool(window: window, padding: padding, dataFormat: dataFormat)
    return [nil, try node.graph.output(op, [try node.gradient])]
  }
}

/// The mean of each window of the pictures, over its elements that lie inside.
///
/// - Parameters:
///   - input: [batch, height, width, channels], or as `dataFormat` says.
///   - size: Height and width of the window.
///   - strides: How far the window moves down and across; by its own size when `nil`.
/// - Throws: `invalidArgument` when the window does not fit or paddings are explicit, which TensorFlow
///   does not have here.
///
/// TensorFlow: `AvgPool`, `tf.nn.avg_pool2d`.
public func avgPool(
  _ input: Output, size: (Int, Int), strides: (Int, Int)? = nil, padding: Padding = .valid,
  dataFormat: DataFormat = .nhwc, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let implicit: ImplicitPadding
  switch padding {
  case .same: implicit = .same
  case .valid: implicit = .valid
  case .explicit: throw .invalidArgument("AvgPool takes no explicit paddings")
  }
  let op = AvgPool(
    window: PoolingWindow(size: size, strides: strides ?? size, dataFormat), padding: implicit,
    dataFormat: dataFormat)
  return try input.graph.output(op, [input], name: name, SourceLocation(file, line))
}
