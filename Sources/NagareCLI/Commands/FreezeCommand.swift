import ArgumentParser
import Nagare

struct FreezeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "freeze",
    abstract: "Write a trained graph with its variables as constants.",
    discussion: """
      What the fetches need stays, under its name; training, saving and initialising go.

      Example:
        nagare freeze predict.pbtxt run/best --fetch logits --output detector.pb
      """)

  @Argument(help: ArgumentHelp(LoadedGraph.help, valueName: "metagraph"))
  var graph: String

  @Argument(
    help: ArgumentHelp(
      "A checkpoint's prefix, one of its files, a folder with checkpoints, or a file 'best' or 'last'.",
      valueName: "checkpoint"))
  var checkpoint: String

  @Option(help: ArgumentHelp("A tensor that the new graph is to compute.", valueName: "name"))
  var fetch: [String] = []

  @Option(
    help: ArgumentHelp(
      "The new GraphDef; in text form when its name ends in 'txt'.", valueName: "file"))
  var output: String

  @OptionGroup var logging: LogOptions

  func validate() throws {
    guard !fetch.isEmpty else { throw ValidationError("there is nothing to fetch; give --fetch") }
  }

  func run() throws {
    let log = logging.log
    let loaded = try LoadedGraph(graph)
    let fetches = try fetch.map { try loaded.output(named: $0) }
    let session = try loaded.session(threads: nil, checkpoint: checkpoint, log)
    let frozen = try during(.running) { () throws(GraphError) in try session.frozen(fetches) }
    try during(.writing) { () throws(GraphError) in try frozen.write(to: output) }
    log.info("\(output): \(frozen.nodeCount) of \(loaded.graph.nodeCount) nodes")
  }
}
