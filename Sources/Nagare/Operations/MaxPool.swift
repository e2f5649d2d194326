import CNagareKernels

/// The largest element of each window.
struct MaxPool: Op {
  var window = PoolingWindow()
  var padding = PaddingScheme.valid
  var explicitPaddings: [Int] = []
  var dataFormat = Format.nhwc

  /// TensorFlow's data formats of this op.
  enum Format: String, AttributeChoice {
    case nhwc = "NHWC"
    case nchw = "NCHW"
    /// Only on devices that have it.
    case nchwVectorized = "NCHW_VECT_C"

    init(_ format: DataFormat) { self = format == .nhwc ? .nhwc : .nchw }
  }

  static let name = "MaxPool"
  static let signature = Signature(
    inputs: ["input: T"], outputs: ["output: T"],
    types: [
      "T": .of(
        .float16, .bfloat16, .float32, .float64, .int32, .int64, .uint8, .int16, .int8, .uint16,
        .qint8, default: .float32)
    ])
  static let attributes: [Attribute<Self>] = [
    .required("ksize", \.window.size), .required("strides", \.window.strides),
    .required("padding", \.padding), .attribute("explicit_paddings", \.explicitPaddings),
    .attribute("data_format", \.dataFormat),
  ]

  private func format() throws(GraphError) -> DataFormat {
    switch dataFormat {
    case .nhwc: .nhwc
    case .nchw: .nchw
    case .nchwVectorized:
      throw .unimplemented("MaxPool in the data format NCHW_VECT_C runs on no processor")
    }
  }

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    try window.check(Self.name)
    guard dataFormat != .nchwVectorized else { return [.unknown(rank: 5)] }
    let input = try inputs[0].shape.withRank(4)
    return [
      try window.output(
        of: input, padding, explicit: explicitPaddings, try format(), poolsChannels: true)
    ]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    try withMaxPoolElement(inputs[0].dataType, Self.name) { (type) throws(GraphError) in
      [try pool(type, inputs[0], context)]
    }
  }

  private func pool<T: MaxPoolElement>(
    _: T.Type, _ input: Tensor, _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    let format = try format()
    if window.size.count == 4, window.size[format.channelIndex] != 1 {
      return try poolChannels(T.self, input, context)
    }
    try checkPooled(input, format)
    let sizes = format.nhwc(input.dimensions)
    let geometry = try window.geometry(input: sizes, padding, explicit: explicitPaddings, format)
    let output = try context.allocate(T.dataType, geometry.output)
    guard output.count > 0 else { return try output.arranged(as: format, context) }
    let source = try input.channelsLast(from: format, context)
    let (x, y) = (source.pointer(T.self), output.mutablePointer(T.self))
    let kernel = T.maxPool.forward
    withUnsafePointer(to: geometry) { shape in
      context.threads.run(Int(nagare_pool_task_count(shape))) { kernel(shape, x, y, Int64($0)) }
    }
    return try output.arranged(as: format, context)
  }

  /// A window over neighbouring channels, which TensorFlow has where windows do not overlap.
  private func poolChannels<T: MaxPoolElement>(
    _: T.Type, _ input: Tensor, _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    let format = try format()
    try checkPooled(input, format)
    let (size, strides) = (window.size, window.strides)
    guard strides.count == 4, size[0] == 1, strides[0] == 1 else {
      throw .unimplemented("Pooling is not yet supported on the batch dimension.")
    }
    guard size.allSatisfy({ $0 > 0 }) else {
      let sizes = size.map(String.init).joined(separator: ",")
      throw .invalidArgument(
        "Sliding window ksize must be positive. The specified or inferred ksize is: \(sizes)")
    }
    let (row, channel) = (format.heightIndex, format.channelIndex)
    guard size[row] == 1, size[row + 1] == 1 else {
      throw .unimplemented(
        "MaxPooling supports exactly one of pooling across depth or pooling across width/height.")
    }
    let channels = input.dimensions[channel]
    guard channels % size[channel] == 0 else {
      throw .unimplemented(
        "Depthwise max pooling requires the depth window to evenly divide the input depth")
    }
    guard size[channel] == strides[channel] else {
      throw .unimplemented(
        "Depthwise max pooling requires the depth window to equal the depth stride")
    }
    let source = try input.channelsLast(from: format, context)
    var dimensions = source.dimensions
    dimensions[3] /= size[channel]
    let output = try context.allocate(T.dataType, dimensions)
    guard output.count > 0 else { return try output.arranged(as: format, context) }
    // Each window is one position of a picture as wide as all of them.
    let geometry = nagare_pooling(
      batch: 1, input_height: 1, input_width: Int64(source.count), channels: 1,
      output_height: 1, output_width: Int64(output.count), window_height: 1,
      window_width: Int64(size[channel]), stride_height: 1, stride_width: Int64(size[channel]),
      padding_top: 0, padding_left: 0)
    withUnsafePointer(to: geometry) {
      T.maxPool.forward($0, source.pointer(T.self), output.mutablePointer(T.self), 0)
    }
    return try output.arranged(as: format, context)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let op = MaxPoolGrad(
      window: window, padding: padding, explicitPaddings: explicitPaddings,
      dataFormat: try format())
    return [
      try node.graph.output(op, [node.inputs[0], node.outputs[0], try node.gradient])
    ]
  }
}

/// The largest element of each window of the pictures.
///
/// - Parameters:
///   - input: [batch, height, width, channels], or as `dataFormat` says.
///   - size: Height and width of the window.
///   - strides: How far the window moves down and across; by its own size when `nil`.
/// - Throws: `invalidArgument` when the window does not fit.
///
/// TensorFlow: `MaxPool`, `tf.nn.max_pool2d`.
public func maxPool(
  _ input: Output, size: (Int, Int), strides: (Int, Int)? = nil, padding: Padding = .valid,
  dataFormat: DataFormat = .nhwc, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let op = MaxPool(
    window: PoolingWindow(size: size, strides: strides ?? size, dataFormat),
    padding: padding.scheme, explicitPaddings: padding.explicitPaddings(dataFormat),
    dataFormat: MaxPool.Format(dataFormat))
  return try input.graph.output(op, [input], name: name, SourceLocation(file, line))
}
