/// The one error of the engine: TensorFlow's canonical code, what was expected and what was got,
/// and, where the engine knows it, the node and the place in the source at which it was made.
///
/// Operations and formats throw *what* happened. The engine adds *where*: when a node is added,
/// when a graph is differentiated, and when a node runs.
public struct GraphError: Error, Sendable, Equatable {
  /// A canonical code of TensorFlow (`tensorflow::error::Code`), with its number.
  public enum Code: Int, Sendable {
    case cancelled = 1
    case unknown = 2
    case invalidArgument = 3
    case deadlineExceeded = 4
    case notFound = 5
    case alreadyExists = 6
    case permissionDenied = 7
    case resourceExhausted = 8
    case failedPrecondition = 9
    case aborted = 10
    case outOfRange = 11
    case unimplemented = 12
    case internalError = 13
    case unavailable = 14
    case dataLoss = 15

    /// The code in words, as TensorFlow prints it before a message.
    public var description: String {
      switch self {
      case .cancelled: "Cancelled"
      case .unknown: "Unknown"
      case .invalidArgument: "Invalid argument"
      case .deadlineExceeded: "Deadline exceeded"
      case .notFound: "Not found"
      case .alreadyExists: "Already exists"
      case .permissionDenied: "Permission denied"
      case .resourceExhausted: "Resource exhausted"
      case .failedPrecondition: "Failed precondition"
      case .aborted: "Aborted"
      case .outOfRange: "Out of range"
      case .unimplemented: "Unimplemented"
      case .internalError: "Internal"
      case .unavailable: "Unavailable"
      case .dataLoss: "Data loss"
      }
    }
  }

  /// What kind of failure this is.
  public var code: Code
  /// What was expected and what was got, in one sentence or two.
  public var message: String
  /// The node that failed, as `{{node NAME}} = TYPE(…)`, once the engine knows it.
  public var node: String?
  /// Where in the user's source the node was made, as `Module/File.swift:LINE`.
  public var location: String?

  /// An error without a place; the engine adds the place.
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The same error at a node. An error that already names a node is returned unchanged.
  func at(node: String, location: String?) -> GraphError {
    guard self.node == nil else { return self }
    var error = self
    error.node = node
    error.location = location
    return error
  }

  /// The same error with `context` (a file's name, say) before its message.
  public func prefixed(_ context: String) -> GraphError {
    var error = self
    error.message = "\(context): \(message)"
    return error
  }

  static func invalidArgument(_ message: String) -> GraphError { .init(.invalidArgument, message) }
  static func cancelled(_ message: String) -> GraphError { .init(.cancelled, message) }
  static func notFound(_ message: String) -> GraphError { .init(.notFound, message) }
  static func dataLoss(_ message: String) -> GraphError { .init(.dataLoss, message) }
  static func unimplemented(_ message: String) -> GraphError { .init(.unimplemented, message) }
  static func outOfRange(_ message: String) -> GraphError { .init(.outOfRange, message) }
  static func internalError(_ message: String) -> GraphError { .init(.internalError, message) }
  static func resourceExhausted(_ message: String) -> GraphError {
    .init(.resourceExhausted, message)
  }
  static func failedPrecondition(_ message: String) -> GraphError {
    .init(.failedPrecondition, message)
  }
}

extension GraphError: CustomStringConvertible {
  public var description: String {
    var text = "\(code.description): \(message)"
    if let node { text += "\n  [[\(node)]]" }
    if let location { text += "  made at \(location)" }
    return text
  }
}
