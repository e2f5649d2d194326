/// How detections of one thing by several boxes become one.
public enum Suppression: Sendable, Hashable {
  /// By confidence, every other box with at least this overlap joins the stronger one: the sides
  /// are averaged with the confidences as weights, the confidence is the strongest one's.
  case merge(overlap: Double)
  /// By confidence, every other box with more than this overlap with a stronger one is dropped:
  /// standard non-maximum suppression.
  case drop(overlap: Double)
  /// All are kept.
  case none

  /// The book's way.
  public static let standard = Suppression.merge(overlap: 0.3)

  /// The regions that stay, by descending confidence; equal confidences keep their order. Regions of
  /// different classes do not meet. Those whose sides or confidence are not numbers are left out.
  public func callAsFunction(_ regions: [Region]) -> [Region] {
    var waiting = regions.filter { $0.probability.isFinite && $0.box.sides.allSatisfy(\.isFinite) }
    waiting = waiting.indices.sorted {
      let (left, right) = (waiting[$0].probability, waiting[$1].probability)
      return left == right ? $0 < $1 : left > right
    }.map { waiting[$0] }
    if self == .none { return waiting }
    var kept: [Region] = []
    while let strongest = waiting.first {
      var group: [Region] = []
      var rest: [Region] = []
      for (place, region) in waiting.enumerated() {
        let joins =
          place == 0
          || (region.label == strongest.label && meets(region.box.overlap(with: strongest.box)))
        if joins { group.append(region) } else { rest.append(region) }
      }
      kept.append(result(of: group, strongest))
      waiting = rest
    }
    return kept
  }

  /// What it does, in words for a report.
  var description: String {
    switch self {
    case .merge(let overlap):
      "Regions that overlap by \(shortest(overlap)) or more are averaged by confidence"
    case .drop(let overlap):
      "Of regions that overlap by more than \(shortest(overlap)) the surest stays"
    case .none: "Overlapping regions all stay"
    }
  }

  private func meets(_ overlap: Double) -> Bool {
    switch self {
    case .merge(let threshold): overlap >= threshold
    case .drop(let threshold): overlap > threshold
    case .none: false
    }
  }

  private func result(of group: [Region], _ strongest: Region) -> Region {
    guard case .merge = self, group.count > 1 else { return strongest }
    let weights = group.map { max($0.probability, 0) }
    let total = weights.reduce(0, +)
    guard total > 0 else { return strongest }
    func mean(_ side: KeyPath<Box, Double>) -> Double {
      zip(group, weights).reduce(0) { $0 + $1.0.box[keyPath: side] * ($1.1 / total) }
    }
    return Region(
      box: Box(left: mean(\.left), top: mean(\.top), right: mean(\.right), bottom: mean(\.bottom)),
      label: strongest.label, probability: strongest.probability)
  }
}
