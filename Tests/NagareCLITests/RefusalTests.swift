import Foundation
import Nagare
import TestSupport
import Testing

/// Whatever is in a file or on the command line, the tool says one line and exits with its code.
@Suite struct RefusalTests {
  let files: Fixtures
  let tool: ToolProcess

  init() throws {
    files = try Fixtures()
    tool = try ToolProcess("nagare")
  }

  private func run(_ arguments: [String]) throws -> ToolResult {
    try tool.run(arguments, folder: files.folder.path)
  }

  static let refusals: [([String], Int32)] = [
    (["run", "none.pb", "--fetch", "x"], 66), (["run", ".", "--fetch", "x"], 66),
    (["run", "graph.pb", "--fetch", "sun"], 64), (["run", "graph.pb", "--fetch", "sum:1"], 64),
    (["run", "graph.pb", "--fetch", "init"], 64), (["run", "graph.pb"], 64),
    (["run", "graph.pb", "--target", "nothing"], 64),
    (["run", "graph.pb", "--fetch", "sum"], 1),
    (["run", "graph.pb", "--fetch", "sum", "--feed", "x"], 64),
    (["run", "graph.pb", "--fetch", "sum", "--feed", "x=[1]", "--feed", "x:0=[2]"], 64),
    (["run", "graph.pb", "--fetch", "sum", "--feed", "x=none.npy"], 66),
    (["run", "graph.pb", "--fetch", "sum", "--feed", "x=none.png"], 66),
    (["run", "graph.pb", "--fetch", "sum", "--feed", "x=[[1]]", "--feed", "y=[1]"], 1),
    (["run", "graph.pb", "--fetch", "sum", "--feed", "x=two.npz", "--feed", "y=[1]"], 64),
    (["run", "graph.pb", "--fetch", "more", "--checkpoint", "events"], 66),
    (
      [
        "run", "graph.pb", "--fetch", "text_out", "--feed", "text=\"a\"", "--output-dir",
        "graph.pb",
      ], 73
    ),
    (["run", "plain.tfrecord", "--fetch", "x"], 65), (["inspect", "array.npy"], 65),
    (["checkpoint", "graph.pb"], 66), (["records", "graph.pb"], 65), (["events", "graph.pb"], 65),
    (["records", "none"], 66), (["events", "none"], 66), (["checkpoint", "none/model"], 66),
    (["convert", "none.pb", "x.pb"], 66),
  ]

  @Test(arguments: refusals)
  func refusalsAreOneLine(arguments: [String], status: Int32) throws {
    let result = try run(arguments)
    #expect(result.status == status, "\(result.error)")
    #expect(result.error.hasPrefix("nagare: error: "), "\(result.error)")
    #expect(result.error.count { $0 == "\n" } == 1, "\(result.error)")
    #expect(result.output == "")
  }

  static let wrongUsages: [[String]] = [
    ["run"], ["run", "graph.pb", "--threads", "0"], ["run", "graph.pb", "--no-such-flag"],
    ["nothing"], ["run", "graph.pb", "--quiet", "--verbose", "--fetch", "x"],
    ["gradients", "graph.pb", "--of", "loss"], ["dataset", "generate", "x", "--count", "1.5"],
  ]

  @Test(arguments: wrongUsages)
  func wrongUsageIsExplained(arguments: [String]) throws {
    let result = try run(arguments)
    #expect(result.status == 64)
    #expect(result.error.hasPrefix("nagare: error: "))
    #expect(result.error.contains("Usage: nagare"))
    #expect(result.output == "")
  }

  @Test func refusalsSayWhatWasMeant() throws {
    #expect(try run(["run", "graph.pb", "--fetch", "SUM"]).error.contains("did you mean 'sum'"))
    #expect(try run(["run", "graph.pb", "--fetch", "lss"]).error.contains("did you mean 'loss'"))
    #expect(try run(["run", "graph.pb", "--fetch", "init"]).error.contains("--target init"))
    #expect(
      try run(["inspect", "plain.tfrecord"]).error.contains("'nagare records'"))
    #expect(try run(["inspect", "model.ckpt-3.index"]).error.contains("'nagare checkpoint'"))
  }

  /// A file that the tool reads, the arguments by which it does, and the codes that damage may have.
  struct Reading: Sendable, CustomTestStringConvertible {
    var file: String
    var arguments: [String]
    /// When the file is cut off.
    var truncated: Set<Int32> = [65]
    /// When a bit is flipped: some mean something else, and some nothing.
    var flipped: Set<Int32> = [0, 65]
    var testDescription: String { "\(file): \(arguments[0])" }
  }

  static let readings = [
    Reading(
      file: "graph.pb",
      arguments: [
        "run", "FILE", "--fetch", "loss", "--feed", "x=[1,2]", "--feed", "y=[3,4]",
      ], flipped: [0, 1, 64, 65]),
    // A text that ends between two nodes is a smaller graph.
    Reading(file: "graph.pbtxt", arguments: ["inspect", "FILE"], truncated: [0, 65]),
    Reading(file: "graph.meta", arguments: ["inspect", "FILE"]),
    Reading(file: "model.ckpt-3.index", arguments: ["checkpoint", "model.ckpt-3"]),
    Reading(file: "model.ckpt-3.data-00000-of-00001", arguments: ["checkpoint", "model.ckpt-3"]),
    Reading(
      file: "model.ckpt-3.data-00000-of-00001",
      arguments: ["run", "graph.pb", "--checkpoint", "model.ckpt-3", "--fetch", "more"]),
    Reading(file: "plain.tfrecord", arguments: ["records", "FILE"]),
    Reading(file: "packed.tfrecord", arguments: ["records", "FILE"]),
    Reading(
      file: "array.npy",
      arguments: ["run", "graph.pb", "--feed", "long=FILE", "--fetch", "long_out"],
      flipped: [0, 64, 65]),
    Reading(
      file: "one.npz",
      arguments: ["run", "graph.pb", "--feed", "double=FILE", "--fetch", "double_out"],
      flipped: [0, 64, 65]),
    Reading(
      file: "picture.png",
      arguments: ["run", "graph.pb", "--feed", "image=FILE", "--fetch", "image_out"]),
    // A JPEG has no checksums, and its decoder makes up what is missing at its end.
    Reading(
      file: "picture.jpg",
      arguments: ["run", "graph.pb", "--feed", "image=FILE", "--fetch", "image_out"],
      truncated: [0, 65]),
    Reading(
      file: "steps.json", arguments: ["session", "graph.pb", "--script", "FILE"],
      flipped: [0, 1, 64, 65, 66]),
  ]

  @Test(arguments: readings)
  func damagedFilesAreRefused(reading: Reading) throws {
    let whole = try files.bytes(reading.file)
    let arguments = reading.arguments.map {
      $0.replacingOccurrences(of: "FILE", with: reading.file)
    }
    func check(_ bytes: [UInt8], _ allowed: Set<Int32>, _ damage: String) throws {
      try FileSystem.write(bytes, to: files.path(reading.file))
      let result = try run(arguments)
      let status = try #require(result.status, "\(damage): ended by a signal")
      #expect(allowed.contains(status), "\(damage): \(status) \(result.error)")
      if status != 0 {
        let lines = result.error.split(separator: "\n").filter { !$0.hasPrefix("nagare: warning") }
        let isOneLine = lines.count { $0.hasPrefix("nagare: error: ") } == 1
        #expect(isOneLine, "\(damage): \(result.error)")
      }
    }
    for part in 0..<8 {
      let count = whole.count * part / 8
      // A binary graph may end between two nodes, too.
      let isCut = reading.file == "graph.pb" ? reading.flipped : reading.truncated
      // Without a record there is nothing that could be cut off.
      let isEmpty: Set<Int32> = count == 0 ? [0, 65] : []
      try check(Array(whole.prefix(count)), isCut.union(isEmpty), "the first \(count) bytes")
    }
    for number in 0..<16 {
      // Spread over the file, and the same in every run.
      let place = (number * 2 + 1) * whole.count / 32
      let bit = UInt8(1) << UInt8(number * 5 % 8)
      var bytes = whole
      bytes[place] ^= bit
      try check(bytes, reading.flipped, "byte \(place) ^ \(bit)")
    }
  }
}
