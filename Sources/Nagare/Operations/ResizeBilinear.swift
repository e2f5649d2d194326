import CNagareKernels

/// Pictures in another size, each pixel interpolated between the four around it.
struct ResizeBilinear: Op {
  var resizing = Resizing()

  static let name = "ResizeBilinear"
  static let signature = Signature(
    inputs: ["images: T", "size: int32"], outputs: ["resized_images: float"],
    types: [
      "T": .of(
        .int8, .uint8, .int16, .uint16, .int32, .int64, .bfloat16, .float16, .float32, .float64)
    ])
  static let attributes: [Attribute<Self>] = [
    .attribute("align_corners", \.resizing.alignCorners),
    .attribute("half_pixel_centers", \.resizing.halfPixelCenters),
  ]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [try resizing.shape(inputs[0], inputs[1])]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let images = inputs[0]
    let (height, width) = try resizing.target(images, inputs[1])
    let dimensions = [images.dimensions[0], height, width, images.dimensions[3]]
    // Between pixels and themselves what is infinite would not stay so.
    if images.dimensions == dimensions {
      return try Cast(target: .float32).compute([images], context)
    }
    let resized = try context.allocate(.float32, dimensions)
    guard resized.count > 0 else { return [resized] }
    switch images.dataType {
    case .float32: try resize(images, resized, context, nagare_resize_row_f32)
    case .float64: try resize(images, resized, context) { (x: Double) in Float(x) }
    case .uint8: try resize(images, resized, context, nagare_resize_row_u8)
    case .int8: try resize(images, resized, context) { (x: Int8) in Float(x) }
    case .uint16: try resize(images, resized, context) { (x: UInt16) in Float(x) }
    case .int16: try resize(images, resized, context) { (x: Int16) in Float(x) }
    case .int32: try resize(images, resized, context) { (x: Int32) in Float(x) }
    case .int64: try resize(images, resized, context) { (x: Int64) in Float(x) }
    case .float16: try resize(images, resized, context) { (x: Half) in x.float }
    case .bfloat16: try resize(images, resized, context) { (x: BFloat16) in x.float }
    default: throw .unsupported(Self.name, images.dataType)
    }
    return [resized]
  }

  /// One row: its pixels, their channels, the two rows of the input that it lies between, the pixels of
  /// those that each of its own does, how near to the second of either, and where it goes.
  private typealias RowLoop<T> = (
    Int64, Int64, UnsafePointer<T>?, UnsafePointer<T>?, UnsafePointer<Int32>?,
    UnsafePointer<Int32>?, UnsafePointer<Float>?, Float, UnsafeMutablePointer<Float>?
  ) -> Void

  private func resize<T: Scalar>(
    _ images: Tensor, _ resized: Tensor, _ context: KernelContext, _ loop: RowLoop<T>
  ) throws(GraphError) {
    let input = images.pointer(T.self)
    try resizeRows(images, resized, context) { width, channels, row, columns, target in
      loop(
        Int64(width), Int64(channels), input + row.upper, input + row.lower, columns.before,
        columns.after, columns.fractions, row.fraction, target)
    }
  }

  @inline(__always)
  private func resize<T: Scalar>(
    _ images: Tensor, _ resized: Tensor, _ context: KernelContext, _ float: (T) -> Float
  ) throws(GraphError) {
    let input = images.pointer(T.self)
    try resizeRows(images, resized, context) { width, channels, row, columns, target in
      let (upper, lower) = (input + row.upper, input + row.lower)
      var target = target
      for column in 0..<width {
        let left = Int(columns.before[column]) * channels
        let right = Int(columns.after[column]) * channels
        let fraction = columns.fractions[column]
        for channel in 0..<channels {
          let topLeft = float(upper[left + channel])
          let topRight = float(upper[right + channel])
          let bottomLeft = float(lower[left + channel])
          let bottomRight = float(lower[right + channel])
          let top = topLeft + (topRight - topLeft) * fraction
          let bottom = bottomLeft + (bottomRight - bottomLeft) * fraction
          target[channel] = top + (bottom - top) * row.fraction
        }
        target += channels
      }
    }
  }

  /// The two rows of the input, by the places of their first elements, that a row lies between.
  private struct Row {
    let upper: Int
    let lower: Int
    let fraction: Float
  }

  /// Likewise for each column, in pixels.
  private struct Columns {
    let before: UnsafePointer<Int32>
    let after: UnsafePointer<Int32>
    let fractions: UnsafePointer<Float>
  }

  /// Calls `body` for each row of the result, with the number of its pixels and of their channels.
  private func resizeRows(
    _ images: Tensor, _ resized: Tensor, _ context: KernelContext,
    _ body: (Int, Int, Row, Columns, UnsafeMutablePointer<Float>) -> Void
  ) throws(GraphError) {
    let (inputHeight, inputWidth) = (images.dimensions[1], images.dimensions[2])
    let (height, width) = (resized.dimensions[1], resized.dimensions[2])
    let channels = images.dimensions[3]
    let output = resized.mutablePointer(Float.self)
    let rows = try Resizing.Interpolation(resizing, from: inputHeight, to: height)
    let columns = try Resizing.Interpolation(resizing, from: inputWidth, to: width)
    let (above, below) = (rows.lower.pointer(Int32.self), rows.upper.pointer(Int32.self))
    let down = rows.fraction.pointer(Float.self)
    let across = Columns(
      before: columns.lower.pointer(Int32.self), after: columns.upper.pointer(Int32.self),
      fractions: columns.fraction.pointer(Float.self))
    let stride = inputWidth * channels
    let grain = max(1, context.grain(cost: 4) / (width * channels))
    context.threads.ranges(images.dimensions[0] * height, grain: grain) { range in
      for index in range {
        let row = index % height
        let image = index / height * inputHeight * stride
        body(
          width, channels,
          Row(
            upper: image + Int(above[row]) * stride, lower: image + Int(below[row]) * stride,
            fraction: down[row]), across, output + index * width * channels)
      }
    }
    withExtendedLifetime((rows, columns)) {}
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let gradient = try node.graph.output(
      ResizeBilinearGrad(resizing: resizing), [node.gradient, node.inputs[0]])
    return [gradient, nil]
  }
}

/// The gradient of `ResizeBilinear`: each pixel's is shared out among the four that made it.
struct ResizeBilinearGrad: NonDifferentiable {
  var resizing = Resizing()

  static let name = "ResizeBilinearGrad"
  static let signature = Signature(
    inputs: ["grads: float", "original_image: T"], outputs: ["output: T"],
    types: ["T": .of(.float32, .bfloat16, .float16, .float64)])
  static let attributes: [Attribute<Self>] = [
    .attribute("align_corners", \.resizing.alignCorners),
    .attribute("half_pixel_centers", \.resizing.halfPixelCenters),
  ]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [inputs[1].shape] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    try resizing.checkSettings()
    let (gradient, original) = (inputs[0], inputs[1])
    guard gradient.rank == 4 else {
      throw .invalidArgument("input_grad must be 4-dimensional\(gradient.shape)")
    }
    guard gradient.dimensions[1] > 0, gradient.dimensions[2] > 0 else {
      throw .invalidArgument("resized dimensions must be positive")
    }
    guard original.rank == 4 else {
      throw .invalidArgument("original_image must be 4-dimensional\(original.shape)")
    }
    guard original.dimensions[1] > 0, original.dimensions[2] > 0 else {
      throw .invalidArgument("original dimensions must be positive")
    }
    let result = try context.allocate(
      original.dataType,
      [
        gradient.dimensions[0], original.dimensions[1], original.dimensions[2],
        gradient.dimensions[3],
      ])
    guard result.count > 0 else { return [result] }
    switch original.dataType {
    case .float32: try distribute(gradient, result, context) { (x) -> Float in x }
    case .float64: try distribute(gradient, result, context) { (x) -> Double in Double(x) }
    default: throw .unsupported(Self.name, original.dataType)
    }
    return [result]
  }

  @inline(__always)
  private func distribute<T: Scalar & BinaryFloatingPoint>(
    _ gradient: Tensor, _ result: Tensor, _ context: KernelContext, _ convert: (Float) -> T
  ) throws(GraphError) {
    let (height, width) = (gradient.dimensions[1], gradient.dimensions[2])
    let (originalHeight, originalWidth) = (result.dimensions[1], result.dimensions[2])
    let channels = gradient.dimensions[3]
    let rows = try Resizing.Interpolation(resizing, from: originalHeight, to: height)
    let columns = try Resizing.Interpolation(resizing, from: originalWidth, to: width)
    let (above, below) = (rows.lower.pointer(Int32.self), rows.upper.pointer(Int32.self))
    let (before, after) = (columns.lower.pointer(Int32.self), columns.upper.pointer(Int32.self))
    let down = rows.fraction.pointer(Float.self)
    let across = columns.fraction.pointer(Float.self)
    let input = gradient.pointer(Float.self)
    let output = result.mutablePointer(T.self)
    let imageCount = originalHeight * originalWidth * channels
    // Sums of one picture have a fixed order; pictures are independent.
    context.threads.run(gradient.dimensions[0]) { image in
      let target = output + image * imageCount
      target.update(repeating: 0, count: imageCount)
      var source = input + image * height * width * channels
      for row in 0..<height {
        let top = Int(above[row]) * originalWidth
        let bottom = Int(below[row]) * originalWidth
        for column in 0..<width {
          let (left, right) = (Int(before[column]), Int(after[column]))
          let topLeft = target + (top + left) * channels
          let topRight = target + (top + right) * channels
          let bottomLeft = target + (bottom + left) * channels
          let bottomRight = target + (bottom + right) * channels
          let fraction = across[column]
          for channel in 0..<channels {
            let upper = source[channel] * (1 - down[row])
            let lower = source[channel] * down[row]
            topLeft[channel] += convert(upper * (1 - fraction))
            topRight[channel] += convert(upper * fraction)
            bottomLeft[channel] += convert(lower * (1 - fraction))
            bottomRight[channel] += convert(lower * fraction)
          }
          source += channels
        }
      }
    }
    withExtendedLifetime((rows, columns)) {}
  }
}

/// Pictures in another size, each pixel interpolated between the four around it.
///
/// - Parameters:
///   - images: `[batch, height, width, channels]` of any real type.
///   - size: An `int32` vector: the new height and width in pixels.
///   - alignCorners: Whether the centres of the corner pixels of input and result coincide.
///   - halfPixelCenters: Whether pixels are placed by their centres; not with `alignCorners`.
/// - Returns: A `float32` tensor `[batch, new height, new width, channels]`.
/// - Throws: `invalidArgument` for other shapes; when run also for empty pictures and sizes.
///
/// TensorFlow: `ResizeBilinear`, `tf.image.resize_bilinear`.
public func resizeBilinear(
  _ images: Output, size: Output, alignCorners: Bool = false, halfPixelCenters: Bool = false,
  name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let resizing = Resizing(alignCorners: alignCorners, halfPixelCenters: halfPixelCenters)
  return try images.graph.output(
    ResizeBilinear(resizing: resizing), [images, size], name: name, SourceLocation(file, line))
}
