import Foundation

/// A new folder that is removed, with all that is in it, when it goes out of use.
public final class TemporaryFolder {
  /// The folder's path.
  public let path: String

  public init() throws {
    let url = FileManager.default.temporaryDirectory
      .appending(path: "nagare-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    path = url.path(percentEncoded: false)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of a name in the folder.
  public func path(_ name: String) -> String { path + "/" + name }
}
