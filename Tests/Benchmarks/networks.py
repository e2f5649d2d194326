"""Networks of a GraphDef for engines that do not read one.

    python networks.py extract GRAPH.pb OUTPUT FOLDER     writes network.json and weights.npz
    python networks.py detector TRAINING.meta PREDICTION.meta FOLDER
                                                          also model.ckpt, frozen.pb and names.json
    python networks.py onnx FOLDER SHAPE                  writes network-SHAPE.onnx from the former

The first two need TensorFlow, the third onnx, `TorchNetwork` torch. Tensors of four dimensions are
batch, height, width, channels in the GraphDef and batch, channels, height, width elsewhere.
"""

import json
import os
import sys

import numpy as np


# What TensorFlow is asked

def extract(graph_def, output, folder):
    """The nodes that `output` needs, in the order in which they run, and the constants."""
    import tensorflow.compat.v1 as tf

    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
    nodes, weights, alias, done = [], {}, {}, set()
    pending = [graph.get_operation_by_name(output)]
    while pending:
        operation = pending[-1]
        waiting = [t.op for t in operation.inputs if t.op.name not in done]
        if operation.name in done or waiting:
            if operation.name in done:
                pending.pop()
            pending += waiting
            continue
        pending.pop()
        done.add(operation.name)
        inputs = [alias.get(t.name, t.name) for t in operation.inputs]
        if operation.type == "Const":
            weights[operation.outputs[0].name] = tf.make_ndarray(operation.get_attr("value"))
            continue
        if operation.type == "Identity":
            alias[operation.outputs[0].name] = inputs[0]
            continue
        attributes = {}
        for name in ("strides", "ksize", "padding", "epsilon", "keep_dims"):
            try:
                value = operation.get_attr(name)
            except ValueError:
                continue
            attributes[name] = value.decode() if isinstance(value, bytes) else value
        nodes.append({
            "op": operation.type, "inputs": inputs, "attributes": attributes,
            "outputs": [t.name for t in operation.outputs],
            "shapes": [t.shape.as_list() if t.shape.rank is not None else None
                       for t in operation.outputs]})
    output = alias.get(output + ":0", output + ":0")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "network.json"), "w") as file:
        json.dump({"nodes": nodes, "output": output}, file)
    np.savez(os.path.join(folder, "weights.npz"), **weights)


def detector(training, prediction, folder):
    """A checkpoint of a training graph's initial variables, and the graph from `images` to `logits`
    with them."""
    import tensorflow.compat.v1 as tf

    tf.disable_eager_execution()
    os.makedirs(folder, exist_ok=True)
    checkpoint = os.path.join(folder, "model.ckpt")
    with tf.Graph().as_default(), tf.Session() as session:
        saver = tf.train.import_meta_graph(training)
        session.run(tf.get_collection("init_op"))
        saver.save(session, checkpoint, write_meta_graph=False)
        initializers = [getattr(n, "name", n) for n in tf.get_collection("table_initializer")]
    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.train.import_meta_graph(prediction).restore(session, checkpoint)
        frozen = tf.graph_util.convert_variables_to_constants(
            session, graph.as_graph_def(), ["logits"])
    with open(os.path.join(folder, "frozen.pb"), "wb") as file:
        file.write(frozen.SerializeToString())
    extract(frozen, "logits", folder)
    with open(os.path.join(folder, "names.json"), "w") as file:
        json.dump({"initializers": initializers}, file)


# What the others have in common

class Network:
    def __init__(self, folder):
        with open(os.path.join(folder, "network.json")) as file:
            content = json.load(file)
        self.nodes, self.output = content["nodes"], content["output"]
        self.weights = dict(np.load(os.path.join(folder, "weights.npz")))
        self.shapes = {n: np.shape(w) for n, w in self.weights.items()}
        self.uses = {}
        for node in self.nodes:
            self.shapes.update(zip(node["outputs"], node["shapes"]))
            for name in node["inputs"]:
                self.uses[name] = self.uses.get(name, 0) + 1

    def rank(self, name):
        return len(self.shapes[name])

    def padding(self, node, window):
        """Rows and columns before and after, as SAME has them."""
        if node["attributes"]["padding"] == "VALID":
            return [(0, 0), (0, 0)]
        padding = []
        for axis in (1, 2):
            size, stride = self.shapes[node["inputs"][0]][axis], node["attributes"]["strides"][axis]
            total = max((-(-size // stride) - 1) * stride + window[axis - 1] - size, 0)
            padding.append((total // 2, total - total // 2))
        return padding

    def merged(self):
        """The nodes with a bias as the third input of the convolution or product before it."""
        made, nodes = {}, []
        for node in self.nodes:
            before = made.get(node["inputs"][0]) if node["inputs"] else None
            if (node["op"] == "BiasAdd" and before and self.uses[node["inputs"][0]] == 1
                    and before["op"] in ("Conv2D", "DepthwiseConv2dNative", "MatMul")):
                before["inputs"].append(node["inputs"][1])
                before["outputs"] = node["outputs"]
                made[node["outputs"][0]] = before
                continue
            node = dict(node, inputs=list(node["inputs"]))
            nodes.append(node)
            for name in node["outputs"]:
                made[name] = node
        return nodes

    def filter(self, name, is_depthwise):
        weights = self.weights[name]
        if not is_depthwise:
            return weights.transpose(3, 2, 0, 1)
        height, width, channels, multiplier = weights.shape
        return weights.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, height, width)

    def axis(self, axis, rank):
        """An axis of the GraphDef in the other order."""
        axis = int(axis) % rank
        return [0, 2, 3, 1][axis] if rank == 4 else axis


ELEMENTWISE = {"Relu": "Relu", "Tanh": "Tanh", "Sigmoid": "Sigmoid", "AddV2": "Add", "Add": "Add",
               "Mul": "Mul", "Sub": "Sub"}


def write_onnx(folder, input_shape):
    """The network as an ONNX model for an input of `input_shape`, in the GraphDef's order."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    network = Network(folder)
    nodes, constants, kept = [], [], set()

    def constant(name, value):
        if name not in kept:
            kept.add(name)
            constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def emit(op, inputs, outputs, **attributes):
        nodes.append(helper.make_node(op, inputs, outputs, **attributes))

    for node in network.merged():
        op, inputs, outputs, attributes = (
            node["op"], node["inputs"], node["outputs"], node["attributes"])
        out = outputs[:1]
        if op == "Placeholder":
            order = [0, 3, 1, 2] if len(input_shape) == 4 else range(len(input_shape))
            info = helper.make_tensor_value_info(
                out[0], TensorProto.FLOAT, [input_shape[i] for i in order])
        elif op in ("Conv2D", "DepthwiseConv2dNative"):
            filters = network.filter(inputs[1], op != "Conv2D")
            pads = network.padding(node, filters.shape[2:])
            bias = [constant(n, network.weights[n]) for n in inputs[2:]]
            emit("Conv", [inputs[0], constant(inputs[1], filters)] + bias, out,
                 strides=attributes["strides"][1:3], group=1 if op == "Conv2D" else len(filters),
                 pads=[pads[0][0], pads[1][0], pads[0][1], pads[1][1]])
        elif op == "MaxPool":
            window = attributes["ksize"][1:3]
            pads = network.padding(node, window)
            emit("MaxPool", inputs, out, kernel_shape=window, strides=attributes["strides"][1:3],
                 pads=[pads[0][0], pads[1][0], pads[0][1], pads[1][1]])
        elif op == "FusedBatchNormV3":
            emit("BatchNormalization",
                 inputs[:1] + [constant(n, network.weights[n]) for n in inputs[1:]], out,
                 epsilon=attributes["epsilon"])
        elif op == "Relu6":
            limits = [constant("zero", np.float32(0)), constant("six", np.float32(6))]
            emit("Clip", inputs + limits, out)
        elif op == "Mean":
            assert list(network.weights[inputs[1]]) == [1, 2] and not attributes["keep_dims"]
            emit("GlobalAveragePool", inputs[:1], [out[0] + "/kept"])
            emit("Flatten", [out[0] + "/kept"], out)
        elif op == "MatMul":
            operands = [constant(n, network.weights[n]) if n in network.weights else n
                        for n in inputs]
            emit("Gemm" if len(inputs) == 3 else "MatMul", operands, out)
        elif op == "Softmax":
            emit("Softmax", inputs, out, axis=-1)
        elif op == "ConcatV2":
            rank = network.rank(out[0])
            operands = [constant(n, network.weights[n]) if n in network.weights else n
                        for n in inputs[:-1]]
            emit("Concat", operands, out,
                 axis=network.axis(network.weights[inputs[-1]], rank))
        elif op == "Split":
            axis = network.axis(network.weights[inputs[0]], network.rank(inputs[1]))
            emit("Split", inputs[1:], outputs, axis=axis, num_outputs=len(outputs))
        elif op == "Reshape":
            source = inputs[0]
            if network.rank(source) == 4:
                emit("Transpose", [source], [out[0] + "/source"], perm=[0, 2, 3, 1])
                source = out[0] + "/source"
            shape = np.asarray(network.weights[inputs[1]], np.int64)
            emit("Reshape", [source, constant(out[0] + "/shape", shape)], out)
        elif op in ELEMENTWISE:
            operands = [constant(n, network.weights[n]) if n in network.weights else n
                        for n in inputs]
            emit(ELEMENTWISE[op], operands, out)
        else:
            raise ValueError(f"no ONNX for {op}")
    graph = helper.make_graph(
        nodes, "network", [info],
        [helper.make_tensor_value_info(network.output, TensorProto.FLOAT, None)], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 10
    size = "x".join(map(str, input_shape)) or "scalar"
    path = os.path.join(folder, f"network-{size}.onnx")
    onnx.save(model, path)
    return path


class TorchNetwork:
    """The network as calls of torch, one after the other, on weights that can be trained."""

    def __init__(self, folder):
        import torch
        import torch.nn.functional as F

        self.network = network = Network(folder)
        self.parameters, self.calls = {}, []

        def parameter(name, value):
            if name not in self.parameters:
                tensor = torch.from_numpy(np.ascontiguousarray(value))
                if tensor.ndim == 4:
                    tensor = tensor.contiguous(memory_format=torch.channels_last)
                self.parameters[name] = tensor
            return self.parameters[name]

        def add(inputs, outputs, call):
            self.calls.append((inputs, outputs, call))

        def value(name):
            return parameter(name, network.weights[name])

        elementwise = {"Relu": torch.relu, "Relu6": F.relu6, "Tanh": torch.tanh,
                       "Sigmoid": torch.sigmoid, "AddV2": torch.add, "Add": torch.add,
                       "Mul": torch.mul, "Sub": torch.sub,
                       "Softmax": lambda x: torch.softmax(x, -1)}

        for node in network.merged():
            op, inputs, outputs, attributes = (
                node["op"], node["inputs"], node["outputs"], node["attributes"])
            if op == "Placeholder":
                self.input = outputs[0]
            elif op in ("Conv2D", "DepthwiseConv2dNative"):
                filters = parameter(inputs[1], network.filter(inputs[1], op != "Conv2D"))
                bias = value(inputs[2]) if len(inputs) > 2 else None
                (top, bottom), (left, right) = network.padding(node, filters.shape[2:])
                stride = attributes["strides"][1:3]
                groups = 1 if op == "Conv2D" else len(filters)
                if top == bottom and left == right:
                    add(inputs[:1], outputs,
                        lambda x, f=filters, b=bias, s=stride, p=(top, left), g=groups:
                        F.conv2d(x, f, b, s, p, groups=g))
                else:
                    add(inputs[:1], outputs,
                        lambda x, f=filters, b=bias, s=stride, p=(left, right, top, bottom),
                        g=groups: F.conv2d(F.pad(x, p), f, b, s, groups=g))
            elif op == "MaxPool":
                window, stride = attributes["ksize"][1:3], attributes["strides"][1:3]
                (top, bottom), (left, right) = network.padding(node, window)
                add(inputs, outputs,
                    lambda x, w=window, s=stride, p=(left, right, top, bottom):
                    F.max_pool2d(F.pad(x, p, value=float("-inf")) if any(p) else x, w, s))
            elif op == "FusedBatchNormV3":
                scale, offset, mean, variance = map(value, inputs[1:])
                add(inputs[:1], outputs[:1],
                    lambda x, m=mean, v=variance, g=scale, o=offset, e=attributes["epsilon"]:
                    F.batch_norm(x, m, v, g, o, False, 0, e))
            elif op == "Mean":
                add(inputs[:1], outputs, lambda x: x.mean((2, 3)))
            elif op == "MatMul":
                weights, bias = value(inputs[1]), value(inputs[2])
                add(inputs[:1], outputs, lambda x, w=weights, b=bias: torch.addmm(b, x, w))
            elif op == "ConcatV2":
                axis = network.axis(network.weights[inputs[-1]], network.rank(outputs[0]))
                add(inputs[:-1], outputs, lambda *x, a=axis: torch.cat(x, a))
            elif op == "Split":
                axis = network.axis(network.weights[inputs[0]], network.rank(inputs[1]))
                add(inputs[1:], outputs,
                    lambda x, a=axis, n=len(outputs): torch.split(x, x.shape[a] // n, a))
            elif op == "Reshape":
                shape = [int(d) for d in network.weights[inputs[1]]]
                if network.rank(inputs[0]) == 4:
                    add(inputs[:1], outputs,
                        lambda x, s=shape: x.permute(0, 2, 3, 1).reshape(s))
                else:
                    add(inputs[:1], outputs, lambda x, s=shape: x.reshape(s))
            elif op in elementwise:
                add(inputs, outputs, elementwise[op])
            else:
                raise ValueError(f"no call of torch for {op}")
        self.constants = {}
        for inputs, _, _ in self.calls:
            for name in inputs:
                if name in network.weights:
                    self.constants[name] = torch.from_numpy(np.asarray(network.weights[name]))

    def __call__(self, x):
        values = dict(self.constants)
        values[self.input] = x
        for inputs, outputs, call in self.calls:
            result = call(*[values[name] for name in inputs])
            if len(outputs) == 1:
                values[outputs[0]] = result
            else:
                values.update(zip(outputs, result))
        return values[self.network.output]


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    command, *rest = sys.argv[1:]
    if command == "extract":
        import tensorflow.compat.v1 as tf

        with open(rest[0], "rb") as file:
            extract(tf.GraphDef.FromString(file.read()), rest[1], rest[2])
    elif command == "detector":
        detector(*rest)
    elif command == "onnx":
        print(write_onnx(rest[0], json.loads(rest[1])))
    else:
        sys.exit(__doc__)
