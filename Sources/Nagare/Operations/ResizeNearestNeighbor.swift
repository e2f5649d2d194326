/// Pictures in another size, each pixel that of the input nearest to it.
struct ResizeNearestNeighbor: Op {
  var resizing = Resizing()

  static let name = "ResizeNearestNeighbor"
  static let signature = Signature(
    inputs: ["images: T", "size: int32"], outputs: ["resized_images: T"],
    types: [
      "T": .of(
        .int8, .uint8, .int16, .uint16, .int32, .int64, .float16, .float32, .float64, .bfloat16)
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
    guard max(images.dimensions[1], images.dimensions[2]) < 1 << 24 else {
      throw .invalidArgument("nearest neighbor requires max height & width of 2^24")
    }
    guard let size = images.dataType.byteCount else {
      throw .unsupported(Self.name, images.dataType)
    }
    let resized = try context.allocate(
      images.dataType, [images.dimensions[0], height, width, images.dimensions[3]])
    guard resized.count > 0 else { return [resized] }
    let rows = try resizing.nearest(from: images.dimensions[1], to: height)
    let columns = try resizing.nearest(from: images.dimensions[2], to: width)
    let (fromRow, fromColumn) = (rows.pointer(Int32.self), columns.pointer(Int32.self))
    let pixel = images.dimensions[3] * size
    let stride = images.dimensions[2] * pixel
    let imageBytes = images.dimensions[1] * stride
    // Elements are only moved: bytes do for every type.
    let input = UnsafeRawPointer(images.storage.base)
    let output = resized.storage.base
    let grain = max(1, context.grain(cost: 4) / width)
    context.threads.ranges(images.dimensions[0] * height, grain: grain) { range in
      for index in range {
        let row = input + index / height * imageBytes + Int(fromRow[index % height]) * stride
        var target = output + index * width * pixel
        for column in 0..<width {
          target.copyMemory(from: row + Int(fromColumn[column]) * pixel, byteCount: pixel)
          target += pixel
        }
      }
    }
    withExtendedLifetime((rows, columns)) {}
    return [resized]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let images = node.inputs[0]
    let size: Output
    if let height = images.shape[1], let width = images.shape[2] {
      size = try node.graph.constant(
        try Tensor(sizes: [height, width], .int32), name: "ResizeNearestNeighborGrad/size")
    } else {
      size = try shape(of: images)[1..<3]
    }
    let gradient = try node.graph.output(
      ResizeNearestNeighborGrad(resizing: resizing), [node.gradient, size])
    return [gradient, nil]
  }
}

/// The gradient of `ResizeNearestNeighbor`: each pixel's goes to the one that it was taken from.
struct ResizeNearestNeighborGrad: WithoutGradient {
  var resizing = Resizing()

  static let name = "ResizeNearestNeighborGrad"
  static let signature = Signature(
    inputs: ["grads: T", "size: int32"], outputs: ["output: T"],
    types: ["T": .of(.uint8, .int8, .int32, .float16, .float32, .float64, .bfloat16)])
  static let attributes: [Attribute<Self>] = [
    .attribute("align_corners", \.resizing.alignCorners),
    .attribute("half_pixel_centers", \.resizing.halfPixelCenters),
  ]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [try resizing.shape(inputs[0], inputs[1])]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let gradient = inputs[0]
    guard gradient.rank == 4 else {
      throw .invalidArgument("input must be 4-dimensional\(gradient.shape)")
    }
    let (height, width) = try Resizing.pair(inputs[1])
    guard height > 0, width > 0 else {
      throw .invalidArgument("shape_t's elements must be positive")
    }
    let result = try context.allocate(
      gradient.dataType, [gradient.dimensions[0], height, width, gradient.dimensions[3]])
    switch gradient.dataType {
    case .float32: try sum(gradient, result, context) { (x: Float, y) in x + y }
    case .float64: try sum(gradient, result, context) { (x: Double, y) in x + y }
    case .uint8: try sum(gradient, result, context) { (x: UInt8, y) in x &+ y }
    case .int8: try sum(gradient, result, context) { (x: Int8, y) in x &+ y }
    case .int32: try sum(gradient, result, context) { (x: Int32, y) in x &+ y }
    default: throw .unsupported(Self.name, gradient.dataType)
    }
    return [result]
  }

  @inline(__always)
  private func sum<T: Scalar & Numeric>(
    _ gradient: Tensor, _ result: Tensor, _ context: KernelContext, _ add: (T, T) -> T
  ) throws(GraphError) {
    let input = gradient.pointer(T.self)
    let output = result.mutablePointer(T.self)
    output.update(repeating: 0, count: result.count)
    guard gradient.count > 0 else { return }
    let (inputHeight, inputWidth) = (gradient.dimensions[1], gradient.dimensions[2])
    let (height, width) = (result.dimensions[1], result.dimensions[2])
    let channels = gradient.dimensions[3]
    let rows = try resizing.nearest(from: height, to: inputHeight)
    let columns = try resizing.nearest(from: width, to: inputWidth)
    let (toRow, toColumn) = (rows.pointer(Int32.self), columns.pointer(Int32.self))
    // Sums of one picture have a fixed order; pictures are independent.
    context.threads.run(gradient.dimensions[0]) { image in
      var source = input + image * inputHeight * inputWidth * channels
      for row in 0..<inputHeight {
        let line = output + (image * height + Int(toRow[row])) * width * channels
        for column in 0..<inputWidth {
          let target = line + Int(toColumn[column]) * channels
          for channel in 0..<channels {
            target[channel] = add(target[channel], source[channel])
          }
          source += channels
        }
      }
    }
    withExtendedLifetime((rows, columns)) {}
  }
}

/// Pictures in another size, each pixel that of the input nearest to it.
///
/// - Parameters:
///   - images: `[batch, height, width, channels]` of any real type.
///   - size: An `int32` vector: the new height and width in pixels.
///   - alignCorners: Whether the centres of the corner pixels of input and result coincide.
///   - halfPixelCenters: Whether pixels are placed by their centres; not with `alignCorners`.
/// - Returns: `[batch, new height, new width, channels]` of the type of `images`.
/// - Throws: `invalidArgument` for other shapes; when run also for empty pictures and sizes.
///
/// TensorFlow: `ResizeNearestNeighbor`, `tf.image.resize_nearest_neighbor`.
public func resizeNearestNeighbor(
  _ images: Output, size: Output, alignCorners: Bool = false, halfPixelCenters: Bool = false,
  name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let resizing = Resizing(alignCorners: alignCorners, halfPixelCenters: halfPixelCenters)
  return try images.graph.output(
    ResizeNearestNeighbor(resizing: resizing), [images, size], name: name,
    SourceLocation(file, line))
}
