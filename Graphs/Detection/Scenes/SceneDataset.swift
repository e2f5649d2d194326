import Foundation
import Nagare

extension SceneGenerator {
  /// Writes scenes as a folder of pictures with annotations, as `AnnotatedFolder` reads it:
  /// `images/scene-000000.jpg`, `annotations/scene-000000.json` (Region Cropper's), `labels.txt`
  /// and `generator.json`, which says how they were made.
  ///
  /// - Parameters:
  ///   - path: The folder; it is made if it is not there. Files of the same names are replaced.
  ///   - progress: Called after each scene with the number done and the number in all; ends the
  ///     writing by throwing.
  /// - Throws: `invalidArgument` for a count that is not in 1 … 999,999, and what writing throws.
  public func write(
    count: Int, to path: String,
    progress: (_ done: Int, _ count: Int) throws(GraphError) -> Void = { _, _ in }
  ) throws(GraphError) {
    guard 1...999_999 ~= count else {
      throw GraphError(
        .invalidArgument, "The number of scenes must be in 1 ... 999999, got \(count)")
    }
    try makeFolder(path + "/images")
    try makeFolder(path + "/annotations")
    try save(Data("face\n".utf8), to: path + "/labels.txt")
    let settings =
      "{\"seed\": \(seed), \"difficulty\": \(shortest(clampedDifficulty)), \"count\": \(count)}\n"
    try save(Data(settings.utf8), to: path + "/generator.json")
    for index in 0..<count {
      let scene = try scene(at: index)
      let digits = String(index)
      let name = "scene-" + String(repeating: "0", count: 6 - digits.count) + digits
      let jpeg = try scene.picture.encodedJPEG(quality: 92)
      let json = try Region.regionCropperJSON(scene.regions, fileName: name + ".jpg")
      try save(Data(jpeg), to: path + "/images/" + name + ".jpg")
      try save(Data(json), to: path + "/annotations/" + name + ".json")
      try progress(index + 1, count)
    }
  }
}
