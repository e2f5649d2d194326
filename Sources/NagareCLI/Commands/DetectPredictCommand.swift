import ArgumentParser
import Nagare
import NagareDetection

struct DetectPredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Find regions in the pictures of a folder.",
    discussion: """
      For each picture NAME, OUTPUT/NAME.regions.png has the regions drawn on it, and OUTPUT/NAME.json \
      lists them with their probabilities in Region Cropper's format. Prints a line a picture.
      """)

  @Option(help: ArgumentHelp("The folder with pictures (.jpg, .png).", valueName: "dir"))
  var imageDir: String

  @Option(help: ArgumentHelp("The folder for what is found.", valueName: "dir"))
  var outputDir: String

  @Option(
    help: ArgumentHelp("A checkpoint: its prefix, a file of it, or its folder.", valueName: "path"))
  var trainPath: String?

  @Option(
    help: ArgumentHelp(
      "In place of a checkpoint a graph that 'nagare freeze' wrote, from 'images' to 'logits'.",
      valueName: "file"))
  var graph: String?

  @Option(help: ArgumentHelp("The least confidence of a region.", valueName: "t"))
  var threshold = 0.8

  @OptionGroup var merging: MergingOptions
  @OptionGroup var labels: LabelOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var logging: LogOptions

  func validate() throws {
    guard (trainPath == nil) != (graph == nil) else {
      throw ValidationError("give either --train-path or --graph")
    }
    guard 0...1 ~= threshold else {
      throw ValidationError("--threshold must be 0 to 1, got \(threshold)")
    }
  }

  func run() throws {
    let log = logging.log
    let model = try during(.reading) { () throws(GraphError) in
      if let graph { return try DetectorModel(frozen: graph, threads: threads.threads) }
      return try DetectorModel(checkpoint: trainPath ?? "", threads: threads.threads)
    }
    let names = try labels.map(
      count: model.detector.classCount,
      candidates: LabelMap.places(besideCheckpoint: trainPath ?? graph ?? ""))
    Interruption.beginPolling()
    var progress: Progress?
    let results = try during(.converting(to: outputDir)) { () throws(GraphError) in
      let predictor = try FolderPredictor(
        model, labels: names, threshold: threshold,
        suppression: merging.suppression(for: model.detector.kind), threads: threads.threads)
      return try predictor.run(
        imageFolder: imageDir, outputFolder: outputDir,
        warn: { warning in
          progress?.finish()
          log.warning("\(warning)")
        },
        progress: { (done, total) throws(GraphError) in
          let shown = progress ?? Progress(total, "pictures", log)
          progress = shown
          shown.update(done)
          try Interruption.check()
        })
    }
    progress?.finish()
    for result in results {
      try StandardOutput.line("\(result.drawing)\t\(result.regions.count)")
    }
  }
}
