/// What the ops that decode pictures have in common: each of them takes any format.
struct PictureDecoding {
  /// Channels of the result: 1, 3, 4, or 0 for what the file has.
  var channels: Int
  /// `uint8`, `uint16` or `float32`; the latter from 0 to 1.
  var dataType = DataType.uint8
  var jpeg = JPEGDecoder.Options()
  /// What a PNG is refused with.
  var refusal: GraphError?

  /// The picture in `contents`, a scalar, as `[height, width, channels]`.
  func decode(_ contents: Tensor, _ context: KernelContext) throws(GraphError) -> Tensor {
    guard [0, 1, 3, 4].contains(channels) else {
      throw .invalidArgument("`channels` must be 0, 1, 3 or 4 but got \(channels)")
    }
    guard contents.rank == 0, let bytes = contents.strings.first else {
      throw .invalidArgument("`contents` must be scalar but got shape\(contents.shape)")
    }
    return try bytes.withUnsafeBufferPointer { (data) throws(GraphError) -> Tensor in
      switch try PictureFormat(of: data) {
      case .jpeg:
        var options = jpeg
        options.channels = channels
        return try widened(try decodeJPEG(data, options, context), context)
      case .png:
        if let refusal { throw refusal }
        return try widened(try decodePNG(data, context), context)
      }
    }
  }

  private func decodeJPEG(
    _ data: UnsafeBufferPointer<UInt8>, _ options: JPEGDecoder.Options, _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    let decoder = try JPEGDecoder(data, options)
    let picture = try context.allocate(
      .uint8, [decoder.height, decoder.width, decoder.channels])
    try decoder.read(into: picture.mutablePointer(UInt8.self))
    return picture
  }

  private func decodePNG(
    _ data: UnsafeBufferPointer<UInt8>, _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    let isWide = dataType != .uint8
    let decoder = try PNGDecoder(data, channels: channels, bits: isWide ? 16 : 8)
    let picture = try context.allocate(
      isWide ? .uint16 : .uint8, [decoder.height, decoder.width, decoder.channels])
    if isWide {
      try decoder.read(into: picture.mutablePointer(UInt16.self))
    } else {
      try decoder.read(into: picture.mutablePointer(UInt8.self))
    }
    return picture
  }

  /// `picture` with the elements that the op promises: `uint16` is 256 times `uint8`, a `float32`
  /// a part of the largest value.
  private func widened(
    _ picture: Tensor, _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    switch (picture.dataType, dataType) {
    case (.uint8, .uint16):
      try mapElements([picture], context) { (value: UInt8) in UInt16(value) << 8 }
    case (.uint8, .float32):
      try mapElements([picture], context) { (value: UInt8) in Float(value) * Float(1.0 / 255) }
    case (.uint16, .float32):
      try mapElements([picture], context) { (value: UInt16) in
        Float(value) * Float(1.0 / 65535)
      }
    default: picture
    }
  }

  /// The shape `[?, ?, channels]`.
  static func shape(_ contents: TensorSpec, channels: Int) throws(GraphError) -> Shape {
    _ = try contents.shape.withRank(0)
    guard channels >= 0 else {
      throw .invalidArgument("channels must be non-negative, got \(channels)")
    }
    return [nil, nil, channels == 0 ? nil : channels]
  }
}
