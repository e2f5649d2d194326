/// The bits of a tensor read as another type. Elements of another size make the last dimension longer or
/// shorter.
struct Bitcast: WithoutGradient {
  var type = DataType.float32

  static let name = "Bitcast"
  private static let types = Signature.TypeParameter.of(
    .bfloat16, .float16, .float32, .float64, .int64, .int32, .uint8, .uint16, .uint32, .uint64,
    .int8, .int16, .complex64, .complex128, .qint8, .quint8, .qint16, .quint16, .qint32)
  static let signature = Signature(
    inputs: ["input: T"], outputs: ["output: type"], types: ["T": types, "type": types])
  static let attributes: [Attribute<Self>] = [.required("type", \.type)]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    if let to = type.byteCount, let from = inputs[0].dataType.byteCount, to > from {
      try inputs[0].shape.withRank(atLeast: 1)
    }
    guard let dimensions = inputs[0].shape.dimensions else { return [.unknown] }
    return [Shape(try reshaped(dimensions, inputs[0].dataType))]
  }

  private func reshaped(_ dimensions: [Int?], _ source: DataType) throws(GraphError) -> [Int?] {
    guard let from = source.byteCount, let to = type.byteCount else {
      throw .unsupported(Self.name, source)
    }
    if from == to { return dimensions }
    if from > to { return dimensions + [from / to] }
    guard let last = dimensions.last, last ?? (to / from) == to / from else {
      throw .invalidArgument(
        "Cannot bitcast from \(to) to \(from) due to shape. "
          + "\(dimensions.last.flatMap { $0 } ?? 0) does not match \(to / from)")
    }
    return dimensions.dropLast()
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let dimensions = try reshaped(inputs[0].dimensions, inputs[0].dataType).compactMap { $0 }
    let count = try checkedElementCount(dimensions)
    return [Tensor(type, dimensions, count, inputs[0].storage)]
  }
}

/// The bits of `input` read as `type`.
///
/// - Throws: `invalidArgument` when larger elements do not divide the last dimension.
///
/// TensorFlow: `Bitcast`, `tf.bitcast`.
public func bitcast(
  _ input: Output, to type: DataType, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try input.graph.output(Bitcast(type: type), [input], name: name, SourceLocation(file, line))
}
