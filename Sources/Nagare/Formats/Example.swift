/// A `tf.train.Example`: what one record of a data set usually is, lists of values by name.
public struct Example: Sendable, Equatable {
  /// The values of one name.
  public enum Feature: Sendable, Equatable {
    case strings([[UInt8]])
    case floats([Float])
    case integers([Int64])

    /// One string, as UTF-8.
    public static func string(_ text: String) -> Feature { .strings([Array(text.utf8)]) }
  }

  public var features: [String: Feature]

  public init(_ features: [String: Feature] = [:]) { self.features = features }

  /// Reads the serialized message. A feature without a list is an empty list of strings.
  ///
  /// - Throws: `invalidArgument` when the bytes are not such a message.
  public init(parsing bytes: [UInt8]) throws(GraphError) {
    var found: [String: Feature] = [:]
    var problem: GraphError?
    let isWhole = bytes.withUnsafeBufferPointer { bytes in
      ExampleReader.forEachFeature(in: bytes) { key, feature in
        let name = String(decoding: key, as: UTF8.self)
        do throws(GraphError) {
          guard try feature.dataType() != nil else {
            found[name] = .strings([])
            return
          }
          switch feature.values() {
          case .strings(let list): found[name] = .strings(list)
          case .floats(let list): found[name] = .floats(list)
          case .integers(let list): found[name] = .integers(list)
          case nil: throw .invalidArgument("Feature '\(name)' of an Example is malformed")
          }
        } catch {
          problem = problem ?? error
        }
      }
    }
    if let problem { throw problem }
    guard isWhole else {
      throw .invalidArgument("Could not parse example input: it is no tf.train.Example")
    }
    features = found
  }

  /// The message's bytes, with names in sorted order: the same for equal examples.
  public func serialized() -> [UInt8] {
    var entries: [UInt8] = []
    for (name, feature) in features.sorted(by: { $0.key < $1.key }) {
      var entry: [UInt8] = []
      entry.append(field: 1, Array(name.utf8))
      entry.append(field: 2, Example.message(feature))
      entries.append(field: 1, entry)
    }
    var message: [UInt8] = []
    message.append(field: 1, entries)
    return message
  }

  /// A `Feature` message.
  private static func message(_ feature: Feature) -> [UInt8] {
    var list: [UInt8] = []
    let field: UInt64
    switch feature {
    case .strings(let values):
      field = 1
      for value in values { list.append(field: 1, value) }
    case .floats(let values):
      field = 2
      var packed: [UInt8] = []
      packed.reserveCapacity(4 * values.count)
      for value in values { packed.append(littleEndian: value.bitPattern) }
      list.append(field: 1, packed)
    case .integers(let values):
      field = 3
      var packed: [UInt8] = []
      for value in values { packed.append(varint: UInt64(bitPattern: value)) }
      list.append(field: 1, packed)
    }
    var message: [UInt8] = []
    message.append(field: field, list)
    return message
  }
}

extension Array where Element == UInt8 {
  /// Appends a field of a protobuf message whose value is of a stated length.
  fileprivate mutating func append(field number: UInt64, _ bytes: [UInt8]) {
    append(varint: number << 3 | 2)
    append(varint: UInt64(bytes.count))
    append(contentsOf: bytes)
  }
}
