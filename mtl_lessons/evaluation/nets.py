"""Many small networks as one batched model, in NumPy.

Intervals over seeds have to be tried on hundreds of trainings. `RankNets` trains
them together: every array has a leading axis of nets, and a net draws its start
and its batches from a seed of its own, so that it comes out the same alone and
in company.
"""

from collections.abc import Sequence

import numpy as np

from mtl_lessons.metrics import Array

RATE, DECAY_1, DECAY_2, TINY = 0.02, 0.9, 0.999, 1e-7  # of Adam


class RankNets:
    """Networks `x -> relu(x W + b) V + c`, a logit for every task.

    Trained by Adam with a learning rate that falls along a cosine to 0, on
    binary cross-entropy, summed over tasks.

    Args:
        x: inputs of all rows, shape (rows, d).
        y: labels 0 or 1, shape (rows, tasks).
        first: where the rows of each net begin, shape (nets,).
        count: how many rows a net has.
        seen: 1 for the features that a net sees, shape (nets, d).
        seeds: one for each net.

    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(400, 3))
    >>> y = (x[:, :1] > 0) * 1.0
    >>> nets = RankNets(x, y, first=[0, 0], count=400, seen=np.ones((2, 3)), seeds=[1, 2])
    >>> nets.fit(steps=60)
    >>> nets.logits(x).shape
    (2, 400, 1)
    >>> bool(((nets.logits(x)[0] > 0) == y).mean() > 0.9)
    True
    """

    def __init__(
        self,
        x: Array,
        y: Array,
        first: Sequence[int] | Array,
        count: int,
        seen: Array,
        seeds: Sequence[int],
        hidden: int = 8,
    ) -> None:
        self.x, self.y = x.astype("float32"), y.astype("float32")
        self.first, self.count = np.asarray(first), count
        self.seen = np.asarray(seen, "float32")[:, :, None]
        self.draws = [np.random.default_rng([seed, 8]) for seed in seeds]
        d, tasks = x.shape[1], y.shape[1]
        starts = [
            (
                draw.normal(size=(d, hidden)) * np.sqrt(2 / d),
                np.zeros((1, hidden)),
                draw.normal(size=(hidden, tasks)) * 0.3,
                np.zeros((1, tasks)),
            )
            for draw in self.draws
        ]
        self.weights = [
            np.stack(part).astype("float32") for part in zip(*starts)
        ]

    def fit(self, steps: int, batch: int = 128) -> None:
        """Train all nets for some steps."""
        picks = np.stack(
            [
                draw.integers(self.count, size=(steps, batch), dtype="int32")
                for draw in self.draws
            ],
            axis=1,
        )  # (steps, nets, batch)
        means = [np.zeros_like(w) for w in self.weights]
        squares = [np.zeros_like(w) for w in self.weights]
        for step in range(steps):
            rows = self.first[:, None] + picks[step]
            rate = RATE * (1 + np.cos(np.pi * step / steps)) / 2
            gradients = self._gradients(self.x[rows], self.y[rows])
            for weight, gradient, mean, square in zip(
                self.weights, gradients, means, squares
            ):
                mean += (1 - DECAY_1) * (gradient - mean)
                square += (1 - DECAY_2) * (gradient**2 - square)
                corrected = mean / (1 - DECAY_1 ** (step + 1))
                scale = np.sqrt(square / (1 - DECAY_2 ** (step + 1))) + TINY
                weight -= (rate * corrected / scale).astype("float32")

    def _gradients(self, x: Array, y: Array) -> list[Array]:
        """Of the mean loss of a batch: x (nets, batch, d), y (nets, batch,
        tasks).
        """
        w, b, v, c = self.weights
        h = np.maximum(x @ (w * self.seen) + b, 0)
        error = (1 / (1 + np.exp(-(h @ v + c))) - y) / x.shape[1]
        back = (error @ v.transpose(0, 2, 1)) * (h > 0)
        return [
            x.transpose(0, 2, 1) @ back * self.seen,
            back.sum(1, keepdims=True),
            h.transpose(0, 2, 1) @ error,
            error.sum(1, keepdims=True),
        ]

    def logits(self, x: Array, which: slice = slice(None)) -> Array:
        """Of rows (rows, d): shape (nets, rows, tasks). `which`: of these nets
        alone.
        """
        w, b, v, c = (part[which] for part in self.weights)
        h = x.astype("float32") @ (w * self.seen[which]) + b
        return np.maximum(h, 0) @ v + c
