import Foundation
import Testing

@testable import Nagare

/// Variables: what was read stays as it was, and nobody sees a value half written.
@Suite struct VariableTests {
  @Test(arguments: [Graph.VariableKind.resource, .reference])
  func aReadKeepsTheValueBeforeAnUpdate(_ kind: Graph.VariableKind) throws {
    let graph = Graph()
    let v = try graph.variable(graph.fill([1000], 1.0), name: "v", kind: kind)
    let before = try identity(v.value)
    let add = try graph.withControlDependencies([before.node]) {
      () throws(GraphError) -> Node in
      try graph.assignAdd(v, graph.fill([1000], 2.0))
    }
    let after = try graph.withControlDependencies([add]) { () throws(GraphError) -> Output in
      kind == .resource
        ? try graph.output(ReadVariableOp(dataType: .float32), [v.handle])
        : try identity(v.handle)
    }
    let session = Session(graph)
    try session.run(graph.initializer())
    for step in 0..<3 {
      let values = try session.run([before, after])
      #expect(Set(try values[0].elements(Float.self)) == [Float(1 + 2 * step)])
      #expect(Set(try values[1].elements(Float.self)) == [Float(3 + 2 * step)])
    }
  }

  @Test func readersNeverSeeAHalfWrittenValue() throws {
    let graph = Graph()
    let v = try graph.variable(graph.fill([20_000], 0.0), name: "v")
    let add = try graph.assignAdd(v, graph.fill([20_000], 1.0))
    let session = Session(graph, threads: 2)
    try session.run(graph.initializer())
    let failures = Failures()
    DispatchQueue.concurrentPerform(iterations: 4) { worker in
      do {
        for _ in 0..<50 {
          if worker < 2 {
            try session.run(add)
          } else {
            let values = try session.run(v.value).elements(Float.self)
            if Set(values).count != 1 { failures.add("mixed") }
          }
        }
      } catch { failures.add("\(error)") }
    }
    #expect(failures.list.isEmpty, "\(failures.list)")
    #expect(try session.run(v.value).elements(Float.self).allSatisfy { $0 == 100 })
  }

  @Test func anUpdateOfTwoVariablesIsOneToReaders() throws {
    let graph = Graph()
    let v = try graph.variable(graph.fill([8], 0.0), name: "v")
    let a = try graph.variable(graph.fill([8], 0.0), name: "a")
    let step = try graph.addNode(
      "ResourceApplyMomentum",
      [
        v.handle, a.handle, graph.constant(1.0), graph.fill([8], 1.0), graph.constant(1.0),
      ])
    let session = Session(graph)
    try session.run(graph.initializer())
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      for _ in 0..<100 { try? session.run(step) }
    }
    #expect(try session.run(a.value).elements(Float.self).allSatisfy { $0 == 400 })
    #expect(try session.run(v.value).elements(Float.self).allSatisfy { $0 == -80_200 })
  }

  private final class Failures: @unchecked Sendable {
    private let lock = NSLock()
    private var texts: [String] = []
    var list: [String] { lock.withLock { texts } }
    func add(_ text: String) { lock.withLock { texts.append(text) } }
  }
}
