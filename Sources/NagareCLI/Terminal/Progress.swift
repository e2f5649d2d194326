import Logging

/// How far a long command is: a bar that is drawn over on a terminal, a line now and then elsewhere.
final class Progress {
  private let total: Int
  private let unit: String
  private let isShown: Bool
  private let start: ContinuousClock.Instant
  private var last: ContinuousClock.Instant?
  private var first: Int?
  private var hasBar = false

  /// - Parameters:
  ///   - total: The number of steps.
  ///   - unit: What a step is, in the plural: `steps`, `scenes`.
  init(_ total: Int, _ unit: String, _ log: Logger) {
    self.total = total
    self.unit = unit
    isShown = log.logLevel <= .info
    start = .now
  }

  /// Says that `done` steps are done. Cheap enough for every step.
  ///
  /// - Parameter detail: More of the moment, the loss for example.
  func update(_ done: Int, _ detail: @autoclosure () -> String = "") {
    guard isShown else { return }
    let now = ContinuousClock.now
    // A resumed command does not begin at zero.
    let begun = first ?? max(0, done - 1)
    first = begun
    let interval: Duration = StandardError.isTerminal ? .milliseconds(100) : .seconds(10)
    let isLast = done >= total
    if let last, now - last < interval, !isLast { return }
    last = now
    let elapsed = (now - start) / .seconds(1)
    let rate = elapsed > 0 ? Double(done - begun) / elapsed : 0
    var parts = ["\(done)/\(total) \(unit)"]
    let detail = detail()
    if !detail.isEmpty { parts.append(detail) }
    if rate > 0 { parts.append("\(Self.rounded(rate)) \(unit)/s") }
    if rate > 0, !isLast { parts.append("\(Self.time(Double(total - done) / rate)) left") }
    if isLast { parts.append("in \(Self.time(elapsed))") }
    let text = parts.joined(separator: ", ")
    guard StandardError.isTerminal else {
      StandardError.write("nagare: \(text)\n")
      return
    }
    let width = 24
    let filled = total > 0 ? min(width, max(0, width * min(done, total) / total)) : width
    let bar =
      String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    StandardError.write("\r\u{1B}[K\(bar) \(text)")
    hasBar = true
    if isLast { finish() }
  }

  /// Leaves the bar, so that what follows begins on a new line.
  func finish() {
    if hasBar { StandardError.write("\n") }
    hasBar = false
  }

  /// `42`, `3.1`, `0.25`.
  private static func rounded(_ value: Double) -> String {
    guard value < 1e9 else { return "many" }
    if value >= 10 { return String(Int(value)) }
    let hundredths = Int(value * 100)
    let text = String(hundredths % 100)
    return "\(hundredths / 100)." + (text.utf8.count < 2 ? "0" : "") + text
  }

  /// `41 s`, `12 min`, `3 h 05 min`.
  static func time(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "a long time" }
    let whole = Int(max(0, seconds).rounded())
    if whole < 100 { return "\(whole) s" }
    let minutes = (whole + 30) / 60
    if minutes < 100 { return "\(minutes) min" }
    let rest = String(minutes % 60)
    return "\(minutes / 60) h " + (rest.utf8.count < 2 ? "0" : "") + "\(rest) min"
  }
}
