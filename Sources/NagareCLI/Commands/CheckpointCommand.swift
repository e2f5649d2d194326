import ArgumentParser
import Nagare

struct CheckpointCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "checkpoint",
    abstract: "List, verify and export the tensors of a checkpoint.",
    discussion: """
      Every tensor is read and its checksum verified. With --output-dir each becomes one .npy file, \
      named after the tensor with '_' for every character outside letters, digits, '.', '_' and '-'.
      """)

  @Argument(
    help: ArgumentHelp(
      "A checkpoint in TensorFlow's V2 format: its prefix, one of its files, or its folder.",
      valueName: "prefix"))
  var prefix: String

  @Option(help: ArgumentHelp("A folder for the tensors, as .npy files.", valueName: "dir"))
  var outputDir: String?

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup var logging: LogOptions

  func run() throws {
    let log = logging.log
    let checkpoint = try during(.reading) { () throws(GraphError) in try Checkpoint(prefix) }
    if let outputDir {
      try Results.checkFileNames(checkpoint.entries.map(\.name))
      try during(.writing) { () throws(GraphError) in try FileSystem.createFolder(outputDir) }
    }
    if !json { try list(checkpoint) }
    var damaged: [ToolError] = []
    var members: [JSON] = []
    var byteCount = 0
    for entry in checkpoint.entries {
      var file: String?
      do throws(ToolError) {
        let value = try during(.reading) { () throws(GraphError) in
          try checkpoint.tensor(named: entry.name)
        }
        byteCount += value.withUnsafeBytes(\.count) + value.strings.reduce(0) { $0 + $1.count }
        if let outputDir {
          let path = FileSystem.join(outputDir, Results.fileName(entry.name))
          do throws(GraphError) {
            try NumPy.write(value, to: path)
            file = path
          } catch {
            // NumPy has no room for some byte strings; the others are worth having.
            guard error.code == .invalidArgument || error.code == .unimplemented else {
              throw ToolError(error, while: .writing)
            }
            log.warning("'\(entry.name)' is not exported: \(error.message)")
          }
        }
      } catch {
        guard error.code == .badData || error.code == .noInput else { throw error }
        damaged.append(ToolError(.badData, error.message))
      }
      members.append([
        "name": JSON(entry.name), "dtype": JSON(entry.dataType.name),
        "shape": .array(entry.dimensions.map { JSON($0) }), "slices": JSON(entry.sliceCount),
        "intact": .bool(!damaged.contains { $0.message.contains("'\(entry.name)'") }),
        "file": file.map { JSON($0) } ?? .null,
      ])
    }
    if json {
      let result: JSON = [
        "prefix": JSON(checkpoint.prefix), "intact": .bool(damaged.isEmpty),
        "bytes": JSON(byteCount), "tensors": .array(members),
      ]
      try StandardOutput.line(result.indented)
    } else if damaged.isEmpty {
      try StandardOutput.line(
        "\(checkpoint.entries.count) tensors, \(byteCount) bytes, every checksum is right")
    }
    if let first = damaged.first {
      throw ToolError(
        .badData,
        first.message + (damaged.count > 1 ? " (and \(damaged.count - 1) more tensors)" : ""))
    }
  }

  private func list(_ checkpoint: Checkpoint) throws {
    let rows = checkpoint.entries.map { entry in
      [entry.name, entry.dataType.name, Shape(entry.dimensions).tupleDescription]
        + (entry.sliceCount > 0 ? ["in \(entry.sliceCount) slices"] : [])
    }
    for line in Table.lines(rows) { try StandardOutput.line(line) }
  }
}
