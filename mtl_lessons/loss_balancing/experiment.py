"""The chapter's experiment: three tasks whose losses differ by four orders of
magnitude.

`world` draws it, `network` is one shared bottom, `Bench` trains it with any
balance, seed after seed, and measures each task against the truth.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import product

import numpy as np

from mtl_lessons import metrics
from mtl_lessons.backend import Tensor, keras, tf
from mtl_lessons.stored import Progress, counted, rounded
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
from .gradients import columns_of, gram_of, stacked
from .weightings import (
    DWA,
    FAMO,
    RLW,
    Equal,
    Fixed,
    GradNorm,
    Uncertainty,
    Weighting,
)

TASKS = ("watch", "click", "rating")
LOSSES = {"watch": "mse", "click": "binary_crossentropy", "rating": "mse"}
FEATURES = 40
HIDDEN = 12
ROWS = 40_000
TEST = 10_000
BATCH = 512
EPOCHS = 8
STEPS = ROWS // BATCH  # in an epoch
RATE = 0.005
NOISE = {"watch": 40.0, "rating": 0.6}  # seconds, stars

LabelColumns = dict[str, np.ndarray]
TaskScores = dict[str, float]
Makers = dict[str, Callable[[], Weighting | Aggregator]]


def world(seed: int) -> tuple[np.ndarray, LabelColumns, LabelColumns]:
    """Features `(ROWS + 2 TEST, 40)`, labels and truths.

    Each task reads six of twelve hidden directions h of x, overlapping by three
    with the next task: `t = Σ ± h`, in standard units. Then watch = 120 + 80 t
    + 40 ε seconds, P(click) = σ(2 t
    - 1), rating = 3 + .8 t + .6 ε stars, ε standard normal. Truths are the same
      without ε, and
    P(click).

    >>> x, labels, truth = world(seed=0)
    >>> x.shape, sorted(labels)
    ((60000, 40), ['click', 'rating', 'watch'])
    >>> noise = labels["watch"] - truth["watch"]
    >>> round(float(noise.std()) / 40, 1)  # seconds
    1.0
    """
    random = np.random.default_rng(seed)
    directions = np.linalg.qr(random.normal(size=(FEATURES, HIDDEN)))[0] * 1.5
    x = random.normal(size=(ROWS + 2 * TEST, FEATURES))
    hidden = np.abs(x @ directions) - 1.2
    watch, click, rating = (
        _standard(hidden[:, i : i + 6] @ _signs(random)) for i in (0, 3, 6)
    )
    truth = {
        "watch": 120 + 80 * watch,
        "click": 1 / (1 + np.exp(1 - 2 * click)),
        "rating": 3 + 0.8 * rating,
    }
    labels = {}
    for task, noise in NOISE.items():
        labels[task] = truth[task] + noise * random.normal(size=len(x))
    labels["click"] = random.random(len(x)) < truth["click"]
    return x.astype("float32"), _in_float32(labels), _in_float32(truth)


def _in_float32(columns: LabelColumns) -> LabelColumns:
    return {task: columns[task].astype("float32") for task in TASKS}


def _signs(random: np.random.Generator) -> np.ndarray:
    return random.choice([-1, 1], 6) * random.uniform(0.7, 1.3, 6)


def _standard(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / values.std()


def network(trunk: Sequence[int] = (64, 32), head: int = 16) -> keras.Model:
    """A shared bottom with one tower per task.

    Outputs `(batch, 1)`: seconds, a probability, stars.

    The towers work in standard units, and a `Rescaling` turns these into
    seconds and stars. Without it the watch tower would first have to grow to
    120, and its slowness would be mistaken for imbalance.

    >>> sorted(network().output)
    ['click', 'rating', 'watch']
    """
    x = z = keras.Input((FEATURES,), name="x")
    for i, width in enumerate(trunk):
        z = keras.layers.Dense(width, "relu", name=f"trunk_{i}")(z)
    towers = {
        task: keras.layers.Dense(head, "relu", name=f"{task}_tower")(z)
        for task in TASKS
    }
    units = {}
    for task, tower in towers.items():
        units[task] = keras.layers.Dense(1, name=f"{task}_units")(tower)
    outputs = {
        "watch": keras.layers.Rescaling(80.0, 120.0, name="watch")(
            units["watch"]
        ),
        "click": keras.layers.Activation("sigmoid", name="click")(
            units["click"]
        ),
        "rating": keras.layers.Rescaling(0.8, 3.0, name="rating")(
            units["rating"]
        ),
    }
    return keras.Model(x, outputs)


def initial_losses(labels: LabelColumns) -> np.ndarray:
    """The loss of each task's best constant guess, about what an untrained
    network has: `(3,)`.

    >>> columns = {"watch": [0.0, 4.0], "click": [0.0, 1.0], "rating": [1.0, 3.0]}
    >>> labels = {task: np.array(column) for task, column in columns.items()}
    >>> initial_losses(labels).round(3).tolist()  # 4 = 2², log 2, 1 = 1²
    [4.0, 0.693, 1.0]
    """
    click = metrics.binary_entropy(labels["click"].mean())
    return np.array([labels["watch"].var(), click, labels["rating"].var()])


# ------------------------------------------------------- training and measuring


class Bench:
    """Trains one balance on many seeds, traced once.

    `trunk` are the units of the shared layers. A balance at the representation
    reads the last of them. `rate` is Adam's first, `clipping` how it clips
    gradients: `{"clipnorm": 1.0}` or `{"global_clipnorm": 1.0}`.

    >>> bench = Bench(Fixed([1.0, 1.0, 1.0]), trunk=(8,))
    >>> # then `bench.run(seed=0)` trains for eight epochs
    >>> bench.model.representation
    'trunk_0'
    """

    def __init__(
        self,
        balance: Weighting | Aggregator,
        at_representation: bool = True,
        trunk: Sequence[int] = (64, 32),
        rate: float = RATE,
        clipping: Mapping[str, float] | None = None,
    ) -> None:
        last = f"trunk_{len(trunk) - 1}"
        self.model = Balanced(
            network(trunk), balance, last if at_representation else None
        )
        schedule = keras.optimizers.schedules.CosineDecay(rate, EPOCHS * STEPS)
        adam = keras.optimizers.Adam(schedule, **(clipping or {}))
        self.model.compile(
            adam, loss=LOSSES, jit_compile=False, steps_per_execution=STEPS
        )
        self.start = Restart(self.model, lambda: network(trunk))

    def run(
        self, seed: int, callbacks: Sequence[keras.callbacks.Callback] = ()
    ) -> TaskScores:
        """Train on the world of this seed, and `score` on its test rows.

        `check` is the `loss` on its validation rows.
        """
        x, labels, truth = world(seed)
        self.start(seed)
        columns = {task: column[:ROWS, None] for task, column in labels.items()}
        rows = tf.data.Dataset.from_tensor_slices((x[:ROWS], columns))
        batches = (
            rows.batch(BATCH, drop_remainder=True)
            .cache()
            .shuffle(STEPS, seed=seed)
        )
        self.model.fit(
            batches,
            epochs=EPOCHS,
            shuffle=False,
            callbacks=list(callbacks),
            verbose=0,
        )
        check = self._score(x, labels, truth, slice(ROWS, ROWS + TEST))
        test = self._score(x, labels, truth, slice(ROWS + TEST, None))
        return test | {"check": check["loss"]}

    def _score(
        self,
        x: np.ndarray,
        labels: LabelColumns,
        truth: LabelColumns,
        rows: slice,
    ) -> TaskScores:
        predicted = self.model.network.predict_on_batch(x[rows])
        return score(predicted, _rows_of(labels, rows), _rows_of(truth, rows))


def _rows_of(columns: LabelColumns, rows: slice) -> LabelColumns:
    return {task: column[rows] for task, column in columns.items()}


def score(
    predicted: Mapping[str, Tensor], labels: LabelColumns, truth: LabelColumns
) -> TaskScores:
    """R² of seconds and stars to their *true* values, AUC of clicks, and
    `loss`.

    `loss` is the mean over tasks of loss / loss of a constant.

    >>> labels = {task: np.array([0.0, 1.0]) for task in TASKS}
    >>> # the best constant
    >>> guess = {task: np.full((2, 1), 0.5) for task in TASKS}
    >>> scores = score(guess, labels, truth=labels)
    >>> scores["watch"], scores["click"], round(scores["loss"], 6)
    (0.0, 0.5, 1.0)
    """
    columns = {
        task: np.asarray(column)[:, 0] for task, column in predicted.items()
    }
    click_loss = metrics.log_loss(labels["click"], columns["click"])
    losses = np.array(
        [
            _mean_square(columns["watch"], labels["watch"]),
            click_loss,
            _mean_square(columns["rating"], labels["rating"]),
        ]
    )
    return {
        "watch": _r2(columns["watch"], truth["watch"]),
        "click": metrics.auc(labels["click"], columns["click"]),
        "rating": _r2(columns["rating"], truth["rating"]),
        "loss": float(np.mean(losses / initial_losses(labels))),
    }


def _mean_square(predicted: np.ndarray, column: np.ndarray) -> np.floating:
    return np.mean((predicted - column) ** 2)


def _r2(predicted: np.ndarray, truth: np.ndarray) -> float:
    return float(1 - _mean_square(predicted, truth) / truth.var())


# -------------------------------------------- what a balance makes of the tasks


def task_weights(
    model: Balanced, x: Tensor, y: Mapping[str, Tensor]
) -> np.ndarray:
    """The weight that the balance would give each task in a step on these rows,
    `(T,)`.

    Of a weighting: the derivative of its loss by the task's. Of an aggregator:
    its coefficient of the task's gradient, where the model compares gradients.
    A look leaves no trace: a balance that counts its draws does not count this
    one.

    >>> model = Balanced(network(), Fixed([1.0, 2.0, 3.0]))
    >>> model.compile(loss=LOSSES)
    >>> labels = {task: tf.ones((4, 1)) for task in TASKS}
    >>> task_weights(model, tf.ones((4, FEATURES)), labels).tolist()
    [1.0, 2.0, 3.0]
    """
    by_losses = isinstance(model.balance, Weighting)
    remembered = [variable.numpy() for variable in model.balance.variables]
    weights = (
        _by_losses(model, x, y) if by_losses else _by_gradients(model, x, y)
    )
    for variable, value in zip(model.balance.variables, remembered):
        variable.assign(value)
    return weights.numpy()


def _by_losses(model: Balanced, x: Tensor, y: Mapping[str, Tensor]) -> Tensor:
    losses = tf.stack(model.task_losses(y, model.network(x)))
    with tf.GradientTape() as tape:
        tape.watch(losses)
        total = model.balance(losses)
    return tape.gradient(total, losses)


def _by_gradients(
    model: Balanced, x: Tensor, y: Mapping[str, Tensor]
) -> Tensor:
    inner = model.network
    compared = inner.output
    if model.representation:
        compared = inner.get_layer(model.representation).output
    both = keras.Model(inner.input, [compared, inner.output])
    with tf.GradientTape(persistent=True) as tape:
        z, outputs = both(x)
        losses = model.task_losses(y, outputs)
    weights = [weight.value for weight in inner.trainable_weights]
    columns = columns_of(tape, losses, z if model.representation else weights)
    return model.balance(gram_of([stacked(column) for column in columns]))


# ------------------------------------------------ a search of weights and rates

KINDS = ("regression", "classification", "regression")
FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)  # at the first rate
INNER = (0.5, 1.0, 2.0)  # at others
HIGHER = (0.5, 1.0, 2.0, 4.0, 8.0)  # where the best of these were at an edge
RATES = (RATE, 0.01, 0.02, 0.04, 0.08)
TRIED = {RATE: FACTORS, 0.02: HIGHER, 0.04: HIGHER}
CONTROLS: Makers = {
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
    """Weights `factor / initial loss`; the click's factor is 1.

    >>> static(watch=2.0).chosen == (np.array([2.0, 1.0, 1.0]) / _constants()).tolist()
    True
    """
    return Fixed(np.array([watch, 1.0, rating]) / _constants())


def uncertainty() -> Uncertainty:
    """Learned noise that starts at its optimum for the initial losses, and
    moves fast.

    Four times as fast as it would.

    >>> weighting = uncertainty()
    >>> weighting.kinds, weighting.speed
    (['regression', 'classification', 'regression'], 4.0)
    """
    return Uncertainty(KINDS, start=_constants() * [1, 2, 1], speed=4.0)


ADAPTIVE: Makers = {
    "uncertainty": uncertainty,
    "GradNorm": GradNorm,
    "FAMO": FAMO,
    "IMTL-G": IMTLG,
    "Nash-MTL": NashMTL,
}


def _constants() -> np.ndarray:
    """The initial losses on seed 0's training rows."""
    _, labels, _ = world(0)
    return initial_losses(_rows_of(labels, slice(ROWS)))


def grid(
    seeds: Sequence[int] = range(5), progress: Progress | None = None
) -> dict[str, dict[str, list[TaskScores]]]:
    """`{rate: {balance: [scores of each seed]}}`.

    The `CONTROLS` at the first rate alone.

    >>> from mtl_lessons import stored
    >>> # what it gave; it takes minutes
    >>> list(stored.read("loss_balancing_experiment"))
    ['0.005', '0.01', '0.02', '0.04', '0.08']
    """
    tried = []
    for rate in RATES:
        tried += [(rate, name, make) for name, make in candidates(rate).items()]
    tables: dict[str, dict[str, list[TaskScores]]] = {
        str(rate): {} for rate in RATES
    }
    for rate, name, make in counted(tried, progress):
        tables[str(rate)][name] = _runs(Bench(make(), rate=rate), seeds)
    return tables


def candidates(rate: float) -> Makers:
    """What is tried at a rate: `static WATCH, RATING` for pairs of factors, and
    methods by name.

    >>> len(candidates(RATE)), len(candidates(0.01))  # 5² + 8 + 5, and 3² + 5
    (38, 14)
    """
    at_first = rate == RATE
    factors = TRIED.get(rate, INNER)
    tried: Makers = {}
    for watch, rating in product(factors, factors):
        tried[f"static {watch:g}, {rating:g}"] = partial(static, watch, rating)
    if at_first:
        tried |= CONTROLS
    return tried | ADAPTIVE


def _runs(bench: Bench, seeds: Sequence[int]) -> list[TaskScores]:
    return [rounded(bench.run(seed), digits=4) for seed in seeds]


def tuned(searched: Mapping[str, list[TaskScores]]) -> list[TaskScores]:
    """For each seed the scores of the setting that was best on its *validation*
    rows.

    `searched` is `{setting: [scores of each seed]}`.

    >>> tuned({"one": [{"check": 0.9, "loss": 0.8}], "two": [{"check": 0.7, "loss": 1.0}]})
    [{'check': 0.7, 'loss': 1.0}]
    """
    by_seed = zip(*searched.values(), strict=True)
    return [min(runs, key=lambda scores: scores["check"]) for runs in by_seed]
