import Synchronization

/// Every op type of the engine: an op is its file and one line here.
enum Registry {
  static let array: [any Op.Type] = [
    Const.self, Placeholder.self, PlaceholderWithDefault.self, Identity.self, StopGradient.self,
    NoOp.self, Assert.self, Print.self, Reshape.self, ShapeOf.self, ZerosLike.self, OnesLike.self,
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
    Add.self, AddV2.self, AddN.self, Sub.self, Mul.self, RealDiv.self, Div.self, DivNoNan.self,
    FloorDiv.self, TruncateDiv.self, FloorMod.self, TruncateMod.self, Mod.self, Maximum.self,
    Minimum.self, Pow.self, SquaredDifference.self,
    Neg.self, Abs.self, Sign.self, Exp.self, Expm1.self, Log.self, Log1p.self, Sqrt.self,
    SqrtGrad.self, Rsqrt.self, RsqrtGrad.self, Square.self, Reciprocal.self, ReciprocalGrad.self,
    Inv.self, InvGrad.self, Sin.self, Cos.self, Tan.self, Asin.self, Acos.self, Atan.self,
    Sinh.self, Cosh.self, Erf.self, Erfc.self, Tanh.self, TanhGrad.self, Sigmoid.self,
    SigmoidGrad.self, Floor.self, Ceil.self, Rint.self, Round.self, IsNan.self, IsInf.self,
    IsFinite.self, Cast.self,
    Relu.self, ReluGrad.self, Relu6.self, Relu6Grad.self, LeakyRelu.self, LeakyReluGrad.self,
    Elu.self, EluGrad.self, Selu.self, SeluGrad.self, Softplus.self, SoftplusGrad.self,
    Softsign.self, SoftsignGrad.self, Softmax.self, LogSoftmax.self,
    Equal.self, NotEqual.self, Less.self, LessEqual.self, Greater.self, GreaterEqual.self,
    LogicalAnd.self, LogicalOr.self, LogicalNot.self, Select.self, SelectV2.self,
    Sum.self, Mean.self, Prod.self, Max.self, Min.self, AllOf.self, AnyOf.self, ArgMax.self,
    ArgMin.self, TopKV2.self, Cumsum.self, Cumprod.self, SegmentSum.self,
    L2Loss.self, SoftmaxCrossEntropyWithLogits.self, SparseSoftmaxCrossEntropyWithLogits.self,
    ClipByValue.self, BroadcastGradientArgs.self,
  ]

  static let state: [any Op.Type] = [
    VariableV2.self, Assign.self, VarHandleOp.self, ReadVariableOp.self, AssignVariableOp.self,
    VariableV1.self, AssignAdd.self, AssignSub.self, AssignAddVariableOp.self,
    AssignSubVariableOp.self, IsVariableInitialized.self, VarIsInitializedOp.self,
    VariableShape.self, DestroyResourceOp.self, CountUpTo.self, ResourceCountUpTo.self,
  ]

  static let queue: [any Op.Type] = [
    FIFOQueueV2.self, PaddingFIFOQueueV2.self, RandomShuffleQueueV2.self, QueueEnqueueV2.self,
    QueueEnqueueManyV2.self, QueueDequeueV2.self, QueueDequeueManyV2.self, QueueDequeueUpToV2.self,
    QueueCloseV2.self, QueueIsClosedV2.self, QueueSizeV2.self,
    FIFOQueue.self, PaddingFIFOQueue.self, RandomShuffleQueue.self, QueueEnqueue.self,
    QueueEnqueueMany.self, QueueDequeue.self, QueueDequeueMany.self, QueueDequeueUpTo.self,
    QueueClose.self, QueueSize.self,
    TFRecordReaderV2.self, WholeFileReaderV2.self, ReaderReadV2.self, ReaderReadUpToV2.self,
    ReaderNumRecordsProducedV2.self, ReaderNumWorkUnitsCompletedV2.self, ReaderResetV2.self,
  ]

  static let network: [any Op.Type] = [
    MatMul.self, BatchMatMulV2.self, BiasAdd.self, BiasAddGrad.self, Conv2D.self,
    Conv2DBackpropInput.self, Conv2DBackpropFilter.self, DepthwiseConv2D.self,
    DepthwiseConv2DBackpropInput.self, DepthwiseConv2DBackpropFilter.self, MaxPool.self,
    MaxPoolGrad.self, MaxPoolGradGrad.self, AvgPool.self, AvgPoolGrad.self, FusedBatchNorm.self,
    FusedBatchNormV2.self, FusedBatchNormV3.self, FusedBatchNormGrad.self,
    FusedBatchNormGradV2.self, FusedBatchNormGradV3.self,
  ]

  static let random: [any Op.Type] = [
    RandomUniform.self, RandomStandardNormal.self, TruncatedNormal.self, RandomUniformInt.self,
    RandomShuffle.self,
  ]

  static let image: [any Op.Type] = [
    DecodeJPEG.self, DecodeAndCropJPEG.self, DecodePNG.self, DecodeImage.self, EncodeJPEG.self,
    EncodePNG.self, ResizeBilinear.self, ResizeBilinearGrad.self, ResizeNearestNeighbor.self,
    ResizeNearestNeighborGrad.self, AdjustContrast.self, NonMaxSuppression.self,
    NonMaxSuppressionV2.self, NonMaxSuppressionV3.self, NonMaxSuppressionV4.self,
    NonMaxSuppressionV5.self,
  ]

  static let inputOutput: [any Op.Type] = [
    ReadFile.self, WriteFile.self, DecodeRaw.self, ParseSingleExample.self, ParseExample.self,
    ParseExampleV2.self, SaveV2.self, RestoreV2.self, MergeV2Checkpoints.self,
    ScalarSummary.self, HistogramSummary.self, ImageSummary.self, MergeSummary.self,
  ]

  static let functions: [any Op.Type] = [PartitionedCall.self, StatefulPartitionedCall.self]

  static let data: [any Op.Type] = [
    TensorDataset.self, TensorSliceDataset.self, RangeDataset.self, TFRecordDataset.self,
    MapDataset.self, ParallelMapDataset.self, ParallelMapDatasetV2.self, FlatMapDataset.self,
    ShuffleDataset.self, ShuffleDatasetV2.self, ShuffleDatasetV3.self, DummySeedGenerator.self,
    AnonymousSeedGenerator.self, RepeatDataset.self, BatchDatasetV2.self,
    PrefetchDataset.self, ShardDataset.self, ZipDataset.self, TakeDataset.self,
    SkipDataset.self, ConcatenateDataset.self, OptionsDataset.self, ModelDataset.self,
    OptimizeDataset.self, IteratorV1.self, IteratorV2.self, OneShotIterator.self,
    MakeIterator.self, IteratorGetNext.self, IteratorGetNextSync.self,
    IteratorToStringHandle.self, IteratorFromStringHandleV2.self,
  ]

  static let training: [any Op.Type] = [
    ApplyGradientDescent.self, ApplyMomentum.self, ApplyAdam.self, ApplyAdagrad.self,
    ApplyRMSProp.self, ResourceApplyGradientDescent.self, ResourceApplyMomentum.self,
    ResourceApplyAdam.self, ResourceApplyAdagrad.self, ResourceApplyRMSProp.self,
  ]

  /// All op types, by family.
  static let all: [any Op.Type] =
    array + math + state + queue + network + random + image + inputOutput + functions + data
    + training

  private static let types: [String: any Op.Type] = Dictionary(
    all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })

  // A definition takes long to make, measured by the start of a program; most need a few of them.
  private static let made = Mutex<[String: OpDefinition]>([:])

  /// What is known of the op type with TensorFlow's name `name`, or `nil` when the engine lacks it.
  static func definition(_ name: String) -> OpDefinition? {
    if let definition = made.withLock({ $0[name] }) { return definition }
    guard let type = types[name] else { return nil }
    let definition = OpDefinition(type)
    made.withLock { $0[name] = definition }
    return definition
  }

  /// All definitions in the order of their names.
  static var definitions: [OpDefinition] {
    types.keys.sorted().compactMap { definition($0) }
  }
}
