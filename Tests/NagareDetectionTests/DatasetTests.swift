import Foundation
import Nagare
import NagareDetection
import TestSupport
import Testing

@Suite struct DatasetTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func records(_ path: String) throws -> [Example] {
    let reader = try RecordReader(path)
    var examples: [Example] = []
    while let record = try reader.next() { examples.append(try Example(parsing: record)) }
    return examples
  }

  @Test(arguments: [RecordCompression.none, .gzip])
  func scenesBecomeRecords(compression: RecordCompression) throws {
    let generator = SceneGenerator(seed: 3, difficulty: 0)
    var calls: [Int] = []
    try generator.write(count: 3, to: folder.path) { done, _ in calls.append(done) }
    #expect(calls == [1, 2, 3])
    let data = try AnnotatedFolder(folder.path) { Issue.record("\($0)") }
    #expect(data.labels.names == ["face"])
    #expect(data.entries.map(\.name).last == "scene-000002.jpg")
    let path = folder.path("scenes.tfrecord")
    let packer = DatasetPacker(compression: compression)
    let report = try packer.pack(data, split: .all, to: path)
    let truths = try (0..<3).map { try generator.scene(at: $0).regions }
    #expect(report.pictures == 3 && report.regions == truths.joined().count)
    #expect(report.skipped == 0)

    let examples = try records(path)
    #expect(examples.count == 3)
    for (example, regions) in zip(examples, truths) {
      let picture = try AnnotatedPicture(example)
      #expect(try Picture.decode(picture.file).width == picture.width)
      #expect(picture.regions.count == regions.count)
      guard case .floats(let masks)? = example.features["label_masks"],
        case .floats(let labels)? = example.features["labels"],
        case .floats(let offsets)? = example.features["offset"]
      else {
        Issue.record("a feature is missing")
        continue
      }
      #expect(masks.count == 441 && labels.count == 441 && offsets.count == 1764)
      for region in regions {
        let (column, row) = Grid(size: 21).cell(holdingCentreOf: region.box)
        let cell = row * 21 + column
        #expect(masks[cell] == 1 && labels[cell] == 1)
        let values = offsets[4 * cell..<4 * cell + 4].map(Double.init)
        let found = Grid(size: 21).box(at: cell).moved(
          by: (values[0], values[1], values[2], values[3]))
        #expect(found.overlap(with: region.box) > 0.9999)
      }
    }
    guard case .strings(let names)? = examples[1].features["tfrecord_name"] else {
      Issue.record("a name is missing")
      return
    }
    #expect(String(decoding: names[0], as: UTF8.self) == "000001_scene-000001")
  }

  @Test func picturesOfOtherFormatsBecomeJPEGAndDamagedOnesAreSkipped() throws {
    let png = try Picture(
      width: 200, height: 100, channels: 4, pixels: [UInt8](repeating: 99, count: 80_000)
    ).encodedPNG()
    try folder.write("a.png", png)
    try folder.write("a.xml", pascalVOC("cat"))
    try folder.write("b.png", Array(png.prefix(png.count / 2)))
    try folder.write("b.xml", pascalVOC("dog"))
    let data = try AnnotatedFolder(folder.path) { _ in }
    let path = folder.path("pack.tfrecord")
    var warnings: [String] = []
    let report = try DatasetPacker().pack(data, split: .train, to: path) { warnings.append($0) }
    #expect(report.pictures == 1 && report.skipped == 1)
    #expect(warnings.count == 1 && warnings[0].contains("b.png"))
    let picture = try AnnotatedPicture(try records(path)[0])
    #expect(picture.file.starts(with: [0xFF, 0xD8]) && picture.name == "a.png")
    let decoded = try Picture.decode(picture.file)
    #expect(decoded.channels == 3 && decoded.width == 200)
    #expect(throws: GraphError.self) { try DatasetPacker().pack(data, split: .test, to: path) }
  }

  @Test func recordsOfOtherProgramsAreRefusedInWords() {
    let picture = Example(["image": .strings([[1, 2]]), "image_file_name": .string("a")])
    for example in [Example(), picture] {
      #expect(throws: GraphError.self) { try AnnotatedPicture(example) }
    }
  }

  @Test func countsOutOfRangeAreRefused() {
    let generator = SceneGenerator(seed: 1)
    for count in [0, -1, .max] {
      #expect(throws: GraphError.self) { try generator.write(count: count, to: folder.path) }
    }
  }
}
