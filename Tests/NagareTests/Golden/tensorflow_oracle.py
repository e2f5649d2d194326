"""TensorFlow as a library of answers: nodes made from an op's name, and values as JSON.

Imported by the scripts beside it. Needs tensorflow-cpu 2.21 and numpy. Everything runs on one
thread, without graph rewrites and without oneDNN, so that a script writes the same bytes each time.
"""

import base64
import json
import math
import os

os.environ.update(
    CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0")

import numpy as np
import tensorflow.compat.v1 as tf
from tensorflow.core.framework import attr_value_pb2
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import rewriter_config_pb2
from tensorflow.python.framework import kernels as kernel_registry
from tensorflow.python.framework import op_def_registry

tf.disable_eager_execution()
tf.logging.set_verbosity(tf.logging.ERROR)

FOLDER = os.path.dirname(os.path.abspath(__file__))

f16, bf16, f32, f64 = tf.float16, tf.bfloat16, tf.float32, tf.float64
i8, i16, i32, i64 = tf.int8, tf.int16, tf.int32, tf.int64
u8, u16, u32, u64 = tf.uint8, tf.uint16, tf.uint32, tf.uint64
boolean, string = tf.bool, tf.string

# The types that kernels compute with; half and bfloat16 are only cast, stored and loaded.
TYPES = [f32, f64, i8, i16, i32, i64, u8, u16, u32, u64, boolean, string]


def op_def(op):
    return op_def_registry.get(op)


def type_name(number):
    return tf.as_dtype(number).name


def cpu_types(op, attr="T", among=None):
    """The types for which TensorFlow has a CPU kernel of `op`, in the order of `TYPES`."""
    allowed = None
    for a in op_def(op).attr:
        if a.name == attr and a.HasField("allowed_values"):
            allowed = set(a.allowed_values.list.type)
    found = set()
    for kernel in kernel_registry.get_registered_kernels_for_op(op).kernel:
        if kernel.device_type != "CPU" or kernel.label:
            continue
        constraints = {c.name: c.allowed_values.list.type for c in kernel.constraint}
        if attr in constraints:
            found.update(constraints[attr])
        else:
            found.update(t.as_datatype_enum for t in TYPES + [f16, bf16])
    return [
        t for t in (among or TYPES)
        if t.as_datatype_enum in found and (allowed is None or t.as_datatype_enum in allowed)]


def attr_value(kind, value):
    """An AttrValue of an OpDef's attribute type `kind` from a Python value."""
    result = attr_value_pb2.AttrValue()

    def shape_proto(shape):
        return tf.TensorShape(shape).as_proto()

    def text(s):
        return s.encode() if isinstance(s, str) else s

    if kind.startswith("list("):
        element = kind[5:-1]
        result.list.SetInParent()
        if element == "int":
            result.list.i.extend(int(v) for v in value)
        elif element == "float":
            result.list.f.extend(float(v) for v in value)
        elif element == "bool":
            result.list.b.extend(bool(v) for v in value)
        elif element == "string":
            result.list.s.extend(text(v) for v in value)
        elif element == "type":
            result.list.type.extend(tf.as_dtype(v).as_datatype_enum for v in value)
        elif element == "shape":
            result.list.shape.extend(shape_proto(v) for v in value)
        else:
            raise ValueError(kind)
    elif kind == "int":
        result.i = int(value)
    elif kind == "float":
        result.f = float(value)
    elif kind == "bool":
        result.b = bool(value)
    elif kind == "string":
        result.s = text(value)
    elif kind == "type":
        result.type = tf.as_dtype(value).as_datatype_enum
    elif kind == "shape":
        result.shape.CopyFrom(shape_proto(value))
    elif kind == "tensor":
        result.tensor.CopyFrom(tf.make_tensor_proto(value))
    elif kind == "func":
        result.func.CopyFrom(value)
    else:
        raise ValueError(kind)
    return result


def complete_attrs(op, inputs, attrs):
    """All attributes as AttrValues: those given, those that the inputs decide, and the defaults.

    `inputs` has one entry an input argument: a tensor or array, or a list of them.
    """
    definition = op_def(op)
    kinds = {a.name: a.type for a in definition.attr}
    values = {}
    for argument, value in zip(definition.input_arg, inputs):
        if argument.number_attr:
            values[argument.number_attr] = len(value)
            if argument.type_attr and value:
                values[argument.type_attr] = tf.as_dtype(value[0].dtype).base_dtype
        elif argument.type_list_attr:
            values[argument.type_list_attr] = [tf.as_dtype(v.dtype).base_dtype for v in value]
        elif argument.type_attr:
            values.setdefault(argument.type_attr, tf.as_dtype(value.dtype).base_dtype)
    values.update(attrs)
    unknown = set(values) - set(kinds)
    if unknown:
        raise KeyError(f"{op} has no attribute {unknown}")
    result = {name: attr_value(kinds[name], value) for name, value in values.items()}
    for a in definition.attr:
        if a.name not in result and a.HasField("default_value"):
            result[a.name] = a.default_value
    return result


def add_node(op, inputs, attrs, name=None):
    """Adds a node through TensorFlow's C API, past the checks that only Python makes."""
    graph = tf.get_default_graph()
    flat = []
    for value in inputs:
        flat.extend(value) if isinstance(value, (list, tuple)) else flat.append(value)
    return graph._create_op_internal(
        op, flat, attrs=complete_attrs(op, inputs, attrs), name=name or op)


def session_config():
    config = tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    config.graph_options.optimizer_options.opt_level = tf.OptimizerOptions.L0
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    return config


# JSON


def encode_text(value):
    if isinstance(value, str):
        value = value.encode()
    if all(32 <= byte < 127 for byte in value):
        return value.decode()
    return {"base64": base64.b64encode(value).decode()}


def encode_float(value):
    number = float(value)
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if number == int(number) and abs(number) < 1e7 and not (
            number == 0 and math.copysign(1, number) < 0):
        return int(number)
    if isinstance(value, np.float32):
        return float(str(value))  # the digits of a float32, not those of a double
    return number


def encode_values(array):
    array = np.asarray(array)
    kind = array.dtype
    flat = array.reshape(-1)
    if kind == object or kind.kind in "SU":
        return [encode_text(v) for v in flat]
    if kind == bool:
        return [bool(v) for v in flat]
    if kind.kind in "iu":
        return [int(v) if abs(int(v)) <= 2**53 else str(int(v)) for v in flat]
    if kind in (np.float16, tf.bfloat16.as_numpy_dtype):
        return [encode_float(np.float32(v)) for v in flat]
    return [encode_float(v) for v in flat]


def encode_tensor(array):
    """`values` holds one element when all are the same, as in TensorFlow's own TensorProto."""
    array = np.asarray(array)
    dtype = string if array.dtype.kind in "OSU" else tf.as_dtype(array.dtype)
    values = encode_values(array)
    if len(values) > 4 and all(v == values[0] and type(v) is type(values[0]) for v in values):
        if "-" not in repr(values[0]) or values[0] != 0:
            values = values[:1]
    return {"dtype": dtype.name, "shape": list(array.shape), "values": values}


def encode_shape(shape):
    return None if shape.rank is None else [d for d in shape.as_list()]


def encode_attr(value):
    kind = value.WhichOneof("value")

    def shape(proto):
        return encode_shape(tf.TensorShape(proto))

    if kind == "list":
        items = value.list
        for field, encode in [
            ("s", encode_text), ("i", int), ("f", lambda f: encode_float(np.float32(f))),
            ("b", bool), ("type", type_name), ("shape", shape)]:
            if getattr(items, field):
                return {"list": {field: [encode(v) for v in getattr(items, field)]}}
        return {"list": {}}
    if kind == "s":
        return {"s": encode_text(value.s)}
    if kind == "i":
        return {"i": value.i}
    if kind == "f":
        return {"f": encode_float(np.float32(value.f))}
    if kind == "b":
        return {"b": value.b}
    if kind == "type":
        return {"type": type_name(value.type)}
    if kind == "shape":
        return {"shape": shape(value.shape)}
    if kind == "tensor":
        return {"tensor": encode_tensor(tf.make_ndarray(value.tensor))}
    raise ValueError(kind)


def write_lines(path, entries):
    """A JSON array with one entry a line, so that a change shows as a change of few lines."""
    lines = [json.dumps(e, separators=(",", ":"), ensure_ascii=True) for e in entries]
    with open(os.path.join(FOLDER, path), "w") as file:
        file.write("[\n" + ",\n".join(lines) + "\n]\n")
