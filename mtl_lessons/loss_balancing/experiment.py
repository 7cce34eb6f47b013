"""The chapter's experiment: three tasks whose losses differ by four orders of magnitude, in a world whose truth is known.

`world` draws it, `network` is one shared bottom, `Bench` trains it with any balance, seed after seed, and measures each task
against the truth.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import product

import numpy as np

from mtl_lessons import metrics
from mtl_lessons.backend import keras, tf
from mtl_lessons.stored import Progress, counted
from mtl_lessons.training import Restart

from .aggregators import IMTLG, MGDA, Aggregator, CAGrad, NashMTL, PCGrad, UPGrad, gram
from .balanced import Balanced
from .weightings import DWA, FAMO, RLW, Equal, Fixed, GradNorm, Uncertainty, Weighting

TASKS = ("watch", "click", "rating")
LOSSES = {"watch": "mse", "click": "binary_crossentropy", "rating": "mse"}
FEATURES, HIDDEN = 40, 12
ROWS, TEST, BATCH, EPOCHS = 40_000, 10_000, 512, 8
STEPS = ROWS // BATCH  # in an epoch
RATE = 0.005
NOISE = {"watch": 40.0, "rating": 0.6}  # seconds, stars

Columns = dict[str, np.ndarray]


def world(seed: int) -> tuple[np.ndarray, Columns, Columns]:
    """Features `(ROWS + 2 TEST, 40)`, labels and truths.

    Each task reads six of twelve hidden directions h of x, overlapping by three with the next task: `t = Σ ± h`, in standard units. Then
    watch = 120 + 80 t + 40 ε seconds, P(click) = σ(2 t - 1), rating = 3 + .8 t + .6 ε stars, ε standard normal. Truths are the
    same without ε, and P(click).
    """
    random = np.random.default_rng(seed)
    directions = np.linalg.qr(random.normal(size=(FEATURES, HIDDEN)))[0] * 1.5
    x = random.normal(size=(ROWS + 2 * TEST, FEATURES))
    hidden = np.abs(x @ directions) - 1.2
    watch, click, rating = (_standard(hidden[:, i : i + 6] @ _signs(random)) for i in (0, 3, 6))
    truth = {"watch": 120 + 80 * watch, "click": 1 / (1 + np.exp(1 - 2 * click)), "rating": 3 + 0.8 * rating}
    labels = {task: truth[task] + noise * random.normal(size=len(x)) for task, noise in NOISE.items()}
    labels["click"] = random.random(len(x)) < truth["click"]
    return x.astype("float32"), *({t: c[t].astype("float32") for t in TASKS} for c in (labels, truth))


def _signs(random: np.random.Generator) -> np.ndarray:
    return random.choice([-1, 1], 6) * random.uniform(0.7, 1.3, 6)


def _standard(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / values.std()


def network(trunk: Sequence[int] = (64, 32), head: int = 16) -> keras.Model:
    """A shared bottom with one tower per task; outputs `(batch, 1)` in seconds, as a probability, in stars.

    The towers work in standard units, and a `Rescaling` turns these into seconds and stars. Without it the watch tower would
    first have to grow to 120, and its slowness would be mistaken for imbalance.
    """
    x = z = keras.Input((FEATURES,), name="x")
    for i, units in enumerate(trunk):
        z = keras.layers.Dense(units, "relu", name=f"trunk_{i}")(z)
    towers = {task: keras.layers.Dense(head, "relu", name=f"{task}_tower")(z) for task in TASKS}
    units = {task: keras.layers.Dense(1, name=f"{task}_units")(tower) for task, tower in towers.items()}
    outputs = {
        "watch": keras.layers.Rescaling(80.0, 120.0, name="watch")(units["watch"]),
        "click": keras.layers.Activation("sigmoid", name="click")(units["click"]),
        "rating": keras.layers.Rescaling(0.8, 3.0, name="rating")(units["rating"]),
    }
    return keras.Model(x, outputs)


def initial_losses(labels: Columns) -> np.ndarray:
    """The loss of each task's best constant guess, about what an untrained network has: `(3,)`."""
    return np.array([labels["watch"].var(), metrics.binary_entropy(labels["click"].mean()), labels["rating"].var()])


# ---------------------------------------------------------------- training and measuring


class Bench:
    """Trains one balance on many seeds and keeps what it compiled, so that a further seed costs no second tracing.

    `trunk` are the units of the shared layers. A balance at the representation reads the last of them. `rate` is Adam's first.
    """

    def __init__(
        self,
        balance: Weighting | Aggregator,
        at_representation: bool = True,
        trunk: Sequence[int] = (64, 32),
        rate: float = RATE,
    ):
        last = f"trunk_{len(trunk) - 1}"
        self.model = Balanced(network(trunk), balance, last if at_representation else None)
        schedule = keras.optimizers.schedules.CosineDecay(rate, EPOCHS * STEPS)
        self.model.compile(keras.optimizers.Adam(schedule), loss=LOSSES, jit_compile=False, steps_per_execution=STEPS)
        self.start = Restart(self.model, lambda: network(trunk))

    def run(self, seed: int, callbacks: Sequence[keras.callbacks.Callback] = ()) -> dict[str, float]:
        """Train on the world of this seed; `score` on its test rows, and as `check` the `loss` on its validation rows."""
        x, labels, truth = world(seed)
        self.start(seed)
        batches = tf.data.Dataset.from_tensor_slices(_rows(x, labels, slice(ROWS))).batch(BATCH, drop_remainder=True)
        batches = batches.cache().shuffle(STEPS, seed=seed)
        self.model.fit(batches, epochs=EPOCHS, shuffle=False, callbacks=list(callbacks), verbose=0)
        check, test = (self._score(x, labels, truth, rows) for rows in (slice(ROWS, ROWS + TEST), slice(ROWS + TEST, None)))
        return test | {"check": check["loss"]}

    def _score(self, x, labels: Columns, truth: Columns, rows: slice) -> dict[str, float]:
        predicted = self.model.network.predict_on_batch(x[rows])
        return score(predicted, {t: c[rows] for t, c in labels.items()}, {t: c[rows] for t, c in truth.items()})


def _rows(x, labels: Columns, rows: slice):
    return x[rows], {task: column[rows, None] for task, column in labels.items()}


def score(predicted: dict, labels: Columns, truth: Columns) -> dict[str, float]:
    """R² of seconds and stars to their *true* values; AUC of clicks; `loss`, the mean over tasks of loss / loss of a constant."""
    columns = {task: np.asarray(column)[:, 0] for task, column in predicted.items()}
    r2 = {t: 1 - np.mean((columns[t] - truth[t]) ** 2) / truth[t].var() for t in ("watch", "rating")}
    errors = [np.mean((columns[t] - labels[t]) ** 2) for t in ("watch", "rating")]
    losses = np.array([errors[0], metrics.log_loss(labels["click"], columns["click"]), errors[1]])
    return {
        "watch": float(r2["watch"]),
        "click": metrics.auc(labels["click"], columns["click"]),
        "rating": float(r2["rating"]),
        "loss": float(np.mean(losses / initial_losses(labels))),
    }


# ---------------------------------------------------------------- what a balance makes of the tasks


def task_weights(model: Balanced, x, y: Mapping) -> np.ndarray:
    """The weight that the balance would give each task in a step on these rows, `(T,)`.

    Of a weighting: the derivative of its loss by the task's. Of an aggregator: its coefficient of the task's gradient,
    where the model compares gradients. A look leaves no trace: a balance that counts its draws does not count this one.
    """
    remembered = [variable.numpy() for variable in model.balance.variables]
    found = _by_losses(model, x, y) if isinstance(model.balance, Weighting) else _by_gradients(model, x, y)
    for variable, value in zip(model.balance.variables, remembered):
        variable.assign(value)
    return found.numpy()


def _by_losses(model: Balanced, x, y: Mapping):
    losses = tf.stack(model.task_losses(y, model.network(x)))
    with tf.GradientTape() as tape:
        tape.watch(losses)
        total = model.balance(losses)
    return tape.gradient(total, losses)


def _by_gradients(model: Balanced, x, y: Mapping):
    inner = model.network
    z = inner.get_layer(model.representation).output if model.representation else inner.output
    both = keras.Model(inner.input, [z, inner.output])
    with tf.GradientTape(persistent=True) as tape:
        z, outputs = both(x)
        losses = model.task_losses(y, outputs)
    at = z if model.representation else [weight.value for weight in inner.trainable_variables]
    rows = [tf.nest.flatten(tape.gradient(loss, at)) for loss in losses]
    shared = [column for column in zip(*rows) if sum(gradient is not None for gradient in column) > 1]
    return model.balance(tf.add_n([_gram_of(column) for column in shared]))


def _gram_of(gradients: Sequence):
    """Inner products of the tasks' gradients by one tensor, `(T, T)`; None is a task that does not reach it."""
    like = next(gradient for gradient in gradients if gradient is not None)
    dense = [tf.zeros(like.shape) if gradient is None else tf.convert_to_tensor(gradient) for gradient in gradients]
    return gram(tf.reshape(tf.stack(dense), (len(dense), -1)))


# ---------------------------------------------------------------- what the chapter stores: a search of weights and rates

KINDS = ("regression", "classification", "regression")
FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)
RATES = (RATE, 0.01, 0.02, 0.04)
CONTROLS = {
    "equal weights": Equal,
    "uncertainty, from σ = 1": partial(Uncertainty, KINDS),
    "DWA": partial(DWA, STEPS),
    "RLW": RLW,
    "PCGrad": PCGrad,
    "UPGrad": UPGrad,
    "MGDA": MGDA,
    "CAGrad": CAGrad,
}


def static(watch: float = 1.0, rating: float = 1.0) -> Fixed:
    """Weights `factor / initial loss`; the click's factor is 1."""
    return Fixed(np.array([watch, 1.0, rating]) / _constants())


def uncertainty() -> Uncertainty:
    """Learned noise that starts at its optimum for the initial losses and moves four times as fast as it would."""
    return Uncertainty(KINDS, start=_constants() * [1, 2, 1], speed=4.0)


ADAPTIVE = {"uncertainty": uncertainty, "GradNorm": GradNorm, "FAMO": FAMO, "IMTL-G": IMTLG, "Nash-MTL": NashMTL}


def _constants() -> np.ndarray:
    """The initial losses on seed 0's training rows."""
    return initial_losses({task: column[:ROWS] for task, column in world(0)[1].items()})


def grid(seeds: Sequence[int] = range(5), progress: Progress | None = None) -> dict[str, dict]:
    """`{rate: {balance: [scores of each seed]}}`. At the first rate all factors and methods, at others the inner ones."""
    tried = [(rate, name, make) for rate in RATES for name, make in candidates(rate).items()]
    tables = {str(rate): {} for rate in RATES}
    for rate, name, make in counted(tried, progress):
        tables[str(rate)][name] = _runs(Bench(make(), rate=rate), seeds)
    return tables


def candidates(rate: float) -> dict[str, Callable]:
    """What is tried at a rate: `static WATCH, RATING` for pairs of factors, and methods by name."""
    factors = FACTORS if rate == RATE else FACTORS[1:-1]
    searched = {f"static {watch:g}, {rating:g}": partial(static, watch, rating) for watch, rating in product(factors, factors)}
    return searched | (CONTROLS if rate == RATE else {}) | ADAPTIVE


def _runs(bench: Bench, seeds: Sequence[int]) -> list[dict[str, float]]:
    return [{key: round(value, 4) for key, value in bench.run(seed).items()} for seed in seeds]


def tuned(searched: Mapping[str, list]) -> list[dict[str, float]]:
    """Of a search `{setting: [scores of each seed]}`: for each seed the scores of the setting best on its *validation* rows."""
    return [min(runs, key=lambda run: run["check"]) for runs in zip(*searched.values(), strict=True)]
