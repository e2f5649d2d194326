import Foundation
import NagareMessages
import TestSupport
import Testing

@testable import Nagare

@Suite struct GraphDefinitionTests {
  /// A GraphDef in text form with a constant `a` and more nodes.
  static func graph(_ nodes: String, producer: Int = 2474) throws(GraphError) -> Graph {
    let text = """
      node {
        name: "a" op: "Const"
        attr { key: "dtype" value { type: DT_FLOAT } }
        attr { key: "value" value { tensor { dtype: DT_FLOAT tensor_shape {} float_val: 1 } } }
      }
      \(nodes)
      versions { producer: \(producer) }
      """
    return try Graph(definition: Array(text.utf8))
  }

  static func neg(_ name: String, _ input: String, _ more: String = "") -> String {
    """
    node {
      name: "\(name)" op: "Neg" \(input) attr { key: "T" value { type: DT_FLOAT } } \(more)
    }
    """
  }

  @Test(arguments: ["tensors.pb", "tensors.pbtxt"])
  func constantsOfEveryType(_ file: String) throws {
    let graph = try Graph(contentsOf: GoldenFiles.path(file))
    let expected = try GoldenFiles.tensors("tensors.json")
    #expect(graph.nodeCount == expected.count)
    for (name, value) in expected {
      guard case .tensor(let stored)? = graph.node(named: name)?.attributes["value"] else {
        Issue.record("\(name) is missing")
        continue
      }
      #expect(stored == value, "\(name)")
      #expect(try Tensor(stored.message()) == value, "\(name)")
    }
    for bytes in [try graph.serialized(), Array(try graph.textFormat().utf8)] {
      let again = try Graph(definition: bytes)
      #expect(again.nodes.map(\.name) == graph.nodes.map(\.name))
      #expect(again.nodes.map(\.attributes) == graph.nodes.map(\.attributes))
      #expect(again.metadata.producer == graph.metadata.producer)
      #expect(try again.serialized() == graph.serialized())
    }
  }

  @Test func graphsOfTensorFlowComeBack() throws {
    let folder = "\(GoldenFiles.folder)/graph_cases"
    for file in try FileSystem.list(folder) where file.hasSuffix(".pbtxt") {
      let original = try Tensorflow_GraphDef(
        text: String(decoding: FileSystem.read("\(folder)/\(file)"), as: UTF8.self), file)
      let graph = try Graph(contentsOf: "\(folder)/\(file)")
      let written = try graph.message()
      #expect(written.node.count == original.node.count)
      let byName = Dictionary(uniqueKeysWithValues: written.node.map { ($0.name, $0) })
      for node in original.node {
        let got = try #require(byName[node.name])
        #expect(got.op == node.op && got.input == node.input && got.device == node.device)
        for (name, value) in node.attr {
          let mine = try AttributeValue(try #require(got.attr[name]))
          #expect(try mine == AttributeValue(value), "\(file) \(node.name) \(name)")
        }
      }
    }
  }

  @Test func nodesInAnyOrder() throws {
    let graph = try Self.graph(
      Self.neg("c", "input: \"b\" input: \"^d\"") + Self.neg("b", "input: \"a:0\"")
        + Self.neg("d", "input: \"a\"", "device: \"/device:CPU:0\""))
    #expect(graph.nodes.map(\.name) == ["a", "b", "d", "c"])
    let c = try #require(graph.node(named: "c"))
    #expect(c.controlInputs == [2])
    #expect(graph.node(named: "d")?.device == "/device:CPU:0")
    #expect(try Session(graph).run(graph.output(named: "c")).scalar(Float.self) == 1)
    #expect(try graph.message().node[3].input == ["b", "^d"])
  }

  @Test(arguments: [
    (neg("b", "input: \"c\""), "Node 'b': Unknown input node 'c'"),
    (neg("b", "input: \"^\""), "Node 'b': Unknown input node '^'"),
    (
      neg("b", "input: \"^a\" input: \"a\""),
      "Node 'b': Control dependencies must come after regular dependencies"
    ),
    (neg("a", "input: \"a\""), "Node 'a' is not unique"),
    (
      neg("b", "input: \"a:1\""),
      "Node 'b': Connecting to invalid output 1 of source node a which has 1 outputs."
    ),
    (neg("b", "input: \"c\"") + neg("c", "input: \"b\""), "2 nodes in a cycle: 'b', 'c'"),
    (neg("b", "input: \"b\""), "1 nodes in a cycle: 'b'"),
    (
      neg("b", "input: \"a\"", "attr { key: \"speed\" value { i: 3 } }"),
      "NodeDef mentions attr 'speed' not in Op<name=Neg>; the graph was written for version 2474 "
        + "of the graph format, this is version 2474"
    ),
    (
      "node { name: \"b\" op: \"Neg\" input: \"a\" }",
      "NodeDef missing attr 'T' from Op<name=Neg>; the graph was written for version 2474 of the "
        + "graph format"
    ),
    (
      neg("b", "input: \"a\"", "attr { key: \"T\" value { } }"),
      "attr 'T' of Neg: AttrValue missing value"
    ),
    ("node { name: \"b\" }", "Node 'b' does not specify an operation"),
  ])
  func refusals(_ nodes: String, _ message: String) throws {
    do {
      _ = try Self.graph(nodes)
      Issue.record("was accepted: \(message)")
    } catch { #expect(error.message == message) }
  }

  @Test func underscoredAttributesAreKept() throws {
    let graph = try Self.graph(
      Self.neg("b", "input: \"a\"", "attr { key: \"_output_shapes\" value { list { shape {} } } }"))
    #expect(graph.node(named: "b")?.attributes["_output_shapes"] == .shapes([.scalar]))
    #expect(try graph.textFormat().contains("_output_shapes"))
  }

  @Test func unknownOpsLoadAndAreNamedAtOnce() throws {
    let graph = try Self.graph(
      """
      node { name: "u" op: "Mystery" input: "a" attr { key: "k" value { i: 7 } } }
      node { name: "v" op: "Riddle" input: "u:2" input: "^a" }
      node { name: "w" op: "Puzzle" }
      \(Self.neg("b", "input: \"u:1\""))
      \(Self.neg("c", "input: \"a\""))
      """)
    #expect(graph.node(named: "u")?.outputs.count == 3)
    #expect(graph.node(named: "b")?.outputs[0].dataType == .float32)
    #expect(graph.node(named: "u")?.attributes["k"] == .int(7))
    let session = Session(graph)
    #expect(try session.run(graph.output(named: "c")).scalar(Float.self) == -1)
    do {
      _ = try session.run([graph.output(named: "b"), graph.output(named: "v")])
      Issue.record("ran")
    } catch {
      #expect(error.code == .unimplemented)
      #expect(error.message.contains("Mystery") && error.message.contains("Riddle"))
      #expect(!error.message.contains("Puzzle"))
    }
    let again = try Graph(definition: graph.serialized())
    #expect(try again.serialized() == graph.serialized())
  }

  @Test func loopsThroughNextIterationLoad() throws {
    let loop = { (op: String, name: String, inputs: String) in
      "node { name: \"\(name)\" op: \"\(op)\" \(inputs) attr { key: \"T\" value { type: DT_FLOAT } } }"
    }
    let graph = try Self.graph(
      loop("Merge", "m", "input: \"e\" input: \"n\"")
        + loop("Enter", "e", "input: \"a\"") + loop("NextIteration", "n", "input: \"s:1\"")
        + loop("Switch", "s", "input: \"m\" input: \"a\""))
    let written = try graph.message()
    #expect(written.node.first { $0.name == "m" }?.input == ["e", "n"])
    #expect(try Graph(definition: written.binary()).serialized() == graph.serialized())
  }

  @Test func importWithPrefix() throws {
    let graph = try Self.graph(
      Self.neg("b", "input: \"a\"", "attr { key: \"_class\" value { list { s: \"loc:@a\" } } }"))
    let bytes = try graph.serialized()
    let target = Graph()
    #expect(
      try target.importDefinition(bytes, prefix: "first").map(\.name) == ["first/a", "first/b"])
    try target.importDefinition(bytes, prefix: "second")
    #expect(target.nodes.map(\.name) == ["first/a", "first/b", "second/a", "second/b"])
    #expect(
      target.node(named: "second/b")?.attributes["_class"]
        == .strings([Array("loc:@second/a".utf8)]))
    #expect(throws: GraphError.self) { try target.importDefinition(bytes, prefix: "first") }
  }

  @Test func functionsAndVersionsStay() throws {
    let graph = try Self.graph(
      """
      library {
        function {
          signature { name: "f" input_arg { name: "x" type: DT_FLOAT } }
          ret { key: "y" value: "n:y:0" }
          node_def { name: "n" op: "Neg" input: "x" }
        }
      }
      versions { min_consumer: 12 bad_consumers: 5 }
      """)
    let message = try graph.message()
    #expect(message.library.function.first?.signature.name == "f")
    #expect(message.library.function.first?.ret == ["y": "n:y:0"])
    #expect(message.versions.minConsumer == 12 && message.versions.badConsumers == [5])
    #expect(throws: GraphError.self) { try Self.graph("versions { min_consumer: 99999 }") }
  }

  /// protobuf prints maps from numbers without their zeros.
  @Test func zerosThatTextLeavesOutAreKnown() throws {
    let graph = try Self.graph(
      """
      library {
        function {
          signature { name: "f" input_arg { name: "x" type: DT_FLOAT } }
          arg_attr { value { attr { key: "_a" value { i: 1 } } } }
          arg_attr { key: 2 value { attr { key: "_b" value { i: 2 } } } }
          resource_arg_unique_id { key: 1 }
          resource_arg_unique_id{ }
          resource_arg_unique_id { key: 3 value: 4 }
          ret { key: "y" value: "n:y:0" }
          node_def { name: "n" op: "Neg" input: "x" }
        }
      }
      """)
    let function = try #require(try graph.message().library.function.first)
    #expect(function.argAttr.keys.sorted() == [0, 2])
    #expect(function.resourceArgUniqueID == [1: 0, 0: 0, 3: 4])
  }

  @Test func nestingIsLimited() throws {
    var function = Tensorflow_NameAttrList()
    function.name = "f"
    for _ in 0..<60 {
      var outer = Tensorflow_NameAttrList()
      outer.name = "f"
      outer.attr["g"] = .with { $0.func = function }
      function = outer
    }
    var message = Tensorflow_GraphDef()
    message.node = [
      .with {
        $0.name = "n"
        $0.op = "F"
        $0.attr["f"] = .with { $0.func = function }
      }
    ]
    let bytes = try message.binary()
    #expect(throws: GraphError.self) { try Graph(definition: bytes) }
    let text = String(repeating: "node { attr { value { list { func { ", count: 20_000)
    #expect(throws: GraphError.self) { try Graph(definition: Array(text.utf8)) }
    #expect(throws: GraphError.self) {
      try Graph(definition: [UInt8](repeating: 0x0b, count: 1_000_000))
    }
    let deep = String(repeating: "[", count: 500_000)
    #expect(throws: GraphError.self) { try Graph(definition: Array("node \(deep)".utf8)) }
    #expect(throws: GraphError.self) { try Graph(definition: Array("foo \(deep)".utf8)) }
  }

  @Test func aLongChainNeedsNoStack() throws {
    var message = Tensorflow_GraphDef()
    for index in (0..<20_000).reversed() {
      message.node.append(
        .with {
          $0.name = "n\(index)"
          $0.op = "Mystery"
          if index > 0 { $0.input = ["n\(index - 1)"] }
        })
    }
    let graph = try Graph(definition: message.binary())
    #expect(graph.nodes.first?.name == "n0" && graph.nodeCount == 20_000)
  }

  @Test func valuesMustMatchTheirShape() throws {
    func value(_ fields: String) throws -> Tensor {
      try Tensor(Tensorflow_TensorProto(text: fields, "TensorProto"))
    }
    let two = "dtype: DT_FLOAT tensor_shape { dim { size: 2 } } "
    #expect(try value(two + "float_val: 1").elements(Float.self) == [1, 1])
    #expect(try value(two).elements(Float.self) == [0, 0])
    #expect(try value("dtype: DT_UINT8 tensor_shape {} int_val: 300").scalar(UInt8.self) == 44)
    for bad in [
      two + "float_val: [1, 2, 3]", two + "tensor_content: \"abc\"",
      two + "tensor_content: \"123456789abc\"",
      "dtype: DT_FLOAT tensor_shape { unknown_rank: true }",
      "dtype: DT_FLOAT tensor_shape { dim { size: -1 } } float_val: 1",
      "dtype: DT_FLOAT tensor_shape { dim { size: -5 } } float_val: 1",
      "dtype: DT_FLOAT tensor_shape { dim { size: 4611686018427387904 } dim { size: 4 } }",
      "dtype: DT_FLOAT tensor_shape { dim { size: 1099511627776 } } float_val: 1",
      "dtype: DT_STRING tensor_shape { dim { size: 1099511627776 } } string_val: \"\"",
      "dtype: DT_COMPLEX64 tensor_shape {} scomplex_val: 1", "dtype: DT_RESOURCE tensor_shape {}",
      "dtype: DT_FLOAT8_E5M2 tensor_shape {}", "tensor_shape {}",
      "dtype: DT_FLOAT tensor_shape { \(String(repeating: "dim { size: 1 } ", count: 255)) }",
    ] { #expect(throws: GraphError.self, "\(bad)") { try value(bad) } }
    #expect(
      throws: GraphError.invalidArgument(
        "12 bytes were given for a float32 tensor of shape [2]")
    ) { try value(two + "tensor_content: \"123456789abc\"") }
  }

  @Test(arguments: [
    (
      "node { name: \"a\" op: \"NoOp\" }\n\n# }\nnode { name: \"b}\" ops: \"NoOp\" }", 4,
      "it has a field that the message does not have"
    ),
    (
      "node { name: \"a\" op: \"NoOp\" }\nnode { name: 3 }\nversions { }", 2,
      "a name, a brace or a value is missing or misplaced"
    ),
    (
      "node { name: \"a\" op: \"NoOp\" }\nnode { name: \"b\"", 2,
      "a name, a brace or a value is missing or misplaced"
    ),
    ("version: 12\nnode { }\n}", 3, "a name, a brace or a value is missing or misplaced"),
  ])
  func textErrorsSayWhere(_ text: String, _ line: Int, _ reason: String) throws {
    let message =
      "not a valid GraphDef in text format: \(reason) (in the field that begins at line \(line))"
    #expect(throws: GraphError.dataLoss(message)) { try Graph(definition: Array(text.utf8)) }
  }

  @Test func attributesWithTheirProducersDefaultAreDropped() throws {
    func metaGraph(_ value: Int) throws -> MetaGraph {
      let nodes = Self.neg("b", "input: \"a\"", "attr { key: \"speed\" value { i: \(value) } }")
      let text = """
        meta_info_def {
          stripped_op_list {
            op { name: "Neg" attr { name: "speed" type: "int" default_value { i: 3 } } }
          }
        }
        graph_def {
          node {
            name: "a" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } }
          }
          \(nodes)
        }
        """
      return try MetaGraph(serialized: Array(text.utf8))
    }
    #expect(try metaGraph(3).graph.node(named: "b")?.attributes["speed"] == nil)
    #expect(throws: GraphError.self) { try metaGraph(4) }
  }

  @Test func damagedFilesThrowOrLoad() throws {
    let graph = try Self.graph(
      Self.neg("b", "input: \"a\"") + "node { name: \"u\" op: \"Mystery\" input: \"b:0\" }")
    try forEachDamage(of: graph.serialized()) { _ = try? Graph(definition: $0) }
    try forEachDamage(of: Array(graph.textFormat().utf8), stride: 3) {
      _ = try? Graph(definition: $0)
    }
    #expect(throws: GraphError.dataLoss("not a graph: there is nothing in it")) {
      try Graph(definition: [])
    }
    #expect(throws: GraphError.self) { try Graph(definition: [0x89, 0x50, 0x4e, 0x47]) }
    #expect(throws: GraphError.self) { try Graph(definition: Array("{\"json\": 1}".utf8)) }
    let folder = try TemporaryFolder()
    #expect(
      throws: GraphError(.notFound, "\(folder.path)/no.pb; No such file or directory")
    ) { try Graph(contentsOf: folder.path("no.pb")) }
  }

  @Test func metaGraphs() throws {
    let meta = try MetaGraph(contentsOf: GoldenFiles.path("model.meta"))
    #expect(meta.saver?.maximumToKeep == 7 && meta.saver?.restoreNode == "save/restore_all")
    #expect(meta.tags == ["serve"] && meta.tensorFlowVersion == "2.21.0")
    let signature = try #require(meta.signatures["predict"])
    #expect(signature.inputs["in"]?.tensor == "x:0" && signature.outputs["out"]?.tensor == "y:0")
    #expect(signature.inputs["in"]?.shape == [nil, 2])
    let variables = meta.graph.variables()
    #expect(variables.map(\.name).sorted() == ["b", "global_step", "w"])
    #expect(meta.graph.variables(in: "trainable_variables").map(\.name).sorted() == ["b", "w"])
    #expect(variables.first { $0.name == "b" }?.isResource == true)
    #expect(meta.graph.collections["outputs"]?.count == 1)

    let original = try Tensorflow_MetaGraphDef(
      binary: FileSystem.read(GoldenFiles.path("model.meta")), "MetaGraphDef")
    let folder = try TemporaryFolder()
    for name in ["again.meta", "again.pbtxt"] {
      try meta.write(to: folder.path(name))
      let again = try MetaGraph(contentsOf: folder.path(name)).message()
      #expect(again.saverDef == original.saverDef)
      #expect(again.signatureDef == original.signatureDef)
      #expect(Set(again.collectionDef.keys) == Set(original.collectionDef.keys))
      for (name, collection) in original.collectionDef {
        if case .bytesList(let list) = collection.kind {
          let expected = try list.value.map {
            try Tensorflow_VariableDef(binary: [UInt8]($0), name)
          }
          let got = try again.collectionDef[name]?.bytesList.value.map {
            try Tensorflow_VariableDef(binary: [UInt8]($0), name)
          }
          #expect(got?.map(\.snapshotName) == expected.map(\.snapshotName))
          #expect(got?.map(\.initialValueName) == expected.map(\.initialValueName))
          #expect(got?.map(\.trainable) == expected.map(\.trainable))
        } else {
          #expect(again.collectionDef[name] == collection)
        }
      }
    }
    let bytes = try FileSystem.read(GoldenFiles.path("model.meta"))
    forEachDamage(of: bytes, stride: 29) { _ = try? MetaGraph(serialized: $0) }
  }
}
