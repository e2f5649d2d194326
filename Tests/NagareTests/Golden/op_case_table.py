"""How a line of op_cases.py becomes a case: TensorFlow is asked for everything that is expected.

A case is one node. Its JSON holds
  op, name, attrs (those that differ from their defaults), inputs (a list within the list is a list
  argument), outputs (null: not compared), tolerance (exact, ulp, relative, png, jpeg, summary);
  shapes: the inferred shapes of the outputs, once a mode: const (every input a Const), full
    (placeholders of the full shape), partial (placeholders whose first dimension is unknown, index
    arguments, which `indices` lists, Const), unknown (placeholders of unknown rank). A mode that is left out equals the one
    before it; a missing `const` equals the shapes of the outputs;
  again: the outputs of the following runs in the same session, for random ops;
  weights, gradients: d sum(outputs · weights) / d inputs, one entry a flat input or output, null
    where there is none; finite_differences: TensorFlow's own gradient passes that check;
  second: the same of sum(gradients · weights), or the op without a gradient that ended it;
  error: {build, run} with code and message ({name} is the node's; python: the text of TensorFlow's
    Python interface where that checks first), for a node that must be refused,
    and when: "const" if TensorFlow refuses to add it only with constant inputs, "always" if even
    with inputs of unknown shape;
  emulated: computed by TensorFlow in NHWC between transposes or with zeros within the filter, as its
    CPU kernel has no NCHW or no dilations.
"""

import re
import zlib

from tensorflow_oracle import *
from tensorflow.python.framework import op_def_library

FLOATS = [f32, f64]
MODES = ["const", "full", "partial", "unknown"]

families = {}
current = None
gradient_ops = set()
second_order_done = set()
report = []
failures = []


def family(name):
    global current
    current = families.setdefault(name, [])


class R:
    """Seeded random values of a shape, of the type of the case unless `dtype` says otherwise."""

    def __init__(self, *shape, lo=None, hi=None, dtype=None):
        self.shape, self.lo, self.hi, self.dtype = shape, lo, hi, dtype

    def resolve(self, dtype, key):
        dtype = self.dtype or dtype
        random = np.random.RandomState(zlib.crc32(key.encode()))
        if dtype == boolean:
            return random.rand(*self.shape) > 0.5
        if dtype == string:
            words = np.array([b"", b"a", b"flow", b"na ga re", b"\xe6\xb5\x81"], object)
            result = np.empty(self.shape, object)
            result[...] = words[random.randint(0, len(words), self.shape)]
            return result
        lo = self.lo
        hi = self.hi
        if dtype.is_integer:
            lo = -9 if lo is None else lo
            hi = 9 if hi is None else hi
            if dtype.is_unsigned:
                lo = max(lo, 0)
            values = random.randint(int(math.ceil(lo)), int(hi) + 1, self.shape)
        else:
            values = np.round(random.uniform(
                -2 if lo is None else lo, 2 if hi is None else hi, self.shape), 2)
        return np.asarray(values, dtype.as_numpy_dtype)


class V:
    """Chosen values, converted to the type of the case."""

    def __init__(self, values, dtype=None):
        self.values, self.dtype = values, dtype

    def resolve(self, dtype, key):
        dtype = self.dtype or dtype
        if dtype == string:
            return np.vectorize(lambda v: str(v).encode(), otypes=[object])(self.values)
        values = np.array(self.values)
        if dtype.is_integer and dtype.is_unsigned:
            values = np.abs(values)
        return values.astype(dtype.as_numpy_dtype)


class Extremes:
    """The largest, smallest, largest, smallest value of the case's integer type, 1 and 0."""

    dtype = None

    def resolve(self, dtype, key):
        return np.array([dtype.max, dtype.min, dtype.max, dtype.min, 1, 0], dtype.as_numpy_dtype)


def resolve(value, dtype, key):
    if isinstance(value, tuple):
        return [resolve(v, dtype, f"{key}/{i}") for i, v in enumerate(value)]
    if hasattr(value, "resolve"):
        return value.resolve(dtype, key)
    if isinstance(value, (np.ndarray, np.generic)):
        return np.asarray(value)
    array = np.array(value)
    if array.dtype.kind in "SU" or (isinstance(value, list) and array.dtype == object):
        encode = np.vectorize(lambda v: v.encode() if isinstance(v, str) else v, otypes=[object])
        source = np.empty(array.shape, object)
        source[...] = value
        return encode(source) if source.size else source
    if array.dtype.kind == "f":
        return array.astype(np.float32)
    if array.dtype.kind == "i":
        return array.astype(np.int32)
    return array


def needs_type(value):
    if isinstance(value, tuple):
        return any(needs_type(v) for v in value)
    return hasattr(value, "resolve") and value.dtype is None


def case(op, *inputs, label="", types=None, by="T", tolerance=None, gradient=True, **options):
    """One case, or one for each type in `types` (TensorFlow's CPU types) where inputs leave it open."""
    if any(needs_type(v) for v in inputs):
        possible = cpu_types(op, by)
        for dtype in possible if types is None else [t for t in types if t in possible]:
            add_case(op, inputs, label, dtype, tolerance, gradient, options)
    else:
        add_case(op, inputs, label, None, tolerance, gradient, options)


def refused(op, *inputs, label, dtype=f32, **options):
    """A node that TensorFlow refuses, when it is added or when it runs."""
    definition = op_def(op)
    is_inferred = any(a.type_attr == "dtype" for a in definition.input_arg)
    if not is_inferred and any(
            a.name == "dtype" and not a.HasField("default_value") for a in definition.attr):
        options["dtype"] = dtype
    add_case(op, inputs, label, dtype, None, False, options, is_refused=True)


def add_case(op, inputs, label, dtype, tolerance, gradient, options, is_refused=False):
    options = dict(options)
    words = [label, "" if is_refused or dtype is None else dtype.name]
    name = " ".join([op] + [w for w in words if w])
    arrays = [resolve(v, dtype, f"{name}/{i}") for i, v in enumerate(inputs)]
    if any(c["name"] == name for c in current):
        raise ValueError(f"two cases are called {name}")
    settings = {
        key: options.pop(key) for key in
        ("runs", "fixed", "images", "image_outputs", "sizes", "ignore", "gradient_of", "second")
        if key in options}
    attrs = {k: (dtype if v is SELF else v) for k, v in options.items()}
    try:
        current.append(
            evaluate(op, name, arrays, attrs, tolerance, gradient, is_refused, settings))
    except ValueError as error:
        failures.append(str(error) if name in str(error) else f"{name}: {error}")


SELF = object()
"""As an attribute's value: the type of the case."""


# Tolerances


EXACT = set("""
Const Placeholder PlaceholderWithDefault Identity StopGradient PreventGradient Add AddV2 Sub Mul
Maximum Minimum Neg Abs Sign Square SquaredDifference RealDiv Div FloorDiv Floor Ceil Round Relu
Relu6 ReluGrad Relu6Grad LeakyRelu LeakyReluGrad Select SelectV2 Cast Reshape Transpose ExpandDims
Squeeze ConcatV2 Split SplitV Pack Unpack Slice StridedSlice StridedSliceGrad GatherV2 GatherNd
Pad PadV2 MirrorPad Tile Fill ZerosLike OnesLike OneHot BroadcastTo DynamicStitch TopKV2 Max Min
MaxPool MaxPoolGrad MaxPoolGradGrad RandomUniform RandomShuffle ListDiff ResizeNearestNeighbor
DecodeRaw ParseSingleExample Sqrt
""".split())

RELATIVE = set("""
AddN Sum Mean Prod Cumsum Cumprod MatMul BatchMatMulV2 BiasAddGrad Conv2D Conv2DBackpropInput
Conv2DBackpropFilter DepthwiseConv2dNative DepthwiseConv2dNativeBackpropInput
DepthwiseConv2dNativeBackpropFilter AvgPool AvgPoolGrad FusedBatchNorm FusedBatchNormV2
FusedBatchNormV3 FusedBatchNormGrad FusedBatchNormGradV2 FusedBatchNormGradV3 L2Loss Softmax
LogSoftmax SoftmaxCrossEntropyWithLogits SparseSoftmaxCrossEntropyWithLogits ResizeBilinear
ResizeBilinearGrad ResizeNearestNeighborGrad AdjustContrastv2 UnsortedSegmentSum ScatterNd
BiasAdd Range MirrorPadGrad
""".split())


def tolerance_of(op, outputs):
    if not any(o is not None and o.dtype.kind == "f" for o in outputs) or op in EXACT:
        return "exact"
    return "relative" if op in RELATIVE else "ulp"


# Evaluation


def flatten(values):
    result = []
    for value in values:
        result.extend(value) if isinstance(value, list) else result.append(value)
    return result


def is_index(op, argument):
    """Whether an input argument says where, not what: its type can only be int16, int32 or int64."""
    integers = {t.as_datatype_enum for t in (i16, i32, i64, u16)}
    if argument.type:
        return argument.type in integers
    for a in op_def(op).attr:
        if a.name == argument.type_attr and a.allowed_values.list.type:
            return set(a.allowed_values.list.type) <= integers
    return False


def place(array, mode, index):
    dtype = string if array.dtype == object else tf.as_dtype(array.dtype)
    if mode == "const" or (mode in ("partial", "gradient") and index):
        return tf.constant(array, dtype, shape=array.shape), None
    shape = list(array.shape)
    if mode == "partial" and shape:
        shape[0] = None
    tensor = tf.placeholder(dtype, None if mode == "unknown" else shape)
    return tensor, tensor


def place_all(op, arrays, mode, fixed=()):
    """Inputs as tensors in the arguments' structure, and the flat list of placeholders."""
    tensors, placeholders = [], []
    for position, (argument, value) in enumerate(zip(op_def(op).input_arg, arrays)):
        index = is_index(op, argument) or position in fixed
        if isinstance(value, list):
            pairs = [place(v, mode, index) for v in value]
            tensors.append([p[0] for p in pairs])
            placeholders.extend(p[1] for p in pairs)
        else:
            tensor, placeholder = place(value, mode, index)
            tensors.append(tensor)
            placeholders.append(placeholder)
    return tensors, placeholders


def clean(message, node_name=None):
    detected = re.search(r"Graph execution error:.*?\nNode: '[^']*'\n(.*)", message, re.DOTALL)
    if detected:
        message = detected.group(1)
    message = re.sub(r"^Graph execution error:\s*", "", message)
    message = re.split(r" for '\{\{node | for '\S+' \(op: ", message)[0]
    # Some kernels repeat in parentheses what shape inference says when the node is added.
    message = re.sub(r" \((Shape|Dimensions?) must be [^)]*\)", "", message)
    message = re.split(r"\n\t ?\[\[|\n\t; NodeDef|; NodeDef:|\n\nOriginal stack", message)[0]
    message = re.sub(r"^\{\{function_node[^}]*\}\}( \{\{node [^}]*\}\})? ?", "", message)
    message = re.sub(r"\s*\[Op:\w+\]", "", message)
    message = message.split(" Debug info:")[0]
    if re.match("(Container|Resource) localhost", message):
        return ""
    message = re.sub(r"(?<=tensor )_arg_\w+ ", "", message)
    # The name that TensorFlow makes up for a queue counts the resources of the process.
    message = re.sub(r"'_\d+_", "'_N_", message)
    message = re.sub(r"(truncated record at \d+)' failed with .*", r"\1", message)
    # The engine reads fewer formats, and says which.
    message = re.sub(r"(Unknown image file format\.) One of .*", r"\1", message)
    if node_name:
        message = re.sub(rf"(?<!\w){re.escape(node_name)}(?!\w)", "{name}", message)
    return message.strip()


def build(op, tensors, attrs, name):
    try:
        return add_node(op, tensors, attrs, name), None
    except tf.errors.OpError as error:
        return None, {"code": error.error_code, "message": clean(error.message, name)}
    except (ValueError, TypeError) as error:
        return None, {"code": 3, "message": clean(str(error), name)}


def plain_value(value):
    """A Python value from an AttrValue that is neither a type nor a tensor."""
    kind = value.WhichOneof("value")
    if kind == "list":
        return list(value.list.s or value.list.i or value.list.f or value.list.type)
    return tf.TensorShape(value.shape) if kind == "shape" else getattr(value, kind)


def python_refusal(op, arrays, attrs):
    """What TensorFlow's Python interface says, which checks types before the C++ core does."""
    with tf.Graph().as_default():
        tensors, _ = place_all(op, arrays, "full")
        named = {
            a.name: plain_value(a.default_value) for a in op_def(op).attr
            if a.HasField("default_value") and a.type != "type"}
        named.update({a.name: t for a, t in zip(op_def(op).input_arg, tensors)})
        named.update(attrs)
        try:
            op_def_library._apply_op_helper(op, name="node_full", **named)
        except (ValueError, TypeError) as error:
            return clean(str(error), "node_full")
        except Exception:
            return None
    return None


def evaluate(op, name, arrays, attrs, tolerance, gradient, is_refused, settings):
    definition = op_def(op)
    if len(arrays) != len(definition.input_arg):
        raise ValueError(f"{name}: {len(arrays)} inputs, {len(definition.input_arg)} expected")
    defaults = {a.name: a.default_value for a in definition.attr if a.HasField("default_value")}
    complete = complete_attrs(op, arrays, attrs)
    result = {"name": name, "op": op}
    stored = {
        k: encode_attr(v) for k, v in complete.items() if k not in defaults or v != defaults[k]}
    if stored:
        result["attrs"] = stored
    result["inputs"] = [
        [encode_tensor(v) for v in value] if isinstance(value, list) else encode_tensor(value)
        for value in arrays]
    indices = [i for i, a in enumerate(definition.input_arg) if is_index(op, a)]
    if indices:
        result["indices"] = indices
    flat = flatten(arrays)
    with tf.Graph().as_default() as graph:
        nodes, errors, placeholders = {}, {}, {}
        for mode in MODES:
            tensors, placeholders[mode] = place_all(op, arrays, mode)
            nodes[mode], errors[mode] = build(op, tensors, attrs, f"node_{mode}")
        feeds = {
            mode: {p: a for p, a in zip(placeholders[mode], flat) if p is not None}
            for mode in MODES}
        with tf.Session(graph=graph, config=session_config()) as session:
            if is_refused:
                result["error"] = refusal(name, session, nodes, errors, feeds)
                built = result["error"].get("build")
                if built:
                    text = python_refusal(op, arrays, attrs)
                    if text and text != built["message"] and "inferred attr" not in text:
                        built["python"] = text
                return result
            for mode in MODES:
                if errors[mode]:
                    raise ValueError(f"{name} ({mode}): {errors[mode]}")
            node = nodes["unknown"]
            feed = feeds["unknown"]
            if is_dilated(attrs):
                return evaluate_emulated(
                    result, op, name, arrays, attrs, tolerance, gradient, settings, nodes)
            fetches = list(node.outputs) or [node]
            try:
                outputs = session.run(fetches, feed)
            except tf.errors.OpError as error:
                if "images" not in settings:
                    raise ValueError(f"{name}: {clean(error.message)}") from error
                return evaluate_emulated(
                    result, op, name, arrays, attrs, tolerance, gradient, settings, nodes)
            if not node.outputs:
                outputs = []
            outputs = [as_array(o) for o in outputs]
            describe(result, nodes, outputs, tolerance, settings)
            if settings.get("runs"):
                result["again"] = [
                    [encode_tensor(as_array(o)) for o in session.run(fetches, feed)]
                    for _ in range(settings["runs"] - 1)]
            if gradient and not settings.get("runs"):
                tensors, inputs = place_all(op, arrays, "gradient", settings.get("fixed", ()))
                node = add_node(op, tensors, attrs)
                feed = {p: a for p, a in zip(inputs, flat) if p is not None}
                differentiate(result, session, inputs, list(node.outputs), feed, settings)
    return result


def as_array(value):
    return np.array(value, object) if isinstance(value, (bytes, str)) else np.asarray(value)


def refusal(name, session, nodes, errors, feeds):
    error = {}
    if errors["const"] or errors["full"]:
        error["build"] = errors["full"] or errors["const"]
        if not errors["full"]:
            error["when"] = "const"
        if errors["unknown"]:
            error["when"] = "always"
    if nodes["unknown"] is not None:
        try:
            node = nodes["unknown"]
            session.run(list(node.outputs) or [node], feeds["unknown"])
            if not error:
                raise ValueError(f"{name} is not refused")
            report.append(f"{name}: refused only when built")
        except tf.errors.OpError as raised:
            error["run"] = {"code": raised.error_code, "message": clean(raised.message, node.name)}
    return error


def describe(result, nodes, outputs, tolerance, settings):
    ignored = settings.get("ignore", ())
    result["outputs"] = [
        None if i in ignored else encode_tensor(o) for i, o in enumerate(outputs)]
    result["tolerance"] = tolerance or tolerance_of(
        result["op"], [o for i, o in enumerate(outputs) if i not in ignored])
    before = [list(o.shape) for o in outputs]
    shapes = {}
    for mode in MODES:
        found = [encode_shape(o.shape) for o in nodes[mode].outputs]
        if found != before:
            shapes[mode] = before = found
    if shapes:
        result["shapes"] = shapes


def seeded(key, shape, dtype):
    random = np.random.RandomState(zlib.crc32(key.encode()))
    return np.asarray(np.round(random.uniform(-1, 1, shape), 2), dtype.as_numpy_dtype)


def optional_tensor(array):
    return None if array is None else encode_tensor(array)


def gradients_of(ys, xs, weights):
    found = tf.gradients(ys, xs, grad_ys=weights)
    return [None if g is None else tf.convert_to_tensor(g) for g in found]


def differentiate(result, session, inputs, outputs, feed, settings):
    """Adds weights and gradients to `result`; `inputs` are placeholders."""
    name = result["name"]
    wanted = settings.get("gradient_of", range(len(outputs)))
    positions = [i for i, y in enumerate(outputs) if y.dtype in FLOATS and i in wanted]
    xs = [x for x in inputs if x is not None and x.dtype in FLOATS]
    if not positions or not xs:
        return
    ys = [outputs[i] for i in positions]
    values = session.run(ys, feed)
    weights = [seeded(f"{name}/w{i}", v.shape, y.dtype)
               for i, v, y in zip(positions, values, ys)]
    before = set(session.graph.get_operations())
    try:
        gradients = gradients_of(ys, xs, [tf.constant(w) for w in weights])
    except LookupError:
        return
    except Exception as error:
        report.append(f"{name}: no gradient: {str(error)[:200]}")
        return
    if all(g is None for g in gradients):
        return
    gradient_ops.update(o.type for o in session.graph.get_operations() if o not in before)
    present = [g for g in gradients if g is not None]
    try:
        found = session.run(present, feed)
    except tf.errors.OpError as error:
        report.append(f"{name}: gradient fails: {clean(error.message)}")
        return
    iterator = iter(found)
    by_input = {x: None if g is None else next(iterator) for x, g in zip(xs, gradients)}
    result["weights"] = [
        encode_tensor(weights[positions.index(i)]) if i in positions else None
        for i in range(len(outputs))]
    result["gradients"] = [optional_tensor(None if x is None else by_input.get(x)) for x in inputs]
    if any(x.dtype != f64 for x in xs) and f64 in cpu_types(result["op"]):
        return
    check_finite_differences(result, session, xs, ys, weights, feed, by_input)
    if result["op"] not in second_order_done and result.get("finite_differences"):
        if settings.get("second", True):
            second_order_done.add(result["op"])
            differentiate_twice(result, session, inputs, xs, present, found, feed)


def check_finite_differences(result, session, xs, ys, weights, feed, by_input):
    name = result["name"]
    # Ops that have no float64 kernel are differenced coarsely.
    is_exact = all(t.dtype == f64 for t in xs + ys)
    step, bound = (1e-6, 1e-5) if is_exact else (1e-2, 2e-2)
    xs = [x for x in xs if by_input[x] is not None]
    directions = {x: seeded(f"{name}/d{i}", feed[x].shape, x.dtype) for i, x in enumerate(xs)}

    def loss(sign):
        moved = dict(feed)
        for x in xs:
            moved[x] = (feed[x] + sign * step * directions[x]).astype(feed[x].dtype)
        return sum(float(np.sum(v * w)) for v, w in zip(session.run(ys, moved), weights))

    try:
        slope = (loss(1) - loss(-1)) / (2 * step)
    except tf.errors.OpError:
        return
    expected = sum(
        float(np.sum(g * directions[x])) for x, g in by_input.items() if g is not None)
    if abs(slope - expected) <= bound * max(1, abs(slope)):
        result["finite_differences"] = True
    else:
        report.append(f"{name}: finite differences {slope} gradient {expected}")


def differentiate_twice(result, session, inputs, xs, gradients, values, feed):
    name = result["name"]
    weights = [seeded(f"{name}/u{i}", v.shape, g.dtype)
               for i, (g, v) in enumerate(zip(gradients, values))]
    before = set(session.graph.get_operations())
    try:
        second = gradients_of(gradients, xs, [tf.constant(u) for u in weights])
    except LookupError as error:
        missing = re.search(r"\(op type: (\w+)\)", str(error))
        result["second"] = {"undefined": missing.group(1) if missing else str(error)}
        return
    except Exception as error:
        report.append(f"{name}: second order: {error}")
        return
    gradient_ops.update(o.type for o in session.graph.get_operations() if o not in before)
    present = [g for g in second if g is not None]
    found = iter(session.run(present, feed))
    by_input = {x: None if g is None else next(found) for x, g in zip(xs, second)}
    result["second"] = {
        "weights": [encode_tensor(u) for u in weights],
        "gradients": [optional_tensor(None if x is None else by_input.get(x)) for x in inputs]}


# What TensorFlow's CPU kernels lack: NCHW, and gradients of dilated convolutions


def to_nhwc(values):
    return [values[0], values[2], values[3], values[1]]


def spread(filters, height, width):
    """The filter with zeros between its rows and columns: dilation as an ordinary convolution."""
    h, w, i, o = filters.shape.as_list()
    x = tf.reshape(filters, [h, 1, w, 1, i, o])
    x = tf.pad(x, [[0, 0], [0, height - 1], [0, 0], [0, width - 1], [0, 0], [0, 0]])
    x = tf.reshape(x, [h * height, w * width, i, o])
    return x[:(h - 1) * height + 1, :(w - 1) * width + 1]


def is_dilated(attrs):
    return any(d != 1 for d in attrs.get("dilations", ()))


def evaluate_emulated(result, op, name, arrays, attrs, tolerance, gradient, settings, nodes):
    images, image_outputs = settings.get("images", ()), settings.get("image_outputs", ())
    attrs = dict(attrs, data_format="NHWC") if images else dict(attrs)
    for key in ("strides", "ksize", "dilations"):
        if key in attrs and images:
            attrs[key] = to_nhwc(attrs[key])
    if attrs.get("explicit_paddings") and images:
        pairs = np.reshape(attrs["explicit_paddings"], (4, 2)).tolist()
        attrs["explicit_paddings"] = flatten(to_nhwc(pairs))
    dilation = attrs["dilations"][1:3] if is_dilated(attrs) else None
    to_filter = op.endswith("BackpropFilter")
    if dilation:
        attrs["dilations"] = [1, 1, 1, 1]
    with tf.Graph().as_default() as graph:
        placeholders = [tf.placeholder(a.dtype, a.shape) for a in arrays]
        inputs = []
        for i, p in enumerate(placeholders):
            if i in images:
                p = tf.transpose(p, [0, 2, 3, 1])
            elif i in settings.get("sizes", ()):
                p = tf.constant(to_nhwc(list(arrays[i])) if images else arrays[i], p.dtype)
            elif i == 1 and dilation and to_filter:
                h, w, *depths = arrays[i]
                size = [(h - 1) * dilation[0] + 1, (w - 1) * dilation[1] + 1, *depths]
                p = tf.constant(size, p.dtype)
            elif i == 1 and dilation:
                p = spread(p, *dilation)
            inputs.append(p)
        node = add_node(op, inputs, attrs)
        outputs = [
            tf.transpose(o, [0, 3, 1, 2]) if i in image_outputs else o
            for i, o in enumerate(node.outputs)]
        if dilation and to_filter:
            outputs = [o[::dilation[0], ::dilation[1]] for o in outputs]
        feed = dict(zip(placeholders, arrays))
        with tf.Session(graph=graph, config=session_config()) as session:
            try:
                values = session.run(outputs, feed)
            except tf.errors.OpError as error:
                raise ValueError(f"{name}: {clean(error.message)}") from error
            describe(result, nodes, values, tolerance, settings)
            result["emulated"] = True
            if gradient:
                differentiate(result, session, placeholders, outputs, feed, settings)
    return result


def write_families(folder):
    path = os.path.join(FOLDER, folder)
    os.makedirs(path, exist_ok=True)
    for name, cases in families.items():
        write_lines(os.path.join(folder, name + ".json"), cases)
