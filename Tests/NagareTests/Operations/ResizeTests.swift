import Testing

@testable import Nagare

@Suite struct ResizeTests {
  @Test func anEmptyBatchOfEnormousPicturesIsEmpty() throws {
    let graph = Graph()
    let images = try graph.placeholder(.float32)
    let size = try graph.placeholder(.int32)
    let feeds = [
      images: try Tensor(zeros: .float32, [0, 1, 1, 3]),
      size: try Tensor([Int32.max, 1]),
    ]
    let session = Session(graph, threads: 1)
    for resized in [
      try resizeBilinear(images, size: size), try resizeNearestNeighbor(images, size: size),
    ] {
      let expected = [0, Int(Int32.max), 1, 3]
      #expect(try session.run(resized, feeds: feeds).dimensions == expected)
      var one = feeds
      one[images] = try Tensor(zeros: .float32, [1, 1, 1, 3])
      let error = #expect(throws: GraphError.self) { try session.run(resized, feeds: one) }
      #expect(error?.code == .resourceExhausted)
    }
  }

  @Test func theResultDoesNotDependOnThreads() throws {
    let graph = Graph()
    let images = try graph.placeholder(.uint8, shape: [nil, nil, nil, 3])
    let pixels = (0..<2 * 37 * 41 * 3).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 / 11) }
    let feeds = [images: try Tensor(pixels, dimensions: [2, 37, 41, 3])]
    let size = try graph.constant([211, 97])
    let resized = try resizeBilinear(images, size: size, halfPixelCenters: true)
    let one = try Session(graph, threads: 1).run(resized, feeds: feeds)
    #expect(one.dimensions == [2, 211, 97, 3])
    #expect(try Session(graph, threads: 4).run(resized, feeds: feeds) == one)
  }

  @Test func theGradientOfUnknownSizesIsFound() throws {
    let graph = Graph()
    let images = try graph.placeholder(.float32, shape: [1, nil, nil, 1])
    let size = try graph.constant([4, 4])
    let feeds = [images: try Tensor([1, 2, 3, 4] as [Float], dimensions: [1, 2, 2, 1])]
    for resized in [
      try resizeBilinear(images, size: size), try resizeNearestNeighbor(images, size: size),
    ] {
      let gradients = try graph.gradients(of: resized, withRespectTo: [images])
      let gradient = try #require(gradients.first ?? nil)
      let value = try Session(graph, threads: 1).run(gradient, feeds: feeds)
      #expect(value.dimensions == [1, 2, 2, 1])
      #expect(try value.elements(Float.self).reduce(0, +) == 16)
    }
  }
}
