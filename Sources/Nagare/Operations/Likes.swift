/// Zeros in the shape of a tensor.
struct ZerosLike: Op, NonDifferentiable {
  static let name = "ZerosLike"
  static let signature = Signature(inputs: ["x: T"], outputs: ["y: T"], types: ["T": .any])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [inputs[0].shape] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [try Tensor(zeros: inputs[0].dataType, inputs[0].dimensions)]
  }
}

/// Ones in the shape of a tensor.
struct OnesLike: Op, NonDifferentiable {
  static let name = "OnesLike"
  static let signature = Signature(
    inputs: ["x: T"], outputs: ["y: T"],
    types: [
      "T": .of(
        .bfloat16, .float16, .float32, .float64, .int8, .uint8, .int16, .uint16, .int32, .uint32,
        .int64, .uint64, .complex64, .complex128, .bool)
    ])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [inputs[0].shape] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let output = try context.allocate(inputs[0].dataType, inputs[0].dimensions)
    switch output.dataType {
    case .bool: output.mutableBuffer(Bool.self).update(repeating: true)
    case .float16: output.mutableBuffer(Half.self).update(repeating: Half(1))
    case .bfloat16: output.mutableBuffer(BFloat16.self).update(repeating: BFloat16(1))
    case .float32: output.mutableBuffer(Float.self).update(repeating: 1)
    case .float64: output.mutableBuffer(Double.self).update(repeating: 1)
    case .int8: output.mutableBuffer(Int8.self).update(repeating: 1)
    case .int16: output.mutableBuffer(Int16.self).update(repeating: 1)
    case .int32: output.mutableBuffer(Int32.self).update(repeating: 1)
    case .int64: output.mutableBuffer(Int64.self).update(repeating: 1)
    case .uint8: output.mutableBuffer(UInt8.self).update(repeating: 1)
    case .uint16: output.mutableBuffer(UInt16.self).update(repeating: 1)
    case .uint32: output.mutableBuffer(UInt32.self).update(repeating: 1)
    case .uint64: output.mutableBuffer(UInt64.self).update(repeating: 1)
    default: throw .unsupported(Self.name, inputs[0].dataType)
    }
    return [output]
  }
}

extension GraphError {
  /// TensorFlow's refusal of a type for which an op has no kernel.
  static func unsupported(_ op: String, _ dataType: DataType) -> GraphError {
    .unimplemented(
      "No kernel of '\(op)' for type \(dataType.signatureName) (\(dataType.protoName))")
  }
}

/// Zeros in the shape of `input`.
///
/// TensorFlow: `ZerosLike`, `tf.zeros_like`.
public func zerosLike(
  _ input: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try input.graph.output(
    ZerosLike(), [input], name: name ?? "zeros_like", SourceLocation(file, line))
}

/// Ones in the shape of `input`.
///
/// TensorFlow: `OnesLike`, `tf.ones_like`.
public func onesLike(
  _ input: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try input.graph.output(
    OnesLike(), [input], name: name ?? "ones_like", SourceLocation(file, line))
}
