/// Every op type of the engine: an op is its file and one line here.
enum Registry {
  static let array: [any Op.Type] = [
    Const.self, Placeholder.self, PlaceholderWithDefault.self, Identity.self, StopGradient.self,
    NoOp.self, Reshape.self, ShapeOf.self, ZerosLike.self, OnesLike.self,
    Rank.self, RangeOp.self, GatherV2.self, BroadcastTo.self, DynamicStitch.self,
    PreventGradient.self, GuaranteeConst.self, Snapshot.self, IdentityN.self, EnsureShape.self,
    SizeOf.self, ShapeN.self, Transpose.self, ConjugateTranspose.self, InvertPermutation.self,
    ExpandDims.self, Squeeze.self, ConcatV2.self, Concat.self, ConcatOffset.self, Split.self,
    SplitV.self, Pack.self, Unpack.self, SliceOp.self, StridedSlice.self, StridedSliceGrad.self,
    Gather.self, GatherNd.self, ScatterNd.self, Pad.self, PadV2.self, MirrorPad.self,
    MirrorPadGrad.self, Tile.self, Fill.self, OneHot.self, Where.self, ReverseV2.self,
    UnsortedSegmentSum.self, CheckNumerics.self, Unique.self, ListDiff.self, Bitcast.self,
  ]

  static let math: [any Op.Type] = [
    Add.self, AddV2.self, AddN.self, Mul.self, Neg.self, FloorDiv.self, FloorMod.self, Exp.self,
    Sum.self, BroadcastGradientArgs.self,
  ]

  static let state: [any Op.Type] = [
    VariableV2.self, Assign.self, VarHandleOp.self, ReadVariableOp.self, AssignVariableOp.self,
  ]

  static let network: [any Op.Type] = [
    MatMul.self, BatchMatMulV2.self, BiasAdd.self, BiasAddGrad.self, Conv2D.self,
    Conv2DBackpropInput.self, Conv2DBackpropFilter.self, DepthwiseConv2D.self,
    DepthwiseConv2DBackpropInput.self, DepthwiseConv2DBackpropFilter.self, MaxPool.self,
    MaxPoolGrad.self, MaxPoolGradGrad.self, AvgPool.self, AvgPoolGrad.self, FusedBatchNorm.self,
    FusedBatchNormV2.self, FusedBatchNormV3.self, FusedBatchNormGrad.self,
    FusedBatchNormGradV2.self, FusedBatchNormGradV3.self,
  ]

  static let random: [any Op.Type] = []

  static let image: [any Op.Type] = [
    DecodeJPEG.self, DecodeAndCropJPEG.self, DecodePNG.self, DecodeImage.self, EncodeJPEG.self,
    EncodePNG.self, ResizeBilinear.self, ResizeBilinearGrad.self, ResizeNearestNeighbor.self,
    ResizeNearestNeighborGrad.self, AdjustContrast.self,
  ]

  static let inputOutput: [any Op.Type] = [
    ReadFile.self, WriteFile.self, DecodeRaw.self, ParseSingleExample.self, ParseExample.self,
    ScalarSummary.self, HistogramSummary.self, ImageSummary.self, MergeSummary.self,
  ]

  static let training: [any Op.Type] = []

  /// All op types, by family.
  static let all: [any Op.Type] =
    array + math + state + network + random + image + inputOutput + training

  private static let byName: [String: OpDefinition] = {
    var definitions: [String: OpDefinition] = [:]
    for type in all { definitions[type.name] = OpDefinition(type) }
    return definitions
  }()

  /// What is known of the op type with TensorFlow's name `name`, or `nil` when the engine lacks it.
  static func definition(_ name: String) -> OpDefinition? { byName[name] }

  /// All definitions in the order of their names.
  static var definitions: [OpDefinition] { byName.values.sorted { $0.name < $1.name } }
}
