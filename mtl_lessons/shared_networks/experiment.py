"""The chapter's experiment: designs compared on the data of the MMoE paper.

Many seeds are trained as one model.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from mtl_lessons.backend import Tensor, keras, tf
from mtl_lessons.metrics import Interval, interval
from mtl_lessons.stored import Progress

from .networks import MMoE, Network, OMoE, SharedBottom

layers = keras.layers

TASKS = ("a", "b")
D = 32  # numbers of an input
EXPERTS = 8
WIDTH = 16  # units of an expert
TOWER = 8  # units of a tower
CHECK = 4000  # rows to choose a rate on
TEST = 4000  # rows to measure the error on
# Adam's first rates, a factor √2 apart: the trials of each design
RATES = (0.007, 0.01, 0.014, 0.02, 0.028, 0.04, 0.056, 0.08)


def ridge_tasks(
    relatedness: float, rows: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The synthetic data of the MMoE paper (Ma et al. 2018, section 3.2).

    x has shape `(rows, 32)`, y has shape `(rows, 2)`.

    `y_k = z_k + Σ_i sin(α_i z_k + β_i) + noise` with `z_k = w_k · x`, where x
    is standard normal and w_1, w_2 are unit vectors whose cosine is
    `relatedness`. y has variance 1. The paper gives neither α, β nor their
    number; here three sines, α = 1, 1.5, 2, and β drawn once for both tasks;
    the noise has a deviation of 0.05 before y is scaled.

    >>> x, y = ridge_tasks(relatedness=0.5, rows=1000, seed=0)
    >>> x.shape, y.shape
    ((1000, 32), (1000, 2))
    """
    if not -1 <= relatedness <= 1:
        raise ValueError(
            f"relatedness: expected a cosine in [-1, 1], found {relatedness}"
        )
    rng = np.random.default_rng(seed)
    orthonormal, _ = np.linalg.qr(rng.normal(size=(D, 2)))
    u, v = orthonormal.T
    w = np.stack([u, relatedness * u + np.sqrt(1 - relatedness**2) * v], 1)
    beta = rng.uniform(0, 2 * np.pi, 3)
    x = rng.normal(size=(rows, D)).astype("float32")
    z = x @ w
    alpha = np.linspace(1, 2, 3)
    y = z + np.sin(z[..., None] * alpha + beta).sum(-1)
    noisy = y + 0.05 * rng.normal(size=y.shape)
    return x, (noisy / y.std(0)).astype("float32")


def two_towers(network: Network, d: int = D, tower: int = TOWER) -> keras.Model:
    """Behind the network a tower for each task.

    A ReLU layer and one number, `(batch, 1)`, called by the task's name.

    >>> model = two_towers(SharedBottom(["click", "buy"], units=(4,)), d=6)
    >>> {task: tuple(output.shape) for task, output in model.output.items()}
    {'click': (None, 1), 'buy': (None, 1)}
    """
    x = keras.Input((d,))
    shared = network(x)
    hidden = {}
    for task in network.tasks:
        relu = layers.Dense(tower, "relu", kernel_initializer="he_normal")
        hidden[task] = relu(shared[task])
    outputs = {
        task: layers.Dense(1, name=task)(h) for task, h in hidden.items()
    }
    return keras.Model(x, outputs)


def matched_width(
    d: int = D,
    experts: int = EXPERTS,
    width: int = WIDTH,
    tower: int = TOWER,
    tasks: int = 2,
) -> int:
    """Units of a shared bottom that has as many weights as an MMoE.

    Biases, gates and towers count.

    >>> # (8 · 33 · 16 + 2 · 32 · 8 + 2 · 16 · 8) / (33 + 2 · 8)
    >>> matched_width()
    102
    """
    mmoe = (
        experts * (d + 1) * width + tasks * d * experts + tasks * width * tower
    )
    return round(mmoe / (d + 1 + tasks * tower))


DESIGNS: dict[str, Callable[[], Network]] = {
    "shared bottom": lambda: SharedBottom(TASKS, (matched_width(),)),
    "OMoE": lambda: OMoE(TASKS, EXPERTS, (WIDTH,)),
    "MMoE": lambda: MMoE(TASKS, EXPERTS, (WIDTH,)),
}


def train_together(
    models: Sequence[keras.Model],
    x: np.ndarray,
    y: np.ndarray,
    steps: int = 500,
    batch: int = 256,
    rate: float = 0.01,
    progress: Progress | None = None,
) -> np.ndarray:
    """Train models of one structure side by side, as a single model with a
    leading axis for runs.

    `x` is `(runs, rows, d)` and `y` `(runs, rows, tasks)`, each run with data
    of its own. Every weight becomes one variable `(runs, *shape)`;
    `tf.vectorized_map` turns the model's operations into batched ones. The loss
    is the sum of all runs' mean squared errors, and Adam treats each number by
    itself, so this equals training one after the other. The models end up with
    the trained weights. Returns the loss of each step, averaged over runs.

    >>> models = [two_towers(SharedBottom(TASKS, units=(4,)), d=6) for _ in range(2)]
    >>> x, y = np.ones((2, 10, 6), "float32"), np.ones((2, 10, 2), "float32")
    >>> train_together(models, x, y, steps=3).shape
    (3,)
    """
    if len(models) != len(x) or len(models) != len(y):
        found = f"{len(models)}, {len(x)} and {len(y)}"
        raise ValueError(
            f"models: expected as many as runs of x and y, found {found}"
        )
    parallel = list(
        zip(*(model.trainable_weights for model in models), strict=True)
    )
    stacked = [
        keras.Variable(np.stack(list(map(np.asarray, weights))))
        for weights in parallel
    ]
    schedule = keras.optimizers.schedules.CosineDecay(rate, steps)
    optimizer = keras.optimizers.Adam(schedule)
    optimizer.build(stacked)
    step = _step(models[0], stacked, optimizer)
    rng = np.random.default_rng(0)
    losses = []
    for done in range(1, steps + 1):
        rows = rng.integers(x.shape[1], size=batch)
        losses.append(step(tf.constant(x[:, rows]), tf.constant(y[:, rows])))
        if progress:
            progress(done, steps)
    for variable, weights in zip(stacked, parallel):
        for value, weight in zip(np.asarray(variable), weights):
            weight.assign(value)
    return np.array(losses) / len(models)


def _step(
    model: keras.Model, stacked: Sequence[Tensor], optimizer: keras.Optimizer
) -> Callable[[Tensor, Tensor], Tensor]:
    """One step of all runs, traced once: from a batch of each run to the sum of
    their losses.
    """
    # of random numbers, if gates drop experts: one stream for all runs
    state = model.non_trainable_variables

    def predict(run: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        weights, x = run
        before = [variable.value for variable in state]
        outputs, after = model.stateless_call(weights, before, x, training=True)
        return tf.concat(list(outputs.values()), axis=-1), after

    @tf.function(autograph=False)
    def step(x: Tensor, y: Tensor) -> Tensor:
        values = [variable.value for variable in stacked]
        with tf.GradientTape() as tape:
            predicted, after = tf.vectorized_map(predict, (values, x))
            loss = tf.reduce_sum(
                tf.reduce_mean(tf.square(predicted - y), [1, 2])
            )
        optimizer.apply_gradients(zip(tape.gradient(loss, values), stacked))
        for variable, value in zip(state, after):
            variable.assign(value[0])
        return loss

    return step


class Errors(NamedTuple):
    """Mean squared errors of one design, `(rates, values, seeds)` each: on the
    rows that choose the rate, and on those that judge.

    >>> found = Errors(check=np.ones((2, 3, 4)), test=np.zeros((2, 3, 4)))
    >>> found.test.shape
    (2, 3, 4)
    """

    check: np.ndarray
    test: np.ndarray


def relatedness(
    values: Sequence[float] = (0.0, 0.5, 1.0),
    seeds: int = 12,
    rates: Sequence[float] = RATES,
    steps: int = 500,
    rows: int = 20_000,
    designs: Mapping[str, Callable[[], Network]] = DESIGNS,
    progress: Progress | None = None,
) -> dict[str, Errors]:
    """Mean squared errors of each design, trained at each rate.

    1 is what a constant guess has. `tuned` chooses the rates.

    All runs of a design at a rate, every seed at every relatedness, are one
    batched model. A seed fixes the data's directions and the start of the
    weights, so that designs, rates and values of relatedness are compared seed
    by seed. `progress(done, total)` counts steps.

    >>> only = {"shared bottom": DESIGNS["shared bottom"]}
    >>> small = {"steps": 2, "rows": 300, "designs": only}
    >>> errors = relatedness([0.5], seeds=2, rates=[0.01, 0.02, 0.04], **small)
    >>> errors["shared bottom"].test.shape
    (3, 1, 2)
    """
    runs = list(product(values, range(seeds)))
    data = [ridge_tasks(p, rows + CHECK + TEST, seed) for p, seed in runs]
    x = np.stack([features for features, _ in data])
    y = np.stack([labels for _, labels in data])
    trials = list(product(designs, rates))
    errors: dict[str, list[np.ndarray]] = {name: [] for name in designs}
    for number, (name, rate) in enumerate(trials):
        models = [_seeded(designs[name], seed) for _, seed in runs]
        train_together(
            models,
            x[:, :rows],
            y[:, :rows],
            steps,
            rate=rate,
            progress=_part_of(progress, number, len(trials)),
        )
        fresh = list(zip(models, x[:, rows:], y[:, rows:]))
        parts = [
            [mean_error(model, x[:CHECK], y[:CHECK]) for model, x, y in fresh],
            [mean_error(model, x[CHECK:], y[CHECK:]) for model, x, y in fresh],
        ]
        errors[name].append(np.reshape(parts, (2, len(values), seeds)))
    return {
        name: Errors(*np.stack(of_rates, axis=1))
        for name, of_rates in errors.items()
    }


def best_rates(found: Errors) -> np.ndarray:
    """The number of the best rate at each value of relatedness, `(values,)`.

    The best has the smallest geometric mean over seeds of the errors on the
    rows that choose.

    >>> check = np.array([[[4.0, 4.0]], [[2.0, 2.0]], [[9.0, 1.0]]])
    >>> best_rates(Errors(check, test=check)).tolist()  # means 4, 2 and 3
    [1]
    """
    return np.log(found.check).mean(axis=-1).argmin(axis=0)


def tuned(found: Errors) -> np.ndarray:
    """Errors on the rows that judge, at the rates of `best_rates`:
    `(values, seeds)`.

    Raises `ValueError` if the best of three rates or more is the smallest or
    the largest one: then a better one may lie outside.

    >>> check = np.array([[[4.0, 4.0]], [[2.0, 2.0]], [[9.0, 1.0]]])
    >>> tuned(Errors(check, test=check + 0.5)).tolist()
    [[2.5, 2.5]]
    """
    best = best_rates(found)
    last = len(found.check) - 1
    if last >= 2 and (best.min() == 0 or best.max() == last):
        raise ValueError(
            "rates: expected the best ones within the range that was tried, "
            f"found number {best.tolist()} of 0 to {last}"
        )
    return found.test[best, np.arange(len(best))]


def _part_of(
    progress: Progress | None, number: int, parts: int
) -> Progress | None:
    """Tells of one of several computations of one length how far all of them
    are.
    """
    if progress is None:
        return None
    return lambda done, total: progress(number * total + done, parts * total)


def _seeded(make: Callable[[], Network], seed: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return two_towers(make())


def mean_error(model: keras.Model, x: np.ndarray, y: np.ndarray) -> float:
    """Mean squared error over rows and tasks; y is `(rows, tasks)`.

    >>> x = keras.Input((2,))
    >>> # it gives back what it gets
    >>> model = keras.Model(x, {"a": x[:, :1], "b": x[:, 1:]})
    >>> # (2² + 0) / 2
    >>> mean_error(model, np.array([[1.0, 5.0]]), np.array([[3.0, 5.0]]))
    2.0
    """
    outputs = model(x)
    errors = [outputs[task][:, 0] - y[:, i] for i, task in enumerate(TASKS)]
    return float(np.mean([np.mean(error**2) for error in errors]))


def ratio(errors: np.ndarray, others: np.ndarray) -> Interval:
    """Geometric mean of `errors / others` over seeds, with a 95 % interval.

    Both have shape `(seeds,)` and are paired by seed.

    >>> print(ratio(np.array([2.0, 2.0]), np.array([1.0, 1.0])))
    +2.000 [+2.000, +2.000]
    """
    logs = interval(np.log(errors) - np.log(others))
    return Interval(*np.exp(logs))
