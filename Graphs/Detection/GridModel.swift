import Nagare

/// A detector's graph with a session to run it in: what training, evaluation and prediction share.
public final class GridModel: Sendable {
  public let detector: GridDetector
  public let graph: Graph
  public let session: Session
  /// `[batch, size, size, 1]`, to be fed.
  public let images: Output
  /// `[batch, boxes, 4 + NUM_CLASSES]`.
  public let logits: Output
  let variables: [Variable]

  /// - Parameters:
  ///   - seed: Of the initial variables.
  public init(
    _ detector: GridDetector, seed: Int64 = 0, threads: Int? = nil
  ) throws(GraphError) {
    self.detector = detector
    graph = Graph()
    graph.randomSeed = seed
    images = try graph.placeholder(
      .float32, shape: [nil, detector.pictureSize, detector.pictureSize, 1], name: "images")
    let features = try detector.backbone(images)
    logits = try identity(
      try detector.logits(try detector.head(features)), name: "logits")
    variables = graph.variables()
    session = Session(graph, threads: threads)
  }

  /// A trained detector, read from a checkpoint. Width and classes follow from its variables.
  ///
  /// - Parameters:
  ///   - path: A checkpoint's prefix, one of its files, or a folder with checkpoints.
  ///   - pictureSize: As it was trained.
  /// - Throws: `notFound` for a path without a checkpoint or one of something else.
  public convenience init(
    checkpoint path: String, pictureSize: Int = 256, threads: Int? = nil
  ) throws(GraphError) {
    let checkpoint = try Checkpoint(path)
    func sizes(_ name: String) throws(GraphError) -> [Int] {
      guard let entry = checkpoint.entries.first(where: { $0.name == name }),
        entry.dimensions.count == 4
      else {
        throw GraphError(
          .notFound,
          "\(checkpoint.prefix) is not a grid detector's checkpoint: it has no variable '\(name)'")
      }
      return entry.dimensions
    }
    let width = Double(try sizes("conv1_1/kernel")[3]) / 64
    let detector = try GridDetector(
      classCount: try sizes("pred_output/kernel")[3], width: width, pictureSize: pictureSize)
    try self.init(detector, threads: threads)
    try restore(checkpoint)
  }

  /// Gives the detector's variables the values of a checkpoint.
  func restore(_ checkpoint: Checkpoint) throws(GraphError) {
    let saver = try Saver(graph, variables: variables, name: "restore")
    try saver.restore(session, checkpoint.prefix)
  }

  /// The regions found in pictures, before overlapping ones are merged.
  ///
  /// - Parameter images: `[batch, size, size, 1]`, standardised.
  public func regions(
    in images: Tensor, threshold: Double
  ) throws(GraphError) -> [[Region]] {
    let output = try session.run(logits, feeds: [self.images: images])
    let values = try output.elements(Float.self)
    guard let batch = output.dimensions.first, batch > 0 else { return [] }
    let length = values.count / batch
    return (0..<batch).map { index in
      detector.regions(values[(index * length)..<((index + 1) * length)], threshold: threshold)
    }
  }

  /// How well the detector does on a packed file.
  ///
  /// - Parameters:
  ///   - threshold: The confidence at which precision and recall are given.
  ///   - suppression: What becomes of overlapping regions.
  ///   - progress: Called after each batch with the number of pictures done.
  public func evaluate(
    _ data: DetectionData, labels: LabelMap, threshold: Double = 0.5, overlap: Double = 0.5,
    suppression: Suppression = .drop(overlap: 0.3),
    progress: (Int) throws(GraphError) -> Void = { _ in }
  ) throws(GraphError) -> AveragePrecision {
    var detections: [[Region]] = []
    var start = 0
    while start < data.count {
      let samples = data.samples[start..<min(start + 8, data.count)]
      var images: [Tensor] = []
      for sample in samples { images.append(try data.standardized(sample.grey)) }
      let found = try regions(in: try Tensor(stacking: images), threshold: 0.01)
      detections += found.map { suppression($0) }
      start += samples.count
      try progress(start)
    }
    return try AveragePrecision(
      truths: data.samples.map(\.regions), detections: detections, labels: labels,
      overlap: overlap, confidence: threshold)
  }
}
