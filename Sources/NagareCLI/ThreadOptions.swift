import ArgumentParser
import Nagare

/// How many threads compute.
struct ThreadOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Compute threads, 1 to 256; all processors by default. Results do not depend on it.",
      valueName: "n"))
  var threads: Int?

  func validate() throws {
    if let threads, !(1...256 ~= threads) {
      throw ValidationError("--threads must be 1 to 256, got \(threads)")
    }
  }
}
