import Nagare
import NagareDetection
import TestSupport
import Testing

/// The same seed gives the same bytes, whatever the number of threads.
@Suite struct ReproducibilityTests {
  @Test(arguments: Detector.Kind.allCases, DetectionGraph.Input.allCases)
  func metricsAndCheckpointDoNotDependOnThreads(
    kind: Detector.Kind, input: DetectionGraph.Input
  ) throws {
    let folder = try TemporaryFolder()
    let detector = try Detector(kind, classCount: 1, width: 0.125, pictureSize: 96)
    try SceneGenerator(seed: 6, difficulty: 0.5).write(count: 4, to: folder.path("scenes"))
    let records = folder.path("scenes.tfrecord")
    _ = try DatasetPacker(kind.matcher(pictureSize: detector.pictureSize))
      .pack(AnnotatedFolder(folder.path("scenes")) { _ in }, split: .all, to: records)
    var options = TrainingOptions()
    options.width = detector.width
    options.batchSize = 2
    options.maxStep = 4
    options.seed = 11
    let graph = try DetectionGraph(detector, options: options, input: input)
      .training(records: records)

    func files(threads: Int) throws -> [String: [UInt8]] {
      let run = folder.path("threads_\(threads)")
      let loop = try TrainingLoop(
        TrainingGraph(graph), folder: run,
        options: .init(maxStep: options.maxStep, summaryEvery: 1), threads: threads)
      #expect(try loop.run() == .finished)
      var files: [String: [UInt8]] = [:]
      for name in try FileSystem.list(run)
      where name == "metrics.csv" || name.hasPrefix("model.ckpt-4.") {
        files[name] = try FileSystem.read("\(run)/\(name)")
      }
      return files
    }
    let one = try files(threads: 1)
    #expect(one.count >= 3)
    for threads in [2, 4] {
      let several = try files(threads: threads)
      #expect(one.keys.sorted() == several.keys.sorted())
      for (name, bytes) in one {
        #expect(several[name] == bytes, "\(name) with \(threads) threads")
      }
    }
  }
}
