import Foundation
import Nagare
import TestSupport
import Testing

/// The tool as a user runs it, in a folder with files of every kind.
@Suite struct CommandTests {
  let files: Fixtures
  let tool: ToolProcess

  init() throws {
    files = try Fixtures()
    tool = try ToolProcess("nagare")
  }

  private func run(_ arguments: String..., input: String = "") throws -> ToolResult {
    try tool.run(arguments, input: input, folder: files.folder.path)
  }

  /// The JSON of standard output, which must be all there is.
  private func json(_ arguments: String...) throws -> NSDictionary {
    let result = try tool.run(arguments, folder: files.folder.path)
    #expect(result.status == 0, "\(result.error)")
    let value = try JSONSerialization.jsonObject(with: Data(result.output.utf8))
    return try #require(value as? NSDictionary)
  }

  // MARK: - run

  @Test(arguments: ["graph.pb", "graph.pbtxt", "graph.meta"])
  func runPrintsValuesAsTensorFlowDoes(graph: String) throws {
    let result = try run(
      "run", graph, "--feed", "x=[1,2]", "--feed", "y=[0.5, 3]", "--fetch", "sum", "--fetch",
      "loss:0")
    #expect(result.status == 0)
    #expect(result.output == "[1.5 5. ]\n27.25\n")
    #expect(result.error == "")
  }

  static let feeds: [(String, String, String?)] = [
    ("x=(1, 2.)", "sum", "[2. 4.]\n"), ("x=[1 2]", "sum", "[2. 4.]\n"),
    ("x=array.npy", "sum", "[4. 6.]\n"), ("x=one.npz", "sum", "[8. 9.]\n"),
    ("x=two.npz:b", "sum", "[6. 7.]\n"), ("x=[nan, -inf]", "sum", "[ nan -inf]\n"),
    ("text=\"a\\\"b\"", "text_out", "b'a\"b'\n"), ("text=b'\\xff'", "text_out", "b'\\xff'\n"),
    ("text=流れ", "text_out", nil),
    ("text=\"流れ\"", "text_out", "b'\\xe6\\xb5\\x81\\xe3\\x82\\x8c'\n"),
    ("small=[-128,127]", "small_out", "[-128  127]\n"), ("small=2.0", "small_out", "2\n"),
    ("small=128", "small_out", nil), ("small=1.5", "small_out", nil),
    ("small=fraction.npy", "small_out", nil), ("small=array.npy", "small_out", "[3 4]\n"),
    ("small=true", "small_out", nil), ("small=nan", "small_out", nil),
    ("long=9223372036854775807", "long_out", "9223372036854775807\n"),
    ("long=9223372036854775808", "long_out", nil), ("long=1e400", "long_out", nil),
    ("half=0.1", "half_out", "0.1\n"), ("half=70000", "half_out", nil),
    ("double=0.1", "double_out", "0.1\n"), ("double=1e999", "double_out", nil),
    ("flag=[true, False, 1]", "flag_out", "[ True False  True]\n"), ("flag=2", "flag_out", nil),
    ("long=[[1,2],[3,4]]", "long_out", "[[1 2]\n [3 4]]\n"), ("long=[]", "long_out", "[]\n"),
    ("long=[[1,2],[3]]", "long_out", nil), ("long=[1,[2]]", "long_out", nil),
    ("long={}", "long_out", nil), ("long=", "long_out", nil), ("long=1 2", "long_out", nil),
  ]

  @Test(arguments: feeds)
  func feedsAreConvertedWhenNothingIsLost(feed: String, fetch: String, expected: String?) throws {
    let rest = fetch == "sum" ? ["--feed", "y=[1,2]"] : []
    let result = try tool.run(
      ["run", "graph.pb", "--feed", feed, "--fetch", fetch] + rest, folder: files.folder.path)
    if let expected {
      #expect(result.status == 0, "\(result.error)")
      #expect(result.output == expected)
    } else {
      #expect(result.status == 64)
      #expect(result.output == "")
      #expect(result.error.hasPrefix("nagare: error: "), "\(result.error)")
    }
  }

  @Test func picturesFitTheirPlaceholder() throws {
    let image = try json(
      "run", "graph.pb", "--feed", "image=picture.png", "--fetch", "image_out", "--json")
    let value = try #require(image["image_out"] as? NSDictionary)
    #expect(value["shape"] as? [Int] == [1, 5, 7, 3])
    #expect(value["dtype"] as? String == "float32")
    let gray = try json(
      "run", "graph.pb", "--feed", "gray=picture.jpg", "--fetch", "gray_out", "--json")
    #expect((gray["gray_out"] as? NSDictionary)?["shape"] as? [Int] == [5, 7])
    let result = try run("run", "graph.pb", "--feed", "bytes=picture.png", "--fetch", "bytes_out")
    #expect(result.output.hasPrefix("[b'\\x89PNG"))
    #expect(result.error.contains("picture.png"))
    let quiet = try run(
      "run", "graph.pb", "--feed", "bytes=picture.png", "--fetch", "bytes_out", "--quiet")
    #expect(quiet.error == "")
  }

  @Test func fetchesBecomeFiles() throws {
    let result = try run(
      "run", "graph.pb", "--feed", "x=[1]", "--feed", "y=[2]", "--fetch", "sum:0", "--fetch", "sum",
      "--output-dir", "a/b")
    #expect(result.status == 0)
    #expect(try NumPy.read(files.path("a/b/sum_0.npy")) == Tensor([Float(3)]))
    #expect(try FileSystem.list(files.path("a/b")) == ["sum.npy", "sum_0.npy"])
    let asJSON = try json(
      "run", "graph.pb", "--feed", "x=[1]", "--feed", "y=[2]", "--fetch", "sum", "--output-dir",
      "c",
      "--json")
    #expect((asJSON["sum"] as? NSDictionary)?["file"] as? String == "c/sum.npy")
  }

  @Test func checkpointGivesVariablesTheirValues() throws {
    for checkpoint in ["model.ckpt-3", "model.ckpt-3.index", ".", "checkpoint"] {
      let result = try run("run", "graph.pb", "--fetch", "more", "--checkpoint", checkpoint)
      #expect(result.output == "[11. 21.]\n", "\(result.error)")
    }
    let without = try run("run", "graph.pb", "--fetch", "more")
    #expect(without.status == 1)
    let none = try run("run", "graph.pb", "--fetch", "more", "--checkpoint", "model")
    #expect(none.status == 66)
    #expect(none.error.contains("model.ckpt-3"))
  }

  // MARK: - session

  @Test func sessionRunsTheStepsOfAScript() throws {
    let result = try run("session", "graph.pb", "--script", "steps.json")
    #expect(result.status == 0, "\(result.error)")
    #expect(result.output == "[1. 2.]\n[4. 6.]\n[2. 3.]\n")
    let written = try run(
      "session", "graph.pb", "--script", "steps.json", "--output-dir", "out")
    #expect(written.status == 0)
    #expect(try FileSystem.list(files.path("out")) == ["step_1", "step_2", "step_3"])
    #expect(try NumPy.read(files.path("out/step_3/old_read.npy")) == Tensor([Float(2), 3]))
  }

  static let badScripts: [(String, Int32)] = [
    ("{", 65), ("[]", 65), ("{\"steps\": 3}", 65), ("{\"steps\": [{}]}", 65),
    ("{\"steps\": [{\"fetch\": [\"sum\"]}]}", 65), ("{\"steps\": [{\"fetches\": \"sum\"}]}", 65),
    ("{\"steps\": [{\"fetches\": [\"none\"]}]}", 64),
    ("{\"steps\": [{\"fetches\": [\"sum\"], \"feeds\": {\"x\": \"none.npy\", \"y\": [1]}}]}", 66),
    ("{\"steps\": [{\"fetches\": [\"sum\"], \"feeds\": {\"x\": [1,2], \"y\": [1,2,3]}}]}", 1),
  ]

  @Test(arguments: badScripts)
  func sessionRefusesScripts(script: String, status: Int32) throws {
    try files.write("bad.json", script)
    let result = try run("session", "graph.pb", "--script", "bad.json")
    #expect(result.status == status, "\(result.error)")
    #expect(result.error.hasPrefix("nagare: error: "))
  }

  @Test func sessionReadsCommandsFromAPipe() throws {
    let commands = """
      target init
      run
      fetch old/read
      target step
      run

      run old/read
      feed x=[1,2]
      feed y=[3,4]
      run sum
      quit
      run sum
      """
    let result = try run("session", "graph.pb", input: commands)
    #expect(result.status == 0, "\(result.error)")
    #expect(result.output.hasSuffix("[2. 3.]\n[4. 6.]\n"))
    let wrong = try run("session", "graph.pb", input: "run sum\n")
    #expect(wrong.status == 1)
    #expect(try run("session", "graph.pb", input: "fetch sun\n").status == 64)
    #expect(try run("session", "graph.pb", input: "help\n").output.contains("feed NAME=VALUE"))
  }

  // MARK: - gradients

  @Test func gradientsRunOrAreWritten() throws {
    let result = try run(
      "gradients", "graph.pb", "--of", "loss", "--with-respect-to", "x", "y", "--feed", "x=[1,2]",
      "--feed", "y=[3,4]")
    #expect(result.output == "[ 8. 12.]\n[ 8. 12.]\n", "\(result.error)")
    let none = try run(
      "gradients", "graph.pb", "--of", "loss", "--with-respect-to", "half", "--json")
    #expect(none.output == "{\"half\": null}\n")
    #expect(none.error.contains("does not depend"))
    for output in ["with.pb", "with.pbtxt", "with.meta"] {
      let written = try run(
        "gradients", "graph.pb", "--of", "loss", "--with-respect-to", "x", "--output", output)
      #expect(written.status == 0, "\(written.error)")
      let name = try #require(written.output.split(separator: " ").last).dropLast()
      let again = try run(
        "run", output, "--feed", "x=[1,2]", "--feed", "y=[3,4]", "--fetch", String(name))
      #expect(again.output == "[ 8. 12.]\n", "\(again.error)")
    }
    #expect(
      try run("gradients", "graph.pb", "--of", "flag", "--with-respect-to", "x").status == 1)
  }

  // MARK: - Files

  @Test func inspectTellsWhatAGraphHolds() throws {
    let contents = try json("inspect", "graph.pb", "--json")
    #expect((contents["inputs"] as? [NSDictionary])?.count == 11)
    #expect((contents["ops"] as? NSDictionary)?["Mul"] as? Int == 1)
    #expect((contents["parameters"] as? NSDictionary)?["values"] as? Int == 4)
    #expect((contents["missing_ops"] as? NSDictionary)?.count == 0)
    let text = try run("inspect", "graph.pbtxt")
    #expect(text.output.contains("image:0   float32  (?, ?, ?, 3)"))
    try files.write("strange.pbtxt", "node { name: \"a\" op: \"NoSuchOp\" }")
    #expect(try run("inspect", "strange.pbtxt").output.contains("NoSuchOp"))
    let strange = try run("run", "strange.pbtxt", "--fetch", "a")
    #expect(strange.status == 1 || strange.status == 64)
  }

  @Test func inspectTellsHowAGraphIsRun() throws {
    let text = try run("inspect", "graph.pb", "--plan", "--fetch", "loss").output
    #expect(text.contains("square with sum"))
    #expect(text.contains("fuse-elementwise: 1 nodes"))
    #expect(text.contains("not known before a run"))
    let plan = try json(
      "inspect", "graph.pb", "--plan", "--fetch", "loss", "--feed", "x=random:8", "--feed",
      "y=random:8", "--json")
    let units = try #require(plan["units"] as? [NSDictionary])
    #expect(units.map { $0["op"] as? String } == ["_FusedElementwise", "Sum"])
    #expect(units.map { $0["node"] as? String } == ["square", "loss"])
    let output = try #require((units[0]["outputs"] as? [NSDictionary])?.first)
    #expect(output["bytes"] as? Int == 32 && output["shape"] as? [Int] == [8])
    #expect(units[1]["released"] as? [String] == ["square:0"])
    #expect(plan["complete"] as? Bool == true)
    #expect(try run("inspect", "graph.pb", "--fetch", "loss").status == 64)
  }

  @Test func convertKeepsTheGraph() throws {
    for (input, output) in [
      ("graph.pb", "1.pbtxt"), ("1.pbtxt", "2.meta"), ("2.meta", "3.meta.pbtxt"),
      ("3.meta.pbtxt", "4.pb"),
    ] {
      #expect(try run("convert", input, output).status == 0)
    }
    #expect(try files.bytes("4.pb") == files.bytes("graph.pb"))
    #expect(try run("convert", "graph.pb", "graph.json").status == 64)
    #expect(try run("convert", "graph.pb", "no/such/folder.pb").status == 73)
  }

  @Test func checkpointListsVerifiesAndExports() throws {
    let result = try run("checkpoint", "model.ckpt-3", "--output-dir", "exported")
    #expect(result.status == 0)
    #expect(result.output.contains("old  float32  (2,)"))
    #expect(try NumPy.read(files.path("exported/w.npy")) == Tensor([Float(10), 20]))
    let contents = try json("checkpoint", ".", "--json")
    #expect(contents["intact"] as? Bool == true)
    #expect((contents["tensors"] as? [NSDictionary])?.count == 2)
  }

  @Test(arguments: ["plain.tfrecord", "packed.tfrecord"])
  func recordsListsVerifiesAndExports(file: String) throws {
    let result = try run("records", file, "--output-dir", "exported")
    #expect(result.status == 0)
    #expect(result.output.contains("values  float[2]  1.0 2.5"), "\(result.output)")
    #expect(try files.bytes("exported/record_000001.bin") == Array("not an example".utf8))
    let lines = try run("records", file, "--json").output.split(separator: "\n")
    #expect(lines.count == 2)
    let first = try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? NSDictionary
    #expect((first?["example"] as? NSDictionary)?.count == 3)
  }

  @Test func eventsPrintsLines() throws {
    let result = try run("events", "events")
    #expect(result.output.contains("\n2\tloss\t0.33333334\n"))
    let lines = try run("events", try files.eventFile, "--json").output.split(separator: "\n")
    let entries = try lines.map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? NSDictionary)
    }
    let losses = entries.filter { $0["tag"] as? String == "loss" }
    #expect(losses.map { $0["step"] as? Int } == [0, 1, 2])
    #expect(losses.map { $0["value"] as? Double } == [1, 0.5, 0.33333334])
  }

  @Test func opsAndDoctorDescribeTheEngine() throws {
    let result = try run("ops", "--json")
    let list = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [NSDictionary]
    let add = try #require(list?.first { $0["name"] as? String == "AddV2" })
    #expect(add["gradient"] as? Bool == true)
    #expect(try run("ops", "addv2").output.hasPrefix("AddV2(x: T, y: T) -> (z: T)  [gradient]"))
    #expect(try json("doctor", "--json")["threads"] as? Int ?? 0 > 0)
    #expect(try json("doctor", "--json", "--threads", "3")["threads"] as? Int == 3)
  }

  @Test func datasetsAreGeneratedAndPacked() throws {
    let generated = try run("dataset", "generate", "scenes", "--count", "11", "--seed", "7")
    #expect(generated.status == 0, "\(generated.error)")
    #expect(generated.output == "")
    let packed = try run(
      "dataset", "pack", "scenes", "--output", "test.tfrecord", "--split", "test", "--quiet")
    #expect(packed.output.hasPrefix("test.tfrecord: 1 pictures with "), "\(packed.error)")
    #expect(packed.error == "")
    #expect(
      try run(
        "dataset", "pack", "scenes", "--output", "train.tfrecord", "--split", "train", "--gzip"
      )
      .status == 0)
    #expect(
      try run("records", "train.tfrecord").output.contains("10 records"))
    #expect(try run("dataset", "pack", "nowhere", "--output", "x.tfrecord").status == 66)
    #expect(try run("dataset", "pack", "events", "--output", "x.tfrecord").status == 65)
    #expect(try run("dataset", "pack", "scenes", "--output", "no/x.tfrecord").status == 73)
    #expect(try run("dataset", "generate", "graph.pb", "--count", "1", "--seed", "1").status == 73)
    #expect(try run("dataset", "generate", "x", "--count", "0", "--seed", "1").status == 64)
  }

  @Test func theMultiScaleDetectorFromScenesToReport() throws {
    #expect(try run("dataset", "generate", "scenes", "--count", "3", "--seed", "7").status == 0)
    for detector in ["grid", "multibox"] {
      let packed = try run(
        "dataset", "pack", "scenes", "--output", "\(detector).tfrecord", "--detector", detector,
        "--matching", "0.4")
      #expect(packed.status == 0, "\(packed.error)")
    }
    let train = [
      "detect", "train", "--train-dir", "run", "--detector", "multibox", "--width", "0.0625",
      "--batch-size", "2", "--max-step", "2", "--mining", "sample", "--data",
    ]
    let folder = files.folder.path
    let refused = try tool.run(train + ["grid.tfrecord"], folder: folder)
    #expect(refused.status == 65 && refused.error.contains("441 boxes"), "\(refused.error)")
    let trained = try tool.run(train + ["multibox.tfrecord"], folder: folder)
    #expect(trained.status == 0 && trained.output == "run/model.ckpt-2\n", "\(trained.error)")

    func text(_ name: String) throws -> String {
      try String(contentsOfFile: files.folder.path(name), encoding: .utf8)
    }
    #expect(
      try text("run/metrics.csv").hasPrefix(
        "step,loss,model1_label_loss,model1_loc_loss,learning_rate\n"))
    #expect(try text("run/settings.json").contains("\"mining\" : \"sample\""))
    let report = try text("run/report.html")
    #expect(report.components(separatedBy: "data:image/jpeg;base64,").count == 4)
    #expect(report.components(separatedBy: "data:image/svg+xml;base64,").count == 4)
    for words in ["Multi-scale detector", "AP@0.5:0.95", "options.seed", "version", "processors"] {
      #expect(report.contains(words), "\(words)")
    }

    let measured = try json(
      "detect", "evaluate", "--data", "multibox.tfrecord", "--train-path", "run", "--json",
      "--merging", "suppress", "--merging-overlap", "0.5", "--output-dir", "measured")
    #expect(measured["pictures"] as? Int == 3)
    #expect(measured["coco_mean_average_precision"] is Double)
    #expect(try text("measured/precision-recall.svg").hasPrefix("<svg"))
    #expect(try text("measured/evaluation.txt").hasPrefix("class"))
    let found = try run(
      "detect", "predict", "--image-dir", "scenes/images", "--output-dir", "found", "--train-path",
      "run", "--threshold", "0.01", "--merging", "weighted")
    #expect(found.status == 0 && found.output.split(separator: "\n").count == 3, "\(found.error)")
    #expect(
      try run(
        "detect", "evaluate", "--data", "grid.tfrecord", "--train-path", "run"
      ).status == 65)
    #expect(
      try run(
        "detect", "predict", "--image-dir", "scenes", "--output-dir", "found", "--train-path",
        "run", "--merging-overlap", "2"
      ).status == 64)
  }
}
