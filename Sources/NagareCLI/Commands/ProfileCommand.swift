import ArgumentParser
import Nagare

struct ProfileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile",
    abstract: "Say where the time of a run goes, by op and by node.",
    discussion: """
      Each row is the mean of one run: time and its share, floating-point operations, bytes read and \
      written. Nodes run one after the other, most of them on all threads: how much of the time goes \
      to those that are too small for that, or not made for it, stands above the table.

      --trace writes the runs node by node in Chrome's trace format, for chrome://tracing and \
      https://ui.perfetto.dev.

      Example:
        nagare profile train.meta --feed images=random:8,256,256,1 --trace t.json
      """)

  @OptionGroup var work: WorkOptions

  @Option(help: ArgumentHelp("Runs that are measured.", valueName: "n"))
  var runs = 5

  @Option(help: ArgumentHelp("Nodes that are shown.", valueName: "n"))
  var top = 15

  @Option(help: ArgumentHelp("A file for the trace.", valueName: "file"))
  var trace: String?

  @Flag(help: "Print JSON; times in seconds.")
  var json = false

  @OptionGroup var logging: LogOptions

  func validate() throws {
    guard (1...10_000).contains(runs), (0...1_000_000).contains(top) else {
      throw ValidationError("--runs must be 1 to 10000, --top 0 to 1000000")
    }
  }

  /// Nodes that are looked at as one.
  private struct Group {
    var name: String
    var detail: String
    var count = 0
    var seconds = 0.0
    var operations = 0.0
    var bytes = 0.0

    mutating func add(_ entry: RunTrace.Entry) {
      count += 1
      seconds += entry.duration.seconds
      operations += entry.operationCount
      bytes += Double(entry.byteCount)
    }
  }

  func run() throws {
    let prepared = try work.prepare(logging.log)
    let recorded = RunTrace()
    try during(.running) { () throws(GraphError) in
      for _ in 0..<2 { _ = try prepared.callable.run(prepared.values) }
      for _ in 0..<runs { _ = try prepared.callable.run(prepared.values, trace: recorded) }
    }
    let entries = recorded.entries
    if let trace { try write(entries, to: trace) }
    let byType = groups(entries) { ($0.type, "") }
    let byNode = groups(entries) { ($0.node.name, $0.type) }
    var total = 0.0
    for group in byType { total += group.seconds }
    var single = 0.0
    for entry in entries where !entry.isDivided { single += entry.duration.seconds }
    if json {
      let result: JSON = [
        "runs": JSON(runs), "seconds": JSON(total / Double(runs)),
        "seconds_on_one_thread": JSON(single / Double(runs)),
        "ops": .array(byType.map(object)), "nodes": .array(byNode.map(object)),
      ]
      try StandardOutput.line(result.indented)
      return
    }
    let share = significant(total > 0 ? 100 * single / total : 0)
    try StandardOutput.line(
      "\(readableTime(total / Double(runs))) a run in nodes, \(share) % of it on one thread\n")
    try table("op", byType, total)
    try StandardOutput.line("")
    try table("node", Array(byNode.prefix(top)), total)
  }

  private func groups(
    _ entries: [RunTrace.Entry], _ key: (RunTrace.Entry) -> (String, String)
  ) -> [Group] {
    var groups: [String: Group] = [:]
    for entry in entries {
      let (name, detail) = key(entry)
      groups[name, default: Group(name: name, detail: detail)].add(entry)
    }
    return groups.values.sorted { ($1.seconds, $0.name) < ($0.seconds, $1.name) }
  }

  private func object(_ group: Group) -> JSON {
    let scale = 1 / Double(runs)
    var members: [JSON.Member] = [JSON.Member(name: "name", value: JSON(group.name))]
    if !group.detail.isEmpty { members.append(JSON.Member(name: "op", value: JSON(group.detail))) }
    members += [
      JSON.Member(name: "count", value: JSON(group.count / runs)),
      JSON.Member(name: "seconds", value: JSON(group.seconds * scale)),
      JSON.Member(name: "operations", value: JSON(group.operations * scale)),
      JSON.Member(name: "bytes", value: JSON(group.bytes * scale)),
    ]
    return .object(members)
  }

  private func table(_ title: String, _ groups: [Group], _ total: Double) throws {
    var rows = [[title, "count", "time", "share", "GFLOP", "GFLOP/s", "MiB", ""]]
    for group in groups {
      let scale = 1 / Double(runs)
      rows.append([
        group.name, "\(group.count / runs)", readableTime(group.seconds * scale),
        significant(100 * group.seconds / total) + " %",
        significant(group.operations * scale * 1e-9),
        significant(group.operations / group.seconds * 1e-9),
        significant(group.bytes * scale / 1_048_576), group.detail,
      ])
    }
    for line in Table.lines(rows) { try StandardOutput.line(line) }
  }

  /// The trace-event format of Chrome: complete events, times in microseconds.
  private func write(_ entries: [RunTrace.Entry], to path: String) throws(ToolError) {
    let events = entries.map { entry -> JSON in
      [
        "name": JSON(entry.node.name), "cat": JSON(entry.type), "ph": "X", "pid": 1, "tid": 1,
        "ts": JSON(entry.start.seconds * 1e6), "dur": JSON(entry.duration.seconds * 1e6),
        "args": [
          "op": JSON(entry.type),
          "inputs": JSON(entry.inputs.map(\.description).joined(separator: " ")),
          "outputs": JSON(entry.outputs.map(\.description).joined(separator: " ")),
        ],
      ]
    }
    let document: JSON = ["traceEvents": .array(events), "displayTimeUnit": "ms"]
    try during(.writing) { () throws(GraphError) in
      try FileSystem.write(Array(document.description.utf8), to: path)
    }
  }
}
