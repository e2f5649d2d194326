/// Writes a file, with the folders that it needs.
struct WriteFile: WithoutGradient {
  static let name = "WriteFile"
  static let signature = Signature(inputs: ["filename: string", "contents: string"])
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    _ = try inputs[0].shape.withRank(0)
    _ = try inputs[1].shape.withRank(0)
    return []
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let path = try inputs[0].path("Input filename")
    guard inputs[1].rank == 0, let contents = inputs[1].strings.first else {
      throw .invalidArgument("Contents tensor must be scalar, but had shape: \(inputs[1].shape)")
    }
    try FileSystem.createFolder(FileSystem.folder(of: path))
    try DurableFile.write(contents, to: path)
    return []
  }
}

/// Writes a file, with the folders that it needs. Whoever reads `path` sees the old file or the
/// whole new one.
///
/// - Parameters:
///   - path: A scalar string.
///   - contents: A scalar string.
/// - Throws: When run: `permissionDenied` and other refusals of the file system.
///
/// TensorFlow: `WriteFile`, `tf.io.write_file`.
@discardableResult
public func writeFile(
  _ path: Output, _ contents: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Node {
  try path.graph.add(WriteFile(), [path, contents], name: name, SourceLocation(file, line))
}
