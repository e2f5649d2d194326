import TestSupport
import Testing

@testable import Nagare

@Suite struct ImageFunctionTests {
  private static let functions: [String: @Sendable (Output) throws(GraphError) -> Output] = [
    "grayscale": { (x) throws(GraphError) in try rgbToGrayscale(x) },
    "brighter": { (x) throws(GraphError) in
      try adjustBrightness(x, delta: try x.graph.constant(0.2))
    },
    "darker": { (x) throws(GraphError) in
      try adjustBrightness(x, delta: try x.graph.constant(-0.3))
    },
    "contrast": { (x) throws(GraphError) in
      try adjustContrast(x, factor: try x.graph.constant(1.7))
    },
    "flat": { (x) throws(GraphError) in
      try adjustContrast(x, factor: try x.graph.constant(0.1))
    },
    "standardized": { (x) throws(GraphError) in try perImageStandardization(x) },
    "as uint8": { (x) throws(GraphError) in try convertImage(x, to: .uint8) },
    "as saturated uint8": { (x) throws(GraphError) in
      try convertImage(x, to: .uint8, saturate: true)
    },
    "as uint16": { (x) throws(GraphError) in try convertImage(x, to: .uint16) },
    "as int16": { (x) throws(GraphError) in try convertImage(x, to: .int16) },
    "as saturated int16": { (x) throws(GraphError) in
      try convertImage(x, to: .int16, saturate: true)
    },
    "as float32": { (x) throws(GraphError) in try convertImage(x, to: .float32) },
    "as float64": { (x) throws(GraphError) in try convertImage(x, to: .float64) },
  ]

  @Test func valuesAreTensorFlows() throws {
    for entry in try Golden.list("image_functions.json") {
      let name = try entry.string("name")
      let image = try #require(entry.object("image")).tensor()
      let expected = try #require(entry.object("result")).tensor()
      let function = try #require(Self.functions[name])
      for shape in [image.shape, .unknown(rank: image.rank)] {
        let graph = Graph()
        let input = try graph.placeholder(image.dataType, shape: shape)
        let output = try function(input)
        #expect(output.shape.isCompatible(with: expected.shape), "\(name)")
        let value = try Session(graph, threads: 1).run(output, feeds: [input: image])
        let difference = value.difference(from: expected, .relative)
        #expect(difference == nil, "\(name) of \(image.dataType)\(shape)")
      }
    }
  }

  @Test func randomAdjustmentsStayWithinTheirLimits() throws {
    let graph = Graph()
    let image = try graph.constant(
      try Tensor([0.25, 0.5, 0.75] as [Float], dimensions: [1, 3, 1]))
    let brightness = try randomBrightness(image, limit: 0.1, seed: 1)
    let contrast = try randomContrast(image, lower: 0.5, upper: 1.5, seed: 2)
    let session = Session(graph, threads: 1)
    var seen: Set<[Float]> = []
    for _ in 0..<20 {
      let bright = try session.run(brightness).elements(Float.self)
      #expect(abs(bright[1] - 0.5) <= 0.1)
      let contrasted = try session.run(contrast).elements(Float.self)
      #expect((0.125...0.375).contains(contrasted[2] - 0.5))
      seen.insert(bright)
    }
    #expect(seen.count == 20)
    #expect(throws: GraphError.self) { try randomBrightness(image, limit: -1) }
    #expect(throws: GraphError.self) { try randomContrast(image, lower: 1, upper: 1) }
    #expect(throws: GraphError.self) { try randomContrast(image, lower: -1, upper: 1) }
  }

  @Test func pictureShapesAreChecked() throws {
    let graph = Graph()
    #expect(throws: GraphError.self) {
      try perImageStandardization(try graph.placeholder(.float32, shape: [2, 3]))
    }
    #expect(throws: GraphError.self) {
      try perImageStandardization(try graph.placeholder(.float32, shape: [0, 3, 1]))
    }
    #expect(throws: GraphError.self) {
      try rgbToGrayscale(try graph.placeholder(.float32, shape: [2, 3, 4]))
    }
    #expect(throws: GraphError.self) {
      try convertImage(try graph.placeholder(.string), to: .uint8)
    }
  }
}
