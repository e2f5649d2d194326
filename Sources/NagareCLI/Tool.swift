import ArgumentParser
import Nagare

/// The tool `nagare`.
@main
struct Tool: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "nagare",
    abstract: "Runs, differentiates and inspects TensorFlow graphs, and trains detectors on them.",
    discussion: """
      Results go to standard output, everything else to standard error.

      Exit codes: 0 done; 1 the run failed; 64 wrong usage; 65 a damaged or unsuitable input; \
      66 an input that cannot be opened; 70 a fault of the tool itself; 73 an output that cannot be \
      created; 74 a failure while reading or writing; 130 and 143 after SIGINT and SIGTERM.
      """,
    version: nagareVersion,
    subcommands: [],
    groupedSubcommands: [
      CommandGroup(
        name: "Graphs",
        subcommands: [
          RunCommand.self, SessionCommand.self, GradientsCommand.self, TrainCommand.self,
          FreezeCommand.self, InspectCommand.self, ConvertCommand.self, BenchCommand.self,
          ProfileCommand.self,
        ]),
      CommandGroup(
        name: "TensorFlow's other files",
        subcommands: [CheckpointCommand.self, RecordsCommand.self, EventsCommand.self]),
      CommandGroup(name: "Detection", subcommands: [DatasetCommand.self, DetectCommand.self]),
      CommandGroup(
        name: "This installation", subcommands: [OpsCommand.self, DoctorCommand.self]),
    ])

  static func main() {
    Interruption.install()
    do {
      var command = try parseAsRoot()
      try command.run()
      try StandardOutput.flush()
      end(0)
    } catch {
      exit(withError: error)
    }
  }

  private static func exit(withError error: any Error) -> Never {
    switch error {
    case StandardOutput.Failure.readerLeft: end(0)
    case let error as ToolError:
      // What was printed before the failure is a result all the same.
      try? StandardOutput.flush()
      StandardError.write("nagare: error: \(error.line)\n")
      end(error.code.rawValue)
    default:
      let code = exitCode(for: error).rawValue
      let message = fullMessage(for: error)
      if code == 0 {
        do {
          try StandardOutput.line(message)
          try StandardOutput.flush()
        } catch { exit(withError: error) }
      } else if !message.isEmpty {
        let text = message.hasPrefix("Error: ") ? String(message.dropFirst(7)) : message
        StandardError.write("nagare: error: \(text)\n")
      }
      end(code)
    }
  }
}
