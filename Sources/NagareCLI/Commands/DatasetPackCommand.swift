import ArgumentParser
import Nagare
import NagareDetection

struct DatasetPackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pack",
    abstract: "Pack annotated pictures into a TFRecord file for a detector.",
    discussion: """
      DIR holds pictures (.jpg, .png) with annotations in Region Cropper's JSON or Pascal VOC's XML, \
      side by side or in the folders 'images' and 'annotations'. Classes come from --labels, a file \
      with one name a line, else from DIR/labels.txt, else from the annotations. Every tenth picture \
      in the order of the names is for testing. The names go to FILE.labels.txt as well.
      """)

  @Argument(help: ArgumentHelp("The folder with pictures and annotations.", valueName: "dir"))
  var folder: String

  @Option(help: ArgumentHelp("The file to write.", valueName: "file.tfrecord"))
  var output: String

  @Option(help: "The detector that is to learn from the records: grid or multibox.")
  var detector = Detector.Kind.grid

  @Option(
    help: ArgumentHelp(
      "The overlap (Jaccard) from which a box of the multibox detector is positive; the best one "
        + "always is.", valueName: "o"))
  var matching = 0.5

  @Option(help: "Which pictures: all, train or test.")
  var split = AnnotatedFolder.Split.all

  @Option(
    help: ArgumentHelp("A file with the names of the classes, one a line.", valueName: "file"))
  var labels: String?

  @Flag(help: "Compress the file with GZIP.")
  var gzip = false

  @OptionGroup var logging: LogOptions

  func validate() throws {
    guard matching > 0, matching <= 1 else {
      throw ValidationError("--matching must be over 0 and at most 1, got \(matching)")
    }
  }

  func run() throws {
    let log = logging.log
    let names = try labels.map { path in
      try during(.reading) { () throws(GraphError) in try LabelMap(contentsOf: path) }
    }
    let annotated = try during(.reading) { () throws(GraphError) in
      try AnnotatedFolder(folder, labels: names) { log.warning("\($0)") }
    }
    let progress = Progress(annotated.entries(of: split).count, "pictures", log)
    Interruption.beginPolling()
    let packer = DatasetPacker(
      detector.matcher(threshold: matching), compression: gzip ? .gzip : .none)
    let report = try during(.converting(to: output)) { () throws(GraphError) in
      try packer.pack(
        annotated, split: split, to: output,
        warn: { warning in
          progress.finish()
          log.warning("\(warning)")
        },
        progress: { (done, _) throws(GraphError) in
          progress.update(done)
          try Interruption.check()
        })
    }
    try during(.writing) { () throws(GraphError) in
      try FileSystem.write(Array(annotated.labels.text.utf8), to: output + ".labels.txt")
    }
    try StandardOutput.line(
      "\(output): \(report.pictures) pictures with \(report.regions) regions of "
        + "\(annotated.labels.count) \(annotated.labels.count == 1 ? "class" : "classes")")
    if report.unmatched > 0 {
      log.warning(
        "\(report.unmatched) regions share their box with another and cannot be learnt by it")
    }
    if report.skipped > 0 { log.warning("\(report.skipped) pictures were skipped") }
  }
}

extension Detector.Kind: ExpressibleByArgument {}

extension AnnotatedFolder.Split: ExpressibleByArgument {}
