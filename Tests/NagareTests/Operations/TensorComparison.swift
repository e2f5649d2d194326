import Nagare
import TestSupport

extension Tensor {
  /// How this value differs from TensorFlow's, in words, or `nil` when it agrees.
  func difference(from expected: Tensor, _ tolerance: Tolerance) -> String? {
    guard dataType == expected.dataType, dimensions == expected.dimensions else {
      return "expected \(expected.dataType)\(expected.shape), got \(dataType)\(shape)"
    }
    switch tolerance {
    case .png: return pictureDifference(from: expected, "DecodePng", bound: 0)
    case .jpeg: return pictureDifference(from: expected, "DecodeJpeg", bound: 2)
    case .summary: return summaryDifference(from: expected)
    case .exact, .ulp, .relative, .training: break
    }
    guard let mine = doubles, let theirs = expected.doubles else {
      return strings == expected.strings ? nil : Self.text("strings", self, expected)
    }
    if dataType == .int64 || dataType == .uint64 {
      // Beyond 2^53 doubles would not tell neighbours apart.
      return self == expected ? nil : Self.text("values", self, expected)
    }
    let largest = theirs.filter(\.isFinite).map(abs).max() ?? 0
    for index in mine.indices {
      let bound = bound(tolerance, theirs[index], largest: largest)
      let isSame =
        mine[index] == theirs[index] || (mine[index].isNaN && theirs[index].isNaN)
        || abs(mine[index] - theirs[index]) <= bound
      if !isSame { return Self.text("element \(index)", self, expected) }
    }
    return nil
  }

  private func bound(_ tolerance: Tolerance, _ value: Double, largest: Double) -> Double {
    guard dataType.isFloatingPoint, value.isFinite else { return 0 }
    let unit = dataType == .float64 ? Double.ulpOfOne : Double(Float.ulpOfOne)
    switch tolerance {
    case .ulp:
      // TensorFlow's threads flush subnormal numbers to zero.
      let least = dataType == .float64 ? .leastNormalMagnitude : Double(Float.leastNormalMagnitude)
      return max(8 * unit * abs(value), least)
    case .relative: return 80 * unit * max(abs(value), largest)
    case .training: return 1e-4 * max(abs(value), largest)
    default: return 0
    }
  }

  private static func text(_ what: String, _ mine: Tensor, _ theirs: Tensor) -> String {
    "\(what): expected \(theirs.listing), got \(mine.listing)"
  }

  private var listing: String {
    if let doubles {
      let text = doubles.prefix(24).map { Int(exactly: $0).map { "\($0)" } ?? "\($0)" }
      return "[\(text.joined(separator: " "))\(doubles.count > 24 ? " ..." : "")]"
    }
    return "\(strings.prefix(4).map { String(decoding: $0.prefix(80), as: UTF8.self) })"
  }

  private func pictureDifference(
    from expected: Tensor, _ decoder: String, bound: Double
  ) -> String? {
    for (mine, theirs) in zip(strings, expected.strings) {
      do {
        let pixels = try Self.decode(mine, decoder)
        let wanted = try Self.decode(theirs, decoder)
        guard pixels.dimensions == wanted.dimensions else {
          return "expected a picture \(wanted.shape), got \(pixels.shape)"
        }
        for (left, right) in zip(pixels.doubles ?? [], wanted.doubles ?? [])
        where abs(left - right) > bound {
          return Self.text("pixels", pixels, wanted)
        }
      } catch { return "\(error)" }
    }
    return nil
  }

  private static func decode(_ bytes: [UInt8], _ decoder: String) throws -> Tensor {
    let graph = Graph()
    let data = try graph.constant(Tensor(scalar: bytes))
    // 16 bits hold whatever a PNG has.
    let attributes: [String: AttributeValue] =
      decoder == "DecodePng" ? ["dtype": .type(.uint16)] : [:]
    let node = try graph.addNode(decoder, [data], attributes: attributes)
    return try Session(graph, threads: 1).run(graph.outputs(of: node)[0])
  }

  private func summaryDifference(from expected: Tensor) -> String? {
    guard strings != expected.strings else { return nil }
    do {
      for (mine, theirs) in zip(strings, expected.strings) {
        let (mine, theirs) = (try Summary(serialized: mine), try Summary(serialized: theirs))
        guard mine.values.map(\.tag) == theirs.values.map(\.tag) else {
          return "tags: expected \(theirs.values.map(\.tag)), got \(mine.values.map(\.tag))"
        }
        for (left, right) in zip(mine.values, theirs.values) where left != right {
          guard case .image(let width, let height, let channels, let data) = left.content,
            case .image(let wide, let high, let deep, let wanted) = right.content,
            width == wide, height == high, channels == deep
          else { return "expected \(right), got \(left)" }
          if let difference = try Tensor(scalar: data).pictureDifference(
            from: Tensor(scalar: wanted), "DecodePng", bound: 0)
          {
            return "\(left.tag): \(difference)"
          }
        }
      }
    } catch { return "\(error)" }
    return nil
  }
}
