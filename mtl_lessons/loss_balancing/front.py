"""The chapter's front: two tasks that compete for one shared unit.

`sweep` trains a row of fixed weights, `methods` every other balance, all by one
trainer; `grid` puts them together with `concave`, two losses whose front no
weighted sum can walk. The grid is stored (`stored.py`).
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from mtl_lessons.backend import keras, tf
from mtl_lessons.stored import Progress, counted
from mtl_lessons.training import Restart

from .aggregators import (
    IMTLG,
    MGDA,
    Aggregator,
    CAGrad,
    NashMTL,
    PCGrad,
    UPGrad,
)
from .balanced import Balanced
from .weightings import FAMO, Equal, Fixed, GradNorm, Uncertainty, Weighting

RIVALS = ("a", "b")
RIVAL_FEATURES = 10
COSINE = 0.5
RIVAL_NOISE = 0.7
RIVAL_ROWS = 12_800
RIVAL_TEST = 20_000
RIVAL_BATCH = 256
RIVAL_EPOCHS = 12
SEEDS = 8
RIVAL_STEPS = RIVAL_ROWS // RIVAL_BATCH  # in an epoch
LOGITS = np.linspace(-3, 3, 13)
# of task a; task b has the rest
WEIGHTS = tuple(np.round(1 / (1 + np.exp(-LOGITS)), 3).tolist())
METHODS: dict[str, Callable[[], Weighting | Aggregator]] = {
    "equal": Equal,
    "uncertainty": lambda: Uncertainty(["regression"] * 2),
    "GradNorm": GradNorm,
    "FAMO": FAMO,
    "PCGrad": PCGrad,
    "UPGrad": UPGrad,
    "MGDA": MGDA,
    "CAGrad": CAGrad,
    "IMTL-G": IMTLG,
    "Nash-MTL": NashMTL,
}


def rival_world(
    seed: int, noise: float = RIVAL_NOISE, unit: float = 1.0
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Features `(RIVAL_ROWS + RIVAL_TEST, 10)` and labels of variance 1, as columns.

    Each task reads one direction of x, and the cosine of the two is `COSINE`.
    The label is `h + |h| / 2`, standardised. `noise` is the share of b's
    standard deviation that is noise: at 0.7 about half of its variance. b's
    label is multiplied by `unit`.

    >>> x, labels = rival_world(seed=0)
    >>> x.shape, labels["a"].shape, round(float(labels["a"].var()), 3)
    ((32800, 10), (32800, 1), 1.0)
    """
    random = np.random.default_rng(seed)
    orthonormal, _ = np.linalg.qr(random.normal(size=(RIVAL_FEATURES, 2)))
    a, apart = orthonormal.T
    directions = {"a": a, "b": COSINE * a + np.sqrt(1 - COSINE**2) * apart}
    x = random.normal(size=(RIVAL_ROWS + RIVAL_TEST, RIVAL_FEATURES))
    labels = {
        task: _noisy_label(x @ direction)
        for task, direction in directions.items()
    }
    drawn = noise * random.normal(size=(len(x), 1))
    labels["b"] = unit * (np.sqrt(1 - noise**2) * labels["b"] + drawn)
    return x.astype("float32"), {
        task: column.astype("float32") for task, column in labels.items()
    }


def _noisy_label(hidden: np.ndarray) -> np.ndarray:
    values = hidden + 0.5 * np.abs(hidden)
    return (values[:, None] - values.mean()) / values.std()


def rival_network() -> keras.Model:
    """One shared number, where the tasks need two, and a tower for each task.

    >>> rival_network().get_layer("shared").units
    1
    """
    x = keras.Input((RIVAL_FEATURES,))
    z = keras.layers.Dense(1, use_bias=False, name="shared")(x)
    towers = {task: keras.layers.Dense(16, "relu")(z) for task in RIVALS}
    outputs = {
        task: keras.layers.Dense(1, name=task)(tower)
        for task, tower in towers.items()
    }
    return keras.Model(x, outputs)


def train(
    balance: Weighting | Aggregator,
    seeds: Iterable[int] = range(SEEDS),
    callbacks: Sequence[keras.callbacks.Callback] = (),
    world: Callable[[int], tuple] = rival_world,
) -> np.ndarray:
    """Mean squared errors of both tasks on the test rows: `(seeds, 2)`.

    1 is a constant guess. Aggregators see the shared weights. `world` draws the
    rows of a seed.

    >>> train(Equal(), seeds=[]).size  # each seed trains for twelve epochs
    0
    """
    model = Balanced(
        rival_network(),
        balance,
        "shared" if isinstance(balance, Weighting) else None,
    )
    rate = keras.optimizers.schedules.CosineDecay(
        0.01, RIVAL_EPOCHS * RIVAL_STEPS
    )
    losses = dict.fromkeys(RIVALS, "mse")
    adam = keras.optimizers.Adam(rate)
    model.compile(
        adam, loss=losses, jit_compile=False, steps_per_execution=RIVAL_STEPS
    )
    start = Restart(model, rival_network)
    return np.array(
        [_run(model, start, seed, list(callbacks), world) for seed in seeds]
    )


def _run(
    model: Balanced,
    start: Restart,
    seed: int,
    callbacks: list,
    world: Callable[[int], tuple],
) -> list[float]:
    x, labels = world(seed)
    start(seed)
    columns = {task: column[:RIVAL_ROWS] for task, column in labels.items()}
    rows = tf.data.Dataset.from_tensor_slices((x[:RIVAL_ROWS], columns))
    batches = rows.batch(RIVAL_BATCH).cache().shuffle(RIVAL_STEPS, seed=seed)
    model.fit(
        batches,
        epochs=RIVAL_EPOCHS,
        shuffle=False,
        callbacks=callbacks,
        verbose=0,
    )
    predicted = model.network.predict_on_batch(x[RIVAL_ROWS:])
    errors = [predicted[task] - labels[task][RIVAL_ROWS:] for task in RIVALS]
    return [float(np.mean(error**2)) for error in errors]


def fixed(weight: float) -> Fixed:
    """`weight` for task a and the rest for task b, times two: so that 0.5 is
    the plain sum.

    >>> fixed(0.25).chosen
    [0.5, 1.5]
    """
    return Fixed([2 * weight, 2 - 2 * weight])


# ----------------------------------------------- where no weighted sum can walk

MINIMA = np.array([[1.0], [-1.0]])


def saturating(x: np.ndarray) -> np.ndarray:
    """Two losses of one number, `1 - exp(-(x ∓ 1)²)`: `(2, n)` of `(n,)`.

    Between x = -1 and 1 their front bulges outwards.

    >>> saturating(np.array([1.0])).round(3).tolist()  # 0 and 1 - exp(-4)
    [[0.0], [0.982]]
    """
    return 1 - np.exp(-((x - MINIMA) ** 2))


def slopes(x: np.ndarray) -> np.ndarray:
    """The derivatives of `saturating` by x: `(2, n)`.

    >>> slopes(np.array([0.0])).round(3).tolist()  # ∓ 2 exp(-1)
    [[-0.736], [0.736]]
    """
    return 2 * (x - MINIMA) * np.exp(-((x - MINIMA) ** 2))


def descend(
    weights: ArrayLike, start: ArrayLike, worst: bool = False, steps: int = 4000
) -> np.ndarray:
    """Where gradient descent ends, for weights w `(n,)` of the first loss.

    It descends `w f₁ + (1 - w) f₂`, or, with `worst`, the larger of the two
    terms (a Chebyshev weighting). Steps shrink from 0.1 to nothing.

    >>> # in the middle both pull alike
    >>> descend([0.5], start=[0.0], steps=10).tolist()
    [0.0]
    """
    x = np.array(start, dtype=float)
    w = _of_both(np.asarray(weights))
    for rate in np.linspace(0.1, 0, steps):
        terms = w * saturating(x)
        chosen = terms == terms.max(0) if worst else 1.0
        x -= rate * np.sum(chosen * w * slopes(x), axis=0)
    return x


def _of_both(weights: np.ndarray) -> np.ndarray:
    return np.stack([weights, 1 - weights])


def concave(
    weights: Sequence[float] = WEIGHTS, starts: int = 9
) -> dict[str, list]:
    """The front, `curve`, and what descent reaches of it.

    For each weight the losses from the best of several starts, on the `sum` and
    on the `worst` term. All points are `[f₁, f₂]`.

    >>> front = concave(weights=[0.4], starts=2)
    >>> np.round(front["sum"], 1).tolist()  # no compromise: nearly the second task's best
    [[1.0, 0.0]]
    """
    curve = saturating(np.linspace(-1, 1, 41)).T
    return {
        "curve": curve.round(4).tolist(),
        "weights": np.asarray(weights).tolist(),
        "sum": _best_ends(np.asarray(weights), starts, worst=False),
        "worst": _best_ends(np.asarray(weights), starts, worst=True),
    }


def _best_ends(weights: np.ndarray, starts: int, worst: bool) -> list:
    """For each weight the losses where descent from the best start ends: `(n,
    2)`.
    """
    points = len(weights)
    begun = [np.full(points, x) for x in np.linspace(-1, 1, starts)]
    ends = np.stack([descend(weights, x, worst) for x in begun])
    losses = saturating(ends.ravel()).reshape(2, starts, points)
    terms = _of_both(weights)[:, None] * losses
    reached = terms.max(0) if worst else terms.sum(0)
    best = ends[reached.argmin(0), np.arange(points)]
    return saturating(best).T.round(4).tolist()


def grid(progress: Progress | None = None) -> dict:
    """All of it.

    `weights`, `sweep` `(weights, seeds, 2)`, `methods` {name: `(seeds, 2)`} and
    `concave`.

    >>> from mtl_lessons import stored
    >>> # what it gave; it takes minutes
    >>> list(stored.read("loss_balancing_front"))
    ['weights', 'sweep', 'methods', 'concave']
    """
    balances = {weight: partial(fixed, weight) for weight in WEIGHTS} | METHODS
    runs = {}
    for name, make in counted(list(balances.items()), progress):
        runs[name] = train(make(), range(SEEDS)).round(4).tolist()
    return {
        "weights": list(WEIGHTS),
        "sweep": [runs[weight] for weight in WEIGHTS],
        "methods": {name: runs[name] for name in METHODS},
        "concave": concave(),
    }
