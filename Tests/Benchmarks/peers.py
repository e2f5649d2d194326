"""Measures Nagare beside TensorFlow, PyTorch, ONNX Runtime and OpenVINO, in turns.

    python peers.py --nagare NAGARE --networks EXAMPLE --folder DIR [--works NAME ...] [--rounds N]
                    [--pictures DIR] [--docs DIR] [--list] [--render]

Each engine is a process of its own that loads a work, and lives until all have been measured with it. They
take turns, A B C A B C, each turn as many runs as fill a quarter of a second; medians over all runs are
compared. First results are compared beforehand. DIR/peers.json has everything; what is measured again
replaces what was there. --docs writes the table into Performance.md there and the chart beside it.
"""

import argparse
import json
import os
import platform
import select
import statistics
import subprocess
import sys
import time

import numpy as np

import report

HERE = os.path.dirname(os.path.abspath(__file__))
# Seconds until an engine must have loaded a work and run it once.
START_LIMIT = 240
ALL = ["nagare", "tensorflow", "pytorch", "onnxruntime", "openvino"]
TRAINING = ["nagare", "tensorflow", "pytorch"]


def works():
    """Everything that can be measured, by name."""
    found = {}

    def add(name, kind, title, engines, **more):
        found[name] = dict(name=name, kind=kind, title=title, engines=engines, threads=2, **more)

    for detector, title in (("grid", "grid detector"), ("multibox", "multi-scale detector")):
        for batch in (8, 32):
            add(f"{detector}-train-{batch}", "training", f"{title}, training step, batch {batch}",
                TRAINING, detector=detector, batch=batch)
        for batch in (1, 32):
            add(f"{detector}-forward-{batch}", "forward", f"{title}, forward, batch {batch}", ALL,
                detector=detector, batch=batch)
    networks = [
        ("mobilenet", "mobilenet-v1", "MobileNet V1, batch 1", [1, 224, 224, 3], ALL),
        ("resnet", "resnet-50", "ResNet-50, batch 1", [1, 224, 224, 3], ALL),
        ("lstm", "lstm", "LSTM cell of 256 units, 16 steps", [1, 16, 256], ALL),
        # OpenVINO takes minutes to compile a long chain.
        ("additions", "additions", "10,000 scalar additions", [], ALL[:-1]),
        ("single", "single", "one addition", [], ALL)]
    for name, network, title, shape, engines in networks:
        add(name, "forward", title, engines, graph=network, shape=shape)
    add("start", "start", "start, load 2,000 nodes, first answer",
        ["nagare", "tensorflow", "onnxruntime"], graph="thousands", shape=[])
    add("input", "input", "input pipeline, a batch of 32 pictures", ["nagare", "tensorflow"],
        detector="multibox", batch=32)
    add("threads", "training", "multi-scale detector, training step, batch 8, on one thread",
        ["nagare", "nagare-1"], detector="multibox", batch=8)
    return found


class Setting:
    """Makes what the works need, once."""

    def __init__(self, options):
        self.options = options
        self.folder = os.path.abspath(options.folder)
        self.tensorflow = options.tensorflow_python or sys.executable
        os.makedirs(self.folder, exist_ok=True)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def call(self, *command):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}\n{done.stderr}")
        return done.stdout

    def nagare(self, *arguments):
        return self.call(self.options.nagare, *arguments)

    def records(self):
        path = self.path("records.tfrecord")
        if not os.path.exists(path):
            pictures = self.options.pictures
            if not pictures:
                pictures = self.path("scenes")
                self.nagare("dataset", "generate", pictures, "--count", "200", "--seed", "1")
            self.nagare("dataset", "pack", pictures, "--output", path, "--detector", "multibox",
                        "--matching", "0.2")
        return path

    def network(self, name):
        """The folder of an extracted network, its graph file beside it."""
        if not os.path.exists(self.path(name + ".pb")):
            self.call(self.options.networks, self.folder, name)
        if not os.path.exists(self.path(name, "weights.npz")):
            self.call(self.tensorflow, os.path.join(HERE, "networks.py"), "extract",
                      self.path(name + ".pb"), "output", self.path(name))
        return self.path(name)

    def detector(self, kind, batch):
        width = self.options.width
        if width != 1:
            kind = f"{kind}-{width}"
        meta = self.path(f"{kind}-{batch}.meta")
        if not os.path.exists(meta):
            self.nagare("detect", "build", "--detector", kind.split("-")[0], "--width", str(width),
                        "--batch-size", str(batch), "--learning-rate", "0.0001", "--schedule", "constant",
                        "--data", self.records(), "--output", meta)
        folder = self.path(kind)
        if not os.path.exists(os.path.join(folder, "names.json")):
            prediction = self.path(kind + "-prediction.meta")
            self.nagare("detect", "build", "--predict", "--detector", kind.split("-")[0], "--width",
                        str(width), "--output", prediction)
            self.call(self.tensorflow, os.path.join(HERE, "networks.py"), "detector", meta,
                      prediction, folder)
        return meta, folder

    def array(self, name, make):
        path = self.path(name + ".npy")
        if not os.path.exists(path):
            np.save(path, make(np.random.default_rng(1)).astype(np.float32))
        return path

    def onnx(self, folder, shape):
        """The model's path."""
        size = "x".join(map(str, shape)) or "scalar"
        path = os.path.join(folder, f"network-{size}.onnx")
        if not os.path.exists(path):
            self.call(sys.executable, os.path.join(HERE, "networks.py"), "onnx", folder,
                      json.dumps(shape))
        return path

    def prepare(self, work):
        """The work with its files."""
        work = dict(work, folder=self.folder, feed={}, initialize=[], target=[])
        kind, batch = work["kind"], work.get("batch")
        if "detector" in work:
            boxes = {"grid": 441, "multibox": 612}[work["detector"]]
            shape = [batch, 256, 256, 1]
            meta, folder = self.detector(work["detector"], max(batch, 8))
            work.update(network=folder, graph=meta, checkpoint=os.path.join(folder, "model.ckpt"))
            if kind != "input":
                work["feed"]["images"] = self.array(
                    f"images-{batch}", lambda random: random.standard_normal(shape))
            if kind == "training":
                # Two boxes with a region in each picture.
                prefix = f"{work['detector']}-{batch}-"
                masks = self.array(prefix + "masks", lambda random: np.stack([
                    np.isin(np.arange(boxes), random.choice(boxes, 2, False))
                    for _ in range(batch)]))
                work["feed"].update(
                    labels=self.array(prefix + "labels", lambda _: np.load(masks)[..., None]),
                    label_masks=masks,
                    offsets=self.array(prefix + "offsets", lambda random: np.load(masks)[..., None]
                                       * random.uniform(-0.2, 0.2, [batch, boxes, 4])))
                work.update(fetch=["loss"], target=["train"], learning_rate=0.0001)
            elif kind == "forward":
                work.update(graph=os.path.join(folder, "frozen.pb"), fetch=["logits"])
            else:
                with open(os.path.join(folder, "names.json")) as file:
                    work["initialize"] = json.load(file)["initializers"]
                work["fetch"] = ["images", "labels", "label_masks", "offsets"]
        else:
            shape = work["shape"]
            folder = self.network(work["graph"])
            work.update(network=folder, graph=folder + ".pb", fetch=["output"])
            work["feed"]["input"] = self.array(
                work["name"] + "-input",
                lambda random: random.standard_normal(shape) if shape else np.ones([]))
        if "onnxruntime" in work["engines"]:
            work["onnx"] = self.onnx(folder, shape)
        path = self.path(work["name"] + ".json")
        with open(path, "w") as file:
            json.dump(work, file, indent=1)
        return work, path

    def command(self, engine, work, path):
        if engine.startswith("nagare"):
            verb = "run" if work["kind"] == "start" else "bench"
            threads = 1 if engine == "nagare-1" else work["threads"]
            command = [self.options.nagare, verb, work["graph"], "--threads", str(threads)]
            command += [f"--feed={n}={p}" for n, p in work["feed"].items()]
            if work["kind"] == "training":
                command += [f"--target={name}" for name in work["target"]]
            else:
                command += [f"--fetch={name}" for name in work["fetch"]]
            command += [f"--initialize={name}" for name in work["initialize"]]
            if "checkpoint" in work and work["graph"].endswith(".meta"):
                command.append(f"--checkpoint={work['checkpoint']}")
            return command + (["--on-request"] if verb == "bench" else [])
        python = self.tensorflow if engine == "tensorflow" else sys.executable
        return [python, os.path.join(HERE, "worker.py"), engine, path]

    def result(self, work):
        """Nagare's first result, as the others write theirs."""
        command = ["run", work["graph"], "--fetch", work["fetch"][0], "--output-dir", self.folder]
        command += [f"--feed={n}={p}" for n, p in work["feed"].items()]
        if work["kind"] == "training":
            command += ["--checkpoint", work["checkpoint"]]
        self.nagare(*command)
        return np.load(self.path(work["fetch"][0] + ".npy"))


class Worker:
    """An engine's process."""

    def __init__(self, engine, command, log):
        self.engine = engine
        self.log = open(log, "w+")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.seconds = []
        self.version, self.first = None, None
        if not engine.startswith("nagare"):
            line = ""
            # In C++ some engines write to standard output what belongs to standard error.
            while not line.startswith("{"):
                ready, _, _ = select.select([self.process.stdout], [], [], START_LIMIT)
                if not ready:
                    self.end()
                    raise RuntimeError(f"not ready after {START_LIMIT} s")
                line = self.read()
            said = json.loads(line)
            self.version, self.first = said["version"], said["result"]

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self.log.seek(0)
            last = self.log.read().strip().splitlines()[-1:] or ["no message"]
            raise RuntimeError(f"ended with {self.process.returncode}: {last[0]}")
        return line

    def run(self, count):
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        return [float(word) for word in self.read().split()]

    def peak_memory(self):
        """In bytes; None where the system does not tell."""
        try:
            with open(f"/proc/{self.process.pid}/status") as file:
                for line in file:
                    if line.startswith("VmHWM"):
                        return int(line.split()[1]) << 10
        except OSError:
            return None

    def end(self):
        try:
            self.process.stdin.close()
            self.process.wait(3)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        self.log.close()


class Machine:
    """What others do on the machine in the meantime."""

    def __init__(self):
        self.before = self.state()
        self.started = time.monotonic()

    @staticmethod
    def busy():
        try:
            with open("/proc/stat") as file:
                fields = [int(word) for word in file.readline().split()[1:9]]
            return sum(fields) - fields[3] - fields[4]
        except OSError:
            return None

    @staticmethod
    def state():
        own = sum(os.times()[:4])
        return Machine.busy(), own

    def others(self, workers=()):
        """The share of the machine that was not idle and not ours."""
        busy, own = self.state()
        if busy is None:
            return None
        tick = os.sysconf("SC_CLK_TCK")
        for worker in workers:
            with open(f"/proc/{worker.process.pid}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            own += (int(fields[11]) + int(fields[12])) / tick - worker.used
        elapsed = time.monotonic() - self.started
        share = ((busy - self.before[0]) / tick - (own - self.before[1])) / elapsed
        return max(0.0, share / os.cpu_count())


def process_seconds(worker):
    try:
        with open(f"/proc/{worker.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return 0.0


def start_seconds(setting, work, path, engine):
    """One process from its start to its first answer."""
    command = setting.command(engine, work, path)
    started = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          timeout=START_LIMIT)
    seconds = time.perf_counter() - started
    last = done.stdout.strip().splitlines()[-1:] or [""]
    if done.returncode != 0 or float(last[0].strip("[]")) != 1999:
        raise RuntimeError(f"answered {last[0]!r}")
    return seconds


def measure(setting, work, rounds):
    work, path = setting.prepare(work)
    result = {"title": work["title"], "kind": work["kind"], "threads": work["threads"],
              "date": time.strftime("%Y-%m-%d %H:%M"), "engines": {}}
    if work["kind"] == "start":
        seconds = {engine: [] for engine in work["engines"]}
        for engine in work["engines"]:
            start_seconds(setting, work, path, engine)
        machine = Machine()
        for _ in range(rounds or 5):
            for engine in work["engines"]:
                for _ in range(5 if engine == "nagare" else 1):
                    seconds[engine].append(start_seconds(setting, work, path, engine))
        result["others"] = machine.others()
        for engine, times in seconds.items():
            result["engines"][engine] = summary(times)
        return result

    workers, counts, slowest = [], {}, 0
    try:
        reference = None
        if work["kind"] != "input" and work["name"] != "threads":
            reference = setting.result(work)
        for engine in work["engines"]:
            log = setting.path(f"{work['name']}-{engine}.log")
            try:
                worker = Worker(engine, setting.command(engine, work, path), log)
                workers.append(worker)
                # The first run may compile, the second tells how many make a turn.
                last = worker.run(16 if work["kind"] == "input" else 1)[-1]
                if last < 5 and work["kind"] != "input":
                    last = statistics.median(worker.run(3 if last < 0.1 else 1))
            except RuntimeError as error:
                print(f"  {engine}: {error}", file=sys.stderr)
                result["engines"][engine] = {"failed": str(error)}
                workers = [w for w in workers if w.engine != engine]
                continue
            counts[engine] = int(min(20_000, max(1, -(-0.25 // max(last, 1e-7)))))
            if work["kind"] == "input":
                counts[engine] = 16
            slowest = max(slowest, last)
            if reference is not None and worker.first:
                other = np.load(worker.first).reshape(reference.shape)
                distance = float(np.abs(other - reference).max() / np.abs(reference).max())
                result["engines"][engine] = {"distance": distance}
                if not distance < 1e-3:
                    raise SystemExit(f"{work['name']}: {engine} computes something else: {distance}")
        number = rounds or (3 if slowest > 3 else 5 if slowest > 0.5 else 9)
        for worker in workers:
            worker.used = process_seconds(worker)
        machine = Machine()
        for _ in range(number):
            for worker in workers:
                seconds = worker.run(counts[worker.engine])
                # Batches are made ahead: the first is there already, and the pace is that of the rest.
                worker.seconds += (
                    [statistics.mean(seconds[1:])] if work["kind"] == "input" else seconds)
                # What an engine's threads do after a run is not the next one's.
                time.sleep(0.5 if work["kind"] == "input" else 0.05)
        result["others"] = machine.others(workers)
        for worker in workers:
            entry = result["engines"].setdefault(worker.engine, {})
            entry.update(summary(worker.seconds), peak_memory=worker.peak_memory())
            if worker.version:
                entry["version"] = worker.version
    finally:
        for worker in workers:
            worker.end()
    return result


def summary(seconds):
    return {"median": statistics.median(seconds), "min": min(seconds), "max": max(seconds),
            "runs": len(seconds)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--nagare", help="the tool")
    parser.add_argument("--networks", help="the program of Examples/networks")
    parser.add_argument("--folder", required=True, help="for files, and peers.json")
    parser.add_argument("--tensorflow-python", help="a Python with TensorFlow, when it is another")
    parser.add_argument("--pictures", help="annotated pictures for the input pipeline; scenes if none")
    parser.add_argument("--works", nargs="+", metavar="NAME")
    parser.add_argument("--engines", nargs="+", choices=ALL)
    parser.add_argument("--rounds", type=int, help="turns of each engine; by default fewer when it is slow")
    parser.add_argument("--width", type=float, default=1, help="of the detectors")
    parser.add_argument("--docs", help="the folder of Performance.md")
    parser.add_argument("--list", action="store_true", help="print the works' names")
    parser.add_argument("--render", action="store_true", help="measure nothing, write the documentation")
    options = parser.parse_args()
    known = works()
    if options.list:
        print("\n".join(known))
        return
    unknown = [name for name in options.works or [] if name not in known]
    if unknown:
        sys.exit(f"there is no work {unknown[0]!r}; --list tells them all")
    store = os.path.join(options.folder, "peers.json")
    content = {"works": {}}
    if os.path.exists(store):
        with open(store) as file:
            content = json.load(file)
    if not options.render:
        setting = Setting(options)
        content["machine"] = {
            "processor": processor(), "processors": os.cpu_count(), "system": platform.platform()}
        content["nagare"] = setting.nagare("--version").strip()
        for name in options.works or known:
            work = dict(known[name])
            if options.engines:
                work["engines"] = [e for e in work["engines"]
                                   if e == "nagare-1" or e in options.engines]
            print(name, file=sys.stderr)
            result = measure(setting, work, options.rounds)
            content["works"][name] = result
            for engine, entry in result["engines"].items():
                if "median" in entry:
                    print(f"  {engine:12} {report.time_text(entry['median'])}", file=sys.stderr)
            with open(store, "w") as file:
                json.dump(content, file, indent=1)
    order = [name for name in known if name in content["works"]]
    content["works"] = {name: content["works"][name] for name in order}
    print(report.table(content))
    if options.docs:
        report.write(content, options.docs)


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


main()
