import Nagare

/// The graph that turns pictures and records into what a detector takes: decoding, resizing without
/// keeping the aspect, grey, distortion when training, and standardising.
struct PicturePipeline {
  let graph = Graph()
  /// A scalar string, a serialized `tf.train.Example`.
  let record: Output
  /// A scalar string, a JPEG file; what a record holds unless it is fed.
  let file: Output
  /// `[size, size, 1]` float32, 0 … 255: the record's picture before distortion.
  let grey: Output
  /// `[boxes × NUM_CLASSES]`, `[boxes]`, `[boxes × 4]`.
  let labels: Output
  let masks: Output
  let offsets: Output
  /// The true regions, four sides each, and their labels: any number.
  let regions: Output
  let regionLabels: Output
  let name: Output
  /// `[height, width, 3]` uint8: a decoded picture, to be fed.
  let pixels: Output
  /// `[size, size, 1]`: `pixels` resized and grey.
  let greyPixels: Output
  /// `[size, size, 1]`: what is to be distorted or standardised, to be fed.
  let source: Output
  /// `source` standardised, without and with distortion.
  let plain: Output
  let distorted: Output

  /// The distortion of the book's loader.
  enum Distortion {
    static let brightness: Float = 60
    static let contrast: ClosedRange<Float> = 0.2...1.5
  }

  init(_ detector: Detector, seed: Int64?) throws(GraphError) {
    let size = detector.pictureSize
    let boxes = detector.boxes.count
    graph.randomSeed = seed
    record = try graph.placeholder(.string, shape: .scalar, name: "record")
    let example = try parseSingleExample(
      record,
      [
        "image": .fixed(.string, shape: []),
        "image_file_name": .fixed(.string, shape: [], fallback: ""),
        "labels": .fixed(.float32, shape: [boxes * detector.classCount]),
        "label_masks": .fixed(.float32, shape: [boxes]),
        "offset": .fixed(.float32, shape: [boxes * 4]),
        "regions": .sparse(.float32),
        "region_labels": .sparse(.int64),
      ])
    file = try example("image")
    labels = try example("labels")
    masks = try example("label_masks")
    offsets = try example("offset")
    name = try example("image_file_name")
    guard let regions = example.sparse["regions"], let labels = example.sparse["region_labels"]
    else {
      throw GraphError(.internalError, "The parsed example lacks its regions")
    }
    self.regions = regions.values
    regionLabels = labels.values
    grey = try Self.grey(try decodeJPEG(file, channels: 3), size)
    pixels = try graph.placeholder(.uint8, shape: [nil, nil, 3], name: "pixels")
    greyPixels = try Self.grey(pixels, size)
    source = try graph.placeholder(.float32, shape: [size, size, 1], name: "source")
    plain = try perImageStandardization(source)
    distorted = try perImageStandardization(try Self.distorted(source))
  }

  /// Another brightness and contrast.
  static func distorted(_ picture: Output) throws(GraphError) -> Output {
    try randomContrast(
      try randomBrightness(picture, limit: Distortion.brightness),
      lower: Distortion.contrast.lowerBound, upper: Distortion.contrast.upperBound)
  }

  static func grey(_ pixels: Output, _ size: Int) throws(GraphError) -> Output {
    let graph = pixels.graph
    let batch = try expandDimensions(try cast(pixels, to: .float32), axis: 0)
    let resized = try resizeBilinear(
      batch, size: try graph.constant(try Tensor([Int32(size), Int32(size)])))
    return try reshape(try rgbToGrayscale(resized), [size, size, 1])
  }
}
