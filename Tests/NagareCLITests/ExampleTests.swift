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

  /// What the program prints. It is built beside the tests.
  private static func run(_ name: String) throws -> String {
    let result = try ToolProcess("example-\(name)").run([])
    #expect(result.status == 0)
    return result.output
  }
}
