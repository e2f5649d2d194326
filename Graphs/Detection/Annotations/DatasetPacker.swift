import Nagare

/// Turns an annotated folder into a TFRecord file of `tf.train.Example` for a detector.
///
/// | feature | values |
/// |---|---|
/// | `tfrecord_name` | the record's number and the picture's name without its ending |
/// | `image_file_name` | the picture's file name |
/// | `image` | JPEG bytes |
/// | `labels` | float, boxes · classes, box by box |
/// | `label_masks` | float, one a box, 1 for a positive one |
/// | `offset` | float, four a box: region − box |
/// | `regions` | float, four a true region: left, top, right, bottom as fractions |
/// | `region_labels` | int64, one a true region |
/// | `width`, `height` | int64, the picture's size in pixels |
public struct DatasetPacker: Sendable {
  /// The detector's boxes and which of them a region makes positive.
  public var matcher: Matcher
  public var compression: RecordCompression
  /// The quality with which a picture that is not JPEG becomes one, 0 … 100.
  public var quality: Int

  public init(
    _ matcher: Matcher = Detector.Kind.grid.matcher(), compression: RecordCompression = .none,
    quality: Int = 95
  ) {
    self.matcher = matcher
    self.compression = compression
    self.quality = quality
  }

  /// What was packed.
  public struct Report: Sendable, Equatable {
    public var pictures = 0
    public var regions = 0
    /// Regions without a box of their own, because other regions have those that fit.
    public var unmatched = 0
    /// Pictures that could not be used; the reasons went to `warn`.
    public var skipped = 0
  }

  /// Packs the pictures of a split.
  ///
  /// A picture that cannot be used is skipped with a warning.
  ///
  /// - Parameters:
  ///   - path: The file to write; it appears when all is written.
  ///   - progress: Called after each picture with the number done and the number in all; ends the
  ///     packing by throwing, and no file is left.
  /// - Throws: `invalidArgument` when no picture is left, and what writing the file throws.
  public func pack(
    _ folder: AnnotatedFolder, split: AnnotatedFolder.Split, to path: String,
    warn: (String) -> Void = standardErrorWarning,
    progress: (_ done: Int, _ count: Int) throws(GraphError) -> Void = { _, _ in }
  ) throws(GraphError) -> Report {
    let entries = folder.entries(of: split)
    guard !entries.isEmpty else {
      throw GraphError(
        .invalidArgument,
        "\(folder.path): none of its \(folder.entries.count) pictures is in the split "
          + "'\(split.rawValue)' (every tenth is for testing)")
    }
    let writer = try RecordWriter(path, compression: compression)
    var report = Report()
    for (number, entry) in entries.enumerated() {
      do throws(GraphError) {
        let picture = try folder.load(entry)
        let regions = picture.regions.count { $0.label > 0 }
        let (example, unmatched) = try example(
          picture, number: number, classCount: folder.labels.count)
        report.regions += regions
        report.unmatched += unmatched
        try writer.write(example.serialized())
        report.pictures += 1
      } catch {
        // A full disk is no fault of the picture.
        guard error.code == .invalidArgument || error.code == .notFound else { throw error }
        warn("Skipped \(error.message)")
        report.skipped += 1
      }
      try progress(number + 1, entries.count)
    }
    guard report.pictures > 0 else {
      throw GraphError(
        .invalidArgument, "\(folder.path): none of the \(entries.count) pictures can be used")
    }
    try writer.close()
    return report
  }

  /// One picture's record, and how many of its regions have no box of their own.
  ///
  /// - Throws: `invalidArgument`, naming the picture, when its file is damaged.
  public func example(_ picture: AnnotatedPicture, number: Int, classCount: Int)
    throws(GraphError) -> (example: Example, unmatched: Int)
  {
    let image: [UInt8]
    do {
      // Decoding shows whether the picture is whole, so that training does not stumble over it.
      let decoded = try Picture.decode(picture.file)
      image =
        picture.file.starts(with: [0xFF, 0xD8])
        ? picture.file : try decoded.encodedJPEG(quality: quality)
    } catch {
      throw error.prefixed(picture.name)
    }
    let targets = matcher.targets(for: picture.regions, classCount: classCount)
    let truths = picture.regions.filter { $0.label > 0 }
    let stem = picture.name.lastIndex(of: ".").map { picture.name[..<$0] } ?? picture.name[...]
    let digits = String(number)
    let padded = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    return (
      Example([
        "tfrecord_name": .string("\(padded)_\(stem)"),
        "image_file_name": .string(picture.name),
        "image": .strings([image]),
        "labels": .floats(targets.labels),
        "label_masks": .floats(targets.masks),
        "offset": .floats(targets.offsets),
        "regions": .floats(truths.flatMap { $0.box.sides.map(Float.init) }),
        "region_labels": .integers(truths.map { Int64($0.label) }),
        "width": .integers([Int64(picture.width)]),
        "height": .integers([Int64(picture.height)]),
      ]), targets.unmatched.count
    )
  }
}

extension AnnotatedPicture {
  /// The picture of a record that `DatasetPacker` wrote.
  ///
  /// - Throws: `invalidArgument`, with what is missing or wrong.
  public init(_ example: Example) throws(GraphError) {
    func fail(_ words: String) -> GraphError {
      GraphError(.invalidArgument, "The record is not one of 'nagare dataset pack': \(words)")
    }
    guard case .strings(let images)? = example.features["image"], images.count == 1 else {
      throw fail("it has no 'image'")
    }
    guard case .strings(let names)? = example.features["image_file_name"], names.count == 1 else {
      throw fail("it has no 'image_file_name'")
    }
    guard case .floats(let sides)? = example.features["regions"],
      case .integers(let labels)? = example.features["region_labels"],
      sides.count == 4 * labels.count
    else { throw fail("'regions' needs four values for each of 'region_labels'") }
    let size = try Picture.size(of: images[0])
    name = String(decoding: names[0], as: UTF8.self)
    file = images[0]
    (width, height) = (size.width, size.height)
    regions = []
    for (place, label) in labels.enumerated() {
      let values = sides[4 * place..<4 * place + 4].map(Double.init)
      let box = Box(left: values[0], top: values[1], right: values[2], bottom: values[3])
      guard box.isOrdered, 1...Int64(LabelMap.limit) ~= label else {
        throw fail("region \(place + 1) has the label \(label) and the sides \(values)")
      }
      regions.append(Region(box: box, label: Int(label)))
    }
  }
}
