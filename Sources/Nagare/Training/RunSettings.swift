#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a run was made with, as `settings.json` holds it.
struct RunSettings: Codable {
  struct Machine: Codable {
    var processors: Int
    var instructionSet: String
    var blas: String
    var blasCore: String
  }

  var version = nagareVersion
  var machine: Machine
  var threads: Int
  var options: TrainingLoop.Options
  var train: [String]
  var feeds: [String]
  var losses: [String]
  /// What the program that began the run says of it.
  var settings: [String: String]

  init(_ loop: TrainingLoop, _ settings: [String: String], feeds: [Output]) {
    let current = Nagare.Machine.current
    machine = Machine(
      processors: current.processors, instructionSet: current.instructionSet,
      blas: current.blas.configuration, blasCore: current.blas.core)
    threads = loop.session.threads.threadCount
    options = loop.options
    train = loop.training.train.map(\.name)
    self.feeds = feeds.map(\.name)
    losses = loop.training.losses.map(\.name)
    self.settings = settings
  }

  var json: String {
    get throws(GraphError) {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      do {
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
      } catch {
        throw .internalError("The settings cannot be written as JSON: \(error)")
      }
    }
  }
}
