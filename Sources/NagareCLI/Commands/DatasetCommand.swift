import ArgumentParser

struct DatasetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dataset",
    abstract: "Make pictures to train on, and pack annotated pictures into records.",
    subcommands: [DatasetGenerateCommand.self, DatasetPackCommand.self])
}
