"""Writes coco.json: average precisions of pycocotools for seeded regions and detections.

    python coco.py

Needs pycocotools and numpy.
"""

import contextlib
import io
import json
import os

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def make(seed, pictures, classes, noise, ties):
    """Truths and detections, [left, top, right, bottom, label] and the same with a score."""
    random = np.random.RandomState(seed)
    truths, found = [], []
    for _ in range(pictures):
        regions, detections = [], []
        for _ in range(random.randint(0, 5)):
            x, y, w, h = random.uniform(0, 0.7), random.uniform(0, 0.7), *random.uniform(0.05, 0.3, 2)
            label = int(random.randint(1, classes + 1))
            regions.append([x, y, x + w, y + h, label])
            for _ in range(random.randint(0, 3)):
                moved = np.array([x, y, x + w, y + h]) + random.normal(0, noise, 4) * [w, h, w, h]
                if moved[2] > moved[0] and moved[3] > moved[1]:
                    detections.append([*moved, label, random.uniform(0.3, 1)])
        for _ in range(random.randint(0, 4)):
            x, y = random.uniform(0, 0.7, 2)
            detections.append(
                [x, y, x + 0.2, y + 0.2, int(random.randint(1, classes + 1)), random.uniform(0, 0.7)])
        if ties:
            for detection in detections:
                detection[5] = round(detection[5], 1)
        truths.append([[round(float(v), 4) for v in r[:4]] + [r[4]] for r in regions])
        found.append(
            [[round(float(v), 4) for v in d[:4]] + [d[4], round(float(d[5]), 4)] for d in detections])
    return truths, found


def evaluate(truths, found, classes):
    def box(r):
        return [r[0], r[1], r[2] - r[0], r[3] - r[1]]

    annotations = [
        {"id": 0, "image_id": i, "category_id": r[4], "bbox": box(r), "iscrowd": 0,
         "area": (r[2] - r[0]) * (r[3] - r[1])}
        for i, regions in enumerate(truths) for r in regions]
    for number, annotation in enumerate(annotations):
        annotation["id"] = number + 1
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "images": [{"id": i} for i in range(len(truths))],
            "categories": [{"id": c} for c in range(1, classes + 1)], "annotations": annotations}
        truth.createIndex()
        detections = truth.loadRes([
            {"image_id": i, "category_id": d[4], "bbox": box(d), "score": d[5]}
            for i, regions in enumerate(found) for d in regions])
        measure = COCOeval(truth, detections, "bbox")
        measure.evaluate()
        measure.accumulate()
    # [overlaps, recalls, classes, areas, limits]
    precision = measure.eval["precision"][:, :, :, 0, 2]
    return [
        {"precisions": [float(v) for v in precision[:, :, c].mean(1)],
         "precision_at_recall": [float(v) for v in precision[0, :, c]]} if precision[0, 0, c] >= 0
        else None for c in range(classes)]


if __name__ == "__main__":
    cases = []
    for name, arguments in {
        "close": (1, 12, 2, 0.05, False), "loose": (2, 20, 3, 0.15, False),
        "ties": (3, 15, 1, 0.1, True), "many ties": (4, 30, 2, 0.12, True),
    }.items():
        truths, found = make(*arguments)
        cases.append(
            {"name": name, "classes": arguments[2], "truths": truths, "found": found,
             "expected": evaluate(truths, found, arguments[2])})
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "coco.json")
    with open(path, "w") as file:
        file.write(
            "[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
