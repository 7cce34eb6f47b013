"""The chapter's controls: runs that separate one cause from the others.

- *Corner.* Does learned uncertainty give one of two rivals everything because
  of the other's noise? `uncertainty` without any noise, and the `product` of
  the losses by fixed formula, tell.
- *GradNorm* at an α of 0, where it does want equal gradients, beside 1.5.
- *Bound.* A multiplier keeps task a's loss at a bound; a static weight does so
  with the unit of b's label in which it was chosen. Then the unit is another.
- *Clipping* of the plain sum's gradients: over everything, per variable, per
  task.
- *Rare positives*: what the gradient of one batch knows of that over all rows.
  Nothing is trained for it.

`grid` trains the others; they are stored (`stored.py`).
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy.optimize import brentq

from mtl_lessons.backend import Tensor, keras, register, tf
from mtl_lessons.stored import Progress, counted, read, rounded

from . import experiment, front
from .aggregators import Aggregator
from .weightings import Bounded, Equal, Fixed, GradNorm, Uncertainty, Weighting

BOUND = 0.2  # of task a's loss; a constant guess has 1
UNITS = (1.0, 2.0, 4.0)  # of task b's label
CHOSEN_IN = 2.0  # the unit in which the static weight was chosen
CLIP = 1.0  # the longest gradient


@register
class Product(Weighting):
    """`Σ log L_i`, the logarithm of the product of the losses: what learned
    uncertainty descends once its variances have settled.

    >>> float(Product()(tf.constant([1.0, 1.0])))
    0.0
    """

    def call(self, losses: Tensor, known: Tensor | None = None) -> Tensor:  # noqa: ARG002
        return tf.reduce_sum(tf.math.log(losses))


@register
class ClipEach(Aggregator):
    """Each task's gradient clipped to a length, then the mean.

    `w_i = min(1, most / ‖g_i‖) / T`. Where all are longer than `most`, these
    are the means of the *unit* gradients, whatever weights the losses had.

    >>> # lengths 5 and 1
    >>> clip = ClipEach(most=1.0)
    >>> clip([[25.0, 0.0], [0.0, 1.0]]).numpy().astype(float).round(3).tolist()
    [0.1, 0.5]
    """

    def __init__(self, most: float = CLIP, **options: Any) -> None:
        super().__init__(**options)
        self.most = float(most)

    def call(self, gram: Tensor, known: Tensor | None = None) -> Tensor:  # noqa: ARG002
        lengths = tf.sqrt(tf.linalg.diag_part(gram))
        shorter = tf.minimum(1.0, self.most / tf.maximum(lengths, 1e-30))
        return shorter / gram.shape[0]

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"most": self.most}


def clipped() -> dict[str, experiment.Bench]:
    """A bench for each way to clip, with the plain sum of the losses.

    >>> list(clipped())
    ['over everything', 'per variable', 'per task']
    """
    bench = experiment.Bench
    return {
        "over everything": bench(Equal(), clipping={"global_clipnorm": CLIP}),
        "per variable": bench(Equal(), clipping={"clipnorm": CLIP}),
        "per task": bench(ClipEach(), at_representation=False),
    }


def bounded() -> Bounded:
    """Task a's loss at most `BOUND`, task b's as small as that allows.

    >>> bounded().bounds
    [0.2, None]
    """
    return Bounded([BOUND, None])


def in_unit(unit: float) -> Callable[[int], tuple]:
    """The rivals' world with b's label in another unit.

    >>> x, labels = in_unit(4.0)(0)
    >>> round(float(labels["b"].std()))
    4
    """
    return partial(front.rival_world, unit=unit)


def without_noise(seed: int) -> tuple:
    """The rivals' world without noise in any label.

    >>> x, labels = without_noise(0)
    >>> sorted(labels)
    ['a', 'b']
    """
    return front.rival_world(seed, noise=0.0)


def rivals() -> dict[str, tuple[Callable[[], Weighting], Callable]]:
    """What is trained on the two rivals: `{name: (balance, world)}`.

    >>> len(rivals())
    10
    """
    uncertainty = partial(Uncertainty, ["regression"] * 2)
    runs: dict[str, tuple] = {
        "uncertainty, no noise": (uncertainty, without_noise),
        "product, no noise": (Product, without_noise),
        "sum, no noise": (Equal, without_noise),
        "GradNorm, alpha 0": (partial(GradNorm, alpha=0.0), front.rival_world),
    }
    for unit in UNITS:
        world = in_unit(unit)
        runs[f"bounded, unit {unit:g}"] = (bounded, world)
        runs[f"static, unit {unit:g}"] = (static, world)
    return runs


def static() -> Fixed:
    """The static weights with which a's loss is at the bound where b's label
    has the unit `CHOSEN_IN`: read off the sweep of `front`, whose unit is 1.

    >>> a, b = static().chosen
    >>> round(a / (b * CHOSEN_IN**2), 1)
    0.6
    """
    sweep = read("loss_balancing_front")
    errors = np.mean(sweep["sweep"], axis=1)[:, 0]
    falling = np.log(errors[::-1]), np.array(sweep["weights"])[::-1]
    weight = float(np.interp(np.log(BOUND), *falling))
    a, b = front.fixed(weight).chosen
    return Fixed([a, b / CHOSEN_IN**2])


# ------------------------------------------------------------ rare positives

RARE = 0.002  # of the rows
KEPT = 0.05  # of the negatives, when they are sampled
SIZE = 512  # rows of a batch
SEEDS = 5  # by which clipping is judged


def rare_batches(batches: int = 200) -> tuple[float, dict[str, np.ndarray]]:
    """Batches of a click that is made rare, by a shift of its log-odds.

    Returns the share of positives, and for each way to draw a batch `(4,
    batches)`: positives, loss, and of the trunk's gradient the length and the
    cosine to the gradient over all rows. The network is as it starts, with the
    bias at the log-odds of `RARE`. Sampled negatives are weighted by `1 /
    KEPT`.

    >>> share, found = rare_batches(batches=2)
    >>> {name: drawn.shape for name, drawn in found.items()}
    {'512 rows': (4, 2), '4,096 rows': (4, 2), '512, negatives sampled': (4, 2)}
    """
    random = np.random.default_rng(0)
    x, _, truth = experiment.world(0)
    odds = truth["click"] / (1 - truth["click"])
    shift = brentq(lambda s: np.mean(odds / (odds + np.exp(s))) - RARE, 0, 20)
    bought = random.random(len(odds)) < odds / (odds + np.exp(shift))
    rows = experiment.ROWS
    x, bought = x[:rows], bought[:rows].astype("float32")
    gradient = _of_the_trunk()

    def look(chosen: np.ndarray, kept: float = 1.0) -> tuple:
        y = bought[chosen]
        weights = np.where(y == 1, 1, 1 / kept).astype("float32")
        loss, slope = gradient(x[chosen], y, weights)
        return y.sum(), float(loss), slope.numpy()

    _, _, over_all = look(np.arange(rows))
    sampled = np.flatnonzero((bought == 1) | (random.random(rows) < KEPT))
    ways = {
        "512 rows": lambda: look(random.integers(0, rows, SIZE)),
        "4,096 rows": lambda: look(random.integers(0, rows, 8 * SIZE)),
        "512, negatives sampled": lambda: look(
            random.choice(sampled, SIZE), KEPT
        ),
    }
    found = {}
    for name, draw in ways.items():
        drawn = [draw() for _ in range(batches)]
        found[name] = np.array([_record(*one, over_all) for one in drawn]).T
    return float(bought.mean()), found


def _record(
    positives: float, loss: float, slope: np.ndarray, over_all: np.ndarray
) -> tuple[float, ...]:
    length = float(np.linalg.norm(slope))
    cosine = float(slope @ over_all) / length / np.linalg.norm(over_all)
    return positives, loss, length, float(cosine)


def _of_the_trunk() -> Callable:
    """Loss and gradient of a fresh network's click, for rows, labels and
    weights.
    """
    keras.utils.set_random_seed(0)
    network = experiment.network()
    bias = network.get_layer("click_units").bias
    bias.assign([np.log(RARE / (1 - RARE))])
    trunk = [
        weight.value
        for layer in network.layers
        if layer.name.startswith("trunk")
        for weight in layer.trainable_weights
    ]

    @tf.function(autograph=False)
    def gradient(
        rows: Tensor, y: Tensor, weights: Tensor
    ) -> tuple[Tensor, Tensor]:
        with tf.GradientTape() as tape:
            p = network(rows)["click"][:, 0]
            entropy = -y * tf.math.log(p) - (1 - y) * tf.math.log(1 - p)
            total = tf.reduce_sum(weights)
            loss = tf.reduce_sum(weights * entropy) / total
        slopes = tape.gradient(loss, trunk)
        return loss, tf.concat([tf.reshape(s, [-1]) for s in slopes], 0)

    return gradient


def grid(progress: Progress | None = None) -> dict[str, dict[str, list]]:
    """`rivals` {name: errors `(seeds, 2)`} and `clipping` {name: scores}.

    >>> # what it gave; it takes minutes
    >>> list(read("loss_balancing_controls"))
    ['rivals', 'clipping']
    """
    jobs: list[tuple[str, str, Callable[[], list]]] = [
        ("rivals", name, partial(_errors, *how))
        for name, how in rivals().items()
    ]
    jobs += [
        ("clipping", name, partial(_bench_scores, bench))
        for name, bench in clipped().items()
    ]
    found: dict[str, dict[str, list]] = {"rivals": {}, "clipping": {}}
    for part, name, run in counted(jobs, progress):
        found[part][name] = run()
    return found


def _errors(balance: Callable[[], Weighting], world: Callable) -> list:
    errors = front.train(balance(), range(front.SEEDS), world=world)
    return rounded(errors, digits=4)


def _bench_scores(bench: experiment.Bench) -> list[experiment.TaskScores]:
    return [rounded(bench.run(seed), digits=4) for seed in range(SEEDS)]
