"""A model at other weights for a while; whatever happens then, they are as
before afterwards.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager

import numpy as np

from mtl_lessons.backend import keras


@contextmanager
def restored(
    owner: keras.Layer | keras.optimizers.Optimizer,
) -> Generator[None]:
    """The variables of a model or an optimiser may change in the block."""
    kept = [(variable, variable.numpy()) for variable in owner.variables]
    try:
        yield
    finally:
        for variable, value in kept:
            variable.assign(value)


@contextmanager
def scaled(model: keras.Layer, factor: float) -> Generator[None]:
    """All kernels and tables that many times as large, where the curves of
    activations show.
    """
    with restored(model):
        for weight in _matrices(model):
            weight.assign(weight * factor)
        yield


def whatever_the_weights(
    model: keras.Layer, seen: Callable[[], np.ndarray]
) -> np.ndarray:
    """What is true at the weights that the model came with, and after two
    random changes.

    `seen()` gives a mask. What is true only where a `relu` is dead is not true
    any more after a change.
    """
    mask = seen()
    for seed in range(2):
        if mask.any():
            with restored(model):
                rng = np.random.default_rng(seed)
                for weight in _matrices(model):
                    change = rng.normal(0, 0.02 + np.std(weight), weight.shape)
                    weight.assign_add(change.astype("float32"))
                mask = mask & seen()
    return mask


def _matrices(model: keras.Layer) -> list[keras.Variable]:
    return [
        weight for weight in model.trainable_weights if len(weight.shape) > 1
    ]
