import Foundation
import Nagare

#if canImport(FoundationXML)
  import FoundationXML
#endif

extension Annotation {
  /// Reads the XML of Pascal VOC: `filename`, `size`, and for each `object` its `name` and `bndbox`
  /// in pixels. Parts of an object (a head, hands) are passed over.
  ///
  /// - Throws: `invalidArgument` for what is not such XML in UTF-8, or declares entities.
  static func pascalVOC(_ data: Data, path: String) throws(GraphError) -> Annotation {
    guard data.range(of: Data("<!ENTITY".utf8)) == nil else {
      throw GraphError(.invalidArgument, "entities must not be declared in an annotation")
    }
    // Foundation's parser takes for granted that names are, and ends the process where they are not.
    guard String(validating: data, as: UTF8.self) != nil else {
      throw GraphError(.invalidArgument, "an annotation must be in UTF-8")
    }
    let reader = PascalVOCReader()
    let parser = XMLParser(data: data)
    parser.shouldResolveExternalEntities = false
    parser.delegate = reader
    let isWhole = parser.parse()
    if let problem = reader.problem { throw GraphError(.invalidArgument, problem) }
    guard isWhole, reader.isFinished else {
      throw GraphError(
        .invalidArgument,
        "not XML that can be read, at line \(parser.lineNumber), column \(parser.columnNumber)")
    }
    var annotation = Annotation(
      path: path, fileName: reader.fileName, size: nil, isInPixels: true, objects: reader.objects)
    if let width = reader.width, let height = reader.height, width > 0, height > 0 {
      annotation.size = (width, height)
    }
    return annotation
  }
}

/// Collects what the parser reports. Only elements at their exact place count.
private final class PascalVOCReader: NSObject, XMLParserDelegate {
  var fileName: String?
  var width: Int?
  var height: Int?
  var objects: [Annotation.Object] = []
  /// What is wrong, in words.
  var problem: String?

  /// Whether the outermost element was closed, which the parser does not insist on.
  private(set) var isFinished = false

  private var open: [String] = []
  private var text = ""
  private var name: String?
  private var sides: [String: Double] = [:]

  private static let depthLimit = 64

  func parser(
    _ parser: XMLParser, didStartElement element: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String]
  ) {
    if open.isEmpty, element != "annotation" {
      stop(parser, "the outermost element should be 'annotation' and is '\(element)'")
    }
    guard open.count < PascalVOCReader.depthLimit else {
      return stop(parser, "elements are nested over \(PascalVOCReader.depthLimit) deep")
    }
    open.append(element)
    text = ""
    if open == ["annotation", "object"] {
      name = nil
      sides = [:]
    }
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }

  func parser(
    _ parser: XMLParser, didEndElement element: String, namespaceURI: String?,
    qualifiedName: String?
  ) {
    let value = text.trimmingCharacters(in: .whitespacesAndNewlines)
    text = ""
    switch open.dropFirst().joined(separator: "/") {
    case "filename": fileName = value
    case "size/width": width = Int(value)
    case "size/height": height = Int(value)
    case "object/name": name = value
    case "object/bndbox/xmin", "object/bndbox/ymin", "object/bndbox/xmax", "object/bndbox/ymax":
      guard let side = Double(value) else {
        return stop(parser, "\(element) of object \(objects.count + 1) is no number: '\(value)'")
      }
      sides[element] = side
    case "object": finishObject(parser)
    default: break
    }
    open.removeLast()
    isFinished = open.isEmpty
  }

  private func finishObject(_ parser: XMLParser) {
    guard let name, !name.isEmpty else {
      return stop(parser, "object \(objects.count + 1) has no name")
    }
    guard
      let left = sides["xmin"], let top = sides["ymin"], let right = sides["xmax"],
      let bottom = sides["ymax"]
    else {
      return stop(
        parser, "object \(objects.count + 1) needs xmin, ymin, xmax and ymax in a bndbox")
    }
    objects.append(
      Annotation.Object(
        category: .name(name), box: Box(left: left, top: top, right: right, bottom: bottom),
        probability: 1))
  }

  private func stop(_ parser: XMLParser, _ words: String) {
    problem = problem ?? words
    parser.abortParsing()
  }
}
