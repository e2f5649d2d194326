import Nagare

/// The grid detector: a convolutional backbone over a grey picture and a head that gives, for each
/// cell of a 21 × 21 grid, the four sides of a region less those of the cell, and a confidence for each
/// class.
///
/// "TensorFlowはじめました3 Object Detection" (K. Ariyama, 2018), chapter 2, "model0".
public struct GridDetector: Sendable {
  /// The pictures' height and width in pixels, from 32 to 1024.
  public var pictureSize: Int
  /// What every number of channels is multiplied by: 1, ½, ¼ …
  public var width: Double
  /// NUM_CLASSES, at least 1.
  public var classCount: Int

  /// - Throws: `invalidArgument` for a width outside 0 … 4, fewer than 1 class, or pictures too small.
  public init(
    classCount: Int, width: Double = 1, pictureSize: Int = 256
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
    self.classCount = classCount
    self.width = width
    self.pictureSize = pictureSize
  }

  /// The grid of the head's output: 21 × 21 for pictures of 256 × 256.
  public var grid: Grid {
    // pool1 SAME by 2, pool2 VALID 3 by 3, the head SAME by 2.
    let pooled = (pictureSize + 1) / 2
    let features = (pooled - 3) / 3 + 1
    return Grid(size: (features + 1) / 2)
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

  /// The outputs of the head, one for each grid: here one of `[batch, 21, 21, 4 + NUM_CLASSES]`, the
  /// four sides between −1 and 1, then the confidences between 0 and 1.
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
    let shared = try layer(features, "conv_out", channels(256), 3, 2, .same, .relu)
    let location = try layer(shared, "loc_output", 4, 1, 1, .valid, .tanh)
    let prediction = try layer(shared, "pred_output", classCount, 1, 1, .valid, .sigmoid)
    return [try concat([location, prediction], axis: 3, name: "output")]
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

  /// The loss and its two parts: the mean squared differences of confidences and of offsets over all
  /// boxes.
  ///
  /// - Parameters:
  ///   - logits: `[batch, boxes, 4 + NUM_CLASSES]`.
  ///   - labels: `[batch, boxes, NUM_CLASSES]`.
  ///   - offsets: `[batch, boxes, 4]`.
  public func loss(
    _ logits: Output, labels: Output, offsets: Output
  ) throws(GraphError) -> (total: Output, label: Output, location: Output) {
    let confidences = try logits[..., 4...]
    let locations = try logits[..., 0..<4]
    let label = try mean(squaredDifference(confidences, labels), name: "label_loss")
    let location = try mean(squaredDifference(locations, offsets), name: "loc_loss")
    return (try add(label, location, name: "loss"), label, location)
  }

  /// The regions that one picture's output means.
  ///
  /// - Parameters:
  ///   - output: `[boxes × (4 + NUM_CLASSES)]`, row by row.
  ///   - threshold: The least confidence.
  public func regions(_ output: ArraySlice<Float>, threshold: Double) -> [Region] {
    let grid = grid
    let width = 4 + classCount
    guard output.count == grid.count * width else { return [] }
    var found: [Region] = []
    for index in 0..<grid.count {
      let row = output[(output.startIndex + index * width)...]
      let start = row.startIndex
      for label in 1...classCount {
        let confidence = Double(row[start + 3 + label])
        guard confidence >= threshold else { continue }
        let box = grid.box(at: index).moved(
          by: (
            Double(row[start]), Double(row[start + 1]), Double(row[start + 2]),
            Double(row[start + 3])
          )
        ).clipped
        found.append(Region(box: box, label: label, probability: confidence))
      }
    }
    return found
  }
}
