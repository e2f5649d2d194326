/// Makes one V2 checkpoint of several.
struct MergeV2Checkpoints: Op, NonDifferentiable {
  var deletesOldFolders = true
  var allowsMissingFiles = false

  static let name = "MergeV2Checkpoints"
  static let signature = Signature(
    inputs: ["checkpoint_prefixes: string", "destination_prefix: string"])
  static let attributes: [Attribute<Self>] = [
    .attribute("delete_old_dirs", \.deletesOldFolders),
    .attribute("allow_missing_files", \.allowsMissingFiles),
  ]
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    try inputs[0].requireRank(1)
    try inputs[1].requireRank(0)
    return []
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    guard inputs[1].count == 1 else {
      throw .invalidArgument("Input destination_prefix must be a scalar, got \(inputs[1].shape)")
    }
    var sources = inputs[0].strings.map { String(decoding: $0, as: UTF8.self) }
    let destination = String(decoding: inputs[1].strings[0], as: UTF8.self)
    if allowsMissingFiles {
      sources.removeAll { FileSystem.kind(Checkpoint.indexPath($0)) != .file }
    }
    try Checkpoint.merge(sources, into: destination)
    if deletesOldFolders {
      // Folders that still hold something stay.
      for folder in Set(sources.map(FileSystem.folder(of:)))
      where folder != FileSystem.folder(of: destination) {
        FileSystem.removeEmptyFolder(folder)
      }
    }
    return []
  }
}
