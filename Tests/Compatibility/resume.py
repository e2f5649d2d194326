"""Kills `nagare train` at random moments and compares what the run comes to with one left alone.

    python resume.py NAGARE METAGRAPH [--rounds 20] [--max-step N] [TRAIN OPTION...]

Each round kills a run with SIGKILL again and again until it ends; then metrics.csv, the curves, the best
checkpoint and every byte of the final one must be those of the run that was left alone.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time


def files(folder, step):
    names = [n for n in os.listdir(folder) if n.startswith(f"model.ckpt-{step}.")]
    names += ["metrics.csv", "loss.svg", "report.html", "best", "last", "checkpoint"]
    return {n: open(os.path.join(folder, n), "rb").read() for n in sorted(names)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("nagare")
    parser.add_argument("graph")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--max-step", type=int, default=200)
    parser.add_argument("--seed", type=int)
    arguments, options = parser.parse_known_args()
    work = tempfile.mkdtemp(prefix="nagare-resume-")
    command = [arguments.nagare, "train", arguments.graph, "--quiet"]
    command += ["--max-step", str(arguments.max_step), *options]

    started = time.time()
    subprocess.run(
        [*command, "--train-dir", os.path.join(work, "whole")], check=True,
        stdout=subprocess.DEVNULL)
    whole_time = time.time() - started
    expected = files(os.path.join(work, "whole"), arguments.max_step)
    seed = arguments.seed if arguments.seed is not None else random.randrange(1 << 30)
    random_numbers = random.Random(seed)
    print(f"left alone: {whole_time:.1f} s; seed {seed}", flush=True)
    wrong = 0
    for number in range(arguments.rounds):
        folder = os.path.join(work, f"round_{number}")
        kills = 0
        while True:
            process = subprocess.Popen(
                [*command, "--train-dir", folder, "--threads", str(1 + kills % 4)],
                stdout=subprocess.DEVNULL)
            # Later each time: a run that is always killed before its first checkpoint never ends.
            limit = whole_time * (0.3 + 0.1 * kills)
            try:
                process.wait(random_numbers.uniform(0, limit))
                break
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                kills += 1
        if process.returncode != 0:
            print(f"round {number}: ended with {process.returncode} after {kills} kills")
            wrong += 1
            continue
        ours = files(folder, arguments.max_step)
        differing = [n for n in expected if ours.get(n) != expected[n]]
        print(
            f"round {number}: {kills} kills, "
            + (f"differs in {', '.join(differing)}" if differing else "the same bytes"),
            flush=True)
        wrong += bool(differing)
        shutil.rmtree(folder)
    print(f"{arguments.rounds - wrong} of {arguments.rounds} rounds came to the same bytes")
    shutil.rmtree(work)
    sys.exit(1 if wrong else 0)


main()
