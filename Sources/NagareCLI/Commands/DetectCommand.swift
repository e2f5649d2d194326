import ArgumentParser
import Nagare
import NagareDetection

struct DetectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "detect",
    abstract: "Train a detector, measure it, and find regions in pictures with it.",
    subcommands: [DetectTrainCommand.self, DetectEvaluateCommand.self, DetectPredictCommand.self])
}

/// The names of a detector's classes.
struct LabelOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A file with the names of the classes, one a line; found beside the data or the checkpoint "
        + "by default.",
      valueName: "file"))
  var labels: String?

  /// The names from `--labels`, else from the first of `candidates` that is there, else `class 1` ….
  func map(count: Int, candidates: [String]) throws(ToolError) -> LabelMap {
    try during(.reading) { () throws(GraphError) in
      let map: LabelMap
      if let labels {
        map = try LabelMap(contentsOf: labels)
      } else if let found = try LabelMap.first(of: candidates) {
        map = found
      } else {
        map = try LabelMap((1...max(1, count)).map { "class \($0)" })
      }
      guard map.count == count else {
        throw GraphError(
          .invalidArgument,
          "\(labels ?? "the labels found") names \(map.count) classes, but there are \(count)")
      }
      return map
    }
  }
}
