import ArgumentParser
import Logging
import Nagare
import NagareDetection

struct DetectTrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a detector on packed records.",
    discussion: """
      The folder of --train-dir holds checkpoints, event files for TensorBoard, metrics.csv, curves, the \
      settings, the graph, and at the end what an evaluation gives and report.html, which shows all. A run that was stopped goes on from its newest checkpoint when the \
      command is given again. SIGINT and SIGTERM end it after the present step, saved.
      """)

  @Option(help: ArgumentHelp("Records of 'nagare dataset pack'.", valueName: "file"))
  var data: String

  @Option(help: ArgumentHelp("The folder of the run.", valueName: "dir"))
  var trainDir: String

  @Option(
    help: ArgumentHelp(
      "Records to measure the result on; those of --data by default.", valueName: "file"))
  var testData: String?

  @Option(help: "Which detector: grid or multibox.")
  var detector = Detector.Kind.grid

  @Option(help: ArgumentHelp("What all numbers of channels are multiplied by.", valueName: "w"))
  var width = TrainingOptions().width

  @Option(help: ArgumentHelp("Pictures a step.", valueName: "n"))
  var batchSize = TrainingOptions().batchSize

  @Option(help: ArgumentHelp("The learning rate of Adam at the start.", valueName: "r"))
  var learningRate = TrainingOptions().learningRate

  @Option(help: "How the rate goes down until the last step: cosine or constant.")
  var schedule = TrainingOptions().schedule

  @Option(
    help: """
      Which boxes without a region count: none (all alike, the grid detector's way), batch (the \
      hardest, three for each region's box in the batch, the multibox detector's way) or sample \
      (the same for each picture).
      """)
  var mining: DetectionLoss.Mining?

  @Option(
    help: "The error of a side: squared (the grid detector's way) or smooth-l1 (multibox).")
  var locationLoss: DetectionLoss.LocationError?

  @Option(help: ArgumentHelp("The last step.", valueName: "n"))
  var maxStep = TrainingOptions().maxStep

  @Option(
    help: ArgumentHelp("Of initial variables, order and distortion.", valueName: "s"))
  var seed = TrainingOptions().seed

  @Flag(
    name: .customLong("distortion"), inversion: .prefixedNo,
    help: "Change brightness and contrast at random.")
  var distorts = true

  @Option(help: ArgumentHelp("Steps between checkpoints.", valueName: "n"))
  var saveEvery = TrainingOptions().saveEvery

  @Option(help: ArgumentHelp("Checkpoints that are kept.", valueName: "n"))
  var keep = TrainingOptions().keep

  @Option(help: ArgumentHelp("Steps between rows of metrics.csv.", valueName: "n"))
  var summaryEvery = TrainingOptions().summaryEvery

  @OptionGroup(title: "Evaluation") var merging: MergingOptions
  @OptionGroup var labels: LabelOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var logging: LogOptions

  func run() throws {
    let log = logging.log
    var options = TrainingOptions()
    options.width = width
    options.batchSize = batchSize
    options.learningRate = learningRate
    options.schedule = schedule
    options.maxStep = maxStep
    options.loss = DetectionLoss(
      mining: mining ?? detector.loss.mining, location: locationLoss ?? detector.loss.location)
    options.seed = seed
    options.distorts = distorts
    options.saveEvery = saveEvery
    options.keep = keep
    options.summaryEvery = summaryEvery
    Interruption.beginPolling()

    let classCount = try during(.reading) { () throws(GraphError) in
      try DetectionData.extent(of: data).classCount
    }
    let names = try labels.map(count: classCount, candidates: [data + ".labels.txt"])
    let model = try usage { () throws(GraphError) in
      try options.validate()
      return try Detector(detector, classCount: classCount, width: width)
    }
    let samples = try during(.reading) { () throws(GraphError) in
      try DetectionData(data, detector: model, seed: seed, threads: threads.threads) {
        (_) throws(GraphError) in try Interruption.check()
      }
    }
    log.info("\(data): \(samples.count) pictures, classes \(names.names.joined(separator: ", "))")
    let trainer = try during(.writing) { () throws(GraphError) in
      try DetectionTrainer(
        data: samples, labels: names, folder: trainDir, options: options, threads: threads.threads
      ) { log.warning("\($0)") }
    }
    if trainer.step > 0 { log.info("\(trainDir): going on from step \(trainer.step)") }
    let progress = Progress(maxStep, "steps", log)
    let isFinished = try during(.running) { () throws(GraphError) in
      try trainer.run(
        progress: { state in
          progress.update(state.step, "loss \(Self.short(state.labelLoss + state.locationLoss))")
        }, shouldStop: { Interruption.isRequested })
    }
    progress.finish()
    guard isFinished else { throw Interruption.error }
    try report(trainer, samples, names, log)
    log.info("\(trainDir): checkpoints, metrics.csv, event files, report.html")
    try StandardOutput.line("\(trainDir)/model.ckpt-\(trainer.step)")
  }

  /// Measures the result and writes the report.
  private func report(
    _ trainer: DetectionTrainer, _ samples: DetectionData, _ names: LabelMap, _ log: Logger
  ) throws(ToolError) {
    let pictures = try testData.map { path throws(ToolError) in
      try during(.reading) { () throws(GraphError) in
        try DetectionData(
          path, detector: trainer.model.detector, seed: seed, threads: threads.threads)
      }
    }
    let measured = pictures ?? samples
    let progress = Progress(measured.count, "pictures", log)
    _ = try during(.running) { () throws(GraphError) in
      try RunReport(folder: trainDir, model: trainer.model, labels: names).write(
        on: measured, named: testData ?? data, suppression: merging.suppression(for: detector)
      ) { (done) throws(GraphError) in
        progress.update(done)
        try Interruption.check()
      }
    }
    progress.finish()
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

extension TrainingOptions.Schedule: ExpressibleByArgument {}
extension DetectionLoss.Mining: ExpressibleByArgument {}
extension DetectionLoss.LocationError: ExpressibleByArgument {}

/// Calls `body` on what the command line says: what it refuses is wrong usage.
func usage<R>(_ body: () throws(GraphError) -> R) throws(ToolError) -> R {
  do {
    return try body()
  } catch {
    throw ToolError(.usage, error.message)
  }
}
