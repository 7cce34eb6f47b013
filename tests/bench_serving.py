"""Chapter 9's server under load, on loopback: latencies as ratios, and requests lost in a swap.

    python tests/bench_serving.py [requests]

A round measures the bare call of the model and the same over HTTP, one after the other; what counts
is the median of the rounds. The bars leave room for a machine that has other work: they catch a
call of `predict` in the request's path, a lock that requests wait for, a swap that drops some.
"""

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mtl_lessons.serving import calls, load
from mtl_lessons.serving.versions import Version

ROUNDS = 5
# at most, over the bare call, by the number of clients: p50, p99
BARS = {1: (15, 60), 4: (40, 150)}
# at least, over the traced graph, of processor time
WAYS = {"model(rows), eager": 3, "predict, batches of 32": 8}


def measured(requests):
    """Medians of the rounds by the number of clients: (p50, p99); requests lost."""
    found, lost = {clients: [] for clients in BARS}, 0
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        _, second = load.two_versions(folder)
        version = Version.load(folder, "monday")

        def bare():
            start = time.perf_counter()
            version.score(load.QUESTION["features"], load.QUESTION["heads"])
            return 1000 * (time.perf_counter() - start)

        with load.started(folder, "monday") as port:
            load.asked(port, load.QUESTION, 1, 20)
            for _ in range(ROUNDS):
                base = np.median([bare() for _ in range(requests)])
                for clients in BARS:
                    seen = load.asked(
                        port, load.QUESTION, clients, requests // clients
                    )
                    found[clients].append(
                        np.percentile(seen.ms, [50, 99]) / base
                    )
                    lost += seen.lost
            lost += load.swapped(port, second).lost
    return {clients: np.median(r, axis=0) for clients, r in found.items()}, lost


def main(requests=200):
    wrong = False
    latencies, lost = measured(requests)
    for clients, pair in latencies.items():
        for name, ratio, bar in zip(("p50", "p99"), pair, BARS[clients]):
            print(
                f"{clients} clients, {name} over the bare call {ratio:7.1f}  (bar: {bar})"
            )
            wrong |= ratio > bar
    print(f"requests lost, a swap and a rollback among them: {lost}  (bar: 0)")
    wrong |= lost > 0
    ways = {way["way"]: way["ratio"] for way in calls.grid(rounds=3)["ways"]}
    for name, bar in WAYS.items():
        ratio = np.median(ways[name])
        print(f"{name:24} over tf.function {ratio:7.1f}  (bar: {bar})")
        wrong |= ratio < bar
    return wrong


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
