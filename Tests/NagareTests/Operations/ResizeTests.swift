import CNagareKernels
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

  /// Vectors of four take part in pictures of three channels, and rows end inside of them.
  @Test(arguments: [1, 2, 3, 4, 5], [(1, 1), (5, 7), (13, 29), (32, 17)])
  func kernelsGiveTheNumbersOfTheFormula(channels: Int, size: (Int, Int)) throws {
    let (height, width) = (11, 13)
    let bytes = (0..<height * width * channels).map { UInt8(truncatingIfNeeded: $0 * 37 + $0 / 5) }
    let graph = Graph()
    let images = try graph.placeholder(.uint8, shape: [nil, nil, channels])
    let picture = try expandDimensions(cast(images, to: .float32), axis: 0)
    let sizes = try graph.constant(Tensor([Int32(size.0), Int32(size.1)]))
    let resized = try resizeBilinear(picture, size: sizes)
    let feeds = [images: try Tensor(bytes, dimensions: [height, width, channels])]
    let found = try Session(graph, threads: 2).run(resized, feeds: feeds)
    #expect(try Session(graph, threads: 1).run(resized, feeds: feeds) == found)
    #expect(try Session(graph, passes: []).run(resized, feeds: feeds) == found)
    let plan = try Plan(graph, feeds: [images], fetches: [resized], targets: [])
    #expect(plan.steps.map { type(of: $0.op).name } == ["_ResizeBilinearOfBytes"])
    var expected: [Float] = []
    let (down, across) = (Float(height) / Float(size.0), Float(width) / Float(size.1))
    for row in 0..<size.0 {
      for column in 0..<size.1 {
        let (y, x) = (Float(row) * down, Float(column) * across)
        let (top, left) = (Int(y), Int(x))
        let (bottom, right) = (
          min(Int(y.rounded(.up)), height - 1), min(Int(x.rounded(.up)), width - 1)
        )
        for channel in 0..<channels {
          func pixel(_ row: Int, _ column: Int) -> Float {
            Float(bytes[(row * width + column) * channels + channel])
          }
          let (xPart, yPart) = (x - Float(left), y - Float(top))
          let upper = pixel(top, left) + (pixel(top, right) - pixel(top, left)) * xPart
          let lower = pixel(bottom, left) + (pixel(bottom, right) - pixel(bottom, left)) * xPart
          expected.append(upper + (lower - upper) * yPart)
        }
      }
    }
    #expect(try found.elements(Float.self) == expected)
    nagare_kernels_use_portable(1)
    defer { nagare_kernels_use_portable(0) }
    #expect(try Session(graph, threads: 1).run(resized, feeds: feeds) == found)
    #expect(try Session(graph, passes: []).run(resized, feeds: feeds) == found)
  }

  @Test func aCastThatOthersTakeStays() throws {
    let graph = Graph()
    let images = try graph.placeholder(.uint8, shape: [nil, nil, 3])
    let floats = try cast(images, to: .float32)
    let resized = try resizeBilinear(
      expandDimensions(floats, axis: 0), size: try graph.constant([3, 3] as Tensor))
    let feeds = [images: try Tensor((0..<12).map(UInt8.init), dimensions: [2, 2, 3])]
    let fetches = [floats, resized]
    let plan = try Plan(graph, feeds: [images], fetches: fetches, targets: [])
    #expect(plan.steps.map { type(of: $0.op).name } == ["Cast", "ExpandDims", "ResizeBilinear"])
    let both = try Session(graph).run(fetches, feeds: feeds)
    #expect(try both == Session(graph, passes: []).run(fetches, feeds: feeds))
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
