import Foundation

/// What a run of a built program gave.
public struct ToolResult: Sendable {
  /// The exit code; `nil` when a signal ended the program.
  public var status: Int32?
  /// Standard output.
  public var output: String
  /// Standard error.
  public var error: String
}

/// A program of the package, which SwiftPM builds beside the tests.
public struct ToolProcess: Sendable {
  public let path: String

  /// - Parameter name: The product: `nagare`.
  /// - Throws: When it is not there.
  public init(_ name: String) throws {
    let runner = CommandLine.arguments.first ?? ""
    var folders = [URL(filePath: runner).deletingLastPathComponent()]
    if let bundle = CommandLine.arguments.first(where: { $0.contains(".xctest") }) {
      folders.append(URL(filePath: bundle).deletingLastPathComponent())
    }
    folders.append(Bundle.main.bundleURL)
    // A bundle of macOS holds its program three levels down.
    let candidates = folders.flatMap { folder in
      [folder, folder.appending(path: "../../..")].map { $0.appending(path: name) }
    }
    guard
      let found = candidates.first(where: {
        FileManager.default.isExecutableFile(atPath: $0.path(percentEncoded: false))
      })
    else {
      throw CocoaError(
        .fileNoSuchFile,
        userInfo: [NSFilePathErrorKey: candidates.map(\.path).joined(separator: " ")])
    }
    path = found.standardizedFileURL.path(percentEncoded: false)
  }

  /// Starts the program; it is not awaited.
  public func start(
    _ arguments: [String], input: FileHandle? = nil, output: FileHandle, error: FileHandle,
    environment: [String: String] = [:], folder: String? = nil
  ) throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = input ?? FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = error
    if let folder { process.currentDirectoryURL = URL(filePath: folder) }
    try process.run()
    return process
  }

  /// Runs the program to its end.
  ///
  /// - Parameters:
  ///   - input: What it reads from standard input.
  ///   - folder: Its working folder.
  public func callAsFunction(
    _ arguments: String..., input: String = "", environment: [String: String] = [:],
    folder: String? = nil
  ) throws -> ToolResult {
    try run(arguments, input: input, environment: environment, folder: folder)
  }

  /// As `callAsFunction`, with the arguments as a list.
  public func run(
    _ arguments: [String], input: String = "", environment: [String: String] = [:],
    folder: String? = nil
  ) throws -> ToolResult {
    // Files in place of pipes: neither side ever waits for the other.
    let scratch = try TemporaryFolder()
    func file(_ name: String, _ content: String = "") throws -> URL {
      let url = URL(filePath: scratch.path(name))
      try Data(content.utf8).write(to: url)
      return url
    }
    let output = try file("output")
    let error = try file("error")
    let process = try start(
      arguments, input: try FileHandle(forReadingFrom: try file("input", input)),
      output: try FileHandle(forWritingTo: output), error: try FileHandle(forWritingTo: error),
      environment: environment, folder: folder)
    process.waitUntilExit()
    return ToolResult(
      status: process.terminationReason == .exit ? process.terminationStatus : nil,
      output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
      error: String(decoding: try Data(contentsOf: error), as: UTF8.self))
  }
}
