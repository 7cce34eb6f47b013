"""The other engines of chapter 9's table: which train with Keras, and with which words others fail.

Each is tried in a process of its own (`engines.py`). When one of these tests fails, Keras may have
been repaired, and the chapter should say so.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mtl_lessons.scale import processes

LONG = 900  # seconds: they take 30 together on an idle machine
ON_JAX = {
    "KERAS_BACKEND": "jax",
    "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
}


def started(function, **variables):
    return subprocess.Popen(
        [sys.executable, "engines.py", function],
        cwd=Path(__file__).parent,
        env=processes.free() | {"TF_CPP_MIN_LOG_LEVEL": "3"} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def workers():
    """Two, each of which waits for the other."""
    description = processes.described(
        {"cluster": {"worker": ["localhost:0"] * 2, "ps": ["localhost:0"]}}
    )
    cluster = {"worker": description["worker"]}
    return [
        started(
            "worker",
            TF_CONFIG=json.dumps(
                {"cluster": cluster, "task": {"type": "worker", "index": k}}
            ),
        )
        for k in range(2)
    ]


@pytest.fixture(scope="module")
def found():
    """What each of them found; all are started at once."""
    running = {
        "JAX": started("rows_on_jax", **ON_JAX),
        "keras-rs": started("keras_rs_tables"),
        **dict(zip(("first worker", "second worker"), workers(), strict=True)),
    }
    results = {}
    try:
        for name, process in running.items():
            out, errors = process.communicate(timeout=LONG)
            assert process.returncode == 0, f"{name}: {errors[-3000:]}"
            results[name] = json.loads(out.splitlines()[-1])
    finally:
        for process in running.values():
            process.kill()
    return results


# ---- MultiWorkerMirroredStrategy, two processes ----


@pytest.mark.parametrize("worker", ["first worker", "second worker"])
def test_workers_with_a_loop_of_their_own_train_as_one_process(found, worker):
    assert found[worker]["replicas"] == 2
    assert found[worker]["gap"] <= 1e-6
    together, alone = found[worker]["losses"]
    assert together == pytest.approx(alone, abs=1e-6)


@pytest.mark.parametrize("worker", ["first worker", "second worker"])
def test_fit_of_workers_fails_with_these_words(found, worker):
    words = found[worker]["fit"]
    assert words.startswith(
        "ValueError: Attempt to convert a value (PerReplica:"
    )
    assert words.endswith("PerReplica'>) to a Tensor.")


# ---- keras.distribution on JAX, two devices ----


def test_keras_distribution_shards_a_table_under_fit_on_jax(found):
    assert found["JAX"]["devices"] == 2
    one, batches, rows = (
        found["JAX"][name]
        for name in ("one device", "batches", "rows of the table")
    )
    assert one["shards"] == [[64, 8]]
    assert batches["shards"] == [[64, 8]] * 2  # the whole table, twice
    assert rows["shards"] == [[32, 8]] * 2
    assert batches["gap"] <= 1e-6 and rows["gap"] <= 1e-6


def test_a_tables_gradient_is_dense_on_jax(found):
    """For one id it is as large as the table."""
    kind, shape = found["JAX"]["gradient"]
    assert "Sparse" not in kind and "BCOO" not in kind
    assert shape == [64, 8]


# ---- keras-rs on a processor ----


def test_keras_rs_trains_a_plain_table_on_a_processor(found):
    losses = found["keras-rs"]["losses"]
    assert losses[-1] < losses[0] and found["keras-rs"]["moved"] > 0
    # whole, in one variable, and moved by the optimiser of `compile`
    assert found["keras-rs"]["table"] == ["ResourceVariable", 64, 8]
    assert found["keras-rs"]["sums"] == []


def test_keras_rs_asks_for_a_tpu(found):
    assert (
        "we are not running under a TPU strategy"
        in found["keras-rs"]["sparsecore"]
    )
