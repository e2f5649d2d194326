import Foundation
import Nagare
import NagareDetection
import TestSupport
import Testing

extension TemporaryFolder {
  @discardableResult func write(_ name: String, _ text: String) throws -> String {
    try write(name, Array(text.utf8))
  }

  @discardableResult func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let file = URL(fileURLWithPath: path(name))
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
    return path(name)
  }
}

func regionCropper(_ rect: String, label: String = "1", name: String = "a.png") -> String {
  """
  {"generator": "Region Cropper", "file_name": "\(name)", "regions": [
    {"probability": 1.0, "label": \(label), "rect": {\(rect)}}]}
  """
}

func pascalVOC(_ name: String, file: String = "a.png", box: [Int] = [10, 20, 110, 90]) -> String {
  """
  <annotation><folder>x</folder><filename>\(file)</filename>
  <size><width>200</width><height>100</height><depth>3</depth></size>
  <object><name>\(name)</name><part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin>
  <xmax>2</xmax><ymax>2</ymax></bndbox></part>
  <bndbox><xmin>\(box[0])</xmin><ymin>\(box[1])</ymin><xmax>\(box[2])</xmax><ymax>\(box[3])</ymax>
  </bndbox></object></annotation>
  """
}

@Suite struct AnnotationTests {
  private let folder: TemporaryFolder
  private let face: LabelMap

  init() throws {
    folder = try TemporaryFolder()
    face = try LabelMap(["face"])
  }

  private func message(_ body: () throws(GraphError) -> Void) -> String {
    do {
      try body()
    } catch {
      return error.message
    }
    return "no error"
  }

  @Test func regionCropperInPixelsAndInFractions() throws {
    let pixels = try folder.write(
      "a.json", regionCropper(#""left": 97, "top": 251, "right": 285, "bottom": 383"#))
    let annotation = try #require(try Annotation.read(pixels).first)
    #expect(annotation.isInPixels && annotation.fileName == "a.png")
    let region = try annotation.regions(width: 888, height: 613, labels: face)[0]
    #expect((region.box.left - 0.109234).magnitude < 1e-6)
    #expect((region.box.bottom - 0.624796).magnitude < 1e-6)

    let fractions = try folder.write(
      "b.json", regionCropper(#""left": 0, "top": 0.25, "right": 1, "bottom": 0.5"#))
    let other = try #require(try Annotation.read(fractions).first)
    #expect(!other.isInPixels)
    #expect(
      try other.regions(width: 888, height: 613, labels: face)
        == [Region(box: Box(left: 0, top: 0.25, right: 1, bottom: 0.5), label: 1)])
  }

  @Test func labelZeroIsANegativeExample() throws {
    let path = try folder.write(
      "a.json", regionCropper(#""left": 0, "top": 0, "right": 1, "bottom": 1"#, label: "0"))
    let regions = try Annotation.read(path)[0].regions(width: 9, height: 9, labels: face)
    #expect(regions.map(\.label) == [0])
    #expect(
      Matcher(.centre, grids: [Grid(size: 3)]).targets(for: regions, classCount: 1).masks.allSatisfy
      { $0 == 0 })
  }

  @Test func severalPicturesInOneFile() throws {
    let one = regionCropper(#""left": 0, "top": 0, "right": 1, "bottom": 1"#, name: "one.png")
    let two = regionCropper(#""left": 0, "top": 0, "right": 9, "bottom": 9"#, name: "two.png")
    let annotations = try Annotation.read(try folder.write("all.json", "[\(one), \(two)]"))
    #expect(annotations.map(\.fileName) == ["one.png", "two.png"])
    #expect(annotations.map(\.isInPixels) == [false, true])
  }

  @Test func whatIsWrittenIsReadAgain() throws {
    let regions = [
      Region(box: Box(left: 0.1, top: 0.2, right: 0.3, bottom: 0.4), label: 1, probability: 0.875)
    ]
    let bytes = try Region.regionCropperJSON(regions, fileName: "a.png")
    let path = try folder.write("a.json", bytes)
    let annotation = try Annotation.read(path)[0]
    #expect(try annotation.regions(width: 10, height: 10, labels: face) == regions)
    #expect(String(decoding: bytes, as: UTF8.self).contains("\"generator\" : \"Region Cropper\""))
    let unknown = [Region(box: regions[0].box, label: 1, probability: .nan)]
    #expect(throws: GraphError.self) {
      try Region.regionCropperJSON(unknown, fileName: "a.png")
    }
  }

  @Test func pascalVOCNamesAndParts() throws {
    let path = try folder.write("a.xml", pascalVOC("raccoon &amp; co"))
    let annotation = try Annotation.read(path)[0]
    let labels = try LabelMap(foundIn: [annotation])
    #expect(labels.names == ["raccoon & co"])
    #expect(
      try annotation.regions(width: 200, height: 100, labels: labels)
        == [Region(box: Box(left: 0.05, top: 0.2, right: 0.55, bottom: 0.9), label: 1)])
    // The same picture, half as large.
    #expect(try annotation.regions(width: 100, height: 50, labels: labels)[0].box.left == 0.05)
    #expect(
      message { () throws(GraphError) in
        _ = try annotation.regions(width: 100, height: 100, labels: labels)
      }.contains("for a picture of 200 x 100 pixels, and the picture has 100 x 100"))
  }

  @Test(arguments: [
    (#""left": 5, "top": 1, "right": 5, "bottom": 3"#, "left 5.0 must be less than right 5.0"),
    (#""left": 1, "top": 4, "right": 5, "bottom": 3"#, "top 4.0 must be less than bottom 3.0"),
    (#""left": 1, "top": 4, "right": 5"#, "'bottom' is missing in regions[0].rect"),
    (#""left": "1", "top": 4, "right": 5, "bottom": 9"#, "regions[0].rect.left should be of type"),
    (#""left": 1e999, "top": 4, "right": 5, "bottom": 9"#, "JSON"),
    (#""left": 1"#, "missing"),
  ])
  func wrongBoxesAreNamed(rect: String, words: String) throws {
    let path = try folder.write("wrong.json", regionCropper(rect))
    let text = message { () throws(GraphError) in _ = try Annotation.read(path) }
    #expect(text.contains("wrong.json") && text.contains(words), "\(text)")
  }

  @Test func boxesBeyondThePictureAreRefusedButForOnePixel() throws {
    let path = try folder.write(
      "a.json", regionCropper(#""left": 10, "top": 10, "right": 101, "bottom": 50"#))
    let annotation = try Annotation.read(path)[0]
    #expect(try annotation.regions(width: 100, height: 50, labels: face)[0].box.right == 1)
    let text = message { () throws(GraphError) in
      _ = try annotation.regions(width: 90, height: 50, labels: face)
    }
    #expect(text.contains("region 1") && text.contains("is not inside the picture of 90 x 50"))
  }

  @Test(arguments: [
    "<annotation><object></object></annotation>",
    "<annotation><object><name>a</name></object></annotation>",
    "<annotation><object><name>a</name><bndbox><xmin>x</xmin></bndbox></object></annotation>",
    "<other/>", "<annotation>", "<annotation><a></b></annotation>",
    "<!DOCTYPE a [<!ENTITY b \"cc\">]><annotation>&b;</annotation>",
    String(repeating: "<annotation>", count: 100_000),
    String(repeating: "[", count: 100_000), "{\"regions\": 3}", "{", "", "hello", "\u{0}",
    "{\"regions\": [{\"label\": -1, \"rect\": {\"left\":0,\"top\":0,\"right\":1,\"bottom\":1}}]}",
    "{\"regions\": [{\"label\": 1e30, \"rect\": {\"left\":0,\"top\":0,\"right\":1,\"bottom\":1}}]}",
  ])
  func damagedFilesAreRefused(text: String) throws {
    let path = try folder.write("damaged", text)
    #expect(throws: GraphError.self) { try Annotation.read(path) }
  }

  @Test func namesOfElementsThatAreNotUTF8AreRefused() throws {
    var text = Array("<annotation><a/></annotation>".utf8)
    text[13] = 0xee
    let path = try folder.write("a.xml", text)
    #expect(
      message { () throws(GraphError) in _ = try Annotation.read(path) }.contains("UTF-8"))
  }

  @Test func missingFilesAreNotFound() {
    #expect(throws: GraphError.self) { try Annotation.read(folder.path + "/none.json") }
    #expect(throws: GraphError.self) { try Annotation.read(folder.path) }
  }
}

@Suite struct LabelMapTests {
  @Test func namesHaveNumbersFromOne() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("labels.txt", "cat\r\n\n  dog \n")
    let labels = try LabelMap(contentsOf: path)
    #expect(labels.names == ["cat", "dog"] && labels.count == 2)
    #expect(labels.label(of: "dog") == 2 && labels.label(of: "cow") == nil)
    #expect(labels.name(of: 1) == "cat" && labels.name(of: 7) == "7" && labels.name(of: 0) == "0")
    #expect(labels.text == "cat\ndog\n")
  }

  @Test func emptyAndDoubleNamesAreRefused() {
    #expect(throws: GraphError.self) { try LabelMap([]) }
    #expect(throws: GraphError.self) { try LabelMap(["a", "a"]) }
    #expect(throws: GraphError.self) { try LabelMap([""]) }
    #expect(throws: GraphError.self) { try LabelMap(foundIn: []) }
  }
}
