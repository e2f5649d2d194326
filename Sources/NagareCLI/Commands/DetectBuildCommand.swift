import ArgumentParser
import Nagare
import NagareDetection

struct DetectBuildCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "build",
    abstract: "Write a detector's training, or its use, as a graph file.",
    discussion: """
      The training graph has everything in it: reading and decoding records, distortion, the model, \
      loss, gradients, Adam, the learning rate's schedule, saver and summaries. 'nagare train' needs \
      nothing else, nor does TensorFlow.

      Examples:
        nagare detect build --detector multibox --data train.tfrecord --output train.pbtxt
        nagare detect build --predict --output predict.pbtxt
      """)

  @OptionGroup var model: DetectorOptions

  @Option(
    help: ArgumentHelp(
      "Records of 'nagare dataset pack', as the graph is to name them.", valueName: "file"))
  var data = "train.tfrecord"

  @Option(
    help: ArgumentHelp(
      "NUM_CLASSES; that of the records where --data is there, else 1.", valueName: "n"))
  var classCount: Int?

  @Option(help: "How records come in: dataset or queue.")
  var input = DetectionGraph.Input.dataset

  @Flag(inversion: .prefixedNo, help: "Take records in a random order.")
  var shuffle = true

  @Flag(help: "Write the graph that finds regions in pictures, from 'images' to 'logits'.")
  var predict = false

  @Option(
    help: ArgumentHelp(
      "The MetaGraph; in text form when its name ends in 'txt'.", valueName: "file"))
  var output: String

  @OptionGroup var logging: LogOptions

  func run() throws {
    let isThere = FileSystem.kind(data) == .file
    var count = classCount ?? 1
    if classCount == nil, isThere, !predict {
      count = try during(.reading) { () throws(GraphError) in
        try DetectionData.extent(of: data).classCount
      }
    }
    let detector = try model.detector(classCount: count)
    let metaGraph = try usage { () throws(GraphError) in
      if predict {
        return try DetectionGraph.prediction(
          detector, seed: Int64(truncatingIfNeeded: model.seed & 0x7fff_ffff))
      }
      return try DetectionGraph(detector, options: model.options, input: input).training(
        records: data, compression: isThere ? try RecordReader(data).compression : .none,
        shuffles: shuffle)
    }
    try during(.writing) { () throws(GraphError) in try metaGraph.write(to: output) }
    logging.log.info("\(output): \(metaGraph.graph.nodeCount) nodes")
  }
}

extension DetectionGraph.Input: ExpressibleByArgument {}
