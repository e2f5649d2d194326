import ArgumentParser
import Nagare

struct RecordsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "records",
    abstract: "List, verify and export the records of a TFRecord file.",
    discussion: """
      Plain, GZIP and ZLIB files are told apart by content. Every record's checksums are verified. \
      Records that are a tf.train.Example are shown as their features. With --output-dir each \
      becomes one file record_N, in six digits from 0, ending in .pb for an Example, .bin for \
      anything else.
      """)

  @Argument(help: ArgumentHelp("A TFRecord file.", valueName: "file"))
  var file: String

  @Option(help: ArgumentHelp("A folder for the records, one file each.", valueName: "dir"))
  var outputDir: String?

  @Flag(help: "Print JSON, one object a line.")
  var json = false

  @OptionGroup var logging: LogOptions

  func run() throws {
    let reader = try during(.reading) { () throws(GraphError) in try RecordReader(file) }
    if let outputDir {
      try during(.writing) { () throws(GraphError) in try FileSystem.createFolder(outputDir) }
    }
    Interruption.beginPolling()
    var index = 0
    var offset = 0
    var byteCount = 0
    while let record = try during(.reading, { () throws(GraphError) in try reader.next() }) {
      if Interruption.isRequested { throw Interruption.error }
      let example = RecordExample(record)
      var path: String?
      if let outputDir {
        let digits = String(index)
        let name = "record_" + String(repeating: "0", count: max(0, 6 - digits.utf8.count)) + digits
        let target = FileSystem.join(outputDir, name + (example == nil ? ".bin" : ".pb"))
        try during(.writing) { () throws(GraphError) in
          try FileSystem.write(record, to: target)
        }
        path = target
      }
      if json {
        let line: JSON = [
          "record": JSON(index), "offset": JSON(offset), "bytes": JSON(record.count),
          "example": example?.json ?? .null, "file": path.map { JSON($0) } ?? .null,
        ]
        try StandardOutput.line(line.description)
      } else {
        try StandardOutput.line(
          "record \(index)  \(record.count) bytes at \(offset)" + (path.map { "  \($0)" } ?? ""))
        for line in example?.lines ?? [] { try StandardOutput.line("  \(line)") }
      }
      index += 1
      byteCount += record.count
      offset = reader.offset
    }
    if !json {
      let compression =
        reader.compression == .none ? "" : ", compressed with \(reader.compression.rawValue)"
      try StandardOutput.line(
        "\(index) records, \(byteCount) bytes\(compression), every checksum is right")
    }
  }
}

/// A record that is a `tf.train.Example` with at least one feature.
private struct RecordExample {
  private let features: [(name: String, value: Example.Feature)]

  init?(_ record: [UInt8]) {
    guard let example = try? Example(parsing: record), !example.features.isEmpty,
      // Bytes of another kind may decode by chance, to names that nobody gives.
      example.features.keys.allSatisfy({ name in
        !name.isEmpty
          && name.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
      })
    else { return nil }
    features = example.features.map { (name: $0.key, value: $0.value) }.sorted { $0.name < $1.name }
  }

  /// One line a feature: name, kind, number of values, and the first of them.
  var lines: [String] {
    let rows = features.map { name, value in
      let (kind, count, shown) = Self.summary(value)
      return [name, "\(kind)[\(count)]", shown]
    }
    return Table.lines(rows)
  }

  var json: JSON {
    .object(
      features.map { name, value in
        let (kind, count, _) = Self.summary(value)
        let values: JSON =
          switch value {
          case .strings(let list):
            // Pictures and such are for --output-dir.
            .array(list.map { $0.count > 256 ? ["bytes": JSON($0.count)] : .string($0) })
          case .floats(let list): .array(list.map { JSON($0) })
          case .integers(let list): .array(list.map { JSON($0) })
          }
        return JSON.Member(
          name: name, value: ["kind": JSON(kind), "count": JSON(count), "value": values])
      })
  }

  private static func summary(
    _ value: Example.Feature
  ) -> (kind: String, count: Int, shown: String) {
    let limit = 6
    func joined(_ items: [String], of count: Int) -> String {
      items.joined(separator: " ") + (count > items.count ? " …" : "")
    }
    switch value {
    case .strings(let list):
      let items = list.prefix(3).map { bytes in
        bytes.count <= 60 && String(validating: bytes, as: UTF8.self) != nil
          ? JSON.string(bytes).description : "<\(bytes.count) bytes>"
      }
      return ("bytes", list.count, joined(items, of: list.count))
    case .floats(let list):
      return ("float", list.count, joined(list.prefix(limit).map { "\($0)" }, of: list.count))
    case .integers(let list):
      return ("int64", list.count, joined(list.prefix(limit).map { "\($0)" }, of: list.count))
    }
  }
}
