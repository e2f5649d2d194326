import Foundation
import NagareMessages
import TestSupport
import Testing

@testable import Nagare

@Suite struct InputOutputTests {
  private static func summary(_ output: Output) throws -> Tensorflow_Summary {
    let value = try Session(output.graph, threads: 1).run(output)
    return try Tensorflow_Summary(serializedBytes: try #require(value.strings.first))
  }

  @Test func aSummaryIsTaggedWithItsUniqueName() throws {
    let graph = Graph()
    let value = try graph.constant(2.5)
    let names = try ["loss/total value", "loss/total value", "-x"].map {
      let summary = try scalarSummary($0, value)
      #expect(try Self.summary(summary).value[0].tag == summary.node.name)
      return summary.node.name
    }
    #expect(names == ["loss/total_value", "loss/total_value_1", "x"])
    #expect(graph.node(named: "loss/total_value_1/tags")?.type == "Const")
    let inScope = try graph.scope("train") { () throws(GraphError) in
      try histogramSummary("weights", value)
    }
    #expect(inScope.node.name == "train/weights")
    #expect(graph.node(named: "train/weights/tag") != nil)
    let merged = try mergeSummary([
      try scalarSummary("a", value), try histogramSummary("b", value), inScope,
    ])
    #expect(try Self.summary(merged).value.map(\.tag) == ["a", "b", "train/weights"])
  }

  @Test func aHistogramCountsEveryFiniteNumber() throws {
    let numbers = [
      0, -0.0, 1e-300, -1e-300, 1, -1, 1e20, -1e20, .greatestFiniteMagnitude,
      -.greatestFiniteMagnitude,
    ]
    let message = try Histogram(numbers, node: "h").message
    #expect(message.num == 10)
    #expect(message.bucket.reduce(0, +) == 10)
    #expect(message.bucket.count == message.bucketLimit.count)
    #expect(message.bucketLimit == message.bucketLimit.sorted())
    #expect(message.bucketLimit.last == .greatestFiniteMagnitude)
    #expect(try Histogram([], node: "h").message.bucketLimit == [.greatestFiniteMagnitude])
  }

  @Test func aPictureSummaryShowsWhatIsNotFinite() throws {
    let graph = Graph()
    let pixels: [Float] = [0, 0.5, 1, .nan, 0, 0, 1, 1, .infinity, 0.5, 0.5, 0.5]
    let images = try graph.constant(try Tensor(pixels, dimensions: [1, 2, 2, 3]))
    let value = try Self.summary(try imageSummary("pictures", images, maxImages: 1)).value[0]
    #expect(value.tag == "pictures/image")
    let picture = try Picture.decode([UInt8](value.image.encodedImageString))
    #expect(picture.pixels == [0, 127, 255, 255, 0, 0, 255, 0, 0, 127, 127, 127])
  }

  @Test func aFileIsWrittenAndReadInARunOnly() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/new/folder/file"
    let graph = Graph()
    let name = try graph.constant(try Tensor(scalar: Array(path.utf8)))
    let contents = try graph.constant("contents")
    let write = try writeFile(name, contents)
    let read = try readFile(name)
    let session = Session(graph, threads: 1)
    #expect(!FileManager.default.fileExists(atPath: path))
    let missing = #expect(throws: GraphError.self) { try session.run(read) }
    #expect(missing?.code == .notFound)
    #expect(missing?.message == "\(path); No such file or directory")
    try session.run(write)
    #expect(try session.run(read).strings == [Array("contents".utf8)])
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path + "/new/folder").count == 1)
    let zero = try readFile(try graph.constant(try Tensor(scalar: Array("a\0b".utf8))))
    #expect(throws: GraphError.self) { try session.run(zero) }
  }

  private static let example: [UInt8] = {
    var example = Tensorflow_Example()
    example.features.feature["id"] = .with { $0.int64List.value = [7] }
    example.features.feature["box"] = .with { $0.floatList.value = [0.1, 0.2, 0.3, 0.4] }
    example.features.feature["labels"] = .with { $0.int64List.value = [1, -2, 300] }
    example.features.feature["picture"] = .with {
      $0.bytesList.value = [Data([1, 2, 0, 255])]
    }
    return (try? example.serializedBytes()) ?? []
  }()

  @Test func anExampleIsParsedByName() throws {
    let graph = Graph()
    let serialized = try graph.placeholder(.string, shape: .scalar)
    let parsed = try parseSingleExample(
      serialized,
      [
        "id": .fixed(.int64, shape: []), "box": .fixed(.float32, shape: [2, 2]),
        "labels": .sparse(.int64), "picture": .fixed(.string, shape: []),
        "width": .fixed(.int64, shape: [], fallback: 640),
        "names": .sequence(.string, shape: []), "weights": .sparse(.float32),
      ])
    #expect(try parsed("box").shape == [2, 2])
    #expect(try parsed("names").shape == [nil])
    let labels = try #require(parsed.sparse["labels"])
    let fetches = [
      try parsed("id"), try parsed("box"), try parsed("picture"), try parsed("width"),
      try parsed("names"), labels.indices, labels.values, labels.shape,
    ]
    let feeds = [serialized: try Tensor(scalar: Self.example)]
    let values = try Session(graph, threads: 1).run(fetches, feeds: feeds)
    #expect(try values[0].scalar(Int64.self) == 7)
    #expect(try values[1].elements(Float.self) == [0.1, 0.2, 0.3, 0.4])
    #expect(values[2].strings == [[1, 2, 0, 255]])
    #expect(try values[3].scalar(Int64.self) == 640)
    #expect(values[4].dimensions == [0])
    #expect(values[5].dimensions == [3, 1])
    #expect(try values[6].elements(Int64.self) == [1, -2, 300])
    #expect(try values[7].elements(Int64.self) == [3])
    #expect(throws: GraphError.self) { try parsed("labels") }
  }

  @Test func aDamagedExampleIsRefusedOrParsed() throws {
    let graph = Graph()
    let serialized = try graph.placeholder(.string, shape: .scalar)
    let parsed = try parseSingleExample(
      serialized,
      [
        "id": .fixed(.int64, shape: [], fallback: 0), "box": .sequence(.float32, shape: [2]),
        "labels": .sparse(.int64), "picture": .fixed(.string, shape: [], fallback: "none"),
      ])
    let session = Session(graph, threads: 1)
    let run = try session.callable(
      feeds: [serialized],
      fetches: Array(parsed.dense.values) + [try #require(parsed.sparse["labels"]).values])
    var generator = SystemRandomNumberGenerator()
    for count in Self.example.indices {
      _ = try? run.run([try Tensor(scalar: Array(Self.example[..<count]))])
    }
    for _ in 0..<3000 {
      var bytes = Self.example
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        bytes[Int.random(in: bytes.indices, using: &generator)] = .random(
          in: .min ... .max, using: &generator)
      }
      _ = try? run.run([try Tensor(scalar: bytes)])
    }
  }
}
