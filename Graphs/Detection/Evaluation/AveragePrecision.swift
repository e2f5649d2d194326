import Nagare

/// How well detections agree with the true regions of a set of pictures.
///
/// Detections of all pictures are taken by descending confidence (equal ones by picture, then by
/// their place in it). Each takes the true region of its class in its picture that it overlaps most
/// among those not taken yet; with less overlap than the threshold it is a false positive.
///
/// The average precision is the area under precision over recall with all points interpolated: at
/// each recall the best precision at that recall or a higher one, as Pascal VOC measures since 2010.
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

  /// The mean over the classes that have true regions; `nil` when none has.
  public var mean: Double? {
    let values = categories.compactMap(\.averagePrecision)
    return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  private static func measure(
    _ label: Int, name: String, truths: [[Box]], detections: [[Region]], overlap: Double,
    confidence: Double
  ) -> Category {
    var ranked: [(picture: Int, box: Box, confidence: Double)] = []
    for (picture, regions) in detections.enumerated() {
      for region in regions {
        let sure = region.probability.isNaN ? -Double.infinity : region.probability
        ranked.append((picture, region.box, sure))
      }
    }
    let order = ranked.indices.sorted {
      let (left, right) = (ranked[$0].confidence, ranked[$1].confidence)
      return left == right ? $0 < $1 : left > right
    }
    let count = truths.reduce(0) { $0 + $1.count }
    var category = Category(
      label: label, name: name, truths: count, detections: ranked.count, averagePrecision: nil,
      truePositives: 0, falsePositives: 0, bestThreshold: nil, bestF1: 0, curve: [])
    var taken = truths.map { [Bool](repeating: false, count: $0.count) }
    var (right, wrong) = (0, 0)
    for (rank, index) in order.enumerated() {
      let detection = ranked[index]
      var best: (place: Int, overlap: Double)?
      for (place, truth) in truths[detection.picture].enumerated()
      where !taken[detection.picture][place] {
        let shared = truth.overlap(with: detection.box)
        if shared >= overlap, shared > best?.overlap ?? -1 { best = (place, shared) }
      }
      if let best {
        taken[detection.picture][best.place] = true
        right += 1
      } else {
        wrong += 1
      }
      if detection.confidence >= confidence {
        (category.truePositives, category.falsePositives) = (right, wrong)
      }
      let precision = Double(right) / Double(right + wrong)
      let recall = count > 0 ? Double(right) / Double(count) : 0
      category.curve.append((recall, precision))
      // A threshold lies between different confidences only.
      let isLast =
        rank + 1 == order.count || ranked[order[rank + 1]].confidence < detection.confidence
      let f1 = 2 * Double(right) / Double(right + wrong + count)
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
    return category
  }

  /// The measures as a table, one line a class, the mean last.
  public var table: String {
    func share(_ value: Double?) -> String { value.map { fixed($0, 3) } ?? "-" }
    var rows = [
      [
        "class", "pictures", "regions", "AP@\(shortest(overlap))", "precision", "recall", "best F1",
        "at",
      ]
    ]
    for category in categories {
      rows.append([
        category.name, String(pictures), String(category.truths), share(category.averagePrecision),
        share(category.precision), share(category.recall), share(category.bestF1),
        share(category.bestThreshold),
      ])
    }
    if categories.count > 1 {
      rows.append([
        "mean", String(pictures), String(categories.reduce(0) { $0 + $1.truths }), share(mean),
        "", "", "", "",
      ])
    }
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
}

extension String {
  fileprivate var trimmingTrailingSpaces: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}
