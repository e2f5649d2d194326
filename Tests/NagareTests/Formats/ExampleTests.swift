import Nagare
import Testing

@Suite struct ExampleTests {
  private let example = Example([
    "name": .string("流れ"), "image": .strings([[0, 255, 10], []]),
    "offset": .floats([0, -1.5, .infinity]), "label": .integers([1, -1, .max, .min]),
    "none": .floats([]),
  ])

  @Test func whatIsWrittenIsReadAgain() throws {
    let bytes = example.serialized()
    #expect(try Example(parsing: bytes) == example)
    #expect(example.serialized() == bytes)
    #expect(try Example(parsing: []).features.isEmpty)
  }

  /// The bytes that TensorFlow writes for `{"a": int64_list [1, 300]}`.
  @Test func bytesAreTensorFlows() throws {
    let bytes: [UInt8] = [10, 14, 10, 12, 10, 1, 97, 18, 7, 26, 5, 10, 3, 1, 0xAC, 2]
    #expect(Example(["a": .integers([1, 300])]).serialized() == bytes)
  }

  @Test func damagedMessagesAreRefused() {
    let bytes = example.serialized()
    for count in 1..<bytes.count {
      #expect(throws: GraphError.self) { try Example(parsing: Array(bytes.prefix(count))) }
    }
    for index in bytes.indices {
      var damaged = bytes
      damaged[index] ^= 0x55
      _ = try? Example(parsing: damaged)
    }
  }
}
