"""Two public data sets that papers on multi-task learning use, from their original sources.

- `census_income`: UCI Census-Income (KDD), 299,285 people; the usual tasks are income and marital status.
  Source: UCI Machine Learning Repository (2000), https://doi.org/10.24432/C5N30T, licence CC BY 4.0: name it
  where you use it.
- `movielens`: MovieLens 100K and 1M, ratings of films. Source: GroupLens; F. M. Harper and J. A. Konstan
  (2015), The MovieLens Datasets: History and Context, https://doi.org/10.1145/2827872. For research; to be
  cited, and not to be passed on or used commercially without asking GroupLens.

Each is downloaded once into `cache_folder()` and checked at every use. GroupLens publishes checksums of
MovieLens, UCI none of the census data. What is known there is the SHA-256 of the test part, from a gzipped copy
of 1997: an archive without that part is refused. The training part beside it is trusted as first found: the
SHA-256 of the archive is written down, which guards against later change, not against a wrong first copy. Without
a network, give `path=` a copy of your own, which is not held against any checksum. What goes wrong raises
`DatasetError` and leaves no half file behind.
"""

import csv
import gzip
import hashlib
import io
import os
import sys
import tarfile
import tempfile
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

Rows = dict[str, np.ndarray]

CENSUS_URL = "https://archive.ics.uci.edu/static/public/117/census+income+kdd.zip"
CENSUS_TEST_SHA256 = "98402b1ab879573d0a7f38a699a40258080e25e33d3401e7bf9c96d3fa0fab8c"
CENSUS_PARTS = {"train": ("census-income.data", 199_523), "test": ("census-income.test", 99_762)}
# fmt: off
CENSUS_COLUMNS = [
    "age", "class_of_worker", "industry_code", "occupation_code", "education", "wage_per_hour",
    "enrolled_in_education", "marital_status", "major_industry", "major_occupation", "race",
    "hispanic_origin", "sex", "member_of_a_labor_union", "reason_for_unemployment", "full_or_part_time",
    "capital_gains", "capital_losses", "dividends_from_stocks", "tax_filer_status", "previous_region",
    "previous_state", "household_and_family", "household_summary", "instance_weight", "migration_in_msa",
    "migration_in_region", "migration_within_region", "same_house_a_year_ago",
    "previous_residence_in_sunbelt", "persons_worked_for_employer", "family_members_under_18",
    "father_born_in", "mother_born_in", "born_in", "citizenship", "own_business_or_self_employed",
    "veterans_questionnaire", "veterans_benefits", "weeks_worked", "year", "income",
]
CENSUS_NUMBERS = [
    "age", "wage_per_hour", "capital_gains", "capital_losses", "dividends_from_stocks", "instance_weight",
    "persons_worked_for_employer", "weeks_worked",
]
GENRES = [
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama",
    "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War",
    "Western",
]
# fmt: on
INCOME = {"- 50000.": 0, "50000+.": 1}


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
BAD_FILE = (
    OSError,
    EOFError,
    ValueError,
    OverflowError,
    LookupError,
    csv.Error,
    zlib.error,
    zipfile.BadZipFile,
    tarfile.TarError,
)


class DatasetError(RuntimeError):
    """A data set could not be had or read; the message says what to do."""


class MovieLens(NamedTuple):
    """Ratings in order of time, and the films. Users and items are numbered from 0.

    `ratings`: `user`, `item` (row of `items`), `rating` (1 to 5), `time` (seconds since 1970), each
    (ratings,). `items`: `id` (as published) and `title`, each (items,); `genre` 0/1, (items, 19), columns as
    in `GENRES`.
    """

    ratings: Rows
    items: Rows


def census_income(part: str = "train", path: str | Path | None = None, progress: bool = True) -> Rows:
    """The 42 columns of the census data by name (`CENSUS_COLUMNS`), each (rows,).

    `income` is the label: 1 for more than 50,000 dollars a year. The eight `CENSUS_NUMBERS` are float32, all
    other columns are strings as published ("?" and "Not in universe" included). `instance_weight` is a survey
    weight, no feature.

    `part` is `"train"` (199,523 rows) or `"test"` (99,762). `path` reads a copy of your own instead of
    downloading: the zip archive of UCI, or the part itself, as it is or gzipped. Takes some seconds.
    """
    if part not in CENSUS_PARTS:
        raise ValueError(f"part must be one of {', '.join(CENSUS_PARTS)}, found {part!r}")
    name, expected = CENSUS_PARTS[part]
    source = _own(path) if path else fetch(CENSUS_URL, progress=progress, trust=_check_census)
    with _reading(source), _open_census(source, name) as file, io.TextIOWrapper(file, "utf-8-sig") as lines:
        columns = _parse_census(lines)
    found = len(columns["income"])
    if path is None and found != expected:
        raise DatasetError(f"{source}: expected {expected} rows in {name}, found {found}; delete the file and try again")
    return columns


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


# ---------------------------------------------------------------------- download and cache


def cache_folder() -> Path:
    """Where downloads are kept: the variable `MTL_LESSONS_DATA`, else `~/.cache/mtl_lessons`, else a temporary folder.

    The last is for an account without a home folder, as in some containers; what is there may be gone tomorrow.
    """
    if chosen := os.environ.get("MTL_LESSONS_DATA"):
        return _own(chosen)
    try:
        return Path.home() / ".cache" / "mtl_lessons"
    except RuntimeError:
        return _without_home()


def _without_home() -> Path:
    return Path(tempfile.gettempdir()) / "mtl_lessons"


def _own(path: str | Path) -> Path:
    """A place that the reader named, which may begin with `~`."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise DatasetError(f"{path} begins with a home folder, and there is none; give the whole path") from error


def fetch(
    url: str,
    sha256: str | None = None,
    progress: bool = True,
    timeout: float = 60,
    trust: Callable[[Path], None] = lambda file: None,
) -> Path:
    """The zip archive behind `url`, from the cache; if it is not there, downloaded, checked, then put there.

    Without a known `sha256` the first copy is trusted if `trust(file)` does not raise, and its SHA-256 is kept
    beside it in `<name>.sha256`.
    Raises `DatasetError`: cache not writable or full, no network, file cut short, not an archive, wrong checksum.
    """
    target = cache_folder() / url.rsplit("/", 1)[-1]
    if not target.exists():
        if progress and target.parent == _without_home():
            print(
                f"There is no home folder: {target.name} is kept in {target.parent}, a temporary folder. "
                "To keep it for longer, set the variable MTL_LESSONS_DATA to a folder of yours.",
                file=sys.stderr,
            )
        with _new_file(target) as part:
            _download(url, part, progress, timeout)
            _check_is_archive(part, url)
            if sha256:
                _check_sha256(part, sha256, f"{url} is not the file that was published")
    with _reading(target):
        expected = sha256 or _remembered_sha256(target, progress, trust)
        _check_sha256(target, expected, f"{target} has changed: delete it and try again")
    return target


def _remembered_sha256(target: Path, progress: bool, trust: Callable[[Path], None]) -> str:
    """The SHA-256 of the first copy, from the note beside it, which is written now if there is none."""
    note = target.with_name(target.name + ".sha256")
    if not note.exists():
        trust(target)
        with _new_file(note) as part:
            part.write_text(_sha256(target) + "\n", encoding="ascii")
        if progress:
            print(f"{target.name} has no published checksum: this copy is trusted, see {note}", file=sys.stderr)
    return note.read_text(encoding="utf-8-sig").strip()


@contextmanager
def _new_file(target: Path) -> Iterator[Path]:
    """A temporary file beside `target` that takes its name if all goes well, and vanishes if not."""
    with _writing(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=target.name, suffix=".part")
        os.close(handle)
        part = Path(name)
        try:
            yield part
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Turns what a folder that is closed or full raises into a `DatasetError`."""
    try:
        yield
    except OSError as error:
        raise DatasetError(
            f"cannot write to the cache folder {folder} ({error.strerror}); make room there, or "
            "set the variable MTL_LESSONS_DATA to a folder that you can write to"
        ) from error


def _download(url: str, part: Path, progress: bool, timeout: float) -> None:
    try:
        with part.open("wb") as file:
            for chunk, total in _chunks(url, part.parent, timeout):
                file.write(chunk)
                _show(url, file.tell(), total, progress)
    finally:
        if progress:
            print(file=sys.stderr)


def _chunks(url: str, folder: Path, timeout: float) -> Iterator[tuple[bytes, int]]:
    """What is behind `url`, piece by piece, each with the size promised for the whole (0: none was)."""
    request, done = urllib.request.Request(url, headers={"User-Agent": "mtl_lessons"}), 0
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            total = int(response.headers.get("Content-Length") or 0)
            while chunk := response.read(1 << 16):
                done += len(chunk)
                yield chunk, total
    except (OSError, HTTPException) as error:
        raise DatasetError(
            f"cannot download {url} ({error}). Without a network: get the file on another machine and put it "
            f"into {folder} under its own name, or give its place as path=..."
        ) from error
    if total and done != total:
        raise DatasetError(f"{url} was cut short: expected {total} bytes, found {done}; try again")


def _show(url: str, done: int, total: int, progress: bool) -> None:
    if progress:
        of = f" of {total / 1e6:.1f}" if total else ""
        print(f"\r{url}: {done / 1e6:.1f}{of} MB", end="", file=sys.stderr, flush=True)


def _check_is_archive(file: Path, url: str) -> None:
    with file.open("rb") as opened:
        start = opened.read(200)
    if start[:4] != b"PK\x03\x04":
        kind = "a web page (a login or error page?)" if start.lstrip().startswith(b"<") else f"{start[:20]!r}"
        raise DatasetError(f"{url}: expected a zip archive, found {kind}; open the address in a browser, or give path=...")
    if not zipfile.is_zipfile(file):
        raise DatasetError(f"{url}: the zip archive has no end, the download was cut short; try again")


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _check_sha256(file: Path, expected: str, problem: str) -> None:
    found = _sha256(file)
    if found != expected:
        raise DatasetError(f"{problem} (expected SHA-256 {expected}, found {found})")


def _check_census(archive: Path) -> None:
    """Refuses an archive whose test part is not the one that is known."""
    name, _ = CENSUS_PARTS["test"]
    with _reading(archive), _open_census(archive, name) as part:
        found = hashlib.file_digest(part, "sha256").hexdigest()
    if found != CENSUS_TEST_SHA256:
        raise DatasetError(
            f"{archive} is not the census data: delete it and try again "
            f"(expected SHA-256 {CENSUS_TEST_SHA256} of {name}, found {found})"
        )


# ---------------------------------------------------------------------- reading


@contextmanager
def _reading(source: Path) -> Iterator[None]:
    """Turns what a bad file raises into one `DatasetError` that names the file."""
    try:
        if not source.exists():
            raise DatasetError(f"{source} does not exist; give path=... the place of your copy, or leave it out to download")
        yield
    except PermissionError as error:
        raise DatasetError(f"{source} cannot be read: {error.strerror}") from error
    except BAD_FILE as error:
        raise DatasetError(f"{source} is damaged or of another format: {error}") from error


@contextmanager
def _open_census(source: Path, name: str) -> Iterator[IO[bytes]]:
    """The bytes of one part: out of the zip (a tar.gz in it holds the parts), gzipped, or as it is."""
    with source.open("rb") as file:
        start = file.read(2)
        file.seek(0)
        if start == b"PK":
            with (
                zipfile.ZipFile(file) as outer,
                outer.open("census.tar.gz") as inner,
                tarfile.open(fileobj=inner, mode="r:gz") as archive,
            ):
                yield _tar_member(archive, name)
        elif start == b"\x1f\x8b":
            with gzip.open(file) as unpacked:
                yield unpacked
        else:
            yield file


def _tar_member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    for member in archive:
        if Path(member.name).name == name:
            return archive.extractfile(member)
    raise ValueError(f"no {name} in it")


def _parse_census(lines: IO[str]) -> Rows:
    rows = []
    for number, row in enumerate(csv.reader(lines, skipinitialspace=True), start=1):
        if not any(row):
            continue  # a blank line, such as editors leave at the end
        if len(row) != len(CENSUS_COLUMNS):
            raise ValueError(f"line {number}: expected {len(CENSUS_COLUMNS)} columns, found {len(row)}")
        rows.append([sys.intern(value) for value in row])  # few different values: keep each once
    if not rows:
        raise ValueError("no rows")
    columns = dict(zip(CENSUS_COLUMNS, zip(*rows, strict=True), strict=True))
    unknown = set(columns["income"]) - set(INCOME)
    if unknown:
        raise ValueError(f"income must be one of {', '.join(map(repr, INCOME))}, found {sorted(unknown)[:3]}")
    arrays = {name: np.array(values, dtype=object) for name, values in columns.items()}
    arrays |= {name: np.array(columns[name], dtype="float32") for name in CENSUS_NUMBERS}
    return arrays | {"income": np.array([INCOME[value] for value in columns["income"]], dtype="int8")}


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
