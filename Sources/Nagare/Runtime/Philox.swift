/// Philox 4×32-10, the counter-based generator of TensorFlow's random ops: the same seeds give
/// TensorFlow's numbers.
///
/// Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
struct Philox: Sendable {
  private var key: (UInt32, UInt32)
  private var counter: (UInt32, UInt32, UInt32, UInt32)

  /// The generator of an op with this pair of seeds.
  init(seed: UInt64, seed2: UInt64) {
    key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    counter = (
      0, 0, UInt32(truncatingIfNeeded: seed2), UInt32(truncatingIfNeeded: seed2 >> 32)
    )
  }

  /// The generator that `save` wrote.
  init(from state: inout StateReader) throws(GraphError) {
    let (key, low, high) = (try state.word(), try state.word(), try state.word())
    self.init(seed: key, seed2: high)
    counter.0 = UInt32(truncatingIfNeeded: low)
    counter.1 = UInt32(truncatingIfNeeded: low >> 32)
  }

  func save(to state: inout StateWriter) {
    state.append(UInt64(key.0) | UInt64(key.1) << 32)
    state.append(UInt64(counter.0) | UInt64(counter.1) << 32)
    state.append(UInt64(counter.2) | UInt64(counter.3) << 32)
  }

  /// Passes over `count` calls of `next`.
  mutating func skip(_ count: UInt64) {
    let low = UInt64(counter.0) | UInt64(counter.1) << 32
    let (sum, overflow) = low.addingReportingOverflow(count)
    counter.0 = UInt32(truncatingIfNeeded: sum)
    counter.1 = UInt32(truncatingIfNeeded: sum >> 32)
    if overflow {
      let high = (UInt64(counter.2) | UInt64(counter.3) << 32) &+ 1
      counter.2 = UInt32(truncatingIfNeeded: high)
      counter.3 = UInt32(truncatingIfNeeded: high >> 32)
    }
  }

  /// The next four words.
  mutating func next() -> (UInt32, UInt32, UInt32, UInt32) {
    var c = counter
    var k = key
    for round in 0..<10 {
      if round > 0 {
        k.0 = k.0 &+ 0x9E37_79B9
        k.1 = k.1 &+ 0xBB67_AE85
      }
      let first = UInt64(0xD251_1F53) &* UInt64(c.0)
      let second = UInt64(0xCD9E_8D57) &* UInt64(c.2)
      c = (
        UInt32(truncatingIfNeeded: second >> 32) ^ c.1 ^ k.0, UInt32(truncatingIfNeeded: second),
        UInt32(truncatingIfNeeded: first >> 32) ^ c.3 ^ k.1, UInt32(truncatingIfNeeded: first)
      )
    }
    skip(1)
    return c
  }
}
