/// What a detector should say of one picture, for each of its boxes.
public struct Targets: Sendable, Equatable {
  /// `[boxes, classes]`, 1 for the class of a positive box, box by box.
  public var labels: [Float]
  /// `[boxes]`, 1 for a positive box.
  public var masks: [Float]
  /// `[boxes, 4]`, region − box for a positive box, 0 for the others.
  public var offsets: [Float]
  /// Regions for which no box was left, because earlier regions have them.
  public var unmatched: [Region] = []

  init(boxCount: Int, classCount: Int) {
    labels = [Float](repeating: 0, count: boxCount * classCount)
    masks = [Float](repeating: 0, count: boxCount)
    offsets = [Float](repeating: 0, count: boxCount * 4)
  }
}

/// Which boxes of a detector are positive for which regions of a picture.
public struct Matcher: Sendable, Equatable {
  /// How a region finds its boxes.
  public enum Rule: Sendable, Equatable {
    /// The cell of the first grid that holds the region's centre.
    case centre
    /// The box of all grids that overlaps the region most (Jaccard), and every other one from
    /// `threshold` on.
    case overlap(threshold: Double)
  }

  public let rule: Rule
  /// The boxes of all grids, one grid after the other.
  public let boxes: [Box]
  private let first: Grid

  public init(_ rule: Rule, grids: [Grid]) {
    self.rule = rule
    first = grids.first ?? Grid(size: 1)
    boxes = (rule == .centre ? [first] : grids).flatMap(\.boxes)
  }

  /// The targets of a picture.
  ///
  /// No box is positive for two regions: an earlier region has it, but a box that overlaps a region
  /// most goes before those that merely reach the threshold for another. Regions of label 0 are
  /// negative examples and those of a label over `classCount` unknown: neither makes a box positive.
  ///
  /// - Parameter classCount: NUM_CLASSES, at least 1.
  public func targets(for regions: [Region], classCount: Int) -> Targets {
    let classes = max(classCount, 1)
    let known = regions.filter { 1...classes ~= $0.label }
    var targets = Targets(boxCount: boxes.count, classCount: classes)
    func match(_ index: Int, _ region: Region) {
      targets.masks[index] = 1
      targets.labels[index * classes + region.label - 1] = 1
      for (side, offset) in boxes[index].offsets(to: region.box).enumerated() {
        targets.offsets[index * 4 + side] = Float(offset)
      }
    }
    func isFree(_ index: Int) -> Bool { targets.masks[index] == 0 }

    switch rule {
    case .centre:
      for region in known {
        let (column, row) = first.cell(holdingCentreOf: region.box)
        let index = row * first.size + column
        if isFree(index) { match(index, region) } else { targets.unmatched.append(region) }
      }
    case .overlap(let threshold):
      let overlaps = known.map { region in boxes.map { $0.overlap(with: region.box) } }
      for (region, overlap) in zip(known, overlaps) {
        // Of equal overlaps the first box wins.
        let best = boxes.indices.filter(isFree).max {
          (overlap[$0], -$0) < (overlap[$1], -$1)
        }
        if let best { match(best, region) } else { targets.unmatched.append(region) }
      }
      for (region, overlap) in zip(known, overlaps) {
        for index in boxes.indices where overlap[index] >= threshold && isFree(index) {
          match(index, region)
        }
      }
    }
    return targets
  }
}
