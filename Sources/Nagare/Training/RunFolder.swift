#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The folder of a training run, which one process at a time has.
final class RunFolder {
  let path: String
  private let lock: Int32

  /// Takes a folder, which is made when it is not there.
  ///
  /// - Throws: `failedPrecondition` when another run has it.
  init(_ path: String) throws(GraphError) {
    self.path = path
    try FileSystem.createFolder(path)
    let file = FileSystem.join(path, ".lock")
    lock = open(file, O_CREAT | O_RDWR | O_CLOEXEC, 0o644)
    guard lock >= 0 else { throw .system(file, errno: errno) }
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      close(lock)
      throw .failedPrecondition(
        "\(path): another run is writing to this folder; wait or choose another")
    }
  }

  deinit { close(lock) }

  func file(_ name: String) -> String { FileSystem.join(path, name) }

  /// Writes a file, which appears whole or not at all.
  func write(_ text: String, to name: String) throws(GraphError) {
    try FileSystem.write(Array(text.utf8), to: file(name))
  }

  /// The text of a file, `nil` when it is not there.
  func text(of name: String) throws(GraphError) -> String? { try Self.text(of: name, in: path) }

  static func text(of name: String, in folder: String) throws(GraphError) -> String? {
    let file = FileSystem.join(folder, name)
    guard FileSystem.kind(file) == .file else { return nil }
    return String(decoding: try FileSystem.read(file), as: UTF8.self)
  }

  /// Cuts the event files off after `step`, and behind what a writer that was stopped left unfinished.
  func endEvents(at step: Int) throws(GraphError) {
    for name in try FileSystem.list(path) where name.hasPrefix("events.out.tfevents.") {
      let file = file(name)
      let reader = try EventReader(file)
      var end = 0
      // What follows a damaged record is lost with it.
      while let event = try? reader.next(), event.step <= Int64(clamping: step) {
        end = reader.offset
      }
      let bytes = try FileSystem.read(file)
      if end < bytes.count { try DurableFile.write(Array(bytes[..<end]), to: file) }
    }
  }
}

/// `metrics.csv`: a row a summary, the step first.
struct MetricsTable: Equatable {
  static let fileName = "metrics.csv"

  /// A row's numbers as they stand in the file, so that a run that goes on writes the same bytes.
  struct Row: Equatable {
    var step: Int
    var values: [String]
  }

  /// The names of the columns after the step; the first row settles them.
  private(set) var columns: [String] = []
  private(set) var rows: [Row] = []

  init() {}

  /// The rows of a file's text up to a step.
  ///
  /// - Throws: `dataLoss` for text that is no such table.
  init(_ text: String, upTo step: Int) throws(GraphError) {
    let lines = text.split(separator: "\n").map { Self.fields($0) }
    guard let header = lines.first, header.first == "step" else {
      throw .dataLoss("\(Self.fileName): it does not begin with a line of names, 'step' the first")
    }
    columns = Array(header.dropFirst())
    for line in lines.dropFirst() {
      guard line.count == header.count, let first = line.first, let number = Int(first) else {
        throw .dataLoss("\(Self.fileName): a line has \(line.count) fields of \(header.count)")
      }
      if number <= step { rows.append(Row(step: number, values: Array(line.dropFirst()))) }
    }
    if rows.isEmpty { columns = [] }
  }

  /// Adds the row of a step. Names that the table does not have are left out; missing ones stay empty.
  mutating func append(step: Int, _ values: [(name: String, value: Double)]) {
    let named = values.map { (name: Self.flat($0.name), value: $0.value) }
    if rows.isEmpty {
      columns = []
      for (name, _) in named where !columns.contains(name) { columns.append(name) }
    }
    var texts = [String](repeating: "", count: columns.count)
    for (name, value) in named {
      if let index = columns.firstIndex(of: name) { texts[index] = Self.text(value) }
    }
    rows.append(Row(step: step, values: texts))
  }

  /// The points of a column.
  func points(_ column: String) -> [(x: Double, y: Double)] {
    guard let index = columns.firstIndex(of: column) else { return [] }
    return rows.map { (Double($0.step), Double($0.values[index]) ?? .nan) }
  }

  var text: String {
    var text = (["step"] + columns).map(Self.quoted).joined(separator: ",") + "\n"
    for row in rows { text += (["\(row.step)"] + row.values).joined(separator: ",") + "\n" }
    return text
  }

  /// The shortest text that gives the number back in the type that it comes from.
  private static func text(_ value: Double) -> String {
    Double(Float(value)) == value ? "\(Float(value))" : "\(value)"
  }

  /// A name that fits on one line.
  private static func flat(_ name: String) -> String {
    String(name.map { $0.isNewline ? " " : $0 })
  }

  /// A field as RFC 4180 has it.
  private static func quoted(_ field: String) -> String {
    guard field.contains(where: { $0 == "\"" || $0 == "," }) else { return field }
    return "\""
      + field.split(separator: "\"", omittingEmptySubsequences: false)
      .joined(separator: "\"\"") + "\""
  }

  private static func fields(_ line: Substring) -> [String] {
    var fields = [""]
    var isQuoted = false
    var before: Character?
    for character in line {
      switch character {
      case "\"":
        // A quote that follows the closing one stands for itself.
        if !isQuoted, before == "\"" { fields[fields.count - 1].append("\"") }
        isQuoted.toggle()
      case "," where !isQuoted: fields.append("")
      default: fields[fields.count - 1].append(character)
      }
      before = character
    }
    return fields
  }
}
