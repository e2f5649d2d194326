import CNagareKernels

/// A vector added to every pixel: one element a channel.
struct BiasAdd: Op {
  var dataFormat = DataFormat.nhwc

  static let name = "BiasAdd"
  static let signature = Signature(
    inputs: ["value: T", "bias: T"], outputs: ["output: T"], types: ["T": .number])
  static let attributes: [Attribute<Self>] = [.attribute("data_format", \.dataFormat)]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let value = inputs[0].shape
    try value.withRank(atLeast: dataFormat == .nhwc ? 2 : 3)
    let bias = try inputs[1].shape.withRank(1)
    guard var dimensions = value.dimensions else { return [.unknown] }
    let channel = dataFormat == .nhwc ? dimensions.count - 1 : 1
    dimensions[channel] = try equalDimensions(dimensions[channel], bias[0])
    return [Shape(dimensions)]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let (value, bias) = (inputs[0], inputs[1])
    guard value.rank >= 2 else {
      throw .invalidArgument("Input tensor must be at least 2D: \(value.shape)")
    }
    guard bias.rank == 1 else { throw .invalidArgument("Biases must be 1D: \(bias.shape)") }
    let channel = dataFormat == .nhwc ? value.rank - 1 : 1
    guard value.dimensions[channel] == bias.count else {
      throw .invalidArgument(
        "Must provide as many biases as the last dimension of the input tensor: \(bias.shape) vs. "
          + "\(value.shape)")
    }
    let isLast = channel == value.rank - 1
    switch value.dataType {
    case .float32 where isLast: return [try addRows(inputs, context, nagare_column_add_f32)]
    case .float64 where isLast: return [try addRows(inputs, context, nagare_column_add_f64)]
    default: break
    }
    let repeated = [Int](repeating: 1, count: value.rank - channel - 1)
    return try AddV2().compute([value, try bias.reshaped([bias.count] + repeated)], context)
  }

  private func addRows<T: Scalar>(
    _ inputs: [Tensor], _ context: KernelContext,
    _ kernel: (
      Int64, Int64, UnsafePointer<T>?, UnsafePointer<T>?, UnsafeMutablePointer<T>?
    ) -> Void
  ) throws(GraphError) -> Tensor {
    let output = try context.allocate(
      T.dataType, inputs[0].dimensions, reusing: 0, of: inputs)
    let columns = inputs[1].count
    guard output.count > 0 else { return output }
    let (x, b, y) = (
      inputs[0].pointer(T.self), inputs[1].pointer(T.self), output.mutablePointer(T.self)
    )
    let grain = max(1, context.grain() / columns)
    context.threads.ranges(output.count / columns, grain: grain) { rows in
      let start = rows.lowerBound * columns
      kernel(Int64(rows.count), Int64(columns), x + start, b, y + start)
    }
    return output
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let gradient = try node.gradient
    return [gradient, try node.graph.output(BiasAddGrad(dataFormat: dataFormat), [gradient])]
  }
}

/// The gradient of `BiasAdd` to the bias: the sum over all pixels.
struct BiasAddGrad: Op {
  var dataFormat = DataFormat.nhwc

  static let name = "BiasAddGrad"
  static let signature = Signature(
    inputs: ["out_backprop: T"], outputs: ["output: T"], types: ["T": .number])
  static let attributes: [Attribute<Self>] = [.attribute("data_format", \.dataFormat)]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let gradient = inputs[0].shape
    try gradient.withRank(atLeast: dataFormat == .nhwc ? 2 : 3)
    return [.vector(gradient[dataFormat == .nhwc ? -1 : 1])]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    var gradient = inputs[0]
    guard gradient.rank >= 2 else {
      throw .invalidArgument("Input tensor must be at least 2D: \(gradient.shape)")
    }
    var channel = dataFormat == .nhwc ? gradient.rank - 1 : 1
    if gradient.rank == 4, gradient.dataType.byteCount != nil {
      gradient = try gradient.channelsLast(from: dataFormat, context)
      channel = 3
    }
    let count = gradient.dimensions[channel]
    if channel == gradient.rank - 1, gradient.count > 0 {
      let rows = gradient.count / count
      switch gradient.dataType {
      case .float32:
        let x = gradient.pointer(Float.self)
        return [
          try context.columnSums(rows: rows, columns: count) { start, rows, sums in
            nagare_column_sums_f32(Int64(rows), Int64(count), x + start * count, sums)
          }
        ]
      case .float64:
        let x = gradient.pointer(Double.self)
        return [
          try context.columnSums(rows: rows, columns: count) { start, rows, sums in
            nagare_column_sums_f64(Int64(rows), Int64(count), x + start * count, sums)
          }
        ]
      default: break
      }
    }
    let axes = (0..<gradient.rank).filter { $0 != channel }
    return try Sum().compute([gradient, try Tensor(sizes: axes, .int32)], context)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let zeros = try zerosLike(node.inputs[0])
    return [
      try node.graph.output(BiasAdd(dataFormat: dataFormat), [zeros, try node.gradient])
    ]
  }
}

extension KernelContext {
  /// A sum over the rows of a matrix, for each column. `body` sums the given number of rows from the
  /// given one on; blocks of rows are fixed, and their sums are added in order.
  func columnSums<T: FloatNumber>(
    rows: Int, columns: Int, _ body: (Int, Int, UnsafeMutablePointer<T>) -> Void
  ) throws(GraphError) -> Tensor {
    let block = max(64, 32_768 / max(1, columns))
    let blocks = max(1, (rows + block - 1) / block)
    let partials = try allocate(T.dataType, [blocks, columns])
    let sums = partials.mutablePointer(T.self)
    threads.run(blocks) { index in
      body(index * block, min(block, rows - index * block), sums + index * columns)
    }
    return try sumOfRows(T.self, partials)
  }

  /// The sum of the rows of a matrix of a few rows, in order.
  func sumOfRows<T: FloatNumber>(_: T.Type, _ matrix: Tensor) throws(GraphError) -> Tensor {
    let (rows, columns) = (matrix.dimensions[0], matrix.dimensions[1])
    let result = try allocate(T.dataType, [columns])
    let (terms, total) = (matrix.pointer(T.self), result.mutablePointer(T.self))
    for column in 0..<columns { total[column] = terms[column] }
    for row in 1..<max(1, rows) {
      for column in 0..<columns { total[column] += terms[row * columns + column] }
    }
    return result
  }
}

/// A vector added to every pixel, one element a channel.
///
/// - Throws: `invalidArgument` when there are not as many elements as channels.
///
/// TensorFlow: `BiasAdd`, `tf.nn.bias_add`.
public func biasAdd(
  _ value: Output, _ bias: Output, dataFormat: DataFormat = .nhwc, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try value.graph.output(
    BiasAdd(dataFormat: dataFormat), [value, bias], name: name, SourceLocation(file, line))
}
