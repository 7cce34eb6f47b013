"""The processes of a cluster: which there are, and those that are started here.

`python -m mtl_lessons.scale.processes` is one of them, whichever `TF_CONFIG`
names; it runs until it is killed. Importing this module imports TensorFlow.
"""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from mtl_lessons.backend import tf

JOBS = ("worker", "ps")
HERE = ("localhost", "127.0.0.1")
TIED = "tied"

# job -> addresses, "host:port"
Cluster = dict[str, list[str]]


# ------------------------------------------------------------- the description


def free() -> dict[str, str]:
    """The environment without a limit on TensorFlow's threads between operations:
    with one, an operation that waits for another process blocks the answer.

    >>> "TF_NUM_INTEROP_THREADS" in free()
    False
    """
    limited = "TF_NUM_INTEROP_THREADS"
    return {
        name: value for name, value in os.environ.items() if name != limited
    }


def described(given: Mapping[str, Any] | str | Path) -> Cluster:
    """The cluster of a description or of its file; port 0 becomes a free one.

    Raises `ValueError` for a description without workers or servers, or an
    address that is none.

    >>> found = described({"cluster": {"worker": ["localhost:0"], "ps": ["far:2222"]}})
    >>> found["ps"], found["worker"][0].startswith("localhost:")
    (['far:2222'], True)
    >>> described({"cluster": {"worker": ["localhost:0"]}})
    Traceback (most recent call last):
        ...
    ValueError: cluster: expected addresses of worker and of ps, found worker
    """
    if isinstance(given, str | Path):
        given = json.loads(Path(given).read_text(encoding="utf-8"))
    cluster = given.get("cluster", {}) if isinstance(given, Mapping) else {}
    if not all(cluster.get(job) for job in JOBS):
        found = ", ".join(job for job in cluster if cluster[job]) or "none"
        raise ValueError(
            "cluster: expected addresses of worker and of ps, found " + found
        )
    return {job: _with_ports(job, cluster[job]) for job in JOBS}


def _with_ports(job: str, addresses: Sequence[str]) -> list[str]:
    for address in addresses:
        host, _, port = str(address).rpartition(":")
        if not host or not port.isdigit():
            raise ValueError(f"{job}: expected host:port, found {address!r}")
    # all are open at once, so that no two are the same
    held = [socket.socket() for _ in addresses]
    found = []
    for own, address in zip(held, addresses):
        host, _, port = address.rpartition(":")
        if port == "0":
            own.bind(("127.0.0.1", 0))
            port = own.getsockname()[1]
        found.append(f"{host}:{port}")
    for own in held:
        own.close()
    return found


# -------------------------------------------------------------- the processes


class Processes:
    """The workers and servers of a cluster that are on this machine.

    Each is a process that ends when its standard input does: with this process,
    however that ends. Use it in a `with`.

    - `kill(job, index)`: end one at once, as a machine that is switched off.
    - `start(job, index)`: start one (again).
    """

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.running: dict[tuple[str, int], subprocess.Popen] = {}

    def __enter__(self) -> Self:
        for job, addresses in self.cluster.items():
            for index, address in enumerate(addresses):
                if address.rpartition(":")[0] in HERE:
                    self.start(job, index)
        return self

    def __exit__(self, *_: object) -> None:
        for one in list(self.running):
            self.kill(*one)

    def start(self, job: str, index: int) -> None:
        config = {
            "cluster": self.cluster,
            "task": {"type": job, "index": index},
        }
        self.running[job, index] = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.processes", TIED],
            env=free() | {"TF_CONFIG": json.dumps(config)},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the coordinator
        )

    def kill(self, job: str, index: int) -> None:
        process = self.running.pop((job, index))
        process.kill()
        process.communicate()


def serve(tied: bool = False) -> None:
    """Be the worker or server that `TF_CONFIG` names: for good, or, `tied`, until
    standard input ends.
    """
    config = json.loads(os.environ["TF_CONFIG"])
    if tied:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    task = config["task"]
    tf.distribute.Server(
        tf.train.ClusterSpec(config["cluster"]),
        job_name=task["type"],
        task_index=task["index"],
        protocol="grpc",
    ).join()


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    serve(tied=TIED in sys.argv)
