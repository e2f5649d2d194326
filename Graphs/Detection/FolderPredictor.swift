import Foundation
import Nagare

/// Runs a trained detector over the pictures of a folder and writes, for each, the picture with boxes
/// drawn on it and a Region Cropper JSON with the regions and their probabilities.
public struct FolderPredictor {
  /// What came of one picture.
  public struct Result: Sendable {
    /// The picture's file.
    public var file: String
    /// The picture with its boxes.
    public var drawing: String
    /// The regions as JSON.
    public var json: String
    public var regions: [Region]
  }

  private let model: DetectorModel
  private let labels: LabelMap
  private let pipeline: PicturePipeline
  private let session: Session
  private let suppression: Suppression
  private let threshold: Double

  /// - Parameters:
  ///   - threshold: The least confidence of a region, 0 … 1; the book's is 0.8.
  ///   - suppression: What becomes of overlapping regions; the detector's own way by default.
  public init(
    _ model: DetectorModel, labels: LabelMap, threshold: Double = 0.8,
    suppression: Suppression? = nil, threads: Int? = nil
  ) throws(GraphError) {
    guard (0...1).contains(threshold) else {
      throw GraphError(.invalidArgument, "The threshold must be from 0 to 1, got \(threshold)")
    }
    guard labels.count == model.detector.classCount else {
      throw GraphError(
        .invalidArgument,
        "\(labels.count) labels were given for a detector of \(model.detector.classCount) classes")
    }
    self.model = model
    self.labels = labels
    self.threshold = threshold
    self.suppression = suppression ?? model.detector.kind.suppression
    pipeline = try PicturePipeline(model.detector, seed: nil)
    session = Session(pipeline.graph, threads: threads)
  }

  /// The regions of one picture, as fractions of it.
  public func regions(in picture: Picture) throws(GraphError) -> [Region] {
    let pixels = try Tensor(
      picture.pixels, dimensions: [picture.height, picture.width, picture.channels])
    let grey = try session.run(pipeline.greyPixels, feeds: [pipeline.pixels: pixels])
    let input = try session.run(pipeline.plain, feeds: [pipeline.source: grey])
    let found = try model.regions(
      in: try Tensor(stacking: [input]), threshold: threshold)
    return suppression(found.first ?? [])
  }

  /// Treats every JPEG and PNG file of a folder, in the order of names.
  ///
  /// - Parameters:
  ///   - warn: Told of each file that is no picture; the others are treated all the same.
  ///   - progress: Called after each picture with the number done and the number of all.
  /// - Throws: `notFound` for a folder without pictures, and what writing refuses.
  public func run(
    imageFolder: String, outputFolder: String, warn: (String) -> Void,
    progress: (Int, Int) throws(GraphError) -> Void = { _, _ in }
  ) throws(GraphError) -> [Result] {
    let files = try Self.pictures(in: imageFolder)
    guard !files.isEmpty else {
      throw GraphError(.notFound, "\(imageFolder): there are no .jpg, .jpeg or .png files here")
    }
    try makeFolder(outputFolder)
    var results: [Result] = []
    for (index, file) in files.enumerated() {
      let path = Folder.path(file, in: imageFolder)
      let picture: Picture
      do throws(GraphError) {
        picture = try Picture.decode([UInt8](try contents(of: path, limit: 1 << 30)), channels: 3)
      } catch {
        warn("\(path): \(error.message)")
        continue
      }
      let regions = try regions(in: picture)
      // The whole name stays, so that a.jpg and a.png do not meet.
      let drawing = Folder.path("\(file).regions.png", in: outputFolder)
      let json = Folder.path("\(file).json", in: outputFolder)
      try FileSystem.write(try picture.drawing(regions, labels: labels).encodedPNG(), to: drawing)
      try FileSystem.write(try Region.regionCropperJSON(regions, fileName: file), to: json)
      results.append(Result(file: path, drawing: drawing, json: json, regions: regions))
      try progress(index + 1, files.count)
    }
    return results
  }

  private static func pictures(in folder: String) throws(GraphError) -> [String] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder)
    } catch {
      throw GraphError(
        .notFound, "\(folder): the folder cannot be read: \(error.localizedDescription)")
    }
    return names.filter { name in
      let lower = name.lowercased()
      return [".jpg", ".jpeg", ".png"].contains { lower.hasSuffix($0) }
    }.sorted()
  }
}
