import ArgumentParser
import Nagare

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a graph once and print what is fetched.",
    discussion: """
      Values print as TensorFlow's session prints them, in the order of the fetches. With \
      --output-dir each becomes one .npy file, named after the fetch with '_' for every character \
      outside letters, digits, '.', '_' and '-'.

      \(FeedValue.help)

      Examples:
        nagare run add.pbtxt --feed x=2 --feed 'y=[1,2,3]' --fetch sum
        nagare run model.pb --feed image=photo.jpg --fetch boxes:0 --output-dir out
      """)

  @Argument(help: ArgumentHelp(LoadedGraph.help, valueName: "graph"))
  var graph: String

  @Option(help: ArgumentHelp("A value for a tensor of the graph.", valueName: "name=value"))
  var feed: [String] = []

  @Option(
    help: ArgumentHelp(
      "A tensor to compute: NODE, or NODE:1 for an output but the first.", valueName: "name"))
  var fetch: [String] = []

  @Option(help: ArgumentHelp("A node to run for what it does.", valueName: "name"))
  var target: [String] = []

  @Option(
    help: ArgumentHelp(
      "A checkpoint that the variables take their values from.", valueName: "prefix"))
  var checkpoint: String?

  @Option(help: ArgumentHelp("A folder for the values, as .npy files.", valueName: "dir"))
  var outputDir: String?

  @Flag(help: "Print JSON: for each fetch its dtype, shape and value, or its file.")
  var json = false

  @OptionGroup var threads: ThreadOptions
  @OptionGroup var logging: LogOptions

  func run() throws {
    let log = logging.log
    let loaded = try LoadedGraph(graph)
    guard !fetch.isEmpty || !target.isEmpty else {
      throw ToolError(
        .usage, "there is nothing to run",
        hint: "give --fetch or --target; 'nagare inspect \(graph)' lists what there is")
    }
    if outputDir != nil { try Results.checkFileNames(fetch) }
    let fetches = try fetch.map { try loaded.output(named: $0) }
    let targets = try target.map { try loaded.node(named: $0) }
    let feeds = try loaded.feeds(feed, log)
    let session = try loaded.session(
      threads: threads.threads, checkpoint: checkpoint, log)
    let values = try during(.running) { () throws(GraphError) in
      try session.run(fetches, feeds: feeds, targets: targets)
    }
    try Results(fetch, values).deliver(outputFolder: outputDir, asJSON: json)
  }
}
