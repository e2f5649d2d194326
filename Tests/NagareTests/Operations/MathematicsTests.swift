import TestSupport
import Testing

@testable import Nagare

/// What the cases from TensorFlow leave out: operators, literals, memory that is used again, any number
/// of threads, and numbers that C++ leaves undefined.
@Suite struct MathematicsTests {
  let graph = Graph()

  private func run(
    _ output: Output, _ feeds: [Output: Tensor] = [:], threads: Int = 1
  ) throws -> Tensor {
    try #require(try Session(graph, threads: threads).run([output], feeds: feeds).first)
  }

  @Test func operatorsHaveTensorFlowsNames() throws {
    let x = try graph.placeholder(.float32, shape: [2], name: "x")
    let i = try graph.placeholder(.int32, shape: [2], name: "i")
    let made = [
      try x + x, try x - 1, try 2 - x, try x * x, try x / 2, try x % 2, try -x, try i / i,
      try x .< 1, try x .>= x, try pow(x, 2), try maximum(x, 0), try (x .< 0) .& (x .> 0),
      try sum(x), try sum(x, axes: [0]), try argMax(x, axis: 0), try topK(x, k: 1).values,
    ]
    #expect(
      made.map(\.node.name) == [
        "add", "sub", "sub_1", "mul", "truediv", "mod", "Neg", "truediv_1", "Less",
        "GreaterEqual", "Pow", "Maximum", "and", "Sum", "Sum_1", "ArgMax", "TopKV2",
      ])
    let names = Set(graph.nodes.map(\.name))
    let literals = [
      "sub/y", "sub_1/x", "truediv/y", "truediv_1/Cast", "truediv_1/Cast_1", "Less/y", "Pow/y",
      "Maximum/y", "Const", "Sum_1/reduction_indices", "ArgMax/dimension", "TopKV2/k",
    ]
    #expect(literals.filter { !names.contains($0) } == [])
  }

  @Test func literalsTakeTheTypeOfTheOtherOperand() throws {
    let x = try graph.constant([1, 2], dataType: .float64)
    #expect(try run(x + 0.1).elements() as [Double] == [1.1, 2.1])
    #expect(try run(x * [0.1, 3]).elements() as [Double] == [0.1, 6])
    let i = try graph.constant([7, -7])
    #expect(try run(i % 3).elements() as [Int32] == [1, 2])
    #expect(try run(i / 2).elements() as [Double] == [3.5, -3.5])
    #expect(throws: GraphError.self) { try i + 0.5 }
  }

  @Test func resultsDoNotDependOnReusedMemory() throws {
    // Each operand is the last use of what the node before it computed, on either side.
    let x = try graph.placeholder(.float32, shape: [3, 5])
    let row = try graph.placeholder(.float32, shape: [5])
    var left = try x * 2
    left = try left + row
    left = try maximum(left - x, 0)
    let right = try row - negative(relu(left))
    let value = try 1 / (1 + sigmoid(right * right))
    let numbers = (0..<15).map { Float($0) * 0.25 - 1.5 }
    let additions: [Float] = [0.5, -1, 2, 0, -0.25]
    let result = try run(
      value,
      [x: try Tensor(numbers, dimensions: [3, 5]), row: try Tensor(additions)])
    let expected = numbers.enumerated().map { index, x in
      let r = additions[index % 5]
      let l = max(x * 2 + r - x, 0)
      let w = (r + l) * (r + l)
      return 1 / (1 + 1 / (1 + Float.exp(-w)))
    }
    for (mine, other) in zip(try result.elements() as [Float], expected) {
      #expect(abs(mine - other) < 1e-6)
    }
  }

  @Test(arguments: [[0], [1], [2], [0, 1], [1, 2], [0, 2], [0, 1, 2]])
  func sumsHaveTheSameBitsOnAnyNumberOfThreads(axes: [Int]) throws {
    let size = [37, 129, 66]
    var state: UInt64 = 1
    let numbers = (0..<(37 * 129 * 66)).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(Int32(truncatingIfNeeded: state >> 33)) * 0x1p-31
    }
    let x = try graph.placeholder(.float32, shape: Shape(size))
    let value = try sum(tanh(x), axes: axes)
    let feeds = [x: try Tensor(numbers, dimensions: size)]
    let one = try run(value, feeds)
    #expect(try run(value, feeds, threads: 2) == one)
    #expect(try run(value, feeds, threads: 5) == one)
    let kept = (0..<3).filter { !axes.contains($0) }
    var exact = [Double](repeating: 0, count: one.count)
    for (index, number) in numbers.enumerated() {
      let position = [index / (129 * 66), index / 66 % 129, index % 66]
      exact[kept.reduce(0) { $0 * size[$1] + position[$1] }] += Double.tanh(Double(number))
    }
    for (mine, other) in zip(try #require(one.doubles), exact) {
      #expect(abs(mine - other) < 1e-3 + 1e-5 * abs(other))
    }
  }

  /// However a product is divided among threads: one of a single row is divided by columns.
  @Test(arguments: [1, 2, 3]) func productsOfFewRowsAreThoseOfMany(rows: Int) throws {
    let left = try graph.placeholder(.float32, shape: [8, 900])
    let right = try graph.placeholder(.float32, shape: [900, 1000])
    let feeds = [
      left: try Tensor((0..<(8 * 900)).map { Float($0 % 13) - 6.25 }).reshaped([8, 900]),
      right: try Tensor((0..<(900 * 1000)).map { Float($0 % 31) / 7 - 2 }).reshaped([900, 1000]),
    ]
    let all = try run(matmul(left, right), feeds).elements(Float.self)
    let few = try matmul(slice(left, begin: [0, 0], size: [rows, 900]), right)
    for threads in [1, 2, 3] {
      let product = try run(few, feeds, threads: threads).elements(Float.self)
      #expect(product[...] == all.prefix(rows * 1000))
    }
  }

  @Test func floatsThatDoNotFitAreCastAsX86Does() throws {
    let values: [Double] = [
      .nan, .infinity, -.infinity, 3e9, -3e9, 1e19, -1e19, 300.7, -300.7, -1.5,
    ]
    let x = try graph.constant(try Tensor(values))
    func casted<T: Scalar>(_: T.Type) throws -> [T] {
      try run(cast(x, to: T.dataType)).elements()
    }
    let least32 = Int32.min
    let least64 = Int64.min
    #expect(try casted(Int8.self) == [0, 0, 0, 0, 0, 0, 0, 44, -44, -1])
    #expect(try casted(UInt8.self) == [0, 0, 0, 0, 0, 0, 0, 44, 212, 255])
    #expect(try casted(UInt16.self) == [0, 0, 0, 0, 0, 0, 0, 300, 65236, 65535])
    #expect(
      try casted(Int32.self) == [Int32](repeating: least32, count: 7) + [300, -300, -1])
    #expect(
      try casted(UInt32.self) == [
        0, 0, 0, 3_000_000_000, 1_294_967_296, 0, 0, 300, 4_294_966_996, 4_294_967_295,
      ])
    #expect(
      try casted(Int64.self) == [
        least64, least64, least64, 3_000_000_000, -3_000_000_000, least64, least64, 300, -300, -1,
      ])
    #expect(
      try casted(UInt64.self) == [
        1 << 63, 1 << 63, 1 << 63, 3_000_000_000, 18_446_744_070_709_551_616,
        10_000_000_000_000_000_000, 1 << 63, 300, 18_446_744_073_709_551_316,
        18_446_744_073_709_551_615,
      ])
  }

  @Test func notANumberComesLastAndEqualOnesInOrder() throws {
    let x = try graph.constant(try Tensor([1, .nan, 3, 3, .nan, -.infinity] as [Float]))
    for k in 0...6 {
      let places = try run(topK(x, k: k).indices).elements() as [Int32]
      #expect(places == Array([2, 3, 0, 5, 1, 4].prefix(k)))
    }
    #expect(try run(argMax(x, axis: 0)).scalar() as Int64 == 2)
    #expect(try run(argMin(x, axis: 0)).scalar() as Int64 == 5)
  }

  @Test func topOfManyAgreesWithSorting() throws {
    let numbers = (0..<1000).map { Float(($0 * 7919) % 503) }
    let order = numbers.indices.sorted {
      numbers[$0] == numbers[$1] ? $0 < $1 : numbers[$0] > numbers[$1]
    }
    let x = try graph.constant(try Tensor(numbers, dimensions: [1, 1000]))
    for k in [1, 2, 17, 500, 999, 1000] {
      let (values, indices) = try topK(x, k: k)
      #expect(try run(indices).elements() as [Int32] == order.prefix(k).map { Int32($0) })
      #expect(try run(values).elements() as [Float] == order.prefix(k).map { numbers[$0] })
    }
  }

  @Test func clippingStaysWithinItsBounds() throws {
    let x = try graph.constant(try Tensor([-3, 0.5, 4, .nan] as [Float]))
    let clipped = try run(clipByValue(x, minimum: -1, maximum: 2)).elements() as [Float]
    #expect(clipped.prefix(3) == [-1, 0.5, 2] && clipped[3].isNaN)
    let scaled = try run(clipByNorm(graph.constant([3.0, 4.0]), limit: 1))
    #expect(try scaled.elements() as [Float] == [0.6, 0.8])
    let short = try run(clipByNorm(graph.constant([0.0, 0.0]), limit: 1))
    #expect(try short.elements() as [Float] == [0, 0])
  }

  @Test func crossEntropiesOfAnyRank() throws {
    let logits = try graph.placeholder(.float32, shape: .unknown)
    let labels = try graph.placeholder(.int32, shape: .unknown)
    let loss = try sparseSoftmaxCrossEntropy(logits: logits, labels: labels)
    let value = try run(
      loss,
      [
        logits: try Tensor([0, 0, 1000, 0, 0, 0, 0, 0] as [Float], dimensions: [2, 2, 2]),
        labels: try Tensor([0, 0, 1, 1] as [Int32], dimensions: [2, 2]),
      ])
    #expect(value.dimensions == [2, 2])
    let half = Float.log(2)
    #expect(try value.elements() as [Float] == [half, 0, half, half])
    let dense = try softmaxCrossEntropy(logits: logits, labels: logits)
    #expect(
      try run(dense, [logits: try Tensor(zeros: .float32, [3, 1, 4])]).dimensions == [3, 1])
  }

  @Test func segmentsAreSummed() throws {
    let data = try graph.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    let ids = try graph.placeholder(.int32, shape: [3])
    let sums = try segmentSum(data, segmentIDs: ids)
    let result = try run(sums, [ids: [0, 2, 2]])
    #expect(result == (try Tensor([1, 2, 0, 0, 8, 10] as [Float], dimensions: [3, 2])))
    #expect(throws: GraphError.self) { try run(sums, [ids: [0, 2, 1]]) }
    #expect(throws: GraphError.self) { try run(sums, [ids: [-1, 0, 1]]) }
  }
}
