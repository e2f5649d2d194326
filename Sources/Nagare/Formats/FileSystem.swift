#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension GraphError {
  /// The failure of a system call on `path`, with TensorFlow's text and code:
  /// `PATH; No such file or directory`.
  static func system(_ path: String, errno code: Int32) -> GraphError {
    GraphError(canonicalCode(errno: code), "\(path); \(String(cString: strerror(code)))")
  }

  private static func canonicalCode(errno code: Int32) -> Code {
    switch code {
    case ENOENT, ENODEV, ENXIO, ESRCH: .notFound
    case EPERM, EACCES, EROFS: .permissionDenied
    case EEXIST, EALREADY: .alreadyExists
    case EINVAL, ENAMETOOLONG, EILSEQ, ESPIPE, EDOM, E2BIG, EFAULT, ENOTTY: .invalidArgument
    case EISDIR, ENOTDIR, ENOTEMPTY, EBADF, EBUSY, EPIPE, EXDEV, ELOOP, ETXTBSY:
      .failedPrecondition
    case ENOSPC, EDQUOT, EMFILE, ENFILE, ENOMEM, EMLINK: .resourceExhausted
    case EFBIG, EOVERFLOW, ERANGE: .outOfRange
    case ENOSYS, ENOTSUP: .unimplemented
    case EAGAIN, EINTR: .unavailable
    case ESTALE, EDEADLK: .aborted
    default: .unknown
    }
  }
}

/// The few calls on paths that the formats, and programs around them, need.
public enum FileSystem {
  /// What a path can lead to.
  public enum Kind: Sendable { case file, folder, other }

  /// The most bytes that `read` takes from one file unless told otherwise.
  public static let readLimit = 1 << 32

  /// What is at `path`, after following links; `nil` for nothing.
  public static func kind(_ path: String) -> Kind? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder
    default: return .other
    }
  }

  /// The folder part of a path, `.` when there is none.
  public static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The last part of a path.
  public static func name(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
    return String(path[path.utf8.index(after: slash)...])
  }

  /// `name` in `folder`, or `name` itself when it is an absolute path.
  public static func join(_ folder: String, _ name: String) -> String {
    if name.hasPrefix("/") || folder.isEmpty || folder == "." { return name }
    return folder.hasSuffix("/") ? folder + name : folder + "/" + name
  }

  /// The names in a folder, sorted by their bytes, without `.` and `..`.
  public static func list(_ folder: String) throws(GraphError) -> [String] {
    guard let handle = opendir(folder) else { throw .system(folder, errno: errno) }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: UInt8.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) {
          String(decodingCString: $0, as: UTF8.self)
        }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Makes a folder and those above it; one that is there already is fine.
  public static func createFolder(_ path: String) throws(GraphError) {
    var missing: [String] = []
    var current = path
    while current.count > 1, current.hasSuffix("/") { current.removeLast() }
    while kind(current) == nil, current != ".", current != "/" {
      missing.append(current)
      current = folder(of: current)
    }
    guard kind(current) == .folder else { throw .system(current, errno: ENOTDIR) }
    for part in missing.reversed() where mkdir(part, 0o777) != 0 && errno != EEXIST {
      throw .system(part, errno: errno)
    }
  }

  /// Writes a whole file, which appears under its name complete or not at all.
  ///
  /// - Throws: the system's refusal.
  public static func write(_ bytes: [UInt8], to path: String) throws(GraphError) {
    try DurableFile.write(bytes, to: path)
  }

  /// Removes a file; one that is not there is fine.
  static func remove(_ path: String) throws(GraphError) {
    if unlink(path) != 0, errno != ENOENT { throw .system(path, errno: errno) }
  }

  /// Removes a folder unless it holds something.
  static func removeEmptyFolder(_ path: String) { _ = rmdir(path) }

  /// Gives a file another name in the same file system, replacing one that has it.
  static func rename(_ path: String, to name: String) throws(GraphError) {
    #if canImport(Glibc)
      let result = Glibc.rename(path, name)
    #else
      let result = Darwin.rename(path, name)
    #endif
    if result != 0 { throw .system(path, errno: errno) }
  }

  /// Makes the names of a folder durable.
  static func synchronize(folder: String) throws(GraphError) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(folder, errno: errno) }
    defer { close(descriptor) }
    // Some file systems cannot, and say so in one of these two ways.
    if fsync(descriptor) != 0, errno != EINVAL, errno != ENOTSUP {
      throw .system(folder, errno: errno)
    }
  }

  /// All bytes of a file.
  ///
  /// - Throws: the system's refusal, or `resourceExhausted` for more than `limit` bytes.
  public static func read(_ path: String, limit: Int = readLimit) throws(GraphError) -> [UInt8] {
    let file = try InputFile(path)
    if let size = file.size, size > limit {
      throw .resourceExhausted("\(path); \(size) bytes are more than the limit of \(limit)")
    }
    var bytes: [UInt8] = []
    // One more than its size, so that the end of a regular file shows in one call.
    var step = min((file.size ?? 0) + 1, limit)
    while try file.read(max(step, 1 << 16), into: &bytes) > 0 {
      if bytes.count > limit {
        throw .resourceExhausted("\(path); more than the limit of \(limit) bytes")
      }
      step = max(1 << 16, min(bytes.count, 1 << 20))
    }
    return bytes
  }
}

/// A file that is open for reading.
final class InputFile {
  let path: String
  private let descriptor: Int32
  /// The size of a regular file; `nil` for a pipe or a device.
  let size: Int?

  init(_ path: String) throws(GraphError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(path, errno: errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let code = errno
      close(descriptor)
      throw .system(path, errno: code)
    }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      close(descriptor)
      throw .system(path, errno: EISDIR)
    }
    self.path = path
    self.descriptor = descriptor
    size = status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
  }

  deinit { close(descriptor) }

  /// Adds the next bytes, at most `count`, to `bytes`; returns how many, 0 at the end.
  func read(_ count: Int, into bytes: inout [UInt8]) throws(GraphError) -> Int {
    let start = bytes.count
    bytes.append(contentsOf: [UInt8](repeating: 0, count: max(0, count)))
    let (got, code) = bytes.withUnsafeMutableBytes { buffer -> (Int, Int32) in
      let target = UnsafeMutableRawBufferPointer(rebasing: buffer[start...])
      while true {
        #if canImport(Glibc)
          let got = Glibc.read(descriptor, target.baseAddress, target.count)
        #else
          let got = Darwin.read(descriptor, target.baseAddress, target.count)
        #endif
        if got >= 0 || errno != EINTR { return (got, errno) }
      }
    }
    bytes.removeLast(bytes.count - start - max(0, got))
    guard got >= 0 else { throw .system(path, errno: code) }
    return got
  }

  /// Passes over `count` bytes of a regular file; returns the offset in the file.
  func skip(_ count: Int) throws(GraphError) -> Int {
    let offset = lseek(descriptor, off_t(count), SEEK_CUR)
    guard offset >= 0 else { throw .system(path, errno: errno) }
    return Int(offset)
  }

  /// Fills `target` from `offset` on; returns how many bytes there were.
  func read(at offset: Int, into target: UnsafeMutableRawBufferPointer) throws(GraphError) -> Int {
    var done = 0
    while done < target.count {
      guard let base = target.baseAddress else { break }
      let got = pread(descriptor, base + done, target.count - done, off_t(offset + done))
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw .system(path, errno: errno) }
      if got == 0 { break }
      done += got
    }
    return done
  }
}
