/// Trains any graph that says how: runs its train op step after step and writes a run folder with
/// checkpoints, event files, `metrics.csv`, curves and settings. A run whose folder holds a checkpoint
/// goes on from it, bit for bit as if it had not been interrupted.
public final class TrainingLoop {
  /// How long it trains, and what it writes how often.
  public struct Options: Sendable, Codable, Equatable {
    /// The last step; until the input ends when `nil`.
    public var maxStep: Int?
    /// Steps between checkpoints; one is written at the start and at the end as well.
    public var saveEvery = 1000
    /// Steps between rows of `metrics.csv` and events; the first step has one as well.
    public var summaryEvery = 10
    /// How many checkpoints are kept besides the best: 0 keeps all, `nil` leaves it to the graph.
    public var keep: Int?

    public init(
      maxStep: Int? = nil, saveEvery: Int = 1000, summaryEvery: Int = 10, keep: Int? = nil
    ) {
      self.maxStep = maxStep
      self.saveEvery = saveEvery
      self.summaryEvery = summaryEvery
      self.keep = keep
    }

    /// - Throws: `invalidArgument` for a number that cannot be meant.
    public func validate() throws(GraphError) {
      func require(_ value: Int, _ low: Int, _ what: String) throws(GraphError) {
        guard value >= low else {
          throw .invalidArgument("\(what) must be at least \(low), got \(value)")
        }
      }
      if let maxStep { try require(maxStep, 1, "The last step") }
      try require(saveEvery, 1, "Steps between checkpoints")
      try require(summaryEvery, 1, "Steps between summaries")
      if let keep { try require(keep, 0, "The number of checkpoints to keep") }
    }
  }

  /// What a run says of itself after a step.
  public struct Progress: Sendable {
    /// Steps done.
    public var step: Int
    public var losses: [(name: String, value: Double)]
  }

  /// Why a run came to its end.
  public enum Ending: Sendable, Equatable {
    /// The last step is done.
    case finished
    /// The input gives no more.
    case inputEnded
    /// It was asked to stop.
    case stopped
  }

  /// Values for tensors that are fed in each step.
  public struct Feeds {
    public var tensors: [Output]
    /// The values, in the order of `tensors`, for the step after this many.
    public var values: (Int) throws(GraphError) -> [Tensor]
    /// A session whose state decides the values besides the step; checkpoints keep it.
    public var source: Session?

    public init(
      _ tensors: [Output], source: Session? = nil,
      values: @escaping (Int) throws(GraphError) -> [Tensor]
    ) {
      self.tensors = tensors
      self.source = source
      self.values = values
    }

    /// The same values in each step.
    public init(_ feeds: [Output: Tensor] = [:]) {
      let ordered = feeds.sorted { $0.key.name < $1.key.name }
      let values = ordered.map(\.value)
      self.init(ordered.map(\.key)) { (_) throws(GraphError) in values }
    }
  }

  public let training: TrainingGraph
  public let options: Options
  public let session: Session
  /// Steps done: 0, or those of the checkpoint that the run goes on from.
  public private(set) var step = 0
  /// The checkpoint that the run goes on from.
  public private(set) var resumedFrom: String?
  private let folder: RunFolder
  private let checkpoints: RunCheckpoints
  private let counter: VariableValue?
  private let feeds: Feeds
  private let plainStep: Callable
  private let summaryStep: Callable
  private let detailedStep: Callable
  private var metrics = MetricsTable()

  /// Initialises the session, and resumes when the folder holds a checkpoint.
  ///
  /// - Parameters:
  ///   - folder: Made when it is not there. One run at a time.
  ///   - settings: Facts for `settings.json` besides those of the loop.
  ///   - warn: Told what a person should know, such as a damaged checkpoint that is passed over.
  /// - Throws: `failedPrecondition` when another run has the folder, `invalidArgument` for options that
  ///   cannot be meant, and what initialising and restoring throws.
  public init(
    _ training: TrainingGraph, folder path: String, options: Options = Options(),
    feeds: Feeds = Feeds(), threads: Int? = nil,
    settings: any Encodable & Sendable = [String: String](),
    warn: (String) -> Void = { _ in }
  ) throws(GraphError) {
    try options.validate()
    self.training = training
    self.options = options
    self.feeds = feeds
    folder = try RunFolder(path)
    let session = Session(training.graph, threads: threads)
    self.session = session
    if let node = training.globalStep {
      counter = try session.value(of: node)
    } else {
      counter = nil
    }
    checkpoints = try RunCheckpoints(
      training.metaGraph, session: session, source: feeds.source, folder: folder,
      keep: options.keep)
    let losses = training.losses.map(\.value)
    plainStep = try session.callable(
      feeds: feeds.tensors, fetches: losses, targets: training.train)
    summaryStep = try session.callable(
      feeds: feeds.tensors, fetches: losses + training.summaries, targets: training.train)
    detailedStep = try session.callable(
      feeds: feeds.tensors,
      fetches: losses + training.summaries + training.checkpointSummaries, targets: training.train)
    try initialize()
    try resume(warn)
    try session.startQueueRunners()
    try folder.write(
      RunSettings(self, settings, feeds: feeds.tensors).json, to: RunSettings.fileName)
    let graph = folder.file("model.meta")
    if step == 0 || FileSystem.kind(graph) == nil { try training.metaGraph.write(to: graph) }
  }

  private func initialize() throws(GraphError) {
    // What is fed while training may be what an initializer needs, a file's name for example.
    let isConstant = feeds.source == nil
    let tensors = isConstant ? feeds.tensors : []
    let values = isConstant ? try feeds.values(0) : []
    for nodes in [training.initializers, training.localInitializers] where !nodes.isEmpty {
      let initializer = try session.callable(feeds: tensors, targets: nodes)
      _ = try initializer.run(values)
    }
  }

  private func resume(_ warn: (String) -> Void) throws(GraphError) {
    let found = try checkpoints.resume(warn)
    resumedFrom = found?.prefix
    step = try counted() ?? found?.step ?? 0
    if let text = try folder.text(of: MetricsTable.fileName) {
      metrics = try MetricsTable(text, upTo: found == nil ? -1 : step)
    }
    try folder.endEvents(at: found == nil ? 0 : step)
    if found != nil { try updateBest() }
  }

  /// What the graph's global step stands at.
  private func counted() throws(GraphError) -> Int? {
    guard let counter else { return nil }
    guard let value = counter.current?.integers?.first else {
      throw .failedPrecondition("The global step '\(counter.name)' has no value")
    }
    return value
  }

  /// Trains until the last step, the end of the input, or until `shouldStop` says so, then saves.
  ///
  /// - Parameters:
  ///   - progress: Called after each step.
  ///   - shouldStop: Asked after each step.
  /// - Throws: `failedPrecondition` when a loss is not a number or the graph does not count its steps,
  ///   and what running and writing throws.
  public func run(
    progress: (Progress) -> Void = { _ in }, shouldStop: () -> Bool = { false }
  ) throws(GraphError) -> Ending {
    let events = try EventWriter(folder: folder.path)
    if step == 0 { try events.write(training.graph) }
    try events.write(Event(step: Int64(step), .session(.start, checkpoint: "", message: "")))
    // The same graph can then be trained elsewhere from the same variables.
    if resumedFrom == nil { try save(events) }
    var ending: Ending?
    var saved = step
    while ending == nil {
      if let last = options.maxStep, step >= last {
        ending = .finished
        break
      }
      guard let losses = try trainOnce(events) else {
        ending = .inputEnded
        break
      }
      progress(Progress(step: step, losses: losses))
      if shouldStop() { ending = .stopped }
      if step / options.saveEvery != saved / options.saveEvery {
        try save(events)
        saved = step
      }
    }
    if saved != step {
      try save(events)
    } else if resumedFrom != nil {
      // A run that was killed right after its last checkpoint has not drawn them.
      try writeCurves()
    }
    try events.close()
    return ending ?? .finished
  }

  /// Makes a step; `nil` when the input has come to its end.
  private func trainOnce(
    _ events: EventWriter
  ) throws(GraphError) -> [(name: String, value: Double)]? {
    let next = step + 1
    let isSummarized = next == 1 || next % options.summaryEvery == 0
    let isDetailed =
      !training.checkpointSummaries.isEmpty && (next == 1 || next % options.saveEvery == 0)
    let callable = isDetailed ? detailedStep : isSummarized ? summaryStep : plainStep
    let values: [Tensor]
    do throws(GraphError) {
      values = try callable.run(try feeds.values(step))
    } catch {
      guard error.code == .outOfRange else { throw error }
      return nil
    }
    let before = step
    step = try counted() ?? next
    guard step > before else {
      throw .failedPrecondition(
        "A step of '\(training.train[0].name)' left the global step at \(step); the train op must "
          + "count it up")
    }
    var losses: [(name: String, value: Double)] = []
    for (loss, value) in zip(training.losses, values) {
      guard let number = value.doubles?.first, value.count == 1 else {
        throw .invalidArgument(
          "The loss '\(loss.name)' is not a scalar: its shape is \(value.shape)")
      }
      guard number.isFinite else {
        throw .failedPrecondition(
          "The loss '\(loss.name)' is not a number at step \(step); a smaller learning rate may help. "
            + "The last checkpoint in \(folder.path) is unharmed.")
      }
      losses.append((loss.name, number))
    }
    if isSummarized || isDetailed {
      try summarize(losses, values.dropFirst(losses.count), events, isRow: isSummarized)
    }
    return losses
  }

  private func summarize(
    _ losses: [(name: String, value: Double)], _ serialized: ArraySlice<Tensor>,
    _ events: EventWriter, isRow: Bool
  ) throws(GraphError) {
    var summary = Summary()
    for bytes in serialized.flatMap(\.strings) {
      summary.values += try Summary(serialized: bytes).values
    }
    var row = losses
    let known = Set(losses.map(\.name))
    let tags = Set(summary.values.map(\.tag))
    for value in summary.values {
      guard case .scalar(let number) = value.content, !known.contains(value.tag) else { continue }
      row.append((value.tag, Double(number)))
    }
    for (name, value) in losses where !tags.contains(name) {
      summary.values.append(.init(tag: name, .scalar(Float(value))))
    }
    if isRow { metrics.append(step: step, row) }
    try events.write(summary, step: Int64(step))
  }

  // MARK: - Saving

  private func save(_ events: EventWriter) throws(GraphError) {
    // Before the checkpoint: what is there at a restart reaches at least to its step.
    try events.flush()
    try folder.write(metrics.text, to: MetricsTable.fileName)
    try checkpoints.save(step: step, countsSteps: counter != nil)
    try updateBest()
    try writeCurves()
  }

  private var lossColumns: [String] {
    let own = training.losses.map(\.name).filter { metrics.columns.contains($0) }
    return own.isEmpty ? metrics.columns.filter(TrainingGraph.isLoss) : own
  }

  /// The mean loss of the rows of the save interval that ends at a step.
  private func meanLoss(endingAt step: Int) -> Double? {
    let columns = lossColumns.map { metrics.points($0) }
    let low = Double(step - options.saveEvery)
    var sum = 0.0
    var count = 0
    for points in columns {
      for point in points where point.x > low && point.x <= Double(step) {
        sum += point.y
        count += 1
      }
    }
    return count > 0 && sum.isFinite ? sum * Double(columns.count) / Double(count) : nil
  }

  /// Calls the checkpoint of this step the best when the mean loss of the steps since the one before
  /// is the lowest so far. Only whole intervals are compared, so that a stop in between changes
  /// nothing.
  private func updateBest() throws(GraphError) {
    guard step > 0, step % options.saveEvery == 0, let mean = meanLoss(endingAt: step) else {
      return
    }
    if let best = checkpoints.bestStep, best < step, let lowest = meanLoss(endingAt: best),
      lowest <= mean
    {
      return
    }
    try checkpoints.setBest(step: step)
  }

  private func writeCurves() throws(GraphError) {
    var page = try RunPage(folder: folder.path, title: "Training run")
    for (chart, name) in [(page.losses, "loss.svg"), (page.learningRate, "learning-rate.svg")]
    where !chart.series.isEmpty {
      try folder.write(chart.svg, to: name)
    }
    page.addLastValues()
    page.addCurves()
    page.addSettings()
    try page.write()
  }
}
