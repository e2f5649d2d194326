import CNagareKernels
import Testing

/// Random numbers that are the same in every run.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  mutating func integer(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

  mutating func chance(_ one: Int) -> Bool { integer(1...one) == 1 }

  mutating func reals(_ count: Int) -> [Float] {
    (0..<count).map { _ in Float.random(in: -1...1, using: &self) }
  }
}

/// Calls `body` with the fastest kernels that the processor has, then with the portable ones.
func withEachInstructionSet(_ body: () throws -> Void) rethrows {
  try body()
  nagare_kernels_use_portable(1)
  defer { nagare_kernels_use_portable(0) }
  try body()
}

/// Memory whose every byte is a value that nobody would take for a result.
func poisoned<T>(_ count: Int, as type: T.Type = T.self) -> [T] where T: BitwiseCopyable {
  [T](unsafeUninitializedCapacity: count) { buffer, initialized in
    UnsafeMutableRawBufferPointer(buffer).initializeMemory(as: UInt8.self, repeating: 0x7f)
    initialized = count
  }
}

/// Scratch memory with nothing useful in it; `body` gets its address.
func withScratch<R>(_ bytes: Int64, _ body: (UnsafeMutableRawPointer) throws -> R) rethrows -> R {
  let guardBytes = 64
  let count = Int(bytes)
  let memory = UnsafeMutableRawPointer.allocate(byteCount: count + guardBytes, alignment: 64)
  defer { memory.deallocate() }
  memory.initializeMemory(as: UInt8.self, repeating: 0x7f, count: count)
  (memory + count).initializeMemory(as: UInt8.self, repeating: 0x5a, count: guardBytes)
  let result = try body(memory)
  let tail = UnsafeRawBufferPointer(start: memory + count, count: guardBytes)
  #expect(tail.allSatisfy { $0 == 0x5a }, "a kernel wrote behind its scratch memory")
  return result
}

/// Records an issue unless every element is within `tolerance` times the largest expected one.
func expectClose(
  _ actual: [Float], _ expected: [Double], tolerance: Double = 1e-5, _ what: String
) {
  var largest = 1e-3
  var worst = 0.0
  for (value, reference) in zip(actual, expected) {
    largest = max(largest, abs(reference))
    let difference = abs(Double(value) - reference)
    worst = max(worst, difference.isNaN ? .infinity : difference)
  }
  #expect(actual.count == expected.count, "\(what): \(actual.count) of \(expected.count)")
  #expect(worst <= tolerance * largest, "\(what): error \(worst) where values reach \(largest)")
}

/// Records an issue unless both have the same bits.
func expectSameBits(_ left: [Float], _ right: [Float], _ what: String) {
  #expect(left.map(\.bitPattern) == right.map(\.bitPattern), "\(what)")
}
