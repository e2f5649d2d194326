import Foundation

@testable import Nagare

/// The files that TensorFlow and NumPy wrote, with what is in them.
enum GoldenFiles {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Golden").path(percentEncoded: false)

  static func path(_ name: String) -> String { "\(folder)/formats/\(name)" }

  /// One value of the script's JSON files.
  struct Described: Decodable {
    var dtype: String
    var shape: [Int]
    var bytes: String?
    var strings: [String]?

    func tensor() throws -> Tensor {
      if let strings {
        return try Tensor(
          strings: strings.map { [UInt8](Data(base64Encoded: $0) ?? Data()) }, dimensions: shape)
      }
      let content = [UInt8](Data(base64Encoded: bytes ?? "") ?? Data())
      guard let dataType = DataType(named: dtype) else { throw GraphError(.notFound, dtype) }
      return try Tensor(raw: content, dataType, shape)
    }
  }

  static func json<T: Decodable>(_ name: String, _: T.Type = T.self) throws -> T {
    try JSONDecoder().decode(T.self, from: Data(FileSystem.read(path(name))))
  }

  static func tensors(_ name: String) throws -> [String: Tensor] {
    try json(name, [String: Described].self).mapValues { try $0.tensor() }
  }
}

/// Calls `body` with every prefix of `bytes`, and with every bit of it flipped.
func forEachDamage(of bytes: [UInt8], stride step: Int = 1, _ body: ([UInt8]) throws -> Void)
  rethrows
{
  for length in stride(from: 0, to: bytes.count, by: step) { try body(Array(bytes[..<length])) }
  for position in stride(from: 0, to: bytes.count, by: step) {
    for bit in 0..<8 {
      var damaged = bytes
      damaged[position] ^= 1 << bit
      try body(damaged)
    }
  }
}
