"""A load test of the server on loopback: clients that ask again and again.

    with started(folder, "monday") as address:
        found = asked(address, QUESTION, clients=4, requests=200)
    found.lost, np.percentile(found.ms, [50, 99])

The clients wait for an answer before they ask again (a *closed* loop), so a
slow server slows its own load: latencies under a fixed rate of arrivals would
be longer. The server is another process. NumPy and the standard library.
"""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any, NamedTuple

import numpy as np

from mtl_lessons.stored import Progress

CANDIDATES = 60
# ads for one user; the model has 60 of them
QUESTION: dict[str, Any] = {
    "features": {"user": [3] * CANDIDATES, "ad": list(range(CANDIDATES))},
    "heads": ["ad_click"],
}
READY = 300.0  # seconds that a server may take to load, on a busy machine


class Answered(NamedTuple):
    """What the clients have seen, in order of the answers."""

    ms: np.ndarray  # of each request
    lost: int  # requests without an answer, or with another status than 200
    answers: list[dict[str, Any]]


def free_port() -> int:
    """A port of loopback that nobody uses now."""
    with socket.socket() as spare:
        spare.bind(("127.0.0.1", 0))
        return spare.getsockname()[1]


@contextmanager
def started(folder: Path, version: str) -> Generator[int, None, None]:
    """A server in a process of its own, with its port; it is ended at the end.

    Raises `RuntimeError` if it does not come up.
    """
    port = free_port()
    command = [sys.executable, "-m", "mtl_lessons", "serve", str(folder)]
    options = ["--version", version, "--port", str(port)]
    server = subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL)
    try:
        _wait(server, port)
        yield port
    finally:
        server.terminate()
        server.wait(30)


def _wait(server: subprocess.Popen, port: int) -> None:
    end = time.monotonic() + READY
    while time.monotonic() < end and server.poll() is None:
        try:
            if call(port, "GET", "/versions")[0] == 200:
                return
        except (OSError, HTTPException):
            time.sleep(0.2)
    raise RuntimeError("server: expected it to answer, found that it does not")


def call(
    port: int, method: str, path: str, body: Any = None
) -> tuple[int, dict[str, Any]]:
    """One request on a connection of its own: status and answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=READY)
    try:
        return _ask(connection, method, path, body)
    finally:
        connection.close()


def _ask(
    connection: HTTPConnection, method: str, path: str, body: Any
) -> tuple[int, dict[str, Any]]:
    content = None if body is None else json.dumps(body)
    connection.request(
        method, path, content, {"Content-Type": "application/json"}
    )
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def asked(
    port: int,
    question: Mapping[str, Any],
    clients: int,
    requests: int,
    until: Event | None = None,
) -> Answered:
    """Each of the clients asks `requests` times, one after the other, on one
    connection, and goes on `until` an event, if there is one.
    """
    with ThreadPoolExecutor(clients) as pool:
        jobs = [
            pool.submit(_client, port, question, requests, until)
            for _ in range(clients)
        ]
        parts = [job.result() for job in jobs]
    return Answered(
        np.concatenate([part.ms for part in parts]),
        sum(part.lost for part in parts),
        [answer for part in parts for answer in part.answers],
    )


def _client(
    port: int,
    question: Mapping[str, Any],
    requests: int,
    until: Event | None,
) -> Answered:
    connection = HTTPConnection("127.0.0.1", port, timeout=READY)
    ms, answers, lost = [], [], 0
    while len(ms) < requests or (until and not until.is_set()):
        start = time.perf_counter()
        try:
            status, answer = _ask(connection, "POST", "/score", question)
        except (OSError, HTTPException):
            status, answer = 0, {}
            connection.close()
        ms.append(1000 * (time.perf_counter() - start))
        lost += status != 200
        if status == 200:
            answers.append(answer)
    connection.close()
    return Answered(np.array(ms), lost, answers)


def swapped(port: int, name: str, clients: int = 4, more: int = 20) -> Answered:
    """Ask while a version is deployed, `more` times after that, while it is
    taken back, and again `more` times.
    """
    end = Event()
    with ThreadPoolExecutor(1) as pool:
        load = pool.submit(asked, port, QUESTION, clients, more, end)
        try:
            for path in (f"/versions/{name}", "/rollback"):
                status, answer = call(port, "POST", path)
                if status != 200:
                    raise RuntimeError(f"{path}: expected 200, found {answer}")
                asked(port, QUESTION, 1, more)
        finally:
            end.set()
        return load.result()


# ------------------------------------------------------------ models, and a grid


def two_versions(folder: Path, steps: Sequence[int] = (20, 60)) -> list[str]:
    """Train chapter 6's framework briefly, twice, and save it as `monday` and
    `tuesday`.
    """
    from mtl_lessons.backend import keras
    from mtl_lessons.three_tasks import experiment
    from mtl_lessons.world import World

    past, _ = experiment.logs(World(seed=0), ads=2_000)
    names = ["monday", "tuesday"]
    for name, count in zip(names, steps):
        keras.utils.set_random_seed(0)
        framework = experiment.declare().build(keras.optimizers.Adam(0.01))
        framework.fit(past, steps=count, batch=512, epochs=1)
        framework.save(folder / name)
    return names


def grid(
    progress: Progress | None = None, requests: int = 300, rounds: int = 5
) -> dict[str, Any]:
    """Latencies of 60 candidates over HTTP, as ratios to the bare call, and
    requests lost while versions are swapped; a number for each round.
    """
    from .versions import Version

    cells: dict[str, list[float]] = {}
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        names = two_versions(folder)
        version = Version.load(folder, "monday")

        def bare() -> float:
            start = time.perf_counter()
            version.score(QUESTION["features"], QUESTION["heads"])
            return 1000 * (time.perf_counter() - start)

        with started(folder, "monday") as port:
            asked(port, QUESTION, clients=1, requests=20)
            for done in range(rounds):
                base = float(np.median([bare() for _ in range(requests)]))
                for clients in (1, 4, 16):
                    found = asked(port, QUESTION, clients, requests // clients)
                    middle, late = np.percentile(found.ms, [50, 99])
                    seconds = found.ms.sum() / clients / 1000
                    for name, value in (
                        ("p50", middle / base),
                        ("p99", late / base),
                        ("rate", len(found.ms) / seconds),
                        ("lost", found.lost),
                    ):
                        cells.setdefault(f"{clients} {name}", []).append(
                            round(float(value), 2)
                        )
                if progress:
                    progress(done + 1, rounds + 1)
            found = swapped(port, names[1])
    seen = [answer["version"] for answer in found.answers]
    if progress:
        progress(rounds + 1, rounds + 1)
    return {
        "candidates": CANDIDATES,
        "requests": requests,
        "runs": cells,
        "swap": {
            "asked": len(found.ms),
            "lost": found.lost,
            "versions": {name: seen.count(name) for name in names},
        },
    }
