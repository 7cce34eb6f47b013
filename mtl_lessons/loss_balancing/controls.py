"""The chapter's controls: runs that separate one cause from the others.

- *Corner.* Does learned uncertainty give one of two rivals everything because
  of the other's noise? `uncertainty` without any noise, and the `product` of
  the losses by fixed formula, tell.
- *GradNorm* at an α of 0, where it does want equal gradients, beside 1.5.
- *Bound.* A multiplier keeps task a's loss at a bound; a static weight does so
  with the unit of b's label in which it was chosen. Then the unit is another.
- *Clipping* of the plain sum's gradients: over everything, per variable, per
  task.

`grid` trains them all; they are stored (`stored.py`).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from mtl_lessons.backend import Tensor, register, tf
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
    >>> clip(tf.constant([[25.0, 0.0], [0.0, 1.0]])).numpy().round(3).tolist()
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


def grid(progress: Progress | None = None) -> dict[str, Mapping]:
    """`rivals` {name: errors `(seeds, 2)`} and `clipping` {name: scores}.

    >>> # what it gave; it takes minutes
    >>> list(read("loss_balancing_controls"))
    ['rivals', 'clipping']
    """
    seeds: Sequence[int] = range(front.SEEDS)
    tried = [
        *(("rivals", name, run) for name, run in rivals().items()),
        *(("clipping", name, bench) for name, bench in clipped().items()),
    ]
    found: dict[str, dict] = {"rivals": {}, "clipping": {}}
    for kind, name, run in counted(tried, progress):
        if kind == "rivals":
            balance, world = run
            errors = front.train(balance(), seeds, world=world)
            found[kind][name] = rounded(errors, digits=4)
        else:
            found[kind][name] = [
                rounded(run.run(seed), digits=4) for seed in range(5)
            ]
    return found
