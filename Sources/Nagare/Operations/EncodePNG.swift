/// Pictures as PNG files.
struct EncodePNG: WithoutGradient {
  /// zlib's level from 0 to 9, or -1 for its default.
  var compression = -1

  static let name = "EncodePng"
  static let signature = Signature(
    inputs: ["image: T"], outputs: ["contents: string"],
    types: ["T": .of(.uint8, .uint16, default: .uint8)])
  static let attributes: [Attribute<Self>] = [.attribute("compression", \.compression)]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    try inputs[0].shape.withRank(atLeast: 3)
    guard let dimensions = inputs[0].shape.dimensions else { return [.unknown] }
    return [Shape(Array(dimensions.dropLast(3)))]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let images = inputs[0]
    guard -1...9 ~= compression else {
      throw .invalidArgument("compression should be in [-1,9], got \(compression)")
    }
    guard images.rank >= 3 else {
      throw .invalidArgument("images must be at least rank 3\(images.shape)")
    }
    let batch = Array(images.dimensions.dropLast(3))
    let size = Array(images.dimensions.suffix(3))
    guard 1...4 ~= size[2] else {
      throw .invalidArgument("image must have 1, 2, 3, or 4 channels, got \(size[2])")
    }
    let count = try checkedElementCount(batch)
    let bits = images.dataType == .uint16 ? 16 : 8
    let encoding = PNGEncoding(compression: compression)
    let files = try images.withUnsafeBytes { (bytes) throws(GraphError) -> [[UInt8]] in
      var files: [[UInt8]] = []
      let stride = count == 0 ? 0 : bytes.count / count
      for index in 0..<count {
        let image = UnsafeRawBufferPointer(
          rebasing: bytes[index * stride..<(index + 1) * stride])
        guard
          let file = try? encoding.encode(
            image, width: size[1], height: size[0], channels: size[2], bits: bits)
        else {
          throw .internalError(
            "PNG encoding failed at the following flattened batch indices: \(index)")
        }
        files.append(file)
      }
      return files
    }
    return [try Tensor(strings: files, dimensions: batch)]
  }
}

/// Pictures as PNG files: strings of the shape of the dimensions before the last three.
///
/// - Parameters:
///   - image: A `uint8` or `uint16` tensor `[…, height, width, channels]` with 1 to 4 channels.
///   - compression: zlib's level from 0 (none) to 9 (smallest), or -1 for its default.
/// - Throws: When run: `invalidArgument` for other shapes, `internalError` for empty pictures.
///
/// TensorFlow: `EncodePng`, `tf.image.encode_png`.
public func encodePNG(
  _ image: Output, compression: Int = -1, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try image.graph.output(
    EncodePNG(compression: compression), [image], name: name, SourceLocation(file, line))
}
