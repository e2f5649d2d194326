import CNagareKernels

/// The gradient of a convolution to its input, given the input's sizes (all four, or height and width
/// alone).
struct Conv2DBackpropInput: ConvolutionOp {
  var convolution = ConvolutionAttributes()

  static let name = "Conv2DBackpropInput"
  static let signature = Signature(
    inputs: ["input_sizes: int32", "filter: T", "out_backprop: T"], outputs: ["output: T"],
    types: ["T": .of(.float16, .bfloat16, .float32, .float64, .int32)])
  static let attributes = convolutionAttributes

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let gradient = try inputs[2].shape.withRank(4)
    let filter = try inputs[1].shape.withRank(4)
    let format = convolution.dataFormat
    try equalDimensions(gradient[format.channelIndex], filter[3])
    if let rank = inputs[0].shape.rank, rank != 1 {
      throw .invalidArgument("Shape must be rank 1 but is rank \(rank)")
    }
    if let length = inputs[0].shape[0], length != 4, length != 2 {
      throw .invalidArgument(
        "Conv2DBackpropInput requires input_sizes to contain 4 values or 2 values, but got: "
          + "\(length)")
    }
    let sizes = try inputs[0].shape(ofRank: inputs[0].shape[0] ?? 4)
    if sizes.rank == 2 {
      return [Shape(format.arranged(gradient[0], sizes[0], sizes[1], filter[2]))]
    }
    try equalDimensions(sizes[0], gradient[0])
    let index = format.heightIndex
    return [
      Shape(
        format.arranged(
          gradient[0], sizes[index], sizes[index + 1], sizes[format.channelIndex]))
    ]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    switch inputs[1].dataType {
    case .float32: [try backpropagate(Float.self, inputs, context)]
    case .float64: [try backpropagate(Double.self, inputs, context)]
    case .int32: [try backpropagate(Int32.self, inputs, context)]
    default: throw .unsupported(Self.name, inputs[1].dataType)
    }
  }

  /// - Parameter features: What the ReLU before the convolution gave; the gradient goes on through it.
  func backpropagate<T: ConvolutionElement>(
    _: T.Type, _ inputs: [Tensor], _ context: KernelContext, features: Tensor? = nil
  ) throws(GraphError) -> Tensor {
    try convolution.check(.invalidArgument)
    let (filter, gradient) = (inputs[1], inputs[2])
    guard inputs[0].rank == 1 else {
      throw .invalidArgument(
        "Conv2DBackpropInput: input_sizes input must be 1-dim, not \(inputs[0].rank)")
    }
    guard filter.rank == 4 else {
      throw .invalidArgument("Conv2DCustomBackpropInput: filter must be 4-dimensional")
    }
    guard gradient.rank == 4 else {
      throw .invalidArgument("input_sizes must be 4-dimensional, got: \(gradient.rank)")
    }
    let format = convolution.dataFormat
    var sizes = try checkedSizes(inputs[0])
    if sizes.count == 2 {
      sizes = format.arranged(gradient.dimensions[0], sizes[0], sizes[1], filter.dimensions[2])
    }
    guard sizes.count == 4 else {
      throw .invalidArgument(
        "Conv2DBackpropInput requires input_sizes to contain 4 values or 2 values, but got: "
          + "\(sizes.count)")
    }
    let nhwc = format.nhwc(sizes)
    let geometry = try convolution.gradientGeometry(
      input: nhwc, filter: filter.dimensions, gradient: format.nhwc(gradient.dimensions),
      "Conv2DCustomBackpropInput")
    let output = try context.allocate(T.dataType, nhwc)
    if let features { try checkSameShape(ReluGrad.name, [output, features], 0, 1, context) }
    guard output.count > 0 else { return try output.arranged(as: format, context) }
    guard filter.count > 0, gradient.count > 0 else {
      return try Tensor(zeros: T.dataType, sizes)
    }
    let source = try gradient.channelsLast(from: format, context)
    let kernels = T.convolution
    let packed = try kernels.inputGradientPacking.packed(filter, geometry, context)
    let (g, w, x) = (
      source.pointer(T.self), packed.pointer(T.self), output.mutablePointer(T.self)
    )
    let mask = features?.pointer(T.self)
    let (tasks, bytes) = kernels.inputGradientDivision.of(geometry)
    try context.run(tasks, scratch: bytes) { task, memory in
      withUnsafePointer(to: geometry) {
        kernels.inputGradient($0, g, w, mask, x, Int64(task), memory)
      }
    }
    return try output.arranged(as: format, context)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let (filter, upstream) = (node.inputs[1], node.inputs[2])
    let gradient = try node.gradient
    return [
      nil,
      try node.graph.output(
        Conv2DBackpropFilter(convolution), [gradient, try shape(of: filter), upstream]),
      try node.graph.output(Conv2D(convolution), [gradient, filter]),
    ]
  }
}

extension ConvolutionAttributes {
  /// The geometry of a gradient, checked against the sizes of the output's gradient.
  func gradientGeometry(
    input: [Int], filter: [Int], gradient: [Int], _ label: String
  ) throws(GraphError) -> nagare_convolution {
    guard input[0] == gradient[0] else {
      throw .invalidArgument(
        "\(label): input and out_backprop must have the same batch size. Input batch: \(input[0]), "
          + "outbackprop batch: \(gradient[0]), batch_dim: 0")
    }
    guard filter[2] == 0 ? input[3] == 0 : input[3] % filter[2] == 0 else {
      throw .invalidArgument("\(label): input depth must be evenly divisible by filter depth")
    }
    guard filter[3] == gradient[3] else {
      throw .invalidArgument("\(label): filter and out_backprop must have the same out_depth")
    }
    var geometry = try geometry(input: input, filter: filter)
    for axis in 0..<2 where geometry.output[1 + axis] != gradient[1 + axis] {
      let index = dataFormat.heightIndex + axis
      throw .invalidArgument(
        "\(label): Size of out_backprop doesn't match computed: actual = \(gradient[1 + axis]), "
          + "computed = \(geometry.output[1 + axis]) spatial_dim: \(index) input: \(input[1 + axis]) "
          + "filter: \(filter[axis]) output: \(gradient[1 + axis]) stride: \(strides[index]) "
          + "dilation: \(dilations[index])")
    }
    let groups = filter[2] == 0 ? 1 : input[3] / filter[2]
    guard input[3] == 0 || filter[3] % max(1, groups) == 0 else {
      throw .invalidArgument(
        "\(label): output depth must be evenly divisible by number of groups: \(filter[3]) vs "
          + "\(groups)")
    }
    geometry.groups = Int64(max(1, groups))
    return geometry
  }
}
