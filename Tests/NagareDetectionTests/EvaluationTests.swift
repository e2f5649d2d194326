import Foundation
import Nagare
import NagareDetection
import TestSupport
import Testing

private func box(_ left: Double, _ right: Double) -> Box {
  Box(left: left, top: 0, right: right, bottom: 1)
}

@Suite struct SuppressionTests {
  @Test func overlappingBoxesMergeByConfidence() {
    let regions = [
      Region(box: box(0.1, 0.5), label: 1, probability: 0.3),
      Region(box: box(0, 0.4), label: 1, probability: 0.9),
      Region(box: box(0, 0.4), label: 2, probability: 0.5),
      Region(box: box(0.7, 0.9), label: 1, probability: 0.4),
    ]
    let merged = Suppression.standard(regions)
    #expect(merged.map(\.probability) == [0.9, 0.5, 0.4])
    #expect((merged[0].box.left - 0.025).magnitude < 1e-12)
    #expect((merged[0].box.right - 0.425).magnitude < 1e-12)
    #expect(merged[1] == regions[2] && merged[2] == regions[3])
    #expect(
      Suppression.drop(overlap: 0.3)(regions).map(\.box) == [
        regions[1].box, regions[2].box, regions[3].box,
      ])
    #expect(Suppression.none(regions).count == 4)
  }

  @Test func equalConfidencesKeepTheirOrderAndNumbersOnlyStay() {
    let regions = [
      Region(box: box(0, 0.4), label: 1, probability: 0.5),
      Region(box: box(0.01, 0.4), label: 1, probability: 0.5),
      Region(box: box(0, 1), label: 1, probability: .nan),
      Region(box: box(.nan, 1), label: 1, probability: 1),
    ]
    #expect(Suppression.drop(overlap: 0.5)(regions) == [regions[0]])
    #expect(Suppression.standard([]).isEmpty)
    let nothing = [Region](
      repeating: Region(box: box(0, 1), label: 1, probability: 0), count: 3)
    #expect(Suppression.standard(nothing) == [nothing[0]])
  }
}

@Suite struct AveragePrecisionTests {
  private let labels: LabelMap

  init() throws { labels = try LabelMap(["cat", "dog"]) }

  @Test func theAreaUnderTheInterpolatedCurve() throws {
    let truths = [
      [Region(box: box(0, 0.4), label: 1), Region(box: box(0.5, 0.9), label: 1)],
      [Region(box: box(0, 0.4), label: 1), Region(box: box(0, 1), label: 0)],
    ]
    let found = [
      [
        Region(box: box(0, 0.4), label: 1, probability: 0.9),
        Region(box: box(0.02, 0.42), label: 1, probability: 0.8),
        Region(box: box(0.5, 0.9), label: 1, probability: 0.7),
      ],
      [Region(box: box(0.6, 1), label: 1, probability: 0.6)],
    ]
    let measure = try AveragePrecision(
      truths: truths, detections: found, labels: labels, confidence: 0.75)
    let cat = measure.categories[0]
    // Right, wrong, right, wrong of three: recall 1/3 at 1, 2/3 at 2/3.
    let area = try #require(cat.averagePrecision)
    #expect((area - 5 / 9.0).magnitude < 1e-12)
    #expect(cat.truths == 3 && cat.detections == 4)
    #expect(cat.truePositives == 1 && cat.falsePositives == 1)
    #expect(cat.precision == 0.5 && cat.recall == 1 / 3.0)
    #expect(cat.bestThreshold == 0.7 && (cat.bestF1 - 2 / 3.0).magnitude < 1e-12)
    #expect(measure.categories[1].averagePrecision == nil)
    #expect(measure.categories[1].precision == nil && measure.categories[1].recall == nil)
    #expect(measure.mean == cat.averagePrecision)
    #expect(measure.table.contains("AP@0.5") && measure.table.contains("0.556"))
  }

  @Test func aThresholdDoesNotCutEqualConfidences() throws {
    let truths = [[Region(box: box(0, 0.4), label: 1)]]
    let found = [
      [
        Region(box: box(0, 0.4), label: 1, probability: 0.5),
        Region(box: box(0.6, 1), label: 1, probability: 0.5),
      ]
    ]
    let cat = try AveragePrecision(truths: truths, detections: found, labels: labels).categories[0]
    #expect(cat.averagePrecision == 1)
    #expect((cat.bestF1 - 2 / 3.0).magnitude < 1e-12)
    #expect(cat.truePositives == 0 && cat.precision == nil && cat.recall == 0)
  }

  @Test func strangeInputs() throws {
    #expect(throws: GraphError.self) {
      try AveragePrecision(truths: [], detections: [[]], labels: labels)
    }
    #expect(try AveragePrecision(truths: [], detections: [], labels: labels).mean == nil)
    let unknown = Region(box: box(.nan, 1), label: 1, probability: .nan)
    let measure = try AveragePrecision(
      truths: [[Region(box: box(0, 1), label: 1)]], detections: [[unknown, unknown]],
      labels: labels)
    #expect(measure.mean == 0)
  }
}

/// Against pycocotools, by the script beside the file.
@Suite struct CocoTests {
  private struct Case: Decodable {
    struct Expected: Decodable {
      var precisions: [Double]
      var precision_at_recall: [Double]
    }
    var name: String
    var classes: Int
    var truths: [[[Double]]]
    var found: [[[Double]]]
    var expected: [Expected?]
  }

  private func regions(_ pictures: [[[Double]]]) -> [[Region]] {
    pictures.map { rows in
      rows.map { row in
        Region(
          box: Box(left: row[0], top: row[1], right: row[2], bottom: row[3]), label: Int(row[4]),
          probability: row.count > 5 ? row[5] : 1)
      }
    }
  }

  @Test func averagePrecisionsAreThoseOfCOCO() throws {
    let file = try Data(contentsOf: URL(filePath: Golden.path("coco.json")))
    let cases = try JSONDecoder().decode([Case].self, from: file)
    #expect(cases.count == 4)
    for golden in cases {
      let labels = try LabelMap((1...golden.classes).map { "\($0)" })
      let measure = try AveragePrecision(
        truths: regions(golden.truths), detections: regions(golden.found), labels: labels)
      for (category, expected) in zip(measure.categories, golden.expected) {
        let expected = expected ?? .init(precisions: [], precision_at_recall: [])
        let found = category.cocoPrecisions + category.precisionAtRecall
        let wanted = expected.precisions + expected.precision_at_recall
        #expect(found.count == wanted.count)
        for (place, (value, wanted)) in zip(found, wanted).enumerated() {
          let isClose = (value - wanted).magnitude < 1e-9
          #expect(isClose, "\(golden.name), class \(category.label), \(place): \(value), \(wanted)")
        }
      }
    }
  }

  @Test func onlyTheHundredSurestOfAPictureCount() throws {
    let truth = Region(box: box(0, 0.5), label: 1)
    let elsewhere = Region(box: box(0.6, 0.9), label: 1, probability: 0.9)
    var found = [Region](repeating: elsewhere, count: 99)
    found.append(Region(box: truth.box, label: 1, probability: 0.5))
    let labels = try LabelMap(["cat"])
    let hundred = try AveragePrecision(truths: [[truth]], detections: [found], labels: labels)
    #expect(hundred.categories[0].cocoPrecisions.allSatisfy { ($0 - 0.01).magnitude < 1e-12 })
    found.append(elsewhere)
    let more = try AveragePrecision(truths: [[truth]], detections: [found], labels: labels)
    #expect(more.cocoMean == 0 && (more.mean ?? 0) > 0)
  }

  @Test func measuresAreJSONAndACurve() throws {
    let truth = Region(box: box(0, 0.5), label: 1)
    let measure = try AveragePrecision(
      truths: [[truth]], detections: [[truth]], labels: try LabelMap(["cat", "dog"]))
    let parsed = try JSONSerialization.jsonObject(with: Data(try measure.json.utf8))
    let json = try #require(parsed as? [String: Any])
    #expect(json["coco_mean_average_precision"] as? Double == 1)
    let classes = try #require(json["classes"] as? [[String: Any]])
    #expect(classes.count == 2 && classes[1]["average_precision"] is NSNull)
    #expect((classes[0]["precision_at_recall"] as? [Double])?.count == 101)
    #expect(measure.chart.series.map(\.name) == ["cat"] && measure.chart.svg.hasPrefix("<svg"))
    #expect(measure.table.contains("AP@0.5:0.95"))
  }
}

@Suite struct CurveChartTests {
  @Test func aChartHoldsItsCurvesAndWords() {
    var chart = CurveChart(title: "Loss < 1 & falling", isLogarithmic: true, smoothing: 0.9)
    chart.series = [
      .init(name: "train", points: (0..<5000).map { (Double($0), 1 / Double($0 + 1)) }),
      .init(name: "test", points: [(0, 0.5), (1000, .nan), (2000, 0), (4000, 0.1)]),
    ]
    let svg = chart.svg
    #expect(svg.hasPrefix("<svg") && svg.contains("Loss &lt; 1 &amp; falling"))
    #expect(svg.contains(">0.001<") && svg.contains(">1<"))
    #expect(!svg.contains("nan") && !svg.contains("inf"))
    #expect(svg.utf8.count < 120_000)
    #expect(svg.components(separatedBy: "<path").count == 7)
  }

  @Test(
    arguments: [
      [], [(0.0, 0.0)], [(5.0, 3.0), (5.0, 3.0)], [(0.0, Double.nan)],
      [(-1e308, -1e308), (1e308, 1e308)], [(0.0, 1e-300), (1.0, 1e300)], [(.infinity, 1)],
    ] as [[(Double, Double)]], [false, true])
  func strangeRangesStillGiveAChart(points: [(Double, Double)], isLogarithmic: Bool) {
    let chart = CurveChart(
      title: "x", series: [.init(name: "y", points: points.map { (x: $0.0, y: $0.1) })],
      isLogarithmic: isLogarithmic, smoothing: 0.5)
    #expect(chart.svg.hasSuffix("</svg>\n"))
    #expect(!chart.svg.contains("nan"))
  }
}
