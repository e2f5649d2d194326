import ArgumentParser
import Logging
import Nagare

struct SessionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "session",
    abstract: "Run a graph several times in one session, which keeps the variables.",
    discussion: """
      With --script runs the steps of a JSON file, in their order:

        {"steps": [{"targets": ["init"]},
                   {"feeds": {"x": [[1, 2]], "y": "labels.npy"},
                    "fetches": ["loss"]}]}

      A feed is JSON, or a string that holds a VALUE of the command line. For a tensor of strings a \
      string is the text itself, unless it ends as a file of values or a picture does; with quotes \
      inside, "\\"a.jpg\\"", it is always text.

      Without --script reads commands, from a terminal or a pipe; 'help' lists them.

      With --output-dir the fetches of a step become .npy files in DIR/step_N, N counting from 0.

      \(FeedValue.help)
      """)

  @Argument(help: ArgumentHelp(LoadedGraph.help, valueName: "graph"))
  var graph: String

  @Option(help: ArgumentHelp("A JSON file with the steps.", valueName: "steps.json"))
  var script: String?

  @Option(
    help: ArgumentHelp(
      "A checkpoint that the variables take their values from.", valueName: "prefix"))
  var checkpoint: String?

  @Option(help: ArgumentHelp("A folder for the values, as .npy files.", valueName: "dir"))
  var outputDir: String?

  @Flag(
    help: "Print JSON, one line a step: for each fetch its dtype, shape and value, or its file.")
  var json = false

  @OptionGroup var threads: ThreadOptions
  @OptionGroup var logging: LogOptions

  func run() throws {
    let log = logging.log
    let loaded = try LoadedGraph(graph)
    let steps = try script.map { try SessionStep.read($0) }
    for (index, step) in (steps ?? []).enumerated() {
      try step.named(index) { () throws(ToolError) in
        _ = try step.resolve(loaded)
        if outputDir != nil { try Results.checkFileNames(step.fetches) }
      }
    }
    let session = try loaded.session(threads: threads.threads, checkpoint: checkpoint, log)
    var runner = SessionRunner(
      loaded: loaded, session: session, outputFolder: outputDir, asJSON: json, log: log)
    guard let steps else {
      var prompt = Prompt(runner)
      try prompt.run()
      return
    }
    Interruption.beginPolling()
    for (index, step) in steps.enumerated() {
      if Interruption.isRequested { throw Interruption.error }
      do {
        try runner.run(step)
      } catch let error as ToolError {
        throw error.prefixed("step \(index): ")
      }
    }
  }
}

extension ToolError {
  /// The same error with `context` before its message.
  func prefixed(_ context: String) -> ToolError { ToolError(code, context + message, hint: hint) }
}

/// One run of a session, by the names that the user wrote.
struct SessionStep {
  /// In the order in which they were written.
  var feeds: [(name: String, value: Source)] = []
  var fetches: [String] = []
  var targets: [String] = []

  /// Where a fed value comes from.
  enum Source {
    /// `steps.json`.
    case json(JSON)
    /// The prompt.
    case tensor(Tensor)
  }

  func resolve(
    _ loaded: LoadedGraph
  ) throws(ToolError) -> (feeds: [Output], fetches: [Output], targets: [Node]) {
    var fed: [Output] = []
    for (name, _) in feeds {
      let output = try loaded.output(named: name)
      guard !fed.contains(output) else {
        throw ToolError(.usage, "'\(output.name)' is fed twice")
      }
      fed.append(output)
    }
    var fetched: [Output] = []
    for name in fetches { fetched.append(try loaded.output(named: name)) }
    var nodes: [Node] = []
    for name in targets { nodes.append(try loaded.node(named: name)) }
    return (fed, fetched, nodes)
  }

  /// Puts the step before the message of what `body` throws.
  func named(_ index: Int, _ body: () throws(ToolError) -> Void) throws(ToolError) {
    do {
      try body()
    } catch { throw error.prefixed("step \(index): ") }
  }

  // MARK: - Reading

  /// The steps of a script.
  static func read(_ path: String) throws(ToolError) -> [SessionStep] {
    let bytes = try during(.reading) { () throws(GraphError) in
      try FileSystem.read(path, limit: 1 << 30)
    }
    let json: JSON
    do {
      json = try JSON(parsing: bytes)
    } catch {
      let before = bytes.prefix(error.position)
      let line = before.count { $0 == UInt8(ascii: "\n") } + 1
      throw ToolError(.badData, "\(path):\(line): \(error.message)")
    }
    func fail(_ message: String) -> ToolError {
      ToolError(.badData, "\(path): \(message)", hint: "'nagare session --help' shows an example")
    }
    guard case .object(let members) = json, members.map(\.name) == ["steps"],
      case .array(let items) = members[0].value
    else { throw fail("a script is an object with one member, 'steps', which is a list") }
    var steps: [SessionStep] = []
    for (index, item) in items.enumerated() {
      guard case .object(let members) = item else { throw fail("step \(index) is not an object") }
      var step = SessionStep()
      for member in members {
        switch (member.name, member.value) {
        case ("feeds", .object(let feeds)):
          step.feeds = feeds.map { (name: $0.name, value: .json($0.value)) }
        case ("fetches", .array(let names)):
          step.fetches = try strings(names, fail("step \(index): fetches must be names"))
        case ("targets", .array(let names)):
          step.targets = try strings(names, fail("step \(index): targets must be names"))
        case ("feeds", _): throw fail("step \(index): feeds must be an object of values by name")
        case ("fetches", _), ("targets", _):
          throw fail("step \(index): \(member.name) must be a list of names")
        default:
          throw fail(
            "step \(index): '\(member.name)' is none of 'feeds', 'fetches' and 'targets'")
        }
      }
      guard !step.fetches.isEmpty || !step.targets.isEmpty else {
        throw fail("step \(index) has neither fetches nor targets")
      }
      steps.append(step)
    }
    return steps
  }

  private static func strings(_ items: [JSON], _ error: ToolError) throws(ToolError) -> [String] {
    var strings: [String] = []
    for item in items {
      guard case .string(let bytes) = item else { throw error }
      strings.append(String(decoding: bytes, as: UTF8.self))
    }
    return strings
  }
}

/// Runs the steps of a session and delivers what they fetch.
struct SessionRunner {
  let loaded: LoadedGraph
  let session: Session
  let outputFolder: String?
  let asJSON: Bool
  let log: Logger
  private var count = 0

  init(
    loaded: LoadedGraph, session: Session, outputFolder: String?, asJSON: Bool, log: Logger
  ) {
    self.loaded = loaded
    self.session = session
    self.outputFolder = outputFolder
    self.asJSON = asJSON
    self.log = log
  }

  mutating func run(_ step: SessionStep) throws {
    let (fed, fetches, targets) = try step.resolve(loaded)
    var feeds: [Output: Tensor] = [:]
    for (output, feed) in zip(fed, step.feeds) {
      switch feed.value {
      case .json(let json): feeds[output] = try FeedValue.parse(json, for: output, log)
      case .tensor(let tensor): feeds[output] = tensor
      }
    }
    let values = try during(.running) { () throws(GraphError) in
      try session.run(fetches, feeds: feeds, targets: targets)
    }
    let folder = outputFolder.map { FileSystem.join($0, "step_\(count)") }
    if folder != nil { try Results.checkFileNames(step.fetches) }
    if !values.isEmpty || asJSON {
      try Results(step.fetches, values).deliver(outputFolder: folder, asJSON: asJSON)
    }
    // What a step gave is there before the next begins, however long that takes.
    try StandardOutput.flush()
    count += 1
  }
}

/// Reads commands line by line and runs steps.
private struct Prompt {
  private static let help = """
    feed NAME=VALUE     give a tensor a value, for all runs from now on
    unfeed NAME         take it back
    fetch NAME...       compute these in the next run
    target NAME...      run these nodes in the next run
    run [NAME...]       run, with these as further fetches
    nodes [TEXT]        the graph's nodes, or those whose name contains TEXT
    restore PREFIX      give the variables the values of a checkpoint
    clear               forget feeds, fetches and targets
    help, quit
    """

  private var runner: SessionRunner
  private var step = SessionStep()
  private let isInteractive = StandardInput.isTerminal

  init(_ runner: SessionRunner) { self.runner = runner }

  mutating func run() throws {
    if isInteractive {
      StandardError.write(
        "\(runner.loaded.graph.nodeCount) nodes; 'help' lists the commands, 'quit' ends.\n")
    }
    while true {
      if isInteractive { StandardError.write("nagare> ") }
      guard let line = readLine() else { break }
      do {
        guard try perform(line) else { return }
        try StandardOutput.flush()
      } catch let error as ToolError where isInteractive {
        StandardError.write("error: \(error.line)\n")
      }
    }
    if isInteractive { StandardError.write("\n") }
  }

  /// Carries out one line; `false` ends the session.
  private mutating func perform(_ line: String) throws -> Bool {
    let text = line.trimmed
    let command = text.prefix { !$0.isWhitespace }
    let rest = text.dropFirst(command.count).trimmed
    let words = rest.split(whereSeparator: \.isWhitespace).map(String.init)
    switch command {
    case "": break
    case "feed":
      let (output, value) = try runner.loaded.feed(rest, runner.log)
      unfeed(output)
      step.feeds.append((output.name, .tensor(value)))
    case "unfeed":
      for word in words { unfeed(try runner.loaded.output(named: word)) }
    case "fetch":
      for word in words {
        _ = try runner.loaded.output(named: word)
        step.fetches.append(word)
      }
    case "target":
      for word in words {
        _ = try runner.loaded.node(named: word)
        step.targets.append(word)
      }
    case "run":
      var now = step
      now.fetches += words
      guard !now.fetches.isEmpty || !now.targets.isEmpty else {
        throw ToolError(.usage, "there is nothing to run", hint: "give 'fetch NAME' first")
      }
      try runner.run(now)
      step.fetches = []
      step.targets = []
    case "nodes":
      for node in runner.loaded.graph.nodes where rest.isEmpty || node.name.contains(rest) {
        let outputs = node.outputs.map { "\($0.dataType) \($0.shape.tupleDescription)" }
        try StandardOutput.line(
          "\(node.name)  \(node.type)  \(outputs.joined(separator: ", "))".trimmed)
      }
    case "restore": try runner.loaded.restore(runner.session, rest, runner.log)
    case "clear": step = SessionStep()
    case "help": try StandardOutput.line(Self.help)
    case "quit", "exit": return false
    default:
      throw ToolError(.usage, "'\(command)' is not a command", hint: "'help' lists them")
    }
    return true
  }

  private mutating func unfeed(_ output: Output) {
    step.feeds.removeAll { $0.name == output.name }
  }
}

extension StringProtocol {
  /// Without white space at either end.
  fileprivate var trimmed: String {
    let start = drop(while: \.isWhitespace)
    guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(start[...last])
  }
}
