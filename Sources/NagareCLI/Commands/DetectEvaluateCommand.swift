import ArgumentParser
import Nagare
import NagareDetection

struct DetectEvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measure a trained detector on packed records.",
    discussion: """
      Prints average precision (at the overlap of --overlap, and as COCO measures it, over overlaps from \
      0.5 to 0.95), precision, recall and the confidence with the best F1 of each class. A region that was found is right \
      when it overlaps a true one of its class by half (Jaccard) and no better one has claimed it. \
      Precision and recall count regions from --threshold on.
      """)

  @Option(help: ArgumentHelp("Records of 'nagare dataset pack'.", valueName: "file"))
  var data: String

  @Option(
    help: ArgumentHelp("A checkpoint: its prefix, a file of it, or its folder.", valueName: "path"))
  var trainPath: String

  @Option(
    help: ArgumentHelp(
      "A folder for evaluation.txt, evaluation.json and precision-recall.svg.", valueName: "dir"))
  var outputDir: String?

  @Option(help: ArgumentHelp("The confidence for precision and recall.", valueName: "t"))
  var threshold = 0.5

  @Option(help: ArgumentHelp("The overlap from which a region is right.", valueName: "o"))
  var overlap = 0.5

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup var merging: MergingOptions
  @OptionGroup var labels: LabelOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var logging: LogOptions

  func validate() throws {
    for (name, value) in [("threshold", threshold), ("overlap", overlap)] {
      guard 0...1 ~= value else {
        throw ValidationError("--\(name) must be 0 to 1, got \(value)")
      }
    }
  }

  func run() throws {
    let log = logging.log
    let model = try during(.reading) { () throws(GraphError) in
      try DetectorModel(checkpoint: trainPath, threads: threads.threads)
    }
    let names = try labels.map(
      count: model.detector.classCount,
      candidates: [data + ".labels.txt"] + LabelMap.places(besideCheckpoint: trainPath))
    let samples = try during(.reading) { () throws(GraphError) in
      try DetectionData(
        data, detector: model.detector, seed: 0, threads: threads.threads
      ) { (_) throws(GraphError) in try Interruption.check() }
    }
    let progress = Progress(samples.count, "pictures", log)
    let result = try during(.running) { () throws(GraphError) in
      try model.evaluate(
        samples, labels: names, threshold: threshold, overlap: overlap,
        suppression: merging.suppression(for: model.detector.kind)
      ) { (done) throws(GraphError) in
        progress.update(done)
        try Interruption.check()
      }
    }
    progress.finish()
    if let outputDir {
      try during(.converting(to: outputDir)) { () throws(GraphError) in
        try result.write(to: outputDir)
      }
    }
    let text = try during(.running) { () throws(GraphError) in
      json ? try result.json : result.table
    }
    try StandardOutput.line(text)
  }
}
