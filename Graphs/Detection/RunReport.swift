import Nagare

/// What a training run came to, as files of its folder: `evaluation.txt`, `evaluation.json`,
/// `precision-recall.svg`, and `report.html`, one page that needs no other file.
///
/// All of it follows from the folder's settings and metrics, the model's variables and the pictures,
/// so that a run that was interrupted has the same report as one that was not.
public struct RunReport {
  /// The most sample pictures.
  private static let sampleLimit = 12

  private let folder: String
  private let model: DetectorModel
  private let labels: LabelMap

  /// - Parameter folder: The run's folder, with `settings.json` and `metrics.csv`.
  public init(folder: String, model: DetectorModel, labels: LabelMap) {
    (self.folder, self.model, self.labels) = (folder, model, labels)
  }

  /// Measures the model on a packed file and writes the report.
  ///
  /// - Parameters:
  ///   - name: What the page calls the pictures.
  ///   - threshold: The confidence for precision, recall and the sample pictures.
  ///   - suppression: What becomes of overlapping regions; the detector's own way by default.
  ///   - progress: Called after each batch with the number of pictures done.
  public func write(
    on data: DetectionData, named name: String, threshold: Double = 0.5,
    suppression: Suppression? = nil,
    progress: (Int) throws(GraphError) -> Void = { _ in }
  ) throws(GraphError) -> AveragePrecision {
    let detections = try model.detections(
      in: data, suppression: suppression, progress: progress)
    let measures = try AveragePrecision(
      truths: data.samples.map(\.regions), detections: detections, labels: labels,
      confidence: threshold)
    try measures.write(to: folder)
    var page = try RunPage(folder: folder, title: model.detector.kind.title)
    let explanation =
      "<p>Precision and recall at confidence \(shortest(threshold)). AP@\(shortest(measures.overlap)): "
      + "area under the interpolated curve; AP@0.5:0.95: COCO's mean over ten overlaps. "
      + "\(Markup.escape((suppression ?? model.detector.kind.suppression).description)).</p>"
    page.add("Measured on \(name)", RunPage.table(measures.rows, header: true) + explanation)
    page.addCurves(after: [measures.chart])
    page.add(
      "Pictures",
      "<p>White: true regions. Coloured: found ones, with their confidence.</p>"
        + "<div class=\"pictures\">\(try pictures(data, detections, threshold))</div>")
    page.addSettings()
    try page.write()
    return measures
  }

  /// Pictures from all over the file, as the detector sees them: square and grey.
  private func pictures(
    _ data: DetectionData, _ detections: [[Region]], _ threshold: Double
  ) throws(GraphError) -> String {
    let count = min(Self.sampleLimit, data.count)
    let size = model.detector.pictureSize
    var images: [String] = []
    for place in 0..<count {
      let index = place * data.count / count
      let sample = data.samples[index]
      let pixels = try sample.grey.elements(Float.self).map { value in
        UInt8(value > 0 ? min(value, 255) : 0)
      }
      let picture = try Picture(width: size, height: size, channels: 1, pixels: pixels)
      let drawing = try picture.drawing(
        detections[index].filter { $0.probability >= threshold },
        labels: labels.count > 1 ? labels : nil, truths: sample.regions)
      images.append(
        RunPage.image(
          try drawing.encodedJPEG(quality: 90), type: "image/jpeg", title: sample.name))
    }
    return images.joined(separator: "\n")
  }
}
