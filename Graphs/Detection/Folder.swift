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
}
