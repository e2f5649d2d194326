import CNagareKernels
import Testing

@testable import Nagare

/// Filters that are constants are packed once and kept, which must never be seen in a result.
@Suite struct PackedFilterTests {
  /// A convolution of `filter` and its gradient to the input.
  private static func fetches(_ input: Output, _ filter: Output) throws -> [Output] {
    let output = try conv2D(input, filter: filter)
    return try [output]
      + input.graph.gradients(of: [output], withRespectTo: [input]).compactMap(\.self)
  }

  private static func tensor(_ dimensions: [Int], _ random: inout SeededGenerator) throws -> Tensor
  {
    try Tensor(random.reals(dimensions.reduce(1, *)), dimensions: dimensions)
  }

  /// Pictures of sizes that are convolved by different algorithms, in turn, with either instruction set.
  @Test func resultsAreThoseOfAFilterThatIsFed() throws {
    var random = SeededGenerator(1)
    let graph = Graph()
    let input = try graph.placeholder(.float32, shape: [nil, nil, nil, 9])
    let value = try Self.tensor([3, 3, 9, 10], &random)
    let fed = try graph.placeholder(.float32, shape: [3, 3, 9, 10])
    let kept = try Self.fetches(input, graph.constant(value))
    let repacked = try Self.fetches(input, fed)
    let pictures = try [[1, 24, 24, 9], [1, 2, 3, 9], [2, 24, 24, 9]].map {
      try Self.tensor($0, &random)
    }
    let session = Session(graph, threads: 1)
    for picture in pictures + pictures.reversed() + [pictures[2]] {
      try withEachInstructionSet {
        let a = try session.run(kept, feeds: [input: picture])
        let b = try session.run(repacked, feeds: [input: picture, fed: value])
        for (a, b) in zip(a, b) {
          expectSameBits(a.floats ?? [], b.floats ?? [1], "picture of \(picture.shape)")
        }
      }
    }
    let packed = value.storage.packing.withLock { $0.filter }
    #expect(packed != nil)
  }

  /// A result in the memory of what was a constant is none.
  @Test func overwrittenMemoryIsNoConstant() throws {
    let inputs = [try Tensor([1, 2, 3] as [Float], dimensions: [3])]
    inputs[0].storage.packing.withLock { $0.isConstant = true }
    let result = try KernelContext.folding.allocate(.float32, [3], reusing: 0, of: inputs)
    #expect(result.storage === inputs[0].storage)
    #expect(result.storage.packing.withLock { !$0.isConstant })
  }

  /// A variable that began as a constant is no constant.
  @Test func variablesAreRepacked() throws {
    var random = SeededGenerator(2)
    let graph = Graph()
    let input = try graph.placeholder(.float32, shape: [1, 6, 6, 2])
    let value = try Self.tensor([1, 1, 2, 2], &random)
    let picture = try Self.tensor([1, 6, 6, 2], &random)
    let variable = try graph.variable(graph.constant(value), name: "filter")
    let output = try conv2D(input, filter: variable.value)
    let doubled = try graph.assignAdd(variable, variable.value)
    let session = Session(graph)
    try session.run(graph.initializer())
    var expected = try #require(session.run(output, feeds: [input: picture]).floats)
    for _ in 0..<3 {
      try session.run(doubled)
      expected = expected.map { 2 * $0 }
      #expect(try session.run(output, feeds: [input: picture]).floats == expected)
    }
  }
}
