/// Byte strings read as the elements of a tensor.
struct DecodeRaw: NonDifferentiable {
  var outputType = DataType.float32
  /// The order of the bytes of one element.
  var littleEndian = true

  static let name = "DecodeRaw"
  static let signature = Signature(
    inputs: ["bytes: string"], outputs: ["output: out_type"],
    types: [
      "out_type": .of(
        .float16, .float32, .float64, .int32, .uint16, .uint8, .int16, .int8, .int64, .complex64,
        .complex128, .bool, .bfloat16)
    ])
  static let attributes: [Attribute<Self>] = [
    .required("out_type", \.outputType), .attribute("little_endian", \.littleEndian),
  ]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [inputs[0].shape.appending([nil])]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    guard let size = outputType.byteCount else { throw .unsupported(Self.name, outputType) }
    let strings = inputs[0].strings
    let length = strings.first?.count ?? 0
    for (index, string) in strings.enumerated() where string.count != length {
      throw .invalidArgument(
        "DecodeRaw requires input strings to all be the same size, but element \(index) has size "
          + "\(length) != \(string.count)")
    }
    guard length % size == 0 else {
      throw .invalidArgument(
        "Input to DecodeRaw has length \(length) that is not a multiple of \(size), the size of "
          + outputType.signatureName)
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(strings.count * length)
    for string in strings { bytes += string }
    // Each of a complex number's two parts has its own order.
    let width = outputType == .complex64 || outputType == .complex128 ? size / 2 : size
    if !littleEndian, width > 1 {
      for start in stride(from: 0, to: bytes.count, by: width) {
        bytes[start..<start + width].reverse()
      }
    }
    let dimensions = inputs[0].dimensions + [length / size]
    return [
      try bytes.withUnsafeBufferPointer { (buffer) throws(GraphError) -> Tensor in
        try Tensor(bytes: UnsafeRawBufferPointer(buffer), outputType, dimensions)
      }
    ]
  }
}

/// Byte strings read as the elements of a tensor, one dimension more than `bytes` has.
///
/// - Parameters:
///   - bytes: Strings of equal length.
///   - outputType: The type of the elements.
///   - littleEndian: The order of the bytes of one element.
/// - Throws: When run: `invalidArgument` when the lengths differ or are no multiple of the size of an
///   element.
///
/// TensorFlow: `DecodeRaw`, `tf.decode_raw`.
public func decodeRaw(
  _ bytes: Output, outputType: DataType, littleEndian: Bool = true, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try bytes.graph.output(
    DecodeRaw(outputType: outputType, littleEndian: littleEndian), [bytes], name: name,
    SourceLocation(file, line))
}
