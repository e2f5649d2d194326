import Foundation
import Nagare
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Habits that all commands share.
@Suite struct ToolTests {
  let tool: ToolProcess

  init() throws { tool = try ToolProcess("nagare") }

  static let commands: [[String]] = [
    [], ["run"], ["session"], ["gradients"], ["inspect"], ["convert"], ["checkpoint"], ["records"],
    ["events"], ["ops"], ["doctor"], ["dataset"], ["dataset", "generate"], ["dataset", "pack"],
  ]

  @Test(arguments: commands)
  func helpGoesToStandardOutput(command: [String]) throws {
    let result = try tool.run(command + ["--help"])
    #expect(result.status == 0)
    #expect(result.output.contains("USAGE: nagare"))
    #expect(result.error == "")
  }

  @Test func versionIsThatOfThePackage() throws {
    #expect(try tool("--version").output == "\(nagareVersion)\n")
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func completionsAreGenerated(shell: String) throws {
    #expect(try tool("--generate-completion-script", shell).output.contains("nagare"))
  }

  @Test func aClosedPipeEndsQuietly() throws {
    let pipe = Pipe()
    let errors = Pipe()
    let process = try tool.start(
      ["ops", "--json"], output: pipe.fileHandleForWriting, error: errors.fileHandleForWriting)
    try pipe.fileHandleForReading.close()
    try pipe.fileHandleForWriting.close()
    try errors.fileHandleForWriting.close()
    process.waitUntilExit()
    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == 0)
    #expect(try errors.fileHandleForReading.readToEnd() ?? Data() == Data())
  }

  @Test func aFullDiskIsAnError() throws {
    guard let full = FileHandle(forWritingAtPath: "/dev/full") else { return }
    let errors = Pipe()
    let process = try tool.start(["ops"], output: full, error: errors.fileHandleForWriting)
    try errors.fileHandleForWriting.close()
    process.waitUntilExit()
    #expect(process.terminationStatus == 74)
  }

  @Test(arguments: [(SIGINT, Int32(130)), (SIGTERM, Int32(143))])
  func signalsEndWithTheirCode(signal: Int32, status: Int32) throws {
    let folder = try TemporaryFolder()
    let null = FileHandle.nullDevice
    let process = try tool.start(
      ["dataset", "generate", folder.path("scenes"), "--count", "100000", "--seed", "1"],
      output: null, error: null)
    let first = folder.path("scenes/images/scene-000000.jpg")
    while process.isRunning, FileSystem.kind(first) == nil { usleep(10_000) }
    kill(process.processIdentifier, signal)
    for _ in 0..<1000 where process.isRunning { usleep(10_000) }
    if process.isRunning {
      kill(process.processIdentifier, SIGKILL)
      Issue.record("the signal had no effect")
    }
    process.waitUntilExit()
    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == status)
  }
}
