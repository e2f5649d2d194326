import Nagare

/// A detector's training, or its use, as a graph that needs no program: pipeline, model, loss,
/// gradients, updates, schedule, saver and summaries, in the collections in which TensorFlow 1 and
/// `nagare train` look for them.
public struct DetectionGraph: Sendable {
  /// How pictures come into a training graph.
  public enum Input: String, Sendable, Codable, CaseIterable {
    /// A dataset with an initializable iterator.
    case dataset
    /// Queues with their runners, as in the book.
    case queue
  }

  public var detector: Detector
  public var options: TrainingOptions
  public var input: Input

  /// Records that wait in the queue from which they are drawn at random.
  private static let shuffled = (capacity: 1024, minimum: 512)

  public init(
    _ detector: Detector, options: TrainingOptions, input: Input = .dataset
  ) throws(GraphError) {
    try options.validate()
    self.detector = detector
    self.options = options
    self.input = input
  }

  // MARK: - Training

  /// The graph that trains the detector on the records of a file.
  ///
  /// - Parameters:
  ///   - records: A file of `nagare dataset pack`; it need not be there yet.
  ///   - compression: Of that file.
  ///   - shuffles: Whether records come in a random order.
  public func training(
    records: String, compression: RecordCompression = .none, shuffles: Bool = true
  ) throws(GraphError) -> MetaGraph {
    let graph = Graph()
    graph.randomSeed = Int64(truncatingIfNeeded: options.seed & 0x7fff_ffff)
    let batch = try graph.scope("input") { () throws(GraphError) -> [Output] in
      switch input {
      case .dataset: try datasetInput(graph, records, compression, shuffles)
      case .queue: try queueInput(graph, records, compression, shuffles)
      }
    }
    let names = ["images", "labels", "label_masks", "offsets"]
    var fed: [Output] = []
    for (tensor, name) in zip(batch, names) { fed.append(try identity(tensor, name: name)) }
    return try training(graph, fed)
  }

  /// The graph that trains the detector on what is fed: images, labels, masks and offsets.
  func fedTraining() throws(GraphError) -> (MetaGraph, inputs: [Output]) {
    let graph = Graph()
    graph.randomSeed = Int64(truncatingIfNeeded: options.seed & 0x7fff_ffff)
    let (size, boxes) = (detector.pictureSize, detector.boxes.count)
    let inputs = [
      try graph.placeholder(.float32, shape: [nil, size, size, 1], name: "images"),
      try graph.placeholder(.float32, shape: [nil, boxes, detector.classCount], name: "labels"),
      try graph.placeholder(.float32, shape: [nil, boxes], name: "label_masks"),
      try graph.placeholder(.float32, shape: [nil, boxes, 4], name: "offsets"),
    ]
    return (try training(graph, inputs), inputs)
  }

  /// Adds model, loss, updates and all that goes with them.
  private func training(_ graph: Graph, _ inputs: [Output]) throws(GraphError) -> MetaGraph {
    let features = try detector.backbone(inputs[0])
    let logits = try identity(
      try detector.logits(try detector.head(features)), name: "logits")
    let loss = try (options.loss ?? detector.kind.loss)(
      logits, masks: inputs[2], labels: inputs[1], offsets: inputs[3])
    graph.addToCollection("losses", .name(loss.total.name))

    let globalStep = try graph.globalStep()
    let rate = try learningRate(graph, globalStep)
    let update = try AdamOptimizer(learningRate: rate).minimize(
      loss.total, variables: graph.variables(in: "trainable_variables"), globalStep: globalStep)
    _ = try graph.group([update], name: "train")
    let prefix = detector.kind.modelName
    for (tag, value) in [
      (prefix + "_label_loss", loss.label), (prefix + "_loc_loss", loss.location),
      ("learning_rate", rate),
    ] {
      graph.addToCollection("summaries", .name(try scalarSummary(tag, value).name))
    }
    var summaries: [Output] = []
    for case .name(let name) in graph.collections["summaries"] ?? [] {
      summaries.append(try graph.output(named: name))
    }
    graph.addToCollection("summary_op", .name(try mergeSummary(summaries).name))
    graph.addToCollection(
      TrainingGraph.checkpointSummary, .name(try details(graph, images: inputs[0]).name))
    graph.addToCollection("init_op", .name(try graph.initializer().name))
    let saver = try Saver(graph, maximumToKeep: options.keep)
    var metaGraph = MetaGraph(graph, saver: saver.definition)
    metaGraph.signatures["train"] = .init(
      inputs: [:],
      outputs: [
        "loss": .init(loss.total), "label_loss": .init(loss.label),
        "loc_loss": .init(loss.location), "step": .init(globalStep.value),
      ], method: "nagare/train")
    return metaGraph
  }

  /// What is large and changes slowly: pictures as they come in, and how variables are distributed.
  private func details(_ graph: Graph, images: Output) throws(GraphError) -> Output {
    var summaries = [try imageSummary("pictures", images)]
    for variable in graph.variables(in: "trainable_variables") {
      summaries.append(try histogramSummary("variables/\(variable.name)", variable.value))
    }
    return try mergeSummary(summaries)
  }

  /// The graph that finds regions in pictures: `images`, `[batch, size, size, 1]` and standardised, to
  /// `logits`, `[batch, boxes, 4 + NUM_CLASSES]`.
  public static func prediction(_ detector: Detector, seed: Int64 = 0) throws(GraphError)
    -> MetaGraph
  {
    let model = try DetectorModel(detector, seed: seed, threads: 1)
    let graph = model.graph
    graph.addToCollection("init_op", .name(try graph.initializer().name))
    let saver = try Saver(graph)
    var metaGraph = MetaGraph(graph, saver: saver.definition)
    metaGraph.signatures["serving_default"] = .init(
      inputs: ["images": .init(model.images)], outputs: ["logits": .init(model.logits)],
      method: "tensorflow/serving/predict")
    metaGraph.tags = ["serve"]
    return metaGraph
  }

  private func learningRate(
    _ graph: Graph, _ globalStep: Variable
  ) throws(GraphError) -> Output {
    let first = options.learningRate
    let last = options.maxStep
    func base() throws(GraphError) -> Output {
      try graph.constant(try Tensor(scalar: Float(first)), name: "initial_learning_rate")
    }
    switch options.schedule {
    case .constant: return try base()
    case .cosine:
      return try cosineDecay(base(), globalStep: globalStep.value, decaySteps: last)
    case .exponential:
      return try exponentialDecay(
        base(), globalStep: globalStep.value, decaySteps: last, decayRate: 0.01)
    case .piecewise:
      return try piecewiseConstant(
        globalStep: globalStep.value, boundaries: [last / 10 * 6, last / 20 * 17],
        values: [first, first / 10, first / 100])
    }
  }

  // MARK: - Input

  /// Records in a random order that each pass changes, decoded by several threads, in batches, of which
  /// the next is made while a step runs.
  private func datasetInput(
    _ graph: Graph, _ records: String, _ compression: RecordCompression, _ shuffles: Bool
  ) throws(GraphError) -> [Output] {
    let paths = try graph.constant(try Tensor(strings: [Array(records.utf8)]), name: "records")
    var data = try graph.recordDataset(paths, compression: compression)
    if shuffles { data = try data.shuffle(bufferSize: Self.shuffled.capacity) }
    data = try data.repeat().map(parallelism: .automatic) {
      (record) throws(GraphError) -> [Output] in try example(record[0])
    }
    data = try data.batch(options.batchSize, dropsRemainder: true).prefetch(1)
    let iterator = try data.iterator()
    if let initializer = iterator.initializer {
      graph.addToCollection("table_initializer", .name(initializer.name))
    }
    return try iterator.next()
  }

  /// Records drawn from one queue, decoded one by one, and gathered in another, which holds no more
  /// than a batch: decoded pictures are large, and checkpoints hold what is in queues.
  private func queueInput(
    _ graph: Graph, _ records: String, _ compression: RecordCompression, _ shuffles: Bool
  ) throws(GraphError) -> [Output] {
    let files = try graph.stringInputProducer([records], shuffles: false)
    var record = try graph.recordReader(compression: compression).read(files).value
    if shuffles {
      record = try shuffleBatch(
        [record], size: 1, capacity: Self.shuffled.capacity,
        minimumAfterDequeue: Self.shuffled.minimum, name: "shuffle")[0]
      record = try reshape(record, [])
    }
    return try Nagare.batch(
      example(record), size: options.batchSize, capacity: options.batchSize, name: "batch")
  }

  /// One record as a training step takes it: picture, labels, masks and offsets.
  private func example(_ record: Output) throws(GraphError) -> [Output] {
    let boxes = detector.boxes.count
    let parsed = try parseSingleExample(
      record,
      [
        "image": .fixed(.string, shape: []),
        "labels": .fixed(.float32, shape: [boxes * detector.classCount]),
        "label_masks": .fixed(.float32, shape: [boxes]),
        "offset": .fixed(.float32, shape: [boxes * 4]),
      ])
    var picture = try PicturePipeline.grey(
      try decodeJPEG(try parsed("image"), channels: 3), detector.pictureSize)
    if options.distorts { picture = try PicturePipeline.distorted(picture) }
    return [
      try perImageStandardization(picture),
      try reshape(try parsed("labels"), [boxes, detector.classCount]),
      try parsed("label_masks"),
      try reshape(try parsed("offset"), [boxes, 4]),
    ]
  }
}
