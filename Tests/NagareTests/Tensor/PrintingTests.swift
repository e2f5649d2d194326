import Foundation
import Testing

@testable import Nagare

@Suite struct PrintingTests {
  struct Case: Decodable {
    var type: String
    var shape: [Int]
    var data: Data?
    var strings: [Data]?
    var text: String

    func tensor() throws -> Tensor {
      let dataType = try #require(DataType(named: type))
      if let strings {
        return try Tensor(strings: strings.map { [UInt8]($0) }, dimensions: shape)
      }
      let bytes = [UInt8](try #require(data))
      return try bytes.withUnsafeBytes { try Tensor(bytes: $0, dataType, shape) }
    }
  }

  @Test func everyArrayPrintsAsInNumPy() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../Golden/printed_tensors.json")
    let cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: file))
    #expect(cases.count > 1000)
    for (index, example) in cases.enumerated() {
      let tensor = try example.tensor()
      #expect(tensor.description == example.text, "case \(index), \(tensor.dataType)")
    }
  }
}
