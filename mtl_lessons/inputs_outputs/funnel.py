"""The funnel: purchases are known where there was a click, and are wanted on every impression.

`P(purchase | click)`, the CVR, is learned from clicks and served on all impressions. Five ways to train it, on the heads
`click` (p_ctr), `conversion` (p_cvr) and `purchase = p_ctr · p_cvr`; o is the click, e the cross-entropy of p_cvr, n the rows:

| estimator | loss besides that of the click       | what it needs to be right                                            |
|-----------|--------------------------------------|----------------------------------------------------------------------|
| naive     | `Σ o e / Σ o`, a model of its own    | a model that extrapolates from clicks to impressions                 |
| natural   | `Σ o e / n`                          | the same; it shares what clicks teach about users and items          |
| esmm      | cross-entropy of `purchase` on all n | a click that is no less likely for hidden reasons                    |
| ips       | `Σ o e/p_ctr / Σ o/p_ctr`            | right propensities that are nowhere near 0, and no hidden reason     |
| dr        | imputed errors + ips of what is left | right propensities *or* right imputations, and no hidden reason      |

`natural` is the likelihood of (click, conversion) row by row. ESMM (Ma et al., 2018) maximises that of (click, purchase), so it
never asks for a conversion where nobody clicked. IPS and DR are those of ESCM² (Wang et al., 2022), which adds ESMM's term to them.

All are plain Keras losses of a named output, so they go with any `compile` and optimiser, and with a balancer. `compare` runs them in a
world whose truth is known.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from mtl_lessons import metrics, stored
from mtl_lessons.backend import keras, register
from mtl_lessons.stored import Progress, counted
from mtl_lessons.world import Rows, World, split_by_time

from .given import plain
from .tasks import MultiLabel, cross_entropy

layers, ops = keras.layers, keras.ops


# ---------------------------------------------------------------- heads and losses


def entire_space(click: keras.KerasTensor, conversion: keras.KerasTensor) -> dict[str, keras.KerasTensor]:
    """The outputs of ESMM: the two heads, and `purchase`, their product: P(click and purchase), on all impressions.

    Put a loss on `click` and on `purchase`, none on `conversion`, which is trained within; so it is with
    `Balanced`, too. With metrics, Keras wants a label for each output: `targets` of three tasks gives it, NaN
    where it is not known.

    The product is taken in float32: in float16 a rare purchase would be 0.
    """
    purchase = layers.Multiply(dtype="float32", name="purchase")([click, conversion])
    return {"click": click, "conversion": conversion, "purchase": purchase}


def with_parts(name: str, *parts: keras.KerasTensor) -> keras.KerasTensor:
    """An output for a loss that needs several predictions: `(batch, columns)` each, side by side."""
    return layers.Concatenate(dtype="float32", name=name)(list(parts))


@register
class InversePropensity(keras.losses.Loss):
    """IPS: every click stands for 1 / propensity impressions. Self-normalised, and at its natural weight:

    `mean(o) · Σ o w e / Σ o w`, with `w = 1 / max(propensity, clip)`.

    Labels `(batch, columns)`, or `(batch,)` for one: the conversion, NaN where nobody clicked. Predictions `(batch, 2 columns)`: p_cvr, then the
    propensity. It is a *constant* here: with a gradient, the click tower could make the loss small by predicting more clicks
    on the rows that are hard. `clip` bounds the weight of a row, at the price of a bias. A sample weight multiplies what its
    row adds to the upper sum.
    """

    parts = 2

    def __init__(self, clip: float = 0.02, name: str = "ips"):
        super().__init__(name=name)
        if not 0 < clip <= 1:
            raise ValueError(f"{name}: expected a clip in (0, 1], found {clip}")
        self.clip = plain(clip)

    def __call__(self, y, p, sample_weight=None):
        y, p = ops.cast(y, "float32"), ops.cast(p, "float32")
        y = y[:, None] if len(y.shape) == 1 else y
        self._check(y.shape, p.shape)
        clicked = ops.cast(~ops.isnan(y), "float32")
        cvr, propensity, *imputed = ops.split(p, self.parts, axis=-1)
        weight = clicked / ops.maximum(ops.stop_gradient(propensity), self.clip)
        weight = weight / ops.maximum(ops.mean(weight, axis=0), keras.config.epsilon())  # a mean of 1: each stands for itself
        errors = self.errors(ops.where(ops.isnan(y), 0.0, y), weight, cvr, *imputed)
        if sample_weight is not None:
            errors = errors * ops.reshape(ops.cast(sample_weight, "float32"), (-1, 1))
        return ops.mean(ops.mean(clicked, axis=0) * ops.mean(errors, axis=0))

    def errors(self, y, weight, cvr):
        return weight * cross_entropy(y, cvr)

    def _check(self, labels: tuple, predictions: tuple) -> None:
        if len(labels) != 2:
            shape = tuple(labels)
            raise ValueError(f"{self.name}: expected labels of shape (batch, columns), found {shape}")
        expected = (labels[0], self.parts * labels[1])
        if len(predictions) != 2 or predictions[1] != expected[1]:
            raise ValueError(f"{self.name}: expected predictions of shape {expected}, found {tuple(predictions)}")

    def get_config(self):
        return {"clip": self.clip, "name": self.name}


@register
class DoublyRobust(InversePropensity):
    """DR: guess the error of every impression, and use clicks to put the guess right. At its natural weight:

    `mean(o) · mean(ê + w (e - ê) + w f)`, w as in IPS; `ê` is the cross-entropy of p_cvr against an imputed label q, `e` that against
    the label, and `f` that of q itself, which trains the imputation.

    Predictions `(batch, 3 columns)`: p_cvr, the propensity, q. In ê, q is a constant.
    """

    parts = 3

    def __init__(self, clip: float = 0.02, name: str = "dr"):
        super().__init__(clip, name)

    def errors(self, y, weight, cvr, imputed):
        guess = cross_entropy(ops.stop_gradient(imputed), cvr)
        return guess + weight * (cross_entropy(y, cvr) - guess + cross_entropy(y, imputed))


# ---------------------------------------------------------------- the experiment

ESTIMATORS = ("naive", "natural", "esmm", "ips", "dr", "oracle")
MEASURES = ("auc", "auc_clicked", "ratio", "ratio_willing", "ratio_clicked", "error")
INPUTS = ("user", "item", "context", "propensity")
WIDTH, HIDDEN = 8, 32
IMPRESSIONS, TEST = 57 * 4096, 40_000
BATCH, EPOCHS, RATE = 4096, 3, 0.02


def compare(settings: Sequence[Mapping] = ({},), estimators: Sequence[str] = ESTIMATORS, seeds: int = 5) -> list[dict]:
    """Train the CVR in each way, and judge it on later impressions, all of them, against the truth.

    A setting are dials of `World`, such as `{"confounding": 1.0}`. The estimators are those of the module, and "oracle": IPS with
    the true propensities, the hidden mood included, which nobody has. Worlds of all settings and seeds are trained side by side.

    Returns for each setting `{estimator: {measure: [one number per seed]}}`; of p_cvr:

    - `auc`: expected AUC on all impressions, had they been made to click; `auc_clicked`: AUC on the clicked ones
    - `ratio`: mean prediction / mean truth on all impressions; `ratio_clicked`: mean prediction / rate on clicked ones
    - `ratio_willing`: on all impressions, over the chance of a purchase among those who would click by themselves
    - `error`: calibration error on all impressions, over the mean truth

    Under "bayes" stands what the truth itself scores.
    """
    if unknown := set(estimators) - set(ESTIMATORS):
        raise ValueError(f"expected estimators of {', '.join(ESTIMATORS)}, found {', '.join(sorted(unknown))}")
    worlds = [World(seed=seed, **setting) for setting in settings for seed in range(seeds)]
    logs = [split_by_time(world.impressions(IMPRESSIONS + TEST), TEST / (IMPRESSIONS + TEST)) for world in worlds]
    past, future = (_side_by_side(half, worlds) for half in zip(*logs, strict=True))
    models = train(estimators, past, len(worlds))
    scores = {"bayes": judge(future, future["p_conversion"])}
    scores |= {name: judge(future, model(_inputs(future)).numpy()) for name, model in models.items()}
    return [_part(scores, slice(i * seeds, (i + 1) * seeds)) for i in range(len(settings))]


def _part(scores: dict, seeds: slice) -> dict:
    return {name: {measure: values[seeds] for measure, values in score.items()} for name, score in scores.items()}


def judge(rows: Rows, cvr: np.ndarray) -> dict[str, list[float]]:
    """The measures of `compare` for predictions `(rows, worlds)`."""
    columns = (cvr, *(rows[name] for name in ("p_conversion", "p_conversion_clicked", "click", "conversion")))
    scores = [_judge(*column) for column in zip(*(np.transpose(values) for values in columns), strict=True)]
    return {measure: [float(score[i]) for score in scores] for i, measure in enumerate(MEASURES)}


def _judge(p: np.ndarray, truth: np.ndarray, willing: np.ndarray, click: np.ndarray, bought: np.ndarray) -> tuple[float, ...]:
    clicked, rate = click == 1, metrics.calibration_ratio
    return (
        metrics.expected_auc(truth, p),
        metrics.auc(bought[clicked], p[clicked]),
        rate(truth, p),
        rate(willing, p),
        rate(bought[clicked], p[clicked]),
        metrics.calibration_error(truth, p) / truth.mean(),
    )


def gain(result: dict, measure: str, over: str = "naive", of: str = "esmm") -> metrics.Interval:
    """Mean and 95 % interval of a measure, one estimator minus another, paired by seed."""
    return metrics.interval(np.subtract(result[of][measure], result[over][measure]))


def train(estimators: Sequence[str], past: Rows, worlds: int) -> dict[str, keras.Model]:
    """Train a funnel per estimator, all in one `fit`, and return their models of p_cvr.

    No weight is common to two funnels or to two worlds, so each learns what it would learn alone; all start from the same numbers.
    `past` are columns `(rows, worlds)`; the conversion is NaN where nobody clicked.
    """
    inputs = {name: keras.Input(past[name].shape[1:], dtype=past[name].dtype, name=name) for name in INPUTS}
    users, items = (int(past[name].max()) + 1 for name in ("user", "item"))
    funnels = {name: _funnel(inputs, users, items, name) for name in estimators}
    losses = {f"{name}_{head}": (name, head, loss) for name in estimators for head, loss in objective(name, worlds).items()}
    model = keras.Model(inputs, {key: funnels[name][head] for key, (name, head, _) in losses.items()})
    schedule = keras.optimizers.schedules.CosineDecay(RATE, EPOCHS * (len(past["user"]) // BATCH))
    model.compile(keras.optimizers.Adam(schedule), {key: loss for key, (*_, loss) in losses.items()}, jit_compile=True)
    labels = {"click": past["click"], "purchase": np.nan_to_num(past["conversion"])}
    labels = {key: labels.get(head, past["conversion"]) for key, (_, head, _) in losses.items()}
    model.fit(_inputs(past), labels, batch_size=BATCH, epochs=EPOCHS, verbose=0)
    return {name: keras.Model(inputs, funnel["conversion"]) for name, funnel in funnels.items()}


def objective(estimator: str, worlds: int) -> dict[str, keras.losses.Loss]:
    """The losses of an estimator by head. A world is a column of a label, as tags are: means are taken within a world."""
    click, purchase = (MultiLabel(name, labels=worlds, over="rows").loss() for name in ("click", "purchase"))
    conversion = {over: MultiLabel("conversion", labels=worlds, over=over).loss() for over in ("known", "rows")}
    return {
        "naive": {"conversion": conversion["known"]},
        "natural": {"click": click, "conversion": conversion["rows"]},
        "esmm": {"click": click, "purchase": purchase},
        "ips": {"click": click, "ips": InversePropensity()},
        "dr": {"click": click, "dr": DoublyRobust()},
        "oracle": {"click": click, "oracle": InversePropensity(name="oracle")},
    }[estimator]


def _funnel(inputs: dict[str, keras.KerasTensor], users: int, items: int, name: str) -> dict[str, keras.KerasTensor]:
    """Tables of users and items under two towers and an imputation; every weight has an axis of worlds, so none is shared."""
    keras.utils.set_random_seed(0)
    vectors = [_table(users)(inputs["user"]), _table(items)(inputs["item"])]
    both = layers.Multiply()(vectors)
    x = layers.Concatenate()([*vectors, both, inputs["context"]])
    click, conversion, imputed = (_tower(x, both, bias) for bias in (-2.5, -2.0, -2.0))
    return {
        "click": click,
        "conversion": conversion,
        "purchase": layers.Multiply()([click, conversion]),
        "ips": with_parts(f"{name}_ips", conversion, click),
        "dr": with_parts(f"{name}_dr", conversion, click, imputed),
        "oracle": with_parts(f"{name}_oracle", conversion, inputs["propensity"]),
    }


def _table(rows: int) -> layers.Embedding:
    return layers.Embedding(rows, WIDTH, keras.initializers.RandomNormal(stddev=0.2))


def _tower(x: keras.KerasTensor, both: keras.KerasTensor, bias: float) -> keras.KerasTensor:
    """`(batch, worlds, d)` to probabilities `(batch, worlds)`: a hidden layer, plus a weighted dot product of the two tables."""
    worlds, d = x.shape[1:]
    hidden = _dense("bsd,sdh->bsh", (worlds, HIDDEN), fan=d + HIDDEN, activation="relu")(x)
    last = _dense("bsh,sh->bs", (worlds,), fan=HIDDEN + 1, bias=bias)(hidden)
    product = layers.EinsumDense("bsd,sd->bs", (worlds,), kernel_initializer="ones")(both)
    return layers.Activation("sigmoid")(layers.Add()([last, product]))


def _dense(equation: str, shape: tuple[int, ...], fan: int, bias: float = 0.0, activation: str | None = None):
    """A dense layer per world, started in Glorot's range; Keras would count the axis of worlds in."""
    return layers.EinsumDense(
        equation,
        shape,
        activation,
        bias_axes=equation.partition("->b")[2],
        kernel_initializer=keras.initializers.RandomUniform(-((6 / fan) ** 0.5), (6 / fan) ** 0.5),
        bias_initializer=keras.initializers.Constant(bias),
    )


def _side_by_side(logs: tuple[Rows, ...], worlds: list[World]) -> Rows:
    """Logs of several worlds as one, `(rows, worlds, ...)`; each world has ids of its own."""
    size = {"user": worlds[0].users, "item": worlds[0].items}
    return {name: np.stack([log[name] + s * size.get(name, 0) for s, log in enumerate(logs)], axis=1) for name in logs[0]}


def _inputs(rows: Rows) -> Rows:
    return {name: rows[name] for name in INPUTS}


# ---------------------------------------------------------------- the grid behind the chapter's explorable

SELECTION = (0.0, 0.3, 0.7, 1.0)
CONFOUNDING = (0.0, 0.5, 1.0)


def bias_grid(progress: Progress | None = None) -> dict:
    """`compare` at every point of SELECTION x CONFOUNDING: axes, cells, and the recipe that made them."""
    cells = []
    for confounding in counted(CONFOUNDING, progress):
        settings = [{"selection_bias": bias, "confounding": confounding} for bias in SELECTION]
        cells += [setting | _rounded(scores) for setting, scores in zip(settings, compare(settings), strict=True)]
    return {
        "axes": [
            {"name": "confounding", "label": "Weight of the hidden mood", "values": list(CONFOUNDING)},
            {"name": "selection_bias", "label": "Selection bias", "values": list(SELECTION)},
        ],
        "cells": cells,
        "recipe": "mtl_lessons.inputs_outputs.funnel.compare([setting]), 5 seeds",
    }


def _rounded(scores: dict) -> dict:
    return {name: {measure: np.round(values, 3).tolist() for measure, values in score.items()} for name, score in scores.items()}


def shipped(selection_bias: float = 0.7, confounding: float = 0.0) -> dict:
    """What `compare` gave at a point of the grid when the package was made: `{estimator: {measure: [one number per seed]}}`."""
    point = {"selection_bias": selection_bias, "confounding": confounding}
    cell = stored.at(stored.read("inputs_outputs_bias")["cells"], **point)
    return {name: scores for name, scores in cell.items() if name not in point}
