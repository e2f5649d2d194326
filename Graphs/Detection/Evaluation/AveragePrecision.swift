import Foundation
import Nagare

/// How well detections agree with the true regions of a set of pictures.
///
/// Detections of all pictures are taken by descending confidence (equal ones by picture, then by
/// their place in it). Each takes the true region of its class in its picture that it overlaps most
/// among those not taken yet; with less overlap than the threshold it is a false positive.
///
/// The average precision is the area under precision over recall with all points interpolated: at
/// each recall the best precision at that recall or a higher one, as Pascal VOC measures since 2010.
/// COCO's measure is the mean over ten overlaps, 0.5, 0.55 … 0.95, of the mean of that best precision at
/// 101 recalls, 0, 0.01 … 1, with the 100 surest detections of a class in each picture.
public struct AveragePrecision: Sendable {
  /// The measures of one class.
  public struct Category: Sendable {
    public var label: Int
    public var name: String
    /// The number of true regions.
    public var truths: Int
    /// The number of detections at any confidence.
    public var detections: Int
    /// `nil` when there is no true region.
    public var averagePrecision: Double?
    /// COCO's average precision at each of `cocoOverlaps`; empty when there is no true region.
    public var cocoPrecisions: [Double] = []
    /// The best precision at each of 101 recalls, 0, 0.01 … 1; 0 where that recall is not reached.
    public var precisionAtRecall: [Double] = []
    /// Those at or over the confidence threshold that are right, and that are wrong.
    public var truePositives: Int
    public var falsePositives: Int
    /// The confidence threshold with the best F1, and that F1; `nil` without any right detection.
    public var bestThreshold: Double?
    public var bestF1: Double
    /// Recall and precision after each detection.
    public var curve: [(recall: Double, precision: Double)]

    /// The share of the detections over the threshold that are right; `nil` when there are none.
    public var precision: Double? {
      let found = truePositives + falsePositives
      return found > 0 ? Double(truePositives) / Double(found) : nil
    }

    /// The mean of `cocoPrecisions`: AP@0.5:0.95.
    public var cocoPrecision: Double? {
      cocoPrecisions.isEmpty
        ? nil : cocoPrecisions.reduce(0, +) / Double(cocoPrecisions.count)
    }

    /// The share of the true regions that are found; `nil` when there are none.
    public var recall: Double? {
      truths > 0 ? Double(truePositives) / Double(truths) : nil
    }
  }

  /// One entry a class, in the order of labels.
  public let categories: [Category]
  /// The overlap from which a detection is right.
  public let overlap: Double
  /// The confidence from which precision and recall count a detection.
  public let confidence: Double
  /// The number of pictures.
  public let pictures: Int

  /// Compares detections with truths, picture by picture.
  ///
  /// - Parameters:
  ///   - truths: The true regions of each picture; negative examples do not count.
  ///   - detections: What was found in each picture.
  /// - Throws: `invalidArgument` when the two lists are of different lengths.
  public init(
    truths: [[Region]], detections: [[Region]], labels: LabelMap, overlap: Double = 0.5,
    confidence: Double = 0.8
  ) throws(GraphError) {
    guard truths.count == detections.count else {
      throw GraphError(
        .invalidArgument,
        "Truths are of \(truths.count) pictures and detections of \(detections.count)")
    }
    self.overlap = overlap
    self.confidence = confidence
    pictures = truths.count
    categories = (1...labels.count).map { label in
      AveragePrecision.measure(
        label, name: labels.name(of: label),
        truths: truths.map { $0.filter { $0.label == label }.map(\.box) },
        detections: detections.map { $0.filter { $0.label == label } }, overlap: overlap,
        confidence: confidence)
    }
  }

  /// 0.5, 0.55 … 0.95.
  public static let cocoOverlaps = (0..<10).map { 0.5 + 0.05 * Double($0) }
  /// The most detections that COCO counts of a class in a picture.
  private static let cocoLimit = 100

  /// The mean over the classes that have true regions; `nil` when none has.
  public var mean: Double? { Self.mean(categories.compactMap(\.averagePrecision)) }

  /// The same of COCO's measure.
  public var cocoMean: Double? { Self.mean(categories.compactMap(\.cocoPrecision)) }

  private static func mean(_ values: [Double]) -> Double? {
    return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  /// A detection, and the picture that it is of.
  private struct Detection {
    var picture: Int
    var box: Box
    var confidence: Double
  }

  /// By descending confidence; equal ones by picture, then by their place in it.
  private static func ranked(_ detections: [[Region]], limit: Int? = nil) -> [Detection] {
    var all: [Detection] = []
    for (picture, regions) in detections.enumerated() {
      let own = sorted(
        regions.map { region in
          let isNumber = !region.probability.isNaN
          return Detection(
            picture: picture, box: region.box,
            confidence: isNumber ? region.probability : -.infinity)
        })
      all += limit.map { Array(own.prefix($0)) } ?? own
    }
    return sorted(all)
  }

  private static func sorted(_ detections: [Detection]) -> [Detection] {
    detections.indices.sorted {
      let (left, right) = (detections[$0].confidence, detections[$1].confidence)
      return left == right ? $0 < $1 : left > right
    }.map { detections[$0] }
  }

  /// Which detections are right.
  private static func outcomes(
    _ ranked: [Detection], _ truths: [[Box]], overlap: Double
  ) -> [Bool] {
    var taken = truths.map { [Bool](repeating: false, count: $0.count) }
    return ranked.map { detection in
      var best: (place: Int, overlap: Double)?
      for (place, truth) in truths[detection.picture].enumerated()
      where !taken[detection.picture][place] {
        let shared = truth.overlap(with: detection.box)
        if shared >= overlap, shared > best?.overlap ?? -1 { best = (place, shared) }
      }
      if let best { taken[detection.picture][best.place] = true }
      return best != nil
    }
  }

  /// Recall and precision after each detection.
  private static func curve(
    _ outcomes: [Bool], truths count: Int
  ) -> [(recall: Double, precision: Double)] {
    var right = 0
    return outcomes.enumerated().map { place, isRight in
      if isRight { right += 1 }
      return (count > 0 ? Double(right) / Double(count) : 0, Double(right) / Double(place + 1))
    }
  }

  /// The best precision at each of 101 recalls.
  private static func interpolated(
    _ curve: [(recall: Double, precision: Double)]
  ) -> [Double] {
    var result = [Double](repeating: 0, count: 101)
    var envelope = 0.0
    var place = curve.count
    for step in (0...100).reversed() {
      while place > 0, curve[place - 1].recall >= Double(step) * 0.01 {
        place -= 1
        envelope = max(envelope, curve[place].precision)
      }
      result[step] = envelope
    }
    return result
  }

  private static func measure(
    _ label: Int, name: String, truths: [[Box]], detections: [[Region]], overlap: Double,
    confidence: Double
  ) -> Category {
    let ranked = ranked(detections)
    let count = truths.reduce(0) { $0 + $1.count }
    let outcomes = outcomes(ranked, truths, overlap: overlap)
    var category = Category(
      label: label, name: name, truths: count, detections: ranked.count, averagePrecision: nil,
      truePositives: 0, falsePositives: 0, bestThreshold: nil, bestF1: 0,
      curve: curve(outcomes, truths: count))
    var right = 0
    for (place, detection) in ranked.enumerated() {
      if outcomes[place] { right += 1 }
      if detection.confidence >= confidence {
        (category.truePositives, category.falsePositives) = (right, place + 1 - right)
      }
      // A threshold lies between different confidences only.
      let isLast =
        place + 1 == ranked.count || ranked[place + 1].confidence < detection.confidence
      let f1 = 2 * Double(right) / Double(place + 1 + count)
      if isLast, f1 > category.bestF1 {
        (category.bestF1, category.bestThreshold) = (f1, detection.confidence)
      }
    }
    guard count > 0 else { return category }
    var area = 0.0
    var envelope = 0.0
    for (place, point) in category.curve.enumerated().reversed() {
      envelope = max(envelope, point.precision)
      let before = place > 0 ? category.curve[place - 1].recall : 0
      area += (point.recall - before) * envelope
    }
    category.averagePrecision = area
    category.precisionAtRecall = interpolated(category.curve)
    let counted = Self.ranked(detections, limit: cocoLimit)
    category.cocoPrecisions = cocoOverlaps.map { overlap in
      let outcomes = Self.outcomes(counted, truths, overlap: overlap)
      return interpolated(curve(outcomes, truths: count)).reduce(0, +) / 101
    }
    return category
  }

  /// The cells of the table: a head, a row a class, and the mean where there are several.
  var rows: [[String]] {
    func share(_ value: Double?) -> String { value.map { fixed($0, 3) } ?? "-" }
    var rows = [
      [
        "class", "pictures", "regions", "AP@\(shortest(overlap))", "AP@0.5:0.95", "precision",
        "recall", "best F1", "at",
      ]
    ]
    for category in categories {
      rows.append([
        category.name, String(pictures), String(category.truths), share(category.averagePrecision),
        share(category.cocoPrecision), share(category.precision), share(category.recall),
        share(category.bestF1),
        share(category.bestThreshold),
      ])
    }
    if categories.count > 1 {
      rows.append([
        "mean", String(pictures), String(categories.reduce(0) { $0 + $1.truths }), share(mean),
        share(cocoMean), "", "", "", "",
      ])
    }
    return rows
  }

  /// The measures as a table, one line a class, the mean last.
  public var table: String {
    let rows = rows
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    let lines = rows.map { row in
      zip(row, widths).enumerated().map { column, cell in
        let space = String(repeating: " ", count: cell.1 - cell.0.count)
        return column == 0 ? cell.0 + space : space + cell.0
      }.joined(separator: "  ").trimmingTrailingSpaces
    }
    return lines.joined(separator: "\n")
      + "\nprecision and recall at confidence \(shortest(confidence))"
  }

  /// Writes `evaluation.txt`, `evaluation.json` and `precision-recall.svg` to a folder, which is made
  /// when it is not there.
  public func write(to folder: String) throws(GraphError) {
    try makeFolder(folder)
    try Folder.write(table + "\n", to: "evaluation.txt", in: folder)
    try Folder.write(try json + "\n", to: "evaluation.json", in: folder)
    try Folder.write(chart.svg, to: "precision-recall.svg", in: folder)
  }

  /// Precision over recall, a curve a class.
  public var chart: CurveChart {
    CurveChart(
      title: "Precision over recall at overlap \(shortest(overlap))", xLabel: "recall",
      yLabel: "precision",
      series: categories.filter { $0.truths > 0 }.map { category in
        let points = category.curve.map { (x: $0.recall, y: $0.precision) }
        return .init(name: category.name, points: [(x: 0, y: points.first?.y ?? 0)] + points)
      })
  }

  /// The measures as JSON, with the curve of each class as its precision at 101 recalls.
  ///
  /// - Throws: `internalError`; not for any measures.
  public var json: String {
    get throws(GraphError) {
      func number(_ value: Double?) -> Any { value ?? NSNull() as Any }
      let classes = categories.map { category in
        [
          "label": category.label, "name": category.name, "regions": category.truths,
          "found": category.detections, "average_precision": number(category.averagePrecision),
          "coco_average_precision": number(category.cocoPrecision),
          "coco_average_precisions": category.cocoPrecisions,
          "precision": number(category.precision), "recall": number(category.recall),
          "best_f1": category.bestF1, "best_threshold": number(category.bestThreshold),
          "precision_at_recall": category.precisionAtRecall,
        ] as [String: Any]
      }
      let measures: [String: Any] = [
        "pictures": pictures, "overlap": overlap, "threshold": confidence,
        "mean_average_precision": number(mean), "coco_mean_average_precision": number(cocoMean),
        "coco_overlaps": Self.cocoOverlaps, "classes": classes,
      ]
      do {
        return String(
          decoding: try JSONSerialization.data(
            withJSONObject: measures, options: [.sortedKeys, .prettyPrinted]), as: UTF8.self)
      } catch {
        throw GraphError(.internalError, "The measures cannot be written as JSON: \(error)")
      }
    }
  }
}

extension String {
  fileprivate var trimmingTrailingSpaces: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}
