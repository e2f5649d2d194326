import Foundation
import TestSupport
import Testing

@testable import Nagare

/// Every registered op against TensorFlow's own definition of it.
@Suite struct OpDefinitionTests {
  @Test func everyRegisteredOpHasACase() throws {
    var cased = Set(Golden.casedOps)
    for graph in Golden.graphCases {
      for match in try graph.definition().matches(of: /\bop: "(\w+)"/) {
        cased.insert(String(match.output.1))
      }
    }
    let bare = Registry.definitions.map(\.name).filter { !cased.contains($0) }
    #expect(bare.isEmpty, "These ops have no case: \(bare.joined(separator: " "))")
  }

  @Test func everyRegisteredOpIsDefined() {
    let defined = Set(Golden.definitions.map(\.name))
    let foreign = Registry.definitions.map(\.name).filter { !defined.contains($0) }
    #expect(foreign.isEmpty, "op_definitions.py lacks \(foreign.joined(separator: " "))")
  }

  static let definitions = Golden.definitions.filter { Registry.definition($0.name) != nil }
    .map(\.name)

  @Test(arguments: definitions) func agreesWithTensorFlow(_ name: String) throws {
    let golden = try #require(Golden.definitions.first { $0.name == name })
    let mine = try #require(Registry.definition(name))
    let signature = mine.signature
    expectEqual(signature.inputs.map(argument), golden.inputs, "\(name) inputs")
    expectEqual(signature.outputs.map(argument), golden.outputs, "\(name) outputs")
    #expect(mine.isStateful == golden.isStateful, "\(name) is stateful in one of both")

    let counts = Set((signature.inputs + signature.outputs).compactMap(\.count))
    let listed = mine.attributes.map(\.name)
    let known = counts.union(signature.types.keys).union(listed)
    let expected = Set(golden.attributes.map(\.name))
    let lacking = expected.subtracting(known).sorted()
    let foreign = known.subtracting(expected).sorted()
    #expect(known == expected, "\(name) attributes: lacks \(lacking), has besides \(foreign)")
    for attribute in golden.attributes {
      let what = "\(name) attribute \(attribute.name)"
      if let parameter = signature.types[attribute.name] {
        let allowed = attribute.allowedTypes.isEmpty ? DataType.allCases : attribute.allowedTypes
        // TensorFlow names some types twice.
        var seen: Set<DataType> = []
        expectEqual(
          parameter.allowed, allowed.filter { seen.insert($0).inserted }, "\(what), allowed types")
        if case .type(let fallback)? = attribute.fallback {
          #expect(parameter.fallback == fallback, "\(what), default")
        } else {
          #expect(parameter.fallback == nil, "\(what), default")
        }
        #expect(parameter.isList == (attribute.kind == "list(type)"), "\(what), list")
      } else if let defined = mine.attributes.first(where: { $0.name == attribute.name }) {
        #expect(defined.kind == attribute.kind, "\(what), kind")
        expectEqual(defined.choices, attribute.allowedStrings, "\(what), allowed values")
        let isSame =
          defined.fallback == attribute.fallback
          || (defined.fallback?.isEmptyList ?? false) && (attribute.fallback?.isEmptyList ?? false)
        #expect(
          isSame,
          "\(what), default: expected \(String(describing: attribute.fallback)), got \(String(describing: defined.fallback))"
        )
      } else if counts.contains(attribute.name), let minimum = attribute.minimum {
        #expect((signature.minimumCounts[attribute.name] ?? 0) == minimum, "\(what), minimum")
      }
    }
  }

  private func expectEqual<T: Equatable>(_ mine: [T], _ golden: [T], _ what: String) {
    #expect(mine == golden, "\(what)")
  }

  private func argument(_ mine: Signature.Argument) -> OpDefinitionRecord.Argument {
    var result = OpDefinitionRecord.Argument(
      name: mine.name, countAttribute: mine.count, isReference: mine.isReference)
    switch mine.kind {
    case .fixed(let type): result.type = type
    case .type(let name): result.typeAttribute = name
    case .typeList(let name): result.typeListAttribute = name
    }
    return result
  }
}
