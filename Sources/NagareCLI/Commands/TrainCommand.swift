import ArgumentParser
import Logging
import Nagare

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a graph that is a file.",
    discussion: """
      What a step is, what initialises and what is to be logged stands in the collections of the \
      MetaGraph, as TensorFlow 1 writes it: train_op, init_op or variables, local_init_op, \
      table_initializer, queue_runners, losses, summaries or summary_op, global_step, and the saver.

      The folder of --train-dir then holds checkpoints, of which the files 'last' and 'best' name one \
      each, event files for TensorBoard, metrics.csv, curves, the settings and the graph. A run that \
      was stopped, by whatever, goes on from its newest checkpoint when the command is given again, \
      bit for bit as if it had not been. SIGINT and SIGTERM end it after the present step, saved.

      \(FeedValue.help)

      Examples:
        nagare train train.pbtxt --train-dir run --max-step 200
        nagare train exported.meta --train-dir run --feed keep_prob=0.5 --save-every 100
      """)

  @Argument(help: ArgumentHelp(LoadedGraph.help, valueName: "metagraph"))
  var graph: String

  @Option(help: ArgumentHelp("The folder of the run.", valueName: "dir"))
  var trainDir: String

  @Option(
    help: ArgumentHelp("The last step; without it, until the input ends.", valueName: "n"))
  var maxStep: Int?

  @Option(
    help: ArgumentHelp(
      "A node that makes a step, in place of the collection train_op.", valueName: "name"))
  var target: [String] = []

  @Option(
    help: ArgumentHelp("A value for a tensor of the graph in every step.", valueName: "name=value"))
  var feed: [String] = []

  @OptionGroup var writing: RunOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var logging: LogOptions

  func run() throws {
    let log = logging.log
    let options = try writing.options(maxStep: maxStep)
    let loaded = try LoadedGraph(graph)
    let targets = try target.map { try loaded.node(named: $0) }
    let feeds = try loaded.feeds(feed, log)
    Interruption.beginPolling()
    let training = try during(.reading) { () throws(GraphError) in
      try TrainingGraph(loaded.metaGraph, targets: targets, feeds: Set(feeds.keys))
    }
    let loop = try during(.running) { () throws(GraphError) in
      try TrainingLoop(
        training, folder: trainDir, options: options, feeds: .init(feeds),
        threads: threads.threads, settings: ["graph": graph]
      ) { log.warning("\($0)") }
    }
    try loop.train(trainDir, log)
    try StandardOutput.line("\(trainDir)/model.ckpt-\(loop.step)")
  }
}

/// What a training run writes how often.
struct RunOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Steps between checkpoints.", valueName: "n"))
  var saveEvery = TrainingLoop.Options().saveEvery

  @Option(
    help: ArgumentHelp(
      "Checkpoints that are kept besides the best one; 0 keeps all. The graph's own number, or 5.",
      valueName: "n"))
  var keep: Int?

  @Option(help: ArgumentHelp("Steps between rows of metrics.csv.", valueName: "n"))
  var summaryEvery = TrainingLoop.Options().summaryEvery

  func options(maxStep: Int?) throws(ToolError) -> TrainingLoop.Options {
    let options = TrainingLoop.Options(
      maxStep: maxStep, saveEvery: saveEvery, summaryEvery: summaryEvery, keep: keep)
    try usage { () throws(GraphError) in try options.validate() }
    return options
  }
}

extension TrainingLoop {
  /// Trains with a bar of progress.
  func train(_ folder: String, _ log: Logger) throws {
    if let resumedFrom { log.info("\(folder): going on from \(resumedFrom)") }
    let bar = NagareCLI.Progress(options.maxStep ?? .max, "steps", log)
    let ending = try during(.running) { () throws(GraphError) in
      try run(
        progress: { state in
          bar.update(state.step, Self.summary(state.losses))
        }, shouldStop: { Interruption.isRequested })
    }
    bar.finish()
    if case .stopped = ending { throw Interruption.error }
    if case .inputEnded = ending { log.info("the input ended after step \(step)") }
    log.info("\(folder): checkpoints, metrics.csv, curves, event files")
  }

  /// `loss 0.1234`, the sum where there are several.
  private static func summary(_ losses: [(name: String, value: Double)]) -> String {
    losses.isEmpty ? "" : "loss \(short(losses.reduce(0) { $0 + $1.value }))"
  }

  /// Four significant digits: `0.001234`.
  private static func short(_ value: Double) -> String {
    guard value.isFinite, value > 1e-12, value < 1e6 else { return "\(value)" }
    var scaled = value
    var digits = 0
    while scaled < 1000, digits < 15 {
      scaled *= 10
      digits += 1
    }
    let whole = String(Int(scaled.rounded()))
    guard digits > 0 else { return whole }
    let padded = String(repeating: "0", count: max(0, digits + 1 - whole.utf8.count)) + whole
    return "\(padded.dropLast(digits)).\(padded.suffix(digits))"
  }
}
