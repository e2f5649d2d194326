import Foundation

/// `report.html` of a run folder: one page that needs no other file.
///
/// It has the folder's curves and settings, and what is added to it. All of it follows from
/// `metrics.csv` and `settings.json`, so that a run that was interrupted has the same page as one that was
/// not.
public struct RunPage {
  public static let fileName = "report.html"

  private let folder: String
  private let title: String
  private let metrics: MetricsTable
  private let settings: [String: Any]
  private var sections: [String] = []

  /// - Parameter folder: The run's folder; what it does not hold is left out.
  /// - Throws: `dataLoss` when its `metrics.csv` or `settings.json` is damaged.
  public init(folder: String, title: String) throws(GraphError) {
    self.folder = folder
    self.title = title
    var table = MetricsTable()
    if let text = try RunFolder.text(of: MetricsTable.fileName, in: folder) {
      table = try MetricsTable(text, upTo: .max)
    }
    metrics = table
    let json = Data((try RunFolder.text(of: RunSettings.fileName, in: folder) ?? "{}").utf8)
    guard let parsed = try? JSONSerialization.jsonObject(with: json) as? [String: Any] else {
      throw .dataLoss("\(folder)/\(RunSettings.fileName): it is not a JSON object")
    }
    settings = parsed
  }

  /// Adds a section; `content` is HTML.
  public mutating func add(_ heading: String, _ content: String) {
    sections.append("<h2>\(Markup.escape(heading))</h2>\n\(content)")
  }

  /// Adds the curves of the losses and the learning rate, behind others.
  public mutating func addCurves(after others: [CurveChart] = []) {
    let charts = (others + [losses, learningRate]).filter { chart in
      chart.series.contains { !$0.points.isEmpty }
    }
    if !charts.isEmpty { add("Curves", charts.map(Self.figure).joined(separator: "\n")) }
  }

  /// Adds the values of the last row of `metrics.csv`.
  public mutating func addLastValues() {
    guard let last = metrics.rows.last else { return }
    let names = ["step"] + metrics.columns
    let values = ["\(last.step)"] + last.values
    add("Last values", Self.table(zip(names, values).map { [$0, $1] }, style: "settings"))
  }

  /// Adds the settings of the run.
  public mutating func addSettings() {
    var rows: [[String]] = []
    func visit(_ name: String, _ value: Any) {
      switch value {
      case let values as [String: Any]:
        for (key, value) in values.sorted(by: { $0.key < $1.key }) {
          visit(name.isEmpty ? key : "\(name).\(key)", value)
        }
      case let values as [Any]: rows.append([name, values.map { "\($0)" }.joined(separator: ", ")])
      default: rows.append([name, "\(value)"])
      }
    }
    visit("", settings)
    if !rows.isEmpty { add("Settings", Self.table(rows, style: "settings")) }
  }

  /// The losses over the steps.
  var losses: CurveChart {
    let own = Set(settings["losses"] as? [String] ?? [])
    return metrics.chart("Training loss", "loss", isLogarithmic: true) {
      own.contains($0) || TrainingGraph.isLoss($0)
    }
  }

  /// The learning rate over the steps.
  var learningRate: CurveChart {
    metrics.chart(
      "Learning rate", "rate", isLogarithmic: false, TrainingGraph.isLearningRate)
  }

  /// The page, which appears whole or not at all.
  public func write() throws(GraphError) {
    try FileSystem.write(Array(html.utf8), to: FileSystem.join(folder, Self.fileName))
  }

  // MARK: - Parts of a page

  /// - Parameter header: Whether the first row is of headings.
  public static func table(
    _ rows: [[String]], header: Bool = false, style: String? = nil
  ) -> String {
    let lines = rows.enumerated().map { place, row in
      let cell = header && place == 0 ? "th" : "td"
      return "<tr>" + row.map { "<\(cell)>\(Markup.escape($0))</\(cell)>" }.joined() + "</tr>"
    }
    let style = style.map { " class=\"\($0)\"" } ?? ""
    return "<table\(style)>\n\(lines.joined(separator: "\n"))\n</table>"
  }

  public static func figure(_ chart: CurveChart) -> String {
    image(Array(chart.svg.utf8), type: "image/svg+xml", title: chart.title)
  }

  /// - Parameter type: The MIME type of `bytes`.
  public static func image(_ bytes: [UInt8], type: String, title: String) -> String {
    "<img alt=\"\(Markup.escape(title))\" src=\"data:\(type);base64,"
      + "\(Data(bytes).base64EncodedString())\">"
  }

  private var html: String {
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
    <h1>\(Markup.escape(title))</h1>
    \(sections.joined(separator: "\n"))
    </body></html>

    """
  }
}

extension MetricsTable {
  fileprivate func chart(
    _ title: String, _ label: String, isLogarithmic: Bool, _ isShown: (String) -> Bool
  ) -> CurveChart {
    CurveChart(
      title: title, yLabel: label,
      series: columns.filter(isShown).map { .init(name: $0, points: points($0)) },
      isLogarithmic: isLogarithmic)
  }
}
