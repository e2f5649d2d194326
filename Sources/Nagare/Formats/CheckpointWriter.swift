import NagareMessages

/// Writes a TensorFlow V2 checkpoint. Its data appears first, its index last: a checkpoint that has
/// an index is whole.
public final class CheckpointWriter {
  /// The path without `.index`.
  public let prefix: String
  private let data: DurableFile
  private var offset = 0
  private var entries: [[UInt8]: Tensorflow_BundleEntryProto] = [:]

  /// Begins a checkpoint in a folder that is there.
  ///
  /// - Throws: `notFound`, `permissionDenied` and so on, as the system says.
  public init(_ prefix: String) throws(GraphError) {
    self.prefix = prefix
    data = try DurableFile(Checkpoint.dataPath(prefix, shard: 0, of: 1))
  }

  /// Adds a tensor.
  ///
  /// - Throws: `invalidArgument` for a name that was added before or is empty.
  public func append(_ tensor: Tensor, named name: String) throws(GraphError) {
    try append(tensor, key: try Self.key(name))
  }

  /// Adds a slice of a tensor of shape `dimensions`.
  ///
  /// - Throws: `invalidArgument` for a slice that was added before or does not fit.
  func append(
    _ tensor: Tensor, named name: String, slice: TensorSlice, of dimensions: [Int]
  ) throws(GraphError) {
    let key = try Self.key(name)
    let sizes = try slice.ranges(in: dimensions).map(\.count)
    guard sizes == tensor.dimensions else {
      throw .invalidArgument(
        "Slice \(slice) of '\(name)' has shape \(Shape(sizes)), the tensor \(tensor.shape)")
    }
    var whole = entries[key] ?? .init()
    guard entries[key] == nil || !whole.slices.isEmpty,
      whole.slices.isEmpty
        || (whole.dtype == tensor.dataType.message)
          && whole.shape == Shape(dimensions).message
    else { throw .invalidArgument("Slices of '\(name)' differ in type or full shape") }
    try append(tensor, key: slice.key(of: key))
    whole.dtype = tensor.dataType.message
    whole.shape = Shape(dimensions).message
    whole.slices.append(slice.message)
    entries[key] = whole
  }

  private static func key(_ name: String) throws(GraphError) -> [UInt8] {
    let key = Array(name.utf8)
    guard let first = key.first, first != 0 else {
      throw .invalidArgument("A tensor in a checkpoint must have a name")
    }
    return key
  }

  private func append(_ tensor: Tensor, key: [UInt8]) throws(GraphError) {
    guard entries[key] == nil else {
      throw .invalidArgument(
        "Adding duplicate key: \(String(decoding: key, as: UTF8.self))")
    }
    var entry = Tensorflow_BundleEntryProto()
    entry.dtype = tensor.dataType.message
    entry.shape = tensor.shape.message
    entry.offset = Int64(offset)
    let size: Int
    switch tensor.dataType {
    case .string:
      let (bytes, crc) = StringCoding.encode(tensor.strings)
      try data.write(bytes)
      size = bytes.count
      entry.crc32C = CRC32C.mask(crc)
    case .resource, .variant:
      throw .unimplemented("A value of type \(tensor.dataType) cannot be saved")
    default:
      (size, entry.crc32C) = try tensor.withUnsafeBytes { (bytes) throws(GraphError) in
        try data.write(bytes)
        return (bytes.count, CRC32C.mask(CRC32C.checksum(bytes)))
      }
    }
    entry.size = Int64(size)
    offset += size
    entries[key] = entry
  }

  /// Makes the checkpoint durable and visible; without it nothing remains.
  public func finish() throws(GraphError) {
    try data.commit()
    try Self.writeIndex(prefix, shards: 1, entries)
  }

  fileprivate static func writeIndex(
    _ prefix: String, shards: Int, _ entries: [[UInt8]: Tensorflow_BundleEntryProto]
  ) throws(GraphError) {
    var header = Tensorflow_BundleHeaderProto()
    header.numShards = Int32(clamping: shards)
    header.version.producer = 1
    var table = TableBuilder()
    table.append(key: [], value: try header.binary())
    for (key, entry) in entries.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      table.append(key: key, value: try entry.binary())
    }
    try DurableFile.write(table.finish(), to: Checkpoint.indexPath(prefix))
  }
}

extension Checkpoint {
  /// Makes one checkpoint of several, as `MergeV2Checkpoints` does: their data files are renamed and
  /// become the shards of the new one, and their indices are removed.
  ///
  /// - Throws: `invalidArgument` for a tensor that is in two of them, and what reading and renaming
  ///   refuses.
  public static func merge(_ prefixes: [String], into prefix: String) throws(GraphError) {
    var merged: [[UInt8]: Tensorflow_BundleEntryProto] = [:]
    var files: [String] = []
    for source in prefixes {
      let (shards, entries) = try readIndex(indexPath(source))
      for (key, entry) in entries {
        var entry = entry
        entry.shardID += Int32(clamping: files.count)
        if var known = merged[key] {
          guard !known.slices.isEmpty, !entry.slices.isEmpty, known.dtype == entry.dtype,
            known.shape == entry.shape
          else {
            throw .invalidArgument(
              "Duplicate tensor keyed by \(String(decoding: key, as: UTF8.self)) encountered, when "
                + "merging prefix: \(source)")
          }
          known.slices += entry.slices
          entry = known
        }
        merged[key] = entry
      }
      // Bounded: an index with more files than there are fails at the first one that is missing.
      for shard in 0..<shards {
        let path = dataPath(source, shard: shard, of: shards)
        guard FileSystem.kind(path) == .file else {
          throw .notFound("\(path); No such file or directory")
        }
        files.append(path)
      }
    }
    for (shard, file) in files.enumerated() {
      try FileSystem.rename(file, to: dataPath(prefix, shard: shard, of: files.count))
    }
    try FileSystem.synchronize(folder: FileSystem.folder(of: prefix))
    try CheckpointWriter.writeIndex(prefix, shards: files.count, merged)
    for source in prefixes where source != prefix { try FileSystem.remove(indexPath(source)) }
  }

  /// Removes the files of a checkpoint: its index first, so that what is left is no checkpoint.
  public static func remove(_ prefix: String) throws(GraphError) {
    let name = FileSystem.name(of: prefix)
    let folder = FileSystem.folder(of: prefix)
    try FileSystem.remove(indexPath(prefix))
    for file in try FileSystem.list(folder)
    where file == "\(name).meta" || Self.isData(file, of: name) {
      try FileSystem.remove(FileSystem.join(folder, file))
    }
  }

  private static func isData(_ file: String, of name: String) -> Bool {
    dataSuffix(file).map { file.dropLast($0.count) == name } ?? false
  }

  /// The ending `.data-00000-of-00001` of a file's name.
  static func dataSuffix(_ file: String) -> Substring? {
    guard let match = file.wholeMatch(of: /.*(\.data-[0-9]{5,}-of-[0-9]{5,})/) else { return nil }
    return match.1
  }
}
