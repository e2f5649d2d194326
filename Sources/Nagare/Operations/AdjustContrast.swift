import CNagareKernels

/// Pictures with each channel moved away from its mean, or towards it.
struct AdjustContrast: WithoutGradient {
  static let name = "AdjustContrastv2"
  static let signature = Signature(
    inputs: ["images: T", "contrast_factor: float"], outputs: ["output: T"],
    types: ["T": .of(.float16, .float32, default: .float32)])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    _ = try inputs[1].shape.withRank(0)
    return [try inputs[0].shape.withRank(atLeast: 3)]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let images = inputs[0]
    guard images.rank >= 3 else {
      throw .invalidArgument("input must be at least 3-D, got shape\(images.shape)")
    }
    guard inputs[1].rank == 0 else {
      throw .invalidArgument("contrast_factor must be scalar: \(inputs[1].shape)")
    }
    guard images.dataType == .float32 else { throw .unsupported(Self.name, images.dataType) }
    let factor = inputs[1].buffer(Float.self)[0]
    let result = try context.allocate(.float32, images.dimensions)
    guard images.count > 0 else { return [result] }
    let size = images.dimensions.suffix(3).reduce(1, *)
    let channels = images.dimensions[images.rank - 1]
    let (input, output) = (images.pointer(Float.self), result.mutablePointer(Float.self))
    context.threads.run(images.count / size) { image in
      let source = input + image * size
      let target = output + image * size
      let pixels = Int64(size / channels)
      // Halves of the picture are added: TensorFlow's order, which loses less than one after the other.
      nagare_sum_halves_f32(pixels, Int64(channels), source, target)
      let scale = 1 / Float(pixels)
      let means = (0..<channels).map { target[$0] * scale }
      nagare_adjust_contrast_f32(pixels, Int64(channels), source, means, factor, target)
    }
    return [result]
  }
}
