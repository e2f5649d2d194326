import Foundation

/// A chart of curves over steps (losses, precision over recall) as one SVG file that needs no other,
/// readable on light and on dark ground.
public struct CurveChart: Sendable {
  /// One curve.
  public struct Series: Sendable {
    public var name: String
    public var points: [(x: Double, y: Double)]

    /// - Parameter points: By ascending x; a point whose y is not a number breaks the line.
    public init(name: String, points: [(x: Double, y: Double)]) {
      self.name = name
      self.points = points
    }
  }

  public var title: String
  public var xLabel: String
  public var yLabel: String
  public var series: [Series]
  /// Whether y is in powers of ten; values that are not positive are left out.
  public var isLogarithmic: Bool
  /// How much of the past a smoothed curve keeps at each point, 0 ..< 1, as in TensorBoard. Over 0
  /// the smoothed curve is drawn with the values themselves faint behind it.
  public var smoothing: Double

  public init(
    title: String, xLabel: String = "step", yLabel: String = "loss", series: [Series] = [],
    isLogarithmic: Bool = false, smoothing: Double = 0
  ) {
    self.title = title
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.series = series
    self.isLogarithmic = isLogarithmic
    self.smoothing = smoothing
  }

  private static let size = (width: 800.0, height: 480.0)
  private static let plot = (left: 82.0, top: 56.0, right: 776.0, bottom: 420.0)
  /// The most points of a drawn curve; longer ones are thinned to the extremes of each part.
  private static let pointLimit = 2000
  private static let light = [
    "#0b62c4", "#c8461a", "#14805e", "#8a3fb0", "#a8740a", "#c02a6b", "#3c7d8f", "#6a6a2a",
  ]
  private static let dark = [
    "#6cb2ff", "#ff9466", "#4fd1a5", "#cf97f2", "#e9b949", "#ff85b6", "#7cc7da", "#c3c36a",
  ]

  /// The chart as the text of an SVG file.
  public var svg: String {
    let plot = CurveChart.plot
    let shown = series.map { series in
      series.points.filter { $0.x.isFinite }.map { (x: $0.x, y: height($0.y)) }
    }
    let xs = shown.flatMap { $0.map(\.x) }
    let ys = shown.flatMap { $0.map(\.y).filter(\.isFinite) }
    let xAxis = Axis(low: xs.min(), high: xs.max(), ticks: 8, isPadded: false)
    let yAxis =
      isLogarithmic
      ? Axis(powersFrom: ys.min(), to: ys.max())
      : Axis(low: ys.min(), high: ys.max(), ticks: 6, isPadded: true)
    func place(_ x: Double, _ y: Double) -> (Double, Double) {
      (
        plot.left + (plot.right - plot.left) * xAxis.share(x),
        plot.bottom - (plot.bottom - plot.top) * yAxis.share(y)
      )
    }

    var parts = [head]
    for tick in yAxis.ticks {
      let y = place(xAxis.low, tick).1
      parts.append(line(plot.left, y, plot.right, y, "grid"))
      let value = isLogarithmic ? power(tick) : tick
      parts.append(text(plot.left - 8, y + 4, shortest(value), "tick", anchor: "end"))
    }
    for tick in xAxis.ticks {
      let x = place(tick, yAxis.low).0
      parts.append(line(x, plot.bottom, x, plot.bottom + 5, "axis"))
      parts.append(text(x, plot.bottom + 20, shortest(tick), "tick", anchor: "middle"))
    }
    parts.append(line(plot.left, plot.bottom, plot.right, plot.bottom, "axis"))
    parts.append(line(plot.left, plot.top, plot.left, plot.bottom, "axis"))
    let middle = (plot.left + plot.right) / 2
    parts.append(text(middle, 28, title, "title", anchor: "middle"))
    parts.append(text(middle, CurveChart.size.height - 18, xLabel, "label", anchor: "middle"))
    parts.append(
      "<text class=\"label\" text-anchor=\"middle\" transform=\"translate(20 "
        + "\(fixed((plot.top + plot.bottom) / 2, 1))) rotate(-90)\">\(Markup.escape(yLabel))</text>"
    )

    for (index, points) in shown.enumerated() {
      let color = index % CurveChart.light.count
      let isSmoothed = smoothing > 0 && smoothing < 1
      parts.append(curve(points.map { place($0.x, $0.y) }, "c\(color)\(isSmoothed ? " raw" : "")"))
      if isSmoothed {
        parts.append(curve(smoothed(points).map { place($0.x, $0.y) }, "c\(color)"))
      }
    }
    // The legend is on the ground's own colour, so that curves behind it do not hide it.
    let widest = series.map(\.name.count).max() ?? 0
    let left = plot.right - 44 - 7 * Double(min(widest, 60))
    if !series.isEmpty {
      parts.append(
        "<rect class=\"ground\" opacity=\"0.8\" x=\"\(fixed(left - 8, 1))\" y=\"\(fixed(plot.top + 2, 1))\" "
          + "width=\"\(fixed(plot.right - left + 8, 1))\" height=\"\(20 * series.count + 8)\"/>")
    }
    for (index, series) in series.enumerated() {
      let y = plot.top + 18 + 20 * Double(index)
      parts.append(
        curve([(left, y - 4), (left + 24, y - 4)], "c\(index % CurveChart.light.count)"))
      parts.append(text(left + 32, y, series.name, "tick", anchor: "start"))
    }
    return parts.joined(separator: "\n") + "\n</svg>\n"
  }

  /// A value's height on the axis: itself, or its logarithm.
  private func height(_ value: Double) -> Double {
    guard isLogarithmic else { return value.isFinite ? value : .nan }
    return value > 0 && value.isFinite ? logarithm(value) : .nan
  }

  private func power(_ exponent: Double) -> Double {
    let decade = exponent.rounded(.down)
    let rest = exponent - decade
    // Ticks are at 1, 2 and 5 of a decade.
    let digit = rest < 0.15 ? 1.0 : rest < 0.5 ? 2 : 5
    return Double("\(Int(digit))e\(Int(decade))") ?? 0
  }

  /// An exponential mean that starts without a bias towards 0.
  private func smoothed(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    var mean = 0.0
    var weight = 0.0
    return points.map { point in
      guard point.y.isFinite else { return point }
      mean = mean * smoothing + point.y * (1 - smoothing)
      weight = weight * smoothing + (1 - smoothing)
      return (point.x, mean / weight)
    }
  }

  private func curve(_ points: [(Double, Double)], _ style: String) -> String {
    var path = ""
    var isOpen = false
    for point in thinned(points) {
      guard point.1.isFinite else {
        isOpen = false
        continue
      }
      path += "\(isOpen ? "L" : "M")\(fixed(point.0, 1)) \(fixed(point.1, 1))"
      isOpen = true
    }
    return "<path class=\"\(style)\" fill=\"none\" d=\"\(path)\"/>"
  }

  /// Of each part of a long curve the lowest and the highest point, and where it breaks.
  private func thinned(_ points: [(Double, Double)]) -> [(Double, Double)] {
    guard points.count > CurveChart.pointLimit else { return points }
    let step = (2 * points.count + CurveChart.pointLimit - 1) / CurveChart.pointLimit
    var result: [(Double, Double)] = []
    for start in stride(from: 0, to: points.count, by: step) {
      let part = start..<min(start + step, points.count)
      let numbers = part.filter { points[$0].1.isFinite }
      guard
        let low = numbers.min(by: { points[$0].1 < points[$1].1 }),
        let high = numbers.max(by: { points[$0].1 < points[$1].1 })
      else {
        result.append(points[start])
        continue
      }
      result.append(points[min(low, high)])
      if low != high { result.append(points[max(low, high)]) }
    }
    return result
  }

  private func line(_ x: Double, _ y: Double, _ toX: Double, _ toY: Double, _ style: String)
    -> String
  {
    "<line class=\"\(style)\" x1=\"\(fixed(x, 1))\" y1=\"\(fixed(y, 1))\" x2=\"\(fixed(toX, 1))\" "
      + "y2=\"\(fixed(toY, 1))\"/>"
  }

  private func text(_ x: Double, _ y: Double, _ words: String, _ style: String, anchor: String)
    -> String
  {
    "<text class=\"\(style)\" x=\"\(fixed(x, 1))\" y=\"\(fixed(y, 1))\" "
      + "text-anchor=\"\(anchor)\">\(Markup.escape(words))</text>"
  }

  private var head: String {
    func colors(_ values: [String]) -> String {
      values.enumerated().map { ".c\($0){stroke:\($1)}" }.joined()
    }
    let (width, height) = (Int(CurveChart.size.width), Int(CurveChart.size.height))
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(width) \(height)" \
      width="\(width)" height="\(height)" role="img" aria-label="\(Markup.escape(title))">
      <style>
      text{font-family:system-ui,sans-serif;fill:#1c1c1e}
      .title{font-size:18px;font-weight:600}.label{font-size:14px}.tick{font-size:12px}
      .ground{fill:#fff}.grid{stroke:#d8d8dc}.axis{stroke:#6c6c70}
      path,line{stroke-width:1;stroke-linejoin:round}path{stroke-width:2}.raw{opacity:.3;stroke-width:1}
      \(colors(CurveChart.light))
      @media(prefers-color-scheme:dark){
      text{fill:#f2f2f7}.ground{fill:#1c1c1e}.grid{stroke:#3a3a3e}.axis{stroke:#98989f}
      \(colors(CurveChart.dark))
      }
      </style>
      <rect class="ground" width="\(width)" height="\(height)"/>
      """
  }
}

/// The range of an axis and the round numbers on it.
private struct Axis {
  var low = 0.0
  var high = 1.0
  var ticks: [Double] = [0, 1]

  /// Ticks at steps of 1, 2 or 5 times a power of ten.
  ///
  /// - Parameter isPadded: Whether the range grows to the ticks around it.
  init(low: Double?, high: Double?, ticks count: Int, isPadded: Bool) {
    guard var low, var high, (high - low).isFinite else { return }
    if high - low <= max(high.magnitude, low.magnitude) * 1e-9 {
      let room = max(high.magnitude * 0.1, 1e-6)
      (low, high) = (low - room, high + room)
    }
    let rough = (high - low) / Double(count)
    let decade = Double("1e\(Int(logarithm(rough).rounded(.down)))") ?? rough
    guard decade > 0, decade.isFinite else { return }
    let step = [1, 2, 5, 10].map { $0 * decade }.first { $0 >= rough * 0.999 } ?? rough
    if isPadded {
      low = (low / step).rounded(.down) * step
      high = (high / step).rounded(.up) * step
    }
    (self.low, self.high) = (low, high)
    let first = (low / step - 1e-6).rounded(.up)
    ticks = (0...2 * count + 2).map { (first + Double($0)) * step }.filter {
      $0 <= high + step * 1e-6
    }
  }

  /// Ticks at powers of ten, and at 2 and 5 times them where there are few; in logarithms.
  init(powersFrom low: Double?, to high: Double?) {
    guard let low, let high else { return }
    let first = low.rounded(.down)
    let last = max(high.rounded(.up), first + 1)
    let decades = last - first
    let inner = decades <= 3 ? [0, logarithm(2), logarithm(5)] : [0]
    let step = max(1, (decades / 8).rounded(.up))
    let all = stride(from: first, through: last, by: step).flatMap { decade in
      inner.map { decade + $0 }
    }
    self.low = max(first, all.last { $0 <= low + 1e-9 } ?? first)
    self.high = all.first { $0 >= high - 1e-9 && $0 > self.low } ?? last
    ticks = all.filter { $0 >= self.low - 1e-9 && $0 <= self.high + 1e-9 }
  }

  func share(_ value: Double) -> Double { high > low ? (value - low) / (high - low) : 0 }
}

/// A number with this many digits after the point.
private func fixed(_ value: Double, _ digits: Int) -> String {
  String(format: "%.\(digits)f", value)
}

/// A number with up to six significant digits and none that is not needed, as `0.25` or `5e-5`.
private func shortest(_ value: Double) -> String {
  String(format: "%.6g", value).replacing(/e([-+])0/) { "e\($0.1)" }
}

/// The logarithm to base ten.
private func logarithm(_ value: Double) -> Double { log10(value) }
