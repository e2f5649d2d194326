import Foundation
import Nagare
import TestSupport
import Testing

/// `nagare train` and `nagare freeze` as processes.
@Suite struct TrainingTests {
  let folder: TemporaryFolder
  let tool: ToolProcess

  init() throws {
    folder = try TemporaryFolder()
    tool = try ToolProcess("nagare")
    let graph = Graph()
    graph.randomSeed = 3
    let x = try graph.randomNormal([64, 32])
    let y = try graph.randomNormal([64, 1])
    let w = try graph.variable(graph.glorotUniform([32, 1]), name: "w")
    let loss = try mean(squaredDifference(matmul(x, w.value), y), name: "loss")
    graph.addToCollection("losses", .name(loss.name))
    try AdamOptimizer(learningRate: 0.01).minimize(loss, globalStep: graph.globalStep())
    let saver = try Saver(graph, maximumToKeep: 3)
    let scale = try graph.placeholder(.float32, shape: [2, 32], name: "input")
    _ = try matmul(scale, w.value, name: "output")
    try MetaGraph(graph, saver: saver.definition).write(to: folder.path("train.pbtxt"))
  }

  private func arguments(_ run: String, _ more: [String] = []) -> [String] {
    [
      "train", folder.path("train.pbtxt"), "--train-dir", folder.path(run), "--max-step", "600",
      "--save-every", "20", "--summary-every", "10", "--quiet",
    ] + more
  }

  @Test func aKilledRunGoesOnAsIfItHadNotBeen() throws {
    let whole = try tool.run(arguments("whole", ["--threads", "2"]))
    #expect(whole.status == 0, "\(whole.error)")
    #expect(whole.output == folder.path("whole/model.ckpt-600\n"))
    var kills = 0
    while kills < 20 {
      let process = try tool.start(
        arguments("killed", ["--threads", "1"]), output: .nullDevice, error: .nullDevice)
      let end = Date.now.addingTimeInterval(.random(in: 0.05...0.6))
      while process.isRunning, Date.now < end { Thread.sleep(forTimeInterval: 0.002) }
      guard process.isRunning else {
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        break
      }
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      kills += 1
    }
    let rest = try tool.run(arguments("killed"))
    #expect(rest.status == 0, "\(rest.error)")
    #expect(kills > 0)
    for name in ["model.ckpt-600.index", "metrics.csv", "loss.svg", "report.html", "best", "last"] {
      #expect(
        try FileSystem.read(folder.path("whole/\(name)"))
          == FileSystem.read(folder.path("killed/\(name)")), "\(name) after \(kills) kills")
    }
    for name in try FileSystem.list(folder.path("whole")) where name.contains("-600.data") {
      #expect(
        try FileSystem.read(folder.path("whole/\(name)"))
          == FileSystem.read(folder.path("killed/\(name)")), "\(name) after \(kills) kills")
    }
  }

  /// Killed between its last checkpoint and what follows that, a run has no step left to make it up in.
  @Test func whatFollowsTheLastCheckpointIsMadeUpFor() throws {
    let whole = try tool.run(arguments("run"))
    #expect(whole.status == 0, "\(whole.error)")
    let names = ["checkpoint", "last", "loss.svg", "report.html"]
    func contents() throws -> [[UInt8]] {
      try names.map { try FileSystem.read(folder.path("run/\($0)")) }
    }
    func files() throws -> [String] {
      try FileSystem.list(folder.path("run")).filter { !$0.hasPrefix("events.") }.sorted()
    }
    let (before, filesBefore) = (try contents(), try files())
    let last = String(decoding: try FileSystem.read(folder.path("run/last")), as: UTF8.self)
    let older = Data(last.replacing("ckpt-600", with: "ckpt-580").utf8)
    try older.write(to: URL(filePath: folder.path("run/last")))
    for name in ["loss.svg", "report.html"] {
      try FileManager.default.removeItem(atPath: folder.path("run/\(name)"))
    }
    for name in filesBefore where name.hasPrefix("model.ckpt-580.") {
      let tooOld = name.replacing("ckpt-580", with: "ckpt-20")
      try FileManager.default.copyItem(
        atPath: folder.path("run/\(name)"), toPath: folder.path("run/\(tooOld)"))
    }
    let again = try tool.run(arguments("run"))
    #expect(again.status == 0, "\(again.error)")
    #expect(try contents() == before)
    #expect(try files() == filesBefore)
  }

  @Test func aTrainedGraphIsFrozen() throws {
    let trained = try tool.run(arguments("run"))
    #expect(trained.status == 0, "\(trained.error)")
    let graph = folder.path("train.pbtxt")
    let frozen = folder.path("frozen.pb")
    let result = try tool(
      "freeze", graph, folder.path("run/best"), "--fetch", "output", "--output", frozen)
    #expect(result.status == 0, "\(result.error)")
    let row = "[" + (0..<32).map { "\($0)" }.joined(separator: ",") + "]"
    let feed = "input=[\(row),\(row)]"
    let ours = try tool("run", frozen, "--feed", feed, "--fetch", "output")
    let theirs = try tool(
      "run", graph, "--checkpoint", folder.path("run/best"), "--feed", feed, "--fetch", "output")
    #expect(ours.status == 0, "\(ours.error)")
    #expect(ours.output == theirs.output)
    #expect(try !Graph(contentsOf: frozen).nodes.contains { $0.type == "VarHandleOp" })
  }

  @Test func wrongUsageIsRefused() throws {
    for (arguments, word) in [
      (
        [
          "train", folder.path("train.pbtxt"), "--train-dir", folder.path("x"), "--save-every", "0",
        ], "at least 1"
      ),
      (
        [
          "train", folder.path("train.pbtxt"), "--train-dir", folder.path("x"), "--target",
          "nothing",
        ], "nothing"
      ),
      (["freeze", folder.path("train.pbtxt"), folder.path("x"), "--output", "y"], "--fetch"),
    ] {
      let result = try tool.run(arguments)
      #expect(result.status == 64)
      #expect(result.error.contains(word), "\(result.error)")
    }
  }
}
