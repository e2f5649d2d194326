#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A new file that is open for writing, with a buffer.
final class OutputFile {
  let path: String
  /// What errors call the file.
  private let name: String
  private var descriptor: Int32
  private var buffer: [UInt8] = []
  private static let bufferSize = 1 << 16

  /// Makes the file, which must not be there yet.
  init(creating path: String, standingInFor name: String? = nil) throws(GraphError) {
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .system(name ?? path, errno: errno) }
    self.path = path
    self.name = name ?? path
    buffer.reserveCapacity(Self.bufferSize)
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  func write(_ bytes: UnsafeRawBufferPointer) throws(GraphError) {
    if buffer.count + bytes.count > Self.bufferSize { try flush() }
    if bytes.count >= Self.bufferSize {
      try writeOut(bytes)
    } else {
      buffer.append(contentsOf: bytes)
    }
  }

  func write(_ bytes: [UInt8]) throws(GraphError) {
    try bytes.withUnsafeBufferPointer { (buffer) throws(GraphError) in
      try write(UnsafeRawBufferPointer(buffer))
    }
  }

  /// Hands what is buffered to the system, so that other processes see it.
  func flush() throws(GraphError) {
    // Emptied first, so that a failed write is not repeated by a later flush.
    let bytes = buffer
    buffer.removeAll(keepingCapacity: true)
    try bytes.withUnsafeBufferPointer { (buffer) throws(GraphError) in
      try writeOut(UnsafeRawBufferPointer(buffer))
    }
  }

  /// Writes what is buffered and waits until it is on the disk.
  func synchronize() throws(GraphError) {
    try flush()
    if fsync(descriptor) != 0, errno != EINVAL, errno != ENOTSUP {
      throw .system(name, errno: errno)
    }
  }

  /// Writes what is buffered and ends the use of the file.
  func finish() throws(GraphError) {
    guard descriptor >= 0 else { return }
    try flush()
    let result = close(descriptor)
    descriptor = -1
    if result != 0 { throw .system(name, errno: errno) }
  }

  private func writeOut(_ bytes: UnsafeRawBufferPointer) throws(GraphError) {
    guard descriptor >= 0 else {
      throw .failedPrecondition("\(name); the file is closed already")
    }
    var rest = bytes
    while let base = rest.baseAddress, rest.count > 0 {
      #if canImport(Glibc)
        let written = Glibc.write(descriptor, base, rest.count)
      #else
        let written = Darwin.write(descriptor, base, rest.count)
      #endif
      if written < 0 {
        if errno == EINTR { continue }
        throw .system(name, errno: errno)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
  }
}

/// A file that appears under its name whole or not at all, even when the machine stops.
///
/// What is written goes to a temporary file in the same folder; `commit` makes it durable and
/// gives it its name. Without `commit` nothing remains.
final class DurableFile {
  /// The name that the file will have.
  let path: String
  private let file: OutputFile
  private var isCommitted = false

  init(_ path: String) throws(GraphError) {
    self.path = path
    if FileSystem.kind(path) == .folder { throw .system(path, errno: EISDIR) }
    let unique = UInt64.random(in: 0...UInt64.max)
    file = try OutputFile(
      creating: "\(path).\(getpid())-\(String(unique, radix: 36)).tmp", standingInFor: path)
  }

  deinit { if !isCommitted { unlink(file.path) } }

  func write(_ bytes: UnsafeRawBufferPointer) throws(GraphError) { try file.write(bytes) }

  func write(_ bytes: [UInt8]) throws(GraphError) { try file.write(bytes) }

  /// Makes the file durable and visible. Only once.
  func commit() throws(GraphError) {
    try file.synchronize()
    try file.finish()
    guard rename(file.path, path) == 0 else { throw .system(path, errno: errno) }
    isCommitted = true
    try FileSystem.synchronize(folder: FileSystem.folder(of: path))
  }

  /// Writes a whole file.
  static func write(_ bytes: [UInt8], to path: String) throws(GraphError) {
    let file = try DurableFile(path)
    try file.write(bytes)
    try file.commit()
  }
}
