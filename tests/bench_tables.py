"""A training step of a big table: touched rows beside plain Keras and DeepCTR.

    python tests/bench_tables.py [rows]

Processor time of a step, medians of rounds in turns. Fails below the bar: at a million rows, a step
of Adam with the layer of Keras, and one of DeepCTR's WDL, must cost 30 times one of `RowAdagrad`
with `RowEmbedding`. DeepCTR comes as for `bench_peers.py`; without a network it is left out.
"""

import sys
import time
from collections.abc import Callable

import numpy as np
from bench_peers import DEEPCTR, report, with_deepctr

from mtl_lessons.backend import keras, tf
from mtl_lessons.scale import steps

BAR, GROWTH = 30, 3  # times; and times the step at a hundredth of the rows
BATCH, ROUNDS = 512, 7


def deepctr_step(rows: int) -> Callable[[int], float]:
    """A step of DeepCTR's wide-and-deep model over one id, by Adam."""
    import deepctr.feature_column as column
    import deepctr.models as deepctr

    columns = [column.SparseFeat("id", rows, embedding_dim=steps.WIDTH)]
    model = deepctr.WDL(columns, columns, dnn_hidden_units=(32,))
    model.compile("adam", "binary_crossentropy")
    rng = np.random.default_rng(0)

    def timed(batch: int) -> float:
        x = {"id": rng.integers(rows, size=(batch, 1))}
        y = (rng.random((batch, 1)) < 0.1).astype("float32")
        start = time.process_time()
        model.train_on_batch(x, y)
        return time.process_time() - start

    return timed


def in_turns(arms: list[Callable[[int], float]]) -> np.ndarray:
    """The median of each."""
    for _ in range(2):
        [arm(BATCH) for arm in arms]
    return np.median(
        [[arm(BATCH) for arm in arms] for _ in range(ROUNDS)], axis=0
    )


if __name__ == "__main__":
    rows = int((sys.argv[1:] or ["1000000"])[0])
    keras.utils.set_random_seed(0)
    arms = {
        "plain Keras, Adam": steps.stepper(rows, "Adam", "Embedding"),
        "plain Keras, SGD": steps.stepper(rows, "SGD", "Embedding"),
        "touched rows": steps.stepper(rows, "RowAdagrad", "RowEmbedding"),
        "touched rows, 1/100": steps.stepper(
            rows // 100, "RowAdagrad", "RowEmbedding"
        ),
    }
    if with_deepctr():
        arms["DeepCTR, Adam"] = deepctr_step(rows)
    else:
        print(f"{DEEPCTR} is not there and could not be installed")
    found = dict(zip(arms, in_turns(list(arms.values()))))
    quick = found["touched rows"]
    print(f"A step at {rows:,} rows, batch {BATCH}, TF {tf.__version__}")
    verdicts = []
    for name, seconds in found.items():
        ratio = seconds / quick
        line = f"{name:20} {1e3 * seconds:8.1f} ms, {ratio:6.1f} times"
        if name.endswith("Adam"):
            verdicts.append(report(line, f"{BAR} times", ratio >= BAR))
        else:
            report(line)
    growth = quick / found["touched rows, 1/100"]
    verdicts.append(
        report(f"growth {growth:.1f}", f"{GROWTH}", growth <= GROWTH)
    )
    sys.exit(not all(verdicts))
