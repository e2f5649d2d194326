"""Writes op_definitions.json: TensorFlow's definition of every op that the engine knows.

    python op_definitions.py
"""

from tensorflow_oracle import *

OPS = """
Const Placeholder PlaceholderWithDefault Identity StopGradient PreventGradient NoOp
VariableV2 Assign AssignAdd AssignSub IsVariableInitialized
VarHandleOp ReadVariableOp AssignVariableOp AssignAddVariableOp AssignSubVariableOp
VarIsInitializedOp
ApplyGradientDescent ApplyMomentum ApplyAdam
ResourceApplyGradientDescent ResourceApplyMomentum ResourceApplyAdam
ApplyAdagrad ApplyRMSProp ResourceApplyAdagrad ResourceApplyRMSProp
Variable VariableShape DestroyResourceOp Print
Add AddV2 AddN Sub Mul RealDiv Div DivNoNan FloorDiv FloorMod Maximum Minimum Pow SquaredDifference
Neg Abs Sign Exp Log Sqrt Rsqrt Square Reciprocal Inv Tanh Sigmoid Floor Ceil Round
Relu Relu6 LeakyRelu Elu Softplus Softmax LogSoftmax
ReluGrad Relu6Grad LeakyReluGrad EluGrad SoftplusGrad TanhGrad SigmoidGrad SqrtGrad RsqrtGrad
ReciprocalGrad InvGrad
Equal NotEqual Less LessEqual Greater GreaterEqual LogicalAnd LogicalOr LogicalNot
Select SelectV2 Where Cast
Shape ShapeN Size Rank Reshape Transpose ExpandDims Squeeze ConcatV2 ConcatOffset Split SplitV
Pack Unpack Slice StridedSlice StridedSliceGrad GatherV2 GatherNd ScatterNd Pad PadV2 MirrorPad
MirrorPadGrad Tile Fill Range ZerosLike OnesLike OneHot BroadcastTo BroadcastGradientArgs
Bitcast CheckNumerics ClipByValue Concat ConjugateTranspose EnsureShape Gather GuaranteeConst
IdentityN ReverseV2 SegmentSum Snapshot Unique
Acos Asin Atan Cos Cosh Erf Erfc Expm1 IsFinite IsInf IsNan Log1p Mod Rint Sin Sinh Tan TruncateDiv
TruncateMod Selu SeluGrad Softsign SoftsignGrad
DynamicStitch InvertPermutation UnsortedSegmentSum ListDiff
ArgMax ArgMin TopKV2 Sum Mean Prod Max Min All Any Cumsum Cumprod
MatMul BatchMatMulV2 BiasAdd BiasAddGrad
Conv2D Conv2DBackpropInput Conv2DBackpropFilter
DepthwiseConv2dNative DepthwiseConv2dNativeBackpropInput DepthwiseConv2dNativeBackpropFilter
MaxPool MaxPoolGrad MaxPoolGradGrad AvgPool AvgPoolGrad
FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3
FusedBatchNormGrad FusedBatchNormGradV2 FusedBatchNormGradV3
L2Loss SoftmaxCrossEntropyWithLogits SparseSoftmaxCrossEntropyWithLogits
RandomUniform RandomUniformInt RandomStandardNormal TruncatedNormal RandomShuffle
Assert DecodeJpeg DecodeAndCropJpeg DecodeImage DecodePng EncodeJpeg EncodePng
ResizeBilinear ResizeBilinearGrad ResizeNearestNeighbor ResizeNearestNeighborGrad AdjustContrastv2
ParseSingleExample ParseExample ParseExampleV2 DecodeRaw
NonMaxSuppression NonMaxSuppressionV2 NonMaxSuppressionV3 NonMaxSuppressionV4 NonMaxSuppressionV5
ScalarSummary HistogramSummary ImageSummary MergeSummary
SaveV2 RestoreV2 MergeV2Checkpoints ReadFile WriteFile
PartitionedCall StatefulPartitionedCall
TensorDataset TensorSliceDataset RangeDataset TFRecordDataset
MapDataset ParallelMapDataset ParallelMapDatasetV2 FlatMapDataset
ShuffleDataset ShuffleDatasetV2 ShuffleDatasetV3 DummySeedGenerator AnonymousSeedGenerator
RepeatDataset BatchDatasetV2 PrefetchDataset ShardDataset ZipDataset
TakeDataset SkipDataset ConcatenateDataset OptionsDataset ModelDataset OptimizeDataset
Iterator IteratorV2 OneShotIterator MakeIterator IteratorGetNext IteratorGetNextSync
IteratorToStringHandle IteratorFromStringHandleV2
FIFOQueue FIFOQueueV2 PaddingFIFOQueue PaddingFIFOQueueV2 RandomShuffleQueue RandomShuffleQueueV2
QueueEnqueue QueueEnqueueV2 QueueEnqueueMany QueueEnqueueManyV2 QueueDequeue QueueDequeueV2
QueueDequeueMany QueueDequeueManyV2 QueueDequeueUpTo QueueDequeueUpToV2 QueueClose QueueCloseV2
QueueSize QueueSizeV2 QueueIsClosedV2
TFRecordReaderV2 WholeFileReaderV2 ReaderReadV2 ReaderReadUpToV2 ReaderNumRecordsProducedV2
ReaderNumWorkUnitsCompletedV2 ReaderResetV2 CountUpTo ResourceCountUpTo
""".split()


def encode_argument(argument):
    result = {"name": argument.name}
    if argument.type:
        result["type"] = type_name(argument.type)
    for field in ("type_attr", "number_attr", "type_list_attr", "is_ref"):
        if getattr(argument, field):
            result[field] = getattr(argument, field)
    return result


def encode_attribute(attribute):
    result = {"name": attribute.name, "type": attribute.type}
    if attribute.HasField("default_value"):
        result["default"] = encode_attr(attribute.default_value)
    if attribute.HasField("allowed_values"):
        result["allowed"] = encode_attr(attribute.allowed_values)["list"]
    if attribute.has_minimum:
        result["minimum"] = attribute.minimum
    return result


def encode_definition(name):
    definition = op_def(name)
    result = {
        "name": name,
        "inputs": [encode_argument(a) for a in definition.input_arg],
        "outputs": [encode_argument(a) for a in definition.output_arg],
        "attrs": [encode_attribute(a) for a in definition.attr],
    }
    for flag in ("is_commutative", "is_aggregate", "is_stateful", "allows_uninitialized_input"):
        if getattr(definition, flag):
            result[flag] = True
    if definition.HasField("deprecation"):
        result["deprecated"] = {
            "version": definition.deprecation.version,
            "explanation": definition.deprecation.explanation}
    types = {
        a.name: [t.name for t in cpu_types(name, a.name)]
        for a in definition.attr if a.type == "type"}
    if types:
        result["cpu_types"] = types
    return result


if __name__ == "__main__":
    write_lines("op_definitions.json", [encode_definition(name) for name in sorted(OPS)])
