import ArgumentParser
import Logging

/// How much is said on standard error.
struct LogOptions: ParsableArguments {
  @Flag(name: .shortAndLong, help: "Say nothing but errors.")
  var quiet = false

  @Flag(name: .shortAndLong, help: "Say more.")
  var verbose = false

  func validate() throws {
    if quiet, verbose { throw ValidationError("--quiet and --verbose contradict one another") }
  }

  /// The tool's messages at the level that was asked for.
  var log: Logger {
    var logger = Logger(label: "nagare") { _ in StandardErrorLog() }
    logger.logLevel = quiet ? .error : verbose ? .debug : .info
    return logger
  }
}

/// One line a message: `nagare: …`, with the level where it is not the usual one.
private struct StandardErrorLog: LogHandler {
  var logLevel = Logger.Level.info
  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let (name, color) =
      switch event.level {
      case .trace, .debug: ("debug: ", "\u{1B}[2m")
      case .info, .notice: ("", "")
      case .warning: ("warning: ", "\u{1B}[33m")
      case .error, .critical: ("error: ", "\u{1B}[31m")
      }
    let isColored = StandardError.hasColor && !color.isEmpty
    StandardError.write(
      "nagare: \(isColored ? color : "")\(name)\(isColored ? "\u{1B}[0m" : "")\(event.message)\n")
  }
}
