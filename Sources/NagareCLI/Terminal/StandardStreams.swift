#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Synchronization

/// Ends the process without running what C registered for its end: compute threads may still wait.
func end(_ code: Int32) -> Never { _exit(code) }

/// Standard input, where a session's commands come from.
enum StandardInput {
  static let isTerminal = isatty(STDIN_FILENO) == 1
}

/// Standard output, where results go.
enum StandardOutput {
  enum Failure: Error {
    /// The program at the other end of the pipe has what it wanted.
    case readerLeft
  }

  private static let buffer = Mutex<[UInt8]>([])
  private static let size = 1 << 16

  static let isTerminal = isatty(STDOUT_FILENO) == 1

  /// Adds text.
  static func write(_ text: String) throws {
    let isFull = buffer.withLock { buffer in
      buffer += Array(text.utf8)
      return buffer.count >= size
    }
    if isFull { try flush() }
  }

  /// Adds a line.
  static func line(_ text: String) throws { try write(text + "\n") }

  /// Hands everything to the system.
  static func flush() throws {
    try buffer.withLock { buffer in
      guard !buffer.isEmpty else { return }
      let failure = writeAll(STDOUT_FILENO, buffer)
      // What could not be written once is not tried again.
      buffer.removeAll(keepingCapacity: true)
      switch failure {
      case nil: break
      case EPIPE: throw Failure.readerLeft
      case let code?:
        throw ToolError(
          .inputOutput, "cannot write to standard output: \(String(cString: strerror(code)))")
      }
    }
  }
}

/// Standard error, where everything goes that is not a result.
enum StandardError {
  static let isTerminal = isatty(STDERR_FILENO) == 1

  /// Whether colours are wanted: on a terminal, unless `NO_COLOR` is set (https://no-color.org).
  static let hasColor: Bool = {
    guard isTerminal else { return false }
    if let value = getenv("NO_COLOR"), value.pointee != 0 { return false }
    return getenv("TERM").map { String(cString: $0) } != "dumb"
  }()

  static func write(_ text: String) { _ = writeAll(STDERR_FILENO, Array(text.utf8)) }
}

/// Writes all bytes; returns the error number of a failure.
private func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Int32? {
  bytes.withUnsafeBytes { bytes in
    var rest = bytes
    while let base = rest.baseAddress, rest.count > 0 {
      let written = write(descriptor, base, rest.count)
      if written < 0 {
        if errno == EINTR { continue }
        return errno
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
    return nil
  }
}
