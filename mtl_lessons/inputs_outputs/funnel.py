"""The funnel: purchases are known where there was a click, and are wanted on
every impression.

`P(purchase | click)`, the CVR, is learned from clicks and served on all
impressions. Five ways to train it, on the heads `click` (p_ctr), `conversion`
(p_cvr) and `purchase = p_ctr · p_cvr`; o is the click, e the cross-entropy of
p_cvr, n the rows:

| estimator | loss besides that of the click    | what it needs to be right     |
|-----------|-----------------------------------|-------------------------------|
| naive     | `Σ o e / Σ o`, a model of its own | a model that extrapolates     |
| natural   | `Σ o e / n`                       | the same, with shared tables  |
| esmm      | cross-entropy of `purchase`       | none hidden; a click model    |
| ips       | `Σ o e/p_ctr / Σ o/p_ctr`         | propensities, none hidden     |
| dr        | predicted errors + ips of misses  | propensities *or* those errors|

`natural` is the likelihood of (click, conversion) row by row. ESMM (Ma et al.,
2018) maximises that of (click, purchase), so it never asks for a conversion
where nobody clicked. IPS and DR are those of ESCM² (Wang et al., 2022), which
adds ESMM's term to them; there is no such term here, and the weights are
normalised to a mean of 1. `dr_joint` is `dr` with gradients that go everywhere
(`DoublyRobust(joint=True)`).

All are plain Keras losses of a named output, so they go with any `compile` and
optimiser, and with a balancer. `compare` runs them in a world whose truth is
known.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mtl_lessons import metrics, stored
from mtl_lessons.backend import Tensor, keras, register
from mtl_lessons.stored import Progress, counted, rounded
from mtl_lessons.world import Rows, World, split_by_time

from .given import plain
from .tasks import MultiLabel, cross_entropy

layers, ops = keras.layers, keras.ops


# ------------------------------------------------------------- heads and losses


def entire_space(
    click: keras.KerasTensor,
    conversion: keras.KerasTensor,
) -> dict[str, keras.KerasTensor]:
    """The outputs of ESMM: the two heads, and `purchase`, their product.

    `purchase` is P(click and purchase), on all impressions. Put a loss on
    `click` and on `purchase`, none on `conversion`, which is trained within; so
    it is with `Balanced`, too. With metrics, Keras wants a label for each
    output: `targets` of three tasks gives it, NaN where it is not known.

    The product is taken in float32: in float16 a rare purchase would be 0.

    >>> click, conversion = keras.Input((1,)), keras.Input((1,))
    >>> esmm = keras.Model([click, conversion], entire_space(click, conversion))
    >>> esmm([np.array([[0.25]]), np.array([[0.5]])])["purchase"].numpy().tolist()
    [[0.125]]
    """
    purchase = layers.Multiply(dtype="float32", name="purchase")(
        [click, conversion]
    )
    return {"click": click, "conversion": conversion, "purchase": purchase}


def purchase_error(
    purchase: Tensor, click_logit: Tensor, conversion_logit: Tensor
) -> Tensor:
    """ESMM's cross-entropy of the product, from the two logits a and b, entry
    by entry.

    No product is formed, so nothing underflows and nothing is clipped:

        log p       = log σ(a) + log σ(b)
        log (1 - p) = log (σ(-a) + σ(a) σ(-b)),  summed in log space

    >>> logits = ops.convert_to_tensor([-60.0])  # σ(-60)² = 8e-53
    >>> error = purchase_error(ops.ones(1), logits, logits)
    >>> round(float(error[0]), 4)
    120.0
    """
    clicked = ops.log_sigmoid(click_logit)
    bought = clicked + ops.log_sigmoid(conversion_logit)
    left = clicked + ops.log_sigmoid(-conversion_logit)
    # log(e^l + e^r) = l + log(1 + e^(r - l)); of `logaddexp` the slope at a tie
    # would be 1 for one of the two, and not a half for both
    not_bought = left + ops.softplus(ops.log_sigmoid(-click_logit) - left)
    return -purchase * bought - (1 - purchase) * not_bought


def with_parts(name: str, *parts: keras.KerasTensor) -> keras.KerasTensor:
    """An output for a loss that needs several predictions, `(batch, columns)`
    each, side by side.

    >>> conversion, click = keras.Input((1,)), keras.Input((1,))
    >>> with_parts("ips", conversion, click).shape
    (None, 2)
    """
    return layers.Concatenate(dtype="float32", name=name)(list(parts))


@register
class InversePropensity(keras.losses.Loss):
    """IPS: every click stands for 1 / propensity impressions.

    Self-normalised, and at its natural weight: `mean(o) · Σ o w e / Σ o w`,
    with `w = 1 / max(propensity, clip)`.

    Labels `(batch, columns)`, or `(batch,)` for one: the conversion, NaN where
    nobody clicked. Predictions `(batch, 2 columns)`: p_cvr, then the
    propensity. It is a *constant* here: with a gradient, the click tower could
    make the loss small by predicting more clicks on the rows that are hard.
    `clip` bounds the weight of a row, at the price of a bias. A sample weight
    multiplies what its row adds to the upper sum.

    Raises `ValueError` for a `clip` outside (0, 1] and for shapes that do not
    fit.

    >>> # two clicks of four impressions
    >>> y = np.array([[1.0], [1.0], [np.nan], [np.nan]])
    >>> p = np.array([[0.5, 0.1], [1.0, 0.3], [0.5, 0.2], [0.5, 0.2]])
    >>> # 2/4 · 10 log 2 / (10 + 10/3)
    >>> round(float(InversePropensity()(y, p)), 4)
    0.2599
    """

    parts = 2

    def __init__(self, clip: float = 0.02, name: str = "ips") -> None:
        super().__init__(name=name)
        if not 0 < clip <= 1:
            raise ValueError(f"{name}: expected a clip in (0, 1], found {clip}")
        self.clip = plain(clip)

    def __call__(
        self,
        y_true: Tensor,
        y_pred: Tensor,
        sample_weight: Tensor | None = None,
    ) -> Tensor:
        y = ops.cast(y_true, "float32")
        p = ops.cast(y_pred, "float32")
        if len(y.shape) == 1:
            y = y[:, None]
        self._check(y.shape, p.shape)
        known = ~ops.isnan(y)
        clicked = ops.cast(known, "float32")
        cvr, propensity, *imputed = ops.split(p, self.parts, axis=-1)
        weight = clicked / ops.maximum(ops.stop_gradient(propensity), self.clip)
        mean = ops.maximum(ops.mean(weight, axis=0), keras.config.epsilon())
        weight = weight / mean  # a mean of 1: each stands for itself
        errors = self.errors(ops.where(known, y, 0.0), weight, cvr, *imputed)
        if sample_weight is not None:
            errors = errors * ops.reshape(
                ops.cast(sample_weight, "float32"), (-1, 1)
            )
        share = ops.mean(clicked, axis=0)
        return ops.mean(share * ops.mean(errors, axis=0))

    def errors(
        self,
        y: Tensor,
        weight: Tensor,
        cvr: Tensor,
        *imputed: Tensor,  # noqa: ARG002 (DR has one)
    ) -> Tensor:
        """What each row adds, `(batch, columns)`; `imputed` are further
        predictions.
        """
        return weight * cross_entropy(y, cvr)

    def _check(
        self, labels: tuple[int, ...], predictions: tuple[int, ...]
    ) -> None:
        if len(labels) != 2:
            shape = tuple(labels)
            raise ValueError(
                f"{self.name}: expected labels of shape (batch, columns), "
                f"found {shape}"
            )
        expected = (labels[0], self.parts * labels[1])
        if len(predictions) != 2 or predictions[1] != expected[1]:
            shape = tuple(predictions)
            raise ValueError(
                f"{self.name}: expected predictions of shape {expected}, found "
                f"{shape}"
            )

    def get_config(self) -> dict[str, Any]:
        return {"clip": self.clip, "name": self.name}


@register
class DoublyRobust(InversePropensity):
    """DR, as in ESCM²: a tower predicts the error of every impression, and
    clicks put the prediction right.

    At its natural weight: `mean(o) · mean(d + w (e - d) + w (e - d)²)`, w as in
    IPS; `e` is the cross-entropy of p_cvr against the label, and `d` the
    predicted error, at least 0. The first two terms are the risk of p_cvr: its
    expected value is right if the propensities are, or if d is. The square
    trains the error tower.

    Each part trains what it is for: in the first two terms d is a constant, in
    the square e is one. So p_cvr has the gradient of IPS, and the error tower
    acts on it through shared layers alone. With `joint`, the propensity
    alone is a constant, nearly as in PaddleRec's code of ESCM². The square then
    trains p_cvr, too, towards errors that are easy to predict.

    Predictions `(batch, 3 columns)`: p_cvr, the propensity, d.

    >>> y = np.array([[1.0], [np.nan]])  # one click, and a purchase
    >>> p = np.array([[0.5, 0.5, 0.2], [0.5, 0.5, 0.2]])
    >>> # e = log 2; w = 2, 0: 1/2 · (log 2 + (log 2 - 0.2)²)
    >>> round(float(DoublyRobust()(y, p)), 4)
    0.4682
    """

    parts = 3

    def __init__(
        self, clip: float = 0.02, name: str = "dr", joint: bool = False
    ) -> None:
        super().__init__(clip, name)
        self.joint = joint

    def errors(
        self, y: Tensor, weight: Tensor, cvr: Tensor, *imputed: Tensor
    ) -> Tensor:
        (predicted,) = imputed
        error = cross_entropy(y, cvr)
        if self.joint:
            left = error - predicted
            return predicted + weight * (left + ops.square(left))
        constant = ops.stop_gradient(predicted)
        risk = constant + weight * (error - constant)
        miss = ops.stop_gradient(error) - predicted
        return risk + weight * ops.square(miss)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"joint": self.joint}


# --------------------------------------------------------------- the experiment

ESTIMATORS = ("naive", "natural", "esmm", "ips", "dr", "dr_joint", "oracle")
MEASURES = (
    "auc",
    "auc_clicked",
    "ratio",
    "ratio_willing",
    "ratio_clicked",
    "error",
)
READ = ("user", "item", "context", "propensity")
WIDTH, HIDDEN = 8, 32
IMPRESSIONS, TEST = 57 * 4096, 40_000
BATCH, EPOCHS, RATE = 4096, 3, 0.02

BySeed = dict[str, list[float]]  # by measure, a number for each seed


def compare(
    settings: Sequence[Mapping[str, Any]] = ({},),
    estimators: Sequence[str] = ESTIMATORS,
    seeds: int = 5,
) -> list[dict[str, BySeed]]:
    """Train the CVR in each way, and judge it on later impressions, all of
    them, by the truth.

    A setting are dials of `World`, such as `{"confounding": 1.0}`. The
    estimators are those of the module, and "oracle": IPS with the true
    propensities, the hidden mood included, which nobody has. Worlds of all
    settings and seeds are trained side by side. Takes minutes: `shipped` has
    what it gave.

    Returns for each setting `{estimator: {measure: [one number per seed]}}`; of
    p_cvr:

    - `auc`: expected AUC on all impressions, had they been made to click;
    - `auc_clicked`: AUC on the clicked ones;
    - `ratio`: mean prediction / mean truth on all impressions;
    - `ratio_willing`: on all impressions, over the chance of a purchase among
      those who would click by themselves;
    - `ratio_clicked`: mean prediction / rate on clicked ones;
    - `error`: calibration error on all impressions, over the mean truth.

    Under "bayes" stands what the truth itself scores. Raises `ValueError` for
    an unknown estimator.

    >>> compare(estimators=["magic"])
    Traceback (most recent call last):
        ...
    ValueError: estimators: expected some of naive, ..., oracle, found magic
    """
    unknown = set(estimators) - set(ESTIMATORS)
    if unknown:
        known = ", ".join(ESTIMATORS)
        names = ", ".join(sorted(unknown))
        raise ValueError(f"estimators: expected some of {known}, found {names}")
    worlds = [
        World(seed=seed, **setting)
        for setting in settings
        for seed in range(seeds)
    ]
    impressions = IMPRESSIONS + TEST
    logs = [
        split_by_time(world.impressions(impressions), TEST / impressions)
        for world in worlds
    ]
    past, future = (
        _side_by_side(half, worlds) for half in zip(*logs, strict=True)
    )
    models = train_side_by_side(estimators, past, len(worlds))
    scores = {"bayes": judge(future, future["p_conversion"])}
    for name, model in models.items():
        scores[name] = judge(future, model(_inputs_of(future)).numpy())
    starts = [number * seeds for number in range(len(settings))]
    return [_worlds(scores, slice(start, start + seeds)) for start in starts]


def _worlds(scores: dict[str, BySeed], seeds: slice) -> dict[str, BySeed]:
    """The scores of these of the worlds."""
    return {
        name: {measure: values[seeds] for measure, values in score.items()}
        for name, score in scores.items()
    }


def judge(rows: Rows, cvr: np.ndarray) -> BySeed:
    """The measures of `compare` for predictions `(rows, worlds)`, a number for
    each world.
    """
    names = ("p_conversion", "p_conversion_clicked", "click", "conversion")
    columns = [cvr, *(rows[name] for name in names)]
    by_world = zip(*map(np.transpose, columns), strict=True)
    scores = [_judge(*world) for world in by_world]
    return dict(zip(MEASURES, np.transpose(scores).tolist(), strict=True))


def _judge(
    p: np.ndarray,
    truth: np.ndarray,
    willing: np.ndarray,
    click: np.ndarray,
    bought: np.ndarray,
) -> tuple[float, ...]:
    """MEASURES of one world, `(rows,)` each."""
    clicked = click == 1
    return (
        metrics.expected_auc(truth, p),
        metrics.auc(bought[clicked], p[clicked]),
        metrics.calibration_ratio(truth, p),
        metrics.calibration_ratio(willing, p),
        metrics.calibration_ratio(bought[clicked], p[clicked]),
        metrics.calibration_error(truth, p) / truth.mean(),
    )


def difference(
    result: Mapping[str, BySeed],
    measure: str,
    over: str = "naive",
    of: str = "esmm",
) -> metrics.Interval:
    """Mean and 95 % interval of a measure, one estimator minus another, paired
    by seed: of an error, a difference below 0 is the better one.

    >>> auc = {"naive": {"auc": [0.5, 0.5]}, "esmm": {"auc": [0.75, 0.5]}}
    >>> float(difference(auc, "auc").mean)
    0.125
    """
    more = np.subtract(result[of][measure], result[over][measure])
    return metrics.interval(more)


def train_side_by_side(
    estimators: Sequence[str], past: Rows, worlds: int
) -> dict[str, keras.Model]:
    """Train a funnel per estimator, all in one `fit`, and return their models
    of p_cvr.

    No weight is common to two funnels or to two worlds, so each learns what it
    would learn alone; all start from the same numbers. `past` are columns
    `(rows, worlds)`; the conversion is NaN where nobody clicked.
    """
    inputs = {}
    for name in READ:
        column = past[name]
        inputs[name] = keras.Input(
            column.shape[1:], dtype=column.dtype, name=name
        )
    users = int(past["user"].max()) + 1
    items = int(past["item"].max()) + 1
    funnels = {name: _funnel(inputs, users, items, name) for name in estimators}
    everywhere = {
        "click": past["click"],
        "purchase": np.nan_to_num(past["conversion"]),
    }
    outputs, losses, labels = {}, {}, {}
    for name in estimators:
        for head, loss in objective(name, worlds).items():
            outputs[f"{name}_{head}"] = funnels[name][head]
            losses[f"{name}_{head}"] = loss
            labels[f"{name}_{head}"] = everywhere.get(head, past["conversion"])
    model = keras.Model(inputs, outputs)
    steps = EPOCHS * (len(past["user"]) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(RATE, steps)
    model.compile(keras.optimizers.Adam(rate), losses, jit_compile=True)
    model.fit(
        _inputs_of(past), labels, batch_size=BATCH, epochs=EPOCHS, verbose=0
    )
    return {
        name: keras.Model(inputs, funnel["conversion"])
        for name, funnel in funnels.items()
    }


def objective(estimator: str, worlds: int) -> dict[str, keras.losses.Loss]:
    """The losses of an estimator by head.

    A world is a column of a label, as tags are: means are taken within a world.

    >>> list(objective("esmm", worlds=1))
    ['click', 'purchase']
    """

    def over(name: str, count: str) -> keras.losses.Loss:
        return MultiLabel(name, labels=worlds, over=count).loss()

    losses = {
        "naive": {"conversion": over("conversion", "known")},
        "natural": {
            "click": over("click", "rows"),
            "conversion": over("conversion", "rows"),
        },
        "esmm": {
            "click": over("click", "rows"),
            "purchase": over("purchase", "rows"),
        },
        "ips": {"click": over("click", "rows"), "ips": InversePropensity()},
        "dr": {"click": over("click", "rows"), "dr": DoublyRobust()},
        "dr_joint": {
            "click": over("click", "rows"),
            "dr": DoublyRobust(joint=True),
        },
        "oracle": {
            "click": over("click", "rows"),
            "oracle": InversePropensity(name="oracle"),
        },
    }
    return losses[estimator]


def _funnel(
    inputs: dict[str, keras.KerasTensor],
    users: int,
    items: int,
    name: str,
) -> dict[str, keras.KerasTensor]:
    """Tables of users and items under two towers and one that predicts errors.

    Every weight has an axis of worlds, so none is shared.
    """
    keras.utils.set_random_seed(0)
    user = _embedding(users)(inputs["user"])
    item = _embedding(items)(inputs["item"])
    both = layers.Multiply()([user, item])
    x = layers.Concatenate()([user, item, both, inputs["context"]])
    click = _tower(x, both, bias=-2.5)
    conversion = _tower(x, both, bias=-2.0)
    error = _tower(x, both, bias=-2.0, activation="softplus")
    return {
        "click": click,
        "conversion": conversion,
        "purchase": layers.Multiply()([click, conversion]),
        "ips": with_parts(f"{name}_ips", conversion, click),
        "dr": with_parts(f"{name}_dr", conversion, click, error),
        "oracle": with_parts(
            f"{name}_oracle", conversion, inputs["propensity"]
        ),
    }


def _embedding(rows: int) -> keras.layers.Embedding:
    return layers.Embedding(
        rows, WIDTH, keras.initializers.RandomNormal(stddev=0.2)
    )


def _tower(
    x: keras.KerasTensor,
    both: keras.KerasTensor,
    bias: float,
    activation: str = "sigmoid",
) -> keras.KerasTensor:
    """`(batch, worlds, d)` to probabilities, or errors, `(batch, worlds)`.

    A hidden layer, plus a weighted dot product of the two tables.
    """
    worlds, d = x.shape[1:]
    hidden = _dense(
        "bsd,sdh->bsh", (worlds, HIDDEN), fan=d + HIDDEN, activation="relu"
    )(x)
    last = _dense("bsh,sh->bs", (worlds,), fan=HIDDEN + 1, bias=bias)(hidden)
    product = layers.EinsumDense(
        "bsd,sd->bs", (worlds,), kernel_initializer="ones"
    )(both)
    return layers.Activation(activation)(layers.Add()([last, product]))


def _dense(
    equation: str,
    shape: tuple[int, ...],
    fan: int,
    bias: float = 0.0,
    activation: str | None = None,
) -> keras.layers.Layer:
    """A dense layer per world, started in Glorot's range.

    Keras would count the axis of worlds in.
    """
    bound = (6 / fan) ** 0.5
    return layers.EinsumDense(
        equation,
        shape,
        activation,
        bias_axes=equation.partition("->b")[2],
        kernel_initializer=keras.initializers.RandomUniform(-bound, bound),
        bias_initializer=keras.initializers.Constant(bias),
    )


def _side_by_side(logs: Sequence[Rows], worlds: Sequence[World]) -> Rows:
    """Logs of several worlds as one, `(rows, worlds, ...)`; each world has ids
    of its own.
    """
    ids = {"user": worlds[0].users, "item": worlds[0].items}
    joined = {}
    for name in logs[0]:
        size = ids.get(name, 0)
        columns = [log[name] + number * size for number, log in enumerate(logs)]
        joined[name] = np.stack(columns, axis=1)
    return joined


def _inputs_of(rows: Rows) -> Rows:
    return {name: rows[name] for name in READ}


# ----------------------------------------------- the grid behind the explorable

SELECTION = (0.0, 0.3, 0.7, 1.0)
CONFOUNDING = (0.0, 0.5, 1.0)


def bias_grid(progress: Progress | None = None) -> dict[str, Any]:
    """`compare` at every point of SELECTION x CONFOUNDING: axes, cells, and
    their recipe.
    """
    cells = []
    for confounding in counted(CONFOUNDING, progress):
        settings = [
            {"selection_bias": bias, "confounding": confounding}
            for bias in SELECTION
        ]
        for setting, scores in zip(settings, compare(settings), strict=True):
            cells.append(setting | rounded(scores, digits=3))
    return {
        "axes": [
            {"name": "confounding", "values": list(CONFOUNDING)},
            {"name": "selection_bias", "values": list(SELECTION)},
        ],
        "cells": cells,
        "recipe": "mtl_lessons.inputs_outputs.funnel.compare([setting]), 5 seeds",
    }


def shipped(
    selection_bias: float = 0.7, confounding: float = 0.0
) -> dict[str, BySeed]:
    """What `compare` gave at a point of the grid when the package was made.

    Returns `{estimator: {measure: [one number per seed]}}`. Raises `ValueError`
    for a point that is none of SELECTION x CONFOUNDING.

    >>> scores = shipped(selection_bias=0.7)
    >>> # ESMM knows the impressions
    >>> difference(scores, "auc", over="naive", of="esmm").low > 0
    True
    """
    point = {"selection_bias": selection_bias, "confounding": confounding}
    cell = stored.at(stored.read("inputs_outputs_bias")["cells"], **point)
    return {name: scores for name, scores in cell.items() if name not in point}
