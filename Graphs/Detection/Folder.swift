import Foundation
import Nagare

/// Files of a run folder.
enum Folder {
  static func path(_ name: String, in folder: String) -> String {
    folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
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
