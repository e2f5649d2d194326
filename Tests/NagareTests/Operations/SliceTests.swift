import Testing

@testable import Nagare

/// Slices by subscripts: the nodes that TensorFlow's Python interface makes, and the values.
@Suite struct SliceTests {
  /// 0, 1, 2, … in this shape.
  private func numbers(_ graph: Graph, _ dimensions: [Int]) throws -> Output {
    let count = dimensions.reduce(1, *)
    return try graph.constant(
      Tensor((0..<count).map { Float($0) }, dimensions: dimensions), name: "x")
  }

  private func value(_ output: Output) throws -> Tensor { try Session(output.graph).run(output) }

  @Test func namesItsOperandsAsTensorFlowDoes() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [2, 4, 3], name: "x")
    let y = try x[..., 0..<4, .newAxis, 1]
    #expect(y.name == "strided_slice:0")
    #expect(y.shape == [2, 4, 1])
    let names = graph.inputs(of: y.node).map(\.node.name)
    #expect(
      names == ["x", "strided_slice/stack", "strided_slice/stack_1", "strided_slice/stack_2"])
    #expect(graph.inputs(of: y.node)[1].spec.integers == [0, 0, 0, 1])
    #expect(graph.inputs(of: y.node)[2].spec.integers == [0, 4, 0, 2])
    #expect(graph.inputs(of: y.node)[3].spec.integers == [1, 1, 1, 1])
    #expect(y.node.attributes["ellipsis_mask"] == .int(1))
    #expect(y.node.attributes["new_axis_mask"] == .int(4))
    #expect(y.node.attributes["shrink_axis_mask"] == .int(8))
    #expect(y.node.attributes["begin_mask"] == .int(0))
  }

  @Test func takesWhatPythonTakes() throws {
    let graph = Graph()
    let x = try numbers(graph, [2, 3, 4])
    #expect(try value(x[1, 2, 3]) == 23.0)
    #expect(try value(x[-1, -1, -1]) == 23.0)
    #expect(try value(x[0, 1]) == [4.0, 5.0, 6.0, 7.0])
    #expect(try value(x[0, 1...]) == [[4.0, 5.0, 6.0, 7.0], [8.0, 9.0, 10.0, 11.0]])
    #expect(try value(x[0, 0, ..<(-1)]) == [0.0, 1.0, 2.0])
    #expect(try value(x[0, 0, ...2]) == [0.0, 1.0, 2.0])
    #expect(try value(x[0, 0, 1...2]) == [1.0, 2.0])
    #expect(try value(x[..., 0]) == [[0.0, 4.0, 8.0], [12.0, 16.0, 20.0]])
    #expect(try value(x[1, ..., 0]) == [12.0, 16.0, 20.0])
    #expect(try value(x[0, 0, .stride(by: -1)]) == [3.0, 2.0, 1.0, 0.0])
    #expect(try value(x[0, 0, .stride(from: 1, to: 4, by: 2)]) == [1.0, 3.0])
    #expect(try x[.newAxis, ...].shape == [1, 2, 3, 4])
    #expect(try x[..., .newAxis].shape == [2, 3, 4, 1])
    #expect(try x[...].shape == [2, 3, 4])
    #expect(try x[5...].shape == [0, 3, 4])
  }

  @Test func refusesWhatIsNotThere() throws {
    let graph = Graph()
    let x = try numbers(graph, [2, 3])
    let error = #expect(throws: GraphError.self) { try x[2] }
    #expect(error?.message.hasPrefix("slice index 2 of dimension 0 out of bounds.") == true)
    #expect(error?.location?.hasPrefix("NagareTests/SliceTests.swift:") == true)
    #expect(throws: GraphError.self) { try x[0, 0, 0] }
  }

  @Test func shapesThatAreComputedAreKnownWhileBuilding() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [nil, 4, 6], name: "x")
    let size = try shape(of: x)
    let flat = try reshape(x, stack([size[0], graph.constant(-1)]))
    #expect(flat.shape == [nil, nil])
    let rows = try reshape(x, concat([size[..<1], graph.constant([24])], axis: 0))
    #expect(rows.shape == [nil, 24])
    let product = try reshape(x, stack([graph.constant(-1), size[1] * size[2]]))
    #expect(product.shape == [nil, 24])
    #expect(throws: GraphError.self) { try reshape(x, stack([size[1], graph.constant(7)])) }
  }

  /// Every permutation of random shapes against the definition.
  @Test func transposesEveryWay() throws {
    var random = SplitMix(state: 3)
    for rank in 1...4 {
      for _ in 0..<8 {
        let dimensions = (0..<rank).map { _ in 1 + Int(abs(random.next()) * 40) % 40 }
        var order = Array(0..<rank)
        for index in order.indices.dropLast() {
          order.swapAt(index, index + Int(abs(random.next()) * 100) % (rank - index))
        }
        let graph = Graph()
        let x = try numbers(graph, dimensions)
        let input = try value(x)
        let result = try Session(graph, threads: 3).run(transpose(x, permutation: order))
        let (from, to) = (StridedCopy.steps(dimensions), StridedCopy.steps(result.dimensions))
        let (source, target) = (try input.elements(Float.self), try result.elements(Float.self))
        var isRight = true
        for index in target.indices {
          var place = 0
          for axis in order.indices {
            place += index / to[axis] % result.dimensions[axis] * from[order[axis]]
          }
          isRight = isRight && target[index] == source[place]
        }
        #expect(isRight, "\(dimensions) by \(order)")
      }
    }
  }

  @Test func emptyTensorsOfHugeExtentAreCopied() throws {
    let graph = Graph()
    let huge = 1 << 20
    let x = try graph.placeholder(.float32, shape: [0, huge, huge], name: "x")
    let empty = try Tensor([Float](), dimensions: [0, huge, huge])
    let session = Session(graph)
    let outputs = [
      try transpose(x), try concat([x, x], axis: 1), try x[..., 1...],
      try pad(x, [(0, 0), (1, 0), (0, 1)]), try reversed(x, axes: [1]),
      try stack([x, x], axis: 1), try slice(x, begin: [0, 3, 0], size: [0, -1, 2]),
      try split(x, count: 2, axis: 2)[1],
    ]
    for value in try session.run(outputs, feeds: [x: empty]) { #expect(value.count == 0) }
  }
}
