"""What goes in: features, declared once, turned into Keras inputs and one tensor.

    features = [
        Categorical("user", ids=600),
        Categorical("item", ids=300),
        Sequence("history", ids=300, table="item"),     # the same table as the item's
        MultiValued("tags", ids=12),
        Numeric("price", mean=20.0, scale=15.0),
    ]
    inputs, x = encode(features)                        # x: (batch, sum of the widths)
    model = keras.Model(inputs, tower(x))
    model.fit(feed(features, rows), ...)

An id is a whole number from 0 to `ids - 1`. Whatever else arrives is *out of vocabulary*: it gets a row of the table of its
own, so that a user who signed up a minute ago crashes nothing. That row learns only if unknown ids occur in training; `lookup`
sees to that, by calling every value unknown that is too rare. In lists, -1 is padding and counts for nothing.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass

import numpy as np
from numpy.typing import ArrayLike

from mtl_lessons.backend import keras

layers, ops = keras.layers, keras.ops
register = keras.saving.register_keras_serializable("mtl_lessons")

PADDING = -1


# ---------------------------------------------------------------- layers


@register
class TableRows(layers.Layer):
    """Ids as rows of a table of `ids + 2` rows: id i is row i + 2, an unknown id row 1, padding (-1, in lists) row 0.

    Shape in, shape out; whole numbers. `lists` says whether -1 is padding or just one more unknown id.
    """

    def __init__(self, ids: int, lists: bool = False, **kwargs):
        super().__init__(**kwargs)
        self.ids, self.lists = ids, lists

    def call(self, x):
        unknown = ops.where(x == PADDING, 0, 1) if self.lists else ops.ones_like(x)
        return ops.where((x >= 0) & (x < self.ids), x + 2, unknown)

    def get_config(self):
        return super().get_config() | {"ids": self.ids, "lists": self.lists}


@register
class MaskedMean(layers.Layer):
    """Mean of the vectors that are there: `(batch, length, d)` and yes or no, `(batch, length)`, give `(batch, d)`.

    Padding has no effect and gets no gradient, and of nothing the mean is 0. (`GlobalAveragePooling1D` with a mask divides by
    0 there.)
    """

    def call(self, vectors, there):
        there = ops.cast(there, vectors.dtype)[..., None]
        return ops.sum(there * vectors, axis=1) / ops.maximum(ops.sum(there, axis=1), 1)


# ---------------------------------------------------------------- kinds of features


@dataclass(frozen=True)
class Feature:
    """What all features have: a name, that of the Keras input and of the column in the rows."""

    name: str

    def expect(self, holds: bool, expected: str, found: object) -> None:
        """Raise `ValueError` that names the feature, unless it `holds`."""
        if not holds:
            raise ValueError(f"feature {self.name!r}: expected {expected}, found {found}")


@dataclass(frozen=True)
class Numeric(Feature):
    """A number, or `size` of them, in standard units: `(x - mean) / scale`.

    `mean` and `scale` are those of the training rows; `fitted` computes them.
    """

    _: KW_ONLY
    size: int = 1
    mean: float | tuple[float, ...] = 0.0
    scale: float | tuple[float, ...] = 1.0

    @classmethod
    def fitted(cls, name: str, values: ArrayLike) -> "Numeric":
        """The feature with mean and standard deviation of a column `(rows,)` or `(rows, size)`."""
        columns = np.asarray(values, float).reshape(len(values), -1)
        return cls(name, size=columns.shape[1], mean=tuple(columns.mean(0)), scale=tuple(columns.std(0)))

    def input(self) -> keras.KerasTensor:
        return keras.Input((self.size,), name=self.name)

    def tensor(self, x, tables):
        mean, scale = (np.broadcast_to(value, self.size) for value in (self.mean, self.scale))
        return layers.Rescaling((1 / scale).tolist(), (-mean / scale).tolist(), name=f"{self.name}_standard")(x)

    def column(self, values: ArrayLike) -> np.ndarray:
        values = np.asarray(values, "float32")
        values = values[:, None] if values.ndim == 1 else values
        self.expect(values.shape[1:] == (self.size,), f"shape (rows, {self.size})", values.shape)
        lost = np.count_nonzero(~np.isfinite(values))
        self.expect(not lost, "finite numbers", f"{lost} NaN or infinite")
        return values


@dataclass(frozen=True)
class Ids(Feature):
    """What features of ids have: `ids`, how many are known; `width`, the length of their vectors; `table`, its name.

    Features with one `table` share it. `unknown=False` promises that no unknown id occurs, and `feed` holds the rows to it.
    """

    _: KW_ONLY
    ids: int
    width: int = 8
    table: str | None = None
    unknown: bool = True

    lists = False

    def input(self) -> keras.KerasTensor:
        return keras.Input((None,) if self.lists else (), dtype="int32", name=self.name)

    def tensor(self, x, tables):
        rows = TableRows(self.ids, self.lists, name=f"{self.name}_rows")(x)
        return self.pool(tables[self.table or self.name](rows), rows)

    def pool(self, vectors, rows):
        return vectors

    def column(self, values: ArrayLike) -> np.ndarray:
        values = pad(values) if self.lists else np.asarray(values)
        self.expect(values.dtype.kind in "iu", "whole numbers", values.dtype)
        shape = "(rows, length)" if self.lists else "(rows,)"
        self.expect(values.ndim == 1 + self.lists, f"shape {shape}", values.shape)
        strange = values[(values >= self.ids) | (values < (PADDING if self.lists else 0))]
        self.expect(self.unknown or not strange.size, f"ids from 0 to {self.ids - 1}", strange[:1])
        return np.clip(values, -2, self.ids).astype("int32")  # a 64-bit id must not wrap round to a known one


@dataclass(frozen=True)
class Categorical(Ids):
    """One id a row: `(batch,)` gives `(batch, width)`."""


@dataclass(frozen=True)
class MultiValued(Ids):
    """A set of ids a row, padded with -1: `(batch, length)` gives the mean of their vectors, `(batch, width)`."""

    lists = True

    def pool(self, vectors, rows):
        return MaskedMean(name=f"{self.name}_mean")(vectors, rows > 0)


@dataclass(frozen=True)
class Sequence(Ids):
    """Ids in an order, the oldest first, padded with -1 behind: `(batch, length)` gives the last state of a GRU, `(batch, width)`.

    Padding leaves the state as it is, so an empty history gives zeros.
    """

    lists = True

    def pool(self, vectors, rows):
        return layers.GRU(self.width, use_cudnn=False, name=f"{self.name}_state")(vectors, mask=rows > 0)


# ---------------------------------------------------------------- all features of a model


def encode(features: Iterable[Feature]) -> tuple[dict[str, keras.KerasTensor], keras.KerasTensor]:
    """Keras inputs by name, and all features side by side, `(batch, sum of the widths)`, in the order declared.

    Raises `ValueError` for a name that is there twice, and for a shared table on whose size its features do not agree.
    """
    inputs, parts = tensors(features)
    return inputs, layers.Concatenate(name="features")(list(parts.values())) if len(parts) > 1 else next(iter(parts.values()))


def tensors(features: Iterable[Feature]) -> tuple[dict[str, keras.KerasTensor], dict[str, keras.KerasTensor]]:
    """As `encode`, but every feature by itself: inputs and tensors `(batch, its width)`, both by name."""
    features = list(features)
    names = [feature.name for feature in features]
    if len(set(names)) < len(names) or not names:
        raise ValueError(f"expected features with different names, found {names}")
    inputs, tables = {feature.name: feature.input() for feature in features}, _tables(features)
    return inputs, {feature.name: feature.tensor(inputs[feature.name], tables) for feature in features}


def _tables(features: Iterable[Feature]) -> dict[str, layers.Embedding]:
    sizes = {}
    for feature in (feature for feature in features if isinstance(feature, Ids)):
        size = sizes.setdefault(feature.table or feature.name, (feature.ids, feature.width))
        found = (feature.ids, feature.width)
        feature.expect(size == found, f"{size[0]} ids and width {size[1]}, as others of its table", f"{found[0]} and {found[1]}")
    return {name: layers.Embedding(ids + 2, width, name=f"{name}_table") for name, (ids, width) in sizes.items()}


def feed(features: Iterable[Feature], rows: Mapping[str, ArrayLike]) -> dict[str, np.ndarray]:
    """The columns that the inputs want, as `fit` and `predict` take them; other columns of the rows are left out.

    A list feature may come as lists of unequal length. Raises `ValueError` that names the feature: a column that is missing, of
    the wrong shape or type, with NaN, with ids that were promised not to occur, or of another length than the rest.
    """
    features = list(features)
    for feature in features:
        feature.expect(feature.name in rows, "a column of that name", f"only {', '.join(rows)}")
    columns = {feature.name: feature.column(rows[feature.name]) for feature in features}
    for feature in features:
        length, found = len(columns[features[0].name]), len(columns[feature.name])
        feature.expect(found == length, f"{length} rows, as {features[0].name!r} has", found)
    return columns


def pad(lists: Iterable[Iterable[int]]) -> np.ndarray:
    """Lists of ids as a rectangle `(rows, longest)`, filled up with -1 behind; a rectangle stays as it is."""
    lists = [np.asarray(ids) for ids in lists]
    length = max([len(ids) for ids in lists], default=0)
    full = np.full((len(lists), max(length, 1)), PADDING)
    for row, ids in zip(full, lists, strict=True):
        row[: len(ids)] = ids
    return full


def vocabulary(values: Iterable[Hashable], at_least: int = 2) -> dict[Hashable, int]:
    """Ids for the values that occur often enough, the most frequent first; the rest are to be unknown, in training too."""
    counts = Counter(values).most_common()
    return {value: i for i, (value, count) in enumerate(counts) if count >= at_least}


def lookup(values: Iterable[Hashable], words: Mapping[Hashable, int]) -> np.ndarray:
    """Ids of raw values by a `vocabulary`; a value that is not in it becomes `len(words)`, which is out of vocabulary."""
    return np.array([words.get(value, len(words)) for value in values], "int32")
