import Nagare

/// How far a detector's output is from what it should be: a graph of confidences and offsets.
public struct DetectionLoss: Sendable, Codable, Equatable {
  /// Which boxes without a region count.
  public enum Mining: String, Sendable, Codable, CaseIterable {
    /// All boxes alike: both parts are means over all of them, as in the book's chapter 2.
    case none
    /// In each picture the hardest, three for each positive box of the whole mini-batch: the book's
    /// chapter 3.
    case batch
    /// In each picture the hardest, three for each positive box of that picture: W. Liu et al., "SSD:
    /// Single Shot MultiBox Detector".
    case sample
  }

  /// The error of an offset.
  public enum LocationError: String, Sendable, Codable, CaseIterable {
    case squared
    /// x²/2 up to 1, |x| − ½ from there on.
    case smoothL1 = "smooth-l1"
  }

  /// NEGATIVE_COUNT_RATE: boxes without a region for each one with a region.
  public static let negativeRate: Float = 3

  public var mining: Mining
  public var location: LocationError

  public init(mining: Mining, location: LocationError = .squared) {
    (self.mining, self.location) = (mining, location)
  }

  /// The loss and its two parts, `loss`, `label_loss` and `loc_loss`, all scalars.
  ///
  /// With mining, P = max(1, positive boxes of the mini-batch). `label_loss` is the positive boxes'
  /// errors over P and the mined ones' over 3 P; `loc_loss` is of positive boxes only, over P.
  ///
  /// - Parameters:
  ///   - logits: `[batch, boxes, 4 + NUM_CLASSES]` float32.
  ///   - masks: `[batch, boxes]`, 1 for a positive box.
  ///   - labels: `[batch, boxes, NUM_CLASSES]`.
  ///   - offsets: `[batch, boxes, 4]`.
  public func callAsFunction(
    _ logits: Output, masks: Output, labels: Output, offsets: Output
  ) throws(GraphError) -> (total: Output, label: Output, location: Output) {
    let labelLosses = try squaredDifference(try logits[..., 4...], labels)
    let locationLosses = try locationError(try logits[..., 0..<4], offsets)
    let label: Output
    let location: Output
    if mining == .none {
      label = try mean(labelLosses, name: "label_loss")
      location = try mean(locationLosses, name: "loc_loss")
    } else {
      let mask = try expandDimensions(masks, axis: 2)
      let positives = try maximum(try sum(masks), 1)
      label = try add(
        try sum(labelLosses * mask) / positives,
        try hardNegatives(try labelLosses - labelLosses * mask, masks, positives),
        name: "label_loss")
      location = try divide(try sum(locationLosses * mask), positives, name: "loc_loss")
    }
    return (try add(label, location, name: "loss"), label, location)
  }

  /// The sum of the mined errors over their wanted number, 3 P.
  ///
  /// - Parameter losses: `[batch, boxes, NUM_CLASSES]`, 0 at positive boxes.
  private func hardNegatives(
    _ losses: Output, _ masks: Output, _ positives: Output
  ) throws(GraphError) -> Output {
    let count = (losses.shape[1] ?? 0) * (losses.shape[2] ?? 0)
    let flat = try reshape(losses, [-1, count])
    let wanted = try positives * Self.rate
    let limit = try Tensor(scalar: Int32(clamping: count))
    guard mining == .sample else {
      let k = try minimum(try cast(wanted, to: .int32), limit)
      return try sum(try topK(flat, k: k).values) / wanted
    }
    let sorted = try topK(flat, k: count).values
    let own = try maximum(try sum(masks, axes: [1], keepDimensions: true), 1)
    let ranks = try losses.graph.constant(try Tensor((0..<count).map { Float($0) }))
    let chosen = try cast(try ranks .< (own * Self.rate), to: .float32)
    return try sum(sorted * chosen) / wanted
  }

  private static var rate: Tensor {
    get throws(GraphError) { try Tensor(scalar: negativeRate) }
  }

  private func locationError(_ found: Output, _ wanted: Output) throws(GraphError) -> Output {
    switch location {
    case .squared: return try squaredDifference(found, wanted)
    case .smoothL1:
      let distance = try Nagare.abs(found - wanted)
      // The part up to 1 is halved and squared, the rest counts as it is.
      let near = try minimum(distance, 1)
      return try near * near * 0.5 + (distance - near)
    }
  }
}
