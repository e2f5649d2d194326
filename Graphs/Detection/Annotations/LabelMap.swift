import Foundation
import Nagare

/// The names of the classes. Labels are numbers from 1 in the order of the names.
public struct LabelMap: Sendable, Equatable {
  /// The name of label 1, of label 2, and so on.
  public let names: [String]

  /// The most classes that a detector may have.
  public static let limit = 10_000

  /// - Throws: `invalidArgument` for no name, an empty name, a name given twice or over 10,000 names.
  public init(_ names: [String]) throws(GraphError) {
    guard !names.isEmpty else {
      throw GraphError(.invalidArgument, "A label map needs at least one class")
    }
    guard names.count <= LabelMap.limit else {
      throw GraphError(
        .invalidArgument,
        "A label map may have \(LabelMap.limit) classes at most, got \(names.count)")
    }
    var seen: Set<String> = []
    for (index, name) in names.enumerated() {
      guard !name.isEmpty else {
        throw GraphError(.invalidArgument, "Class \(index + 1) has no name")
      }
      guard seen.insert(name).inserted else {
        throw GraphError(.invalidArgument, "Class '\(name)' is named twice")
      }
    }
    self.names = names
  }

  /// Reads a file of one name a line. Space around a name and empty lines do not count.
  ///
  /// - Throws: `notFound` and kin when the file cannot be read, `invalidArgument` for what is in it.
  public init(contentsOf path: String) throws(GraphError) {
    let data = try contents(of: path, limit: 1 << 24)
    guard let text = String(data: data, encoding: .utf8) else {
      throw GraphError(.invalidArgument, "\(path): the names of classes must be UTF-8")
    }
    let lines = text.split(whereSeparator: \.isNewline).map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    do {
      try self.init(lines.filter { !$0.isEmpty })
    } catch {
      throw error.prefixed(path)
    }
  }

  /// The classes that annotations speak of: their names in sorted order, or numbers as they are.
  ///
  /// - Throws: `invalidArgument` when there is no class, or when some are names and some are numbers.
  public init(foundIn annotations: [Annotation]) throws(GraphError) {
    var names: Set<String> = []
    var highest = 0
    for object in annotations.flatMap(\.objects) {
      switch object.category {
      case .name(let name): names.insert(name)
      case .number(let number): highest = max(highest, number)
      }
    }
    guard names.isEmpty || highest == 0 else {
      throw GraphError(
        .invalidArgument,
        "Some annotations name their class (\(names.sorted()[0])) and some number it "
          + "(\(highest)): a file with the names of the classes, one a line, must say "
          + "which is which")
    }
    guard highest <= LabelMap.limit else {
      throw GraphError(
        .invalidArgument, "Label \(highest) is over the maximum of \(LabelMap.limit)")
    }
    try self.init(
      names.isEmpty ? (0..<highest).map { String($0 + 1) } : names.sorted())
  }

  /// NUM_CLASSES.
  public var count: Int { names.count }

  /// The label of a name.
  public func label(of name: String) -> Int? { names.firstIndex(of: name).map { $0 + 1 } }

  /// The name of a label, or the number itself where there is none.
  public func name(of label: Int) -> String {
    1...count ~= label ? names[label - 1] : String(label)
  }

  /// The names, one a line, as `init(contentsOf:)` reads them.
  public var text: String { names.map { $0 + "\n" }.joined() }
}

extension LabelMap {
  /// The names in the first of `paths` that is there; `nil` when none is.
  ///
  /// - Throws: what `init(contentsOf:)` refuses.
  public static func first(of paths: [String]) throws(GraphError) -> LabelMap? {
    for path in paths where FileManager.default.fileExists(atPath: path) {
      return try LabelMap(contentsOf: path)
    }
    return nil
  }

  /// Where the names that a detector was trained with may be, given a checkpoint or its folder.
  public static func places(besideCheckpoint path: String) -> [String] {
    let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
      .joined(separator: "/")
    return [path + "/labels.txt", folder.isEmpty ? "labels.txt" : folder + "/labels.txt"]
  }
}
