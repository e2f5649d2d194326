/// SplitMix64 (Steele, Lea and Flood, 2014), with the draws that scenes need.
///
/// The standard library's `random(in:using:)` may change between releases; these draws never do, so
/// that a seed means the same pixels everywhere.
struct SplitMix64: Sendable {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// A generator for one of many pictures, independent of the others.
  init(seed: UInt64, index: UInt64) {
    self.init(seed: seed)
    let key = next()
    state = key ^ (index &* 0xD134_2543_DE82_EF95)
    state = next()
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }

  /// A uniform number in 0 ..< 1, of 53 bits.
  mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A uniform number between two bounds.
  mutating func uniform(_ low: Double, _ high: Double) -> Double { low + (high - low) * unit() }

  /// A number around 0, within −1 … 1, with small values more frequent than large ones.
  mutating func centred() -> Double { (unit() + unit() + unit()) / 1.5 - 1 }

  /// A whole number in `low ... high`.
  mutating func integer(_ low: Int, _ high: Int) -> Int {
    guard low < high else { return low }
    return low + Int(next() % UInt64(high - low + 1))
  }

  mutating func chance(_ probability: Double) -> Bool { unit() < probability }

  /// One of `choices`, which must not be empty.
  mutating func pick<Choice>(_ choices: [Choice]) -> Choice {
    choices[Int(next() % UInt64(choices.count))]
  }
}
