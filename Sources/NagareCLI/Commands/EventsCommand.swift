import ArgumentParser
import Nagare

struct EventsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "events",
    abstract: "Print what an event file, TensorBoard's log, holds.",
    discussion: """
      One line an entry: step, tag and value. With --json one object a line, {"step": 0, "tag": \
      "loss", "value": 0.5, "kind": "scalar", "wall_time": …}; entries that belong to no tag, as the \
      graph or the start of a run, have null for it.
      """)

  @Argument(
    help: ArgumentHelp(
      "An event file, or a folder, whose event files are read in the order of their names.",
      valueName: "file"))
  var file: String

  @Flag(help: "Print JSON lines.")
  var json = false

  @OptionGroup var logging: LogOptions

  func run() throws {
    var files = [file]
    if FileSystem.kind(file) == .folder {
      files = try during(.reading) { () throws(GraphError) in try FileSystem.list(file) }
        .filter { $0.contains("tfevents") }.map { FileSystem.join(file, $0) }
      guard !files.isEmpty else {
        throw ToolError(.noInput, "\(file): there is no event file in this folder")
      }
    }
    for path in files {
      let reader = try during(.reading) { () throws(GraphError) in try EventReader(path) }
      while let event = try during(.reading, { () throws(GraphError) in try reader.next() }) {
        for entry in EventEntry.entries(of: event) {
          try StandardOutput.line(json ? entry.json(event).description : entry.text(event))
        }
      }
    }
  }
}

/// One line of `nagare events`.
private struct EventEntry {
  var tag: String?
  var kind: String
  var value: JSON

  static func entries(of event: Event) -> [EventEntry] {
    switch event.content {
    case .fileVersion(let version):
      [EventEntry(kind: "file_version", value: JSON(version))]
    case .graph(let bytes): [EventEntry(kind: "graph", value: ["bytes": JSON(bytes.count)])]
    case .metaGraph(let bytes):
      [EventEntry(kind: "meta_graph", value: ["bytes": JSON(bytes.count)])]
    case .session(let status, let checkpoint, let message):
      [
        EventEntry(
          kind: "session",
          value: [
            "status": JSON("\(status)"), "checkpoint": JSON(checkpoint), "message": JSON(message),
          ])
      ]
    case .log(let level, let message):
      [EventEntry(kind: "log", value: ["level": JSON(level), "message": JSON(message)])]
    case .runMetadata(let tag, let bytes):
      [EventEntry(tag: tag, kind: "run_metadata", value: ["bytes": JSON(bytes.count)])]
    case .none: []
    case .summary(let summary): summary.values.map { EventEntry($0) }
    }
  }

  private init(tag: String? = nil, kind: String, value: JSON) {
    self.tag = tag
    self.kind = kind
    self.value = value
  }

  private init(_ entry: Summary.Value) {
    tag = entry.tag
    switch entry.content {
    case .scalar(let number):
      kind = "scalar"
      value = JSON(number)
    case .image(let width, let height, let channels, let encoded):
      kind = "image"
      value = [
        "width": JSON(width), "height": JSON(height), "channels": JSON(channels),
        "bytes": JSON(encoded.count),
      ]
    case .histogram(let histogram):
      kind = "histogram"
      value = [
        "min": JSON(histogram.minimum), "max": JSON(histogram.maximum),
        "num": JSON(histogram.count), "sum": JSON(histogram.sum),
        "sum_squares": JSON(histogram.sumOfSquares),
        "bucket_limit": .array(histogram.limits.map { JSON($0) }),
        "bucket": .array(histogram.counts.map { JSON($0) }),
      ]
    case .tensor(let tensor):
      // TensorFlow 2 writes scalars as tensors.
      if tensor.dimensions.isEmpty, case .object(let members) = JSON(tensor),
        let scalar = members.first(where: { $0.name == "value" })
      {
        kind = "scalar"
        value = scalar.value
      } else {
        kind = "tensor"
        value = JSON(tensor)
      }
    case .other:
      kind = "other"
      value = .null
    }
  }

  func text(_ event: Event) -> String {
    let shown: String
    switch value {
    case .number(let number): shown = number
    case .string(let bytes): shown = String(decoding: bytes, as: UTF8.self)
    default: shown = value.description
    }
    return "\(event.step)\t\(tag ?? "(\(kind))")\t\(shown)"
  }

  func json(_ event: Event) -> JSON {
    [
      "step": JSON(event.step), "tag": tag.map { JSON($0) } ?? .null, "value": value,
      "kind": JSON(kind), "wall_time": JSON(event.wallTime),
    ]
  }
}
