import Foundation
import Nagare

/// How a detector is trained.
public struct TrainingOptions: Sendable, Codable, Equatable {
  /// How the learning rate goes down.
  public enum Schedule: String, Sendable, Codable, CaseIterable {
    /// It stays.
    case constant
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

/// What a training run says of itself after a step.
public struct TrainingProgress: Sendable {
  /// Steps done.
  public var step: Int
  public var maxStep: Int
  public var labelLoss: Double
  public var locationLoss: Double
  public var learningRate: Double
  public var stepsPerSecond: Double

  /// Seconds until the last step at the present rate.
  public var secondsLeft: Double { Double(maxStep - step) / max(stepsPerSecond, 1e-9) }
}

/// Trains a detector on a packed file and writes a run folder: checkpoints, event files,
/// metrics.csv, loss curves, settings and the graph.
public final class DetectionTrainer {
  /// A row of metrics.csv.
  struct Metrics {
    var step: Int
    var labelLoss: Double
    var locationLoss: Double
    var learningRate: Double
  }

  public let model: DetectorModel
  public let options: TrainingOptions
  /// The step that the run goes on from: 0, or that of the newest intact checkpoint of the folder.
  public private(set) var step = 0
  private let folder: String
  private let data: DetectionData
  private let labels: LabelMap
  private let trainStep: Callable
  private let saver: Saver
  private var metrics: [Metrics] = []
  private let lock: FolderLock

  /// Builds the training graph and resumes from the folder when it holds a checkpoint.
  ///
  /// - Parameters:
  ///   - folder: Made when it is not there. One run at a time.
  ///   - warn: Told what a person should know, such as a damaged checkpoint passed over.
  /// - Throws: `failedPrecondition` when another run has the folder, `invalidArgument` for options that
  ///   cannot be meant or that differ from those of the run that is resumed.
  public init(
    data: DetectionData, labels: LabelMap, folder: String, options: TrainingOptions,
    threads: Int? = nil, warn: (String) -> Void
  ) throws(GraphError) {
    try options.validate()
    self.options = options
    self.folder = folder
    self.data = data
    self.labels = labels
    try makeFolder(folder)
    lock = try FolderLock(folder)
    model = try DetectorModel(
      data.detector, seed: Int64(truncatingIfNeeded: options.seed & 0x7fff_ffff), threads: threads)
    let graph = model.graph
    let detector = data.detector
    let boxes = detector.boxes.count
    let labelInput = try graph.placeholder(
      .float32, shape: [nil, boxes, detector.classCount], name: "labels")
    let maskInput = try graph.placeholder(
      .float32, shape: [nil, boxes], name: "label_masks")
    let offsetInput = try graph.placeholder(.float32, shape: [nil, boxes, 4], name: "offsets")
    let loss = try (options.loss ?? detector.kind.loss)(
      model.logits, masks: maskInput, labels: labelInput, offsets: offsetInput)
    let globalStep = try graph.globalStep()
    let base = try graph.constant(
      try Tensor(scalar: Float(options.learningRate)), name: "learning_rate")
    let rate =
      switch options.schedule {
      case .constant: base
      case .cosine:
        try cosineDecay(base, globalStep: globalStep.value, decaySteps: options.maxStep)
      }
    let train = try AdamOptimizer(learningRate: rate).minimize(
      loss.total, variables: graph.variables(in: "trainable_variables"), globalStep: globalStep)
    let initializer = try graph.initializer()
    saver = try Saver(graph, maximumToKeep: options.keep)
    trainStep = try model.session.callable(
      feeds: [model.images, labelInput, maskInput, offsetInput],
      fetches: [loss.label, loss.location, rate], targets: [train])
    try model.session.run(initializer)
    try resume(warn)
    try writeDescription()
  }

  private func resume(_ warn: (String) -> Void) throws(GraphError) {
    guard try Folder.holdsCheckpoint(folder) else { return }
    let (checkpoint, passedOver) = try Checkpoint.newestIntact(folder: folder)
    for (prefix, error) in passedOver { warn("\(prefix) is damaged (\(error.message)); not used") }
    try saver.restore(model.session, checkpoint.prefix)
    let stored = try checkpoint.tensor(named: "global_step").elements(Int64.self)
    step = Int(clamping: max(0, stored.first ?? 0))
    metrics = try MetricsFile.read(folder).filter { $0.step <= step }
  }

  private func writeDescription() throws(GraphError) {
    try Folder.write(
      RunSettings(options: options, detector: data.detector, labels: labels.names).json,
      to: "settings.json", in: folder)
    try Folder.write(labels.text, to: "labels.txt", in: folder)
    try MetaGraph(model.graph, saver: saver.definition).write(
      to: Folder.path("model.meta", in: folder))
  }

  /// Trains until the last step or until `shouldStop` says so, then saves.
  ///
  /// - Parameters:
  ///   - progress: Called after each step.
  ///   - shouldStop: Asked after each step.
  /// - Returns: `false` when it was stopped before the last step.
  /// - Throws: `failedPrecondition` when a loss is not a number, and what writing refuses.
  public func run(
    progress: (TrainingProgress) -> Void, shouldStop: () -> Bool
  ) throws(GraphError) -> Bool {
    let events = try EventWriter(folder: folder)
    try events.write(model.graph)
    try events.write(Event(step: Int64(step), .session(.start, checkpoint: "", message: "")))
    // The same graph can then be trained elsewhere from the same variables.
    if step == 0 { try saver.save(model.session, folder: folder, step: 0) }
    var rate = RateMeter()
    var wasStopped = false
    var saved = step
    while step < options.maxStep, !wasStopped {
      let batch = try data.batch(
        step: step, batchSize: options.batchSize, distorts: options.distorts)
      let values = try trainStep.run(
        [batch.images, batch.labels, batch.masks, batch.offsets])
      let numbers = values.compactMap { $0.doubles?.first }
      step += 1
      guard numbers.count == 3, numbers[0].isFinite, numbers[1].isFinite else {
        throw GraphError(
          .failedPrecondition,
          "The loss is not a number at step \(step); a smaller learning rate than "
            + "\(options.learningRate) may help. The last checkpoint in \(folder) is unharmed.")
      }
      let row = Metrics(
        step: step, labelLoss: numbers[0], locationLoss: numbers[1], learningRate: numbers[2])
      if step == 1 || step % options.summaryEvery == 0 || step == options.maxStep {
        metrics.append(row)
        try events.write(
          Summary([
            .init(tag: labelTag, .scalar(Float(row.labelLoss))),
            .init(tag: locationTag, .scalar(Float(row.locationLoss))),
            .init(tag: "learning_rate", .scalar(Float(row.learningRate))),
          ]), step: Int64(step))
      }
      progress(
        TrainingProgress(
          step: step, maxStep: options.maxStep, labelLoss: row.labelLoss,
          locationLoss: row.locationLoss, learningRate: row.learningRate,
          stepsPerSecond: rate.tick()))
      wasStopped = shouldStop()
      if step % options.saveEvery == 0 || step == options.maxStep || wasStopped {
        try save(events)
        saved = step
      }
    }
    if saved != step { try save(events) }
    try events.close()
    return step >= options.maxStep
  }

  private func save(_ events: EventWriter) throws(GraphError) {
    try saver.save(model.session, folder: folder, step: step)
    try events.flush()
    let columns = ["step", labelTag, locationTag, "learning_rate"]
    try Folder.write(
      MetricsFile.text(metrics, columns: columns), to: MetricsFile.name, in: folder)
    try Folder.write(lossChart.svg, to: "loss.svg", in: folder)
  }

  private var labelTag: String { model.detector.kind.modelName + "_label_loss" }
  private var locationTag: String { model.detector.kind.modelName + "_loc_loss" }

  private var lossChart: CurveChart {
    CurveChart(
      title: "Training loss", xLabel: "step", yLabel: "loss",
      series: [
        .init(name: labelTag, points: metrics.map { (Double($0.step), $0.labelLoss) }),
        .init(name: locationTag, points: metrics.map { (Double($0.step), $0.locationLoss) }),
      ], isLogarithmic: true)
  }
}

/// Steps a second over the last seconds.
struct RateMeter {
  private var times: [Double] = []

  /// Notes a step and gives the rate.
  mutating func tick() -> Double {
    let now = Double(DispatchTime.now().uptimeNanoseconds) / 1e9
    times.append(now)
    if times.count > 50 { times.removeFirst() }
    guard let first = times.first, now > first else { return 0 }
    return Double(times.count - 1) / (now - first)
  }
}

/// What a run was made with, as `settings.json` holds it.
struct RunSettings: Codable {
  var detector: Detector.Kind
  var options: TrainingOptions
  var pictureSize: Int
  var labels: [String]
  var version = nagareVersion
  var system = ProcessInfo.processInfo.operatingSystemVersionString
  var processors = ProcessInfo.processInfo.activeProcessorCount

  init(options: TrainingOptions, detector: Detector, labels: [String]) {
    self.options = options
    self.options.loss = options.loss ?? detector.kind.loss
    self.detector = detector.kind
    pictureSize = detector.pictureSize
    self.labels = labels
  }

  var json: String {
    get throws(GraphError) {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      do {
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
      } catch {
        throw GraphError(.internalError, "The settings cannot be written as JSON: \(error)")
      }
    }
  }
}

/// `metrics.csv`: a row a summary.
enum MetricsFile {
  static let name = "metrics.csv"

  static func text(_ rows: [DetectionTrainer.Metrics], columns: [String]) -> String {
    var text = columns.joined(separator: ",") + "\n"
    for row in rows {
      text += "\(row.step),\(row.labelLoss),\(row.locationLoss),\(row.learningRate)\n"
    }
    return text
  }

  /// The rows of a folder's file; none when there is no file.
  static func read(_ folder: String) throws(GraphError) -> [DetectionTrainer.Metrics] {
    guard let text = try Folder.readText(name, in: folder) else { return [] }
    var rows: [DetectionTrainer.Metrics] = []
    for line in text.split(separator: "\n").dropFirst() {
      let numbers = line.split(separator: ",").compactMap { Double($0) }
      guard numbers.count == 4, let step = Int(exactly: numbers[0]) else { continue }
      rows.append(
        .init(
          step: step, labelLoss: numbers[1], locationLoss: numbers[2], learningRate: numbers[3]))
    }
    return rows
  }
}
