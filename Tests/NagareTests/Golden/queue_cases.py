"""Writes graph_cases/queue_cases.json: graphs with queues and readers, as graph_cases.py does; and
pipelines.json, MetaGraphs with queue runners and the batches that come out of them.

    python queue_cases.py

A shuffling queue is full whenever a batch is taken. "{directory}" in a MetaGraph stands for a folder
with the files "one", "two" and "three" of 5, 3 and 4 records: record r of file f is the bytes
f, r, f ^ r, 7.
"""

import struct
import zlib

import graph_cases
from graph_cases import *

raw = tf.raw_ops
graph_cases.cases.clear()


class QueueCase(GraphCase):
    """A case whose values name files of its folder."""

    def __init__(self, name):
        super().__init__(name, "exact")

    def hide(self, array):
        if array.dtype == object:
            flat = [v.replace(self.directory.encode(), b"{directory}") if isinstance(v, bytes)
                    else v for v in array.reshape(-1)]
            return np.array(flat, object).reshape(array.shape)
        return array


def queue_kinds(reference):
    """The ops for queues as resources or as references, by what they do."""
    suffix = "" if reference else "V2"
    names = ["FIFOQueue", "PaddingFIFOQueue", "RandomShuffleQueue", "QueueEnqueue",
             "QueueEnqueueMany", "QueueDequeue", "QueueDequeueMany", "QueueDequeueUpTo",
             "QueueClose", "QueueSize"]
    return {n: getattr(raw, n + suffix) for n in names}


def queues():
    for kind, reference in [("resource", False), ("reference", True)]:
        ops = queue_kinds(reference)
        types = [f32, i32]
        with QueueCase(f"queue_first_in_first_out_{kind}") as c:
            q = ops["FIFOQueue"](component_types=types, shapes=[[2], []], capacity=3, name="q")
            x, y = tf.placeholder(f32, None, "x"), tf.placeholder(i32, None, "y")
            n = tf.placeholder(i32, None, "n")
            put = ops["QueueEnqueue"](handle=q, components=[x, y], name="put")
            put_many = ops["QueueEnqueueMany"](handle=q, components=[x, y], name="put_many")
            lacking = ops["QueueEnqueue"](handle=q, components=[x], name="lacking")
            mixed = ops["QueueEnqueue"](handle=q, components=[y, x], name="mixed")
            late = ops["QueueEnqueue"](handle=q, components=[x, y], timeout_ms=5, name="late")
            take = ops["QueueDequeue"](handle=q, component_types=types, name="take")
            other = ops["QueueDequeue"](handle=q, component_types=[f32], name="other")
            take_many = ops["QueueDequeueMany"](
                handle=q, n=n, component_types=types, name="take_many")
            other_many = ops["QueueDequeueMany"](
                handle=q, n=n, component_types=[f32, f32], name="other_many")
            up_to = ops["QueueDequeueUpTo"](handle=q, n=n, component_types=types, name="up_to")
            close = ops["QueueClose"](handle=q, name="close")
            cancel = ops["QueueClose"](handle=q, cancel_pending_enqueues=True, name="cancel")
            size = ops["QueueSize"](handle=q, name="size")
            one = {x: [1, 2], y: 3}
            c.run([size])
            c.run(targets=[put], feeds=one)
            c.run([size])
            c.run(targets=[put], feeds={x: [1, 2, 3], y: 3})
            c.run(targets=[put_many], feeds={x: [[1, 2], [3, 4]], y: [3]})
            c.run(targets=[put_many], feeds={x: [[1, 2], [3, 4]], y: [4, 5]})
            c.run(targets=[put_many], feeds={x: np.zeros((0, 2)), y: np.zeros(0)})
            c.run(targets=[lacking], feeds={x: [1, 2]})
            c.run(targets=[mixed], feeds=one)
            c.run(targets=[late], feeds=one)
            c.run(other)
            c.run(other_many, feeds={n: 1})
            c.run(take_many, feeds={n: -1})
            c.run(take_many, feeds={n: 0})
            c.run(take)
            c.run(take_many, feeds={n: 2})
            c.run(targets=[put_many], feeds={x: [[5, 6], [7, 8], [9, 10]], y: [1, 2, 3]})
            if not reference:
                closed = raw.QueueIsClosedV2(handle=q, name="closed")
                c.run([closed])
            c.run(targets=[close])
            c.run(targets=[close])
            c.run(targets=[cancel])
            if not reference:
                c.run([closed])
            c.run(targets=[put], feeds=one)
            c.run(targets=[put_many], feeds={x: [[1, 2]], y: [3]})
            c.run(take)
            c.run(take_many, feeds={n: 3})
            c.run(up_to, feeds={n: 5})
            c.run(up_to, feeds={n: 5})
            c.run(take)
            c.run([size])
        with QueueCase(f"queue_random_shuffle_{kind}") as c:
            q = ops["RandomShuffleQueue"](
                component_types=[i32, string], shapes=[[], []], capacity=20, min_after_dequeue=4,
                seed=11, seed2=5, name="q")
            x, s = tf.placeholder(i32, None, "x"), tf.placeholder(string, None, "s")
            n = tf.placeholder(i32, None, "n")
            put = ops["QueueEnqueueMany"](handle=q, components=[x, s], name="put")
            take = ops["QueueDequeue"](handle=q, component_types=[i32, string], name="take")
            many = ops["QueueDequeueMany"](
                handle=q, n=n, component_types=[i32, string], name="many")
            up_to = ops["QueueDequeueUpTo"](
                handle=q, n=n, component_types=[i32, string], name="up_to")
            close = ops["QueueClose"](handle=q, name="close")
            size = ops["QueueSize"](handle=q, name="size")

            def feed(numbers):
                return {x: list(numbers), s: [b"s%d" % i for i in numbers]}

            c.run(targets=[put], feeds=feed(range(20)))
            for _ in range(5):
                c.run(take)
            c.run(many, feeds={n: 7})
            c.run(targets=[put], feeds=feed(range(20, 32)))
            c.run(many, feeds={n: 9})
            c.run([size])
            c.run(targets=[close])
            c.run(many, feeds={n: 12})
            c.run(many, feeds={n: 3})
            c.run(up_to, feeds={n: 6})
            c.run(up_to, feeds={n: 6})
            c.run(up_to, feeds={n: 6})
            c.run(take)
        with QueueCase(f"queue_padding_{kind}") as c:
            shapes = [tf.TensorShape([None, 2]), tf.TensorShape([None]), tf.TensorShape([])]
            types = [f32, string, i64]
            q = ops["PaddingFIFOQueue"](component_types=types, shapes=shapes, name="q")
            x, s = tf.placeholder(f32, None, "x"), tf.placeholder(string, None, "s")
            i, n = tf.placeholder(i64, None, "i"), tf.placeholder(i32, None, "n")
            put = ops["QueueEnqueue"](handle=q, components=[x, s, i], name="put")
            put_many = ops["QueueEnqueueMany"](handle=q, components=[x, s, i], name="put_many")
            take = ops["QueueDequeue"](handle=q, component_types=types, name="take")
            many = ops["QueueDequeueMany"](handle=q, n=n, component_types=types, name="many")
            close = ops["QueueClose"](handle=q, name="close")
            c.run(targets=[put], feeds={x: [[1, 2]], s: [b"a", b"b"], i: 1})
            c.run(targets=[put], feeds={x: [[1, 2], [3, 4]], s: [b"c"], i: 2})
            c.run(targets=[put], feeds={x: np.zeros((0, 2)), s: np.array([], object), i: 3})
            c.run(targets=[put], feeds={x: [[1, 2, 3]], s: [b"c"], i: 4})
            c.run(targets=[put_many], feeds={x: [[1, 2, 3]], s: [[b"c"]], i: [4]})
            c.run(targets=[put_many], feeds={x: [[[1, 2]]], s: [[b"c"], [b"d"]], i: [4]})
            c.run(many, feeds={n: 0})
            c.run(many, feeds={n: 3})
            c.run(targets=[put_many], feeds={
                x: [[[1, 2]], [[3, 4]]], s: [[b"c", b"d", b"e"], [b"f", b"g", b"h"]], i: [4, 5]})
            c.run(take)
            c.run(targets=[close])
            c.run(many, feeds={n: 2})
            c.run(many, feeds={n: 1})


def refusals():
    with QueueCase("queue_definitions") as c:
        one = tf.constant(1.0)

        def sized(name, queue, **attributes):
            q = queue(component_types=[f32], name=name, **attributes)
            return raw.QueueSizeV2(handle=q, name=name + "_size")

        a = raw.FIFOQueueV2(component_types=[f32], shared_name="s", capacity=3, name="a")
        put = raw.QueueEnqueueV2(handle=a, components=[one], name="put")
        many = raw.QueueDequeueManyV2(handle=a, n=1, component_types=[f32], name="many")
        fifo, shuffle = raw.FIFOQueueV2, raw.RandomShuffleQueueV2
        same = sized("b", fifo, shared_name="s", capacity=3)
        capacity = sized("c", fifo, shared_name="s", capacity=4)
        kind = sized("e", shuffle, shared_name="s", capacity=3)
        shape = sized("f", fifo, shared_name="s", capacity=3, shapes=[[2]])
        types = raw.QueueSizeV2(handle=raw.FIFOQueueV2(
            component_types=[i32], shared_name="s", capacity=3, name="d"), name="d_size")
        bad = [
            sized("g", shuffle, min_after_dequeue=-1, capacity=3),
            sized("h", shuffle, min_after_dequeue=3, capacity=3),
            sized("i", shuffle, shapes=[[2], [1]]),
            sized("j", shuffle, min_after_dequeue=2),
            sized("k", fifo, shapes=[tf.TensorShape([None, 2])]),
            sized("l", raw.PaddingFIFOQueueV2),
        ]
        shared = dict(shared_name="t", capacity=9, min_after_dequeue=2)
        seeds = [sized("m", shuffle, seed=1, **shared), sized("n", shuffle, seed=2, **shared)]
        least = sized("o", shuffle, seed=1, **{**shared, "min_after_dequeue": 3})
        x, y = tf.placeholder(f32, None, "x"), tf.placeholder(f32, None, "y")
        free = raw.FIFOQueueV2(component_types=[f32, f32], name="free")
        rows = raw.QueueEnqueueManyV2(handle=free, components=[x, y], name="rows")
        row = raw.QueueDequeueV2(handle=free, component_types=[f32, f32], name="row")
        c.run(targets=[put])
        for s in [same, capacity, types, kind, shape] + bad + seeds + [least]:
            c.run([s])
        c.run(many)
        c.run(targets=[rows], feeds={x: [[1], [2]], y: [3]})
        c.run(targets=[rows], feeds={x: [[1], [2]], y: [3, 4]})
        c.run(row)
    for kind, resource in kinds():
        with QueueCase(f"count_up_to_{kind}") as c:
            v = variable(0, "v", resource, i64)
            n = variable(7, "n", resource, i32)
            up, on = v.count_up_to(2), n.count_up_to(9)
            if not resource:
                c.run([up])
            c.run(targets=[v.initializer, n.initializer])
            for _ in range(3):
                c.run([up])
            c.run([on])
            c.run([on])
            c.run([on])
            c.run([v.read_value() if resource else v.value()])


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(*values):
    result = b""
    for value in values:
        length = struct.pack("<Q", len(value))
        result += length + struct.pack("<I", crc32c(length))
        result += value + struct.pack("<I", crc32c(value))
    return result


def readers():
    with QueueCase("readers") as c:
        path, text = tf.placeholder(string, [], "path"), tf.placeholder(string, [], "text")
        n = tf.placeholder(i64, [], "n")
        write = raw.WriteFile(filename=path, contents=text, name="write")
        q = raw.FIFOQueueV2(component_types=[string], shapes=[[]], name="q")
        put = raw.QueueEnqueueV2(handle=q, components=[path], name="put")
        close = raw.QueueCloseV2(handle=q, name="close")
        size = raw.QueueSizeV2(handle=q, name="size")

        def reader(name, handle):
            return (
                list(raw.ReaderReadV2(reader_handle=handle, queue_handle=q, name=name + "_read")),
                list(raw.ReaderReadUpToV2(reader_handle=handle, queue_handle=q, num_records=n,
                                          name=name + "_read_up_to")),
                raw.ReaderNumRecordsProducedV2(reader_handle=handle, name=name + "_records"),
                raw.ReaderNumWorkUnitsCompletedV2(reader_handle=handle, name=name + "_units"),
                raw.ReaderResetV2(reader_handle=handle, name=name + "_reset"))

        plain = reader("plain", raw.TFRecordReaderV2(name="plain"))
        packed = reader("packed", raw.TFRecordReaderV2(compression_type="ZLIB", name="packed"))
        whole = reader("whole", raw.WholeFileReaderV2(name="whole"))
        files = {
            "one": records(b"first", b"", b"third" * 20), "two": records(b"fourth"), "none": b"",
            "packed": zlib.compress(records(b"a", b"bc", b"def")),
            "cut": records(b"fifth", b"sixth")[:-3]}
        for name, content in files.items():
            c.run(targets=[write], feeds={path: "{directory}/" + name, text: content})

        def enqueue(*names):
            for name in names:
                c.run(targets=[put], feeds={path: "{directory}/" + name})

        def state(of):
            c.run([of[2], of[3], size])

        read, up_to, _, _, reset = plain
        enqueue("one", "none", "two", "one")
        state(plain)
        for _ in range(2):
            c.run(read)
        state(plain)
        c.run(read)
        state(plain)
        c.run(read)
        state(plain)
        c.run(up_to, feeds={n: 2})
        c.run(up_to, feeds={n: 2})
        state(plain)
        enqueue("one", "two")
        c.run(up_to, feeds={n: 5})
        c.run(up_to, feeds={n: 5})
        c.run(up_to, feeds={n: 0})
        state(plain)
        enqueue("one", "two")
        c.run(read)
        c.run(targets=[reset])
        state(plain)
        c.run(read)
        enqueue("missing", "cut")
        c.run(read)
        c.run(read)
        c.run(read)
        c.run(targets=[reset])
        read, up_to, _, _, _ = packed
        enqueue("packed")
        c.run(read)
        c.run(up_to, feeds={n: 5})
        state(packed)
        read, up_to, _, _, _ = whole
        enqueue("one", "none", "two")
        c.run(read)
        state(whole)
        c.run(up_to, feeds={n: 2})
        state(whole)
        c.run(targets=[close])
        c.run(read)
        c.run(up_to, feeds={n: 2})
    with QueueCase("reader_queues") as c:
        reader = raw.WholeFileReaderV2(name="reader")
        for name, types, values in [("numbers", [f32], [[1.0]]), ("pairs", [string] * 2, ["a"] * 2),
                                    ("vectors", [string], [["a", "b"]])]:
            q = raw.FIFOQueueV2(component_types=types, name=name)
            put = raw.QueueEnqueueV2(
                handle=q, components=[tf.constant(v) for v in values], name=name + "_put")
            read = raw.ReaderReadV2(reader_handle=reader, queue_handle=q, name=name + "_read")
            c.run(targets=[put])
            c.run(list(read))


def pipelines():
    result = []

    def pipeline(name, build, seed=None):
        directory = tempfile.mkdtemp()
        files = [os.path.join(directory, f) for f in ("one", "two", "three")]
        for f, (path, count) in enumerate(zip(files, (5, 3, 4))):
            with open(path, "wb") as file:
                file.write(records(*[bytes([f, r, f ^ r, 7]) for r in range(count)]))
        with tf.Graph().as_default() as graph:
            tf.set_random_seed(seed)
            fetches = build(files)
            meta = tf.train.export_meta_graph(graph=graph)
            meta.meta_info_def.ClearField("stripped_op_list")
            with tf.Session(graph=graph, config=session_config()) as session:
                session.run(tf.local_variables_initializer())
                batches, error = take(session, fetches)
        with open(os.path.join(FOLDER, "graph_cases", name + ".meta.txt"), "w") as file:
            file.write(text_format.MessageToString(meta).replace(directory, "{directory}"))
        result.append({
            "name": name, "fetches": [t.name for t in fetches], "batches": [
                {"values": [encode_tensor(hidden(as_array(v), directory)) for v in batch]}
                for batch in batches], "end": error})

    def hidden(array, directory):
        if array.dtype == object:
            flat = [v.replace(directory.encode(), b"{directory}") for v in array.reshape(-1)]
            return np.array(flat, object).reshape(array.shape)
        return array

    def take(session, fetches):
        """Batches to the end, or 20; queues that shuffle are filled here, the others by threads."""
        coordinator = tf.train.Coordinator()
        shuffling = []
        for runner in tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS):
            if runner.queue.queue_ref.op.type == "RandomShuffleQueueV2":
                shuffling.append(runner)
            else:
                runner.create_threads(session, coordinator, daemon=True, start=True)
        ended = set()
        batches, error = [], ""
        try:
            while len(batches) < 20:
                for runner in shuffling:
                    capacity = runner.queue.queue_ref.op.get_attr("capacity")
                    turn = 0
                    while runner.name not in ended and session.run(
                            runner.queue.size()) < capacity:
                        try:
                            session.run(runner.enqueue_ops[turn % len(runner.enqueue_ops)])
                            turn += 1
                        except tf.errors.OutOfRangeError:
                            ended.add(runner.name)
                            session.run(runner.close_op)
                batches.append(session.run(fetches))
        except tf.errors.OutOfRangeError as out:
            # How much was left depends on whether the batch was begun before the queue was closed.
            error = clean(out.message).split(" (requested")[0]
        coordinator.request_stop()
        return batches, error

    def example(queue):
        key, value = tf.TFRecordReader().read(queue)
        return tf.reshape(tf.decode_raw(value, u8), [4]), key

    def in_order(files):
        queue = tf.train.string_input_producer(files, num_epochs=2, shuffle=False)
        return tf.train.batch(list(example(queue)), batch_size=5)

    def last_batch(files):
        queue = tf.train.string_input_producer(files, num_epochs=2, shuffle=True, seed=3)
        return tf.train.batch(
            list(example(queue)), batch_size=5, capacity=7, allow_smaller_final_batch=True)

    def shuffled(files):
        queue = tf.train.string_input_producer(files, num_epochs=5, shuffle=True, seed=4)
        values = list(example(queue))
        return tf.train.shuffle_batch(
            values, batch_size=4, capacity=14, min_after_dequeue=6, seed=9)

    def forever(files):
        queue = tf.train.string_input_producer(files)
        values = list(example(queue))
        return tf.train.shuffle_batch(values, batch_size=8, capacity=20, min_after_dequeue=10)

    def many(files):
        queue = tf.train.string_input_producer(files, num_epochs=3, shuffle=False)
        keys, values = tf.TFRecordReader().read_up_to(queue, 4)
        return [tf.train.batch([keys], batch_size=3, enqueue_many=True)]

    def padded(files):
        queue = tf.train.string_input_producer(files, num_epochs=1, shuffle=False)
        value = example(queue)[0]
        x = tf.range(tf.cast(value[1], i32) + 1)
        return [tf.train.batch([x], batch_size=4, dynamic_pad=True)]

    pipeline("pipeline_in_order", in_order)
    pipeline("pipeline_last_batch", last_batch)
    pipeline("pipeline_shuffled", shuffled)
    pipeline("pipeline_forever", forever, seed=21)
    pipeline("pipeline_many", many)
    pipeline("pipeline_padded", padded)
    write_lines(os.path.join("graph_cases", "pipelines.json"), result)


if __name__ == "__main__":
    pipelines()
    queues()
    refusals()
    readers()
    write_lines(os.path.join("graph_cases", "queue_cases.json"), graph_cases.cases)
