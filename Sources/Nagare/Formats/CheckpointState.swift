import NagareMessages
import SwiftProtobuf

/// The file `checkpoint` of a folder, which names the newest checkpoint and those that are kept.
public struct CheckpointState: Sendable, Equatable {
  /// The newest checkpoint's prefix.
  public var latest: String
  /// All prefixes that are kept, the newest last.
  public var all: [String]

  /// A state to be written.
  public init(latest: String, all: [String]) {
    self.latest = latest
    self.all = all
  }

  private static let fileName = "checkpoint"

  /// Reads the file of a folder. Prefixes that it states relative to the folder come with it before.
  ///
  /// - Throws: `notFound` when there is none, `dataLoss` for a file that is something else.
  public init(folder: String) throws(GraphError) {
    try self.init(file: FileSystem.join(folder, Self.fileName))
  }

  init(file: String) throws(GraphError) {
    let bytes = try FileSystem.read(file, limit: 1 << 24)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .dataLoss("\(file): not a checkpoint state: it is not text")
    }
    let message: Tensorflow_CheckpointState
    do {
      message = try Tensorflow_CheckpointState(text: text, "checkpoint state")
    } catch {
      throw error.prefixed(file)
    }
    guard !message.modelCheckpointPath.isEmpty else {
      throw .dataLoss("\(file): it names no checkpoint")
    }
    let folder = FileSystem.folder(of: file)
    latest = FileSystem.join(folder, message.modelCheckpointPath)
    all = message.allModelCheckpointPaths.map { FileSystem.join(folder, $0) }
    if all.isEmpty { all = [latest] }
  }

  /// Writes the file of a folder, with prefixes in the folder relative to it, so that the folder can
  /// be moved.
  ///
  /// - Parameter name: The file's name, where another checkpoint is meant than the newest.
  public func write(folder: String, name: String = "checkpoint") throws(GraphError) {
    func relative(_ path: String) -> String {
      FileSystem.folder(of: path) == folder ? FileSystem.name(of: path) : path
    }
    let message = Tensorflow_CheckpointState.with {
      $0.modelCheckpointPath = relative(latest)
      $0.allModelCheckpointPaths = all.map(relative)
    }
    try DurableFile.write(
      Array(message.textFormatString().utf8), to: FileSystem.join(folder, name))
  }
}

extension Checkpoint {
  /// The prefix of the checkpoint that `path` means: a prefix, one of its files, a file `checkpoint`,
  /// `best` or `last` that names one, or a folder, in which case it is the newest.
  ///
  /// - Throws: `notFound` that says what is there instead.
  public static func prefix(of path: String) throws(GraphError) -> String {
    if FileSystem.kind(indexPath(path)) == .file { return path }
    var candidate = path
    for suffix in [".index", ".meta"] where path.hasSuffix(suffix) {
      candidate = String(path.dropLast(suffix.count))
    }
    if let suffix = dataSuffix(path) { candidate = String(path.dropLast(suffix.count)) }
    if candidate != path, FileSystem.kind(indexPath(candidate)) == .file { return candidate }

    switch FileSystem.kind(path) {
    case .folder:
      let found = candidates(folder: path)
      guard let newest = found.first else {
        throw .notFound("\(path); there is no checkpoint in this folder")
      }
      return newest
    case .file where ["checkpoint", "best", "last"].contains(FileSystem.name(of: path)):
      return try CheckpointState(file: path).latest
    default:
      let folder = FileSystem.folder(of: path)
      guard FileSystem.kind(folder) == .folder else {
        throw .notFound("\(folder); No such file or directory")
      }
      let others = candidates(folder: folder).prefix(5)
      let hint =
        others.isEmpty
        ? "no checkpoint is in that folder"
        : "there are \(others.map { "'\($0)'" }.joined(separator: ", "))"
      throw .notFound(
        "\(candidate); there is no checkpoint of this name, which would have the file "
          + "'\(FileSystem.name(of: indexPath(candidate)))'; \(hint)")
    }
  }

  /// The prefixes of the checkpoints in a folder, the newest first: those that its `checkpoint` file
  /// names, then others by the step at the end of their name.
  static func candidates(folder: String) -> [String] {
    var result: [String] = []
    if let state = try? CheckpointState(folder: folder) {
      result = [state.latest] + state.all.reversed().filter { $0 != state.latest }
    }
    func step(_ prefix: String) -> Int {
      prefix.split(separator: "-").last.flatMap { Int($0) } ?? -1
    }
    let files = (try? FileSystem.list(folder)) ?? []
    let others =
      files.filter { $0.hasSuffix(".index") }
      .map { FileSystem.join(folder, String($0.dropLast(6))) }
      .filter { !result.contains($0) }
    return result + others.sorted { step($0) > step($1) }
  }

  /// The newest checkpoint of a folder whose every checksum is right, and why newer ones were passed
  /// over.
  ///
  /// - Throws: `notFound` when there is none; the newest one's error when all are damaged.
  public static func newestIntact(
    folder: String
  ) throws(GraphError) -> (checkpoint: Checkpoint, passedOver: [(String, GraphError)]) {
    var failures: [(String, GraphError)] = []
    for prefix in candidates(folder: folder) {
      do {
        let checkpoint = try Checkpoint(prefix)
        try checkpoint.verify()
        return (checkpoint, failures)
      } catch {
        failures.append((prefix, error))
      }
    }
    throw failures.first?.1 ?? .notFound("\(folder); there is no checkpoint in this folder")
  }
}
