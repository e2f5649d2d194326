import Nagare

/// A detector of regions: a convolutional backbone over a grey picture, and a head that gives, for each
/// box of one or several grids, the four sides of a region less those of the box, and a confidence for
/// each class.
///
/// "TensorFlowはじめました3 Object Detection" (K. Ariyama, 2018), chapters 2 and 3.
public struct Detector: Sendable {
  /// What stands on the backbone.
  public enum Kind: String, Sendable, Codable, CaseIterable {
    /// One grid of cells; the one that holds a region's centre finds it. The book's "model0".
    case grid
    /// Six grids, each half as fine as the one before; the boxes of the right size and place find a
    /// region. The book's "model1".
    case multibox

    /// The name of its model in the book, with which scalars begin.
    public var modelName: String {
      switch self {
      case .grid: "model0"
      case .multibox: "model1"
      }
    }

    /// What a report calls it.
    var title: String {
      switch self {
      case .grid: "Grid detector"
      case .multibox: "Multi-scale detector"
      }
    }

    /// The grids of the head's outputs: 21 for pictures of 256 × 256, and 11, 6, 3, 2, 1 for the
    /// multi-scale detector.
    public func grids(pictureSize: Int = 256) -> [Grid] {
      // pool1 SAME by 2, pool2 VALID 3 by 3, each block of the head SAME by 2.
      let pooled = (pictureSize + 1) / 2
      var size = (pooled - 3) / 3 + 1
      return (0..<(self == .grid ? 1 : 6)).map { _ in
        size = (size + 1) / 2
        return Grid(size: size)
      }
    }

    /// Which boxes are positive: the cell that holds a region's centre, or those that overlap it.
    ///
    /// - Parameter threshold: The overlap from which a box is positive although another one overlaps
    ///   the region more; of the multi-scale detector only.
    public func matcher(pictureSize: Int = 256, threshold: Double = 0.5) -> Matcher {
      let rule = self == .grid ? Matcher.Rule.centre : .overlap(threshold: threshold)
      return Matcher(rule, grids: grids(pictureSize: pictureSize))
    }

    /// The loss of the book's chapter.
    public var loss: DetectionLoss {
      switch self {
      case .grid: DetectionLoss(mining: .none, location: .squared)
      case .multibox: DetectionLoss(mining: .batch, location: .smoothL1)
      }
    }

    /// What becomes of overlapping regions unless something else is asked for.
    public var suppression: Suppression {
      switch self {
      case .grid: .drop(overlap: 0.3)
      case .multibox: .standard
      }
    }
  }

  public let kind: Kind
  /// The pictures' height and width in pixels, from 32 to 1024.
  public let pictureSize: Int
  /// What every number of channels is multiplied by: 1, ½, ¼ …
  public let width: Double
  /// NUM_CLASSES, at least 1.
  public let classCount: Int
  /// The grids of the head's outputs, in their order.
  public let grids: [Grid]
  /// The boxes of all grids, in the order of `logits`.
  public let boxes: [Box]

  /// - Throws: `invalidArgument` for a width outside 0 … 4, fewer than 1 class, or pictures too small.
  public init(
    _ kind: Kind = .grid, classCount: Int, width: Double = 1, pictureSize: Int = 256
  ) throws(GraphError) {
    guard width > 0, width <= 4 else {
      throw GraphError(.invalidArgument, "The width must be over 0 and at most 4, got \(width)")
    }
    guard (1...LabelMap.limit).contains(classCount) else {
      throw GraphError(
        .invalidArgument, "A detector has from 1 to \(LabelMap.limit) classes, got \(classCount)")
    }
    guard (32...1024).contains(pictureSize) else {
      throw GraphError(
        .invalidArgument, "Pictures must be from 32 to 1024 pixels wide, got \(pictureSize)")
    }
    self.kind = kind
    self.classCount = classCount
    self.width = width
    self.pictureSize = pictureSize
    grids = kind.grids(pictureSize: pictureSize)
    boxes = grids.flatMap(\.boxes)
  }

  /// A number of channels at this width, at least 1.
  func channels(_ count: Int) -> Int { max(1, Int((Double(count) * width).rounded())) }

  /// The features of `images`.
  ///
  /// - Parameters:
  ///   - images: `[batch, size, size, 1]` float32, standardised.
  ///   - seed: Of the initial kernels.
  /// - Returns: `[batch, 42, 42, 256 × width]` for pictures of 256 × 256.
  public func backbone(
    _ images: Output, isTrainable: Bool = true, seed: Int64? = nil
  ) throws(GraphError) -> Output {
    var features = images
    func layer(
      _ name: String, _ filters: Int, _ kernel: Int, _ padding: Padding
    ) throws(GraphError) {
      features = try convolutionLayer(
        features, filters: channels(filters), kernel: (kernel, kernel), padding: padding,
        activation: .relu, isTrainable: isTrainable,
        seed: seed.map { $0 + Int64(features.node.id) },
        name: name)
    }
    try layer("conv1_1", 64, 3, .same)
    try layer("conv1_2", 64, 3, .same)
    features = try maxPool(
      features, size: (3, 3), strides: (2, 2), padding: .same, name: "pool1")
    try layer("conv2_1", 128, 3, .same)
    try layer("conv2_2", 128, 3, .same)
    features = try maxPool(
      features, size: (3, 3), strides: (3, 3), padding: .valid, name: "pool2")
    try layer("conv3_1", 256, 3, .same)
    try layer("conv3_2", 256, 1, .valid)
    return features
  }

  /// The outputs of the head, one for each grid: `[batch, g, g, 4 + NUM_CLASSES]`, the four sides between
  /// −1 and 1, then the confidences between 0 and 1.
  public func head(
    _ features: Output, isTrainable: Bool = true, seed: Int64? = nil
  ) throws(GraphError) -> [Output] {
    func layer(
      _ input: Output, _ name: String, _ filters: Int, _ kernel: Int, _ stride: Int,
      _ padding: Padding, _ activation: Activation
    ) throws(GraphError) -> Output {
      try convolutionLayer(
        input, filters: filters, kernel: (kernel, kernel), strides: (stride, stride),
        padding: padding, activation: activation, isTrainable: isTrainable,
        seed: seed.map { $0 + Int64(input.node.id) * 2 + (activation == .tanh ? 1 : 0) },
        name: name)
    }
    var shared = features
    var outputs: [Output] = []
    for block in grids.indices {
      let number = kind == .grid ? "" : "\(block)"
      shared = try layer(shared, "conv_out" + number, channels(256), 3, 2, .same, .relu)
      let location = try layer(shared, "loc_output" + number, 4, 1, 1, .valid, .tanh)
      let prediction = try layer(
        shared, "pred_output" + number, classCount, 1, 1, .valid, .sigmoid)
      outputs.append(try concat([location, prediction], axis: 3, name: "output" + number))
    }
    return outputs
  }

  /// The head's outputs as one tensor, `[batch, boxes, 4 + NUM_CLASSES]`.
  public func logits(_ outputs: [Output]) throws(GraphError) -> Output {
    var flat: [Output] = []
    for output in outputs {
      let count = (output.shape[1] ?? 0) * (output.shape[2] ?? 0)
      flat.append(
        try reshape(output, [output.shape[0] ?? -1, count, 4 + classCount]))
    }
    return flat.count == 1 ? flat[0] : try concat(flat, axis: 1)
  }

  /// The regions that one picture's output means.
  ///
  /// - Parameters:
  ///   - output: `[boxes × (4 + NUM_CLASSES)]`, box by box.
  ///   - threshold: The least confidence.
  public func regions(_ output: ArraySlice<Float>, threshold: Double) -> [Region] {
    let width = 4 + classCount
    guard output.count == boxes.count * width else { return [] }
    var found: [Region] = []
    for (index, box) in boxes.enumerated() {
      let start = output.startIndex + index * width
      for label in 1...classCount {
        let confidence = Double(output[start + 3 + label])
        guard confidence >= threshold else { continue }
        let moved = box.moved(
          by: (
            Double(output[start]), Double(output[start + 1]), Double(output[start + 2]),
            Double(output[start + 3])
          )
        ).clipped
        found.append(Region(box: moved, label: label, probability: confidence))
      }
    }
    return found
  }
}
