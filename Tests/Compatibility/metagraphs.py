"""Writes training graphs as TensorFlow 1 programs do: a small convolutional net with its own input
pipeline, gradients and Adam, in a MetaGraph that says by its collections how it is trained.

    python metagraphs.py FOLDER KIND

writes FOLDER/KIND.meta, of the kinds `dataset`, `dataset-initializable`, `dataset-shuffle`, `queue`,
and FOLDER/digits.tfrecord, which they read.
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np
import tensorflow.compat.v1 as tf
from google.protobuf import text_format

tf.disable_eager_execution()

SIZE = 12
CLASSES = 4
BATCH = 8
KINDS = ("dataset", "dataset-initializable", "dataset-shuffle", "queue")


def write_records(path, count=40, seed=3):
    """Noisy pictures of stripes in four directions."""
    random_numbers = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    with tf.python_io.TFRecordWriter(path) as writer:
        for index in range(count):
            label = index % CLASSES
            place = [rows, columns, rows + columns, rows - columns][label]
            picture = 96 + 64 * np.sin(place * 1.3 + random_numbers.uniform(0, 6))
            picture += random_numbers.normal(0, 16, picture.shape)
            pixels = np.clip(picture, 0, 255).astype(np.uint8)
            features = {
                "image": tf.train.Feature(
                    bytes_list=tf.train.BytesList(value=[pixels.tobytes()])),
                "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
            }
            example = tf.train.Example(features=tf.train.Features(feature=features))
            writer.write(example.SerializeToString())


def parse(record):
    example = tf.parse_single_example(
        record,
        {
            "image": tf.FixedLenFeature([], tf.string),
            "label": tf.FixedLenFeature([], tf.int64),
        })
    image = tf.reshape(tf.decode_raw(example["image"], tf.uint8), [SIZE, SIZE, 1])
    image = tf.cast(image, tf.float32) / 127.5 - 1.0
    return image, tf.cast(example["label"], tf.int32)


def pipeline(kind, records):
    if kind == "queue":
        names = tf.train.string_input_producer([records], shuffle=False)
        _, record = tf.TFRecordReader().read(names)
        return tf.train.batch(parse(record), BATCH, num_threads=1, capacity=4 * BATCH)
    dataset = tf.data.TFRecordDataset(records)
    if kind == "dataset-shuffle":
        dataset = dataset.shuffle(16, seed=11)
    dataset = dataset.map(parse, num_parallel_calls=2 if kind == "dataset" else None)
    dataset = dataset.repeat().batch(BATCH, drop_remainder=True).prefetch(2)
    if kind == "dataset":
        return tf.data.make_one_shot_iterator(dataset).get_next()
    iterator = tf.data.make_initializable_iterator(dataset)
    tf.add_to_collection(tf.GraphKeys.TABLE_INITIALIZERS, iterator.initializer)
    return iterator.get_next()


def build(kind, records):
    """The graph in which everything stands in the collection where TensorFlow looks for it."""
    tf.set_random_seed(5)
    images, labels = pipeline(kind, records)
    glorot = tf.glorot_uniform_initializer()
    use_resource = kind != "queue"

    def variable(name, shape, initializer):
        return tf.get_variable(name, shape, tf.float32, initializer, use_resource=use_resource)

    with tf.variable_scope("conv1"):
        x = tf.nn.conv2d(images, variable("kernel", [3, 3, 1, 8], glorot), 1, "SAME")
        x = tf.nn.relu(tf.nn.bias_add(x, variable("bias", [8], tf.zeros_initializer())))
    x = tf.nn.max_pool2d(x, 2, 2, "VALID")
    with tf.variable_scope("conv2"):
        x = tf.nn.conv2d(x, variable("kernel", [3, 3, 8, 16], glorot), 2, "SAME")
        x = tf.nn.relu(tf.nn.bias_add(x, variable("bias", [16], tf.zeros_initializer())))
    x = tf.reshape(x, [BATCH, 3 * 3 * 16])
    with tf.variable_scope("dense"):
        logits = tf.matmul(x, variable("kernel", [144, CLASSES], glorot))
        logits = tf.nn.bias_add(logits, variable("bias", [CLASSES], tf.zeros_initializer()))
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    step = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.01, step, 20, 0.9)
    tf.summary.scalar("learning_rate", rate)
    tf.summary.histogram("logits", logits)
    train = tf.train.AdamOptimizer(rate).minimize(loss, global_step=step, name="train")
    tf.add_to_collection(tf.GraphKeys.INIT_OP, tf.global_variables_initializer())
    tf.add_to_collection(
        tf.GraphKeys.LOCAL_INIT_OP, tf.group(tf.local_variables_initializer()))
    tf.add_to_collection(tf.GraphKeys.SUMMARY_OP, tf.summary.merge_all())
    # minimize() has put the op into the collection train_op.
    assert tf.get_collection(tf.GraphKeys.TRAIN_OP) == [train]
    return loss, train


def write(kind, folder):
    """Writes the records and the meta graph; gives the meta graph's path."""
    records = os.path.join(folder, "digits.tfrecord")
    if not os.path.exists(records):
        write_records(records)
    path = os.path.join(folder, f"{kind}.meta")
    with tf.Graph().as_default():
        build(kind, records)
        tf.train.export_meta_graph(path, saver_def=tf.train.Saver().as_saver_def())
    return path


def losses(path, steps, checkpoint=None):
    """What TensorFlow's own training loop of any such file gives: a row of losses a step, by name."""
    with tf.Graph().as_default() as graph:
        if path.endswith("txt"):
            with open(path) as file:
                path = text_format.Parse(file.read(), tf.MetaGraphDef())
        saver = tf.train.import_meta_graph(path)
        names = [tensor.op.name for tensor in tf.get_collection("losses")]
        config = tf.ConfigProto(
            intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
        with tf.Session(config=config) as session:
            for key in ("init_op", "local_init_op", "table_initializer"):
                session.run(tf.get_collection(key))
            if checkpoint:
                saver.restore(session, checkpoint)
            coordinator = tf.train.Coordinator()
            threads = tf.train.start_queue_runners(session, coordinator)
            fetches = tf.get_collection("losses")
            train = tf.get_collection("train_op")
            rows = [session.run([fetches, train])[0] for _ in range(steps)]
            coordinator.request_stop()
            coordinator.join(threads, ignore_live_threads=True, stop_grace_period_secs=5)
    return names, np.array(rows)


if __name__ == "__main__":
    os.makedirs(sys.argv[1], exist_ok=True)
    print(write(sys.argv[2], sys.argv[1]))
