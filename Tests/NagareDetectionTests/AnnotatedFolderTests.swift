import Nagare
import NagareDetection
import TestSupport
import Testing

@Suite struct AnnotatedFolderTests {
  private let folder: TemporaryFolder
  private let png: [UInt8]

  init() throws {
    folder = try TemporaryFolder()
    png = try Picture(
      width: 200, height: 100, channels: 1, pixels: [UInt8](repeating: 7, count: 20_000)
    ).encodedPNG()
  }

  @Test func picturesBesideTheirAnnotations() throws {
    try folder.write("b.xml", pascalVOC("cat", file: "else.png"))
    try folder.write("c.json", regionCropper(#""left":0,"top":0,"right":1,"bottom":1"#))
    for name in ["a.png", "b.png", "d.png"] { try folder.write(name, png) }
    var warnings: [String] = []
    // The JSON numbers its class and the XML names it.
    #expect(throws: GraphError.self) { try AnnotatedFolder(folder.path) { _ in } }
    let labels = try LabelMap(["cat"])
    let data = try AnnotatedFolder(folder.path, labels: labels) { warnings.append($0) }
    #expect(data.entries.map(\.name) == ["a.png", "b.png"])
    #expect(warnings.count == 1 && warnings[0].contains("d.png: it has no annotation"))
    let picture = try data.load(data.entries[1])
    #expect(picture.width == 200 && picture.height == 100 && picture.file == png)
    #expect(picture.regions.map(\.label) == [1])
  }

  @Test func imagesAndAnnotationsInFoldersOfTheirOwn() throws {
    for index in 10..<32 {
      try folder.write("images/\(index).png", png)
      try folder.write("annotations/\(index).xml", pascalVOC(index == 20 ? "ant" : "bee"))
    }
    try folder.write("annotations/zz.xml", pascalVOC("bee", file: "../../secret.png"))
    try folder.write("annotations/99.xml", "<annotation>")
    var warnings: [String] = []
    let data = try AnnotatedFolder(folder.path) { warnings.append($0) }
    #expect(data.labels.names == ["ant", "bee"])
    #expect(data.entries.count == 22 && warnings.count == 2)
    #expect(data.entries(of: .test).map(\.name) == ["19.png", "29.png"])
    #expect(data.entries(of: .train).count == 20)
    #expect(data.entries(of: .all).count == 22)
  }

  @Test func oneFileForAllPictures() throws {
    for name in ["a.png", "b.png"] { try folder.write(name, png) }
    let files = ["a.png", "b.png"].map {
      regionCropper(#""left":0,"top":0,"right":1,"bottom":1"#, label: "3", name: $0)
    }
    try folder.write("all.json", "[\(files.joined(separator: ","))]")
    let data = try AnnotatedFolder(folder.path) { _ in }
    #expect(data.entries.count == 2)
    #expect(data.labels.names == ["1", "2", "3"])
  }

  @Test func emptyFoldersAreRefusedInWords() throws {
    #expect(throws: GraphError.self) { try AnnotatedFolder(folder.path + "/none") { _ in } }
    #expect(throws: GraphError.self) { try AnnotatedFolder(folder.path) { _ in } }
    try folder.write("a.png", png)
    #expect(throws: GraphError.self) { try AnnotatedFolder(folder.path) { _ in } }
  }

  @Test func damagedPicturesAreNamed() throws {
    try folder.write("a.png", Array(png.prefix(12)))
    try folder.write("a.xml", pascalVOC("cat"))
    let data = try AnnotatedFolder(folder.path) { _ in }
    do {
      _ = try data.load(data.entries[0])
      Issue.record("a damaged picture was taken")
    } catch {
      #expect(error.message.contains("a.png"))
    }
  }
}
