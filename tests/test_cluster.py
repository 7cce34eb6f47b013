"""Chapter 6's framework on parameter servers: one run of a cluster, and the command.

What fails there is here, too, by its words: when one of these tests fails, Keras may have been
repaired, and the book should say so. `test_engines.py` has the other engines.
"""

import json
import subprocess
import sys

import pytest

from mtl_lessons.backend import keras, tf
from mtl_lessons.inputs_outputs import Binary, Categorical
from mtl_lessons.loss_balancing import PCGrad
from mtl_lessons.scale import cluster, processes, trial
from mtl_lessons.shared_networks import SharedBottom
from mtl_lessons.three_tasks import Framework, Head

LONG = 900  # seconds: a run takes 40 on an idle machine


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A folder with the checkpoint of the run."""
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="module")
def found(kept):
    """What the run found."""
    code = (
        "import json, sys; from mtl_lessons.scale import trial; "
        "print(json.dumps(trial.grid(folder=sys.argv[1])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, kept],
        env=processes.free(),
        capture_output=True,
        text=True,
        timeout=LONG,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_a_table_lies_in_shards_each_on_its_server(found):
    for table in ("user_table/embeddings", "item_table/embeddings"):
        rows, servers = zip(*found["shards"][table], strict=True)
        assert len(rows) == 2 and max(rows) - min(rows) <= 1
        assert set(servers) == {"ps 0", "ps 1"}


def test_synchronous_steps_equal_one_process_though_a_worker_is_killed(found):
    assert found["start"] == 0
    assert found["gap"] <= 1e-6
    losses = found["losses"]
    assert losses["one process"] == pytest.approx(losses["cluster"], abs=1e-5)


def test_what_is_stored_is_what_a_run_finds(found):
    kept = trial.shipped()
    assert kept["shards"] == found["shards"]
    for name in ("fit", "optimizer"):
        assert kept[name].split(":")[0] == found[name].split(":")[0]
    assert kept["gap"] <= 1e-6


def test_asynchronous_steps_do_not(found):
    # two steps at once; where one worker is late for all, there is no race
    assert 0 <= found["racing"] < 1
    assert trial.shipped()["racing"] > 1e-6


def test_what_fails_in_keras_fails_with_these_words(found):
    assert (
        "'ShardedVariable' object has no attribute 'handle'"
        in (found["optimizer"])
    )
    assert "create_per_worker_dataset" in found["fit"]


def test_keras_optimizer_works_where_a_table_is_whole(found):
    assert found["whole"] <= 1e-6
    assert trial.shipped()["whole"] <= 1e-6


def test_keras_distribution_does_nothing_on_tensorflow():
    devices = ["cpu:0", "cpu:1"]
    mesh = keras.distribution.DeviceMesh((1, 2), ["batch", "model"], devices)
    layout = keras.distribution.LayoutMap(mesh)
    layout["table/embeddings"] = ("model", None)
    keras.distribution.set_distribution(
        keras.distribution.ModelParallel(layout_map=layout)
    )
    try:
        table = keras.layers.Embedding(10, 4, name="table")
        table.build()
    finally:
        keras.distribution.set_distribution(None)
    # a plain variable, whole, on one device
    assert isinstance(table.embeddings.value, tf.Variable)
    assert table.embeddings.value.shape == (10, 4)


def test_the_command_goes_on_from_the_checkpoint(found, kept):
    description = kept / "two.json"
    one = {"worker": ["localhost:0"], "ps": ["localhost:0"] * 2}
    description.write_text(json.dumps({"cluster": one}), encoding="utf-8")
    steps = str(trial.STEPS)
    done = subprocess.run(
        [sys.executable, "-m", "mtl_lessons", "cluster", description]
        + ["--steps", steps, "--checkpoint", kept],
        env=processes.free(),
        capture_output=True,
        text=True,
        timeout=LONG,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    said = done.stdout.splitlines()
    assert said[0] == f"resumed at step {trial.SAVED}, done {steps}"
    losses = [float(line.split()[-1]) for line in said[-3:]]
    assert losses == pytest.approx(found["losses"]["one process"], abs=2e-4)


def test_a_server_ends_with_what_started_it():
    """Whose standard input is closed, however it ended."""
    places = processes.described({"cluster": trial.LOCAL})
    cluster_here = processes.Processes(places)
    cluster_here.start("ps", 0)
    (started,) = cluster_here.running.values()
    started.stdin.close()  # as when this process is killed
    assert started.wait(timeout=LONG) == 0


# ---- without a cluster ----


def framework(**options):
    user = Categorical("user", ids=40, width=4)
    return Framework(
        [user],
        [Head(Binary("click"))],
        lambda tasks, name: SharedBottom(tasks, (4,), name=name),
        **options,
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "tables: expected 'rows', found 'whole'"),
        (
            {"tables": "rows", "balance": PCGrad()},
            "balance: expected none, found PCGrad",
        ),
    ],
)
def test_what_cannot_be_sharded_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        cluster.Sharded(framework(**options))


def test_a_description_is_checked(tmp_path):
    with pytest.raises(ValueError, match="worker: expected host:port"):
        processes.described({"cluster": {"worker": ["here"], "ps": ["a:1"]}})
    with pytest.raises(ValueError, match="found none"):
        processes.described({"workers": 2})
    file = tmp_path / "two.json"
    file.write_text(json.dumps({"cluster": trial.LOCAL}))
    found = processes.described(file)
    ports = [place for places in found.values() for place in places]
    assert len(set(ports)) == 4 and "localhost:0" not in ports
