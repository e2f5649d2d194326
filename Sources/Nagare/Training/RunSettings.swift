#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a run was made with, as `settings.json` holds it.
struct RunSettings: Encodable {
  static let fileName = "settings.json"

  struct Machine: Encodable {
    var processors: Int
    var instructionSet: String
  }

  private enum Key: String, CodingKey {
    case version, machine, options, train, feeds, losses, settings
  }

  private let loop: TrainingLoop
  private let feeds: [Output]
  /// What the program that began the run says of it.
  private let settings: any Encodable & Sendable

  init(_ loop: TrainingLoop, _ settings: any Encodable & Sendable, feeds: [Output]) {
    (self.loop, self.settings, self.feeds) = (loop, settings, feeds)
  }

  func encode(to encoder: any Encoder) throws {
    let current = Nagare.Machine.current
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(nagareVersion, forKey: .version)
    try container.encode(
      Machine(
        processors: current.processors, instructionSet: current.instructionSet), forKey: .machine)
    try container.encode(loop.options, forKey: .options)
    try container.encode(loop.training.train.map(\.name), forKey: .train)
    try container.encode(feeds.map(\.name), forKey: .feeds)
    try container.encode(loop.training.losses.map(\.name), forKey: .losses)
    try container.encode(settings, forKey: .settings)
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
