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

Rows are a dict of columns or a DataFrame; a column is an array, a list or a Series. A value that is missing
(NaN, None, masked) is refused, with the name of its feature: who knows what it stands for says so before.
"""

import re
import reprlib
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass

import numpy as np
from numpy.typing import ArrayLike

from mtl_lessons.backend import keras, register

from .given import Declared, numbers, signed, table, whole_numbers

layers, ops = keras.layers, keras.ops

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
        narrow = keras.backend.standardize_dtype(x.dtype) != "int32"
        x = ops.cast(x, "int64") if narrow else x  # int8 would hold no row 300
        unknown = ops.where(x == PADDING, 0, 1) if self.lists else ops.ones_like(x)
        return ops.where((x >= 0) & (x < self.ids), x + 2, unknown)

    def get_config(self):
        return super().get_config() | {"ids": self.ids, "lists": self.lists}


@register
class MaskedMean(layers.Layer):
    """Mean of the vectors that are there: `(batch, length, d)` and yes or no, `(batch, length)`, give `(batch, d)`.

    Padding has no effect and gets no gradient, and of nothing the mean is 0. (`GlobalAveragePooling1D` with a mask divides by
    0 there.) The sum is taken in float32 or more: float16 cannot count beyond 2048.
    """

    def call(self, vectors, there):
        given = keras.backend.standardize_dtype(vectors.dtype)
        vectors = ops.cast(vectors, keras.backend.result_type(given, "float32"))
        there = ops.cast(there, vectors.dtype)[..., None]
        mean = ops.sum(there * vectors, axis=1) / ops.maximum(ops.sum(there, axis=1), 1)
        return ops.cast(mean, given)


# ---------------------------------------------------------------- kinds of features


@dataclass(frozen=True)
class Feature(Declared):
    """What all features have: a name, that of the Keras input and of the column in the rows."""

    what = "feature"

    def layer(self, part: str) -> str:
        """A name for one of the feature's layers, `price>standard`, that no feature and no task can have."""
        return f"{_spelt(self.name)}>{part}"


def _spelt(name: str) -> str:
    """A name in the letters that TensorFlow takes; any other sign stands as its number."""
    return re.sub(r"[^A-Za-z0-9_.-]", lambda sign: f"u{ord(sign[0]):x}", name)


@dataclass(frozen=True)
class Numeric(Feature):
    """A number, or `size` of them, in standard units: `(x - mean) / scale`.

    `mean` and `scale` are those of the training rows; `fitted` computes them.

    The model computes in float32, which tells no rows apart if the mean is many thousand times the scale:
    the seconds since 1970 of one hour's clicks. There `column` takes the mean off first, in float64, and the
    model reads `x - mean`.
    """

    _: KW_ONLY
    size: int = 1
    mean: float | tuple[float, ...] = 0.0
    scale: float | tuple[float, ...] = 1.0

    def __post_init__(self):
        super().__post_init__()
        self.whole("size")
        for setting, least in (("mean", -np.inf), ("scale", 0.0)):
            given = getattr(self, setting)
            values = numbers(self.called, given)
            self.expect(values.shape in ((), (self.size,)), f"{setting} of 1 or {self.size} numbers", given)
            bound = " above 0" if least == 0 else ""
            fits = np.isfinite(values) & (values > least)
            self.expect(fits.all(), f"{setting} to be finite numbers{bound}", given)

    @classmethod
    def fitted(cls, name: str, values: ArrayLike) -> "Numeric":
        """The feature with mean and standard deviation of a column `(rows,)` or `(rows, size)`.

        A column that is the same in all rows has no unit: its scale is 1, and it comes out as 0.
        """
        columns = numbers(f"feature {name!r}", values)
        lost = np.count_nonzero(~np.isfinite(columns))
        if lost or not columns.size:
            found = f"{lost} NaN or infinite" if lost else "no row"
            raise ValueError(f"feature {name!r}: expected finite numbers, found {found}")
        columns = columns.reshape(len(columns), -1)
        scale = np.where(np.ptp(columns, axis=0) > 0, columns.std(0), 1.0)
        return cls(name, size=columns.shape[1], mean=columns.mean(0), scale=scale)

    @property
    def units(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean, scale and what `column` takes off, `(size,)` each."""
        mean = np.broadcast_to(np.asarray(self.mean, float), self.size)
        scale = np.broadcast_to(np.asarray(self.scale, float), self.size)
        coarse = np.abs(mean) * np.finfo("float32").eps > 1e-4 * scale
        return mean, scale, np.where(coarse, mean, 0.0)

    def input(self) -> keras.KerasTensor:
        return keras.Input((self.size,), name=self.name)

    def tensor(self, x, tables):
        mean, scale, taken = self.units
        units = (1 / scale).tolist(), ((taken - mean) / scale).tolist()
        return layers.Rescaling(*units, dtype="float32", name=self.layer("standard"))(x)

    def column(self, values: ArrayLike) -> np.ndarray:
        values = numbers(self.called, values)
        values = values[:, None] if values.ndim == 1 else values
        self.expect(values.shape[1:] == (self.size,), f"shape (rows, {self.size})", values.shape)
        with np.errstate(over="ignore"):
            values = (values - self.units[2]).astype("float32")
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

    def __post_init__(self):
        super().__post_init__()
        self.whole("ids")
        self.whole("width")
        named = isinstance(self.table, str) and self.table and "/" not in self.table
        self.expect(self.table is None or named, "table to be a name without '/'", repr(self.table))

    def input(self) -> keras.KerasTensor:
        return keras.Input((None,) if self.lists else (), dtype="int32", name=self.name)

    def tensor(self, x, tables):
        rows = TableRows(self.ids, self.lists, name=self.layer("rows"))(x)
        return self.pool(tables[self.table or self.name](rows), rows)

    def pool(self, vectors, rows):
        return vectors

    def column(self, values: ArrayLike) -> np.ndarray:
        values = whole_numbers(self.called, values)
        self.expect(values.ndim == 1, "shape (rows,)", values.shape)
        return self.known(values)

    def known(self, ids: np.ndarray) -> np.ndarray:
        """Ids in 32 bits: a 64-bit one must not wrap round to a known one."""
        strange = ids[(ids >= self.ids) | (ids < (PADDING if self.lists else 0))]
        self.expect(self.unknown or not strange.size, f"ids from 0 to {self.ids - 1}", strange[:1])
        return np.clip(ids, -2, self.ids).astype("int32")


@dataclass(frozen=True)
class Categorical(Ids):
    """One id a row: `(batch,)` gives `(batch, width)`."""


@dataclass(frozen=True)
class Lists(Ids):
    """What lists of ids have: `longest`, how many ids of a row are read, the last ones; without it, all.

    A column is as wide as its longest list: one row of 20,000 ids makes 2,000 rows 160 MB. `longest` bounds
    that, and of a history keeps the latest.
    """

    _: KW_ONLY
    longest: int | None = None

    lists = True

    def __post_init__(self):
        super().__post_init__()
        if self.longest is not None:
            self.whole("longest")

    def column(self, values: Iterable[Iterable[int]]) -> np.ndarray:
        ids, lengths = _end_to_end(self.called, values, self.longest)
        return _rectangle(self.known(ids), lengths)


@dataclass(frozen=True)
class MultiValued(Lists):
    """A set of ids a row, padded with -1: `(batch, length)` gives the mean of their vectors, `(batch, width)`."""

    def pool(self, vectors, rows):
        return MaskedMean(name=self.layer("mean"))(vectors, rows > 0)


@dataclass(frozen=True)
class Sequence(Lists):
    """Ids in an order, the oldest first, padded with -1 behind: `(batch, length)` gives the last state of a GRU, `(batch, width)`.

    Padding leaves the state as it is, so an empty history gives zeros.
    """

    def pool(self, vectors, rows):
        return layers.GRU(self.width, use_cudnn=False, name=self.layer("state"))(vectors, mask=rows > 0)


# ---------------------------------------------------------------- all features of a model


def encode(features: Iterable[Feature]) -> tuple[dict[str, keras.KerasTensor], keras.KerasTensor]:
    """Keras inputs by name, and all features side by side, `(batch, sum of the widths)`, in the order declared.

    Raises `ValueError` for a name that is there twice, and for a shared table on whose size its features do not agree.
    """
    inputs, parts = tensors(features)
    x, *more = parts.values()
    return inputs, layers.Concatenate(name="all>features")([x, *more]) if more else x


def tensors(features: Iterable[Feature]) -> tuple[dict[str, keras.KerasTensor], dict[str, keras.KerasTensor]]:
    """As `encode`, but every feature by itself: inputs and tensors `(batch, its width)`, both by name."""
    features = list(features)
    names = [feature.name for feature in features]
    if len(set(names)) < len(names) or not names:
        raise ValueError(f"features: expected different names, found {names}")
    inputs, tables = {feature.name: feature.input() for feature in features}, _tables(features)
    return inputs, {feature.name: feature.tensor(inputs[feature.name], tables) for feature in features}


def _tables(features: Iterable[Feature]) -> dict[str, layers.Embedding]:
    sizes = {}
    for feature in (feature for feature in features if isinstance(feature, Ids)):
        size = sizes.setdefault(feature.table or feature.name, (feature.ids, feature.width))
        found = (feature.ids, feature.width)
        feature.expect(size == found, f"{size[0]} ids and width {size[1]}, as others of its table", f"{found[0]} and {found[1]}")
    return {name: layers.Embedding(ids + 2, width, name=f"{_spelt(name)}_table") for name, (ids, width) in sizes.items()}


def feed(features: Iterable[Feature], rows: Mapping[str, ArrayLike]) -> dict[str, np.ndarray]:
    """The columns that the inputs want, as `fit` and `predict` take them; other columns of the rows are left out.

    A list feature may come as lists of unequal length. Raises `ValueError` that names the feature: a column that is missing, of
    the wrong shape or type, with NaN, with ids that were promised not to occur, or of another length than the rest.
    """
    features, rows = list(features), table("rows", rows)
    for feature in features:
        feature.expect(feature.name in rows, "a column of that name", f"only {', '.join(map(str, rows))}")
    columns = {feature.name: feature.column(rows[feature.name]) for feature in features}
    for feature in features:
        length, found = len(columns[features[0].name]), len(columns[feature.name])
        feature.expect(found == length, f"{length} rows, as {features[0].name!r} has", found)
    return columns


def pad(lists: Iterable[Iterable[int]], longest: int | None = None) -> np.ndarray:
    """Lists of ids as a rectangle `(rows, longest list)`, filled up with -1 behind; a rectangle stays.

    With `longest`, of a longer list the last ids stay. Raises `ValueError` for a row that is no list of whole
    numbers.
    """
    return _rectangle(*_end_to_end("lists", lists, longest))


def _end_to_end(who: str, lists: Iterable[Iterable[int]], longest: int | None) -> tuple:
    """The ids of all lists, one behind the other, and the length of each list."""
    try:
        given = list(lists)
    except TypeError:
        found = reprlib.repr(lists)
        raise ValueError(f"{who}: expected a list of ids in every row, found {found}") from None
    rows = [_row(who, number, row) for number, row in enumerate(given)]
    if longest is not None:
        rows = [row[row != PADDING][-longest:] for row in rows]
    return np.concatenate([np.empty(0, "int64"), *rows]), np.array([len(row) for row in rows], int)


def _row(who: str, number: int, given: Iterable[int]) -> np.ndarray:
    try:
        row = np.asarray(given)
        row = np.asarray(row.tolist()) if row.dtype == object else row
    except ValueError:  # lists in a list, of unequal length
        row = np.empty((0, 0))
    ids = row.ndim == 1 and (row.dtype.kind in "iu" or not row.size) and not np.ma.is_masked(given)
    if not ids:
        found = f"{reprlib.repr(given)} in row {number}"
        raise ValueError(f"{who}: expected a list of whole numbers in every row, found {found}")
    return signed(row)


def _rectangle(ids: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Ids that lie one behind the other as rows of these lengths, filled up with -1."""
    width = max(lengths.max(initial=0), 1)
    full = np.full((len(lengths), width), PADDING, ids.dtype)
    full[np.arange(width) < lengths[:, None]] = ids
    return full


def vocabulary(values: Iterable[Hashable], at_least: int = 2) -> dict[Hashable, int]:
    """Ids for the values that occur often enough, the most frequent first; the rest are to be unknown, in training too."""
    counts = Counter(values).most_common()
    return {value: i for i, (value, count) in enumerate(counts) if count >= at_least}


def lookup(values: Iterable[Hashable], words: Mapping[Hashable, int]) -> np.ndarray:
    """Ids of raw values by a `vocabulary`; a value that is not in it becomes `len(words)`, which is out of vocabulary."""
    return np.array([words.get(value, len(words)) for value in values], "int32")
