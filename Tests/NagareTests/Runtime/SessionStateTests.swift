import Testing

@testable import Nagare

struct SessionStateTests {
  @Test func randomOpsGoOnWhereTheyWere() throws {
    let graph = Graph()
    let seeded = try graph.randomUniform([3], seed: 7)
    let unseeded = try graph.randomNormal([5])
    let shuffled = try randomShuffle(graph.constant([1, 2, 3, 4, 5, 6, 7]), seed: 2)
    let session = Session(graph)
    let fetches = [seeded, unseeded, shuffled]
    _ = try session.run(fetches)
    let state = try session.saveState()
    let expected = try (0..<3).map { _ in try session.run(fetches) }
    let resumed = Session(graph)
    try resumed.restoreState(state)
    #expect(try resumed.saveState() == state)
    #expect(try (0..<3).map { _ in try resumed.run(fetches) } == expected)
    try session.restoreState(state)
    #expect(try (0..<3).map { _ in try session.run(fetches) } == expected)
  }

  private final class Counter: StatefulResource, @unchecked Sendable {
    var value = 0
    var tensors: [Tensor] = []

    func save(to state: inout StateWriter) throws(GraphError) {
      state.append(value)
      try state.append(tensors)
    }

    func restore(from state: inout StateReader) throws(GraphError) {
      value = try state.integer()
      tensors = try state.tensors()
    }
  }

  @Test func resourcesTakeTheirStateOnWhenTheyAreMade() throws {
    let session = Session(Graph())
    let counter = try session.resources.resource("/counter") { Counter() }
    counter.value = 5
    counter.tensors = [
      [1.5, -2], try Tensor(strings: [[1, 2], [], [3]], dimensions: [3, 1]),
      try Tensor(zeros: .int64, [0, 4]), try Tensor(scalar: true),
    ]
    let state = try session.saveState()

    let resumed = Session(Graph())
    try resumed.restoreState(state)
    // A state that nobody has asked for yet is part of the next one.
    #expect(try resumed.saveState() == state)
    let found = try resumed.resources.resource("/counter") { Counter() }
    #expect(found.value == 5)
    #expect(found.tensors == counter.tensors)
    found.value = 6
    try resumed.restoreState(state)
    #expect(found.value == 5)
  }

  @Test func damagedStatesAreRefused() throws {
    let graph = Graph()
    let session = Session(graph)
    _ = try session.run(graph.randomUniform([3], seed: 7))
    let counter = try session.resources.resource("/counter") { Counter() }
    counter.tensors = [[1, 2, 3]]
    let state = try session.saveState()
    for index in state.indices {
      var damaged = state
      damaged[index] ^= 0x41
      let error = #expect(throws: GraphError.self) { try session.restoreState(damaged) }
      #expect(error?.code == .dataLoss)
      #expect(throws: GraphError.self) { try session.restoreState(Array(state[..<index])) }
    }
    // Past the checksum as well.
    var writer = StateWriter()
    try writer.append([[1, 2, 3], try Tensor(strings: [[1]])])
    for index in writer.bytes.indices {
      for bit in 0..<8 {
        var bytes = writer.bytes
        bytes[index] ^= 1 << UInt8(bit)
        var reader = StateReader(bytes)
        _ = try? reader.tensors()
      }
    }
  }
}
