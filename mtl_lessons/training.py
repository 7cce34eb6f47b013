"""Training the same model many times.

`Restart` puts a compiled model back to a start, and nothing is traced again.
Importing this module imports TensorFlow.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mtl_lessons.backend import Tensor, keras

Make = Callable[[], keras.Model]


class Restart:
    """Puts a compiled model back to a start; from there it trains as a newly
    made one would.

    A start is more than weights. These are as born, too: the random streams of
    the model's layers (the generators of a dropout, a counter of draws), what a
    balance of losses remembers, and the optimiser with all its state and its
    learning rate, which a callback may have lowered. What has been traced stays
    traced: only values change.

    Make one after `compile` and before any training. Then `restart(seed)`
    before each run:

    - With `make`, the run starts from the network `make()`, made after
      `keras.utils.set_random_seed(seed)`. Of a model that wraps a `network`, as
      `Balanced` does, `make` makes the network, and the rest is as it was.
    - Without, every run starts as the first one did; a `seed` then fixes only
      what is drawn later, such as the order of rows.

    The optimiser must be one that Keras can make again from its configuration,
    as it must be to be saved. A layer that draws must hold its `SeedGenerator`,
    as Keras asks of layers.

    Raises `ValueError` if the model has no optimiser, or another than when this
    was made, or if `make()` gives a network of other variables.

    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    >>> model.compile(keras.optimizers.SGD(0.1), "mean_squared_error")
    >>> restart = Restart(model)
    >>> start = model.get_weights()
    >>> loss = model.train_on_batch(np.array([[1.0]]), np.array([[9.0]]))
    >>> float(model.get_weights()[1][0]) == float(start[1][0])  # the bias moved
    False
    >>> restart()
    >>> float(model.get_weights()[1][0]) == float(start[1][0])
    True
    """

    def __init__(self, model: keras.Model, make: Make | None = None) -> None:
        self.model = model
        self.make = make
        self.optimizer = _optimizer(model)
        self.trained = list(model.trainable_variables)
        if not self.optimizer.built:
            self.optimizer.build(self.trained)
        self.settings = self.optimizer.get_config()
        self.network: Any = getattr(model, "network", model)
        made_anew = (
            {id(variable) for variable in self.network.variables}
            if make
            else set()
        )
        self.kept = [
            variable
            for variable in model.variables
            if id(variable) not in made_anew
        ]
        self.born = [variable.numpy() for variable in self.kept]

    def __call__(self, seed: int | None = None) -> None:
        """Start anew; the random numbers of Keras, NumPy and TensorFlow begin
        at `seed`.
        """
        if _optimizer(self.model) is not self.optimizer:
            raise ValueError(
                "Restart: expected the optimiser it was made with, found a new "
                "one: "
                "make a Restart after compile"
            )
        _assign(self.kept, self.born)
        if seed is not None:
            keras.utils.set_random_seed(seed)
        if self.make:
            made = [variable.numpy() for variable in self.make().variables]
            _assign(self.network.variables, made)
        _assign(self.optimizer.variables, self._fresh_state())

    def _fresh_state(self) -> list[np.ndarray]:
        """What a new optimiser of these settings holds before its first step on
        these weights.
        """
        fresh = type(self.optimizer).from_config(dict(self.settings))
        fresh.build(self.trained)
        return [variable.numpy() for variable in fresh.variables]


def _optimizer(model: keras.Model) -> keras.Optimizer:
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None:
        raise ValueError(
            "Restart: expected a compiled model, found one without an "
            "optimiser: "
            "call compile() first"
        )
    return optimizer


def _assign(variables: Sequence[Tensor], values: Sequence[np.ndarray]) -> None:
    own = [tuple(variable.shape) for variable in variables]
    new = [value.shape for value in values]
    if own != new:
        raise ValueError(
            f"Restart: expected variables of the shapes {own}, found {new}"
        )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
