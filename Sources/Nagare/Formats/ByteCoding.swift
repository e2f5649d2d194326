/// Reads the numbers of binary formats from bytes, in order; everything past the end is `nil`.
struct ByteReader {
  let bytes: ArraySlice<UInt8>
  /// The next byte's index in `bytes`.
  private(set) var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  init(_ bytes: [UInt8]) { self.init(bytes[...]) }

  var remaining: Int { bytes.endIndex - position }

  mutating func byte() -> UInt8? {
    guard position < bytes.endIndex else { return nil }
    defer { position += 1 }
    return bytes[position]
  }

  /// The next `count` bytes.
  mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
    guard count >= 0, count <= remaining else { return nil }
    defer { position += count }
    return bytes[position..<position + count]
  }

  /// An unsigned or signed integer of fixed width.
  mutating func integer<T: FixedWidthInteger>(_: T.Type, bigEndian: Bool = false) -> T? {
    guard let part = take(T.bitWidth / 8) else { return nil }
    let value = part.withUnsafeBytes { $0.loadUnaligned(as: T.self) }
    return bigEndian ? T(bigEndian: value) : T(littleEndian: value)
  }

  /// A base-128 number of at most 64 bits.
  mutating func varint() -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while let next = byte() {
      let bits = UInt64(next & 0x7f)
      guard shift < 63 || bits <= 1 else { return nil }
      value |= bits << shift
      if next < 0x80 { return value }
      shift += 7
      if shift > 63 { return nil }
    }
    return nil
  }

  /// A base-128 number that is used as a size.
  mutating func size() -> Int? { varint().flatMap(Int.init(exactly:)) }
}

extension Array where Element == UInt8 {
  /// Adds an integer of fixed width, least significant byte first.
  mutating func append<T: FixedWidthInteger>(littleEndian value: T) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }

  /// Adds a base-128 number.
  mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }
}
