import Nagare

/// A detector's graph with a session to run it in: what training, evaluation and prediction share.
public final class DetectorModel: Sendable {
  public let detector: Detector
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
    _ detector: Detector, seed: Int64 = 0, threads: Int? = nil
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

  /// A trained detector, read from a checkpoint. Kind, width and classes follow from its variables.
  ///
  /// - Parameters:
  ///   - path: A checkpoint's prefix, one of its files, or a folder with checkpoints.
  ///   - pictureSize: As it was trained.
  /// - Throws: `notFound` for a path without a checkpoint or one of something else.
  public convenience init(
    checkpoint path: String, pictureSize: Int = 256, threads: Int? = nil
  ) throws(GraphError) {
    let checkpoint = try Checkpoint(path)
    func sizes(_ name: String) -> [Int]? {
      let entry = checkpoint.entries.first { $0.name == name }
      return entry.flatMap { $0.dimensions.count == 4 ? $0.dimensions : nil }
    }
    let heads = [Detector.Kind.grid: "pred_output", .multibox: "pred_output0"]
    let head = Detector.Kind.allCases.lazy.compactMap { kind in
      heads[kind].flatMap { sizes($0 + "/kernel") }.map { (kind: kind, sizes: $0) }
    }.first
    guard let head, let first = sizes("conv1_1/kernel") else {
      throw GraphError(
        .notFound,
        "\(checkpoint.prefix) is not a detector's checkpoint: it has no variables "
          + "'conv1_1/kernel' and 'pred_output/kernel' or 'pred_output0/kernel'")
    }
    let detector = try Detector(
      head.kind, classCount: head.sizes[3], width: Double(first[3]) / 64, pictureSize: pictureSize)
    try self.init(detector, threads: threads)
    try restore(checkpoint)
  }

  /// A trained detector, read from a graph with its variables as constants, as `nagare freeze` writes
  /// it from `images` to `logits`. Kind, width, classes and the pictures' size follow from it.
  ///
  /// - Throws: What reading the file refuses, `invalidArgument` for a graph of something else.
  public init(frozen path: String, threads: Int? = nil) throws(GraphError) {
    let graph = try Graph(contentsOf: path)
    func sizes(_ name: String) -> [Int]? {
      let known = graph.node(named: name)?.outputs.first?.shape.known
      return known?.count == 4 ? known : nil
    }
    guard let images = try? graph.output(named: "images"),
      let logits = try? graph.output(named: "logits"), let pictureSize = images.shape[1],
      let first = sizes("conv1_1/kernel"),
      let head = sizes("pred_output/kernel") ?? sizes("pred_output0/kernel")
    else {
      throw GraphError(
        .invalidArgument,
        "\(path) is not a frozen detector, from 'images' to 'logits', with constants such as "
          + "'conv1_1/kernel'")
    }
    let kind: Detector.Kind = sizes("pred_output/kernel") == nil ? .multibox : .grid
    detector = try Detector(
      kind, classCount: head[3], width: Double(first[3]) / 64, pictureSize: pictureSize)
    (self.graph, self.images, self.logits) = (graph, images, logits)
    variables = []
    session = Session(graph, threads: threads)
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

  /// The regions found in each picture of a packed file, those of little confidence as well.
  ///
  /// - Parameters:
  ///   - suppression: What becomes of overlapping regions; the detector's own way by default.
  ///   - progress: Called after each batch with the number of pictures done.
  public func detections(
    in data: DetectionData, suppression: Suppression? = nil,
    progress: (Int) throws(GraphError) -> Void = { _ in }
  ) throws(GraphError) -> [[Region]] {
    let suppression = suppression ?? detector.kind.suppression
    var detections: [[Region]] = []
    while detections.count < data.count {
      let next = detections.count..<min(detections.count + 8, data.count)
      var images: [Tensor] = []
      for sample in data.samples[next] { images.append(try data.standardized(sample.grey)) }
      let found = try regions(in: try Tensor(stacking: images), threshold: 0.01)
      detections += found.map { suppression($0) }
      try progress(detections.count)
    }
    return detections
  }

  /// How well the detector does on a packed file.
  ///
  /// - Parameters:
  ///   - threshold: The confidence at which precision and recall are given.
  ///   - suppression: What becomes of overlapping regions; the detector's own way by default.
  ///   - progress: Called after each batch with the number of pictures done.
  public func evaluate(
    _ data: DetectionData, labels: LabelMap, threshold: Double = 0.5, overlap: Double = 0.5,
    suppression: Suppression? = nil, progress: (Int) throws(GraphError) -> Void = { _ in }
  ) throws(GraphError) -> AveragePrecision {
    try AveragePrecision(
      truths: data.samples.map(\.regions),
      detections: detections(in: data, suppression: suppression, progress: progress),
      labels: labels, overlap: overlap, confidence: threshold)
  }
}
