import Nagare
import Testing

/// The results of the book's first chapter.
struct GraphBuildingTests {
  @Test func additionRunsInASession() throws {
    let graph = Graph()
    let sum = try add(graph.constant(2), graph.constant(3))
    #expect("\(sum)" == #"Tensor("Add:0", shape=(), dtype=int32)"#)
    #expect(try Session(graph).run(sum).scalar(Int32.self) == 5)
  }

  @Test func operatorsNameTheirNodesWithoutRegardToCase() throws {
    let graph = Graph()
    let a = try graph.constant(2)
    let b = try graph.constant(3)
    #expect(try add(a, b).name == "Add:0")
    #expect(try (a + b).name == "add_1:0")
    #expect(try add(a, b).name == "Add_2:0")
    #expect(a.name == "Const:0")
    #expect(b.name == "Const_1:0")
  }

  @Test func rangeAndReshapeInferTheirShapes() throws {
    let graph = Graph()
    let numbers = try graph.range(0, 100)
    #expect(numbers.shape.tupleDescription == "(100,)")
    let rows = try reshape(numbers, [4, 25])
    #expect(rows.shape.tupleDescription == "(4, 25)")
    let computed = try reshape(numbers, [4, -1])
    #expect(computed.shape.tupleDescription == "(4, 25)")
    let values = try Session(graph).run(computed)
    #expect(values.dimensions == [4, 25])
    #expect(try values.elements(Int32.self) == Array(0..<100))
  }

  @Test func reshapeToAnotherNumberOfElementsIsRefusedWhileBuilding() throws {
    let graph = Graph()
    let numbers = try graph.range(0, 100)
    _ = try reshape(numbers, [4, 25])
    var refusal: GraphError?
    let line = #line + 2
    do {
      _ = try reshape(numbers, [4, 20])
    } catch {
      refusal = error
    }
    let error = try #require(refusal)
    #expect(
      error.message
        == "Cannot reshape a tensor with 100 elements to shape [4,20] (80 elements) for "
        + "'Reshape_1' (op: 'Reshape') with input shapes: [100], [2] and with input tensors "
        + "computed as partial shapes: input[1] = [4,20].")
    #expect(error.code == .invalidArgument)
    #expect(error.location == "NagareTests/GraphBuildingTests.swift:\(line)")
  }

  @Test func literalsAreBroadcast() throws {
    let graph = Graph()
    let sum = try graph.constant([1, 2, 3, 4]) + 5
    #expect(try Session(graph).run(sum).elements(Int32.self) == [6, 7, 8, 9])
  }

  @Test func scopesAndControlDependencies() throws {
    let graph = Graph()
    let first = try graph.scope("head") { () throws(GraphError) in try graph.constant(1) }
    let second = try graph.scope("head") { () throws(GraphError) in
      try graph.withControlDependencies([first.node]) { () throws(GraphError) in
        try graph.constant(2)
      }
    }
    #expect(first.name == "head/Const:0")
    #expect(second.name == "head_1/Const:0")
    #expect(second.node.controlInputs == [first.node.id])
  }

  @Test func typesMustMatch() throws {
    let graph = Graph()
    let error = #expect(throws: GraphError.self) {
      try add(graph.constant(1), graph.constant(1.5))
    }
    #expect(
      error?.message
        == "Input 'y' of 'Add' Op has type float32 that does not match type int32 of argument 'x'.")
  }
}
