/// A square grid of boxes over a picture: the detector's cells, row by row from the top left.
public struct Grid: Sendable, Hashable {
  /// The cells along each side.
  public let size: Int

  /// A grid of `size` × `size` cells.
  ///
  /// - Parameter size: From 1 to 1024; others are clamped.
  public init(size: Int) { self.size = min(max(size, 1), 1024) }

  /// The number of cells.
  public var count: Int { size * size }

  /// The box of the cell in this column and row.
  public func box(column: Int, row: Int) -> Box {
    let side = Double(size)
    return Box(
      left: Double(column) / side, top: Double(row) / side, right: (Double(column) + 1) / side,
      bottom: (Double(row) + 1) / side)
  }

  /// The box of the cell with this number, counted row by row.
  public func box(at index: Int) -> Box { box(column: index % size, row: index / size) }

  /// The cell that holds the centre of `region`; the nearest one for a centre outside the picture.
  public func cell(holdingCentreOf region: Box) -> (column: Int, row: Int) {
    func place(_ centre: Double) -> Int {
      let cell = (centre * Double(size)).rounded(.down)
      return cell > 0 ? Int(min(cell, Double(size - 1))) : 0
    }
    let centre = region.centre
    return (place(centre.x), place(centre.y))
  }
}

extension Box {
  /// What the detector learns to output for `region` at this box: *region − box*, side by side.
  public func offsets(to region: Box) -> [Double] { zip(region.sides, sides).map { $0 - $1 } }

  /// The region that the detector means with `offsets` (left, top, right, bottom) at this box.
  public func moved(by offsets: (Double, Double, Double, Double)) -> Box {
    Box(
      left: left + offsets.0, top: top + offsets.1, right: right + offsets.2,
      bottom: bottom + offsets.3)
  }
}

/// What a detector should say of one picture, for each of its boxes.
public struct Targets: Sendable, Equatable {
  /// `[boxes, classes]`, 1 for the class of a positive box, row by row.
  public var labels: [Float]
  /// `[boxes]`, 1 for a positive box.
  public var masks: [Float]
  /// `[boxes, 4]`, region − box for a positive box, 0 for the others.
  public var offsets: [Float]
  /// Regions for which no box was left, because an earlier region has the same cell.
  public var unmatched: [Region] = []
}

extension Grid {
  /// The targets of a picture: the box that holds a region's centre is positive.
  ///
  /// Of two regions with their centre in one cell the first gets it. Regions of label 0 are negative
  /// examples and those of a label over `classCount` unknown: neither makes a box positive.
  ///
  /// - Parameter classCount: NUM_CLASSES, at least 1.
  public func targets(for regions: [Region], classCount: Int) -> Targets {
    let classes = max(classCount, 1)
    var targets = Targets(
      labels: [Float](repeating: 0, count: count * classes),
      masks: [Float](repeating: 0, count: count),
      offsets: [Float](repeating: 0, count: count * 4))
    for region in regions where 1...classes ~= region.label {
      let (column, row) = cell(holdingCentreOf: region.box)
      let index = row * size + column
      guard targets.masks[index] == 0 else {
        targets.unmatched.append(region)
        continue
      }
      targets.masks[index] = 1
      targets.labels[index * classes + region.label - 1] = 1
      for (side, offset) in box(at: index).offsets(to: region.box).enumerated() {
        targets.offsets[index * 4 + side] = Float(offset)
      }
    }
    return targets
  }
}
