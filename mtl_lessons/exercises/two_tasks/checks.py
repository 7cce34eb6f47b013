"""What is checked at the steps of chapter 5's exercise that need TensorFlow,
cheap probes first.
"""

from collections.abc import Callable
from functools import cache

import numpy as np

from mtl_lessons import embed, two_tasks
from mtl_lessons.backend import Tensor, keras, tf
from mtl_lessons.exercises import probes
from mtl_lessons.exercises.bar import bar
from mtl_lessons.exercises.mistakes import Mistake
from mtl_lessons.exercises.probes import ONE_OF, YES_NO, Output, Subject
from mtl_lessons.exercises.probes.subject import Tensors
from mtl_lessons.two_tasks import HISTORY, ITEMS, PADDING, TAGS, Data
from mtl_lessons.world import World

OUTPUTS = [Output("item", ONE_OF, ITEMS), Output("interest", YES_NO, TAGS)]
LEAST_WIDTH = 4  # of a vector that is to say anything of a user
# of what the item head can tell apart; the world has 8 directions of taste
LEAST_RANK = 8
OVER_POPULARITY, OVER_ALONE = 2.0, 0.01  # what one pass over the rows must gain
# below this recall@10 (the model answer has .53) the item is trained alone, too
SUSPECT = 0.45
LOUDEST = 0.85  # the share of what the item has alone that it must have then
EPOCHS = 1  # alone, the interests are at their best after one


# ---------------------------------------------------------------- step 1


@probes.mindful_of_equals
def inputs(answer: object) -> dict:
    """A vector a user from the items that are there, for any history."""
    model = probes.built(answer)
    probes.reads_only(model, {"history": _histories()})
    vectors = _user_vectors(model, _histories())
    if len(vectors.shape) == 3:
        raise Mistake("not-pooled", found=vectors.shape[1:])
    _matrix(vectors, len(_histories()))
    if not np.all(
        np.isfinite(
            _user_vectors(model, np.full((2, HISTORY), PADDING, "int32"))
        )
    ):
        raise Mistake("empty-history")
    _all_finite(vectors)
    probes.nothing_frozen(model)
    _padding_has_no_effect(model)
    singles = np.asarray(_user_vectors(model, _single()))
    if probes.rank(probes.spread(singles)) < LEAST_WIDTH:
        raise Mistake("ids-as-numbers", feature="item")
    probes.names_not_numbers(singles)
    _every_item_counts(model)
    probes.all_differ(
        model, lambda: np.asarray(_user_vectors(model, _single()))
    )
    _reads_all(model)
    _rows_alone(model)
    return {"width": vectors.shape[1]}


def _histories(rows: int = 64) -> np.ndarray:
    """Histories of 1 to 10 items, padded in front; the first and the last id
    occur.
    """
    rng = np.random.default_rng(0)
    history = rng.integers(ITEMS, size=(rows, HISTORY))
    history[:2, -1] = 0, ITEMS - 1
    missing = rng.integers(HISTORY, size=rows)[:, None]
    return np.where(np.arange(HISTORY) < missing, PADDING, history).astype(
        "int32"
    )


def _single() -> np.ndarray:
    """Histories that hold nothing but one item, ten times; each item once."""
    return np.repeat(np.arange(ITEMS, dtype="int32")[:, None], HISTORY, axis=1)


def _user_vectors(model: keras.Layer, history: np.ndarray) -> Tensor:
    try:
        # elsewhere, an id without a row passes in silence
        with tf.device("CPU:0"):
            found = model(probes.fed(model, {"history": history.copy()}))
    except tf.errors.InvalidArgumentError as error:
        if "is not in [0" in str(error):
            raise Mistake("no-such-row", said=probes.said(error)) from error
        raise
    if not hasattr(found, "shape"):
        parts = (
            f"a {type(found).__name__} of {len(found)}"
            if hasattr(found, "__len__")
            else "none"
        )
        raise Mistake("one-vector", found=parts)
    return tf.cast(found, "float32")


def _matrix(vectors: Tensor, rows: int) -> None:
    if len(vectors.shape) != 2 or vectors.shape[0] != rows:
        raise Mistake(
            "not-a-vector",
            found=tuple(vectors.shape),
            expected=f"({rows}, width)",
        )
    if vectors.shape[1] < LEAST_WIDTH:
        found = f"`{tuple(vectors.shape)}`"
        raise Mistake(
            "too-narrow", found=found, width=vectors.shape[1], least=LEAST_WIDTH
        )


def _all_finite(vectors: Tensor) -> None:
    if not np.all(np.isfinite(vectors)):
        raise Mistake("vector-not-finite")


def _padding_has_no_effect(model: keras.Layer) -> None:
    """Padding trains no row of a table.

    Its rows would be those that padded histories train, and full ones of the
    same items do not.
    """
    few = np.full((1, HISTORY), PADDING, "int32")
    few[0, -2:] = 7, 11
    full = np.tile(np.array([7, 11], "int32"), HISTORY // 2)[None]
    tables = probes.tables(model, ITEMS)
    by_few = probes.trained_rows(lambda: _user_vectors(model, few), tables)
    by_full = probes.trained_rows(lambda: _user_vectors(model, full), tables)
    for padded, plain in zip(by_few, by_full, strict=True):
        if len(padded) == len(plain) and (padded & ~plain).any():
            raise Mistake("padding-counts")


def _every_item_counts(model: keras.Layer) -> None:
    """No item gives the vector of an empty history."""

    def traceless() -> np.ndarray:
        empty = np.asarray(
            _user_vectors(model, np.full((1, HISTORY), PADDING, "int32"))
        )
        found = _user_vectors(model, _single())
        return np.all(np.isclose(found, empty, rtol=0, atol=1e-8), axis=1)

    if (found := probes.whatever_the_weights(model, traceless)).any():
        raise Mistake("item-as-padding", item=int(found.argmax()))


def _reads_all(model: keras.Layer) -> None:
    """Each of the ten places matters."""
    history = np.full((HISTORY + 1, HISTORY), 3, "int32")
    history[np.arange(HISTORY), np.arange(HISTORY)] = 400
    *changed, base = np.asarray(_user_vectors(model, history))
    for place, vector in enumerate(changed):
        if np.allclose(vector, base, rtol=1e-5, atol=1e-8):
            raise Mistake("ignores-place", place=place + 1, of=HISTORY)


def _rows_alone(model: keras.Layer) -> None:
    if probes.mixes_rows(
        lambda x: _user_vectors(model, x["history"]),
        {"history": _histories()},
        1e-5,
    ):
        raise Mistake("vector-mixes-rows")


# ---------------------------------------------------------------- step 2


@probes.mindful_of_equals
def trunk(answer: object) -> dict:
    """A representation that is trained as a whole, more than linear, wide
    enough for 500 items.
    """
    model = probes.built(answer)
    probes.reads_only(model, {"history": _histories()})
    vectors = _user_vectors(model, _histories())
    if len(vectors.shape) == 3:
        raise Mistake("not-pooled", found=vectors.shape[1:])
    _matrix(vectors, len(_histories()))
    _all_finite(vectors)
    probes.nothing_frozen(model)
    probes.all_reached(lambda: _user_vectors(model, _histories()), model)
    singles = _user_vectors(model, _single())
    if (rank := probes.rank(probes.spread(singles))) < LEAST_RANK:
        raise Mistake(
            "bottleneck", rank=rank, width=vectors.shape[1], least=LEAST_RANK
        )
    _lets_through(
        model,
        lambda: _user_vectors(model, _one_batch()),
        "bottleneck",
        width=vectors.shape[1],
    )
    if np.allclose(np.sum(vectors, axis=1), 1, atol=1e-4):
        raise Mistake("softmax-trunk")
    if all(_linear(model, factor) for factor in (1, 30)):
        raise Mistake("linear-trunk")
    _rows_alone(model)
    return {"width": vectors.shape[1]}


def _one_batch() -> np.ndarray:
    """Sixteen of the histories of one item."""
    return _single()[5::31]


def _lets_through(
    model: keras.Layer, output: Callable[[], Tensor], key: str, **facts: int
) -> None:
    """No layer is so narrow that most directions of an item's vector are lost
    in it.
    """
    at_most, together, width = probes.jacobian_ranks(model, output, ITEMS)
    least = min(LEAST_RANK, width)
    if together < least or at_most < least // 2:
        raise Mistake(key, rank=min(together, at_most), least=least, **facts)


def _linear(model: keras.Layer, factor: float) -> bool:
    """Whether a mean of two histories gives the mean of the two outputs, at
    larger weights.
    """
    rng = np.random.default_rng(1)
    a, b = rng.integers(ITEMS, size=(2, 200, 1))
    left, right = (
        np.repeat(x, HISTORY, axis=1).astype("int32") for x in (a, b)
    )
    both = np.where(np.arange(HISTORY) % 2, left, right).astype("int32")
    with probes.scaled(model, factor):
        of = [
            np.asarray(_user_vectors(model, history))
            for history in (left, right, both)
        ]
    return np.allclose(
        (of[0] + of[1]) / 2, of[2], atol=1e-3 * np.abs(of[2]).max()
    )


# ---------------------------------------------------------------- step 3


@probes.mindful_of_equals
def heads(answer: object) -> dict:
    """Two outputs, parallel, on shared weights, each in the range of its label."""
    subject = _model_subject(answer)
    probes.shares_and_is_parallel(subject)
    probes.row_by_row(subject)
    probes.tells_rows_apart(subject)
    probes.activations(subject)
    rank = probes.rank(
        probes.spread(subject.outputs({"history": _single()})["item"])
    )
    if rank < LEAST_RANK:
        raise Mistake("low-rank", rank=rank, least=LEAST_RANK)
    _lets_through(
        subject.model,
        lambda: subject.outputs({"history": _one_batch()})["item"],
        "low-rank",
    )
    return {"weights": subject.model.count_params()}


def _model_subject(answer: object) -> Subject:
    return Subject(answer, {"history": _histories()}, OUTPUTS)


# ---------------------------------------------------------------- step 4


def losses(answer: object) -> dict:
    """The losses do what they should, and a short training beats what is easily
    had.

    That is popularity, and the same model with the interests alone.
    """
    subject = _model_subject(answer)
    if not getattr(subject.model, "compiled", False):
        raise Mistake("not-compiled")
    probes.activations(subject)
    probes.losses(subject, _labels_of_histories())
    _can_be_weighted(subject)
    return _short_training(subject)


def _can_be_weighted(subject: Subject) -> None:
    """The losses take a weight a row, as the training with the interests alone
    needs.
    """
    labels: Tensors = {
        task: tf.constant(label)
        for task, label in _labels_of_histories().items()
    }
    ones = {task: tf.ones(len(label)) for task, label in labels.items()}
    given = {
        "x": probes.fed(subject.model, subject.x),
        "y": subject.arranged(labels),
        "y_pred": subject.arranged(subject.outputs()),
        "sample_weight": subject.arranged(ones),
    }
    try:
        subject.model.compute_loss(**given)
    except (ValueError, TypeError, tf.errors.InvalidArgumentError) as error:
        raise Mistake("loss-of-some-rows") from error


def _labels_of_histories() -> dict[str, np.ndarray]:
    """An item for every history, among them item 0, and tags for one history in
    four.
    """
    rng, rows = np.random.default_rng(2), len(_histories())
    tags = (rng.random((rows, TAGS)) < 0.4).astype("float32")
    tags[np.arange(rows) % 8 > 1] = np.nan
    item = rng.integers(ITEMS - 1, size=rows).astype("int32")
    item[:2] = 0
    return {"item": item, "interest": tags}


@cache
def _data() -> Data:
    return Data.of_world(World(seed=0, **two_tasks.WORLD))


@cache
def _popularity() -> float:
    """Recall@10 of the most popular items."""
    return two_tasks.baselines(_data())["popularity"]["item"]


def _steps() -> int:
    return -(-len(_data().train.x) // two_tasks.BATCH) * EPOCHS


def _short_training(subject: Subject) -> dict[str, float]:
    """Recall@10 and AUC after a short training.

    Held against popularity, and against the same model trained on interests
    alone.
    """
    popularity = _popularity()
    joint = _scores_after(subject, "training", {"item": 1.0, "interest": 1.0})
    found = {
        "recall": joint["item"],
        "popularity": popularity,
        "auc": joint["interest"],
        "steps": _steps(),
        "rate": float(subject.model.optimizer.learning_rate),
    }
    if found["recall"] < OVER_POPULARITY * popularity:
        raise Mistake(
            "no-better-than-popularity", factor=OVER_POPULARITY, **found
        )
    # a narrow model, a slow one, or one for the interests only?
    if found["recall"] < SUSPECT:
        item = _scores_after(
            subject, "training-alone", {"item": 1.0, "interest": 0.0}
        )["item"]
        if found["recall"] < LOUDEST * item:
            raise Mistake("interests-too-loud", item=item, **found)
    found["alone"] = _scores_after(
        subject, "training-alone", {"item": 0.0, "interest": 1.0}
    )["interest"]
    if found["auc"] < found["alone"] + OVER_ALONE:
        raise Mistake("no-better-than-alone", margin=OVER_ALONE, **found)
    return found


def _scores_after(
    subject: Subject, label: str, weights: dict[str, float]
) -> dict[str, float]:
    """Both scores after a short training in which the rows of each task have
    that weight.
    """
    data, rows = _data(), len(_data().train.x)
    by_row = {
        task: np.full(rows, weight, "float32")
        for task, weight in weights.items()
    }
    keras.utils.set_random_seed(0)
    with bar(_steps(), embed.strings("exercises")[label]) as show:
        given = (
            subject,
            {"history": data.train.x},
            data.train.labels,
            {"history": data.test.x},
        )
        scores = probes.trained(*given, by_row, two_tasks.BATCH, EPOCHS, show)
    return two_tasks.scored(scores, data.test)
