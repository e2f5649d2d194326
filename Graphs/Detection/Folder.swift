import Foundation
import Nagare

/// Files of a run folder.
enum Folder {
  static func path(_ name: String, in folder: String) -> String {
    folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
  }

  /// Whether the folder holds any checkpoint, whole or not.
  static func holdsCheckpoint(_ path: String) throws(GraphError) -> Bool {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: path).contains {
        $0.hasSuffix(".index")
      }
    } catch {
      throw GraphError(
        .notFound, "\(path): the folder cannot be read: \(error.localizedDescription)")
    }
  }

  /// Writes a file, which appears whole or not at all.
  static func write(_ text: String, to name: String, in folder: String) throws(GraphError) {
    try FileSystem.write(Array(text.utf8), to: path(name, in: folder))
  }

  /// The text of a file, `nil` when it is not there.
  static func readText(_ name: String, in folder: String) throws(GraphError) -> String? {
    let path = path(name, in: folder)
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw GraphError(.permissionDenied, "\(path): the file cannot be read")
    }
    return String(decoding: data, as: UTF8.self)
  }
}

/// Keeps a second run out of a folder while it lives.
final class FolderLock {
  private let descriptor: Int32

  /// - Throws: `failedPrecondition` when another run has the folder.
  init(_ folder: String) throws(GraphError) {
    let path = Folder.path(".lock", in: folder)
    descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw GraphError(.permissionDenied, "\(path): \(String(cString: strerror(errno)))")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw GraphError(
        .failedPrecondition,
        "\(folder): another run is writing to this folder; wait or choose another")
    }
  }

  deinit { close(descriptor) }
}
