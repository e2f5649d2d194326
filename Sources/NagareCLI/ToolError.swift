import Nagare

/// Why the tool ends without success: an exit code and one line for standard error.
struct ToolError: Error {
  /// Exit codes, as BSD's `sysexits.h` numbers them.
  enum Code: Int32 {
    case runFailed = 1
    case usage = 64
    case badData = 65
    case noInput = 66
    case internalBug = 70
    case cannotCreate = 73
    case inputOutput = 74
    case interrupted = 130
    case terminated = 143
  }

  let code: Code
  let message: String
  /// What to do next, where that is known.
  var hint: String?

  init(_ code: Code, _ message: String, hint: String? = nil) {
    self.code = code
    self.message = message
    self.hint = hint
  }

  /// The message on one line.
  var line: String {
    let sentence = hint != nil && message.hasSuffix(".") ? String(message.dropLast()) : message
    let whole = sentence + (hint.map { "; \($0)" } ?? "")
    let parts = whole.split(whereSeparator: \.isNewline).map { part in
      String(part.drop(while: \.isWhitespace))
    }
    return parts.joined(separator: " ")
  }
}

/// What the tool was about when the engine threw.
enum Activity {
  /// Opening, reading or decoding an input file.
  case reading
  /// Creating or writing an output file.
  case writing
  /// Running a graph, or adding to one.
  case running
  /// Reading what the first name, a file or folder, is about and writing the other.
  case converting(to: String)
}

extension ToolError {
  /// The one place that decides which exit code an error of the engine has.
  init(_ error: GraphError, while activity: Activity) {
    if error.code == .cancelled, Interruption.isRequested {
      self = Interruption.error
      return
    }
    let isInput: Bool
    switch activity {
    case .running:
      self.init(error.code == .internalError ? .internalBug : .runFailed, error.description)
      return
    case .reading: isInput = true
    case .writing: isInput = false
    case .converting(let output): isInput = !error.message.hasPrefix(output)
    }
    let place = error.node.map { " [[\($0)]]" } ?? ""
    let code: Code
    switch error.code {
    case .internalError: code = .internalBug
    case .unknown, .unavailable, .aborted: code = .inputOutput
    case .notFound where isInput && error.node == nil: code = .noInput
    case .permissionDenied where isInput, .failedPrecondition where isInput: code = .noInput
    case .resourceExhausted where !isInput: code = .inputOutput
    default: code = isInput ? .badData : .cannotCreate
    }
    self.init(code, error.message + place)
  }
}

/// Calls `body`, and turns what the engine throws into an error of the tool.
func during<R>(
  _ activity: Activity, _ body: () throws(GraphError) -> R
) throws(ToolError) -> R {
  do {
    return try body()
  } catch {
    throw ToolError(error, while: activity)
  }
}
