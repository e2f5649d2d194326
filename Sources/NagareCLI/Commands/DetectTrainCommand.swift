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

  @OptionGroup var model: DetectorOptions
  @OptionGroup var writing: RunOptions
  @OptionGroup(title: "Evaluation") var merging: MergingOptions
  @OptionGroup var labels: LabelOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var logging: LogOptions

  func run() throws {
    let log = logging.log
    var options = model.options
    options.saveEvery = writing.saveEvery
    options.keep = writing.keep ?? options.keep
    options.summaryEvery = writing.summaryEvery
    Interruption.beginPolling()

    let classCount = try during(.reading) { () throws(GraphError) in
      try DetectionData.extent(of: data).classCount
    }
    let names = try labels.map(count: classCount, candidates: [data + ".labels.txt"])
    try usage { () throws(GraphError) in try options.validate() }
    let detector = try model.detector(classCount: classCount)
    let samples = try during(.reading) { () throws(GraphError) in
      try DetectionData(data, detector: detector, seed: model.seed, threads: threads.threads) {
        (_) throws(GraphError) in try Interruption.check()
      }
    }
    log.info("\(data): \(samples.count) pictures, classes \(names.names.joined(separator: ", "))")
    let loop = try during(.writing) { () throws(GraphError) in
      try TrainingLoop(
        detector: samples, labels: names, folder: trainDir, options: options,
        threads: threads.threads
      ) { log.warning("\($0)") }
    }
    try loop.train(trainDir, log)
    try report(detector, samples, names, log)
    log.info("\(trainDir): report.html")
    try StandardOutput.line("\(trainDir)/model.ckpt-\(loop.step)")
  }

  /// Measures the result and writes the report.
  private func report(
    _ detector: Detector, _ samples: DetectionData, _ names: LabelMap, _ log: Logger
  ) throws(ToolError) {
    let pictures = try testData.map { path throws(ToolError) in
      try during(.reading) { () throws(GraphError) in
        try DetectionData(
          path, detector: detector, seed: model.seed, threads: threads.threads)
      }
    }
    let measured = pictures ?? samples
    let progress = Progress(measured.count, "pictures", log)
    _ = try during(.running) { () throws(GraphError) in
      let trained = try DetectorModel(checkpoint: trainDir, threads: threads.threads)
      return try RunReport(folder: trainDir, model: trained, labels: names).write(
        on: measured, named: testData ?? data,
        suppression: merging.suppression(for: detector.kind)
      ) { (done) throws(GraphError) in
        progress.update(done)
        try Interruption.check()
      }
    }
    progress.finish()
  }
}

/// Which detector, and how it is trained.
struct DetectorOptions: ParsableArguments {
  @Option(help: "Which detector: grid or multibox.")
  var detector = Detector.Kind.grid

  @Option(help: ArgumentHelp("What all numbers of channels are multiplied by.", valueName: "w"))
  var width = TrainingOptions().width

  @Option(help: ArgumentHelp("Pictures a step.", valueName: "n"))
  var batchSize = TrainingOptions().batchSize

  @Option(help: ArgumentHelp("The learning rate of Adam at the start.", valueName: "r"))
  var learningRate = TrainingOptions().learningRate

  @Option(
    help: """
      How the rate goes down until the last step: cosine (to zero), exponential (to a hundredth), \
      piecewise (a tenth after 60 %, a hundredth after 85 %) or constant.
      """)
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

  func detector(classCount: Int) throws(ToolError) -> Detector {
    try usage { () throws(GraphError) in
      try Detector(detector, classCount: classCount, width: width)
    }
  }

  var options: TrainingOptions {
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
    return options
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
