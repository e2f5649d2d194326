import ArgumentParser
import Nagare
import NagareDetection

struct DatasetGenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Draw illustrated scenes with one to three faces each, and say where they are.",
    discussion: """
      Writes DIR/images/*.jpg, DIR/annotations/*.json (Region Cropper's format) and DIR/labels.txt. \
      The same seed, count and difficulty give the same files.
      """)

  @Argument(help: ArgumentHelp("The folder for the scenes.", valueName: "dir"))
  var folder: String

  @Option(help: ArgumentHelp("How many scenes, 1 to 999999.", valueName: "n"))
  var count: Int

  @Option(help: ArgumentHelp("What tells one series of scenes from another.", valueName: "s"))
  var seed: UInt64

  @Option(
    help: ArgumentHelp(
      "How much scenes vary, 0 (upright faces, quiet backgrounds) to 1.", valueName: "d"))
  var difficulty = 0.5

  @OptionGroup var logging: LogOptions

  func validate() throws {
    guard 1...999_999 ~= count else {
      throw ValidationError("--count must be 1 to 999999, got \(count)")
    }
    guard 0...1 ~= difficulty else {
      throw ValidationError("--difficulty must be 0 to 1, got \(difficulty)")
    }
  }

  func run() throws {
    let log = logging.log
    let progress = Progress(count, "scenes", log)
    Interruption.beginPolling()
    try during(.writing) { () throws(GraphError) in
      try SceneGenerator(seed: seed, difficulty: difficulty).write(count: count, to: folder) {
        (done, _) throws(GraphError) in
        progress.update(done)
        try Interruption.check()
      }
    }
    log.info("\(folder): \(count) scenes; 'nagare dataset pack \(folder)' makes records of them")
  }
}
