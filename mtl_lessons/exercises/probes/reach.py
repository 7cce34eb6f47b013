"""Which weights an output reaches, and how much comes through: by real
gradients, not by names.
"""

from collections.abc import Callable, Sequence

import numpy as np

from mtl_lessons.backend import Tensor, keras, tf
from mtl_lessons.exercises.mistakes import Mistake

from .subject import Subject

Run = Callable[[], Tensor]  # gives an output


def gradients(
    run: Run, weights: Sequence[keras.Variable], aims: int = 1
) -> list[list]:
    """For each of several aims, the gradient by each weight; None where nothing
    depends on it.

    An aim is the sum of the output times fixed noise, so that nothing cancels
    by symmetry.
    """
    with tf.GradientTape(persistent=True) as tape:
        found = run()
        sums = [
            tf.reduce_sum(found * noise(found, seed)) for seed in range(aims)
        ]
    return [
        tape.gradient(aim, [weight.value for weight in weights]) for aim in sums
    ]


def reached(run: Run, weights: Sequence[keras.Variable]) -> set[str]:
    """The paths of the weights that the output depends on."""
    (found,) = gradients(run, weights)
    return {
        weight.path
        for weight, gradient in zip(weights, found)
        if gradient is not None
    }


def trained_rows(
    run: Run, tables: Sequence[keras.Variable]
) -> list[np.ndarray]:
    """For every table, which of its rows the output trains: `(rows,)` of bool
    each.
    """
    (found,) = gradients(run, tables)
    sizes = [
        np.abs(dense(gradient, table)).max(axis=1)
        for gradient, table in zip(found, tables)
    ]
    return [size > 1e-9 for size in sizes]


def tables(model: keras.Layer, rows: int) -> list[keras.Variable]:
    """The trainable matrices of so many rows at least."""
    matrices = [
        weight for weight in model.trainable_weights if len(weight.shape) == 2
    ]
    return [matrix for matrix in matrices if matrix.shape[0] >= rows]


def all_reached(run: Run, model: keras.Layer) -> None:
    """The output depends on every weight of the model."""
    there = reached(run, model.trainable_weights)
    cut = [
        f"`{weight.path}`"
        for weight in model.trainable_weights
        if weight.path not in there
    ]
    if cut or not there:
        raise Mistake("cut-off", weights=", ".join(cut) or "any weight")


def shares_and_is_parallel(subject: Subject) -> None:
    """All weights are reached by some task, some by all; no output is computed
    from another.
    """
    weights = subject.model.trainable_weights
    values = [weight.value for weight in weights]
    with tf.GradientTape(persistent=True) as tape:
        # the tensors themselves, which a head on a head has read
        outputs = subject.raw()
        aims = {
            name: tf.reduce_sum(tensor * noise(tensor))
            for name, tensor in outputs.items()
        }
    for lower in outputs:
        for upper in outputs:
            if (
                lower != upper
                and tape.gradient(aims[upper], outputs[lower]) is not None
            ):
                raise Mistake("stacked-heads", lower=lower, upper=upper)
    found = {name: tape.gradient(aim, values) for name, aim in aims.items()}
    by_task = [
        {i for i, g in enumerate(of) if g is not None} for of in found.values()
    ]
    cut = set(range(len(weights))) - set.union(*by_task)
    if cut:
        paths = sorted(weights[i].path for i in cut)
        raise Mistake(
            "cut-off", weights=", ".join(f"`{path}`" for path in paths[:4])
        )
    if not set.intersection(*by_task):
        raise Mistake("nothing-shared")


def jacobian_ranks(
    model: keras.Layer, run: Run, rows: int, most: int = 10
) -> tuple[int, int, int]:
    """How many directions of a table's rows an output feels.

    Three numbers: at most at one row, at all rows together, and how many there
    are.

    What is measured is the rank of ∂output / ∂(row of the table). A layer of
    two units lets two directions through, with or without an activation behind
    it, which would make the rank of the outputs themselves larger. `rows`: how
    many a table has at least. A model without a table has `(most, most, 0)`.
    """
    found = tables(model, rows)
    if not found:
        return most, most, 0
    aims = gradients(run, found, most)
    by_aim = [[dense(g, table) for g, table in zip(aim, found)] for aim in aims]
    best = (0, 0, 0)
    for n, table in enumerate(found):
        # (rows, most, width)
        by_row = np.stack([aim[n] for aim in by_aim], axis=1)
        by_row = by_row[np.abs(by_row).max(axis=(1, 2)) > 0][:most]
        if len(by_row):
            width = int(table.shape[1])
            best = max(
                best, (rank(by_row), rank(by_row.reshape(-1, width)), width)
            )
    return best


def noise(like: Tensor, seed: int = 0) -> Tensor:
    """Normal numbers in the shape and the number type of a tensor."""
    return tf.cast(
        np.random.default_rng(seed).normal(size=like.shape), like.dtype
    )


def dense(gradient: object, like: keras.Variable) -> np.ndarray:
    """A gradient as an array in the shape of what it is of; zeros for none."""
    if gradient is None:
        return np.zeros(like.shape)
    return np.asarray(tf.convert_to_tensor(gradient), float)


def rank(matrix: np.ndarray) -> int:
    """How many directions the rows really use; of a stack of matrices, the most
    that one uses.

    Counts the singular values above a thousandth of the largest, by the
    eigenvalues of the smaller Gram matrix, which are their squares.
    """
    matrix = np.asarray(matrix, float)
    turned = np.swapaxes(matrix, -1, -2)
    wide = matrix.shape[-1] > matrix.shape[-2]
    squares = np.linalg.eigvalsh(matrix @ turned if wide else turned @ matrix)
    largest = squares.max(axis=-1, keepdims=True)
    return int((squares > 1e-6 * np.maximum(largest, 1e-60)).sum(axis=-1).max())


def spread(matrix: np.ndarray) -> np.ndarray:
    """The rows without their mean."""
    return np.asarray(matrix, float) - np.mean(matrix, axis=0)
