import TestSupport
import Testing

/// The programs of `Examples`, run.
struct ExampleTests {
  @Test(arguments: [
    ("addition", "Tensor(\"Add:0\", shape=(), dtype=int32)\n5\n"),
    ("broadcasting", "[6 7 8 9]\n"),
  ])
  func prints(name: String, expected: String) throws {
    #expect(try Self.run(name) == expected)
  }

  @Test func reshapeInfersAndRefuses() throws {
    let output = try Self.run("reshape")
    #expect(output.hasPrefix("(100,)\n(4, 25)\n(4, 25)\n[[ 0  1  2  3"))
    #expect(
      output.contains(
        "Cannot reshape a tensor with 100 elements to shape [4,20] (80 elements) for 'Reshape_2'"))
    #expect(output.contains("made at example_reshape/main.swift:"))
  }

  @Test func trainingFindsTheLine() throws {
    let words = try Self.run("training").split(whereSeparator: \.isWhitespace)
    let numbers = words.compactMap { Double($0) }
    try #require(numbers.count == 2)
    #expect(abs(numbers[0] - 2) < 1e-3)
    #expect(abs(numbers[1] - 1) < 1e-3)
  }

  /// The numbers of parameters are those of the papers' networks with a thousand classes.
  @Test func networksHaveTheirShapesAndParameters() throws {
    let lines = try Self.run("networks").split(separator: "\n").map(String.init)
    #expect(
      lines == [
        "mobilenet-v1 (1, 224, 224, 3) -> (1, 1000) 4231976",
        "resnet-50 (1, 224, 224, 3) -> (1, 1000) 25557032",
        "mobilenet-v1-nchw (1, 3, 224, 224) -> (1, 1000) 4231976",
        "resnet-50-nchw (1, 3, 224, 224) -> (1, 1000) 25557032",
        "lstm (1, 16, 256) -> (1, 256) 525312", "additions () -> () 0", "thousands () -> () 0",
        "single () -> () 0",
      ])
  }

  @Test func networksAreWrittenFrozen() throws {
    let folder = try TemporaryFolder()
    _ = try Self.run("networks", [folder.path("networks"), "lstm", "thousands"])
    let sum = try ToolProcess("nagare")(
      "run", folder.path("networks/thousands.pb"), "--feed", "input=0.5", "--fetch", "output")
    #expect(sum.output == "999.5\n")
    let bench = try ToolProcess("nagare").run(
      [
        "bench", folder.path("networks/lstm.pb"), "--feed", "input=random", "--fetch", "output",
        "--on-request",
      ], input: "1\n3\n")
    let answers = bench.output.split(separator: "\n").map { line in
      line.split(separator: " ").compactMap { Double($0) }
    }
    #expect(answers.map(\.count) == [1, 3])
    #expect(answers.joined().allSatisfy { $0 > 0 })
  }

  /// What the program prints. It is built beside the tests.
  private static func run(_ name: String, _ arguments: [String] = []) throws -> String {
    let result = try ToolProcess("example-\(name)").run(arguments)
    #expect(result.status == 0)
    return result.output
  }
}
