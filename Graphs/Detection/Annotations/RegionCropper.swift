import Foundation
import Nagare

/// The JSON of the annotation tool Region Cropper.
private struct RegionCropperFile: Codable {
  struct Rectangle: Codable {
    var left: Double
    var top: Double
    var right: Double
    var bottom: Double
  }

  struct Entry: Codable {
    var probability: Double?
    var label: Int?
    var rect: Rectangle
  }

  var generator: String?
  var fileName: String?
  var regions: [Entry]

  enum CodingKeys: String, CodingKey {
    case generator, regions
    case fileName = "file_name"
  }
}

extension Annotation {
  /// Reads Region Cropper's JSON: an object a picture, or an array of them.
  ///
  /// Older files have pixels and newer ones fractions: a value over 1 anywhere in a picture's regions
  /// means pixels.
  static func regionCropper(_ data: Data, path: String) throws(GraphError) -> [Annotation] {
    let files: [RegionCropperFile]
    do {
      let decoder = JSONDecoder()
      let isList = data.first { !" \t\r\n\u{FEFF}".utf8.contains($0) } == UInt8(ascii: "[")
      files =
        isList
        ? try decoder.decode([RegionCropperFile].self, from: data)
        : [try decoder.decode(RegionCropperFile.self, from: data)]
    } catch let error as DecodingError {
      throw GraphError(.invalidArgument, inWords(error))
    } catch {
      throw GraphError(.invalidArgument, "not JSON: \(error)")
    }
    return files.map { file in
      let objects = file.regions.map { entry in
        Object(
          category: .number(entry.label ?? 1),
          box: Box(
            left: entry.rect.left, top: entry.rect.top, right: entry.rect.right,
            bottom: entry.rect.bottom),
          probability: entry.probability ?? 1)
      }
      return Annotation(
        path: path, fileName: file.fileName, size: nil,
        isInPixels: objects.contains { $0.box.sides.contains { $0 > 1 } }, objects: objects)
    }
  }

  private static func inWords(_ error: DecodingError) -> String {
    func place(_ keys: [any CodingKey]) -> String {
      let path = keys.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
      return path.isEmpty ? "the file" : String(path.drop { $0 == "." })
    }
    switch error {
    case .keyNotFound(let key, let context):
      return "'\(key.stringValue)' is missing in \(place(context.codingPath))"
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      return "\(place(context.codingPath)) should be of type \(type)"
    case .dataCorrupted(let context):
      return "not JSON that can be read: \(context.debugDescription)"
    @unknown default:
      return "not JSON that can be read"
    }
  }
}

extension Region {
  /// The regions of a picture as Region Cropper's JSON, in fractions, with their probabilities.
  ///
  /// - Parameter fileName: The picture's name without folders.
  /// - Throws: `invalidArgument` when a side or a probability is not a number.
  public static func regionCropperJSON(_ regions: [Region], fileName: String) throws(GraphError)
    -> [UInt8]
  {
    let file = RegionCropperFile(
      generator: "Region Cropper", fileName: fileName,
      regions: regions.map { region in
        RegionCropperFile.Entry(
          probability: region.probability, label: region.label,
          rect: .init(
            left: region.box.left, top: region.box.top, right: region.box.right,
            bottom: region.box.bottom))
      })
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      return Array(try encoder.encode(file)) + [0x0A]
    } catch {
      throw GraphError(
        .invalidArgument, "A region of \(fileName) has a side or a probability that is no number")
    }
  }
}
