import Synchronization

/// The generators of random ops, by the path of the node that each belongs to: they go on from run
/// to run.
final class Generators: RandomSource {
  private struct State {
    /// What the seeds of ops that have none are made from, once there is one.
    var entropy: (UInt64, UInt64)?
    var generators: [String: Philox] = [:]
  }

  private let state = Mutex(State())

  /// The generator of a random node, advanced by `calls` calls of `next` for the next run. Seeds
  /// that are both zero stand for random ones.
  func generator(
    _ path: String, seeds: (Int, Int), reserving calls: UInt64, isFixed: Bool = false
  ) -> Philox {
    state.withLock { state in
      let current = state.generators[path] ?? Self.generator(path, seeds, &state.entropy)
      var advanced = current
      advanced.skip(calls)
      state.generators[path] = advanced
      return current
    }
  }

  private static func generator(
    _ path: String, _ seeds: (Int, Int), _ entropy: inout (UInt64, UInt64)?
  ) -> Philox {
    guard seeds == (0, 0) else {
      return Philox(
        seed: UInt64(bitPattern: Int64(seeds.0)), seed2: UInt64(bitPattern: Int64(seeds.1)))
    }
    // Fowler, Noll and Vo's hash tells paths apart; Swift's own differs from process to process.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in path.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let drawn = entropy ?? (UInt64.random(in: 0 ... .max), UInt64.random(in: 0 ... .max))
    entropy = drawn
    return Philox(seed: drawn.0 ^ hash, seed2: drawn.1)
  }

  func save(to writer: inout StateWriter) {
    let state = state.withLock { $0 }
    writer.append(state.entropy != nil)
    if let entropy = state.entropy {
      writer.append(entropy.0)
      writer.append(entropy.1)
    }
    writer.append(state.generators.count)
    for (path, generator) in state.generators.sorted(by: { $0.key < $1.key }) {
      writer.append(path)
      generator.save(to: &writer)
    }
  }

  func restore(from reader: inout StateReader) throws(GraphError) {
    var restored = State()
    if try reader.bool() { restored.entropy = (try reader.word(), try reader.word()) }
    for _ in 0..<(try reader.count()) {
      let path = try reader.string()
      restored.generators[path] = try Philox(from: &reader)
    }
    let all = restored
    state.withLock { $0 = all }
  }
}
