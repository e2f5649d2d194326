"""Trains a detector's graph file with TensorFlow, on the batches that `nagare detect train` takes.

    python train_with_tensorflow.py RUN_DIR RECORDS OUTPUT.csv --steps N [--compare] [--curve FILE.svg]

RUN_DIR is a folder that `nagare detect train --no-distortion` wrote with the same seed: its
model.meta and model.ckpt-0 are read, and with --compare or --curve its metrics.csv. The curve shows the
mean loss of every ten steps on a logarithmic scale.
"""

import argparse
import csv
import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_eager_execution()

MASK = (1 << 64) - 1


class SplitMix64:
    def __init__(self, seed):
        self.state = seed & MASK

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        bits = self.state
        bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & MASK
        return bits ^ (bits >> 31)


def order(seed, epoch, count):
    generator = SplitMix64(seed + epoch * 0x9E3779B97F4A7C15)
    indices = list(range(count))
    for index in range(count - 1, 0, -1):
        other = generator.next() % (index + 1)
        indices[index], indices[other] = indices[other], indices[index]
    return indices


def load(path, size):
    """All pictures standardised, their labels, masks and offsets."""
    options = None
    with open(path, "rb") as file:
        if file.read(2) == b"\x1f\x8b":
            options = tf.python_io.TFRecordOptions(tf.python_io.TFRecordCompressionType.GZIP)
    examples = []
    for record in tf.python_io.tf_record_iterator(path, options):
        examples.append(tf.train.Example.FromString(record).features.feature)
    with tf.Graph().as_default(), tf.Session() as session:
        file = tf.placeholder(tf.string, [])
        picture = tf.cast(tf.image.decode_jpeg(file, channels=3), tf.float32)
        picture = tf.image.resize_bilinear(picture[None], [size, size])[0]
        picture = tf.image.per_image_standardization(tf.image.rgb_to_grayscale(picture))
        images = [
            session.run(picture, {file: e["image"].bytes_list.value[0]}) for e in examples
        ]
    labels = [np.array(e["labels"].float_list.value, np.float32) for e in examples]
    masks = [np.array(e["label_masks"].float_list.value, np.float32) for e in examples]
    offsets = [np.array(e["offset"].float_list.value, np.float32) for e in examples]
    return np.stack(images), np.stack(labels), np.stack(masks), np.stack(offsets)


def write_curve(path, ours, theirs):
    """The losses of both engines, {step: loss}, as means over ten steps."""
    width, height, left, bottom = 640, 360, 60, 40

    def means(losses):
        groups = {}
        for step, loss in losses.items():
            groups.setdefault((step - 1) // 10, []).append(loss)
        return [(10 * group + 5, float(np.mean(values))) for group, values in sorted(groups.items())]

    lines = [("Nagare", "#d95f02", means(ours)), ("TensorFlow", "#1b9e77", means(theirs))]
    points = [point for _, _, line in lines for point in line]
    last = max(max(ours), max(theirs))
    low = np.floor(np.log10(min(loss for _, loss in points)) * 2) / 2
    high = np.ceil(np.log10(max(loss for _, loss in points)) * 2) / 2

    def x(step):
        return left + (width - left - 20) * step / last

    def y(loss):
        return 20 + (height - bottom - 20) * (high - np.log10(loss)) / (high - low)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>']
    for exponent in np.arange(low, high + 0.25, 0.5):
        at = y(10.0 ** exponent)
        parts.append(f'<line x1="{left}" x2="{width - 20}" y1="{at:.1f}" y2="{at:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 6}" y="{at + 4:.1f}" text-anchor="end">{10.0 ** exponent:.2g}</text>')
    for share in range(5):
        step = last * share // 4
        parts.append(f'<text x="{x(step):.1f}" y="{height - 18}" text-anchor="middle">{step}</text>')
    for index, (name, color, line) in enumerate(lines):
        path_points = " ".join(f"{x(step):.1f},{y(loss):.1f}" for step, loss in line)
        dash = ' stroke-dasharray="5 4"' if index else ""
        parts.append(f'<polyline points="{path_points}" fill="none" stroke="{color}" stroke-width="1.5"{dash}/>')
        parts.append(f'<text x="{width - 120}" y="{36 + 16 * index}" fill="{color}">{name}</text>')
    parts.append("</svg>")
    with open(path, "w") as file:
        file.write("\n".join(parts) + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("run")
    parser.add_argument("records")
    parser.add_argument("output")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--compare", action="store_true")
    parser.add_argument("--curve", help="an SVG file for the losses of both")
    parser.add_argument("--save", help="prefix of a checkpoint to write at the end")
    arguments = parser.parse_args()

    settings = json.load(open(os.path.join(arguments.run, "settings.json")))["settings"]
    options = settings["options"]
    batch = options["batchSize"]
    model = {"grid": "model0", "multibox": "model1"}[settings["detector"]]
    columns = [f"{model}_label_loss", f"{model}_loc_loss"]
    images, labels, masks, offsets = load(arguments.records, settings["pictureSize"])
    count = len(images)

    saver = tf.train.import_meta_graph(os.path.join(arguments.run, "model.meta"))
    graph = tf.get_default_graph()
    boxes = graph.get_tensor_by_name("labels:0").shape[1]
    config = tf.ConfigProto(
        intra_op_parallelism_threads=arguments.threads,
        inter_op_parallelism_threads=arguments.threads,
    )
    rows = []
    with tf.Session(config=config) as session:
        saver.restore(session, os.path.join(arguments.run, "model.ckpt-0"))
        train = tf.get_collection("train_op")[0]
        fetches = [graph.get_tensor_by_name(n) for n in ("label_loss:0", "loc_loss:0")]
        times = []
        for step in range(arguments.steps):
            chosen = []
            for position in range(step * batch, (step + 1) * batch):
                chosen.append(order(options["seed"], position // count, count)[position % count])
            started = time.perf_counter()
            label, location, _ = session.run(
                fetches + [train],
                {
                    "images:0": images[chosen],
                    "labels:0": labels[chosen].reshape(batch, boxes, -1),
                    "label_masks:0": masks[chosen],
                    "offsets:0": offsets[chosen].reshape(batch, boxes, 4),
                },
            )
            times.append(time.perf_counter() - started)
            rows.append((step + 1, float(label), float(location)))
            if (step + 1) % 100 == 0:
                print(step + 1, label, location, f"{np.median(times):.4f} s/step", file=sys.stderr)
        print(f"TensorFlow: {np.median(times):.3f} s a step", file=sys.stderr)
        if arguments.save:
            saver.save(session, arguments.save, write_meta_graph=False)
    with open(arguments.output, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["step"] + columns)
        writer.writerows(rows)

    if arguments.curve:
        with open(os.path.join(arguments.run, "metrics.csv")) as file:
            ours = {
                int(r["step"]): sum(float(r[column]) for column in columns)
                for r in csv.DictReader(file)}
        write_curve(arguments.curve, ours, {step: label + location for step, label, location in rows})

    if arguments.compare:
        ours = {int(r["step"]): r for r in csv.DictReader(open(os.path.join(arguments.run, "metrics.csv")))}
        worst = 0.0
        compared = 0
        for step, label, location in rows[:200]:
            if step not in ours:
                continue
            compared += 1
            for column, theirs in zip(columns, (label, location)):
                mine = float(ours[step][column])
                worst = max(worst, abs(mine - theirs) / max(abs(theirs), 1e-30))
        print(f"{compared} steps compared, largest relative difference of a loss {worst:.2e}")
        if compared == 0 or worst > 1e-3:
            sys.exit("the losses differ by more than 1e-3")


main()
