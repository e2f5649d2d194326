import Nagare
import NagareDetection
import TestSupport
import Testing

/// The whole chain: scenes, packing, loading, training, checkpoint, evaluation.
struct OverfittingTests {
  @Test(arguments: [(Detector.Kind.grid, 2000), (.multibox, 1600)])
  func thirtyTwoScenesAreLearntByHeart(kind: Detector.Kind, lastStep: Int) throws {
    let folder = try TemporaryFolder()
    let detector = try Detector(kind, classCount: 1, width: 0.125, pictureSize: 96)
    try SceneGenerator(seed: 5, difficulty: 0).write(count: 32, to: folder.path("scenes"))
    let annotated = try AnnotatedFolder(folder.path("scenes")) { _ in }
    let records = folder.path("scenes.tfrecord")
    _ = try DatasetPacker(kind.matcher(pictureSize: detector.pictureSize, threshold: 0.2))
      .pack(annotated, split: .all, to: records)

    var options = TrainingOptions()
    options.width = detector.width
    options.batchSize = 8
    options.learningRate = 0.003
    options.maxStep = lastStep
    options.distorts = false
    options.seed = 3
    let data = try DetectionData(records, detector: detector, seed: options.seed)
    let run = folder.path("run")
    do {
      let loop = try TrainingLoop(
        detector: data, labels: annotated.labels, folder: run, options: options)
      let ending = try loop.run(shouldStop: { loop.step >= lastStep / 2 })
      #expect(ending == .stopped)
      #expect(loop.step == lastStep / 2)
    }
    // The rest after a restart, from the checkpoint.
    let loop = try TrainingLoop(
      detector: data, labels: annotated.labels, folder: run, options: options)
    #expect(loop.step == lastStep / 2)
    #expect(try loop.run() == .finished)

    let model = try DetectorModel(checkpoint: run, pictureSize: 96)
    let result = try model.evaluate(
      data, labels: annotated.labels,
      suppression: kind == .multibox ? .merge(overlap: 0.05) : nil)
    let precision = try #require(result.mean)
    #expect(precision >= 0.95, "\(result.table)")
  }
}
