import Logging
import Nagare

/// GRAPH of the command line, and the names that the user writes for its parts.
struct LoadedGraph {
  /// For the help of every command that takes one.
  static let help = """
    A graph: a GraphDef or MetaGraphDef in binary or text form, told apart by content, or the \
    folder of a SavedModel.
    """

  let path: String
  let metaGraph: MetaGraph

  var graph: Graph { metaGraph.graph }

  init(_ path: String) throws(ToolError) {
    var file = path
    if FileSystem.kind(path) == .folder {
      let candidates = ["saved_model.pb", "saved_model.pbtxt"].map { FileSystem.join(path, $0) }
      guard let found = candidates.first(where: { FileSystem.kind($0) == .file }) else {
        throw ToolError(
          .noInput, "\(path) is a folder without a saved_model.pb",
          hint: "name the graph's file itself")
      }
      file = found
    }
    self.path = path
    do {
      metaGraph = try MetaGraph(contentsOf: file)
    } catch {
      var failure = ToolError(error, while: .reading)
      if failure.code == .badData { failure.hint = Self.otherKind(file) }
      throw failure
    }
  }

  /// What to do with a file that is no graph but something else that is known.
  private static func otherKind(_ path: String) -> String? {
    if (try? Checkpoint(path)) != nil {
      return "it belongs to a checkpoint, for which there is 'nagare checkpoint'"
    }
    guard let reader = try? RecordReader(path), (try? reader.next()) != nil else { return nil }
    if let events = try? EventReader(path), let first = try? events.next(),
      case .fileVersion = first.content
    {
      return "it is an event file, for which there is 'nagare events'"
    }
    return "it holds records, for which there is 'nagare records'"
  }

  /// The tensor that `name` means.
  func output(named name: String) throws(ToolError) -> Output {
    do {
      return try graph.output(named: name)
    } catch {
      let node = name.split(separator: ":").first.map(String.init) ?? name
      if let node = graph.node(named: node), node.outputs.isEmpty {
        throw ToolError(
          .usage, "'\(name)' has no output to fetch", hint: "run it with --target \(node.name)")
      }
      throw ToolError(.usage, error.message, hint: suggestion(for: node))
    }
  }

  /// The node that `name` means.
  func node(named name: String) throws(ToolError) -> Node {
    if let node = graph.node(named: name) { return node }
    throw ToolError(
      .usage, "The operation '\(name)' does not exist in the graph",
      hint: suggestion(for: name))
  }

  private func suggestion(for name: String) -> String? {
    let near = Spelling.nearest(to: name, among: graph.nodes.map(\.name))
    guard !near.isEmpty else {
      return "'nagare inspect \(path)' lists its inputs and outputs"
    }
    return "did you mean \(near.map { "'\($0)'" }.joined(separator: " or "))?"
  }

  /// The tensor of a feed and its value, from `NAME=VALUE`.
  func feed(_ argument: String, _ log: Logger) throws(ToolError) -> (Output, Tensor) {
    guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else {
      throw ToolError(.usage, "a feed is NAME=VALUE, got '\(argument)'")
    }
    let output = try output(named: String(argument[..<equals]))
    return (
      output,
      try FeedValue.parse(String(argument[argument.index(after: equals)...]), for: output, log)
    )
  }

  /// The feeds of a command line; a tensor that is fed twice is refused.
  func feeds(_ arguments: [String], _ log: Logger) throws(ToolError) -> [Output: Tensor] {
    var feeds: [Output: Tensor] = [:]
    for argument in arguments {
      let (output, value) = try feed(argument, log)
      guard feeds.updateValue(value, forKey: output) == nil else {
        throw ToolError(.usage, "'\(output.name)' is fed twice")
      }
    }
    return feeds
  }

  // MARK: - Checkpoints

  /// A new session, with the variables of a checkpoint if one is given.
  func session(
    threads: Int?, passes: [PlanPass] = PlanPass.allCases, checkpoint: String?, _ log: Logger
  ) throws(ToolError) -> Session {
    let session = Session(graph, threads: threads, passes: passes)
    if let checkpoint { try restore(session, checkpoint, log) }
    return session
  }

  /// Gives the variables the values of a checkpoint: by the saver of the graph where it has one,
  /// else each variable by its name.
  func restore(_ session: Session, _ path: String, _ log: Logger) throws(ToolError) {
    let checkpoint = try during(.reading) { () throws(GraphError) in try Checkpoint(path) }
    do throws(GraphError) {
      if let saver = metaGraph.saver, let filename = try? graph.output(named: saver.filenameTensor),
        let restore = graph.node(named: saver.restoreNode)
      {
        let prefix = try Tensor(scalar: Array(checkpoint.prefix.utf8))
        try session.run(restore, feeds: [filename: prefix])
        log.debug("restored from \(checkpoint.prefix) by '\(restore.name)'")
        return
      }
      let missing = try session.restore(checkpoint)
      if !missing.isEmpty {
        let shown = missing.prefix(5).map { "'\($0)'" }.joined(separator: ", ")
        let more = missing.count > 5 ? " and \(missing.count - 5) more" : ""
        log.warning("not in \(checkpoint.prefix), and so without a value: \(shown)\(more)")
      }
    } catch {
      // The file is there: whatever is wrong now is wrong with what is in it.
      let code: ToolError.Code =
        switch error.code {
        case .internalError: .internalBug
        case .unimplemented: .runFailed
        default: .badData
        }
      throw ToolError(code, "\(checkpoint.prefix): \(error.message)")
    }
  }
}

/// Names that are likely meant by one that does not exist.
enum Spelling {
  private static let limit = 3

  /// The best few, best first.
  static func nearest(to name: String, among names: [String]) -> [String] {
    let lower = name.lowercased()
    var ranked: [(score: Int, name: String)] = []
    for candidate in names {
      let other = candidate.lowercased()
      if other == lower {
        ranked.append((0, candidate))
      } else if other.hasSuffix("/" + lower) {
        ranked.append((1, candidate))
      } else if let distance = distance(
        Array(lower.utf8), Array(other.utf8), limit: max(1, min(3, lower.utf8.count / 3)))
      {
        ranked.append((1 + distance, candidate))
      }
    }
    let sorted = ranked.enumerated().sorted {
      ($0.element.score, $0.offset) < ($1.element.score, $1.offset)
    }
    return sorted.prefix(limit).map(\.element.name)
  }

  /// Levenshtein's distance, `nil` when it is over `limit`.
  private static func distance(_ left: [UInt8], _ right: [UInt8], limit: Int) -> Int? {
    guard abs(left.count - right.count) <= limit else { return nil }
    var row = Array(0...right.count)
    for (i, a) in left.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, b) in right.enumerated() {
        let substituted = diagonal + (a == b ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(substituted, row[j] + 1, diagonal + 1)
      }
      if row.allSatisfy({ $0 > limit }) { return nil }
    }
    return row[right.count] <= limit ? row[right.count] : nil
  }
}
