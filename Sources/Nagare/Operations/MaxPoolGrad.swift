import CNagareKernels

/// The gradient of max pooling: each window's goes to the first of its largest elements.
struct MaxPoolGrad: Op {
  var window = PoolingWindow()
  var padding = PaddingScheme.valid
  var explicitPaddings: [Int] = []
  var dataFormat = DataFormat.nhwc

  static let name = "MaxPoolGrad"
  static let signature = Signature(
    inputs: ["orig_input: T", "orig_output: T", "grad: T"], outputs: ["output: T"],
    types: ["T": .real.or(.float32)])
  static let attributes: [Attribute<Self>] = [
    .required("ksize", \.window.size), .required("strides", \.window.strides),
    .required("padding", \.padding), .attribute("explicit_paddings", \.explicitPaddings),
    .attribute("data_format", \.dataFormat),
  ]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    try window.check(Self.name)
    return [try inputs[0].shape.withRank(4)]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    try withMaxPoolElement(inputs[0].dataType, Self.name) { (type) throws(GraphError) in
      [try backpropagate(type, inputs, context)]
    }
  }

  /// - Parameter relu: Whether the gradient goes on through the ReLU that made the first input.
  func backpropagate<T: MaxPoolElement>(
    _: T.Type, _ inputs: [Tensor], _ context: KernelContext, relu: Bool = false
  ) throws(GraphError) -> Tensor {
    for (tensor, what) in zip(inputs, ["tensor_in", "tensor_out", "out_backprop"])
    where tensor.rank != 4 {
      throw .invalidArgument("\(what) must be 4-dimensional")
    }
    guard window.size.count == 4, window.size[dataFormat.channelIndex] == 1 else {
      throw .unimplemented("MaxPoolingGrad is not yet supported on the depth dimension.")
    }
    let sizes = dataFormat.nhwc(inputs[0].dimensions)
    let geometry = try window.geometry(
      input: sizes, padding, explicit: explicitPaddings, dataFormat)
    let pooled = dataFormat.arranged(
      geometry.output[0], geometry.output[1], geometry.output[2], geometry.output[3])
    try checkPooledShape("orig_output", inputs[1], pooled)
    try checkPooledShape("grad", inputs[2], pooled)
    let output = try context.allocate(T.dataType, sizes)
    guard output.count > 0 else { return try output.arranged(as: dataFormat, context) }
    let source = try inputs[0].channelsLast(from: dataFormat, context)
    let gradient = try inputs[2].channelsLast(from: dataFormat, context)
    let (x, g, y) = (
      source.pointer(T.self), gradient.pointer(T.self), output.mutablePointer(T.self)
    )
    let kernel = T.maxPool.gradient
    withUnsafePointer(to: geometry) { shape in
      context.threads.run(Int(nagare_pool_gradient_task_count(shape))) {
        kernel(shape, x, g, relu, y, Int64($0))
      }
    }
    return try output.arranged(as: dataFormat, context)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    guard padding != .explicit else {
      throw .unimplemented("MaxPoolGradGrad has no explicit paddings")
    }
    let op = MaxPoolGradGrad(
      window: window, padding: padding == .same ? .same : .valid, dataFormat: dataFormat)
    let (input, output) = (node.inputs[0], node.inputs[1])
    return [
      try zerosLike(input), try zerosLike(output),
      try node.graph.output(op, [input, output, try node.gradient]),
    ]
  }
}

/// The gradient of the gradient of max pooling: of each window, the element of `grad` at the place of
/// the first of its largest elements.
struct MaxPoolGradGrad: Op {
  var window = PoolingWindow()
  var padding = ImplicitPadding.valid
  var dataFormat = DataFormat.nhwc

  static let name = "MaxPoolGradGrad"
  static let signature = Signature(
    inputs: ["orig_input: T", "orig_output: T", "grad: T"], outputs: ["output: T"],
    types: ["T": .real])
  static let attributes: [Attribute<Self>] = [
    .required("ksize", \.window.size), .required("strides", \.window.strides),
    .required("padding", \.padding), .attribute("data_format", \.dataFormat),
  ]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    try window.check(Self.name)
    let input = try inputs[0].shape.withRank(4)
    let output = try window.output(
      of: input, padding.scheme, dataFormat, poolsChannels: true)
    try inputs[0].shape.agreeing(with: inputs[2].shape)
    try inputs[1].shape.agreeing(with: output)
    return [output]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    try withMaxPoolElement(inputs[0].dataType, Self.name) { (type) throws(GraphError) in
      [try backpropagate(type, inputs, context)]
    }
  }

  private func backpropagate<T: MaxPoolElement>(
    _: T.Type, _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    for (tensor, what) in zip(inputs, ["tensor_in", "tensor_out", "out_grad_backprop"])
    where tensor.rank != 4 {
      throw .invalidArgument("\(what) must be 4-dimensional")
    }
    guard window.size.count == 4, window.size[dataFormat.channelIndex] == 1 else {
      throw .unimplemented("MaxPoolingGradGrad is not yet supported on the depth dimension.")
    }
    let sizes = dataFormat.nhwc(inputs[0].dimensions)
    let geometry = try window.geometry(input: sizes, padding.scheme, dataFormat)
    let pooled = dataFormat.arranged(
      geometry.output[0], geometry.output[1], geometry.output[2], geometry.output[3])
    try checkPooledShape("orig_output", inputs[1], pooled)
    try checkPooledShape("grad", inputs[2], inputs[0].dimensions)
    let output = try context.allocate(T.dataType, geometry.output)
    guard output.count > 0 else { return try output.arranged(as: dataFormat, context) }
    let input = try inputs[0].channelsLast(from: dataFormat, context)
    let largest = try inputs[1].channelsLast(from: dataFormat, context)
    let gradient = try inputs[2].channelsLast(from: dataFormat, context)
    let (x, m, g, y) = (
      input.pointer(T.self), largest.pointer(T.self), gradient.pointer(T.self),
      output.mutablePointer(T.self)
    )
    let kernel = T.maxPool.gradientGradient
    withUnsafePointer(to: geometry) { shape in
      context.threads.run(Int(nagare_pool_task_count(shape))) {
        kernel(shape, x, m, g, y, Int64($0))
      }
    }
    return try output.arranged(as: dataFormat, context)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let op = MaxPoolGrad(window: window, padding: padding.scheme, dataFormat: dataFormat)
    let (input, output) = (node.inputs[0], node.inputs[1])
    return [
      try zerosLike(input), try zerosLike(output),
      try node.graph.output(op, [input, output, try node.gradient]),
    ]
  }
}
