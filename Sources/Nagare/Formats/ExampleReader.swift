/// Reads `tf.train.Example` messages in place, with TensorFlow's notion of what is well-formed.
///
/// The generated message type would copy every feature, those included that nobody asked for.
struct ExampleReader {
  /// The values of one feature.
  enum Values: Equatable {
    case floats([Float])
    case integers([Int64])
    case strings([[UInt8]])

    var dataType: DataType {
      switch self {
      case .floats: .float32
      case .integers: .int64
      case .strings: .string
      }
    }

    var count: Int {
      switch self {
      case .floats(let list): list.count
      case .integers(let list): list.count
      case .strings(let list): list.count
      }
    }
  }

  /// A feature that is not read yet: its serialized `Feature` message.
  struct Feature {
    fileprivate var bytes: Slice

    /// The type of the values; `nil` for a feature without any list.
    ///
    /// - Throws: `invalidArgument` for a list of another kind.
    func dataType() throws(GraphError) -> DataType? {
      switch bytes.first {
      case nil: return nil
      case 0x0A: return .string
      case 0x12: return .float32
      case 0x1A: return .int64
      default: throw .invalidArgument("Unsupported datatype.")
      }
    }

    /// The values; `nil` when the list is malformed. Only the first list counts, as in TensorFlow.
    func values() -> Values? {
      var reader = bytes
      guard let tag = reader.byte(), var list = reader.message() else { return nil }
      switch tag {
      case 0x0A:
        var strings: [[UInt8]] = []
        while !list.isEmpty {
          guard list.byte() == 0x0A, let value = list.message() else { return nil }
          strings.append(value.array)
        }
        return .strings(strings)
      case 0x12:
        var floats: [Float] = []
        if list.first == 0x0A {
          guard list.byte() != nil, var packed = list.message() else { return nil }
          floats.reserveCapacity(packed.count / 4)
          while let value = packed.float() { floats.append(value) }
        } else {
          while !list.isEmpty {
            guard list.byte() == 0x0D, let value = list.float() else { return nil }
            floats.append(value)
          }
        }
        return .floats(floats)
      case 0x1A:
        var integers: [Int64] = []
        if list.first == 0x0A {
          guard list.byte() != nil, var packed = list.message() else { return nil }
          while !packed.isEmpty {
            guard let value = packed.varint() else { return nil }
            integers.append(Int64(bitPattern: value))
          }
        } else {
          while !list.isEmpty {
            guard list.byte() == 0x08, let value = list.varint() else { return nil }
            integers.append(Int64(bitPattern: value))
          }
        }
        return .integers(integers)
      default: return nil
      }
    }
  }

  /// Calls `body` with each feature in the order of the message, a name's later entries too; it must
  /// not keep the feature.
  ///
  /// - Returns: Whether the message is well-formed.
  static func forEachFeature(
    in bytes: UnsafeBufferPointer<UInt8>,
    _ body: (_ key: UnsafeBufferPointer<UInt8>, Feature) -> Void
  ) -> Bool {
    var example = Slice(bytes)
    while !example.isEmpty {
      guard let tag = example.varint() else { return false }
      guard tag == 0x0A else {
        guard example.skip(tag) else { return false }
        continue
      }
      guard var features = example.message() else { return false }
      while !features.isEmpty {
        guard features.byte() == 0x0A, var entry = features.message() else { return false }
        var key: Slice?
        var value: Slice?
        while !entry.isEmpty {
          let tag = entry.byte()
          guard let part = entry.message() else { return false }
          switch tag {
          case 0x0A: key = part
          case 0x12: value = part
          default: return false
          }
        }
        guard let key, let value else { return false }
        body(key.buffer, Feature(bytes: value))
      }
    }
    return true
  }

  /// The rest of a message.
  fileprivate struct Slice {
    private var position: UnsafePointer<UInt8>?
    private(set) var count: Int

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
      position = bytes.baseAddress
      count = position == nil ? 0 : bytes.count
    }

    private init(_ position: UnsafePointer<UInt8>?, _ count: Int) {
      self.position = position
      self.count = count
    }

    var isEmpty: Bool { count == 0 }
    var first: UInt8? { count > 0 ? position?.pointee : nil }
    var buffer: UnsafeBufferPointer<UInt8> { .init(start: position, count: count) }
    var array: [UInt8] { Array(buffer) }

    /// Takes `size` bytes away; they must be there.
    private mutating func advance(_ size: Int) {
      position = position.map { $0 + size }
      count -= size
    }

    mutating func byte() -> UInt8? {
      guard let byte = first else { return nil }
      advance(1)
      return byte
    }

    mutating func varint() -> UInt64? {
      var value: UInt64 = 0
      var shift: UInt64 = 0
      while shift < 70, let next = byte() {
        if shift < 64 { value |= UInt64(next & 0x7F) << shift }
        if next < 0x80 { return value }
        shift += 7
      }
      return nil
    }

    /// The bytes after a length.
    mutating func message() -> Slice? {
      guard let size = varint(), size <= UInt64(count) else { return nil }
      let message = Slice(position, Int(size))
      advance(Int(size))
      return message
    }

    mutating func float() -> Float? {
      guard count >= 4, let position else { return nil }
      let bits = UnsafeRawPointer(position).loadUnaligned(as: UInt32.self)
      advance(4)
      return Float(bitPattern: UInt32(littleEndian: bits))
    }

    /// Skips the value of a field that is of no interest; groups are not known.
    mutating func skip(_ tag: UInt64) -> Bool {
      switch tag & 7 {
      case 0: return varint() != nil
      case 2: return message() != nil
      case 1, 5:
        let size = tag & 7 == 1 ? 8 : 4
        guard count >= size else { return false }
        advance(size)
        return true
      default: return false
      }
    }
  }
}
