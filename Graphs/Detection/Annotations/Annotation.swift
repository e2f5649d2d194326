import Foundation
import Nagare

/// What an annotation file says of one picture, before the picture's size and the classes' numbers
/// are known.
public struct Annotation: Sendable, Equatable {
  /// A class as the file writes it: a number of its own (0 for a negative example) or a name.
  public enum Category: Sendable, Hashable {
    case number(Int)
    case name(String)
  }

  /// One region as the file writes it, in pixels or as fractions.
  public struct Object: Sendable, Equatable {
    public var category: Category
    public var box: Box
    public var probability: Double
  }

  /// The file that says it.
  public var path: String
  /// The picture's file name in the annotation.
  public var fileName: String?
  /// The picture's size in the annotation.
  public var size: (width: Int, height: Int)?
  /// Whether boxes are in pixels, not fractions of the picture.
  public var isInPixels: Bool
  public var objects: [Object]

  public static func == (left: Annotation, right: Annotation) -> Bool {
    left.path == right.path && left.fileName == right.fileName
      && left.size?.width == right.size?.width && left.size?.height == right.size?.height
      && left.isInPixels == right.isInPixels && left.objects == right.objects
  }

  /// The most bytes of an annotation file, and the most regions in one.
  static let byteLimit = 1 << 25
  static let regionLimit = 100_000

  /// Reads a file of Region Cropper (JSON, one picture or an array of them) or of Pascal VOC (XML),
  /// told apart by content.
  ///
  /// - Throws: `notFound` and kin when the file cannot be read; `invalidArgument`, with the file's
  ///   name and what is wrong in it, when it is neither or is damaged.
  public static func read(_ path: String) throws(GraphError) -> [Annotation] {
    let data = try contents(of: path, limit: byteLimit)
    do throws(GraphError) {
      let space: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF]
      let annotations: [Annotation]
      switch data.first(where: { !space.contains($0) }) {
      case UInt8(ascii: "{"), UInt8(ascii: "["): annotations = try regionCropper(data, path: path)
      case UInt8(ascii: "<"): annotations = [try pascalVOC(data, path: path)]
      default:
        throw GraphError(
          .invalidArgument,
          "an annotation must be Region Cropper's JSON or Pascal VOC's XML, and this is neither")
      }
      for annotation in annotations { try annotation.validate() }
      return annotations
    } catch {
      throw error.prefixed(path)
    }
  }

  private func validate() throws(GraphError) {
    guard objects.count <= Annotation.regionLimit else {
      throw GraphError(
        .resourceExhausted,
        "\(objects.count) regions are over the maximum of \(Annotation.regionLimit)")
    }
    for (index, object) in objects.enumerated() {
      let box = object.box
      let name = "region \(index + 1)"
      guard box.sides.allSatisfy(\.isFinite) else {
        throw GraphError(.invalidArgument, "\(name): a side is not a number")
      }
      guard box.left < box.right else {
        throw GraphError(
          .invalidArgument, "\(name): left \(box.left) must be less than right \(box.right)")
      }
      guard box.top < box.bottom else {
        throw GraphError(
          .invalidArgument, "\(name): top \(box.top) must be less than bottom \(box.bottom)")
      }
      guard 0...1 ~= object.probability else {
        throw GraphError(
          .invalidArgument, "\(name): probability \(object.probability) must be in 0 ... 1")
      }
      if case .number(let number) = object.category, !(0...LabelMap.limit ~= number) {
        throw GraphError(
          .invalidArgument, "\(name): label \(number) must be in 0 ... \(LabelMap.limit)")
      }
    }
  }

  /// The regions as fractions of a picture of this size, with the numbers of their classes.
  ///
  /// A side may be one pixel beyond the picture's edge and is moved onto it. Where the annotation
  /// has a size of its own, of the same proportions, boxes are in that size's pixels.
  ///
  /// - Throws: `invalidArgument`, naming the file, for a box outside the picture, another size, or a
  ///   class that `labels` does not have.
  public func regions(width: Int, height: Int, labels: LabelMap) throws(GraphError) -> [Region] {
    var (width, height) = (Double(max(width, 1)), Double(max(height, 1)))
    if isInPixels, let size {
      let (given, actual) = (Double(size.width) / Double(size.height), width / height)
      guard (given / actual - 1).magnitude < 0.02 else {
        throw GraphError(
          .invalidArgument,
          "\(path): the annotation is for a picture of \(size.width) x \(size.height) pixels, "
            + "and the picture has \(Int(width)) x \(Int(height))")
      }
      (width, height) = (Double(size.width), Double(size.height))
    }
    let unit = isInPixels ? (x: 1 / width, y: 1 / height) : (x: 1, y: 1)
    let slack = Box(
      left: -1 / width, top: -1 / height, right: 1 + 1 / width, bottom: 1 + 1 / height)
    var regions: [Region] = []
    for (index, object) in objects.enumerated() {
      let written = object.box
      let box = Box(
        left: written.left * unit.x, top: written.top * unit.y, right: written.right * unit.x,
        bottom: written.bottom * unit.y)
      let inside = box.clipped
      guard
        box.left >= slack.left, box.top >= slack.top, box.right <= slack.right + 1e-9,
        box.bottom <= slack.bottom + 1e-9, inside.area > 0
      else {
        throw GraphError(
          .invalidArgument,
          "\(path): region \(index + 1), left \(written.left), top \(written.top), right "
            + "\(written.right), bottom \(written.bottom), is not inside the picture of "
            + "\(Int(width)) x \(Int(height)) pixels")
      }
      regions.append(
        Region(
          box: inside, label: try label(of: object, in: labels), probability: object.probability)
      )
    }
    return regions
  }

  private func label(of object: Object, in labels: LabelMap) throws(GraphError) -> Int {
    switch object.category {
    case .number(let number):
      guard number <= labels.count else {
        throw GraphError(
          .invalidArgument,
          "\(path): label \(number) is over the number of classes, \(labels.count)")
      }
      return number
    case .name(let name):
      guard let label = labels.label(of: name) else {
        throw GraphError(
          .invalidArgument,
          "\(path): class '\(name)' is not among the classes "
            + labels.names.prefix(10).joined(separator: ", "))
      }
      return label
    }
  }
}
