"""MovieLens 100K and 1M."""

import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mtl_lessons.world import Rows

from .download import _own, _reading, fetch

# fmt: off
GENRES = [
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama",
    "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War",
    "Western",
]
# fmt: on


class _Release(NamedTuple):
    """Where a MovieLens release is, and how its two tables are named and separated."""

    url: str
    sha256: str
    ratings: str
    ratings_separator: str
    items: str
    items_separator: str


MOVIELENS = {
    "100k": _Release(
        url="https://files.grouplens.org/datasets/movielens/ml-100k.zip",
        sha256="50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229",
        ratings="u.data",
        ratings_separator="\t",
        items="u.item",
        items_separator="|",
    ),
    "1m": _Release(
        url="https://files.grouplens.org/datasets/movielens/ml-1m.zip",
        sha256="a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20",
        ratings="ratings.dat",
        ratings_separator="::",
        items="movies.dat",
        items_separator="::",
    ),
}


class MovieLens(NamedTuple):
    """Ratings in order of time, and the films. Users and items are numbered from 0.

    `ratings`: `user`, `item` (row of `items`), `rating` (1 to 5), `time` (seconds since 1970), each
    (ratings,). `items`: `id` (as published) and `title`, each (items,); `genre` 0/1, (items, 19), columns as
    in `GENRES`.
    """

    ratings: Rows
    items: Rows


def movielens(size: str = "100k", path: str | Path | None = None, progress: bool = True) -> MovieLens:
    """Ratings and films of MovieLens `"100k"` or `"1m"`.

    `path` reads a copy of your own instead of downloading: the zip archive of GroupLens, or the folder made
    of it. Its files are in Latin-1, as published, or in UTF-8, as an editor may have saved them.
    """
    if size not in MOVIELENS:
        raise ValueError(f"size must be one of {', '.join(MOVIELENS)}, found {size!r}")
    release = MOVIELENS[size]
    source = _own(path) if path else fetch(release.url, release.sha256, progress=progress)
    with _reading(source):
        items = _parse_items(_text(source, release.items), release.items_separator)
        ratings = _parse_ratings(_text(source, release.ratings), release.ratings_separator, items["id"])
    return MovieLens(ratings, items)


def _text(source: Path, name: str) -> str:
    """One file of the zip archive, or of the folder, without blank lines at its ends.

    The published files are in Latin-1. A title with an accent in Latin-1 is no UTF-8, so what can be read as UTF-8 is.
    """
    if source.is_dir():
        content = (source / name).read_bytes()
    else:
        with zipfile.ZipFile(source) as archive:
            member = next((member for member in archive.namelist() if Path(member).name == name), None)
            if member is None:
                raise ValueError(f"no {name} in it")
            content = archive.read(member)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return text.replace("\r\n", "\n").strip(" \t\n")


def _parse_items(text: str, separator: str) -> Rows:
    """A line is `id|title|date|date|address|19 flags` (100K) or `id::title::Genre|Genre` (1M)."""
    rows = [line.split(separator) for line in text.split("\n")]
    flagged = separator == "|"
    columns = 5 + len(GENRES) if flagged else 3
    for number, row in enumerate(rows, start=1):
        if len(row) != columns:
            raise ValueError(f"line {number} of the items: expected {columns} columns, found {len(row)}")
    named = [] if flagged else [row[2].split("|") for row in rows]
    unknown = {name for names in named for name in names} - set(GENRES)
    if unknown:
        raise ValueError(f"unknown genres {sorted(unknown)}")
    genre = np.array([row[5:] for row in rows] if flagged else [[name in names for name in GENRES] for names in named], "int64")
    _check_among("a genre flag", genre, (0, 1))
    ids = np.array([row[0] for row in rows], dtype="int32")
    _check_unique("item", ids)
    return {"id": ids, "title": np.array([row[1] for row in rows], dtype=object), "genre": genre.astype("int8")}


def _parse_ratings(text: str, separator: str, item_ids: np.ndarray) -> Rows:
    """A line is `user, item, rating, time`."""
    if not text:
        raise ValueError("no ratings")
    table = np.loadtxt(text.replace(separator, "\t").split("\n"), dtype="int64", delimiter="\t", ndmin=2)
    if table.shape[1] != 4:
        raise ValueError(f"ratings: expected 4 columns, found {table.shape[1]}")
    _check_among("a rating", table[:, 2], (1, 2, 3, 4, 5))
    user, item, rating, time = table[np.argsort(table[:, 3], kind="stable")].T
    order = np.argsort(item_ids)
    place = order[np.searchsorted(item_ids, item, sorter=order).clip(max=len(order) - 1)]
    if (item_ids[place] != item).any():
        raise ValueError(f"rating of an unknown item {item[item_ids[place] != item][0]}")
    return {
        "user": np.unique(user, return_inverse=True)[1].astype("int32"),
        "item": place.astype("int32"),
        "rating": rating.astype("float32"),
        "time": time,
    }


def _check_among(what: str, values: np.ndarray, allowed: tuple[int, ...]) -> None:
    odd = values[~np.isin(values, allowed)]
    if odd.size:
        raise ValueError(f"{what} must be one of {', '.join(map(str, allowed))}, found {odd[0]}")


def _check_unique(what: str, ids: np.ndarray) -> None:
    found, counts = np.unique(ids, return_counts=True)
    if (counts > 1).any():
        raise ValueError(f"expected every {what} once, found {found[counts > 1][0]} more often")
