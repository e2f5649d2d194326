import Foundation
import Nagare

/// A folder of pictures with annotations, either side by side or in `images` and `annotations`.
///
/// An annotation belongs to the picture of the same name without its ending, or else to the one that
/// it names. A file `labels.txt` in the folder, one class a line, gives the classes.
public struct AnnotatedFolder: Sendable {
  /// A picture and what annotations say of it.
  public struct Entry: Sendable {
    /// The picture's file name, without folders.
    public var name: String
    /// Where the picture is.
    public var path: String
    public var annotations: [Annotation]
    /// Whether it is one of the pictures kept for testing.
    public var isForTesting: Bool
  }

  /// Which pictures to take. Every tenth file in sorted order, the 10th, the 20th and so on, is for
  /// testing.
  public enum Split: String, Sendable, CaseIterable {
    case all, train, test
  }

  public let path: String
  /// The usable pictures, sorted by the bytes of their names.
  public let entries: [Entry]
  public let labels: LabelMap

  /// The endings of pictures that can be read.
  static let pictureEndings: Set<String> = ["jpg", "jpeg", "png"]

  /// Reads the annotations of a folder, not yet its pictures.
  ///
  /// - Parameters:
  ///   - labels: The classes; by default those of `labels.txt`, or those found in the annotations.
  ///   - warn: Called for each file that is skipped, with the reason.
  /// - Throws: `notFound` when there is no such folder, `invalidArgument` when no picture of it has
  ///   an annotation or the classes are not clear.
  public init(
    _ path: String, labels: LabelMap? = nil, warn: (String) -> Void = standardErrorWarning
  ) throws(GraphError) {
    let images = try? AnnotatedFolder.files(in: path + "/images")
    let notes = try? AnnotatedFolder.files(in: path + "/annotations")
    let own = try AnnotatedFolder.files(in: path)
    let pictureFolder = images == nil ? path : path + "/images"
    let noteFolder = notes == nil ? pictureFolder : path + "/annotations"
    let pictures = (images ?? own).filter {
      AnnotatedFolder.pictureEndings.contains(AnnotatedFolder.ending(of: $0))
    }
    guard !pictures.isEmpty else {
      throw GraphError(
        .invalidArgument, "\(pictureFolder): no JPEG or PNG picture is in the folder")
    }

    let names = Set(pictures)
    let byStem = Dictionary(grouping: pictures, by: AnnotatedFolder.stem)
    var found: [String: [Annotation]] = [:]
    for file in notes ?? images ?? own {
      guard ["json", "xml"].contains(AnnotatedFolder.ending(of: file)) else { continue }
      let annotations: [Annotation]
      do {
        annotations = try Annotation.read(noteFolder + "/" + file)
      } catch {
        warn("Skipped \(error.message)")
        continue
      }
      for annotation in annotations {
        // A name in a file is only ever compared with names that are there.
        let named = annotation.fileName.map(AnnotatedFolder.lastPart)
        let stem = AnnotatedFolder.stem(file)
        let same = names.contains(stem) ? [stem] : byStem[stem] ?? []
        let picture =
          annotations.count == 1 && same.count == 1
          ? same[0] : named.flatMap { names.contains($0) ? $0 : nil }
        guard let picture else {
          warn(
            "Skipped \(annotation.path): no picture \(named ?? stem) is in \(pictureFolder)")
          continue
        }
        found[picture, default: []].append(annotation)
      }
    }

    var entries: [Entry] = []
    for (index, name) in pictures.enumerated() {
      guard let annotations = found[name] else {
        warn("Skipped \(pictureFolder)/\(name): it has no annotation")
        continue
      }
      entries.append(
        Entry(
          name: name, path: pictureFolder + "/" + name, annotations: annotations,
          isForTesting: index % 10 == 9))
    }
    guard !entries.isEmpty else {
      throw GraphError(
        .invalidArgument,
        "\(path): none of the \(pictures.count) pictures has an annotation that can be used "
          + "(Region Cropper's JSON or Pascal VOC's XML, of the picture's name or naming it)")
    }
    self.path = path
    self.entries = entries
    if let labels {
      self.labels = labels
    } else if own.contains("labels.txt") {
      self.labels = try LabelMap(contentsOf: path + "/labels.txt")
    } else {
      do {
        self.labels = try LabelMap(foundIn: entries.flatMap(\.annotations))
      } catch {
        throw error.prefixed(path)
      }
    }
  }

  /// The pictures of a split.
  public func entries(of split: Split) -> [Entry] {
    switch split {
    case .all: entries
    case .train: entries.filter { !$0.isForTesting }
    case .test: entries.filter(\.isForTesting)
    }
  }

  /// A picture's file and its regions.
  ///
  /// - Throws: `invalidArgument`, naming the file, for a picture that is neither JPEG nor PNG, or a
  ///   region that is not inside it.
  public func load(_ entry: Entry) throws(GraphError) -> AnnotatedPicture {
    let bytes = Array(try contents(of: entry.path, limit: 1 << 28))
    let size: (width: Int, height: Int, channels: Int)
    do {
      size = try Picture.size(of: bytes)
    } catch {
      throw error.prefixed(entry.path)
    }
    var regions: [Region] = []
    for annotation in entry.annotations {
      // Two files may tell of the same region.
      for region in try annotation.regions(width: size.width, height: size.height, labels: labels)
      where !regions.contains(region) {
        regions.append(region)
      }
    }
    return AnnotatedPicture(
      name: entry.name, file: bytes, width: size.width, height: size.height, regions: regions)
  }

  /// The names of the files in a folder, sorted by their bytes.
  private static func files(in folder: String) throws(GraphError) -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder)
        .filter { !$0.hasPrefix(".") }
        .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    } catch {
      throw GraphError(.notFound, "\(folder): there is no such folder, or it cannot be read")
    }
  }

  private static func lastPart(_ name: String) -> String {
    name.split { $0 == "/" || $0 == "\\" }.last.map(String.init) ?? name
  }

  private static func stem(_ name: String) -> String {
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name }
    return String(name[..<dot])
  }

  private static func ending(of name: String) -> String {
    guard let dot = name.lastIndex(of: ".") else { return "" }
    return name[name.index(after: dot)...].lowercased()
  }
}

/// A picture's file with its true regions.
public struct AnnotatedPicture: Sendable {
  /// The picture's file name, without folders.
  public var name: String
  /// The file's bytes, JPEG or PNG.
  public var file: [UInt8]
  public var width: Int
  public var height: Int
  public var regions: [Region]
}

/// Writes a warning as a line of standard error.
public func standardErrorWarning(_ words: String) {
  try? FileHandle.standardError.write(contentsOf: Data((words + "\n").utf8))
}
