import Nagare

/// How a detector is trained.
public struct TrainingOptions: Sendable, Codable, Equatable {
  /// How the learning rate goes down.
  public enum Schedule: String, Sendable, Codable, CaseIterable {
    /// It stays.
    case constant
    /// A tenth of it after 60 % of the steps, a hundredth after 85 %.
    case piecewise
    /// The same part less with each step, down to a hundredth at the last.
    case exponential
    /// Half a cosine from the rate to zero at the last step.
    case cosine
  }

  /// What the detector's numbers of channels are multiplied by.
  public var width = 0.25
  public var batchSize = 8
  public var learningRate = 0.002
  public var schedule = Schedule.cosine
  public var maxStep = 2000
  /// The detector's own loss when `nil`.
  public var loss: DetectionLoss?
  /// Of initial variables, order and distortion.
  public var seed: UInt64 = 1
  /// Whether brightness and contrast change at random.
  public var distorts = true
  /// Steps between checkpoints; one is written at the end as well.
  public var saveEvery = 1000
  /// How many checkpoints are kept.
  public var keep = 3
  /// Steps between rows of metrics.csv and events.
  public var summaryEvery = 10

  public init() {}

  /// - Throws: `invalidArgument` for a number that cannot be meant.
  public func validate() throws(GraphError) {
    func require(_ holds: Bool, _ expected: String) throws(GraphError) {
      guard holds else { throw GraphError(.invalidArgument, expected) }
    }
    try require(
      (1...4096).contains(batchSize), "The batch size must be from 1 to 4096, got \(batchSize)")
    try require(
      (1...1_000_000_000).contains(maxStep), "The last step must be at least 1, got \(maxStep)")
    try require(
      learningRate > 0 && learningRate.isFinite,
      "The learning rate must be a number over 0, got \(learningRate)")
    try require(saveEvery > 0, "Steps between checkpoints must be at least 1, got \(saveEvery)")
    try require(summaryEvery > 0, "Steps between summaries must be at least 1, got \(summaryEvery)")
    try require(keep > 0, "At least one checkpoint must be kept, got \(keep)")
  }
}

extension TrainingLoop {
  /// Trains a detector on pictures that are in memory.
  ///
  /// - Parameters:
  ///   - folder: Made when it is not there. One run at a time.
  ///   - warn: Told what a person should know, such as a damaged checkpoint passed over.
  /// - Throws: `failedPrecondition` when another run has the folder, `invalidArgument` for options that
  ///   cannot be meant.
  public convenience init(
    detector data: DetectionData, labels: LabelMap, folder: String, options: TrainingOptions,
    threads: Int? = nil, warn: (String) -> Void = { _ in }
  ) throws(GraphError) {
    let detection = try DetectionGraph(data.detector, options: options)
    let (metaGraph, inputs) = try detection.fedTraining()
    let feeds = Feeds(inputs, source: data.session) { (step) throws(GraphError) in
      let batch = try data.batch(
        step: step, batchSize: options.batchSize, distorts: options.distorts)
      return [batch.images, batch.labels, batch.masks, batch.offsets]
    }
    try self.init(
      TrainingGraph(metaGraph), folder: folder,
      options: Options(
        maxStep: options.maxStep, saveEvery: options.saveEvery,
        summaryEvery: options.summaryEvery, keep: options.keep),
      feeds: feeds, threads: threads,
      settings: DetectionSettings(
        options: options, detector: data.detector, labels: labels.names), warn: warn)
    try Folder.write(labels.text, to: "labels.txt", in: folder)
  }
}

/// What `settings.json` says of a detector's run.
struct DetectionSettings: Encodable, Sendable {
  var detector: Detector.Kind
  var options: TrainingOptions
  var pictureSize: Int
  var labels: [String]

  init(options: TrainingOptions, detector: Detector, labels: [String]) {
    self.options = options
    self.options.loss = options.loss ?? detector.kind.loss
    self.detector = detector.kind
    pictureSize = detector.pictureSize
    self.labels = labels
  }
}
