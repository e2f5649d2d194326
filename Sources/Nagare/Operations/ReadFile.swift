/// The bytes of a file.
struct ReadFile: WithoutGradient {
  static let name = "ReadFile"
  static let signature = Signature(inputs: ["filename: string"], outputs: ["contents: string"])
  static let isFoldable = false

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    _ = try inputs[0].shape.withRank(0)
    return [.scalar]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let path = try inputs[0].path("Input filename")
    return [try Tensor(scalar: try FileSystem.read(path))]
  }
}

extension Tensor {
  /// The path in a scalar string.
  func path(_ role: String) throws(GraphError) -> String {
    guard rank == 0, let bytes = strings.first else {
      throw .invalidArgument("\(role) tensor must be scalar, but had shape: \(shape)")
    }
    guard !bytes.contains(0) else {
      throw .invalidArgument("\(role) must not contain a zero byte")
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// The bytes of a file, as a scalar string.
///
/// - Parameter path: A scalar string.
/// - Throws: When run: `notFound` and other refusals of the file system.
///
/// TensorFlow: `ReadFile`, `tf.io.read_file`.
public func readFile(
  _ path: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try path.graph.output(ReadFile(), [path], name: name, SourceLocation(file, line))
}
