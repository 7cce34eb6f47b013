"""What goes in: features, declared once, turned into Keras inputs and one
tensor.

    features = [
        Categorical("user", ids=600),
        Categorical("item", ids=300),
        Sequence("history", ids=300, table="item"),  # the item's own table
        MultiValued("tags", ids=12),
        Numeric("price", mean=20.0, scale=15.0),
    ]
    inputs, x = encode(features)  # x: (batch, sum of the widths)
    model = keras.Model(inputs, tower(x))
    model.fit(feed(features, rows), ...)

An id is a whole number from 0 to `ids - 1`. Whatever else arrives is *out of
vocabulary*: it gets a row of the table of its own, so that a user who signed up
a minute ago crashes nothing. That row learns only if unknown ids occur in
training; `lookup` sees to that, by calling every value unknown that is too
rare. In lists, -1 is padding and counts for nothing.

Rows are a dict of columns or a DataFrame; a column is an array, a list or a
Series. A value that is missing (NaN, None, masked) is refused, with the name of
its feature: who knows what it stands for says so before.
"""

import re
import reprlib
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mtl_lessons.backend import Tensor, keras, register

from .given import Declared, columns_by_name, in_int64, numbers, whole_numbers

layers, ops = keras.layers, keras.ops

PADDING = -1

Tables = Mapping[str, keras.layers.Embedding]


# ---------------------------------------------------------------- layers


@register
class TableRows(layers.Layer):
    """Ids as rows of a table of `ids + 2` rows.

    Id i is row i + 2, an unknown id row 1, padding (-1, in lists) row 0. Shape
    in, shape out; whole numbers. `lists` says whether -1 is padding or just one
    more unknown id.

    >>> rows = TableRows(ids=300, lists=True)
    >>> rows(np.array([0, 299, 300, -1])).numpy().tolist()
    [2, 301, 1, 0]
    """

    def __init__(self, ids: int, lists: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ids = ids
        self.lists = lists

    def call(self, x: Tensor) -> Tensor:
        if keras.backend.standardize_dtype(x.dtype) != "int32":
            x = ops.cast(x, "int64")  # int8 would hold no row 300
        other = (
            ops.where(x == PADDING, 0, 1) if self.lists else ops.ones_like(x)
        )
        known = (x >= 0) & (x < self.ids)
        return ops.where(known, x + 2, other)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"ids": self.ids, "lists": self.lists}


@register
class MaskedMean(layers.Layer):
    """Mean of the vectors that are there.

    `(batch, length, d)` and yes or no, `(batch, length)`, give `(batch, d)`.
    Padding has no effect and gets no gradient, and of nothing the mean is 0.
    (`GlobalAveragePooling1D` with a mask divides by 0 there.) The sum is taken
    in float32 or more: float16 cannot count beyond 2048.

    >>> vectors = np.array([[[1.0], [3.0], [100.0]]])
    >>> MaskedMean()(vectors, np.array([[True, True, False]])).numpy().tolist()
    [[2.0]]
    """

    def call(self, vectors: Tensor, there: Tensor) -> Tensor:
        dtype = keras.backend.standardize_dtype(vectors.dtype)
        vectors = ops.cast(vectors, keras.backend.result_type(dtype, "float32"))
        there = ops.cast(there, vectors.dtype)[..., None]
        total = ops.sum(there * vectors, axis=1)
        count = ops.sum(there, axis=1)
        return ops.cast(total / ops.maximum(count, 1), dtype)


# ------------------------------------------------------------ kinds of features


@dataclass(frozen=True)
class Feature(Declared):
    """What all features have: a name, that of the Keras input and of the column
    in the rows.
    """

    what = "feature"

    def layer(self, use: str) -> str:
        """A name for one of the feature's layers, `price>standard`, unlike any
        feature or task.
        """
        return f"{_spelt(self.name)}>{use}"

    def input(self) -> keras.KerasTensor:
        """The Keras input."""
        raise NotImplementedError

    def tensor(self, x: keras.KerasTensor, tables: Tables) -> keras.KerasTensor:
        """From the input to what the model reads, `(batch, width)`; `tables` of
        ids, by name.
        """
        raise NotImplementedError

    def column(self, values: Any) -> np.ndarray:
        """The column as the input wants it, a row for each. Raises `ValueError`
        for bad values.
        """
        raise NotImplementedError


def _spelt(name: str) -> str:
    """A name in the letters that TensorFlow takes; any other sign stands as its
    number.
    """
    return re.sub(r"[^A-Za-z0-9_.-]", lambda sign: f"u{ord(sign[0]):x}", name)


@dataclass(frozen=True)
class Numeric(Feature):
    """A number, or `size` of them, in standard units: `(x - mean) / scale`.

    `mean` and `scale` are those of the training rows; `fitted` computes them.

    The model computes in float32, which tells no rows apart if the mean is many
    thousand times the scale: the seconds since 1970 of one hour's clicks. There
    `column` takes the mean off first, in float64, and the model reads `x -
    mean`.

    >>> price = Numeric("price", mean=20.0, scale=16.0)
    >>> inputs, x = encode([price])
    >>> keras.Model(inputs, x)(feed([price], {"price": [20.0, 28.0]})).numpy().tolist()
    [[0.0], [0.5]]
    """

    _: KW_ONLY
    size: int = 1
    mean: float | tuple[float, ...] = 0.0
    scale: float | tuple[float, ...] = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.whole("size")
        self._expect_finite("mean", self.mean)
        self._expect_finite("scale", self.scale, above=0.0)

    def _expect_finite(
        self,
        setting: str,
        value: float | tuple[float, ...],
        above: float = -np.inf,
    ) -> None:
        values = numbers(self.called, value)
        shaped = values.shape in ((), (self.size,))
        self.expect(shaped, f"{setting} of 1 or {self.size} numbers", value)
        fits = np.isfinite(values) & (values > above)
        bound = " above 0" if above == 0 else ""
        self.expect(
            bool(fits.all()), f"{setting} to be finite numbers{bound}", value
        )

    @classmethod
    def fitted(cls, name: str, values: ArrayLike) -> "Numeric":
        """The feature with mean and standard deviation of a column `(rows,)` or
        `(rows, size)`.

        A column that is the same in all rows has no unit: its scale is 1, and
        it comes out as 0.

        >>> Numeric.fitted("price", [10.0, 30.0])
        Numeric(name='price', size=1, mean=(20.0,), scale=(10.0,))
        """
        columns = numbers(f"feature {name!r}", values)
        if not columns.size:
            raise ValueError(
                f"feature {name!r}: expected finite numbers, found no row"
            )
        lost = np.count_nonzero(~np.isfinite(columns))
        if lost:
            raise ValueError(
                f"feature {name!r}: expected finite numbers, found {lost} NaN "
                "or infinite"
            )
        columns = columns.reshape(len(columns), -1)
        varied = np.ptp(columns, axis=0) > 0
        scale = np.where(varied, columns.std(0), 1.0)
        size = columns.shape[1]
        mean = tuple(columns.mean(0).tolist())
        return cls(name, size=size, mean=mean, scale=tuple(scale.tolist()))

    @property
    def units(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean, scale and what `column` takes off, `(size,)` each."""
        mean = np.broadcast_to(np.asarray(self.mean, float), self.size)
        scale = np.broadcast_to(np.asarray(self.scale, float), self.size)
        coarse = np.abs(mean) * np.finfo("float32").eps > 1e-4 * scale
        return mean, scale, np.where(coarse, mean, 0.0)

    def input(self) -> keras.KerasTensor:
        return keras.Input((self.size,), name=self.name)

    def tensor(
        self,
        x: keras.KerasTensor,
        tables: Tables,  # noqa: ARG002 (a number reads no table)
    ) -> keras.KerasTensor:
        mean, scale, taken = self.units
        factor = (1 / scale).tolist()
        offset = ((taken - mean) / scale).tolist()
        return layers.Rescaling(
            factor, offset, dtype="float32", name=self.layer("standard")
        )(x)

    def column(self, values: ArrayLike) -> np.ndarray:
        column = numbers(self.called, values)
        if column.ndim == 1:
            column = column[:, None]
        shaped = column.shape[1:] == (self.size,)
        self.expect(shaped, f"shape (rows, {self.size})", column.shape)
        _, _, taken = self.units
        with np.errstate(over="ignore"):
            column = (column - taken).astype("float32")
        lost = np.count_nonzero(~np.isfinite(column))
        self.expect(lost == 0, "finite numbers", f"{lost} NaN or infinite")
        return column


@dataclass(frozen=True)
class Ids(Feature):
    """What features of ids have.

    - `ids`: how many are known.
    - `width`: the length of their vectors.
    - `table`: its name. Features with one `table` share it.
    - `unknown`: False promises that no unknown id occurs, and `feed` holds the
      rows to it.
    """

    _: KW_ONLY
    ids: int
    width: int = 8
    table: str | None = None
    unknown: bool = True

    lists = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.whole("ids")
        self.whole("width")
        named = (
            isinstance(self.table, str)
            and self.table != ""
            and "/" not in self.table
        )
        expected = "table to be a name without '/'"
        self.expect(self.table is None or named, expected, repr(self.table))

    @property
    def table_name(self) -> str:
        """The name of its table: the feature's own, unless it shares one."""
        return self.table or self.name

    def input(self) -> keras.KerasTensor:
        shape = (None,) if self.lists else ()
        return keras.Input(shape, dtype="int32", name=self.name)

    def tensor(self, x: keras.KerasTensor, tables: Tables) -> keras.KerasTensor:
        rows = TableRows(self.ids, self.lists, name=self.layer("rows"))(x)
        vectors = tables[self.table_name](rows)
        return self.pool(vectors, rows)

    def pool(
        self,
        vectors: keras.KerasTensor,
        rows: keras.KerasTensor,  # noqa: ARG002 (lists need them)
    ) -> keras.KerasTensor:
        """From the vectors of a row's ids to one; `rows` of the table tell
        padding (0) from ids.
        """
        return vectors

    def column(self, values: Any) -> np.ndarray:
        ids = whole_numbers(self.called, values)
        self.expect(ids.ndim == 1, "shape (rows,)", ids.shape)
        return self.known(ids)

    def known(self, ids: np.ndarray) -> np.ndarray:
        """Ids in 32 bits: a 64-bit one must not wrap round to a known one."""
        least = PADDING if self.lists else 0
        strange = ids[(ids >= self.ids) | (ids < least)]
        allowed = self.unknown or not strange.size
        self.expect(allowed, f"ids from 0 to {self.ids - 1}", strange[:1])
        return np.clip(ids, -2, self.ids).astype("int32")


@dataclass(frozen=True)
class Categorical(Ids):
    """One id a row: `(batch,)` gives `(batch, width)`.

    >>> user = Categorical("user", ids=600, width=8)
    >>> inputs, x = encode([user])
    >>> x.shape
    (None, 8)
    >>> user.column([3, 10**12]).tolist()  # 600: unknown, as any other
    [3, 600]
    """


@dataclass(frozen=True)
class Lists(Ids):
    """What lists of ids have: `longest`, how many ids of a row are read;
    without it, all.

    A column is as wide as its longest list: one row of 20,000 ids makes 2,000
    rows 160 MB. `longest` bounds that, and of a history keeps the latest, which
    are the last ones.
    """

    _: KW_ONLY
    longest: int | None = None

    lists = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.longest is not None:
            self.whole("longest")

    def column(self, values: Iterable[Iterable[int]]) -> np.ndarray:
        ids, lengths = _end_to_end(self.called, values, self.longest)
        return _rectangle(self.known(ids), lengths)


@dataclass(frozen=True)
class MultiValued(Lists):
    """A set of ids a row, padded with -1.

    `(batch, length)` gives the mean of their vectors, `(batch, width)`.

    >>> tags = MultiValued("tags", ids=12)
    >>> feed([tags], {"tags": [[4, 7], [], [1]]})["tags"].tolist()
    [[4, 7], [-1, -1], [1, -1]]
    """

    def pool(
        self, vectors: keras.KerasTensor, rows: keras.KerasTensor
    ) -> keras.KerasTensor:
        return MaskedMean(name=self.layer("mean"))(vectors, rows > 0)


@dataclass(frozen=True)
class Sequence(Lists):
    """Ids in an order, the oldest first, padded with -1 behind.

    `(batch, length)` gives the last state of a GRU, `(batch, width)`. Padding
    leaves the state as it is, so an empty history gives zeros.

    >>> history = Sequence("history", ids=300, width=2, longest=3)
    >>> history.column([[1, 2, 3, 4, 5], [6]]).tolist()
    [[3, 4, 5], [6, -1, -1]]
    >>> inputs, x = encode([history])
    >>> keras.Model(inputs, x)(feed([history], {"history": [[]]})).numpy().tolist()
    [[0.0, 0.0]]
    """

    def pool(
        self, vectors: keras.KerasTensor, rows: keras.KerasTensor
    ) -> keras.KerasTensor:
        gru = layers.GRU(self.width, use_cudnn=False, name=self.layer("state"))
        return gru(vectors, mask=rows > 0)


# ------------------------------------------------------ all features of a model


def encode(
    features: Iterable[Feature],
) -> tuple[dict[str, keras.KerasTensor], keras.KerasTensor]:
    """Keras inputs by name, and all features side by side, in the order
    declared.

    The second is `(batch, sum of the widths)`. Raises `ValueError` for a name
    that is there twice, and for a shared table on whose size its features do
    not agree.

    >>> inputs, x = encode([Categorical("user", ids=600, width=8), Numeric("price")])
    >>> sorted(inputs), x.shape                        # 8 numbers and 1
    (['price', 'user'], (None, 9))
    """
    inputs, vectors = tensors(features)
    if len(vectors) == 1:
        return inputs, next(iter(vectors.values()))
    return inputs, layers.Concatenate(name="all>features")(
        list(vectors.values())
    )


def tensors(
    features: Iterable[Feature],
    table: type[keras.layers.Embedding] = layers.Embedding,
) -> tuple[dict[str, keras.KerasTensor], dict[str, keras.KerasTensor]]:
    """As `encode`, but every feature by itself.

    Gives the inputs and the tensors `(batch, its width)`, both by name. Tables
    are layers of the class `table`.
    """
    features = list(features)
    names = [feature.name for feature in features]
    if len(set(names)) < len(names) or not names:
        raise ValueError(f"features: expected different names, found {names}")
    inputs = {feature.name: feature.input() for feature in features}
    tables = _tables_of(features, table)
    vectors = {
        feature.name: feature.tensor(inputs[feature.name], tables)
        for feature in features
    }
    return inputs, vectors


def _tables_of(
    features: Iterable[Feature], table: type[keras.layers.Embedding]
) -> dict[str, keras.layers.Embedding]:
    """A table for each name of one, of the size on which its features agree."""
    sizes = {}
    for feature in features:
        if not isinstance(feature, Ids):
            continue
        ids, width = sizes.setdefault(
            feature.table_name, (feature.ids, feature.width)
        )
        agreed = (feature.ids, feature.width) == (ids, width)
        expected = f"{ids} ids and width {width}, as others of its table"
        feature.expect(agreed, expected, f"{feature.ids} and {feature.width}")
    return {
        name: table(ids + 2, width, name=f"{_spelt(name)}_table")
        for name, (ids, width) in sizes.items()
    }


def feed(
    features: Iterable[Feature], rows: Mapping[str, ArrayLike]
) -> dict[str, np.ndarray]:
    """The columns that the inputs want, as `fit` and `predict` take them.

    Other columns of the rows are left out. A list feature may come as lists of
    unequal length.

    Raises `ValueError` that names the feature: a column that is missing, of the
    wrong shape or type, with NaN, with ids that were promised not to occur, or
    of another length than the rest.

    >>> x = feed([Numeric("price"), Categorical("user", ids=600)], {"price": [9.5], "user": [7]})
    >>> x["price"].tolist(), x["user"].tolist()
    ([[9.5]], [7])
    """
    features = list(features)
    log = columns_by_name("rows", rows)
    for feature in features:
        there = feature.name in log
        feature.expect(
            there, "a column of that name", f"only {', '.join(map(str, log))}"
        )
    columns = {
        feature.name: feature.column(log[feature.name]) for feature in features
    }
    for feature in features:
        first = features[0].name
        length = len(columns[first])
        own = len(columns[feature.name])
        feature.expect(own == length, f"{length} rows, as {first!r} has", own)
    return columns


def pad(
    lists: Iterable[Iterable[int]], longest: int | None = None
) -> np.ndarray:
    """Lists of ids as a rectangle `(rows, longest list)`, filled up with -1; a
    rectangle stays.

    With `longest`, of a longer list the last ids stay. Raises `ValueError` for
    a row that is no list of whole numbers.

    >>> pad([[1, 2, 3], [4]], longest=2).tolist()
    [[2, 3], [4, -1]]
    """
    ids, lengths = _end_to_end("lists", lists, longest)
    return _rectangle(ids, lengths)


def _end_to_end(
    who: str,
    lists: Iterable[Iterable[int]],
    longest: int | None,
) -> tuple[np.ndarray, np.ndarray]:
    """The ids of all lists, one behind the other, and the length of each list."""
    try:
        lists = list(lists)
    except TypeError:
        shown = reprlib.repr(lists)
        raise ValueError(
            f"{who}: expected a list of ids in every row, found {shown}"
        ) from None
    rows = [_one_list(who, number, ids) for number, ids in enumerate(lists)]
    if longest is not None:
        rows = [row[row != PADDING][-longest:] for row in rows]
    nothing = np.empty(0, "int64")  # so that no rows at all are ids, too
    lengths = np.array([len(row) for row in rows], int)
    return np.concatenate([nothing, *rows]), lengths


def _one_list(who: str, number: int, ids: Iterable[int]) -> np.ndarray:
    """One list in int64."""
    try:
        row = np.asarray(ids)
        if row.dtype == object:
            row = np.asarray(row.tolist())
    except ValueError:  # lists in a list, of unequal length
        row = np.empty((0, 0))
    whole = row.dtype.kind in "iu" or not row.size
    if row.ndim != 1 or not whole or np.ma.is_masked(ids):
        shown = f"{reprlib.repr(ids)} in row {number}"
        expected = "a list of whole numbers in every row"
        raise ValueError(f"{who}: expected {expected}, found {shown}")
    return in_int64(row)


def _rectangle(ids: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Ids that lie one behind the other as rows of these lengths, filled up
    with -1.
    """
    width = max(lengths.max(initial=0), 1)
    rectangle = np.full((len(lengths), width), PADDING, ids.dtype)
    there = np.arange(width) < lengths[:, None]
    rectangle[there] = ids
    return rectangle


def vocabulary(
    values: Iterable[Hashable], at_least: int = 2
) -> dict[Hashable, int]:
    """Ids for the values that occur often enough, the most frequent first.

    The rest are to be unknown, in training too.

    >>> vocabulary(["tea", "milk", "tea", "milk", "tea", "rum"])
    {'tea': 0, 'milk': 1}
    """
    counts = Counter(values).most_common()
    return {
        value: i for i, (value, count) in enumerate(counts) if count >= at_least
    }


def lookup(
    values: Iterable[Hashable], words: Mapping[Hashable, int]
) -> np.ndarray:
    """Ids of raw values by a `vocabulary`.

    A value that is not in it becomes `len(words)`, which is out of vocabulary.

    >>> lookup(["milk", "rum"], {"tea": 0, "milk": 1}).tolist()
    [1, 2]
    """
    unknown = len(words)
    return np.array([words.get(value, unknown) for value in values], "int32")
