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
    guard let from = inputs[0].dataType.byteCount, let to = type.byteCount else {
      throw .unsupported(Self.name, inputs[0].dataType)
    }
    guard let dimensions = inputs[0].shape.dimensions else { return [.unknown] }
    if from >= to { return [Shape(dimensions + (from > to ? [from / to] : []))] }
    try inputs[0].shape.withRank(atLeast: 1)
    if let size = inputs[0].shape[-1], size != to / from {
      // The sizes are in this order in TensorFlow's text.
      throw .invalidArgument(
        "Cannot bitcast from \(to) to \(from) due to shape. \(size) does not match \(to / from)")
    }
    return [Shape(dimensions.dropLast())]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    guard let from = inputs[0].dataType.byteCount, let to = type.byteCount else {
      throw .unsupported(Self.name, inputs[0].dataType)
    }
    var dimensions = inputs[0].dimensions
    if from > to { dimensions.append(from / to) }
    if from < to, dimensions.popLast() != to / from {
      throw .invalidArgument("Cannot bitcast from \(to) to \(from): \(inputs[0].shape)")
    }
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
