"""Compares nagare with TensorFlow, both ways: graphs, gradients, checkpoints, records, events,
training, and what becomes of damaged files.

    python compat.py NAGARE [WORD...]

One line a check; with WORDs only the groups of that name. Needs tensorflow-cpu 2.21.
"""

import csv
import glob
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import traceback

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import numpy as np
import tensorflow.compat.v1 as tf
from google.protobuf import text_format

import metagraphs

tf.disable_eager_execution()
tf.logging.set_verbosity(tf.logging.ERROR)

HERE = os.path.dirname(os.path.abspath(__file__))
GRAPHS = os.path.join(HERE, "..", "..", "Graphs")


class Report:
    """One line a check, and their number."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def __call__(self, name, problem=None, note=""):
        if problem:
            self.failed += 1
            print(f"FAILED  {name}: {problem}", flush=True)
        else:
            self.passed += 1
            print(f"passed  {name}{'  ' + note if note else ''}", flush=True)

    def values(self, name, ours, theirs, **tolerance):
        """Compares values by name."""
        problems = []
        worst = 0.0
        for key in theirs:
            if key not in ours:
                problems.append(f"{key} is missing")
                continue
            problem, error = difference(ours[key], theirs[key], **tolerance)
            worst = max(worst, error)
            if problem:
                problems.append(f"{key}: {problem}")
        note = f"{len(theirs)} values" + (f", largest difference {worst:.1e}" if worst else "")
        more = f" (and {len(problems) - 3} more)" if len(problems) > 3 else ""
        self(name, "; ".join(problems[:3]) + more, note)


report = Report()
groups = []


def group(function):
    groups.append(function)
    return function


def difference(ours, theirs, relative=1e-5, absolute=1e-6):
    """What differs, if anything does, and the largest error relative to the largest value.

    Floating-point numbers may differ by `relative` of themselves plus `absolute` of the largest in
    the array, below which sums that cancel carry no digits; everything else must be the same.
    """
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    if ours.shape != theirs.shape:
        return f"shape {ours.shape}, TensorFlow has {theirs.shape}", 0.0
    if theirs.dtype == object or theirs.dtype.kind in "SU":
        same = [bytes(x) for x in ours.ravel()] == [bytes(x) for x in theirs.ravel()]
        return (None if same else "strings differ"), 0.0
    if theirs.dtype.kind == "V" or theirs.dtype.name == "bfloat16":
        same = ours.tobytes() == theirs.tobytes()
        return (None if same else "bits differ"), 0.0
    if ours.dtype != theirs.dtype:
        return f"{ours.dtype}, TensorFlow has {theirs.dtype}", 0.0
    if theirs.dtype.kind not in "fc":
        count = int(np.sum(ours != theirs))
        return (f"{count} of {theirs.size} differ" if count else None), 0.0
    if theirs.size == 0:
        return None, 0.0
    wide = np.complex128 if theirs.dtype.kind == "c" else np.float64
    ours, theirs = ours.astype(wide), theirs.astype(wide)
    finite = np.isfinite(theirs)
    if not np.array_equal(ours[~finite], theirs[~finite], equal_nan=True):
        return "numbers that are not finite differ", 0.0
    ours, theirs = ours[finite], theirs[finite]
    if theirs.size == 0:
        return None, 0.0
    error = np.abs(ours - theirs)
    largest = np.max(np.abs(theirs))
    limit = relative * np.abs(theirs) + absolute * largest
    wrong = ~(error <= limit)
    scaled = float(np.max(error) / largest) if largest else float(np.max(error))
    if not wrong.any():
        return None, scaled
    at = int(np.argmax(np.where(wrong, error, -1)))
    return f"{int(wrong.sum())} of {theirs.size} differ, {ours[at]!r} for {theirs[at]!r}", scaled


def nagare(*arguments, check=True):
    result = subprocess.run(
        [NAGARE, *map(str, arguments)], capture_output=True, text=True, errors="replace",
        timeout=600)
    if check and result.returncode != 0:
        raise RuntimeError(
            f"nagare {' '.join(map(str, arguments))} ended with {result.returncode}: "
            + result.stderr.strip()[-400:])
    return result


def folder(name):
    path = os.path.join(WORK, name)
    os.makedirs(path, exist_ok=True)
    return path


def file_name(name):
    return re.sub(r"[^A-Za-z0-9._-]", "_", name) + ".npy"


def write_graph(graph, path):
    with open(path, "wb") as file:
        file.write(graph.as_graph_def().SerializeToString())
    return path


def read_graph(path):
    definition = tf.GraphDef()
    if path.endswith(".pbtxt"):
        with open(path) as file:
            text = file.read()
        if text.startswith("meta_info_def"):
            return text_format.Parse(text, tf.MetaGraphDef()).graph_def
        text_format.Parse(text, definition)
    else:
        with open(path, "rb") as file:
            definition.ParseFromString(file.read())
    return definition


def tensor_name(name):
    return name if ":" in name else name + ":0"


def with_tensorflow(path, steps):
    """The fetches of each step."""
    results = []
    with tf.Graph().as_default() as graph:
        graph.seed = None
        tf.import_graph_def(read_graph(path), name="")
        with tf.Session(graph=graph) as session:
            for step in steps:
                fetches = step.get("fetches", [])
                targets = [graph.get_operation_by_name(n) for n in step.get("targets", [])]
                values = session.run(
                    ([tensor_name(n) for n in fetches], targets),
                    {tensor_name(n): v for n, v in step.get("feeds", {}).items()})[0]
                results.append(dict(zip(fetches, values)))
    return results


def with_nagare(path, steps, name):
    """The fetches of each step, by `nagare session`."""
    place = folder(name)
    script = []
    for index, step in enumerate(steps):
        feeds = {}
        for key, value in step.get("feeds", {}).items():
            value = np.asarray(value)
            if value.dtype == object:
                value = value.astype("S")
            feeds[key] = os.path.join(place, f"feed_{index}_{file_name(key)}")
            np.save(feeds[key], value)
        script.append(
            {
                "feeds": feeds, "fetches": step.get("fetches", []),
                "targets": step.get("targets", []),
            })
    with open(os.path.join(place, "steps.json"), "w") as file:
        json.dump({"steps": script}, file)
    output = os.path.join(place, "output")
    nagare("session", path, "--script", os.path.join(place, "steps.json"), "--output-dir", output)
    return [
        {
            fetch: np.load(os.path.join(output, f"step_{index}", file_name(fetch)))
            for fetch in step.get("fetches", [])
        }
        for index, step in enumerate(steps)
    ]


def compare_runs(name, path, steps, **tolerance):
    ours = with_nagare(path, steps, re.sub(r"[^a-z0-9]+", "_", name))
    theirs = with_tensorflow(path, steps)
    ours = {f"step {i} {k}": v for i, step in enumerate(ours) for k, v in step.items()}
    theirs = {f"step {i} {k}": v for i, step in enumerate(theirs) for k, v in step.items()}
    report.values(name, ours, theirs, **tolerance)


def variable_reads(definition):
    """A tensor to fetch for each variable of a graph."""
    reads = {}
    for node in definition.node:
        if node.op in ("VariableV2", "Variable"):
            reads[node.name] = node.name
        elif node.op == "ReadVariableOp" and len(node.input) == 1:
            reads.setdefault(node.input[0], node.name)
    return sorted(reads.values())


# Adam divides a gradient by its own size: where a gradient is all rounding, so is its step.
AFTER_ADAM = {"relative": 1e-5, "absolute": 1e-4}


# Graph files


def detector_feeds(boxes, seed):
    random_numbers = np.random.default_rng(seed)
    labels = (random_numbers.random((8, boxes, 1)) < 0.1).astype(np.float32)
    return {
        "images": random_numbers.standard_normal((8, 256, 256, 1)).astype(np.float32),
        "labels": labels,
        "label_masks": labels.max(2),
        "offsets": random_numbers.uniform(-0.5, 0.5, (8, boxes, 4)).astype(np.float32),
    }


@group
def graphs():
    random_numbers = np.random.default_rng(1)
    matrix = random_numbers.standard_normal((3, 4)).astype(np.float32)
    images = {"images": detector_feeds(441, 2)["images"]}
    steps = {
        "addition": [{"fetches": ["sum"]}],
        "broadcasting": [
            {"feeds": {"x": matrix, "y": y}, "fetches": ["sum", "product"]}
            for y in (np.float32(2), matrix[0], matrix[:, :1], matrix[None])
        ],
        "reshape": [{"fetches": ["numbers", "rows"]}],
        "functions": [{"targets": ["init"]}] + [
            {"feeds": {"x": x}, "fetches": ["value", "slope", "weight_slope"]} for x in matrix],
        "datasets": [{"fetches": ["first"]}] * 3 + 2 * (
            [{"targets": ["begin"]}] + [{"fetches": ["numbers", "noise", "texts"]}] * 4),
    }
    # What is fed stands in for the pipelines.
    for name, boxes in (("grid", 441), ("multibox", 612)):
        steps[f"{name}_predict"] = [
            {"targets": ["init"]}, {"feeds": images, "fetches": ["logits"]}]
        steps[f"{name}_train"] = [{"targets": ["init"]}] + [
            {
                "feeds": detector_feeds(boxes, seed), "fetches": ["label_loss", "loc_loss"],
                "targets": ["train"],
            }
            for seed in (3, 4, 5)
        ]
    for path in sorted(glob.glob(os.path.join(GRAPHS, "*.pbtxt"))):
        name = os.path.basename(path)[:-len(".pbtxt")]
        if name not in steps:
            report(f"graphs {name}", "compat.py does not say what to feed and fetch")
            continue
        reads = variable_reads(read_graph(path))
        if not reads:
            compare_runs(f"graphs {name}", path, steps[name])
            continue
        first = [steps[name][0], {"fetches": reads}]
        compare_runs(f"graphs {name}, initial variables", path, first)
        compare_runs(f"graphs {name}", path, steps[name], **(
            {"relative": 2e-5} if name.endswith("_train") else {}))
        if name.endswith("_train"):
            compare_runs(
                f"graphs {name}, variables after a step", path,
                steps[name][:2] + [{"fetches": reads}], **AFTER_ADAM)


# Training graphs: each engine's own loop, from the same file

STEPS = 50


def compare_training(name, path, feeds=()):
    """Losses of `nagare train` and of TensorFlow, from the variables that nagare began with."""
    run = os.path.join(WORK, re.sub(r"[^a-z0-9]+", "_", name))
    nagare(
        "train", path, "--train-dir", run, "--max-step", STEPS, "--summary-every", 1, "--keep", 0,
        "--quiet", *feeds)
    with open(os.path.join(run, "metrics.csv")) as file:
        rows = list(csv.DictReader(file))
    names, theirs = metagraphs.losses(path, STEPS, os.path.join(run, "model.ckpt-0"))
    ours = np.array([[row[key] for key in names] for row in rows], theirs.dtype)
    report.values(name, {"losses": ours}, {"losses": theirs}, relative=1e-3, absolute=1e-5)


@group
def trained():
    place = folder("trained")
    for kind in metagraphs.KINDS:
        compare_training(f"trained, TensorFlow's graph, {kind}", metagraphs.write(kind, place))


@group
def detectors():
    nagare("dataset", "generate", os.path.join(WORK, "scenes"), "--count", 24, "--seed", 4)
    for kind in ("grid", "multibox"):
        data = os.path.join(WORK, f"{kind}.tfrecord")
        nagare(
            "dataset", "pack", os.path.join(WORK, "scenes"), "--output", data, "--detector", kind)
        for way in ("dataset", "queue"):
            path = os.path.join(WORK, f"{kind}_{way}.pbtxt")
            nagare(
                "detect", "build", "--detector", kind, "--width", 0.125, "--batch-size", 4,
                "--data", data, "--input", way, "--no-shuffle", "--no-distortion", "--max-step",
                STEPS, "--learning-rate", 0.0001, "--output", path)
            compare_training(f"detectors, {kind}, {way}", path)


# Graphs that TensorFlow writes


def network(path, use_resource):
    with tf.Graph().as_default() as graph:
        graph.seed = 7
        images = tf.placeholder(tf.float32, [None, 12, 12, 3], name="images")
        labels = tf.placeholder(tf.int32, [None], name="labels")

        def variable(name, shape, initializer):
            return tf.get_variable(
                name, shape, tf.float32, initializer, use_resource=use_resource)

        glorot = tf.glorot_uniform_initializer()
        x = tf.nn.conv2d(images, variable("conv1", [3, 3, 3, 8], glorot), [1, 1, 1, 1], "SAME")
        x, _, _ = tf.compat.v1.nn.fused_batch_norm(
            x, variable("scale", [8], tf.ones_initializer()),
            variable("offset", [8], tf.zeros_initializer()), is_training=True)
        x = tf.nn.max_pool2d(tf.nn.relu(x), 2, 2, "VALID")
        x = tf.nn.depthwise_conv2d(
            x, variable("depthwise", [3, 3, 8, 2], tf.truncated_normal_initializer(stddev=0.3)),
            [1, 1, 1, 1], "SAME")
        x = tf.nn.avg_pool2d(tf.nn.leaky_relu(x), 3, 2, "SAME")
        x = tf.reshape(x, [tf.shape(x)[0], 3 * 3 * 16])
        logits = tf.add(
            tf.matmul(x, variable("dense", [144, 5], tf.random_normal_initializer(stddev=0.1))),
            variable("bias", [5], tf.zeros_initializer()), name="logits")
        loss = tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
        loss = tf.add(loss, 1e-3 * tf.add_n([tf.nn.l2_loss(v) for v in tf.trainable_variables()]),
                      name="loss")
        step = tf.train.get_or_create_global_step()
        train = tf.train.AdamOptimizer(0.01).minimize(loss, global_step=step, name="train")
        for index, value in enumerate(tf.gradients(loss, [images, logits])):
            tf.identity(value, f"gradient_{index}")
        tf.global_variables_initializer()
        write_graph(graph, path)


def network_feeds(seed):
    random_numbers = np.random.default_rng(seed)
    return {
        "images": random_numbers.standard_normal((4, 12, 12, 3)).astype(np.float32),
        "labels": random_numbers.integers(0, 5, 4).astype(np.int32),
    }


@group
def networks():
    for kind, use_resource in (("reference", False), ("resource", True)):
        path = os.path.join(WORK, f"network_{kind}.pb")
        network(path, use_resource)
        reads = variable_reads(read_graph(path))
        first = {"targets": ["init"]}
        compare_runs(
            f"networks of {kind} variables, initial", path, [first, {"fetches": reads}])
        compare_runs(
            f"networks of {kind} variables, gradients", path,
            [
                first,
                {
                    "feeds": network_feeds(0),
                    "fetches": ["logits", "loss", "gradient_0", "gradient_1"],
                },
            ])
        training = [first] + [
            {"feeds": network_feeds(seed), "fetches": ["loss"], "targets": ["train"]}
            for seed in range(3)
        ]
        compare_runs(f"networks of {kind} variables, 3 losses", path, training, relative=2e-5)
        compare_runs(
            f"networks of {kind} variables, after Adam", path, training + [{"fetches": reads}],
            **AFTER_ADAM)


@group
def datasets():
    """Pipelines that TensorFlow writes, of records that it writes."""
    place = folder("datasets")
    for kind in ["", "GZIP", "ZLIB"]:
        paths = []
        for part in range(3):
            paths.append(os.path.join(place, f"{kind}{part}.tfrecord"))
            with tf.io.TFRecordWriter(paths[-1], tf.io.TFRecordOptions(kind)) as writer:
                for number in range(20):
                    value = np.random.default_rng(number).standard_normal(4).astype(np.float32)
                    writer.write(value.tobytes())
        for seed in range(3):
            with tf.Graph().as_default() as graph:
                tf.set_random_seed(seed)
                offset = tf.get_variable("offset", [4], tf.float32, tf.ones_initializer(),
                                         use_resource=True)

                @tf.function
                def decode(record):
                    return tf.reshape(tf.io.decode_raw(record, tf.float32), [2, 2])

                def distort(picture):
                    noise = tf.random_normal([2, 2], seed=seed)
                    return tf.reduce_max(picture), tf.concat([picture, noise], 0)

                data = tf.data.TFRecordDataset(paths, kind).shuffle(7 + 50 * seed, seed=seed)
                data = data.map(decode, num_parallel_calls=3).map(distort).repeat(2)
                data = data.shuffle(5).batch(8, drop_remainder=seed == 1).prefetch(2)
                data = data.map(lambda x, y: (x, y + tf.reshape(offset, [2, 2])[0]))
                iterator = tf.data.make_initializable_iterator(data)
                for name, value in zip(["largest", "pictures"], iterator.get_next()):
                    tf.identity(value, name)
                tf.group(iterator.initializer, name="start")
                tf.global_variables_initializer()
                path = write_graph(graph, os.path.join(place, f"{kind}{seed}.pb"))
            steps = [{"targets": ["init"]}, {"targets": ["start"]}] + [
                {"fetches": ["largest", "pictures"]}] * 15
            compare_runs(f"datasets {kind or 'plain'} seed {seed}", path, steps)


@group
def arrays():
    """Strings, integers, slices, and what else must be exact."""
    path = os.path.join(WORK, "arrays.pb")
    with tf.Graph().as_default() as graph:
        words = tf.placeholder(tf.string, [None, 2], name="words")
        integers = tf.placeholder(tf.int32, [3, 4, 5], name="integers")
        numbers = tf.placeholder(tf.float32, [None, 6], name="numbers")
        constant = tf.constant([b"\xff\x00z", "日本".encode(), b""])
        outputs = [
            tf.concat([words, tf.transpose(words)[:2]], 0), tf.gather(words, [1, 0, 1]),
            tf.reshape(words, [-1]), tf.tile(words, [2, 1]), tf.equal(words, "b"),
            tf.stack([words, words], 1), constant[:2], tf.size(words),
            integers[::-1, 1:3, ::2], integers[..., -1], integers[1, tf.newaxis, :, -4:-1],
            integers[2:0:-1, ..., tf.newaxis], integers // 3, integers % 5, -integers // 7,
            tf.truncatediv(integers, 3), tf.truncatemod(integers, 5), tf.abs(integers),
            tf.reduce_sum(integers, [0, 2]), tf.reduce_max(integers, 1, keepdims=True),
            tf.reduce_prod(integers[:, :1, :2]), tf.argmax(integers, 2),
            tf.argmin(integers, 0, output_type=tf.int32), tf.cast(integers, tf.uint8),
            tf.cast(integers, tf.int64) * 3000000000, tf.cast(numbers, tf.int16),
            tf.where(integers > 3), tf.where(integers > 3, integers, -integers),
            tf.pad(integers, [[1, 0], [0, 2], [1, 1]], constant_values=9),
            tf.one_hot(integers[0, 0], 4, dtype=tf.int32), tf.range(2, 20, 3),
            tf.split(integers, [1, 3], 1)[1], tf.unstack(integers)[1], tf.squeeze(integers[:1]),
            tf.expand_dims(integers, -2), tf.fill([2, 2], 7), tf.zeros_like(integers),
            tf.shape(numbers), tf.rank(integers), *tf.nn.top_k(numbers, 3),
            *tf.nn.top_k(integers[0], 2), tf.round(numbers), tf.sign(numbers),
            tf.floor(numbers), tf.logical_and(numbers > 0, numbers < 1), tf.reduce_any(numbers > 2),
            tf.maximum(integers, 2), tf.bitcast(numbers, tf.int32), tf.cumsum(integers, 1),
            tf.reverse(integers, [1]), tf.gather_nd(integers, [[0, 1], [2, 3]]),
            tf.squared_difference(integers, 2), tf.broadcast_to(numbers[:1], [3, 6]),
        ]
        names = [tf.identity(value, f"output_{i}").op.name for i, value in enumerate(outputs)]
        write_graph(graph, path)
    random_numbers = np.random.default_rng(6)
    feeds = {
        "words": np.array([[b"a", b"b"], ["é".encode(), b"b"]], object),
        "integers": random_numbers.integers(-9, 9, (3, 4, 5)).astype(np.int32),
        "numbers": (random_numbers.standard_normal((4, 6)) * 2).astype(np.float32),
    }
    compare_runs("arrays of strings and integers, slices", path, [
        {"feeds": feeds, "fetches": names}])


@group
def normalization():
    path = os.path.join(WORK, "normalization.pb")
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 5, 4, 3], name="x")
        scale, offset = tf.constant([1.0, 0.5, -2.0]), tf.constant([0.1, 0.0, 3.0])
        mean, variance = tf.constant([0.2, -0.1, 1.0]), tf.constant([1.0, 0.5, 2.0])
        names = []
        for kind in ("training", "inference"):
            statistics = (
                {} if kind == "training" else {"mean": mean, "variance": variance})
            y, new_mean, new_variance = tf.compat.v1.nn.fused_batch_norm(
                x, scale, offset, is_training=kind == "training", **statistics)
            weights = tf.constant(
                np.random.default_rng(8).standard_normal((2, 5, 4, 3)).astype(np.float32))
            loss = tf.reduce_sum(y * weights)
            for index, value in enumerate(
                    [y, new_mean, new_variance] + tf.gradients(loss, [x, scale, offset])):
                names.append(tf.identity(value, f"{kind}_{index}").op.name)
        write_graph(graph, path)
    value = np.random.default_rng(9).standard_normal((2, 5, 4, 3)).astype(np.float32)
    compare_runs("normalization in training and inference, gradients", path, [
        {"feeds": {"x": value}, "fetches": names}])


@group
def queues():
    """A queue and reader pipeline, driven step by step: a graph of TensorFlow's in nagare, and as nagare
    writes it again in TensorFlow."""
    place = folder("queues")
    files = []
    for index, count in enumerate((5, 3, 4)):
        files.append(os.path.join(place, f"{index}.tfrecord"))
        with tf.io.TFRecordWriter(files[-1]) as writer:
            for record in range(count):
                writer.write(bytes([index, record, index ^ record, 7]))
    path = os.path.join(place, "queues.pb")
    with tf.Graph().as_default() as graph:
        names = tf.train.string_input_producer(files, num_epochs=4, seed=3)
        key, value = tf.TFRecordReader().read(names)
        example = tf.reshape(tf.decode_raw(value, tf.uint8), [4])
        tf.train.shuffle_batch([example, key], 4, capacity=16, min_after_dequeue=6, seed=9)
        sizes = tf.placeholder(tf.int32, [], name="size")
        row = tf.range(sizes)
        padding = tf.PaddingFIFOQueue(9, [tf.int32], [[None]], name="padding")
        padding.enqueue([row], name="pad")
        tf.identity(padding.dequeue_many(4), name="padded")
        tf.local_variables_initializer()
        write_graph(graph, path)
    name = "shuffle_batch/random_shuffle_queue"
    fill = [{"targets": ["input_producer/input_producer_EnqueueMany"]}] * 4
    steps = [{"targets": ["init"]}] + fill + [
        {"targets": ["input_producer/input_producer_Close"]}]
    # More than min_after_dequeue are there at each batch, so that none waits.
    steps += [{"targets": [name + "_enqueue"]}] * 8
    for _ in range(10):
        steps += [{"targets": [name + "_enqueue"]}] * 4
        steps += [{"fetches": ["shuffle_batch:0"]}, {"fetches": [name + "_Size"]}]
    steps.append({"targets": [name + "_Close"]})
    steps += [{"fetches": ["shuffle_batch:0", "shuffle_batch:1"]}] * 2
    steps += [{"feeds": {"size": np.int32(n)}, "targets": ["pad"]} for n in (3, 0, 5, 1)]
    steps.append({"fetches": ["padded"]})
    compare_runs("queues", path, steps)
    again = os.path.join(place, "queues.pbtxt")
    nagare("convert", path, again)
    theirs = with_tensorflow(path, steps)
    ours = with_tensorflow(again, steps)
    report.values(
        "queues, written by nagare",
        {f"{i} {k}": v for i, s in enumerate(ours) for k, v in s.items()},
        {f"{i} {k}": v for i, s in enumerate(theirs) for k, v in s.items()})


@group
def queue_training():
    """A MetaGraph of TensorFlow's that trains on its own queues, run by its threads and by nagare."""
    place = folder("queue_training")
    files = []
    random_numbers = np.random.default_rng(5)
    for index, count in enumerate((25, 13, 34)):
        files.append(os.path.join(place, f"{index}.tfrecord"))
        with tf.io.TFRecordWriter(files[-1]) as writer:
            for _ in range(count):
                picture = random_numbers.integers(0, 256, 36, np.uint8)
                writer.write(bytes([int(picture[:18].sum() > picture[18:].sum())]) + picture.tobytes())
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(3)
        names = tf.train.string_input_producer(files, num_epochs=9, seed=4)
        _, record = tf.TFRecordReader().read(names)
        example = tf.reshape(tf.decode_raw(record, tf.uint8), [37])
        picture = tf.reshape(tf.cast(example[1:], tf.float32) / 255, [6, 6, 1])
        # In order, so that TensorFlow's threads change nothing.
        pictures, labels = tf.train.batch(
            [picture, tf.cast(example[0], tf.int32)], 8, capacity=40)
        kernel = tf.get_variable("kernel", [3, 3, 1, 6], tf.float32)
        dense = tf.get_variable("dense", [216, 2], tf.float32)
        x = tf.nn.relu(tf.nn.conv2d(pictures, kernel, 1, "SAME"))
        logits = tf.matmul(tf.reshape(x, [8, 216]), dense)
        loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
        step = tf.train.get_or_create_global_step()
        train = tf.train.AdamOptimizer(0.01).minimize(loss, global_step=step)
        tf.add_to_collection("train_op", train)
        saver = tf.train.Saver()
        path = os.path.join(place, "model.meta")
        tf.train.export_meta_graph(path, graph=graph, saver_def=saver.as_saver_def())
        run = os.path.join(place, "run")
        nagare("train", path, "--train-dir", run, "--summary-every", 1, "--save-every", 1000)
        with open(os.path.join(run, "metrics.csv")) as file:
            rows = list(csv.reader(file))
        losses = []
        with tf.Session(graph=graph) as session:
            session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
            saver.restore(session, os.path.join(run, "model.ckpt-0"))
            coordinator = tf.train.Coordinator()
            threads = tf.train.start_queue_runners(session, coordinator)
            try:
                while True:
                    losses.append(session.run([loss, train])[0])
            except tf.errors.OutOfRangeError:
                pass
            coordinator.request_stop()
            coordinator.join(threads)
    column = rows[0].index(next(name for name in rows[0] if "loss" in name))
    report.values(
        f"queue training, {len(losses)} steps",
        {"losses": np.array([row[column] for row in rows[1:]], np.float32)},
        {"losses": np.array(losses, np.float32)}, relative=1e-3)


@group
def gradients():
    """Derivatives that nagare adds to a graph of TensorFlow's, run by TensorFlow and by nagare."""
    path = os.path.join(WORK, "differentiable.pb")
    sources = ["x", "w", "b", "s"]
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [2, 8, 8, 3], name="x")
        w = tf.placeholder(tf.float32, [3, 3, 3, 4], name="w")
        b = tf.placeholder(tf.float32, [4], name="b")
        s = tf.placeholder(tf.float32, [], name="s")
        y = tf.nn.elu(tf.nn.conv2d(x, w, [1, 2, 2, 1], "SAME") + b)
        y = tf.concat([tf.nn.max_pool2d(y, 2, 2, "SAME"), tf.exp(-y[:, ::2, ::2] * s)], 3)
        y = tf.image.resize_bilinear(y, [5, 7])
        y = tf.nn.softmax(y * tf.sqrt(tf.reduce_sum(tf.square(y), -1, keepdims=True) + 1.0))
        y = tf.where(y > 0.1, tf.log(y), tf.sigmoid(s * y)) + tf.reduce_mean(tf.pow(y + 1.0, 2.5))
        y = tf.transpose(tf.gather(y, [1, 0, 1]), [0, 3, 1, 2]) / (1.0 + tf.nn.softplus(s))
        loss = tf.reduce_sum(tf.tanh(y) * tf.maximum(y, s), name="loss")
        write_graph(graph, path)
        values = tf.gradients(loss, [x, w, b, s])
        random_numbers = np.random.default_rng(10)
        feeds = {
            "x": random_numbers.standard_normal((2, 8, 8, 3)).astype(np.float32),
            "w": (random_numbers.standard_normal((3, 3, 3, 4)) * 0.3).astype(np.float32),
            "b": random_numbers.standard_normal(4).astype(np.float32), "s": np.float32(0.7),
        }
        with tf.Session() as session:
            theirs = dict(zip(sources, session.run(
                values, {tensor_name(k): v for k, v in feeds.items()})))
    place = folder("gradients")
    arguments = ["gradients", path, "--of", "loss", "--with-respect-to", *sources]
    flags = []
    for name, value in feeds.items():
        np.save(os.path.join(place, name + ".npy"), value)
        flags += ["--feed", f"{name}={os.path.join(place, name)}.npy"]
    nagare(*arguments, "--output-dir", place + "/values", *flags)
    ours = {name: np.load(f"{place}/values/{name}.npy") for name in sources}
    report.values("gradients by nagare of TensorFlow's graph", ours, theirs)

    for ending in ("pb", "pbtxt"):
        output = os.path.join(place, "with_gradients." + ending)
        names = json.loads(nagare(*arguments, "--json", "--output", output).stdout)
        found = with_tensorflow(output, [{"feeds": feeds, "fetches": list(names.values())}])[0]
        report.values(
            f"gradients added by nagare, run by TensorFlow (.{ending})",
            {name: found[names[name]] for name in sources}, theirs)


def plain(node):
    """A node with its constant written in the one way, of several, in which TensorFlow does."""
    node = tf.NodeDef.FromString(node.SerializeToString())
    # What TensorFlow's import finds out by itself.
    node.ClearField("experimental_type")
    for attribute in node.attr.values():
        if attribute.HasField("tensor"):
            attribute.tensor.CopyFrom(tf.make_tensor_proto(
                tf.make_ndarray(attribute.tensor), attribute.tensor.dtype,
                [d.size for d in attribute.tensor.tensor_shape.dim]))
    return node


@group
def convert():
    for name in ("network_resource", "network_reference", "arrays", "normalization",
                 "differentiable"):
        path = os.path.join(WORK, name + ".pb")
        if not os.path.exists(path):
            continue
        text, binary = (os.path.join(WORK, name + "_converted." + e) for e in ("pbtxt", "pb"))
        nagare("convert", path, text)
        nagare("convert", text, binary)
        original = read_graph(path)
        problems = []
        for kind, other in (("text", read_graph(text)), ("binary", read_graph(binary))):
            if [n.name for n in other.node] != [n.name for n in original.node]:
                problems.append(f"the {kind} form has other nodes")
                continue
            differ = [
                mine.name for mine, theirs in zip(other.node, original.node)
                if plain(mine) != plain(theirs)]
            if differ:
                problems.append(f"{len(differ)} nodes differ in {kind} form, first {differ[0]}")
            with tf.Graph().as_default():
                tf.import_graph_def(other, name="")
        report(f"convert {name} to text and back", "; ".join(problems),
               f"{len(original.node)} nodes")


# Checkpoints


def all_types():
    random_numbers = np.random.default_rng(11)
    values = {
        "deep/er/name": np.array(3.5, np.float32), "empty": np.zeros((0, 3), np.float32),
        "strings": np.array([[b"a", b"bc"], ["日本語".encode(), b""]], object),
        "string": np.array(b"x" * 3000, object), "bool": np.array([True, False, True]),
        "half": random_numbers.standard_normal((2, 3)).astype(np.float16),
        "bfloat16": random_numbers.standard_normal((4,)).astype(tf.bfloat16.as_numpy_dtype),
        "complex64": np.array([1 + 2j, -3j], np.complex64),
    }
    for kind in (np.float32, np.float64):
        values[np.dtype(kind).name] = random_numbers.standard_normal((7, 5)).astype(kind)
    for kind in (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64):
        values[np.dtype(kind).name] = random_numbers.integers(
            0, 120, (3, 4)).astype(kind)
    return values


def save(prefix, values, slices=None, by_nagare=False):
    """Writes a checkpoint; an `@` and what follows it is not part of a name."""
    with tf.Graph().as_default() as graph, tf.Session() as session:
        names = list(values)
        written = tf.raw_ops.SaveV2(
            prefix=prefix, tensor_names=[n.split("@")[0] for n in names],
            shape_and_slices=[(slices or {}).get(n, "") for n in names],
            tensors=[tf.constant(values[n]) for n in names])
        if by_nagare:
            nagare("run", write_graph(graph, prefix + ".pb"), "--target", written.name)
        else:
            session.run(written)


def merge(parts, prefix, by_nagare=False):
    with tf.Graph().as_default() as graph, tf.Session() as session:
        merged = tf.raw_ops.MergeV2Checkpoints(
            checkpoint_prefixes=parts, destination_prefix=prefix, delete_old_dirs=False)
        if by_nagare:
            nagare("run", write_graph(graph, prefix + ".pb"), "--target", merged.name)
        else:
            session.run(merged)


def loaded(prefix):
    reader = tf.train.load_checkpoint(prefix)
    # What TensorFlow does not ask for: where random numbers and the input stood.
    return {
        name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()
        if not name.startswith("_nagare/")
    }


def exported(prefix, name):
    output = folder(name)
    nagare("checkpoint", prefix, "--output-dir", output)
    return {
        n: np.load(os.path.join(output, file_name(n)))
        for n, _ in tf.train.list_variables(prefix) if not n.startswith("_nagare/")
    }


@group
def checkpoints():
    place = folder("checkpoints")
    values = all_types()
    names = list(values)
    whole = np.random.default_rng(12).standard_normal((10, 4)).astype(np.float32)
    for by_nagare in (False, True):
        writer = "nagare" if by_nagare else "TensorFlow"

        def read(prefix):
            if by_nagare:
                return loaded(prefix)
            return exported(prefix, os.path.basename(prefix) + "_exported")

        prefix = os.path.join(place, f"types_{writer}")
        save(prefix, values, by_nagare=by_nagare)
        report.values(f"checkpoints of {writer}, every type", read(prefix), values)

        prefix = os.path.join(place, f"partitioned_{writer}")
        save(prefix, {"w@0": whole[:6], "w@1": whole[6:], "v": whole[:, 0]},
             {"w@0": "10 4 0,6:-", "w@1": "10 4 6,4:-"}, by_nagare=by_nagare)
        report.values(
            f"checkpoints of {writer}, partitioned", read(prefix), {"w": whole, "v": whole[:, 0]})

        parts = []
        for index in range(3):
            parts.append(os.path.join(place, f"part_{writer}_{index}"))
            save(parts[-1], {n: values[n] for n in names[index::3]}, by_nagare=by_nagare)
        prefix = os.path.join(place, f"shards_{writer}")
        merge(parts, prefix, by_nagare)
        report.values(f"checkpoints of {writer}, three shards", read(prefix), values)

    many = {f"layer_{i}/w_{i % 7}": np.full((i % 5 + 1,), i, np.float32) for i in range(1500)}
    prefix = os.path.join(place, "many")
    save(prefix, many)
    report.values("checkpoints of TensorFlow, 1500 tensors", exported(prefix, "many"), many)

    # The network's variables, from TensorFlow's training to nagare's session.
    path = os.path.join(WORK, "network_reference.pb")
    if not os.path.exists(path):
        network(path, False)
    reads = variable_reads(read_graph(path))
    prefix = os.path.join(place, "network")
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(read_graph(path), name="")
        with tf.Session() as session:
            session.run("init")
            session.run("train", {tensor_name(k): v for k, v in network_feeds(0).items()})
            theirs = dict(zip(reads, session.run([tensor_name(n) for n in reads])))
            save(prefix, theirs)
            logits = session.run(
                "logits:0", {tensor_name(k): v for k, v in network_feeds(1).items()})
    feeds = []
    for name, value in network_feeds(1).items():
        np.save(os.path.join(place, name + ".npy"), value)
        feeds += ["--feed", f"{name}={place}/{name}.npy"]
    nagare("run", path, "--checkpoint", prefix, "--fetch", "logits", *feeds,
           "--output-dir", place + "/run")
    report.values("checkpoints of TensorFlow, run by nagare",
                  {"logits": np.load(place + "/run/logits.npy")}, {"logits": logits})


# Records


@group
def records():
    place = folder("records")
    random_numbers = np.random.default_rng(13)
    contents = [b"", b"x", random_numbers.bytes(70000)] + [
        tf.train.Example(features=tf.train.Features(feature={
            "name": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"n%d" % i])),
            "size": tf.train.Feature(int64_list=tf.train.Int64List(value=[i, -i])),
            "mean": tf.train.Feature(float_list=tf.train.FloatList(value=[i / 3])),
        })).SerializeToString() for i in range(20)
    ]
    for kind in ("", "GZIP", "ZLIB"):
        path = os.path.join(place, "tensorflow.tfrecord" + kind.lower())
        with tf.io.TFRecordWriter(path, kind) as writer:
            for content in contents:
                writer.write(content)
        output = folder("records/" + (kind or "plain"))
        lines = nagare("records", path, "--output-dir", output, "--json").stdout.splitlines()
        found = [open(json.loads(line)["file"], "rb").read() for line in lines]
        report(f"records of TensorFlow, {kind or 'plain'}",
               None if found == contents else f"{len(found)} records, not all the same",
               f"{len(found)} records")

    scenes = small_scenes()
    packed = {}
    for kind, flags in (("", []), ("GZIP", ["--gzip"])):
        path = os.path.join(place, "packed.tfrecord" + kind.lower())
        nagare("dataset", "pack", scenes, "--output", path, *flags)
        packed[kind] = list(tf.python_io.tf_record_iterator(
            path, tf.io.TFRecordOptions(compression_type=kind) if kind else None))
        problems = []
        with tf.Graph().as_default(), tf.Session() as session:
            record = tf.placeholder(tf.string, [])
            parsed = tf.io.parse_single_example(record, {
                "image": tf.io.FixedLenFeature([], tf.string),
                "image_file_name": tf.io.FixedLenFeature([], tf.string),
                "labels": tf.io.FixedLenFeature([21 * 21 * 1], tf.float32),
                "offset": tf.io.FixedLenFeature([21 * 21 * 4], tf.float32),
                "regions": tf.io.VarLenFeature(tf.float32),
                "region_labels": tf.io.VarLenFeature(tf.int64),
            })
            parsed["pixels"] = tf.image.decode_jpeg(parsed["image"])
            for content in packed[kind]:
                value = session.run(parsed, {record: content})
                if len(value["regions"].values) != 4 * len(value["region_labels"].values):
                    problems.append("regions and their labels do not fit")
                if value["pixels"].ndim != 3:
                    problems.append("the picture is none")
                if not 0 < value["labels"].sum() <= len(value["region_labels"].values):
                    problems.append("labels and regions do not fit")
                offsets = value["offset"].reshape(-1, 4)[value["labels"] > 0]
                if not np.any(offsets):
                    problems.append("the offsets are zero")
        lines = nagare("records", path, "--json").stdout.splitlines()
        if [json.loads(line)["bytes"] for line in lines] != [len(c) for c in packed[kind]]:
            problems.append("TensorFlow sees other records")
        report(f"records of nagare dataset pack, {kind or 'plain'}", "; ".join(problems[:3]),
               f"{len(packed[kind])} records")
    report("records of nagare, the same compressed or not",
           None if packed[""] == packed["GZIP"] and packed[""] else "they differ")


scene_folders = []


def small_scenes():
    """A folder of 16 scenes."""
    if not scene_folders:
        path = os.path.join(WORK, "scenes")
        nagare("dataset", "generate", path, "--count", 16, "--seed", 5)
        scene_folders.append(path)
    return scene_folders[0]


# Events


@group
def events():
    place = folder("events")
    numbers = np.random.default_rng(14).standard_normal(500).astype(np.float32)
    picture = np.random.default_rng(15).integers(0, 255, (1, 6, 9, 3)).astype(np.uint8)
    with tf.Graph().as_default() as graph, tf.Session() as session:
        value = tf.placeholder(tf.float32, [])
        tf.summary.scalar("loss", value)
        tf.summary.histogram("weights", numbers)
        tf.summary.image("picture", picture)
        merged = tf.summary.merge_all()
        writer = tf.summary.FileWriter(place, graph)
        for step in range(5):
            writer.add_summary(session.run(merged, {value: step / 7}), step)
        writer.add_summary(
            tf.Summary(value=[tf.Summary.Value(tag="two", tensor=tf.make_tensor_proto(0.25))]), 5)
        writer.add_session_log(tf.SessionLog(status=tf.SessionLog.STOP), 6)
        writer.close()
    path = glob.glob(place + "/events.out.tfevents.*")[0]
    lines = [json.loads(line) for line in nagare("events", path, "--json").stdout.splitlines()]
    found = [(line["step"], line["tag"], line["value"]) for line in lines if line["tag"]]
    expected = []
    for event in tf.train.summary_iterator(path):
        for v in event.summary.value:
            if v.WhichOneof("value") == "simple_value":
                expected.append((event.step, v.tag, float(v.simple_value)))
            elif v.WhichOneof("value") == "tensor":
                expected.append((event.step, v.tag, float(tf.make_ndarray(v.tensor))))
            elif v.WhichOneof("value") == "image":
                expected.append((event.step, v.tag, {
                    "width": v.image.width, "height": v.image.height,
                    "channels": v.image.colorspace,
                    "bytes": len(v.image.encoded_image_string)}))
            else:
                h = v.histo
                expected.append((event.step, v.tag, {
                    "min": h.min, "max": h.max, "num": h.num, "sum": h.sum,
                    "sum_squares": h.sum_squares, "bucket_limit": list(h.bucket_limit),
                    "bucket": list(h.bucket)}))
    problems = []
    if len(found) != len(expected):
        problems.append(f"{len(found)} values, TensorFlow has {len(expected)}")
    for ours, theirs in zip(found, expected):
        if ours[:2] != theirs[:2]:
            problems.append(f"{ours[:2]} for {theirs[:2]}")
        elif isinstance(theirs[2], float):
            if np.float32(ours[2]) != np.float32(theirs[2]):
                problems.append(f"{theirs[1]}: {ours[2]} for {theirs[2]}")
        elif ours[2] != theirs[2]:
            problems.append(f"{theirs[1]}: {str(ours[2])[:80]} for {str(theirs[2])[:80]}")
    report("events of TensorFlow", "; ".join(problems[:3]), f"{len(found)} values")

    # The same summaries by nagare, as TensorFlow's own bytes say them.
    with tf.Graph().as_default() as graph:
        value = tf.placeholder(tf.float32, [], name="value")
        parts = [tf.summary.scalar("loss", value), tf.summary.histogram("weights", numbers)]
        for index, part in enumerate(parts):
            tf.decode_raw(part, tf.uint8, name=f"summary_{index}")
        path = write_graph(graph, os.path.join(place, "summaries.pb"))
    steps = [{"feeds": {"value": np.float32(0.3)}, "fetches": ["summary_0", "summary_1"]}]
    theirs = with_tensorflow(path, steps)[0]
    ours = with_nagare(path, steps, "events/summaries")[0]
    same = all(
        tf.Summary.FromString(theirs[name].tobytes()) == tf.Summary.FromString(
            ours[name].tobytes()) for name in theirs)
    report("events summarized by nagare", None if same else "the summaries differ")


# Training


@group
def training():
    scenes = small_scenes()
    data = os.path.join(WORK, "scenes.tfrecord")
    run = os.path.join(WORK, "run")
    nagare("dataset", "pack", scenes, "--output", data)
    nagare("detect", "train", "--data", data, "--train-dir", run, "--no-distortion",
           "--summary-every", 1, "--width", 0.125, "--batch-size", 4, "--max-step", 20,
           "--save-every", 20)
    result = subprocess.run(
        [sys.executable, os.path.join(HERE, "train_with_tensorflow.py"), run, data,
         os.path.join(WORK, "tensorflow.csv"), "--steps", "20", "--compare"],
        capture_output=True, text=True, timeout=1200)
    report("training beside TensorFlow, 20 steps",
           None if result.returncode == 0 else (result.stdout + result.stderr).strip()[-300:],
           result.stdout.strip())

    prefix = os.path.join(run, "model.ckpt-20")
    report.values("training's checkpoint read by TensorFlow", exported(prefix, "run/exported"),
                  loaded(run), relative=0, absolute=0)
    latest = tf.train.latest_checkpoint(run)
    report("training's latest checkpoint",
           None if latest and os.path.samefile(latest + ".index", prefix + ".index")
           else f"TensorFlow finds {latest}")

    with open(os.path.join(run, "metrics.csv")) as file:
        rows = list(csv.DictReader(file))
    expected = {
        (int(row["step"]), tag): np.float32(row[tag])
        for row in rows for tag in row if tag != "step"
    }
    found = {}
    definitions = []
    for path in sorted(glob.glob(run + "/events.out.tfevents.*")):
        for event in tf.train.summary_iterator(path):
            if event.graph_def:
                definitions.append(tf.GraphDef.FromString(event.graph_def))
            for value in event.summary.value:
                if value.HasField("simple_value"):
                    found[event.step, value.tag] = np.float32(value.simple_value)
    report("training's events equal metrics.csv",
           None if found == expected and len(rows) == 20
           else f"{len(found)} values, {len(expected)} in metrics.csv",
           f"{len(found)} values")
    with tf.Graph().as_default():
        for definition in definitions:
            tf.import_graph_def(definition, name="")
    report("training's graph in the event file",
           None if len(definitions) == 1 else f"{len(definitions)} graphs")


# Damage


def damages(content, count, seed):
    """`content` cut short or with some bits turned, in ways that a seed decides."""
    generator = random.Random(seed)
    for index in range(count):
        damaged = bytearray(content)
        if index % 4 == 0:
            damaged = damaged[: generator.randrange(len(content))]
        else:
            # Half of them near the beginning, where what decides stands.
            limit = len(content) if index % 2 else min(len(content), 128)
            for _ in range(generator.choice([1, 1, 2, 8])):
                damaged[generator.randrange(limit)] ^= 1 << generator.randrange(8)
        yield bytes(damaged)


@group
def damage(count=40):
    place = folder("damage")
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 6, 6, 2], name="x")
        w = tf.get_variable("w", [3, 3, 2, 4], initializer=tf.ones_initializer(),
                            use_resource=True)
        y = tf.nn.relu(tf.nn.conv2d(x, w, [1, 1, 1, 1], "SAME"))
        y = tf.reshape(tf.nn.max_pool2d(y, 2, 2, "VALID"), [-1, 36])
        y = tf.concat([y, tf.tile(y[:, ::-1], [1, 2])], 1)
        tf.reduce_sum(y * tf.reshape(tf.range(108, dtype=tf.float32), [1, 108]), name="y")
        tf.global_variables_initializer()
        write_graph(graph, os.path.join(place, "graph.pb"))
        with open(os.path.join(place, "graph.pbtxt"), "w") as file:
            file.write(text_format.MessageToString(graph.as_graph_def()))
    with tf.Graph().as_default() as graph:
        tf.identity(tf.placeholder(tf.uint8, [None, None, 3], name="x"), "y")
        write_graph(graph, os.path.join(place, "picture.pb"))
    with tf.Graph().as_default() as graph:
        contents = tf.placeholder(tf.string, [], name="x")
        tf.shape(tf.io.decode_jpeg(contents), name="jpg")
        tf.shape(tf.io.decode_png(contents), name="png")
        write_graph(graph, os.path.join(place, "decode.pb"))
    np.save(os.path.join(place, "x.npy"), np.ones((1, 6, 6, 2), np.float32))
    np.savez_compressed(os.path.join(place, "x.npz"), x=np.ones((1, 6, 6, 2), np.float32))
    with open(os.path.join(place, "steps.json"), "w") as file:
        json.dump({"steps": [
            {"targets": ["init"]}, {"feeds": {"x": place + "/x.npy"}, "fetches": ["y"]}]}, file)
    values = {"w": np.ones((3, 3, 2, 4), np.float32)} | all_types()
    save(os.path.join(place, "ckpt"), values)
    for kind in ("", "GZIP"):
        with tf.io.TFRecordWriter(os.path.join(place, "records" + kind), kind) as writer:
            for index in range(10):
                writer.write(tf.train.Example(features=tf.train.Features(feature={
                    "a": tf.train.Feature(float_list=tf.train.FloatList(value=[index] * 9)),
                })).SerializeToString())
    with tf.Graph().as_default():
        writer = tf.summary.FileWriter(place + "/log")
        for step in range(5):
            writer.add_summary(tf.Summary(value=[
                tf.Summary.Value(tag="loss", simple_value=step),
                tf.Summary.Value(tag="h", histo=tf.HistogramProto(
                    min=0, max=1, num=2, bucket_limit=[0, 1], bucket=[1, 1])),
            ]), step)
        writer.close()
    os.rename(glob.glob(place + "/log/events.*")[0], place + "/events.out.tfevents.1.host")
    pixels = np.random.default_rng(16).integers(0, 255, (40, 50, 3)).astype(np.uint8)
    with tf.Graph().as_default(), tf.Session() as session:
        for name, encoded in (
            ("picture.jpg", tf.io.encode_jpeg(pixels)), ("picture.png", tf.io.encode_png(pixels)),
            ("progressive.jpg", tf.io.encode_jpeg(pixels, progressive=True)),
        ):
            with open(os.path.join(place, name), "wb") as file:
                file.write(session.run(encoded))

    os.makedirs(os.path.join(place, "annotated"), exist_ok=True)
    with open(os.path.join(place, "voc.xml"), "w") as file:
        file.write(
            "<annotation><filename>a.jpg</filename><size><width>50</width><height>40</height>"
            "</size><object><name>face</name><bndbox><xmin>5</xmin><ymin>6</ymin><xmax>30</xmax>"
            "<ymax>31</ymax></bndbox></object></annotation>")
    with open(os.path.join(place, "cropper.json"), "w") as file:
        json.dump({"generator": "Region Cropper", "file_name": "a.jpg", "regions": [
            {"probability": 1.0, "label": 1,
             "rect": {"left": 5, "top": 6, "right": 30, "bottom": 31}}]}, file)

    def here(name):
        return os.path.join(place, name)

    session = lambda graph: [
        ["session", graph, "--script", here("steps.json"), "--output-dir", here("values")],
        ["inspect", graph]]
    export = [
        ["checkpoint", here("bad"), "--output-dir", here("tensors")],
        ["run", here("graph.pb"), "--checkpoint", here("bad"), "--feed", f"x={here('x.npy')}",
         "--fetch", "y"]]
    show = lambda graph, name, fetch: [
        ["run", here(graph), "--feed", f"x={here(name)}", "--fetch", fetch, "--output-dir",
         here("values")]]
    feed = lambda name: [
        ["run", here("graph.pb"), "--checkpoint", here("ckpt"), "--feed", f"x={here(name)}",
         "--fetch", "y"]]
    pack = [["dataset", "pack", here("annotated"), "--output", here("packed.tfrecord")]]
    # The file, what it is called while damaged, commands, and files that go with it.
    cases = [
        ("graph.pb", "bad.pb", session(here("bad.pb")), []),
        ("graph.pbtxt", "bad.pbtxt", session(here("bad.pbtxt")), []),
        ("ckpt.index", "bad.index", export,
         [("ckpt.data-00000-of-00001", "bad.data-00000-of-00001")]),
        ("ckpt.data-00000-of-00001", "bad.data-00000-of-00001", export,
         [("ckpt.index", "bad.index")]),
        ("records", "bad.tfrecord",
         [["records", here("bad.tfrecord"), "--output-dir", here("content")]], []),
        ("recordsGZIP", "bad.tfrecord",
         [["records", here("bad.tfrecord"), "--output-dir", here("content")]], []),
        ("events.out.tfevents.1.host", "bad.tfevents", [["events", here("bad.tfevents"), "--json"]],
         []),
        ("picture.jpg", "bad.jpg", show("picture.pb", "bad.jpg", "y"), []),
        ("progressive.jpg", "bad.jpg", show("decode.pb", "bad.jpg", "jpg"), []),
        ("picture.png", "bad.png", show("picture.pb", "bad.png", "y"), []),
        ("picture.png", "bad.png", show("decode.pb", "bad.png", "png"), []),
        ("x.npy", "bad.npy", feed("bad.npy"), []),
        ("x.npz", "bad.npz", feed("bad.npz"), []),
        ("voc.xml", "annotated/a.xml", pack, [("picture.jpg", "annotated/a.jpg")]),
        ("cropper.json", "annotated/a.xml", pack, [("picture.jpg", "annotated/a.jpg")]),
        ("picture.jpg", "annotated/a.jpg", pack, [("voc.xml", "annotated/a.xml")]),
    ]
    for index, (source, target, commands, companions) in enumerate(cases):
        for name, copy in companions:
            with open(here(name), "rb") as file, open(here(copy), "wb") as out:
                out.write(file.read())
        with open(here(source), "rb") as file:
            content = file.read()
        codes = {}
        problems = []
        with open(here(target), "wb") as file:
            file.write(content)
        for command in commands:
            nagare(*command)
        for number, damaged in enumerate(damages(content, count, index)):
            with open(here(target), "wb") as file:
                file.write(damaged)
            for command in commands:
                problem = refusal(command, codes)
                if problem:
                    kept = here(f"kept_{index}_{number}_{os.path.basename(target)}")
                    with open(kept, "wb") as file:
                        file.write(damaged)
                    shown = " ".join(command).replace(here(target), kept)
                    problems.append(f"{problem}, nagare {shown}")
        told = ", ".join(f"{n} ended with {code}" for code, n in sorted(codes.items()))
        more = f" (and {len(problems) - 2} more)" if len(problems) > 2 else ""
        report(f"damage of {source}, nagare {commands[0][0]}", "; ".join(problems[:2]) + more, told)


def refusal(command, codes):
    """What is wrong with how nagare takes a damaged file, if anything is."""
    try:
        result = nagare(*command, check=False)
    except subprocess.TimeoutExpired:
        return "it did not end"
    code = result.returncode
    codes[code] = codes.get(code, 0) + 1
    if code < 0 or code >= 128:
        return f"ended with {code}"
    lines = [line for line in result.stderr.splitlines() if line.startswith("nagare: error:")]
    if len(lines) != (code != 0):
        return f"ended with {code} and {len(lines)} lines of error"
    if code == 70:
        return f"a fault of its own: {lines[0]}"
    return None


def main():
    global NAGARE, WORK
    if len(sys.argv) < 2:
        sys.exit(__doc__.strip())
    NAGARE = os.path.abspath(sys.argv[1])
    words = sys.argv[2:]
    unknown = set(words) - {function.__name__ for function in groups}
    if unknown:
        sys.exit(f"no group {', '.join(unknown)}; there are "
                 + ", ".join(function.__name__ for function in groups))
    with tempfile.TemporaryDirectory(prefix="nagare-compat-") as WORK:
        if os.environ.get("NAGARE_COMPAT_DIR"):
            WORK = os.environ["NAGARE_COMPAT_DIR"]
        for function in groups:
            if words and function.__name__ not in words:
                continue
            started = time.monotonic()
            try:
                function()
            except Exception as error:
                report(function.__name__, f"{type(error).__name__}: {error}")
                if os.environ.get("NAGARE_COMPAT_DIR"):
                    traceback.print_exc()
            print(f"        {function.__name__}: {time.monotonic() - started:.0f} s", flush=True)
    print(f"{report.passed} passed, {report.failed} failed")
    sys.exit(1 if report.failed else 0)


main()
