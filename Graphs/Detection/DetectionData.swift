import Nagare
import Synchronization

/// The pictures of a packed TFRecord file, decoded once and kept, handed out in batches.
///
/// Batches follow from the seed alone. One thread at a time may take them.
public final class DetectionData {
  /// One picture with what is true of it.
  struct Sample {
    var name: String
    /// `[size, size, 1]`, 0 … 255.
    var grey: Tensor
    var labels: Tensor
    var masks: Tensor
    var offsets: Tensor
    var regions: [Region]
  }

  /// What a training step takes.
  public struct Batch: Sendable {
    /// `[batch, size, size, 1]`, standardised.
    public let images: Tensor
    /// `[batch, boxes, NUM_CLASSES]`.
    public let labels: Tensor
    /// `[batch, boxes]`.
    public let masks: Tensor
    /// `[batch, boxes, 4]`.
    public let offsets: Tensor
  }

  let detector: Detector
  let samples: [Sample]
  private let pipeline: PicturePipeline
  let session: Session
  private let seed: UInt64

  /// The number of pictures.
  public var count: Int { samples.count }

  /// The numbers of classes and of boxes that the records of a file are packed for.
  ///
  /// - Throws: `dataLoss` for a file without records or with other ones.
  public static func extent(
    of path: String
  ) throws(GraphError) -> (classCount: Int, boxCount: Int) {
    let reader = try RecordReader(path)
    guard let record = try reader.next() else {
      throw GraphError(.dataLoss, "\(path): there are no records in this file")
    }
    let graph = Graph()
    let serialized = try graph.placeholder(.string, shape: .scalar)
    let parsed = try parseSingleExample(
      serialized, ["labels": .sparse(.float32), "label_masks": .sparse(.float32)])
    guard let labels = parsed.sparse["labels"], let masks = parsed.sparse["label_masks"] else {
      throw GraphError(.internalError, "The parsed example lacks its labels")
    }
    let counts = try Session(graph, threads: 1).run(
      [labels.values, masks.values], feeds: [serialized: try Tensor(scalar: record)])
    guard counts[1].count > 0, counts[0].count >= counts[1].count,
      counts[0].count % counts[1].count == 0
    else {
      throw GraphError(
        .dataLoss,
        "\(path): its records have \(counts[0].count) labels for \(counts[1].count) boxes; pack the "
          + "pictures with `nagare dataset pack`")
    }
    return (counts[0].count / counts[1].count, counts[1].count)
  }

  /// Reads and decodes all records of a file.
  ///
  /// - Parameter progress: Called after each picture with the number read so far.
  /// - Throws: `dataLoss` for damaged records, `invalidArgument` for records that were packed for
  ///   another detector.
  public init(
    _ path: String, detector: Detector, seed: UInt64, threads: Int? = nil,
    progress: (Int) throws(GraphError) -> Void = { _ in }
  ) throws(GraphError) {
    let extent = try Self.extent(of: path)
    guard extent.boxCount == detector.boxes.count else {
      throw GraphError(
        .invalidArgument,
        "\(path): its records are packed for a detector of \(extent.boxCount) boxes, and the "
          + "\(detector.kind.rawValue) detector has \(detector.boxes.count); pack them with "
          + "`nagare dataset pack --detector \(detector.kind.rawValue)`")
    }
    guard extent.classCount == detector.classCount else {
      throw GraphError(
        .invalidArgument,
        "\(path): its records are packed for \(extent.classCount) classes, and the detector has "
          + "\(detector.classCount)")
    }
    self.detector = detector
    self.seed = seed
    pipeline = try PicturePipeline(detector, seed: Int64(truncatingIfNeeded: seed & 0x7fff_ffff))
    session = Session(pipeline.graph, threads: threads)
    let decode = try session.callable(
      feeds: [pipeline.record],
      fetches: [
        pipeline.name, pipeline.grey, pipeline.labels, pipeline.masks, pipeline.offsets,
        pipeline.regions, pipeline.regionLabels,
      ])
    let reader = try RecordReader(path)
    var samples: [Sample] = []
    while let record = try reader.next() {
      do throws(GraphError) {
        let values = try decode.run([try Tensor(scalar: record)])
        samples.append(try Self.sample(values))
      } catch {
        throw error.prefixed("\(path), record \(samples.count)")
      }
      try progress(samples.count)
    }
    guard !samples.isEmpty else {
      throw GraphError(.dataLoss, "\(path): there are no records in this file")
    }
    self.samples = samples
  }

  private static func sample(_ values: [Tensor]) throws(GraphError) -> Sample {
    let sides = try values[5].elements(Float.self)
    let labels = try values[6].elements(Int64.self)
    guard sides.count == 4 * labels.count else {
      throw GraphError(
        .invalidArgument, "\(sides.count) sides were given for \(labels.count) regions")
    }
    let regions = labels.indices.map { index in
      Region(
        box: Box(
          left: Double(sides[4 * index]), top: Double(sides[4 * index + 1]),
          right: Double(sides[4 * index + 2]), bottom: Double(sides[4 * index + 3])),
        label: Int(labels[index]))
    }
    return Sample(
      name: String(decoding: values[0].strings.first ?? [], as: UTF8.self), grey: values[1],
      labels: values[2], masks: values[3], offsets: values[4], regions: regions)
  }

  /// The pictures of the batch of training step `step`, counted from 0: every epoch in an order of
  /// its own, batches running on from one epoch into the next.
  func indices(step: Int, batchSize: Int) -> [Int] {
    var chosen: [Int] = []
    let (first, overflow) = step.multipliedReportingOverflow(by: batchSize)
    guard !overflow else { return Array(0..<min(batchSize, count)) }
    for position in first..<(first + batchSize) {
      let epoch = position / count
      chosen.append(order(epoch: epoch)[position % count])
    }
    return chosen
  }

  private var lastOrder: (epoch: Int, order: [Int])?

  private func order(epoch: Int) -> [Int] {
    if let lastOrder, lastOrder.epoch == epoch { return lastOrder.order }
    var generator = SplitMix64(seed: seed &+ UInt64(epoch) &* 0x9E37_79B9_7F4A_7C15)
    var order = Array(0..<count)
    for index in order.indices.dropFirst().reversed() {
      order.swapAt(index, Int(generator.next() % UInt64(index + 1)))
    }
    lastOrder = (epoch, order)
    return order
  }

  /// The batch of training step `step`.
  ///
  /// - Parameter distorts: Whether brightness and contrast change at random.
  public func batch(
    step: Int, batchSize: Int, distorts: Bool
  ) throws(GraphError) -> Batch {
    let chosen = indices(step: step, batchSize: batchSize).map { samples[$0] }
    var images: [Tensor] = []
    for sample in chosen { images.append(try standardized(sample.grey, distorts: distorts)) }
    let boxes = detector.boxes.count
    return Batch(
      images: try Tensor(stacking: images),
      labels: try Tensor(stacking: chosen.map(\.labels)).reshaped(
        [chosen.count, boxes, detector.classCount]),
      masks: try Tensor(stacking: chosen.map(\.masks)),
      offsets: try Tensor(stacking: chosen.map(\.offsets)).reshaped([chosen.count, boxes, 4]))
  }

  /// A grey picture as the detector takes it.
  func standardized(_ grey: Tensor, distorts: Bool = false) throws(GraphError) -> Tensor {
    try session.run(
      distorts ? pipeline.distorted : pipeline.plain, feeds: [pipeline.source: grey])
  }
}
