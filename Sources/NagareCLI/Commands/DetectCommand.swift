import ArgumentParser
import Nagare
import NagareDetection

struct DetectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "detect",
    abstract: "Train a detector, measure it, and find regions in pictures with it.",
    subcommands: [
      DetectTrainCommand.self, DetectEvaluateCommand.self, DetectPredictCommand.self,
      DetectBuildCommand.self,
    ])
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

/// What becomes of overlapping regions.
struct MergingOptions: ParsableArguments {
  enum Merging: String, ExpressibleByArgument, CaseIterable {
    case weighted
    case suppress
    case none
  }

  @Option(
    help: """
      What becomes of overlapping regions: weighted (they join the surest by confidence-weighted \
      average; the multibox detector's way), suppress (the surest stays; the grid detector's way) or \
      none.
      """)
  var merging: Merging?

  @Option(
    help: ArgumentHelp("The overlap (Jaccard) from which regions are one.", valueName: "o"))
  var mergingOverlap = 0.3

  func validate() throws {
    guard 0...1 ~= mergingOverlap else {
      throw ValidationError("--merging-overlap must be 0 to 1, got \(mergingOverlap)")
    }
  }

  func suppression(for detector: Detector.Kind) -> Suppression {
    let chosen = merging ?? (detector == .multibox ? .weighted : .suppress)
    return switch chosen {
    case .weighted: .merge(overlap: mergingOverlap)
    case .suppress: .drop(overlap: mergingOverlap)
    case .none: .none
    }
  }
}
