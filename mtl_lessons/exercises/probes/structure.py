"""What a model tells apart: rows, ids; and whether the ranges of its outputs
fit their labels.
"""

from collections.abc import Callable

import numpy as np

from mtl_lessons.backend import Tensor, keras
from mtl_lessons.exercises.mistakes import Mistake

from .reach import spread
from .subject import NUMBER, ONE_OF, YES_NO, Columns, Subject
from .weights import whatever_the_weights

FITS = {  # the ranges of an output that fit a kind of label
    ONE_OF: ("linear", "softmax"),
    YES_NO: ("linear", "sigmoid"),
    NUMBER: ("linear", "positive"),
}
# in the keys of messages
KINDS = {ONE_OF: "one-of", YES_NO: "yes-no", NUMBER: "number"}


def activations(subject: Subject) -> None:
    """The range of each output fits its label.

    One of many sums to 1, yes or no does not, and a number is not squeezed.
    """
    for output in subject.declared:
        found = subject.ranges[output.name]
        if found not in FITS[output.kind]:
            raise Mistake(
                f"{found}-for-{KINDS[output.kind]}",
                task=output.name,
                width=output.width,
            )


def row_by_row(subject: Subject) -> None:
    """What a row gets does not depend on the rows beside it."""
    for output in subject.declared:
        if mixes_rows(
            lambda x, task=output.name: subject.outputs(x)[task],
            subject.x,
            1e-4,
        ):
            raise Mistake("mixes-rows", task=output.name)


def mixes_rows(
    run: Callable[[Columns], Tensor], x: Columns, apart: float
) -> bool:
    """Whether the first row gets something else (by more than `apart`) when it
    is alone.
    """
    alone = {name: column[:1] for name, column in x.items()}
    return not np.allclose(run(alone), run(x)[:1], atol=apart)


def tells_rows_apart(subject: Subject) -> None:
    """Different inputs get different outputs."""
    for name, tensor in subject.outputs().items():
        if np.allclose(tensor, tensor[:1], rtol=1e-6, atol=1e-9):
            raise Mistake("constant-output", task=name)


def names_not_numbers(vectors: np.ndarray, feature: str = "item") -> None:
    """Of what ids are mapped to, in their order: neighbours are no closer than
    ids far apart.
    """
    distances = _distances(vectors)
    next_door = np.median(np.diagonal(distances, 1))
    apart = np.median(distances[:, ::-1].diagonal())
    if next_door < 0.1 * apart:
        raise Mistake("ids-as-numbers", feature=feature)


def all_differ(
    model: keras.Layer,
    vectors: Callable[[], np.ndarray],
    feature: str = "item",
) -> None:
    """What ids are mapped to, a row for each: no two are the same."""

    def alike() -> np.ndarray:
        found = vectors()
        distances, size = _distances(found), np.abs(spread(found)).max()
        return np.triu(
            distances <= 1e-6 * np.median(distances) + 2e-6 * size, 1
        )

    if (same := whatever_the_weights(model, alike)).any():
        first, second = np.argwhere(same)[0]
        raise Mistake(
            "ids-alike", feature=feature, first=int(first), second=int(second)
        )


def _distances(vectors: np.ndarray) -> np.ndarray:
    """Between all rows."""
    centred = spread(vectors)
    squares = (centred**2).sum(1)
    return np.sqrt(
        np.maximum(squares[:, None] + squares - 2 * centred @ centred.T, 0)
    )
