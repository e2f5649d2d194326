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

  /// The boxes of all cells, row by row.
  public var boxes: [Box] { (0..<count).map { box(at: $0) } }

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
