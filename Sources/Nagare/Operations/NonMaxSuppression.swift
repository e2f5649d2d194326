import RealModule

/// Greedy selection of boxes by descending score: what all versions of the op compute.
struct BoxSelection {
  var overlapThreshold: Float = 0.5
  var scoreThreshold = -Float.greatestFiniteMagnitude
  /// Over 0, overlapping boxes lose score instead of being dropped.
  var sigma: Float = 0

  /// A box that waits, and how many of the selected ones it has been compared with.
  private struct Candidate {
    var box: Int
    var score: Float
    var compared = 0

    /// Whether it comes before `other`: by score, then by place.
    func precedes(_ other: Candidate) -> Bool {
      score == other.score ? box < other.box : score > other.score
    }
  }

  /// The boxes in the order of selection, with their scores.
  func select(
    _ boxes: UnsafePointer<Float>, _ scores: UnsafePointer<Float>, count: Int, limit: Int
  ) -> [(box: Int, score: Float)] {
    // A comparison with NaN holds for none, so that a score that is no number is never selected.
    var waiting: [Candidate] = []
    for box in 0..<count where scores[box] > scoreThreshold {
      waiting.append(Candidate(box: box, score: scores[box]))
    }
    waiting.sort { $1.precedes($0) }
    var selected: [(box: Int, score: Float)] = []
    while selected.count < limit, var next = waiting.popLast() {
      let before = next.score
      var isDropped = false
      for other in selected[next.compared...].reversed() {
        let shared = Self.overlap(boxes + 4 * next.box, boxes + 4 * other.box)
        next.score *= weight(shared)
        isDropped = sigma <= 0 && shared > overlapThreshold
        if isDropped || next.score <= scoreThreshold { break }
      }
      next.compared = selected.count
      if isDropped { continue }
      if next.score == before {
        selected.append((next.box, next.score))
      } else if next.score > scoreThreshold {
        // Back in line, at the place that its new score gives it.
        var (low, high) = (0, waiting.count)
        while low < high {
          let middle = (low + high) / 2
          if next.precedes(waiting[middle]) { low = middle + 1 } else { high = middle }
        }
        waiting.insert(next, at: low)
      }
    }
    return selected
  }

  /// What an overlap leaves of a score.
  private func weight(_ overlap: Float) -> Float {
    guard sigma > 0 else { return overlap <= overlapThreshold ? 1 : 0 }
    return Float.exp(-0.5 / sigma * overlap * overlap)
  }

  /// The intersection over the union of two boxes, each given by two opposite corners.
  private static func overlap(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>) -> Float {
    // As C++'s std::min and std::max: of a number and NaN the first counts.
    func least(_ x: Float, _ y: Float) -> Float { y < x ? y : x }
    func greatest(_ x: Float, _ y: Float) -> Float { x < y ? y : x }
    let (top, left) = (least(a[0], a[2]), least(a[1], a[3]))
    let (bottom, right) = (greatest(a[0], a[2]), greatest(a[1], a[3]))
    let (otherTop, otherLeft) = (least(b[0], b[2]), least(b[1], b[3]))
    let (otherBottom, otherRight) = (greatest(b[0], b[2]), greatest(b[1], b[3]))
    let area = (bottom - top) * (right - left)
    let otherArea = (otherBottom - otherTop) * (otherRight - otherLeft)
    if area <= 0 || otherArea <= 0 { return 0 }
    let height = greatest(least(bottom, otherBottom) - greatest(top, otherTop), 0)
    let width = greatest(least(right, otherRight) - greatest(left, otherLeft), 0)
    let shared = height * width
    return shared / (area + otherArea - shared)
  }
}

/// A version of the op. The inputs after `boxes`, `scores` and `max_output_size` are scalars.
protocol NonMaxSuppressionOp: WithoutGradient {
  /// Whether the results are padded with zeros to the wanted number.
  var pads: Bool { get }
  /// How boxes are selected with these thresholds.
  func selection(_ thresholds: [Float]) throws(GraphError) -> BoxSelection
}

extension NonMaxSuppressionOp {
  var pads: Bool { false }

  static var thresholds: [String] { ["iou_threshold", "score_threshold", "soft_nms_sigma"] }

  func selection(_ thresholds: [Float]) throws(GraphError) -> BoxSelection {
    var selection = BoxSelection()
    if let threshold = thresholds.first { selection.overlapThreshold = threshold }
    if thresholds.count > 1 { selection.scoreThreshold = thresholds[1] }
    if thresholds.count > 2 { selection.sigma = thresholds[2] }
    return selection
  }

  /// The shape of the selected places.
  func selectedShape(_ inputs: [TensorSpec]) throws(GraphError) -> Shape {
    let boxes = try inputs[0].shape.withRank(2)
    let scores = try inputs[1].shape.withRank(1)
    for scalar in inputs[2...] { _ = try scalar.shape.withRank(0) }
    _ = try mergedDimension(boxes[0], scores[0])
    try checkDimension(boxes[1], is: 4)
    guard pads, let limit = inputs[2].integers?.first else { return [nil] }
    guard limit >= 0 else {
      throw .invalidArgument(
        "Dimension size, given by scalar input 2, must be non-negative but is \(limit)")
    }
    return [limit]
  }

  /// The selected places (int32), their scores, and how many there are without padding.
  func selected(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> (places: Tensor, scores: Tensor, count: Tensor) {
    let (boxes, scores) = (inputs[0], inputs[1])
    for (input, name) in zip(inputs[2...], ["max_output_size"] + Self.thresholds)
    where input.rank != 0 {
      throw .invalidArgument("\(name) must be 0-D, got shape \(input.shape)")
    }
    guard boxes.dataType == .float32, inputs[3...].allSatisfy({ $0.dataType == .float32 }) else {
      throw .unsupported(Self.name, .float16)
    }
    guard boxes.rank == 2 else {
      throw .invalidArgument("boxes must be 2-D\(boxes.shape)")
    }
    guard boxes.dimensions[1] == 4 else {
      throw .invalidArgument("boxes must have 4 columns")
    }
    guard scores.rank == 1 else {
      throw .invalidArgument("scores must be 1-D\(scores.shape)")
    }
    guard scores.count == boxes.dimensions[0] else {
      throw .invalidArgument("scores has incompatible shape")
    }
    let selection = try selection(inputs[3...].map { $0.pointer(Float.self)[0] })
    guard 0...1 ~= selection.overlapThreshold else {
      throw .invalidArgument("iou_threshold must be in [0, 1]")
    }
    guard selection.sigma >= 0 else {
      throw .invalidArgument("soft_nms_sigma_val must be >= 0")
    }
    let limit = Int(inputs[2].pointer(Int32.self)[0])
    guard limit >= 0 else { throw .invalidArgument("output size must be non-negative") }
    let found = selection.select(
      boxes.pointer(Float.self), scores.pointer(Float.self), count: scores.count, limit: limit)
    let size = pads ? limit : found.count
    let places = try context.allocate(.int32, [size])
    let kept = try context.allocate(.float32, [size])
    let count = try context.allocate(.int32, [])
    let (p, k) = (places.mutablePointer(Int32.self), kept.mutablePointer(Float.self))
    for place in 0..<size {
      let isFound = place < found.count
      p[place] = isFound ? Int32(clamping: found[place].box) : 0
      k[place] = isFound ? found[place].score : 0
    }
    count.mutablePointer(Int32.self)[0] = Int32(clamping: found.count)
    return (places, kept, count)
  }
}

private let floats = Signature.TypeParameter.of(.float16, .float32, default: .float32)

/// The overlap from which boxes are dropped is an attribute.
struct NonMaxSuppression: NonMaxSuppressionOp {
  var overlapThreshold: Float = 0.5

  static let name = "NonMaxSuppression"
  static let signature = Signature(
    inputs: ["boxes: float32", "scores: float32", "max_output_size: int32"],
    outputs: ["selected_indices: int32"])
  static let attributes: [Attribute<Self>] = [.attribute("iou_threshold", \.overlapThreshold)]

  func selection(_ thresholds: [Float]) throws(GraphError) -> BoxSelection {
    BoxSelection(overlapThreshold: overlapThreshold)
  }

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [try selectedShape(inputs)] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [try selected(inputs, context).places]
  }
}

/// The overlap from which boxes are dropped is an input.
struct NonMaxSuppressionV2: NonMaxSuppressionOp {
  static let name = "NonMaxSuppressionV2"
  static let signature = Signature(
    inputs: ["boxes: T", "scores: T", "max_output_size: int32", "iou_threshold: T_threshold"],
    outputs: ["selected_indices: int32"], types: ["T": floats, "T_threshold": floats])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [try selectedShape(inputs)] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [try selected(inputs, context).places]
  }
}

/// Boxes of a score that does not exceed a threshold are left out.
struct NonMaxSuppressionV3: NonMaxSuppressionOp {
  static let name = "NonMaxSuppressionV3"
  static let signature = Signature(
    inputs: [
      "boxes: T", "scores: T", "max_output_size: int32", "iou_threshold: T_threshold",
      "score_threshold: T_threshold",
    ], outputs: ["selected_indices: int32"], types: ["T": floats, "T_threshold": floats])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [try selectedShape(inputs)] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [try selected(inputs, context).places]
  }
}

/// The result may be padded to the wanted size.
struct NonMaxSuppressionV4: NonMaxSuppressionOp {
  var pads = false

  static let name = "NonMaxSuppressionV4"
  static let signature = Signature(
    inputs: [
      "boxes: T", "scores: T", "max_output_size: int32", "iou_threshold: T_threshold",
      "score_threshold: T_threshold",
    ], outputs: ["selected_indices: int32", "valid_outputs: int32"],
    types: ["T": floats, "T_threshold": floats])
  static let attributes: [Attribute<Self>] = [.attribute("pad_to_max_output_size", \.pads)]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [try selectedShape(inputs), .scalar]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let found = try selected(inputs, context)
    return [found.places, found.count]
  }
}

/// Overlapping boxes may lose score instead of being dropped.
struct NonMaxSuppressionV5: NonMaxSuppressionOp {
  var pads = false

  static let name = "NonMaxSuppressionV5"
  static let signature = Signature(
    inputs: [
      "boxes: T", "scores: T", "max_output_size: int32", "iou_threshold: T",
      "score_threshold: T", "soft_nms_sigma: T",
    ], outputs: ["selected_indices: int32", "selected_scores: T", "valid_outputs: int32"],
    types: ["T": floats])
  static let attributes: [Attribute<Self>] = [.attribute("pad_to_max_output_size", \.pads)]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let shape = try selectedShape(inputs)
    return [shape, shape, .scalar]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let found = try selected(inputs, context)
    return [found.places, found.scores, found.count]
  }
}

/// Standard non-maximum suppression: boxes by descending score (of equal ones the first), without those
/// whose overlap (intersection over union) with a selected one exceeds a threshold.
///
/// - Parameters:
///   - boxes: `[boxes, 4]` float32, two opposite corners each: y, x, y, x.
///   - scores: `[boxes]` float32. A score that is not a number is never selected.
///   - limit: The most boxes.
///   - overlapThreshold: 0 … 1.
///   - scoreThreshold: Boxes whose score does not exceed it are left out.
/// - Returns: `[selected]` int32, places in `boxes`.
/// - Throws: `invalidArgument` for other shapes; in the run for thresholds out of range.
///
/// TensorFlow: `NonMaxSuppressionV3`, `tf.image.non_max_suppression`.
public func nonMaxSuppression(
  _ boxes: Output, scores: Output, limit: Int, overlapThreshold: Float = 0.5,
  scoreThreshold: Float = -.infinity, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let location = SourceLocation(file, line)
  let graph = boxes.graph
  let node = try graph.add(
    NonMaxSuppressionV3(), named: name ?? "non_max_suppression", location
  ) { () throws(GraphError) in
    [
      boxes, scores, try graph.constant(size: limit, name: "max_output_size", location),
      try graph.constant(Tensor(scalar: overlapThreshold), name: "iou_threshold"),
      try graph.constant(Tensor(scalar: scoreThreshold), name: "score_threshold"),
    ]
  }
  return graph.output(node)
}

/// Soft non-maximum suppression: each selected box takes from the scores of those that wait, by
/// exp(−overlap² / 2σ) (Bodla et al., "Soft-NMS — improving object detection with one line of code").
///
/// - Parameters:
///   - boxes: `[boxes, 4]` float32, two opposite corners each: y, x, y, x.
///   - scores: `[boxes]` float32.
///   - sigma: Over 0; with 0 overlapping boxes are dropped as in `nonMaxSuppression`.
/// - Returns: `[selected]` int32, places in `boxes`, and the scores that are left to them.
/// - Throws: `invalidArgument` for other shapes; in the run for numbers out of range.
///
/// TensorFlow: `NonMaxSuppressionV5`, `tf.image.non_max_suppression_with_scores`.
public func softNonMaxSuppression(
  _ boxes: Output, scores: Output, limit: Int, overlapThreshold: Float = 0.5,
  scoreThreshold: Float = -.infinity, sigma: Float, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> (indices: Output, scores: Output) {
  let location = SourceLocation(file, line)
  let graph = boxes.graph
  let node = try graph.add(
    NonMaxSuppressionV5(), named: name ?? "non_max_suppression_with_scores", location
  ) { () throws(GraphError) in
    [
      boxes, scores, try graph.constant(size: limit, name: "max_output_size", location),
      try graph.constant(Tensor(scalar: overlapThreshold), name: "iou_threshold"),
      try graph.constant(Tensor(scalar: scoreThreshold), name: "score_threshold"),
      try graph.constant(Tensor(scalar: sigma), name: "soft_nms_sigma"),
    ]
  }
  return (graph.output(node), graph.output(node, 1))
}
