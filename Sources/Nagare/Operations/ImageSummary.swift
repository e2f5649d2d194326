import NagareMessages

/// Pictures, as a summary for an event file.
struct ImageSummary: NonDifferentiable {
  /// The most pictures of a batch that are kept.
  var maxImages = 3
  /// The colour of pixels that are not finite: a `uint8` vector.
  var badColor = red

  static let name = "ImageSummary"
  static let signature = Signature(
    inputs: ["tag: string", "tensor: T"], outputs: ["summary: string"],
    types: ["T": .of(.uint8, .float32, .float16, .float64, default: .float32)])
  static let attributes: [Attribute<Self>] = [
    .attribute("max_images", \.maxImages), .attribute("bad_color", \.badColor),
  ]

  private static let red =
    (try? Tensor([255, 0, 0, 255] as [UInt8])) ?? Tensor(.uint8, [0], 0, .init(strings: []))

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    guard maxImages >= 1 else {
      throw .invalidArgument(
        "Attr 'max_images' of 'ImageSummary' Op passed \(maxImages) less than minimum 1.")
    }
    return [.scalar]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    guard maxImages < 1 << 31 else { throw .invalidArgument("max_images must be < 2^31") }
    guard badColor.dataType == .uint8 else {
      throw .invalidArgument(
        "bad_color must be uint8, got \(badColor.dataType.signatureName)")
    }
    guard badColor.rank == 1 else {
      throw .invalidArgument("bad_color must be a vector, got shape \(badColor.shape)")
    }
    guard inputs[0].rank == 0, let tag = inputs[0].strings.first else {
      throw .invalidArgument("Tags must be a scalar")
    }
    let tensor = inputs[1]
    guard tensor.rank == 4, [1, 3, 4].contains(tensor.dimensions[3]) else {
      throw .invalidArgument(
        "Tensor must be 4-D with last dim 1, 3, or 4, not \(tensor.shape)")
    }
    let (batch, height, width) = (
      tensor.dimensions[0], tensor.dimensions[1], tensor.dimensions[2]
    )
    let channels = tensor.dimensions[3]
    guard batch < 1 << 31, try checkedElementCount([height, width]) < 1 << 29 else {
      throw .invalidArgument("Tensor too large for summary \(tensor.shape)")
    }
    guard height > 0, width > 0 else {
      let sizes = tensor.dimensions.map(String.init).joined(separator: ", ")
      throw .invalidArgument("input tensor must have non-zero dims. Found: [\(sizes)].")
    }
    guard tensor.dataType == .uint8 || badColor.count >= channels else {
      throw .invalidArgument(
        "expected depth <= bad_color.size, got depth = \(channels), "
          + "bad_color.size = \(badColor.count)")
    }
    var summary = Tensorflow_Summary()
    let size = height * width * channels
    for index in 0..<min(maxImages, batch) {
      let range = index * size..<(index + 1) * size
      let pixels: [UInt8]
      switch tensor.dataType {
      case .uint8: pixels = Array(tensor.buffer(UInt8.self)[range])
      case .float32: pixels = normalized(tensor.buffer(Float.self)[range], channels) { Float($0) }
      case .float64: pixels = normalized(tensor.buffer(Double.self)[range], channels) { Double($0) }
      default: throw .unsupported(Self.name, tensor.dataType)
      }
      var entry = Tensorflow_Summary.Value()
      entry.tag = String(decoding: tag, as: UTF8.self) + "/image"
      if maxImages > 1 { entry.tag += "/\(index)" }
      entry.image.height = Int32(height)
      entry.image.width = Int32(width)
      entry.image.colorspace = Int32(channels)
      let picture = try Picture(
        width: width, height: height, channels: channels, pixels: pixels)
      entry.image.encodedImageString = .init(try picture.encodedPNG())
      summary.value.append(entry)
    }
    return [try Tensor(summary: summary)]
  }

  /// Pixels from 0 to 255: the largest value becomes 255, or, when some are negative, zero becomes
  /// 128 and the largest magnitude is 127 away from it. Pixels that are not finite get `badColor`.
  @inline(__always)
  private func normalized<T: BinaryFloatingPoint>(
    _ values: Slice<UnsafeBufferPointer<T>>, _ channels: Int, _ convert: (Float) -> T
  ) -> [UInt8] {
    let bad = badColor.buffer(UInt8.self)
    let starts = stride(from: values.startIndex, to: values.endIndex, by: channels)
    func isFinite(_ start: Int) -> Bool {
      (start..<start + channels).allSatisfy { values[$0].isFinite }
    }
    var least = Float.infinity
    var greatest = -Float.infinity
    for start in starts where isFinite(start) {
      for index in start..<start + channels {
        let value = Float(values[index])
        least = min(least, value)
        greatest = max(greatest, value)
      }
    }
    let threshold: Float = 1e-6
    let offset: T = least < 0 ? 128 : 0
    let magnitude = least < 0 ? max(abs(least), abs(greatest)) : greatest
    let scale = convert(magnitude < threshold ? 0 : (least < 0 ? 127 : 255) / magnitude)
    var pixels: [UInt8] = []
    pixels.reserveCapacity(values.count)
    for start in starts {
      let isFinite = isFinite(start)
      for channel in 0..<channels {
        let value = isFinite ? values[start + channel] * scale + offset : 0
        pixels.append(isFinite ? UInt8(max(0, min(255, value))) : bad[channel])
      }
    }
    return pixels
  }
}

/// Pictures as a summary, for an event file. Each is scaled on its own: its largest value becomes
/// white, and with negative values zero becomes gray. `uint8` pictures are kept as they are.
///
/// - Parameters:
///   - name: The name in TensorBoard; made unique in the open scope, other characters become `_`.
///   - images: `[batch, height, width, channels]`, `uint8`, `float32` or `float64`, with 1, 3 or 4
///     channels.
///   - maxImages: The most pictures of a batch that are kept.
/// - Returns: A scalar string, a serialized `Summary`.
/// - Throws: When run: `invalidArgument` for other shapes.
///
/// TensorFlow: `ImageSummary`, `tf.summary.image`.
public func imageSummary(
  _ name: String, _ images: Output, maxImages: Int = 3,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try images.graph.summary(
    ImageSummary(maxImages: maxImages), name, tagInput: "tag", images, .init(file, line))
}
