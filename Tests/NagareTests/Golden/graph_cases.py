"""Writes graph_cases/: small graphs as text, and what TensorFlow gives for runs in one session.

    python graph_cases.py

cases.json has one graph a line: its file, and the runs in order, each with feeds, fetches, targets
and the expected values or the error. "{directory}" stands for a temporary folder of the case.
names.json has requests for names of nodes, in scopes, with the names that TensorFlow made of them.
"""

import re
import tempfile

from google.protobuf import text_format
from op_case_table import *

cases = []
# Put before the error of a dataset's function, with a number of TensorFlow's own.
USER_FUNCTION = re.compile(
    r"Error in user-defined function passed to \S+ transformation with iterator: [\w:]+: ")


class GraphCase:
    """A graph under construction, and then a session whose runs are recorded."""

    def __init__(self, name, tolerance="ulp"):
        self.name, self.tolerance = name, tolerance
        self.graph = tf.Graph()
        self.runs = []

    def __enter__(self):
        self.context = self.graph.as_default()
        self.context.__enter__()
        self.directory = tempfile.mkdtemp()
        self.session = None
        return self

    def __exit__(self, kind, value, trace):
        self.context.__exit__(kind, value, trace)
        if kind:
            return
        with open(os.path.join(FOLDER, "graph_cases", self.name + ".pbtxt"), "w") as file:
            file.write(text_format.MessageToString(self.graph.as_graph_def()))
        cases.append({"name": self.name, "tolerance": self.tolerance, "runs": self.runs})

    def run(self, fetches=(), targets=(), feeds=None):
        """One run; tensors that are fetched and fed, and operations, by themselves."""
        self.session = self.session or tf.Session(graph=self.graph, config=session_config())
        feeds = feeds or {}
        run = {}
        if feeds:
            run["feeds"] = {
                t.name: encode_tensor(self.hide(np.asarray(v, t.dtype.base_dtype.as_numpy_dtype)))
                for t, v in feeds.items()}
        if fetches:
            run["fetches"] = [t.name for t in fetches]
        if targets:
            run["targets"] = [o.name for o in targets]
        feeds = {t: self.reveal(v) for t, v in feeds.items()}
        try:
            values = self.session.run([list(fetches), list(targets)], feeds)[0]
            run["values"] = [encode_tensor(self.hide(as_array(v))) for v in values]
        except tf.errors.OpError as error:
            run["error"] = {
                "code": error.error_code,
                "message": USER_FUNCTION.sub(
                    "", clean(error.message).replace(self.directory, "{directory}"))}
        self.runs.append(run)
        return self

    def reveal(self, value):
        value = np.asarray(value, object) if isinstance(value, (str, bytes)) else value
        if isinstance(value, np.ndarray) and value.dtype == object:
            flat = [v.replace("{directory}", self.directory) if isinstance(v, str) else v
                    for v in value.reshape(-1)]
            return np.array(flat, object).reshape(value.shape)
        return value

    def hide(self, array):
        return array


def variable(values, name, resource, dtype=f32):
    return tf.Variable(
        np.asarray(values, dtype.as_numpy_dtype), name=name, use_resource=resource)


def kinds():
    return [("reference", False), ("resource", True)]


def variables():
    for kind, resource in kinds():
        with GraphCase(f"variables_{kind}") as c:
            v = variable([[1, 2], [3, 4]], "v", resource)
            n = variable(3, "n", resource, i64)
            total = tf.reduce_sum(v, name="total")
            x = tf.placeholder(f32, [2, 2], "x")
            add = tf.assign_add(v, x, name="add")
            sub = tf.assign_sub(v, x, name="sub")
            put = tf.assign(v, x * 2, name="put")
            count = tf.assign_add(n, 1, name="count")
            value = v.read_value() if resource else v.value()
            initialized = tf.is_variable_initialized(v) if not resource else \
                tf.raw_ops.VarIsInitializedOp(resource=v.handle)
            ones = np.ones((2, 2), np.float32)
            c.run([initialized])
            c.run([value])
            c.run([total])
            c.run(targets=[add.op], feeds={x: ones})
            c.run(targets=[v.initializer])
            c.run([initialized])
            c.run([n.read_value() if resource else n.value()])
            c.run(targets=[n.initializer])
            c.run([value, total])
            c.run(targets=[add.op], feeds={x: ones})
            c.run([value])
            c.run(targets=[sub.op], feeds={x: 3 * ones})
            c.run([value])
            c.run(targets=[put.op], feeds={x: ones})
            c.run([value, total])
            c.run(targets=[count.op])
            c.run(targets=[count.op])
            c.run([n.read_value() if resource else n.value()])
            c.run(targets=[v.initializer])
            c.run([value])
    with GraphCase("variables_old", "exact") as c:
        old = add_node("Variable", [], dict(shape=[2], dtype=f32), "old").outputs[0]
        put = tf.raw_ops.Assign(ref=old, value=tf.constant([1.0, 2.0]), name="put")
        value = tf.identity(old, "value")
        r = tf.Variable(np.ones((2, 3), np.float32), name="r", use_resource=True)
        shape = tf.raw_ops.VariableShape(input=r.handle, name="shape")
        long = tf.raw_ops.VariableShape(input=r.handle, out_type=i64, name="long")
        destroy = tf.raw_ops.DestroyResourceOp(
            resource=r.handle, ignore_lookup_error=False, name="destroy")
        quietly = tf.raw_ops.DestroyResourceOp(resource=r.handle, name="quietly")
        c.run([value])
        c.run(targets=[put.op])
        c.run([value])
        c.run(targets=[r.initializer])
        c.run([shape, long])
        c.run(targets=[destroy])
        c.run([r.read_value()])
        c.run(targets=[quietly])
        c.run(targets=[destroy])
    with GraphCase("variables_refused") as c:
        w = tf.Variable(np.ones(2, np.float32), name="w", use_resource=False, validate_shape=False)
        x = tf.placeholder(f32, None, "x")
        put = tf.assign(w, x, validate_shape=True, name="put")
        free = tf.assign(w, x, validate_shape=False, name="free")
        add = tf.assign_add(w, x, name="add")
        c.run(targets=[w.initializer])
        c.run(targets=[put.op], feeds={x: np.ones(3, np.float32)})
        c.run([free], feeds={x: np.ones(3, np.float32)})
        c.run(targets=[add.op], feeds={x: np.ones(2, np.float32)})
        c.run([w.value()])
        r = tf.Variable(np.ones(2, np.float32), name="r", use_resource=True)
        add = tf.raw_ops.AssignAddVariableOp(resource=r.handle, value=x, name="add_r")
        sub = tf.raw_ops.AssignSubVariableOp(resource=r.handle, value=x, name="sub_r")
        c.run(targets=[add], feeds={x: np.ones(2, np.float32)})
        c.run(targets=[r.initializer])
        c.run(targets=[add], feeds={x: np.ones(3, np.float32)})
        c.run(targets=[sub], feeds={x: np.ones((2, 1), np.float32)})
        c.run(targets=[add], feeds={x: np.ones(2, np.float32)})
        c.run([r.read_value()])


def optimizers():
    def update(name, resource, dtype, make):
        with GraphCase(name) as c:
            v = variable([1, -2, 3.5], "v", resource, dtype)
            g = tf.placeholder(dtype, [3], "g")
            slots, node = make(v, g)
            c.run(targets=[v.initializer] + [s.initializer for s in slots])
            for step in range(3):
                random = np.random.RandomState(step)
                c.run(targets=[node if isinstance(node, tf.Operation) else node.op], feeds={
                    g: np.round(random.uniform(-1, 1, 3), 2)})
                c.run([t.read_value() if resource else t.value() for t in [v] + slots])

    raw = tf.raw_ops
    for kind, resource in kinds():
        for dtype in FLOATS:
            def scalar(v):
                return tf.constant(v, dtype)

            def var(v):
                return {"var": v.handle if resource else v._ref()}

            def slot(name, v):
                return {name: v.handle if resource else v._ref()}

            def descent(v, g):
                op = raw.ResourceApplyGradientDescent if resource else raw.ApplyGradientDescent
                return [], op(**var(v), alpha=scalar(0.1), delta=g)

            def momentum(nesterov):
                def make(v, g):
                    a = variable(np.zeros(3), "accumulator", resource, dtype)
                    op = raw.ResourceApplyMomentum if resource else raw.ApplyMomentum
                    return [a], op(**var(v), **slot("accum", a), lr=scalar(0.1), grad=g,
                                   momentum=scalar(0.9), use_nesterov=nesterov)
                return make

            def adam(nesterov):
                def make(v, g):
                    m = variable(np.zeros(3), "m", resource, dtype)
                    s = variable(np.zeros(3), "s", resource, dtype)
                    op = raw.ResourceApplyAdam if resource else raw.ApplyAdam
                    return [m, s], op(
                        **var(v), **slot("m", m), **slot("v", s), beta1_power=scalar(0.9),
                        beta2_power=scalar(0.999), lr=scalar(0.01), beta1=scalar(0.9),
                        beta2=scalar(0.999), epsilon=scalar(1e-8), grad=g, use_nesterov=nesterov)
                return make

            def adagrad(updates):
                def make(v, g):
                    a = variable(np.full(3, 0.1), "accumulator", resource, dtype)
                    op = raw.ResourceApplyAdagrad if resource else raw.ApplyAdagrad
                    return [a], op(
                        **var(v), **slot("accum", a), lr=scalar(0.1), grad=g, update_slots=updates)
                return make

            def rms(v, g):
                ms = variable(np.ones(3), "ms", resource, dtype)
                mom = variable(np.zeros(3), "mom", resource, dtype)
                op = raw.ResourceApplyRMSProp if resource else raw.ApplyRMSProp
                return [ms, mom], op(
                    **var(v), **slot("ms", ms), **slot("mom", mom), lr=scalar(0.01),
                    rho=scalar(0.9), momentum=scalar(0.5), epsilon=scalar(1e-3), grad=g)

            suffix = f"{kind}_{dtype.name}"
            if dtype == f32:
                update(f"adagrad_{suffix}", resource, dtype, adagrad(True))
                update(f"adagrad_without_slots_{suffix}", resource, dtype, adagrad(False))
                update(f"rms_prop_{suffix}", resource, dtype, rms)
            update(f"gradient_descent_{suffix}", resource, dtype, descent)
            for nesterov in (False, True):
                n = "_nesterov" if nesterov else ""
                update(f"momentum{n}_{suffix}", resource, dtype, momentum(nesterov))
                update(f"adam{n}_{suffix}", resource, dtype, adam(nesterov))
        with GraphCase(f"apply_refused_{kind}") as c:
            v = variable([1, 2], "v", resource)
            m = variable([1, 2, 3], "m", resource)
            g = tf.placeholder(f32, None, "g")
            one = tf.constant(1.0)
            rate = tf.placeholder(f32, None, "rate")
            if resource:
                descent = raw.ResourceApplyGradientDescent(var=v.handle, alpha=rate, delta=g)
                momentum = None
            else:
                descent = raw.ApplyGradientDescent(var=v._ref(), alpha=rate, delta=g).op
                unknown = tf.Variable(m.initial_value, validate_shape=False, use_resource=False)
                momentum = raw.ApplyMomentum(
                    var=v._ref(), accum=unknown._ref(), lr=one, grad=g, momentum=one).op
                m = unknown
            two = np.ones(2, np.float32)
            c.run(targets=[descent], feeds={g: two, rate: np.float32(1)})
            c.run(targets=[v.initializer, m.initializer])
            c.run(targets=[descent], feeds={g: np.ones(3, np.float32), rate: np.float32(1)})
            c.run(targets=[descent], feeds={g: two, rate: two})
            if momentum is not None:
                c.run(targets=[momentum], feeds={g: two})
            c.run(targets=[descent], feeds={g: two, rate: np.float32(1)})
            c.run([v.read_value() if resource else v.value()])


def control():
    with GraphCase("control_dependencies") as c:
        v = variable(0, "v", True)
        first = tf.raw_ops.AssignAddVariableOp(resource=v.handle, value=tf.constant(1.0))
        with tf.control_dependencies([first]):
            second = tf.raw_ops.AssignVariableOp(
                resource=v.handle, value=tf.raw_ops.ReadVariableOp(resource=v.handle, dtype=f32) * 2)
        with tf.control_dependencies([second]):
            value = tf.identity(tf.raw_ops.ReadVariableOp(resource=v.handle, dtype=f32), "value")
        group = tf.group(first, second, name="both")
        c.run(targets=[v.initializer])
        c.run([value])
        c.run([value])
        c.run(targets=[group])
        c.run([value])
    with GraphCase("feeding") as c:
        x = tf.placeholder(f32, [None, 2], "x")
        d = tf.placeholder_with_default(np.float32(3), [], "d")
        s = tf.constant([1.0, 2.0], name="s")
        y = tf.add(x * s, d, name="y")
        total = tf.reduce_sum(y, name="total")
        one, two = tf.split(x, 2, axis=1, name="parts")
        c.run([y, total], feeds={x: [[1, 2]]})
        c.run([total], feeds={y: [[1, 2], [3, 4]]})
        c.run([y], feeds={x: [[1, 2]], s: [0, 0]})
        c.run([y], feeds={x: [[1, 2]], d: 5})
        c.run([two], feeds={x: [[1, 2]]})
        c.run([one, two], feeds={one: [[9], [8]], x: [[1, 2]]})
        c.run([x], feeds={x: [[1, 2]]})
        c.run([s, s])
        c.run([y])
        c.run([d])
    with GraphCase("assertions") as c:
        x = tf.placeholder(f32, [None], "x")
        check = tf.raw_ops.Assert(
            condition=tf.reduce_all(x > 0), data=[tf.constant("must be positive:"), x],
            name="check")
        with tf.control_dependencies([check]):
            y = tf.log(x, name="y")
        c.run([y], feeds={x: [1, 2]})
        c.run([y], feeds={x: [1, -2, 3, 4, 5]})
        c.run(targets=[check], feeds={x: []})
    with GraphCase("random_twice", "ulp") as c:
        tf.set_random_seed(7)
        a = tf.random_uniform([3], name="a")
        b = tf.random_normal([3], seed=5, name="b")
        n = tf.truncated_normal([2, 2], stddev=0.5, name="n")
        i = tf.random_uniform([4], maxval=10, dtype=i32, name="i")
        s = tf.random_shuffle(tf.range(6), name="s")
        for _ in range(3):
            c.run([a, b, n, i, s])
        c.run([a])
        c.run([a, b])


def network():
    """A small convolutional network: batch normalization, pooling, softmax cross entropy, Adam."""
    random = np.random.RandomState(1)

    def init(*shape):
        return np.round(random.uniform(-0.5, 0.5, shape), 2)

    images = np.round(random.uniform(0, 1, (4, 6, 6, 1)), 2)
    labels = np.array([0, 1, 2, 1], np.int64)
    for kind, resource in kinds():
        with GraphCase(f"network_{kind}", "training") as c:
            x = tf.placeholder(f32, [None, 6, 6, 1], "x")
            t = tf.placeholder(i64, [None], "labels")
            w1 = variable(init(3, 3, 1, 4), "w1", resource)
            scale = variable(np.ones(4), "scale", resource)
            offset = variable(np.zeros(4), "offset", resource)
            w2 = variable(init(36, 3), "w2", resource)
            b2 = variable(np.zeros(3), "b2", resource)
            y = tf.nn.conv2d(x, w1, 1, "SAME", name="convolution")
            y, mean, variance = tf.nn.fused_batch_norm(y, scale, offset, name="normalized")
            y = tf.nn.leaky_relu(y, 0.1)
            y = tf.nn.max_pool2d(y, 2, 2, "VALID")
            y = tf.reshape(y, [-1, 36])
            logits = tf.nn.bias_add(tf.matmul(y, w2), b2, name="logits")
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=t, logits=logits)
            penalty = 0.01 * (tf.nn.l2_loss(w1) + tf.nn.l2_loss(w2))
            loss = tf.add(tf.reduce_mean(losses), penalty, name="loss")
            step = variable(0, "step", resource, i64)
            rate = tf.train.exponential_decay(0.01, step, 2, 0.9, staircase=True)
            train = tf.train.AdamOptimizer(rate).minimize(loss, global_step=step, name="train")
            weights = [w1, scale, offset, w2, b2]
            gradients = tf.gradients(loss, weights)
            probabilities = tf.nn.softmax(logits, name="probabilities")
            feed = {x: images, t: labels}
            everything = tf.global_variables_initializer()
            values = [w.read_value() if resource else w.value() for w in weights]
            c.run(targets=[everything])
            c.run([logits, loss, mean, variance], feeds=feed)
            c.run(gradients, feeds=feed)
            for _ in range(4):
                c.run([loss], targets=[train], feeds=feed)
            c.run(values)
            c.run([probabilities, loss], feeds=feed)
            c.run([step.read_value() if resource else step.value()])
    with GraphCase("depthwise_network", "training") as c:
        x = tf.placeholder(f32, [None, 6, 6, 2], "x")
        t = tf.placeholder(f32, [None, 2], "target")
        w1 = variable(init(3, 3, 2, 1), "depthwise", True)
        w2 = variable(init(1, 1, 2, 4), "pointwise", True)
        w3 = variable(init(4, 2), "dense", True)
        y = tf.nn.depthwise_conv2d(x, w1, [1, 2, 2, 1], "SAME")
        y = tf.nn.relu6(tf.nn.conv2d(y, w2, 1, "VALID") * 4)
        y = tf.nn.avg_pool2d(y, 2, 1, "VALID")
        y = tf.nn.elu(tf.matmul(tf.reduce_mean(y, [1, 2]), w3))
        loss = tf.reduce_mean(tf.squared_difference(y, t), name="loss")
        train = tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True).minimize(loss)
        feed = {x: np.round(random.uniform(-1, 1, (2, 6, 6, 2)), 2), t: [[1, 0], [0.25, -0.5]]}
        c.run(targets=[tf.global_variables_initializer()])
        c.run(tf.gradients(loss, [w1, w2, w3, x]), feeds=feed)
        for _ in range(4):
            c.run([loss], targets=[train], feeds=feed)
        c.run([w.read_value() for w in (w1, w2, w3)])


def gradients():
    with GraphCase("gradient_second_order", "relative") as c:
        x = tf.placeholder(f64, [3], "x")
        y = tf.reduce_sum(tf.tanh(x) * tf.exp(0.5 * x) / (1 + tf.square(x)))
        g, = tf.gradients(y, x)
        h, = tf.gradients(g, x, grad_ys=tf.constant([1.0, -2.0, 0.5], f64))
        c.run([y, g, h], feeds={x: [0.3, -1.2, 2.0]})
    with GraphCase("gradient_shared", "relative") as c:
        x = tf.placeholder(f64, [2, 2], "x")
        a = tf.matmul(x, x)
        b = a + tf.transpose(a) * x
        y = tf.stack([b, tf.stop_gradient(a) * x, a], axis=1)
        z = tf.concat([y[:, 1], tf.gather(x, [1, 1, 0])], 0)
        loss = tf.reduce_sum(z * z) + tf.reduce_mean(tf.where(a > 0, b, x))
        c.run([loss] + tf.gradients(loss, [x, a]), feeds={x: [[0.5, -1], [2, 0.25]]})
    with GraphCase("gradient_broadcast", "relative") as c:
        x = tf.placeholder(f64, None, "x")
        w = tf.placeholder(f64, None, "w")
        y = tf.reduce_sum(tf.square(x * w - w))
        g = tf.gradients(y, [x, w])
        for s, t in [((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2,)), ((0, 2), (2,))]:
            c.run(g, feeds={x: np.full(s, 0.5), w: np.full(t, 1.5)})
    with GraphCase("gradient_box_loss", "relative") as c:
        logits = tf.placeholder(f64, [2, 3, 3, 2], "logits")
        hot = tf.placeholder(f64, [2, 3, 3, 2], "hot")
        boxes = tf.placeholder(f64, [2, 3, 3, 4], "boxes")
        targets = tf.placeholder(f64, [2, 3, 3, 4], "targets")
        flat = tf.nn.softmax_cross_entropy_with_logits_v2(
            labels=tf.stop_gradient(tf.reshape(hot, [-1, 2])), logits=tf.reshape(logits, [-1, 2]))
        d = tf.abs(boxes - targets)
        smooth = tf.where(d < 1, 0.5 * d * d, d - 0.5) * hot[..., 1:]
        count = tf.maximum(tf.reduce_sum(hot[..., 1]), 1)
        loss = tf.reduce_sum(flat) / count + tf.reduce_sum(smooth) / count
        random = np.random.RandomState(3)
        positive = (random.rand(2, 3, 3) > 0.6).astype(float)
        c.run([loss] + tf.gradients(loss, [logits, boxes]), feeds={
            logits: np.round(random.randn(2, 3, 3, 2), 2),
            hot: np.stack([1 - positive, positive], -1),
            boxes: np.round(random.randn(2, 3, 3, 4), 2),
            targets: np.round(random.randn(2, 3, 3, 4), 2)})


def files():
    raw = tf.raw_ops
    with GraphCase("checkpoint", "exact") as c:
        prefix = tf.placeholder(string, [], "prefix")
        a = variable([[1.5, 2], [3, 4]], "a", True)
        n = variable([1, 2, 3], "n", False, i64)
        w = tf.constant([b"x", b"\xe6\xb5\x81", b""], name="w")
        f = tf.cast(tf.constant([True, False]), boolean, name="f")
        h = tf.constant(np.array([1.5, -0.25], np.float16), name="h")
        save = raw.SaveV2(
            prefix=prefix, tensor_names=["a", "n", "w", "f", "h"], shape_and_slices=[""] * 5,
            tensors=[a.read_value(), n._ref(), w, f, h], name="save")
        read = raw.RestoreV2(
            prefix=prefix, tensor_names=["w", "a", "n", "f", "h"], shape_and_slices=[""] * 5,
            dtypes=[string, f32, i64, boolean, f16], name="read")
        part = raw.RestoreV2(prefix=prefix, tensor_names=["a"], shape_and_slices=["2 2 -:1,1"],
                             dtypes=[f32], name="part")
        missing = raw.RestoreV2(prefix=prefix, tensor_names=["nope"], shape_and_slices=[""],
                                dtypes=[f32], name="missing")
        other = raw.RestoreV2(prefix=prefix, tensor_names=["a"], shape_and_slices=[""],
                              dtypes=[i32], name="other")
        again = tf.assign(a, read[1]).op
        saved, nowhere = {prefix: "{directory}/model.ckpt-1"}, {prefix: "{directory}/none"}
        c.run(targets=[a.initializer, n.initializer])
        c.run(targets=[save], feeds=saved)
        c.run(list(read), feeds=saved)
        c.run(part, feeds=saved)
        c.run(targets=[tf.raw_ops.AssignVariableOp(resource=a.handle, value=tf.zeros([2, 2]))])
        c.run([a.read_value()])
        c.run(targets=[again], feeds=saved)
        c.run([a.read_value()])
        c.run(missing, feeds=saved)
        c.run(other, feeds=saved)
        c.run(list(read), feeds=nowhere)
    with GraphCase("checkpoint_shards", "exact") as c:
        one, two = tf.placeholder(string, [], "one"), tf.placeholder(string, [], "two")
        target = tf.placeholder(string, [], "target")
        first = raw.SaveV2(prefix=one, tensor_names=["a"], shape_and_slices=[""],
                           tensors=[tf.constant([1.0, 2.0])], name="first")
        second = raw.SaveV2(prefix=two, tensor_names=["b"], shape_and_slices=["4 2 0,2:-"],
                            tensors=[tf.constant([[1, 2], [3, 4]])], name="second")
        third = tf.placeholder(string, [], "third_prefix")
        rest = raw.SaveV2(prefix=third, tensor_names=["b"], shape_and_slices=["4 2 2,2:-"],
                          tensors=[tf.constant([[5, 6], [7, 8]])], name="third")
        with tf.control_dependencies([first, second, rest]):
            merge = raw.MergeV2Checkpoints(
                checkpoint_prefixes=tf.stack([one, two, third]), destination_prefix=target,
                name="merge")
        read = raw.RestoreV2(prefix=target, tensor_names=["a", "b"], shape_and_slices=["", ""],
                             dtypes=[f32, i32], name="read")
        part = raw.RestoreV2(prefix=target, tensor_names=["b"], shape_and_slices=["4 2 1,2:0,1"],
                             dtypes=[i32], name="part")
        c.run(targets=[merge], feeds={
            one: "{directory}/part1", two: "{directory}/part2", third: "{directory}/part3",
            target: "{directory}/whole"})
        c.run(list(read), feeds={target: "{directory}/whole"})
        c.run(part, feeds={target: "{directory}/whole"})
        c.run(targets=[merge], feeds={
            one: "{directory}/part1", two: "{directory}/part1", third: "{directory}/part3",
            target: "{directory}/whole"})
    with GraphCase("files", "exact") as c:
        path = tf.placeholder(string, [], "path")
        text = tf.placeholder(string, [], "text")
        write = raw.WriteFile(filename=path, contents=text, name="write")
        read = raw.ReadFile(filename=path, name="read")
        here = {path: "{directory}/sub/a.txt"}
        c.run(targets=[write], feeds={**here, text: b"one\x00two"})
        c.run([read], feeds=here)
        c.run(targets=[write], feeds={**here, text: b""})
        c.run([read], feeds=here)
        c.run([read], feeds={path: "{directory}/none"})
        c.run([read], feeds={path: "{directory}"})
    with GraphCase("pictures", "exact") as c:
        x = tf.placeholder(u8, [None, None, 3], "x")
        y = tf.image.decode_png(tf.image.encode_png(x), channels=3)
        grey = tf.image.rgb_to_grayscale(x)
        scaled = tf.image.convert_image_dtype(x, f32)
        bigger = tf.image.resize_bilinear(tf.expand_dims(scaled, 0), [4, 5])
        random = np.random.RandomState(5)
        c.run([y, grey, scaled, bigger], feeds={x: random.randint(0, 256, (2, 3, 3))})


def functions():
    from tensorflow.python.framework import function
    values = np.float32([0.5, -1, 2])
    with GraphCase("functions") as c:
        x = tf.placeholder(f32, [3], "x")
        w = variable([1, 2, 3], "w", True)

        @tf.function
        def square(x):
            return x * x

        @tf.function
        def polynomial(x, y):
            return square(x) + 3 * y, square(y), tf.split(x, 3)

        @tf.function
        def weigh(x):
            return tf.sin(x) * w

        @tf.function
        def bump(x):
            w.assign_add(x)
            return tf.reduce_sum(x)

        @function.Defun(f32)
        def old(x):
            return 2 * x + 1

        a, b, parts = polynomial(x, 2 * x)
        weighed = weigh(x)
        loss = tf.reduce_sum(weighed * square(x))
        slope, upstream = tf.gradients(loss, [w, x])
        bumped = bump(x)
        c.run([a, b, parts[1]], feeds={x: values})
        c.run([weighed], feeds={x: values})
        c.run(targets=[w.initializer])
        c.run([weighed, loss, slope, upstream, old(x)], feeds={x: values})
        c.run([bumped], feeds={x: values})
        c.run([w.read_value()])
    with GraphCase("functions_refused") as c:
        x = tf.placeholder(f32, None, "x")

        @tf.function
        def strict(x):
            return tf.matmul(x, x)

        y = strict(x)
        c.run([y], feeds={x: np.ones((2, 2))})
        c.run([y], feeds={x: np.ones((2, 3))})


def iterate(case, dataset, count, starts=1):
    """Gets `count` elements, after each of `starts` starts."""
    iterator = tf.data.make_initializable_iterator(dataset)
    fetches = tf.nest.flatten(iterator.get_next())
    for _ in range(starts):
        case.run(targets=[iterator.initializer])
        for _ in range(count):
            case.run(fetches)


def datasets():
    from tensorflow.python.ops import gen_dataset_ops
    data = tf.data.Dataset
    noise = lambda x: tf.random_uniform([2], seed=3) + tf.cast(x, f32)
    with GraphCase("dataset_sources", "exact") as c:
        iterate(c, data.range(2, 9, 3), 5, 2)
        iterate(c, data.range(3, 0, -2), 3)
        iterate(c, data.from_tensor_slices(
            (np.float32([[1, 2], [3, 4]]), np.array([b"a", b"bc"]), np.int8([5, 6]))), 3)
        iterate(c, data.from_tensors(np.float64([[1, 2]])), 2)
        one = tf.data.make_one_shot_iterator(data.range(2)).get_next()
        for _ in range(3):
            c.run([one])
    with GraphCase("dataset_order", "exact") as c:
        iterate(c, data.range(3).repeat(2), 7)
        iterate(c, data.range(2).repeat(), 5)
        iterate(c, data.range(0).repeat(), 1)
        iterate(c, data.range(5).batch(2), 4)
        iterate(c, data.range(5).batch(2, drop_remainder=True), 3)
        iterate(c, data.from_tensor_slices(np.array([[b"a", b"b"], [b"c", b"d"]])).batch(2), 1)
        iterate(c, data.range(7).shard(3, 1), 3)
        iterate(c, data.range(5).take(2), 3)
        iterate(c, data.range(3).take(-1), 4)
        iterate(c, data.range(5).skip(3), 3)
        iterate(c, data.range(3).skip(-1), 1)
        iterate(c, data.range(2).concatenate(data.range(7, 9)), 5)
        iterate(c, data.zip((data.range(3), data.range(5, 7))), 3)
        iterate(c, data.range(4).prefetch(2), 5)
        iterate(c, data.range(4).prefetch(-1), 5)
    with GraphCase("dataset_shuffle", "exact") as c:
        iterate(c, data.range(10).shuffle(4, seed=5).repeat(2), 21, 2)
        iterate(c, data.range(6).shuffle(4, 5, reshuffle_each_iteration=False).repeat(2), 13)
        iterate(c, data.range(6).repeat(3).shuffle(5, seed=1).batch(4), 6)
        iterate(c, data.range(5).shuffle(100, seed=9).repeat(3), 16)
        iterate(c, data.range(4).shuffle(1, seed=9), 5)
        iterate(c, data.range(0).shuffle(3, seed=9), 1)
        tf.set_random_seed(12)
        iterate(c, data.range(6).shuffle(3), 6)
        plain = data.range(6).repeat(2)
        shape = dict(output_types=[i64], output_shapes=[[]])
        seeds = dict(seed=i64_constant(3), seed2=i64_constant(4))
        for name, make in [
            ("v3", lambda: tf.raw_ops.ShuffleDatasetV3(
                input_dataset=plain._variant_tensor, buffer_size=i64_constant(4), **seeds,
                seed_generator=tf.raw_ops.DummySeedGenerator(), **shape)),
            ("v3_seeded", lambda: tf.raw_ops.ShuffleDatasetV3(
                input_dataset=plain._variant_tensor, buffer_size=i64_constant(4), **seeds,
                seed_generator=tf.raw_ops.AnonymousSeedGenerator(
                    reshuffle=True, **seeds).handle, **shape)),
            ("v2", lambda: tf.raw_ops.ShuffleDatasetV2(
                input_dataset=plain._variant_tensor, buffer_size=i64_constant(4),
                seed_generator=tf.raw_ops.AnonymousSeedGenerator(
                    reshuffle=True, **seeds).handle, **shape)),
        ]:
            iterator = tf.raw_ops.IteratorV2(shared_name=name, container="", **shape)
            start = tf.raw_ops.MakeIterator(dataset=make(), iterator=iterator)
            c.run(targets=[start])
            following = tf.raw_ops.IteratorGetNext(iterator=iterator, **shape)
            for _ in range(13):
                c.run(following)
    with GraphCase("dataset_map") as c:
        k = tf.placeholder_with_default(np.float32(2), [], "k")
        names = data.from_tensor_slices((np.float32([1, 2, 3]), np.array([b"a", b"b", b"c"])))
        iterate(c, names.map(lambda x, s: (s, x * k)), 4)
        iterate(c, names.map(lambda x, s: (s, x * k), num_parallel_calls=2), 4)
        iterate(c, data.range(3).map(noise).repeat(2), 7, 2)
        iterate(c, data.range(3).map(noise, num_parallel_calls=1).repeat(2), 7)
        mapped = data.range(3).map(noise)
        iterate(c, data.zip((mapped, mapped)), 3)
        iterate(c, data.range(4).map(lambda x: x * 2).batch(2).map(tf.reduce_sum).prefetch(1), 3)
        iterate(c, data.range(4).map(noise).shuffle(3, seed=2).batch(3, True).repeat(2), 3)
    with GraphCase("dataset_records", "exact") as c:
        path = tf.placeholder(tf.string, [], "path")
        content = tf.placeholder(tf.string, [], "content")
        write = tf.write_file(path, content)
        first, second, missing = ["{directory}/" + n for n in ["first", "second", "missing"]]
        for kind in ["", "GZIP", "ZLIB"]:
            paths = tf.placeholder(tf.string, [None], "paths")
            iterator = tf.data.make_initializable_iterator(
                tf.data.TFRecordDataset(paths, compression_type=kind, buffer_size=100))
            following = iterator.get_next()
            for name, texts in [(first, ["a", "", "long" * 100]), (second, ["b", "c"])]:
                c.run(targets=[write], feeds={path: name, content: records(texts, kind)})
            c.run(targets=[iterator.initializer], feeds={paths: np.array([first, second], object)})
            for _ in range(6):
                c.run([following])
            c.run(targets=[iterator.initializer], feeds={paths: np.array([missing], object)})
            c.run([following])
    with GraphCase("dataset_flat", "exact") as c:
        k = tf.placeholder_with_default(np.int64(10), [], "k")
        iterate(c, data.range(4).flat_map(lambda n: data.range(n).map(lambda m: m + k * n)), 7)
        iterate(c, data.range(3).flat_map(
            lambda n: data.range(6).shuffle(3, seed=1).take(n)).batch(2).repeat(2), 5)
    with GraphCase("dataset_old", "exact") as c:
        shape = dict(output_types=[i64], output_shapes=[[]])
        plain = data.range(5)
        double = plain.map(lambda x: x * 2)._variant_tensor.op.get_attr("f")
        made = add_node(
            "ParallelMapDataset", [plain._variant_tensor, [], tf.constant(2)],
            dict(f=double, Targuments=[], **shape)).outputs[0]
        made = tf.raw_ops.OptionsDataset(input_dataset=made, serialized_options="", **shape)
        made = tf.raw_ops.OptimizeDataset(
            input_dataset=made, optimizations=tf.constant([], tf.string), **shape)
        made = tf.raw_ops.ModelDataset(input_dataset=made, **shape)
        stacked = dict(output_types=[i64], output_shapes=[[None]])
        made = tf.raw_ops.BatchDatasetV2(
            input_dataset=made, batch_size=2, drop_remainder=False, **stacked)
        iterator = tf.raw_ops.Iterator(shared_name="old", container="", **stacked)
        start = tf.raw_ops.MakeIterator(dataset=made, iterator=iterator)
        found = tf.raw_ops.IteratorFromStringHandleV2(
            string_handle=tf.raw_ops.IteratorToStringHandle(resource_handle=iterator))
        following = tf.raw_ops.IteratorGetNextSync(iterator=found, **stacked)
        c.run(targets=[start])
        for _ in range(4):
            c.run(following)
    with GraphCase("dataset_refused") as c:
        iterator = tf.data.make_initializable_iterator(data.range(2))
        c.run([iterator.get_next()])
        ragged = data.range(1, 3).map(lambda n: tf.ones([n]))
        iterate(c, ragged.batch(2), 2)
        checked = data.range(3).map(
            lambda n: tf.check_numerics(1 / (tf.cast(n, f32) - 1), "not finite"))
        iterate(c, checked, 4)
        iterate(c, checked.prefetch(1), 4)
        number = tf.placeholder(i64, [], "number")
        shape = dict(output_types=[i64], output_shapes=[[]])
        plain = data.range(3)._variant_tensor
        for made in [
            tf.raw_ops.ShardDataset(input_dataset=plain, num_shards=number, index=0, **shape),
            tf.raw_ops.ShardDataset(input_dataset=plain, num_shards=2, index=number, **shape),
            tf.raw_ops.BatchDatasetV2(
                input_dataset=plain, batch_size=number, drop_remainder=False, **shape),
            tf.raw_ops.ShuffleDataset(
                input_dataset=plain, buffer_size=number, seed=1, seed2=1, **shape),
            tf.raw_ops.PrefetchDataset(input_dataset=plain, buffer_size=number, **shape),
            tf.raw_ops.RangeDataset(start=0, stop=3, step=number, **shape),
        ]:
            handle = tf.raw_ops.IteratorV2(
                shared_name="", container="", output_types=[i64], output_shapes=[[]])
            start = tf.raw_ops.MakeIterator(dataset=made, iterator=handle)
            for n in [-3, 0]:
                c.run(targets=[start], feeds={number: n})
        other = tf.raw_ops.IteratorV2(
            shared_name="other", container="", output_types=[f32], output_shapes=[[]])
        c.run(targets=[tf.raw_ops.MakeIterator(dataset=plain, iterator=other)])


def i64_constant(value):
    return tf.constant(value, i64)


def records(texts, compression):
    """The bytes of a record file."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "records")
        with tf.io.TFRecordWriter(path, tf.io.TFRecordOptions(compression)) as writer:
            for text in texts:
                writer.write(text.encode())
        with open(path, "rb") as file:
            return file.read()


def names():
    steps = []
    with tf.Graph().as_default() as graph:
        def add(name):
            steps.append({"add": name, "becomes": tf.no_op(name=name).name})

        def enter(name):
            scope = tf.name_scope(name)
            steps.append({"enter": name, "becomes": scope.__enter__()})
            return scope

        def leave(scope):
            steps.append({"exit": True})
            scope.__exit__(None, None, None)

        for name in ["a", "a", "A", "a_1", "a", "b_2", "b", "b", "b"]:
            add(name)
        first = enter("s")
        add("a")
        add("a")
        inner = enter("s")
        add("S")
        leave(inner)
        leave(first)
        for name in ["s", "S", "s"]:
            scope = enter(name)
            add("x")
            leave(scope)
        add("s")
        add("s/a")
        again = enter("s/")
        add("a")
        add("fresh")
        leave(again)
        add("s_1/x")
        add("q/r/t")
        scope = enter("q")
        add("r")
        leave(scope)
    write_lines(os.path.join("graph_cases", "names.json"), steps)


if __name__ == "__main__":
    os.makedirs(os.path.join(FOLDER, "graph_cases"), exist_ok=True)
    for f in [variables, optimizers, control, network, gradients, files, functions, datasets, names]:
        f()
    write_lines(os.path.join("graph_cases", "cases.json"), cases)
