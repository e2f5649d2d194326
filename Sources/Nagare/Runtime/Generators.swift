import Synchronization

/// The generators of random ops, by the path of the node that each belongs to: they go on from run
/// to run.
final class Generators: Sendable {
  private let state = Mutex<[String: Philox]>([:])

  /// The generator of a random node, advanced by `samples` calls of `next` for the next run. Seeds
  /// that are both zero stand for random ones.
  func generator(_ path: String, seeds: (Int, Int), reserving samples: UInt64) -> Philox {
    state.withLock { state in
      let current = state[path] ?? Self.generator(seeds)
      var advanced = current
      advanced.skip(samples)
      state[path] = advanced
      return current
    }
  }

  private static func generator(_ seeds: (Int, Int)) -> Philox {
    guard seeds == (0, 0) else {
      return Philox(
        seed: UInt64(bitPattern: Int64(seeds.0)), seed2: UInt64(bitPattern: Int64(seeds.1)))
    }
    return Philox(seed: UInt64.random(in: 0 ... .max), seed2: UInt64.random(in: 0 ... .max))
  }

  func save(to writer: inout StateWriter) {
    let generators = state.withLock { $0 }
    writer.append(generators.count)
    for (path, generator) in generators.sorted(by: { $0.key < $1.key }) {
      writer.append(path)
      generator.save(to: &writer)
    }
  }

  func restore(from reader: inout StateReader) throws(GraphError) {
    var generators: [String: Philox] = [:]
    for _ in 0..<(try reader.count()) {
      let path = try reader.string()
      generators[path] = try Philox(from: &reader)
    }
    let restored = generators
    state.withLock { $0 = restored }
  }
}
