import Nagare
import NagareDetection
import Testing

/// The book's worked numbers of chapter 3: a picture of 888 × 613 pixels with two faces.
@Suite struct MatcherTests {
  private let regions = [
    Region(
      box: Box(left: 97, top: 251, right: 285, bottom: 383, width: 888, height: 613), label: 1),
    Region(
      box: Box(left: 536, top: 175, right: 730, bottom: 321, width: 888, height: 613), label: 1),
  ]
  /// Where the boxes of the grids of 6 and of 3 begin.
  private let six = 441 + 121
  private let three = 441 + 121 + 36

  @Test func sixGridsHave612Boxes() throws {
    let detector = try Detector(.multibox, classCount: 1)
    #expect(detector.grids.map(\.size) == [21, 11, 6, 3, 2, 1])
    #expect(detector.boxes.count == 612)
    #expect(detector.boxes[six + 2 * 6 + 4] == Grid(size: 6).box(column: 4, row: 2))
    #expect(detector.boxes[611] == Box(left: 0, top: 0, right: 1, bottom: 1))
    #expect(try Detector(.grid, classCount: 1).boxes.count == 441)
  }

  @Test func regionsMatchTheBoxThatOverlapsThemMost() {
    let matcher = Detector.Kind.multibox.matcher()
    let targets = matcher.targets(for: regions, classCount: 1)
    let (first, second) = (three + 3, six + 2 * 6 + 4)
    #expect(targets.masks.indices.filter { targets.masks[$0] == 1 } == [second, first])
    #expect(targets.labels == targets.masks)
    let expected = [
      (first, [0.1092, 0.0761, -0.0124, -0.0419]), (second, [-0.0631, -0.0479, -0.0113, 0.0237]),
    ]
    for (box, offsets) in expected {
      for (found, wanted) in zip(targets.offsets[4 * box..<4 * box + 4], offsets) {
        #expect((Double(found) - wanted).magnitude < 5e-5)
      }
    }
    #expect(targets.offsets.filter { $0 != 0 }.count == 8)
    #expect((matcher.boxes[first].overlap(with: regions[0].box) - 0.4103).magnitude < 5e-5)
    #expect((matcher.boxes[second].overlap(with: regions[1].box) - 0.4804).magnitude < 5e-5)
  }

  @Test func aLowerThresholdMatchesMoreBoxes() {
    let matcher = Detector.Kind.multibox.matcher(threshold: 0.2)
    let targets = matcher.targets(for: regions, classCount: 1)
    let positive = targets.masks.indices.filter { targets.masks[$0] == 1 }
    let expected = matcher.boxes.indices.filter { index in
      regions.contains { matcher.boxes[index].overlap(with: $0.box) >= 0.2 }
    }
    #expect(positive == expected && positive.count > 2)
  }

  @Test func noBoxIsPositiveTwice() {
    let whole = Region(box: Box(left: 0, top: 0, right: 1, bottom: 1), label: 2)
    let regions = [Region](repeating: whole, count: 3)
    let targets = Detector.Kind.multibox.matcher().targets(for: regions, classCount: 2)
    // The next best of three alike are quarters of the picture.
    #expect(targets.masks.reduce(0, +) == 3 && targets.masks[611] == 1)
    #expect(targets.masks[607..<611].reduce(0, +) == 2 && targets.unmatched.isEmpty)
    #expect(targets.labels[2 * 611] == 0 && targets.labels[2 * 611 + 1] == 1)

    let small = Matcher(.overlap(threshold: 0.5), grids: [Grid(size: 1)])
    let crowded = small.targets(for: regions, classCount: 2)
    #expect(crowded.unmatched.count == 2 && crowded.masks == [1])
    let ignored = small.targets(for: [Region(box: whole.box, label: 0), whole], classCount: 1)
    #expect(ignored.masks == [0] && ignored.unmatched.isEmpty)
  }

  @Test func theBestBoxOfOneRegionGoesBeforeTheThresholdOfAnother() {
    // The first overlaps the whole picture most and a quarter by 0.48, the second that quarter most.
    let first = Region(box: Box(left: 0, top: 0, right: 0.72, bottom: 0.72), label: 1)
    let second = Region(box: Box(left: 0, top: 0, right: 0.45, bottom: 0.45), label: 2)
    let targets = Matcher(.overlap(threshold: 0.45), grids: [Grid(size: 1), Grid(size: 2)])
      .targets(for: [first, second], classCount: 2)
    #expect(targets.masks == [1, 1, 0, 0, 0])
    #expect(targets.labels == [1, 0, 0, 1, 0, 0, 0, 0, 0, 0])
  }
}

/// The losses against sums written out.
@Suite struct DetectionLossTests {
  private let batch = 3
  private let boxes = 10
  private let classes = 2
  private var logits: [Float] = []
  private var masks: [Float] = []
  private var labels: [Float] = []
  private var offsets: [Float] = []

  init() {
    var state: UInt64 = 11
    func next() -> Float {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(state >> 40) / Float(1 << 24)
    }
    for picture in 0..<batch {
      for box in 0..<boxes {
        // One positive box in the first picture, two in the second, none in the third.
        let isPositive = (picture == 0 && box == 4) || (picture == 1 && (box == 0 || box == 7))
        masks.append(isPositive ? 1 : 0)
        for side in 0..<4 + classes { logits.append(side < 4 ? 3 * next() - 1.5 : next()) }
        for label in 0..<classes { labels.append(isPositive && label == box % 2 ? 1 : 0) }
        for _ in 0..<4 { offsets.append(isPositive ? next() - 0.5 : 0) }
      }
    }
  }

  private func run(_ loss: DetectionLoss) throws -> (total: Double, label: Double, location: Double)
  {
    let graph = Graph()
    let parts = try loss(
      graph.constant(try Tensor(logits, dimensions: [batch, boxes, 4 + classes])),
      masks: graph.constant(try Tensor(masks, dimensions: [batch, boxes])),
      labels: graph.constant(try Tensor(labels, dimensions: [batch, boxes, classes])),
      offsets: graph.constant(try Tensor(offsets, dimensions: [batch, boxes, 4])))
    let values = try Session(graph, threads: 1).run([parts.total, parts.label, parts.location])
      .compactMap { $0.doubles?.first }
    return (values[0], values[1], values[2])
  }

  /// The errors of a box: of its confidences, and of its sides.
  private func errors(_ box: Int, _ location: DetectionLoss.LocationError) -> ([Double], [Double]) {
    let row = (0..<4 + classes).map { Double(logits[box * (4 + classes) + $0]) }
    let confidences = (0..<classes).map {
      let difference = row[4 + $0] - Double(labels[box * classes + $0])
      return difference * difference
    }
    let sides = (0..<4).map {
      let distance = (row[$0] - Double(offsets[box * 4 + $0])).magnitude
      guard location == .smoothL1 else { return distance * distance }
      return distance < 1 ? distance * distance / 2 : distance - 0.5
    }
    return (confidences, sides)
  }

  private func expect(_ found: Double, near wanted: Double) {
    #expect((found - wanted).magnitude <= 1e-5 * max(1, wanted), "\(found), \(wanted)")
  }

  @Test func withoutMiningAllBoxesCountAlike() throws {
    let found = try run(Detector.Kind.grid.loss)
    let all = (0..<batch * boxes).map { errors($0, .squared) }
    expect(found.label, near: all.flatMap(\.0).reduce(0, +) / Double(batch * boxes * classes))
    expect(found.location, near: all.flatMap(\.1).reduce(0, +) / Double(batch * boxes * 4))
    expect(found.total, near: found.label + found.location)
  }

  @Test(
    arguments: [DetectionLoss.Mining.batch, .sample], DetectionLoss.LocationError.allCases)
  func minedNegativesAreTheHardest(
    mining: DetectionLoss.Mining, location: DetectionLoss.LocationError
  ) throws {
    let found = try run(DetectionLoss(mining: mining, location: location))
    let positives = 3.0
    var (right, wrong, sides) = (0.0, 0.0, 0.0)
    for picture in 0..<batch {
      var negatives: [Double] = []
      var own = 0
      for box in picture * boxes..<(picture + 1) * boxes {
        let (confidences, errors) = errors(box, location)
        if masks[box] == 1 {
          own += 1
          right += confidences.reduce(0, +)
          sides += errors.reduce(0, +)
          negatives += confidences.map { _ in 0 }
        } else {
          negatives += confidences
        }
      }
      let count = 3 * (mining == .batch ? 3 : max(1, own))
      wrong += negatives.sorted(by: >).prefix(count).reduce(0, +)
    }
    expect(found.label, near: right / positives + wrong / (3 * positives))
    expect(found.location, near: sides / positives)
    expect(found.total, near: found.label + found.location)
  }

  /// More are wanted than there are, and none is positive.
  @Test(arguments: [DetectionLoss.Mining.batch, .sample])
  func theNumberOfNegativesIsClamped(mining: DetectionLoss.Mining) throws {
    for positive in [Float(0), 1] {
      let graph = Graph()
      let masks = try graph.constant(try Tensor([positive, positive], dimensions: [1, 2]))
      let logits = try graph.constant(
        try Tensor([0, 0, 0, 0, 0.5, 0, 0, 0, 0, 0.25] as [Float], dimensions: [1, 2, 5]))
      let labels = try graph.constant(try Tensor([positive, positive], dimensions: [1, 2, 1]))
      let offsets = try graph.constant(
        try Tensor([Float](repeating: 0.5, count: 8), dimensions: [1, 2, 4]))
      let loss = try DetectionLoss(mining: mining)(
        logits, masks: masks, labels: labels, offsets: offsets)
      let gradients = try graph.gradients(of: [loss.total], withRespectTo: [logits])
      let gradient = try #require(gradients[0])
      let values = try Session(graph, threads: 1).run([loss.label, loss.location, gradient])
      let label = positive == 1 ? (0.25 + 0.5625) / 2 : (0.25 + 0.0625) / 3
      expect(values[0].doubles?.first ?? -1, near: label)
      expect(values[1].doubles?.first ?? -1, near: positive == 1 ? 1 : 0)
      #expect(values[2].doubles?.allSatisfy(\.isFinite) == true)
    }
  }
}
