import NagareMessages

/// A box within a tensor: for each dimension a range, or `nil` for all of it.
///
/// Checkpoints store a variable that is spread over several nodes as such boxes.
struct TensorSlice: Hashable, Sendable {
  var extents: [Range<Int>?]

  init(_ extents: [Range<Int>?]) { self.extents = extents }

  /// The whole of a tensor.
  init(wholeOfRank rank: Int) { extents = [Range<Int>?](repeating: nil, count: rank) }

  /// - Throws: `dataLoss` for a negative or overflowing extent.
  init(_ message: Tensorflow_TensorSliceProto) throws(GraphError) {
    extents = []
    for extent in message.extent {
      guard case .length(let length)? = extent.size else {
        extents.append(nil)
        continue
      }
      extents.append(try Self.range(Int(extent.start), Int(length)))
    }
  }

  private static func range(_ start: Int, _ length: Int) throws(GraphError) -> Range<Int> {
    let (end, overflow) = start.addingReportingOverflow(length)
    guard start >= 0, length >= 0, !overflow else {
      throw .dataLoss("A slice begins at \(start) and is \(length) long")
    }
    return start..<end
  }

  /// The slice and the full shape in TensorFlow's notation for `SaveV2` and `RestoreV2`:
  /// `4 5 0,2:-` is rows 0 and 1 of a 4 × 5 matrix; `nil` for the empty text, a whole tensor.
  ///
  /// - Throws: `invalidArgument` for another text.
  static func parse(
    _ text: String
  ) throws(GraphError) -> (dimensions: [Int], slice: TensorSlice)? {
    if text.isEmpty { return nil }
    let refusal = GraphError.invalidArgument(
      "Expected sizes and a slice such as '4 5 0,2:-', got '\(text)'")
    var parts = text.split(separator: " ", omittingEmptySubsequences: false)
    let last = parts.removeLast()
    var dimensions: [Int] = []
    for part in parts {
      guard let size = Int(part), size >= 0 else { throw refusal }
      dimensions.append(size)
    }
    var slice = TensorSlice(wholeOfRank: 0)
    if !(last.isEmpty && dimensions.isEmpty) {
      for part in last.split(separator: ":", omittingEmptySubsequences: false) {
        if part == "-" {
          slice.extents.append(nil)
          continue
        }
        let numbers = part.split(separator: ",", omittingEmptySubsequences: false)
        guard numbers.count == 2, let start = Int(numbers[0]), let length = Int(numbers[1]),
          start >= 0, length > 0
        else { throw refusal }
        slice.extents.append(try range(start, length))
      }
    }
    guard slice.extents.count == dimensions.count else { throw refusal }
    _ = try slice.ranges(in: dimensions)
    return (dimensions, slice)
  }

  /// The range of each dimension of a tensor of this shape.
  ///
  /// - Throws: `invalidArgument` when the slice reaches out of it.
  func ranges(in dimensions: [Int]) throws(GraphError) -> [Range<Int>] {
    guard extents.count == dimensions.count else {
      throw .invalidArgument(
        "A slice of rank \(extents.count) was given for shape \(Shape(dimensions))")
    }
    var ranges: [Range<Int>] = []
    for (extent, size) in zip(extents, dimensions) {
      let range = extent ?? 0..<size
      guard range.upperBound <= size else {
        throw .invalidArgument("Slice \(self) reaches out of shape \(Shape(dimensions))")
      }
      ranges.append(range)
    }
    return ranges
  }

  var message: Tensorflow_TensorSliceProto {
    .with { message in
      message.extent = extents.map { extent in
        .with { part in
          guard let extent else { return }
          part.start = Int64(extent.lowerBound)
          part.length = Int64(extent.count)
        }
      }
    }
  }

  /// The key under which a checkpoint's index holds this slice of the tensor `name`: the name and
  /// the numbers in a form whose bytes sort as they do.
  func key(of name: [UInt8]) -> [UInt8] {
    var key: [UInt8] = [0]
    for byte in name {
      switch byte {
      case 0: key += [0, 0xff]
      case 0xff: key += [0xff, 0]
      default: key.append(byte)
      }
    }
    key += [0, 1]
    Self.append(unsigned: extents.count, to: &key)
    for extent in extents {
      Self.append(signed: extent?.lowerBound ?? 0, to: &key)
      Self.append(signed: extent?.count ?? -1, to: &key)
    }
    return key
  }

  /// A count of bytes, then the bytes, most significant first.
  private static func append(unsigned value: Int, to key: inout [UInt8]) {
    var bytes: [UInt8] = []
    var rest = UInt64(clamping: value)
    while rest > 0 {
      bytes.insert(UInt8(truncatingIfNeeded: rest), at: 0)
      rest >>= 8
    }
    key.append(UInt8(bytes.count))
    key += bytes
  }

  /// Two's complement, most significant byte first, behind as many ones as there are bytes and a
  /// zero; all of these bits inverted for negative numbers.
  private static func append(signed value: Int, to key: inout [UInt8]) {
    let magnitude = UInt64(bitPattern: Int64(value < 0 ? ~value : value))
    // Each byte gives seven bits of its own, one of which is the sign.
    var length = 1
    while length < 10, 7 * length - 1 < 64, magnitude >> UInt64(7 * length - 1) != 0 { length += 1 }
    var bytes = [UInt8](repeating: value < 0 ? 0xff : 0, count: 10 - 8)
    bytes += withUnsafeBytes(of: Int64(value).bigEndian) { Array($0) }
    bytes = Array(bytes.suffix(length))
    let header = [UInt8]([0x80, 0xc0, 0xe0, 0xf0, 0xf8, 0xfc, 0xfe, 0xff, 0xff, 0xff])[length - 1]
    bytes[0] ^= header
    if length >= 9 { bytes[1] ^= length == 9 ? 0x80 : 0xc0 }
    key += bytes
  }
}

extension TensorSlice: CustomStringConvertible {
  /// TensorFlow's notation: `0,2:-`.
  var description: String {
    extents.map { $0.map { "\($0.lowerBound),\($0.count)" } ?? "-" }.joined(separator: ":")
  }
}
