import Foundation
import Nagare

/// What a training run came to, as files of its folder: `evaluation.txt`, `evaluation.json`,
/// `precision-recall.svg`, `learning-rate.svg`, and `report.html`, one page that needs no other file.
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
    let metrics = try MetricsTable(folder)
    let losses = metrics.chart("Training loss", "loss") { $0.hasSuffix("loss") }
    var rate = metrics.chart("Learning rate", "rate") { $0 == "learning_rate" }
    rate.isLogarithmic = false
    try Folder.write(rate.svg, to: "learning-rate.svg", in: folder)

    var parts = ["<h1>\(Markup.escape(model.detector.kind.title))</h1>"]
    parts.append(section("Measured on \(name)", Self.table(measures)))
    parts.append(
      "<p>Precision and recall at confidence \(shortest(threshold)). AP@\(shortest(measures.overlap)): "
        + "area under the interpolated curve; AP@0.5:0.95: COCO's mean over ten overlaps. "
        + "\(Markup.escape((suppression ?? model.detector.kind.suppression).description)).</p>")
    parts.append(
      section("Curves", [measures.chart, losses, rate].map(Self.figure).joined(separator: "\n")))
    parts.append(
      section(
        "Pictures",
        "<p>White: true regions. Coloured: found ones, with their confidence.</p>"
          + "<div class=\"pictures\">\(try pictures(data, detections, threshold))</div>"))
    parts.append(section("Settings", try settings()))
    try Folder.write(Self.page(parts), to: "report.html", in: folder)
    return measures
  }

  // MARK: - Parts of the page

  private func section(_ title: String, _ content: String) -> String {
    "<h2>\(Markup.escape(title))</h2>\n\(content)"
  }

  private static func table(_ measures: AveragePrecision) -> String {
    let rows = measures.rows.enumerated().map { place, row in
      let cell = place == 0 ? "th" : "td"
      return "<tr>" + row.map { "<\(cell)>\(Markup.escape($0))</\(cell)>" }.joined() + "</tr>"
    }
    return "<table>\n\(rows.joined(separator: "\n"))\n</table>"
  }

  private static func figure(_ chart: CurveChart) -> String {
    image("image/svg+xml", Data(chart.svg.utf8), Markup.escape(chart.title))
  }

  private static func image(_ type: String, _ bytes: Data, _ title: String) -> String {
    "<img alt=\"\(title)\" src=\"data:\(type);base64,\(bytes.base64EncodedString())\">"
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
        Self.image(
          "image/jpeg", Data(try drawing.encodedJPEG(quality: 90)), Markup.escape(sample.name)))
    }
    return images.joined(separator: "\n")
  }

  private func settings() throws(GraphError) -> String {
    let text = try Folder.readText("settings.json", in: folder) ?? "{}"
    guard let parsed = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    else { throw GraphError(.dataLoss, "\(folder)/settings.json is not JSON") }
    var rows: [(name: String, value: String)] = []
    func add(_ name: String, _ value: Any) {
      switch value {
      case let values as [String: Any]:
        for key in values.keys.sorted() {
          add(name.isEmpty ? key : "\(name).\(key)", values[key] ?? "")
        }
      case let values as [Any]: rows.append((name, values.map { "\($0)" }.joined(separator: ", ")))
      default: rows.append((name, "\(value)"))
      }
    }
    add("", parsed)
    let lines = rows.map {
      "<tr><td>\(Markup.escape($0.name))</td><td>\(Markup.escape($0.value))</td></tr>"
    }
    return "<table class=\"settings\">\n\(lines.joined(separator: "\n"))\n</table>"
  }

  private static func page(_ parts: [String]) -> String {
    """
    <!DOCTYPE html>
    <html lang="en"><head><meta charset="utf-8"><title>Nagare: training report</title>
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <style>
    body{font-family:system-ui,sans-serif;max-width:68rem;margin:2rem auto;padding:0 1rem;line-height:1.45}
    table{border-collapse:collapse;font-variant-numeric:tabular-nums}
    th,td{padding:.25rem .75rem;text-align:right;border-bottom:1px solid #8884}
    th:first-child,td:first-child,.settings td{text-align:left}
    img{max-width:100%;height:auto;margin:.25rem 0}
    .pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.75rem}
    .pictures img{width:100%}
    </style></head><body>
    \(parts.joined(separator: "\n"))
    </body></html>

    """
  }
}

/// The columns of `metrics.csv`, by name, over the step.
private struct MetricsTable {
  private var series: [CurveChart.Series] = []

  init(_ folder: String) throws(GraphError) {
    let text = try Folder.readText("metrics.csv", in: folder) ?? ""
    let lines = text.split(separator: "\n").map { $0.split(separator: ",").map(String.init) }
    guard let names = lines.first else { return }
    series = names.dropFirst().map { .init(name: $0, points: []) }
    for line in lines.dropFirst() where line.count == names.count {
      guard let step = Double(line[0]) else { continue }
      for column in series.indices {
        series[column].points.append((step, Double(line[column + 1]) ?? .nan))
      }
    }
  }

  func chart(_ title: String, _ label: String, _ isShown: (String) -> Bool) -> CurveChart {
    CurveChart(
      title: title, yLabel: label, series: series.filter { isShown($0.name) }, isLogarithmic: true)
  }
}
