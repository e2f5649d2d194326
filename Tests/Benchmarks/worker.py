"""One engine with one work: for each number on standard input so many runs, and their seconds on a line.

    python worker.py ENGINE WORK.json

The first line of output says which version it is and in which file the first result stands. With
"start" in the work it loads the graph, runs it once and ends.
"""

import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np


def channels_first(value):
    return np.ascontiguousarray(value.transpose(0, 3, 1, 2)) if value.ndim == 4 else value


def tensorflow(work, feeds):
    import tensorflow.compat.v1 as tf

    tf.disable_eager_execution()
    graph = tf.get_default_graph()
    config = tf.ConfigProto(
        intra_op_parallelism_threads=work["threads"], inter_op_parallelism_threads=work["threads"])
    if work["graph"].endswith(".meta"):
        saver = tf.train.import_meta_graph(work["graph"])
        session = tf.Session(config=config)
        saver.restore(session, work["checkpoint"])
    else:
        definition = tf.GraphDef()
        with open(work["graph"], "rb") as file:
            definition.ParseFromString(file.read())
        tf.import_graph_def(definition, name="")
        session = tf.Session(config=config)
    for name in work.get("initialize", []):
        session.run(graph.get_operation_by_name(name))
    tensors = [graph.get_tensor_by_name(name + ":0") for name in feeds]
    fetches = [graph.get_tensor_by_name(name + ":0") for name in work["fetch"]]
    values = list(feeds.values())
    result = None
    if work["kind"] != "input":
        result = session.run(fetches[0], dict(zip(tensors, values)))
    if work["kind"] == "training":
        fetches = [graph.get_operation_by_name(name) for name in work["target"]]
    call = session.make_callable(fetches, tensors)
    return tf.__version__, lambda: call(*values), result


def pytorch(work, feeds):
    import torch
    from networks import TorchNetwork

    torch.set_num_threads(work["threads"])
    network = TorchNetwork(work["network"])
    inputs = {
        name: torch.from_numpy(channels_first(value)).contiguous(
            memory_format=torch.channels_last if value.ndim == 4 else torch.contiguous_format)
        for name, value in feeds.items()}
    images = next(iter(inputs.values()))
    version = torch.__version__
    if work["kind"] != "training":
        torch.set_grad_enabled(False)
        return version, lambda: network(images), network(images).numpy()

    for parameter in network.parameters.values():
        parameter.requires_grad_()
    optimizer = torch.optim.Adam(
        network.parameters.values(), lr=work["learning_rate"], eps=1e-8, fused=True)
    labels, masks, offsets = inputs["labels"], inputs["label_masks"], inputs["offsets"]

    def loss():
        logits = network(images)
        label_losses = (logits[..., 4:] - labels).square()
        differences = logits[..., :4] - offsets
        if work["detector"] == "grid":
            return label_losses.mean() + differences.square().mean()
        positives = masks.sum().clamp(min=1)
        mask = masks[..., None]
        negatives = (label_losses - label_losses * mask).flatten(1)
        k = min(int(3 * positives), negatives.shape[1])
        hardest = negatives.topk(k).values.sum()
        label = (label_losses * mask).sum() / positives + hardest / (3 * positives)
        distance = differences.abs()
        near = distance.clamp(max=1)
        location = (near * near * 0.5 + (distance - near)) * mask
        return label + location.sum() / positives

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss().backward()
        optimizer.step()

    with torch.no_grad():
        first = loss().numpy()
    return version, step, first


def onnxruntime(work, feeds):
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = work["threads"]
    options.inter_op_num_threads = 1
    session = ort.InferenceSession(
        work["onnx"], options, providers=["CPUExecutionProvider"])
    inputs = {session.get_inputs()[0].name: channels_first(next(iter(feeds.values())))}

    def run():
        return session.run(None, inputs)

    return ort.__version__, run, run()[0]


def openvino(work, feeds):
    import openvino as ov

    compiled = ov.Core().compile_model(
        work["onnx"], "CPU",
        {"INFERENCE_NUM_THREADS": work["threads"], "PERFORMANCE_HINT": "LATENCY",
         "INFERENCE_PRECISION_HINT": "f32"})
    request = compiled.create_infer_request()
    value = channels_first(next(iter(feeds.values())))
    request.set_input_tensor(ov.Tensor(value))
    request.infer()
    version = ov.__version__.split("-")[0]
    return version, request.infer, np.array(request.get_output_tensor().data)


def main():
    engine = sys.argv[1]
    with open(sys.argv[2]) as file:
        work = json.load(file)
    feeds = {name: np.load(path) for name, path in work["feed"].items()}
    version, run, result = globals()[engine](work, feeds)
    if work["kind"] == "start":
        run()
        print(result)
        sys.stdout.flush()
        os._exit(0)
    path = None
    if result is not None:
        path = os.path.join(work["folder"], f"{work['name']}-{engine}.npy")
        np.save(path, result)
    print(json.dumps({"version": version, "result": path}), flush=True)
    for line in sys.stdin:
        seconds = []
        for _ in range(int(line)):
            started = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - started)
        print(*seconds, flush=True)
    # Threads of some engines do not end by themselves.
    os._exit(0)


main()
