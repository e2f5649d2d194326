import Foundation
import Testing

@testable import Nagare

struct FunctionTests {
  private func polynomial(_ graph: Graph) throws -> Function {
    let k = try graph.constant(3.0, name: "k")
    return try graph.function("polynomial", inputs: [TensorSpec(.float32, [nil])]) {
      (x) throws(GraphError) in
      let square = try x[0] * x[0]
      return [try square * k, try sin(square)]
    }
  }

  @Test func callsGiveTheResultsAndCaptureTensors() throws {
    let graph = Graph()
    let function = try polynomial(graph)
    #expect(function.name == "polynomial")
    #expect(function.captures.map(\.name) == ["k:0"])
    #expect(!function.isStateful)
    let x = try graph.placeholder(.float32, shape: [nil], name: "x")
    let results = try function([x])
    #expect(results[0].node.type == "PartitionedCall")
    #expect(results.map(\.shape) == [[nil], [nil]])
    let session = Session(graph)
    #expect(
      try session.run(results[0], feeds: [x: [1.0, 2.0]]).elements(Float.self) == [3, 12])
    #expect(throws: GraphError.self) { try function([x, x]) }
    // The same from a file.
    for bytes in [try graph.serialized(), Array(try graph.textFormat().utf8)] {
      let loaded = try Graph(definition: bytes)
      #expect(loaded.functions.names == ["polynomial"])
      #expect(try loaded.serialized() == graph.serialized())
      let again = try loaded.output(named: results[0].name)
      let value = try Session(loaded).run(
        again, feeds: [loaded.output(named: "x:0"): [1.0, 2.0]])
      #expect(try value.elements(Float.self) == [3, 12])
    }
  }

  @Test func gradientsGoThroughCallsTwice() throws {
    let graph = Graph()
    let inner = try polynomial(graph)
    let outer = try graph.function("outer", inputs: [TensorSpec(.float32, [nil])]) {
      (x) throws(GraphError) in
      let results = try inner([x[0]])
      return [try results[0] + results[1] * x[0], x[0]]
    }
    let x = try graph.placeholder(.float32, shape: [nil], name: "x")
    let values: Tensor = [0.5, -1.25, 2.0]

    func plain(_ x: Output) throws -> Output {
      let square = try x * x
      return try square * graph.constant(3.0) + sin(square) * x
    }
    for targets in try [(outer([x])[0], plain(x))] {
      let session = Session(graph)
      let (mine, theirs) = (
        try #require(try graph.gradients(of: targets.0, withRespectTo: [x])[0]),
        try #require(try graph.gradients(of: targets.1, withRespectTo: [x])[0])
      )
      let second = (
        try #require(try graph.gradients(of: mine, withRespectTo: [x])[0]),
        try #require(try graph.gradients(of: theirs, withRespectTo: [x])[0])
      )
      for (a, b) in [(mine, theirs), second] {
        let got = try session.run([a, b], feeds: [x: values]).map {
          try $0.elements(Float.self)
        }
        for (left, right) in zip(got[0], got[1]) {
          #expect(abs(left - right) <= 1e-5 * max(1, abs(right)))
        }
      }
      // A function whose gradient is a function as well survives a file.
      let loaded = try Graph(definition: graph.serialized())
      let fed: [Output: Tensor] = try [loaded.output(named: "x:0"): values]
      #expect(
        try Session(loaded).run(loaded.output(named: second.0.name), feeds: fed)
          == session.run(second.0, feeds: [x: values]))
    }
  }

  @Test func variablesGoThroughCallsWithTheirGradients() throws {
    let graph = Graph()
    let w = try graph.variable(graph.constant([1.0, 2.0]), name: "w")
    let x = try graph.constant([3.0, 5.0])
    let function = try graph.function("weigh", inputs: [TensorSpec(.float32, [2])]) {
      (x) throws(GraphError) in
      let value = try x[0].graph.addNode(
        "ReadVariableOp", [w.handle], attributes: ["dtype": .type(.float32)])
      return [try x[0] * x[0].graph.outputs(of: value)[0]]
    }
    let result = try function([x])[0]
    #expect(result.node.type == "StatefulPartitionedCall")
    #expect(result.shape == [2])
    let train = try GradientDescentOptimizer(learningRate: 1).minimize(sum(result))
    let session = Session(graph)
    try session.run(graph.initializer())
    try session.run(train)
    #expect(try session.run(w.value).elements(Float.self) == [-2, -3])
    let loaded = try Graph(definition: graph.serialized())
    #expect(try loaded.serialized() == graph.serialized())
  }

  @Test func randomFunctionsKeepTheirStateACall() throws {
    let graph = Graph()
    let noise = try graph.function("noise", inputs: [TensorSpec(.float32, [3])]) {
      (x) throws(GraphError) in
      [try x[0] + x[0].graph.randomUniform([3], seed: 4)]
    }
    let zeros = try graph.constant([0.0, 0.0, 0.0])
    let (first, second) = (try noise([zeros])[0], try noise([zeros])[0])
    let plain = try graph.randomUniform([3], seed: 4)
    let session = Session(graph)
    for _ in 0..<3 {
      let values = try session.run([first, second, plain])
      #expect(values[0] == values[2])
      #expect(values[1] == values[2])
    }
    let state = try session.saveState()
    let expected = try session.run(first)
    let resumed = Session(graph)
    try resumed.restoreState(state)
    #expect(try resumed.run(first) == expected)
    // The gradient would have to draw the numbers that the call drew.
    let scaled = try graph.function("scaled", inputs: [TensorSpec(.float32, [3])]) {
      (x) throws(GraphError) in
      [try x[0] * x[0].graph.randomUniform([3], seed: 4)]
    }
    let refusal = #expect(throws: GraphError.self) {
      try graph.gradients(of: scaled([zeros])[0], withRespectTo: [zeros])
    }
    #expect(refusal?.code == .unimplemented)
    #expect(try graph.gradients(of: first, withRespectTo: [zeros])[0] != nil)
  }

  private func calling(_ callee: String, in caller: String) -> String {
    """
    function {
      signature {
        name: "\(caller)" input_arg { name: "x" type: DT_FLOAT }
        output_arg { name: "y" type: DT_FLOAT }
      }
      node_def {
        name: "call" op: "PartitionedCall" input: "x"
        attr { key: "Tin" value { list { type: DT_FLOAT } } }
        attr { key: "Tout" value { list { type: DT_FLOAT } } }
        attr { key: "f" value { func { name: "\(callee)" } } }
      }
      ret { key: "y" value: "call:output:0" }
    }
    """
  }

  private func graph(calling callee: String, library: String) throws -> Graph {
    let text = """
      node {
        name: "x" op: "Const" attr { key: "dtype" value { type: DT_FLOAT } }
        attr { key: "value" value { tensor { dtype: DT_FLOAT tensor_shape { } float_val: 2 } } }
      }
      node {
        name: "y" op: "PartitionedCall" input: "x"
        attr { key: "Tin" value { list { type: DT_FLOAT } } }
        attr { key: "Tout" value { list { type: DT_FLOAT } } }
        attr { key: "f" value { func { name: "\(callee)" } } }
      }
      library { \(library) }
      """
    return try Graph(definition: Array(text.utf8))
  }

  @Test func recursionIsRefused() throws {
    for library in [
      calling("f", in: "f"), calling("g", in: "f") + calling("f", in: "g"),
    ] {
      let graph = try graph(calling: "f", library: library)
      let y = try graph.output(named: "y")
      let error = #expect(throws: GraphError.self) { try Session(graph).run(y) }
      #expect(error?.message.contains("calls itself") == true, "\(String(describing: error))")
      #expect(throws: GraphError.self) {
        try graph.gradients(of: y, withRespectTo: [graph.output(named: "x")])
      }
    }
    // A chain of functions that is no cycle, but endless in effect.
    let library = (0..<5_000).map { calling("f\($0 + 1)", in: "f\($0)") }.joined()
    let deep = try graph(calling: "f0", library: library)
    let error = #expect(throws: GraphError.self) {
      try Session(deep).run(deep.output(named: "y"))
    }
    #expect(error?.code == .resourceExhausted)
    let missing = try graph(calling: "none", library: "")
    #expect(throws: GraphError.self) { try Session(missing).run(missing.output(named: "y")) }
  }

  @Test func malformedFunctionsAreRefusedWhenTheyRun() throws {
    let good = calling("id", in: "f")
    for (text, replacement) in [
      ("call:output:0", "call:output:1"), ("call:output:0", "call"), ("input: \"x\"", ""),
      ("call:output:0", "none:output:0"), ("input: \"x\"", "input: \"y:z:0\""),
      ("key: \"y\"", "key: \"z\""), ("type: DT_FLOAT } }", "type: DT_INT32 } }"),
      ("call:output:0", "call:output:-1"), ("call:output:0", "call:output:99999999999999999999"),
    ] {
      guard let range = good.range(of: text) else { continue }
      let library = good.replacingCharacters(in: range, with: replacement)
      let graph = try graph(calling: "f", library: library)
      #expect(throws: GraphError.self) { try Session(graph).run(graph.output(named: "y")) }
    }
    #expect(throws: GraphError.self) {
      try graph(calling: "f", library: good + calling("other", in: "f"))
    }
  }

  @Test func attributesOfAFunctionBindItsTypes() throws {
    let library = """
      function {
        signature {
          name: "twice" input_arg { name: "x" type_attr: "T" number_attr: "N" }
          output_arg { name: "y" type_attr: "T" }
          attr { name: "T" type: "type" } attr { name: "N" type: "int" }
        }
        node_def {
          name: "sum" op: "AddN" input: "x:0" input: "x:1"
          attr { key: "T" value { placeholder: "T" } } attr { key: "N" value { i: 2 } }
        }
        ret { key: "y" value: "sum:sum:0" }
      }
      """
    let text = """
      node {
        name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_INT32 } }
      }
      node {
        name: "y" op: "PartitionedCall" input: "x" input: "x"
        attr { key: "Tin" value { list { type: DT_INT32 type: DT_INT32 } } }
        attr { key: "Tout" value { list { type: DT_INT32 } } }
        attr { key: "f" value { func {
          name: "twice" attr { key: "T" value { type: DT_INT32 } }
          attr { key: "N" value { i: 2 } }
        } } }
      }
      library { \(library) }
      """
    let graph = try Graph(definition: Array(text.utf8))
    let x = try graph.output(named: "x")
    let value = try Session(graph).run(graph.output(named: "y"), feeds: [x: 21])
    #expect(try value.scalar(Int32.self) == 42)
  }
}
