"""MovieLens 100K and 1M: ratings of films.

Source: GroupLens; F. M. Harper and J. A. Konstan (2015), The MovieLens
Datasets: History and Context, https://doi.org/10.1145/2827872.
"""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mtl_lessons.world import Rows

from .download import fetch, own_path, reading

# fmt: off
GENRES = [
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary",
    "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi",
    "Thriller", "War", "Western",
]
# fmt: on


class Release(NamedTuple):
    """Where a MovieLens release is, and how its two tables are named and
    separated.
    """

    url: str
    sha256: str
    ratings: str
    ratings_separator: str
    items: str
    items_separator: str


MOVIELENS = {
    "100k": Release(
        url="https://files.grouplens.org/datasets/movielens/ml-100k.zip",
        sha256="50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229",
        ratings="u.data",
        ratings_separator="\t",
        items="u.item",
        items_separator="|",
    ),
    "1m": Release(
        url="https://files.grouplens.org/datasets/movielens/ml-1m.zip",
        sha256="a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20",
        ratings="ratings.dat",
        ratings_separator="::",
        items="movies.dat",
        items_separator="::",
    ),
}


class MovieLens(NamedTuple):
    """Ratings in order of time, and the films. Users and items are numbered
    from 0.

    - `ratings`: `user`, `item` (row of `items`), `rating` (1 to 5), `time`
      (seconds since 1970), each (ratings,).
    - `items`: `id` (as published) and `title`, each (items,); `genre` 0/1,
      (items, 19), columns as in `GENRES`.

    >>> films = MovieLens(ratings={"rating": np.array([5.0, 3.0])}, items={})
    >>> float(films.ratings["rating"].mean())
    4.0
    """

    ratings: Rows
    items: Rows


def movielens(
    size: str = "100k",
    path: str | Path | None = None,
    progress: bool = True,
) -> MovieLens:
    """Ratings and films of MovieLens `"100k"` or `"1m"`.

    `path` reads a copy of your own instead of downloading: the zip archive of
    GroupLens, or the folder made of it. Its files are in Latin-1, as published,
    or in UTF-8, as an editor may have saved them.

    Raises `ValueError` for another size, `DatasetError` for a file that cannot
    be had or read.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     film = "914::My Fair Lady (1964)::Musical|Romance"
    ...     characters = (Path(folder) / "movies.dat").write_text(film)
    ...     characters = (Path(folder) / "ratings.dat").write_text("7::914::3::978301968")
    ...     films = movielens("1m", path=folder)
    >>> films.items["title"].tolist(), films.ratings["rating"].tolist()
    (['My Fair Lady (1964)'], [3.0])
    >>> [genre for genre, flag in zip(GENRES, films.items["genre"][0]) if flag]
    ['Musical', 'Romance']
    """
    if size not in MOVIELENS:
        raise ValueError(
            f"size: expected one of {', '.join(MOVIELENS)}, found {size!r}"
        )
    release = MOVIELENS[size]
    source = (
        own_path(path)
        if path
        else fetch(release.url, release.sha256, progress=progress)
    )
    with reading(source):
        text = _file_text(source, release.items)
        items = _parse_items(text, release.items_separator)
        text = _file_text(source, release.ratings)
        ratings = _parse_ratings(text, release.ratings_separator, items["id"])
    return MovieLens(ratings, items)


def _file_text(source: Path, name: str) -> str:
    """One file of the zip archive, or of the folder, without blank lines at its
    ends.

    The published files are in Latin-1. A title with an accent in Latin-1 is no
    UTF-8, so what can be read as UTF-8 is.
    """
    content = (
        (source / name).read_bytes()
        if source.is_dir()
        else _unzipped(source, name)
    )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return text.replace("\r\n", "\n").strip(" \t\n")


def _unzipped(source: Path, name: str) -> bytes:
    with zipfile.ZipFile(source) as archive:
        for member in archive.namelist():
            if Path(member).name == name:
                return archive.read(member)
    raise ValueError(f"archive: expected {name} in it, found none")


def _parse_items(text: str, separator: str) -> Rows:
    """A line is `id|title|date|date|address|19 flags` (100K) or
    `id::title::Genre|Genre` (1M).
    """
    rows = [line.split(separator) for line in text.split("\n")]
    flagged = separator == "|"
    columns = 5 + len(GENRES) if flagged else 3
    for number, row in enumerate(rows, start=1):
        if len(row) != columns:
            expected = f"{columns} columns"
            raise ValueError(
                f"line {number} of the items: expected {expected}, found "
                f"{len(row)}"
            )
    flags = (
        [row[5:] for row in rows]
        if flagged
        else _flags([row[2] for row in rows])
    )
    genre = np.array(flags, "int64")
    _check_among("genre flag", genre, (0, 1))
    ids = np.array([row[0] for row in rows], dtype="int32")
    _check_unique("items", ids)
    titles = np.array([row[1] for row in rows], dtype=object)
    return {"id": ids, "title": titles, "genre": genre.astype("int8")}


def _flags(named: Sequence[str]) -> list[list[bool]]:
    """From `Genre|Genre` to a flag for each of GENRES."""
    by_film = [names.split("|") for names in named]
    unknown = set().union(*by_film) - set(GENRES)
    if unknown:
        raise ValueError(
            f"genres: expected those of GENRES, found {sorted(unknown)}"
        )
    return [[genre in names for genre in GENRES] for names in by_film]


def _parse_ratings(text: str, separator: str, item_ids: np.ndarray) -> Rows:
    """A line is `user, item, rating, time`."""
    if not text:
        raise ValueError("ratings: expected one or more, found none")
    lines = text.replace(separator, "\t").split("\n")
    table = np.loadtxt(lines, dtype="int64", delimiter="\t", ndmin=2)
    if table.shape[1] != 4:
        raise ValueError(f"ratings: expected 4 columns, found {table.shape[1]}")
    _check_among("rating", table[:, 2], (1, 2, 3, 4, 5))
    in_time = np.argsort(table[:, 3], kind="stable")
    user, item, rating, time = table[in_time].T
    return {
        "user": np.unique(user, return_inverse=True)[1].astype("int32"),
        "item": _positions(item, item_ids).astype("int32"),
        "rating": rating.astype("float32"),
        "time": time,
    }


def _positions(items: np.ndarray, item_ids: np.ndarray) -> np.ndarray:
    """Where each item's id stands among the ids of the films."""
    order = np.argsort(item_ids)
    after = np.searchsorted(item_ids, items, sorter=order)
    positions = order[after.clip(max=len(order) - 1)]
    unlisted = items[item_ids[positions] != items]
    if unlisted.size:
        raise ValueError(
            f"ratings: expected items that are listed, found {unlisted[0]}"
        )
    return positions


def _check_among(
    name: str, values: np.ndarray, allowed: tuple[int, ...]
) -> None:
    strange = values[~np.isin(values, allowed)]
    if strange.size:
        listed = ", ".join(map(str, allowed))
        raise ValueError(
            f"{name}: expected one of {listed}, found {strange[0]}"
        )


def _check_unique(name: str, ids: np.ndarray) -> None:
    different, counts = np.unique(ids, return_counts=True)
    repeated = different[counts > 1]
    if repeated.size:
        raise ValueError(
            f"{name}: expected every id once, found {repeated[0]} more often"
        )
