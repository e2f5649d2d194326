import Logging
import Nagare

/// VALUE of the command line: a literal, or a file with an array or a picture.
enum FeedValue {
  /// For the help of every command that takes one.
  static let help = """
    VALUE is a literal (3, 2.5, [[1,2],[3,4]], "text", true) or a file: .npy, .npz (FILE.npz:KEY \
    where it holds several arrays), .jpg or .png. A value is converted to the type of the tensor \
    that it is for when nothing is lost. A picture becomes height, width, channels, with a \
    dimension for the batch before or without one for a gray picture's channel as the tensor's \
    shape asks; a tensor of strings gets the file itself.
    """

  /// The value of an argument for `output`.
  static func parse(_ text: String, for output: Output, _ log: Logger) throws(ToolError) -> Tensor {
    if let file = File(text) { return try file.tensor(for: output, log) }
    let literal: JSON
    do {
      literal = try JSON(parsing: Array(text.utf8), as: .literal)
    } catch {
      let shown = text.utf8.count > 60 ? text.prefix(60) + "…" : text[...]
      throw ToolError(
        .usage,
        "\(output.name): '\(shown)' is neither a literal (\(error.message), at byte "
          + "\(error.position)) nor the name of a .npy, .npz, .jpg or .png file",
        hint: output.dataType == .string ? "a text needs quotes: '\"\(shown)\"'" : nil)
    }
    return try Tensor(literal, as: output.dataType, for: output.name)
  }

  /// The value of a step's feed for `output`. A string is a file or a literal as on the command
  /// line; for a tensor of strings one that names no file is the text itself.
  static func parse(_ json: JSON, for output: Output, _ log: Logger) throws(ToolError) -> Tensor {
    guard case .string(let bytes) = json else {
      return try Tensor(json, as: output.dataType, for: output.name)
    }
    let text = String(decoding: bytes, as: UTF8.self)
    if let file = File(text) { return try file.tensor(for: output, log) }
    if output.dataType == .string, !(text.hasPrefix("\"") && text.hasSuffix("\"")) {
      return try Tensor(json, as: .string, for: output.name)
    }
    return try parse(text, for: output, log)
  }

  /// A file that holds a value.
  private struct File {
    private enum Kind { case array, archive(key: String?), picture }

    private let path: String
    private let kind: Kind

    /// `nil` for a text that does not end as such files' names do.
    init?(_ text: String) {
      let lower = text.lowercased()
      if text.first == "\"" || text.first == "[" { return nil }
      if lower.hasSuffix(".npy") {
        (path, kind) = (text, .array)
      } else if lower.hasSuffix(".npz") {
        (path, kind) = (text, .archive(key: nil))
      } else if [".jpg", ".jpeg", ".png"].contains(where: lower.hasSuffix) {
        (path, kind) = (text, .picture)
      } else if let colon = text.lastIndex(of: ":"), text[..<colon].lowercased().hasSuffix(".npz") {
        path = String(text[..<colon])
        kind = .archive(key: String(text[text.index(after: colon)...]))
      } else {
        return nil
      }
    }

    func tensor(for output: Output, _ log: Logger) throws(ToolError) -> Tensor {
      let place = "\(output.name), fed from \(path),"
      switch kind {
      case .array:
        let value = try during(.reading) { () throws(GraphError) in try NumPy.read(path) }
        return try value.converted(to: output.dataType, for: place)
      case .archive(let key):
        let arrays = try during(.reading) { () throws(GraphError) in
          try NumPy.readArchive(path)
        }
        let names = arrays.map { "'\($0.name)'" }.joined(separator: ", ")
        guard let array = key.map({ key in arrays.first { $0.name == key } }) ?? arrays.first else {
          throw ToolError(
            .badData, "\(path): " + (key.map { "no array '\($0)' is in it" } ?? "it is empty"),
            hint: arrays.isEmpty ? nil : "there are \(names)")
        }
        guard key != nil || arrays.count == 1 else {
          throw ToolError(
            .usage, "\(path): it holds \(arrays.count) arrays, \(names)",
            hint: "choose one as '\(path):\(array.name)'")
        }
        return try array.value.converted(to: output.dataType, for: place)
      case .picture: return try picture(output, place, log)
      }
    }

    private func picture(
      _ output: Output, _ place: String, _ log: Logger
    ) throws(ToolError) -> Tensor {
      let bytes = try during(.reading) { () throws(GraphError) in try FileSystem.read(path) }
      let rank = output.shape.rank
      if output.dataType == .string {
        log.info("\(path): its \(bytes.count) bytes are fed to \(output.name), not its pixels")
        return try during(.running) { () throws(GraphError) in
          try Tensor(
            strings: [bytes], dimensions: [Int](repeating: 1, count: rank == 1 ? 1 : 0))
        }
      }
      // The last dimension says how many values a pixel has, where the tensor has one for them.
      let wanted = rank == 2 ? 1 : rank == 3 || rank == 4 ? output.shape[-1] ?? 0 : 0
      guard rank == nil || (2...4).contains(rank ?? 0), [0, 1, 3, 4].contains(wanted) else {
        throw ToolError(
          .usage, "\(place) has the shape \(output.shape.tupleDescription), which no picture has")
      }
      let picture: Picture
      do throws(GraphError) {
        picture = try Picture.decode(bytes, channels: wanted)
      } catch {
        throw ToolError(error.prefixed(path), while: .reading)
      }
      var dimensions = [picture.height, picture.width]
      if rank != 2 { dimensions.append(picture.channels) }
      if rank == 4 { dimensions.insert(1, at: 0) }
      let value = try during(.running) { () throws(GraphError) in
        try Tensor(picture.pixels, dimensions: dimensions)
      }
      let converted = try value.converted(to: output.dataType, for: place)
      log.info(
        """
        \(path): \(picture.width)×\(picture.height) pixels fed to \(output.name) as \
        \(output.dataType) \(converted.shape.tupleDescription), values 0 to 255
        """)
      return converted
    }
  }
}
