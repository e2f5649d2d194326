import CNagareKernels

/// Pictures convolved with a filter: each output element is the sum of the products of the filter with
/// the window of the input at its place.
struct Conv2D: ConvolutionOp {
  var convolution = ConvolutionAttributes()

  static let name = "Conv2D"
  static let signature = Signature(
    inputs: ["input: T", "filter: T"], outputs: ["output: T"],
    types: ["T": .of(.float16, .bfloat16, .float32, .float64, .int32)])
  static let attributes = convolutionAttributes

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let input = try inputs[0].shape.withRank(4)
    let filter = try inputs[1].shape.withRank(4)
    guard convolution.dilations.count == 4 else {
      throw .invalidArgument(
        "Conv2D requires the dilation attribute to contain 4 values, but got: "
          + "\(convolution.dilations.count)")
    }
    guard convolution.strides.count == 4 else {
      throw .invalidArgument(
        "Conv2D on data format \(convolution.dataFormat.rawValue) requires the stride attribute to "
          + "contain 4 values, but got: \(convolution.strides.count)")
    }
    if let channels = input[convolution.dataFormat.channelIndex], let depth = filter[2] {
      guard depth > 0 else { throw .invalidArgument("Depth of filter must not be 0") }
      guard channels % depth == 0 else {
        throw .invalidArgument(
          "Depth of input (\(channels)) is not a multiple of input depth of filter (\(depth))")
      }
      let groups = channels / depth
      guard groups > 0 else { throw .invalidArgument("Number of groups must not be 0") }
      if let outputs = filter[3], outputs % groups != 0 {
        throw .invalidArgument(
          "Depth of output (\(outputs)) is not a multiple of the number of groups (\(groups))")
      }
    }
    return [try convolution.output(of: input, filter: filter, filter[3])]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    switch inputs[0].dataType {
    case .float32: [try convolve(Float.self, inputs, context)]
    case .float64: [try convolve(Double.self, inputs, context)]
    case .int32: [try convolve(Int32.self, inputs, context)]
    default: throw .unsupported(Self.name, inputs[0].dataType)
    }
  }

  func convolve<T: ConvolutionElement>(
    _: T.Type, _ inputs: [Tensor], _ context: KernelContext, _ epilogue: Epilogue = Epilogue()
  ) throws(GraphError) -> Tensor {
    let geometry = try geometry(inputs)
    try epilogue.check(geometry.output)
    let output = try context.allocate(T.dataType, geometry.output)
    if output.count > 0 {
      try checkElements(inputs[1])
      let input = try inputs[0].channelsLast(from: convolution.dataFormat, context)
      try T.convolution.convolve(input, inputs[1], geometry, context, epilogue, into: output)
    }
    return try output.arranged(as: convolution.dataFormat, context)
  }

  /// The largest of each 2×2 results, and if asked for their places as MaxPoolWinners gives them; `nil`
  /// where no kernel does both.
  ///
  /// - Parameter size: Height, width and channels that the results must have, if they are known.
  func convolveAndPool(
    _ inputs: [Tensor], _ context: KernelContext, _ epilogue: Epilogue, keepsWinners: Bool,
    size: [Int]?
  ) throws(GraphError) -> [Tensor]? {
    var geometry = try geometry(inputs)
    var dimensions = geometry.output
    guard convolution.dataFormat == .nhwc, nagare_conv2d_pools_f32(&geometry),
      dimensions.allSatisfy({ $0 > 0 }), size == nil || size == Array(dimensions.dropFirst())
    else { return nil }
    try epilogue.check(dimensions)
    for axis in 1...2 { dimensions[axis] /= 2 }
    let output = try context.allocate(.float32, dimensions)
    let winners = keepsWinners ? try context.allocate(.uint8, dimensions) : nil
    try checkElements(inputs[1])
    try Float.convolution.convolve(
      inputs[0], inputs[1], geometry, context, epilogue,
      pooled: (true, winners?.mutablePointer(UInt8.self)), into: output)
    return [output] + [winners].compactMap(\.self)
  }

  /// Checks the operands.
  private func geometry(_ inputs: [Tensor]) throws(GraphError) -> nagare_convolution {
    try convolution.check(.unimplemented)
    let filter = inputs[1]
    guard inputs[0].rank == 4 else {
      throw .invalidArgument("convolution input must be 4-dimensional: \(inputs[0].shape)")
    }
    guard filter.rank == 4 else {
      throw .invalidArgument("convolution filter must be 4-dimensional: \(filter.shape)")
    }
    guard filter.dimensions[2] > 0 else {
      throw .invalidArgument("filter depth must be stricly positive, got 0")
    }
    let sizes = convolution.dataFormat.nhwc(inputs[0].dimensions)
    guard sizes[3] % filter.dimensions[2] == 0 else {
      throw .invalidArgument(
        "input depth must be evenly divisible by filter depth: \(sizes[3]) vs "
          + "\(filter.dimensions[2])")
    }
    let groups = sizes[3] / filter.dimensions[2]
    guard groups > 0, filter.dimensions[3] % groups == 0 else {
      throw .invalidArgument(
        "output depth must be evenly divisible by number of groups: \(filter.dimensions[3]) vs "
          + "\(groups)")
    }
    var geometry = try convolution.geometry(input: sizes, filter: filter.dimensions)
    geometry.groups = Int64(groups)
    return geometry
  }

  private func checkElements(_ filter: Tensor) throws(GraphError) {
    guard filter.count > 0 else {
      throw .invalidArgument(
        "filter must not have zero elements (i.e. all dimensions must be non-zero)")
    }
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let (input, filter) = (node.inputs[0], node.inputs[1])
    let gradient = try node.gradient
    return [
      try node.graph.output(
        Conv2DBackpropInput(convolution), [try shape(of: input), filter, gradient]),
      try node.graph.output(
        Conv2DBackpropFilter(convolution), [input, try shape(of: filter), gradient]),
    ]
  }
}

/// Pictures convolved with a filter.
///
/// - Parameters:
///   - input: [batch, height, width, channels], or as `dataFormat` says.
///   - filter: [height, width, input channels, output channels]. With fewer input channels than the
///     pictures have, the channels are convolved in groups.
///   - strides: How far the window moves down and across.
///   - dilations: How far apart the filter's elements are down and across.
/// - Throws: `invalidArgument` when the sizes do not go together.
///
/// TensorFlow: `Conv2D`, `tf.nn.conv2d`.
public func conv2D(
  _ input: Output, filter: Output, strides: (Int, Int) = (1, 1), padding: Padding = .same,
  dataFormat: DataFormat = .nhwc, dilations: (Int, Int) = (1, 1), name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let attributes = ConvolutionAttributes(
    strides: strides, padding: padding, dataFormat: dataFormat, dilations: dilations)
  return try input.graph.output(
    Conv2D(attributes), [input, filter], name: name, SourceLocation(file, line))
}
