"""Writes the files of this folder with TensorFlow 2.21 and NumPy: what TensorFlow's and NumPy's own
writers make, with what is in it as JSON.

    python3 make.py
"""

import base64
import json
import math
import os
import shutil

os.environ.update(
    CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0")

import ml_dtypes
import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_eager_execution()
tf.logging.set_verbosity(tf.logging.ERROR)

FOLDER = os.path.dirname(os.path.abspath(__file__))
os.chdir(FOLDER)

TYPES = [
    tf.float16, tf.bfloat16, tf.float32, tf.float64, tf.int8, tf.int16, tf.int32, tf.int64,
    tf.uint8, tf.uint16, tf.uint32, tf.uint64, tf.bool, tf.complex64, tf.complex128,
]


def sample(dtype, shape):
    count = int(np.prod(shape))
    values = np.arange(count)
    if dtype == tf.string:
        texts = [b"", b"a", b"\x00\xff", "流れ".encode(), b"x" * 200]
        return np.array([texts[i % 5] for i in range(count)], object).reshape(shape)
    if dtype == tf.bool:
        return (values % 3 == 0).reshape(shape)
    if dtype.is_complex:
        return (values + 0.5 - 2j * values).astype(dtype.as_numpy_dtype).reshape(shape)
    if dtype.is_floating:
        return (values * 0.75 - 1).astype(dtype.as_numpy_dtype).reshape(shape)
    if dtype.is_unsigned:
        return (dtype.max - values.astype(dtype.as_numpy_dtype) * 37).reshape(shape)
    return (values.astype(dtype.as_numpy_dtype) * 5 + dtype.min).reshape(shape)


def described(array):
    """Type, shape, and the elements as bytes, each string by itself."""
    array = np.asarray(array)
    result = {"dtype": tf.as_dtype(array.dtype).name, "shape": list(array.shape)}
    if array.dtype == object:
        result["dtype"] = "string"
        result["strings"] = [base64.b64encode(s).decode() for s in array.ravel()]
    else:
        result["bytes"] = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return result


def save(name, value):
    with open(name, "w") as file:
        json.dump(value, file, indent=1)
        file.write("\n")


def records():
    contents = [b"hello", b"", bytes(i * i % 251 for i in range(300))]
    for suffix, kind in [("", ""), (".gz", "GZIP"), (".zlib", "ZLIB")]:
        with tf.io.TFRecordWriter("records.tfrecord" + suffix, tf.io.TFRecordOptions(kind)) as w:
            for record in contents:
                w.write(record)


def tensors():
    """A graph with a constant of each type in each of the forms that a TensorProto has."""
    expected = {}
    graph = tf.Graph()
    with graph.as_default():
        for dtype in TYPES + [tf.string]:
            for shape in [(), (5,), (2, 3, 4), (2, 0)]:
                name = f"{dtype.name}_{'x'.join(map(str, shape)) or 'scalar'}"
                value = sample(dtype, shape)
                tf.constant(value, dtype, shape, name=name)
                expected[name] = described(value)
        uniform = tf.constant(np.full((100, 3), 7.5, np.float32), name="uniform")
    definition = graph.as_graph_def()
    # As TensorFlow's C++ shortens them.
    node = next(n for n in definition.node if n.name == "uniform")
    node.attr["value"].tensor.tensor_content = b""
    node.attr["value"].tensor.float_val.append(7.5)
    expected["uniform"] = described(np.full((100, 3), 7.5, np.float32))
    node = definition.node.add()
    node.CopyFrom(next(n for n in definition.node if n.name == "int32_5"))
    node.name = "repeated"
    node.attr["value"].tensor.tensor_content = b""
    node.attr["value"].tensor.int_val.extend([1, 2, 3])
    expected["repeated"] = described(np.array([1, 2, 3, 3, 3], np.int32))
    with open("tensors.pb", "wb") as file:
        file.write(definition.SerializeToString(deterministic=True))
    with open("tensors.pbtxt", "w") as file:
        file.write(str(definition))
    save("tensors.json", expected)


def meta_graph():
    graph = tf.Graph()
    with graph.as_default():
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        w = tf.get_variable(
            "w", [2, 3], initializer=tf.zeros_initializer(), use_resource=False)
        b = tf.get_variable("b", [3], initializer=tf.ones_initializer(), use_resource=True)
        step = tf.train.get_or_create_global_step()
        y = tf.identity(x, name="y")
        saver = tf.train.Saver(max_to_keep=7)
        tf.add_to_collection("outputs", y)
        tf.add_to_collection("numbers", 3)
        tf.add_to_collection("rates", 0.5)
        signature = tf.saved_model.predict_signature_def({"in": x}, {"out": y})
        meta = tf.train.export_meta_graph(saver_def=saver.as_saver_def(), graph=graph)
        meta.signature_def["predict"].CopyFrom(signature)
    meta.ClearField("meta_info_def")
    meta.meta_info_def.tags.append("serve")
    meta.meta_info_def.tensorflow_version = "2.21.0"
    with open("model.meta", "wb") as file:
        file.write(meta.SerializeToString(deterministic=True))


def checkpoints():
    shutil.rmtree("checkpoint", ignore_errors=True)
    os.makedirs("checkpoint")
    values = {d.name: sample(d, (2, 3)) for d in TYPES + [tf.string]}
    values["scalar"] = np.float32(3.5)
    values["empty"] = np.zeros([0, 4], np.float32)
    values["scope/流れ"] = np.arange(4, dtype=np.int64)
    names = sorted(values)
    with tf.Graph().as_default(), tf.Session() as session:
        save_op = tf.raw_ops.SaveV2(
            prefix="checkpoint/model.ckpt-10", tensor_names=names,
            shape_and_slices=[""] * len(names),
            tensors=[tf.constant(values[n]) for n in names])
        session.run(save_op)
    save("checkpoint.json", {n: described(values[n]) for n in names})

    # One variable in four slices and one whole, in two files.
    grid = np.arange(35, dtype=np.float32).reshape(5, 7)
    words = sample(tf.string, (4,))
    with tf.Graph().as_default(), tf.Session() as session:
        for shard, rows in enumerate([(0, 2), (2, 3)]):
            pieces = [
                grid[rows[0]:rows[0] + rows[1], c:c + n] for c, n in [(0, 4), (4, 3)]]
            slices = [f"5 7 {rows[0]},{rows[1]}:{c},{n}" for c, n in [(0, 4), (4, 3)]]
            part = slice(2 * shard, 2 * shard + 2)
            session.run(tf.raw_ops.SaveV2(
                prefix=f"checkpoint/part-{shard}",
                tensor_names=["grid", "grid", "words", f"whole_{shard}"],
                shape_and_slices=slices + [f"4 {2 * shard},2", ""],
                tensors=[tf.constant(p) for p in pieces]
                + [tf.constant(words[part]), tf.constant(grid[shard])]))
        session.run(tf.raw_ops.MergeV2Checkpoints(
            checkpoint_prefixes=["checkpoint/part-0", "checkpoint/part-1"],
            destination_prefix="checkpoint/model.ckpt-20", delete_old_dirs=False))
    save("slices.json", {
        "grid": described(grid), "words": described(words),
        "whole_0": described(grid[0]), "whole_1": described(grid[1])})
    tf.train.update_checkpoint_state(
        "checkpoint", "checkpoint/model.ckpt-20",
        ["checkpoint/model.ckpt-10", "checkpoint/model.ckpt-20"],
        all_model_checkpoint_timestamps=[1.5, 2.5])


def events():
    graph = tf.Graph()
    with graph.as_default(), tf.Session() as session:
        values = np.array([-3.5, 0, 0, 1e-13, 0.25, 1, 1.1, 7e20], np.float64)
        scalar = session.run(tf.summary.scalar("loss", tf.constant(0.125)))
        histogram = session.run(tf.summary.histogram("weights", tf.constant(values)))
        image = session.run(tf.summary.image(
            "picture", tf.constant(np.arange(24, dtype=np.uint8).reshape(1, 2, 4, 3))))
        empty = session.run(tf.summary.histogram("none", tf.constant([], tf.float32)))
    events = [tf.Event(wall_time=100.5, file_version="brain.Event:2")]
    events.append(tf.Event(wall_time=101, graph_def=graph.as_graph_def().SerializeToString()))
    events.append(tf.Event(
        wall_time=102, session_log=tf.SessionLog(status=tf.SessionLog.START), step=3))
    for step, text in enumerate([scalar, histogram, image, empty]):
        events.append(tf.Event(
            wall_time=103 + step, step=4 + step, summary=tf.Summary.FromString(text)))
    with tf.io.TFRecordWriter("events.out.tfevents.0000000100.golden") as writer:
        for event in events:
            writer.write(event.SerializeToString(deterministic=True))


def arrays():
    expected = {}
    for dtype in TYPES:
        name = dtype.name
        np.save(f"{name}.npy", sample(dtype, (2, 3)))
        expected[name] = described(sample(dtype, (2, 3)))
    matrix = sample(tf.float64, (2, 3, 4))
    variants = {
        "fortran": np.asfortranarray(matrix), "big": matrix.astype(">f8"),
        "big_fortran": np.asfortranarray(matrix.astype(">f8")),
        "big_complex": sample(tf.complex64, (3,)).astype(">c8"),
        "scalar": np.float32(2.5), "empty": np.zeros([3, 0], np.int32),
    }
    for name, value in variants.items():
        np.save(f"{name}.npy", value)
        value = np.asarray(value)
        expected[name] = described(value.astype(value.dtype.newbyteorder("=")))
    texts = np.array([b"one", b"", b"three"])
    np.save("bytes.npy", texts)
    np.save("text.npy", np.array(["one", "", "流れ"], "<U5"))
    expected["bytes"] = described(np.array([b"one", b"", b"three"], object))
    expected["text"] = described(np.array([b"one", b"", "流れ".encode()], object))
    stored = {"matrix": matrix, "bytes": texts}
    np.savez("stored.npz", **stored)
    np.savez_compressed("deflated.npz", **stored)
    # One archive of the single arrays instead of a file each.
    single = [n for n in expected]
    with open("arrays.bin", "wb") as file:
        index = []
        for name in single:
            with open(f"{name}.npy", "rb") as source:
                content = source.read()
            index.append([name, len(content)])
            file.write(content)
            os.remove(f"{name}.npy")
    expected["matrix"] = described(matrix)
    save("arrays.json", {"index": index, "values": expected})


records()
tensors()
meta_graph()
checkpoints()
events()
arrays()
