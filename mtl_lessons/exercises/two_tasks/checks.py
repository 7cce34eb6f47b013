"""What is checked at each step of the exercise of chapter 5, cheap probes first."""

from collections.abc import Iterator
from functools import cache

import numpy as np

from mtl_lessons import embed, metrics, two_tasks
from mtl_lessons.backend import keras, tf
from mtl_lessons.exercises import probes
from mtl_lessons.exercises.bar import bar
from mtl_lessons.exercises.engine import Mistake, attempted
from mtl_lessons.exercises.probes import ONE_OF, YES_NO, Head, Subject
from mtl_lessons.two_tasks import HISTORY, ITEMS, PADDING, TAGS, Data
from mtl_lessons.world import World

HEADS = [Head("item", ONE_OF, ITEMS), Head("interest", YES_NO, TAGS)]
LEAST_WIDTH = 4  # of a vector that is to say anything of a user
LEAST_RANK = 8  # of what the item head can tell apart; the world has 8 directions of taste
OVER_POPULARITY, OVER_ALONE = 2.0, 0.01  # what one pass over the rows must gain
EPOCHS = 1  # alone, the interests are at their best after one


# ---------------------------------------------------------------- step 1


def inputs(answer: object) -> dict:
    """A vector a user from the items that are there, for any history."""
    model = probes.built(answer)
    probes.reads_only(model, {"history": _histories()})
    vectors = _vectors(model, _histories())
    if len(vectors.shape) == 3:
        raise Mistake("not-pooled", found=vectors.shape[1:])
    _matrix(vectors, len(_histories()))
    if not np.all(np.isfinite(_vectors(model, np.full((2, HISTORY), PADDING, "int32")))):
        raise Mistake("empty-history")
    _finite(vectors)
    _padding_has_no_effect(model)
    _every_item_counts(model)
    if _rank(_vectors(model, _single())) < LEAST_WIDTH:
        raise Mistake("ids-as-numbers")
    _reads_all(model)
    _rows_alone(model)
    return {"width": vectors.shape[1]}


def _histories(rows: int = 64) -> np.ndarray:
    """Histories of 1 to 10 items, padded in front; the first and the last id occur."""
    rng = np.random.default_rng(0)
    history = rng.integers(ITEMS, size=(rows, HISTORY))
    history[:2, -1] = 0, ITEMS - 1
    missing = rng.integers(HISTORY, size=rows)[:, None]
    return np.where(np.arange(HISTORY) < missing, PADDING, history).astype("int32")


def _single() -> np.ndarray:
    """Histories that hold nothing but one item, ten times; each item once."""
    return np.repeat(np.arange(ITEMS, dtype="int32")[:, None], HISTORY, axis=1)


def _vectors(model: keras.Layer, history: np.ndarray) -> tf.Tensor:
    try:
        found = model(probes.fed(model, {"history": history.copy()}))
    except tf.errors.InvalidArgumentError as error:
        if "is not in [0" in str(error):
            raise Mistake("no-such-row", said=probes.said(error)) from error
        raise
    if not hasattr(found, "shape"):
        raise Mistake("one-vector", found=type(found).__name__)
    return found


def _matrix(vectors: tf.Tensor, rows: int) -> None:
    if len(vectors.shape) != 2 or vectors.shape[0] != rows:
        raise Mistake("not-a-vector", found=tuple(vectors.shape), expected=f"({rows}, width)")
    if vectors.shape[1] < LEAST_WIDTH:
        raise Mistake("too-narrow", found=f"`{tuple(vectors.shape)}`", width=vectors.shape[1], least=LEAST_WIDTH)


def _finite(vectors: tf.Tensor) -> None:
    if not np.all(np.isfinite(vectors)):
        raise Mistake("not-finite", task="(none yet)")


def _padding_has_no_effect(model: keras.Layer) -> None:
    """Rows of a table that padded histories train, and full ones of the same items do not, are those of the padding."""
    few = np.full((1, HISTORY), PADDING, "int32")
    few[0, -2:] = 7, 11
    full = np.tile(np.array([7, 11], "int32"), HISTORY // 2)[None]
    for padded, plain in zip(_touched(model, few), _touched(model, full), strict=True):
        if len(padded) == len(plain) and (padded & ~plain).any():
            raise Mistake("padding-counts")


def _every_item_counts(model: keras.Layer) -> None:
    """No item gives the vector of an empty history."""
    empty = np.asarray(_vectors(model, np.full((1, HISTORY), PADDING, "int32")))
    traceless = np.isclose(_vectors(model, _single()), empty, rtol=0, atol=1e-8).all(axis=1)
    if traceless.any():
        raise Mistake("item-as-padding", item=int(traceless.argmax()))


def _touched(model: keras.Layer, history: np.ndarray) -> list[np.ndarray]:
    """For every table, which of its rows a history trains."""
    weights = [weight for weight in model.trainable_weights if len(weight.shape) == 2 and weight.shape[0] >= ITEMS]
    with tf.GradientTape() as tape:
        aim = tf.reduce_sum(_vectors(model, history) * tf.constant(np.random.default_rng(0).normal(size=(1,)).astype("float32")))
    gradients = tape.gradient(aim, [weight.value for weight in weights])
    dense = [
        np.zeros(weight.shape) if g is None else np.asarray(tf.convert_to_tensor(g)) for weight, g in zip(weights, gradients)
    ]
    return [np.abs(g).max(1) > 1e-9 for g in dense]


def _rank(matrix: np.ndarray) -> int:
    """How many directions the rows really use."""
    centred = np.asarray(matrix, float) - np.mean(matrix, axis=0)
    values = np.linalg.svd(centred, compute_uv=False)
    return int((values > 1e-3 * max(values[0], 1e-30)).sum())


def _reads_all(model: keras.Layer) -> None:
    """Each of the ten places matters."""
    plain = np.full((1, HISTORY), 3, "int32")
    base = np.asarray(_vectors(model, plain))
    for place in range(HISTORY):
        changed = plain.copy()
        changed[0, place] = 400
        if np.allclose(_vectors(model, changed), base, rtol=1e-5, atol=1e-8):
            raise Mistake("ignores-place", place=place + 1, of=HISTORY)


def _rows_alone(model: keras.Layer) -> None:
    history = _histories()
    if not np.allclose(_vectors(model, history)[:1], _vectors(model, history[:1]), atol=1e-5):
        raise Mistake("mixes-rows", task="(none yet)")


# ---------------------------------------------------------------- step 2


def trunk(answer: object) -> dict:
    """A representation that is trained as a whole, is more than linear, and is wide enough for 500 items."""
    model = probes.built(answer)
    probes.reads_only(model, {"history": _histories()})
    vectors = _vectors(model, _histories())
    _matrix(vectors, len(_histories()))
    _finite(vectors)
    _all_trained(model)
    if _rank(_vectors(model, _single())) < LEAST_RANK:
        raise Mistake("bottleneck", rank=_rank(_vectors(model, _single())), width=vectors.shape[1], least=LEAST_RANK)
    if np.allclose(np.sum(vectors, axis=1), 1, atol=1e-4):
        raise Mistake("softmax-trunk")
    if _linear(model):
        raise Mistake("linear-trunk")
    _rows_alone(model)
    return {"width": vectors.shape[1]}


def _all_trained(model: keras.Layer) -> None:
    with tf.GradientTape() as tape:
        vectors = _vectors(model, _histories())
        aim = tf.reduce_sum(vectors * tf.constant(np.random.default_rng(0).normal(size=vectors.shape).astype("float32")))
    gradients = tape.gradient(aim, [weight.value for weight in model.trainable_weights])
    cut = [f"`{weight.path}`" for weight, g in zip(model.trainable_weights, gradients) if g is None]
    if cut or not gradients:
        raise Mistake("cut-off", weights=", ".join(cut) or "any weight")


def _linear(model: keras.Layer) -> bool:
    """A mean of two histories gives the mean of the two outputs."""
    rng = np.random.default_rng(1)
    a, b = rng.integers(ITEMS, size=(2, 200, 1))
    left, right = (np.repeat(x, HISTORY, axis=1).astype("int32") for x in (a, b))
    both = np.where(np.arange(HISTORY) % 2, left, right).astype("int32")
    of = [np.asarray(_vectors(model, history)) for history in (left, right, both)]
    return np.allclose((of[0] + of[1]) / 2, of[2], atol=1e-3 * np.abs(of[2]).max())


# ---------------------------------------------------------------- step 3


def heads(answer: object) -> dict:
    """Two outputs, parallel, on shared weights, each in the range of its label."""
    subject = _subject(answer)
    probes.shares_and_is_parallel(subject)
    probes.row_by_row(subject)
    probes.tells_rows_apart(subject)
    probes.activations(subject)
    rank = _rank(subject.outputs({"history": _single()})["item"].numpy())
    if rank < LEAST_RANK:
        raise Mistake("low-rank", rank=rank, least=LEAST_RANK)
    return {"weights": subject.model.count_params()}


def _subject(answer: object) -> Subject:
    return Subject(answer, {"history": _histories()}, HEADS)


# ---------------------------------------------------------------- step 4


def losses(answer: object) -> dict:
    """The compiled losses do what they should, and a short training beats popularity and the same model with interests alone."""
    subject = _subject(answer)
    if not getattr(subject.model, "compiled", False):
        raise Mistake("not-compiled")
    probes.activations(subject)
    probes.losses(subject, _labels())
    _can_be_weighted(subject)
    found = _short_training(subject)
    if found["recall"] < OVER_POPULARITY * found["popularity"]:
        raise Mistake("no-better-than-popularity", factor=OVER_POPULARITY, **found)
    if found["auc"] < found["alone"] + OVER_ALONE:
        raise Mistake("no-better-than-alone", margin=OVER_ALONE, **found)
    return found


def _can_be_weighted(subject: Subject) -> None:
    """The losses take a weight a row, as the training with the interests alone needs."""
    labels = {task: tf.constant(label) for task, label in _labels().items()}
    ones = {task: tf.ones(len(label)) for task, label in labels.items()}
    y, y_pred, weights = (subject.arranged(columns) for columns in (labels, subject.outputs(), ones))
    try:
        subject.model.compute_loss(x=probes.fed(subject.model, subject.x), y=y, y_pred=y_pred, sample_weight=weights)
    except (ValueError, tf.errors.InvalidArgumentError) as error:
        raise Mistake("loss-of-some-rows") from error


def _labels() -> dict[str, np.ndarray]:
    """An item for every history, and tags for one history in eight."""
    rng, rows = np.random.default_rng(2), len(_histories())
    tags = (rng.random((rows, TAGS)) < 0.4).astype("float32")
    tags[np.arange(rows) % 8 > 0] = np.nan
    return {"item": rng.integers(ITEMS, size=rows).astype("int32"), "interest": tags}


@cache
def _data() -> Data:
    return Data.of_world(World(seed=0, **two_tasks.WORLD))


def _steps() -> int:
    return -(-len(_data().train.x) // two_tasks.BATCH) * EPOCHS


def _short_training(subject: Subject) -> dict[str, float]:
    """Recall@10 and AUC after a short training, those of popularity, and the AUC of the same model trained on interests alone."""
    data, rows = _data(), len(_data().train.x)
    alone = {"item": np.zeros(rows, "float32"), "interest": np.ones(rows, "float32")}
    words, scores = embed.strings("exercises"), []
    for label, weights in (("training", None), ("training-alone", alone)):
        keras.utils.set_random_seed(0)
        with bar(_steps(), words[label]) as show:
            given = subject, {"history": data.train.x}, data.train.labels, {"history": data.test.x}
            scores.append(probes.trained(*given, weights, two_tasks.BATCH, EPOCHS, show))
    joint, single = (two_tasks.scored(score, data.test) for score in scores)
    popularity = two_tasks.baselines(data)["popularity"]["item"]
    found = {"recall": joint["item"], "popularity": popularity, "auc": joint["interest"], "alone": single["interest"]}
    return found | {"steps": _steps(), "rate": float(subject.model.optimizer.learning_rate)}


# ---------------------------------------------------------------- step 5


def evaluate(answer: object) -> dict:
    """Each task by its own measure, on labels of which some are missing."""
    item, interest, scores = _scored_rows()
    expected = two_tasks.report(item, interest, scores)
    found = _reported(answer, item, interest, scores)
    for task, key, value in _look_alikes(item, interest, scores):
        if abs(found[task] - value) < 1e-6 < abs(expected[task] - value):
            raise Mistake(key, task=task, found=found[task], expected=expected[task])
    for task in expected:
        if not abs(found[task] - expected[task]) < 1e-6:
            raise Mistake("other-number", task=task, found=found[task], expected=expected[task])
    _same_for_probabilities(answer, item, interest, scores, expected)
    return expected


def _scored_rows(rows: int = 400) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Labels and scores that know something, with a level of its own for every tag; of interests a quarter is missing."""
    rng = np.random.default_rng(3)
    item = rng.integers(ITEMS, size=rows)
    scores = {"item": rng.normal(size=(rows, ITEMS)), "interest": rng.normal(size=(rows, TAGS)) + np.linspace(-2, 2, TAGS)}
    scores["item"][np.arange(rows), item] += rng.normal(size=rows) + 2
    interest = (rng.random((rows, TAGS)) < 1 / (1 + np.exp(-scores["interest"]))).astype("float32")
    interest[rng.random(rows) < 0.25] = np.nan
    return item, interest, scores


def _reported(answer, item, interest, scores) -> dict[str, float]:
    """What the learner's function says of copies of the data."""
    found = attempted(answer(item.copy(), interest.copy(), {name: score.copy() for name, score in scores.items()}))
    if found is None:
        raise Mistake("report-nothing")
    if isinstance(found, list | tuple) and len(found) == 2:
        found = dict(zip(("item", "interest"), found))
    if not isinstance(found, dict) or set(found) != {"item", "interest"}:
        raise Mistake("one-number", found=type(found).__name__ if not isinstance(found, dict) else ", ".join(map(str, found)))
    numbers = {task: np.asarray(value, float) for task, value in found.items()}
    for task, number in numbers.items():
        if number.size != 1:
            raise Mistake("one-number", found=f"{number.size} numbers for {task}")
        if not np.isfinite(number):
            raise Mistake("nan-report", task=task)
    return {task: float(number.reshape(())) for task, number in numbers.items()}


def _look_alikes(item: np.ndarray, interest: np.ndarray, scores: dict) -> Iterator[tuple[str, str, float]]:
    """What typical mistakes would say: task, message, number."""
    order, score = np.argsort(-scores["item"], axis=1, kind="stable"), scores["interest"]
    hit = order[:, :10] == item[:, None]
    yield "item", "recall-at-one", hit[:, 0].mean()
    yield "item", "divided-by-ten", hit.mean()
    yield "item", "worst-first", (order[:, -10:] == item[:, None]).any(axis=1).mean()
    known, yes = ~np.isnan(interest).any(axis=1), np.nan_to_num(interest)
    yield "item", "only-known-rows", hit[known].any(axis=1).mean()
    yield "interest", "pooled-auc", metrics.auc(interest[known].ravel(), score[known].ravel())
    yield "interest", "missing-as-no", np.mean([metrics.auc(yes[:, tag], score[:, tag]) for tag in range(TAGS)])
    for cut in (0.0, 0.5):
        for label in (interest[known], interest, yes):
            rows = known if len(label) < len(known) else slice(None)
            yield "interest", "accuracy", ((score[rows] > cut) == label).mean()


def _same_for_probabilities(answer, item, interest, scores, expected) -> None:
    """A monotone change of the scores changes nothing."""
    squeezed = {name: 1 / (1 + np.exp(-score)) for name, score in scores.items()}
    found = _reported(answer, item, interest, squeezed)
    for task in expected:
        if abs(found[task] - expected[task]) > 1e-6:
            raise Mistake("depends-on-scale", task=task, found=found[task], expected=expected[task])
