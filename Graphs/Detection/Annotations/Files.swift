import Foundation
import Nagare

/// A whole file of at most `limit` bytes.
func contents(of path: String, limit: Int) throws(GraphError) -> Data {
  var isFolder: ObjCBool = false
  guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
    throw GraphError(.notFound, "\(path); No such file or directory")
  }
  guard !isFolder.boolValue else {
    throw GraphError(.failedPrecondition, "\(path); Is a directory")
  }
  do {
    let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    defer { try? handle.close() }
    let data = try handle.read(upToCount: limit + 1) ?? Data()
    guard data.count <= limit else {
      throw GraphError(.resourceExhausted, "\(path): the file has more than \(limit) bytes")
    }
    return data
  } catch let error as GraphError {
    throw error
  } catch {
    throw GraphError(.permissionDenied, "\(path): \(error.localizedDescription)")
  }
}

/// Writes a whole file, in one step as others see it.
func save(_ data: Data, to path: String) throws(GraphError) {
  do {
    try data.write(to: URL(fileURLWithPath: path), options: .atomic)
  } catch {
    throw GraphError(.permissionDenied, "\(path): \(error.localizedDescription)")
  }
}

/// Makes a folder and those above it, if they are not there.
func makeFolder(_ path: String) throws(GraphError) {
  do {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  } catch {
    throw GraphError(.permissionDenied, "\(path): \(error.localizedDescription)")
  }
}
