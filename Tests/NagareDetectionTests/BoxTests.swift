import NagareDetection
import Testing

@Suite struct BoxTests {
  @Test func overlapIsSharedAreaOverUnion() {
    let first = Box(left: 0, top: 0, right: 2, bottom: 2)
    let second = Box(left: 1, top: 1, right: 3, bottom: 3)
    #expect((first.overlap(with: second) - 1 / 7.0).magnitude < 1e-12)
    #expect(first.overlap(with: first) == 1)
    #expect(first.overlap(with: Box(left: 2, top: 0, right: 3, bottom: 2)) == 0)
  }

  @Test func overlapOfEmptyAndImpossibleBoxesIsZero() {
    let empty = Box(left: 1, top: 1, right: 1, bottom: 1)
    #expect(empty.overlap(with: empty) == 0)
    let reversed = Box(left: 1, top: 1, right: 0, bottom: 0)
    #expect(reversed.overlap(with: Box(left: 0, top: 0, right: 1, bottom: 1)) == 0)
    let unknown = Box(left: .nan, top: 0, right: 1, bottom: 1)
    #expect(unknown.overlap(with: unknown) == 0)
  }

  @Test func clippingKeepsSidesInsideAndInOrder() {
    let box = Box(left: -1, top: 0.5, right: 2, bottom: .infinity).clipped
    #expect(box == Box(left: 0, top: 0.5, right: 1, bottom: 1))
    let strange = Box(left: .nan, top: 0.8, right: -.infinity, bottom: 0.1).clipped
    #expect(strange == Box(left: 0, top: 0.8, right: 0, bottom: 0.8))
  }
}

/// The worked numbers of the book's detector: a picture of 888 × 613 pixels with two faces.
@Suite struct GridTests {
  private let regions = [
    Box(left: 97, top: 251, right: 285, bottom: 383, width: 888, height: 613),
    Box(left: 536, top: 175, right: 730, bottom: 321, width: 888, height: 613),
  ]

  private func expect(_ values: [Double], near expected: [Double], within tolerance: Double) {
    #expect(values.count == expected.count)
    for (value, wanted) in zip(values, expected) {
      #expect((value - wanted).magnitude < tolerance)
    }
  }

  @Test func pixelsBecomeFractions() {
    expect(regions[0].sides, near: [0.109234, 0.409462, 0.320946, 0.624796], within: 1e-6)
    expect(regions[1].sides, near: [0.603604, 0.285481, 0.822072, 0.523654], within: 1e-6)
  }

  @Test func theCellHoldsTheCentre() {
    let grid = Grid(size: 21)
    #expect(grid.count == 441)
    #expect(grid.cell(holdingCentreOf: regions[0]) == (4, 10))
    #expect(grid.cell(holdingCentreOf: regions[1]) == (14, 8))
    #expect(grid.box(at: 10 * 21 + 4) == grid.box(column: 4, row: 10))
    #expect(grid.box(column: 20, row: 20).right == 1)
  }

  @Test func centresOutsideGoToTheNearestCell() {
    let grid = Grid(size: 3)
    #expect(
      grid.cell(holdingCentreOf: Box(left: 1, top: 1, right: 1, bottom: 1)) == (2, 2))
    #expect(
      grid.cell(holdingCentreOf: Box(left: -9, top: 1e300, right: -9, bottom: 1e300)) == (0, 2))
    #expect(grid.cell(holdingCentreOf: Box(left: .nan, top: 0, right: 0, bottom: 0)) == (0, 0))
    #expect(Grid(size: -3).count == 1)
  }

  @Test func offsetsAreRegionMinusBox() {
    let first = Grid(size: 3).box(column: 0, row: 1)
    #expect((first.overlap(with: regions[0]) - 0.4103).magnitude < 5e-5)
    expect(
      first.offsets(to: regions[0]), near: [0.1092, 0.0761, -0.0124, -0.0419], within: 5e-5)
    let second = Grid(size: 6).box(column: 4, row: 2)
    #expect((second.overlap(with: regions[1]) - 0.4804).magnitude < 5e-5)
    expect(
      second.offsets(to: regions[1]), near: [-0.0631, -0.0479, -0.0113, 0.0237], within: 5e-5)
  }

  @Test func movingByOffsetsGivesTheRegionBack() {
    let box = Grid(size: 21).box(column: 4, row: 10)
    let offsets = box.offsets(to: regions[0])
    let region = box.moved(by: (offsets[0], offsets[1], offsets[2], offsets[3]))
    expect(region.sides, near: regions[0].sides, within: 1e-12)
  }

  @Test func targetsMarkOneCellARegion() {
    let grid = Grid(size: 21)
    let targets = Matcher(.centre, grids: [grid]).targets(
      for: [
        Region(box: regions[0], label: 2), Region(box: regions[1], label: 1),
        Region(box: regions[0], label: 1), Region(box: regions[1], label: 0),
        Region(box: regions[1], label: 9),
      ], classCount: 2)
    let (first, second) = (10 * 21 + 4, 8 * 21 + 14)
    #expect(targets.masks.reduce(0, +) == 2)
    #expect(targets.masks[first] == 1 && targets.masks[second] == 1)
    #expect(targets.labels.reduce(0, +) == 2)
    #expect(targets.labels[2 * first + 1] == 1 && targets.labels[2 * second] == 1)
    #expect(targets.offsets.count == 441 * 4)
    #expect(targets.offsets[4 * first] == Float(regions[0].left - 4 / 21.0))
    #expect(targets.offsets.filter { $0 != 0 }.count == 8)
    #expect(targets.unmatched.map(\.label) == [1])
  }
}
