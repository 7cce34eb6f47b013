"""KuaiRand-Pure: a log of a video app with many kinds of feedback, a part of it
shown at random.

Source: C. Gao et al. (2022), KuaiRand: An Unbiased Sequential Recommendation
Dataset with Randomly Exposed Videos, https://doi.org/10.1145/3511808.3557624,
licence CC BY-SA 4.0; files at https://zenodo.org/records/10439422.
"""

import csv
import io
import tarfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from mtl_lessons.world import Rows

from .download import DatasetError, fetch, own_path, reading

KUAIRAND_URL = "https://zenodo.org/records/10439422/files/KuaiRand-Pure.tar.gz"
KUAIRAND_CHECKSUM = "md5:0820331067a3784d9691136f772b35a7"  # of that record
FEEDBACK = (
    "is_click",
    "is_like",
    "is_follow",
    "is_comment",
    "is_forward",
    "is_hate",
    "long_view",
)
KUAIRAND_COLUMNS = (
    "user_id",
    "video_id",
    "date",
    "hourmin",
    "time_ms",
    *FEEDBACK,
    "play_time_ms",
    "duration_ms",
    "profile_stay_time",
    "comment_stay_time",
    "is_profile_enter",
    "is_rand",
    "tab",
)
KUAIRAND_LABELS = (  # 0 or 1 in every row
    *FEEDBACK,
    "is_profile_enter",
    "is_rand",
)
KUAIRAND_PARTS = {
    "random": ("log_random_4_22_to_5_08_pure.csv",),
    "standard": (
        "log_standard_4_08_to_4_21_pure.csv",
        "log_standard_4_22_to_5_08_pure.csv",
    ),
}
KUAIRAND_ROWS = {"random": 1_186_059, "standard": 1_436_609}  # as published


def kuairand(
    part: str = "random",
    path: str | Path | None = None,
    progress: bool = True,
) -> Rows:
    """The 19 columns of a log by name (`KUAIRAND_COLUMNS`), each (rows,).

    `part`: `"random"`, videos that were put into the feed at random, which needs
    no propensity to be fair; or `"standard"`, those that the app's own policies
    chose. `KUAIRAND_LABELS` are int8, 0 or 1; all others are int64, times in
    milliseconds.

    `path` reads a copy of your own instead of downloading: the archive
    `KuaiRand-Pure.tar.gz`, the folder made of it, or one of its logs. A download
    is held to the MD5 that its record at Zenodo publishes, and to the published
    number of rows.

    Raises `ValueError` for another part, `DatasetError` for a file that cannot be
    had or read.

    >>> import tempfile
    >>> line = "17387,1123453,20220421,400,1650485801301,1,0,0,0,0,0,1,151024,104400,0,0,0,1,1"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "log_random_4_22_to_5_08_pure.csv"
    ...     characters = file.write_text(",".join(KUAIRAND_COLUMNS) + "\\n" + line)
    ...     rows = kuairand(path=file)
    >>> rows["video_id"].tolist(), rows["long_view"].tolist()
    ([1123453], [1])
    """
    if part not in KUAIRAND_PARTS:
        raise ValueError(
            f"part: expected one of {', '.join(KUAIRAND_PARTS)}, found {part!r}"
        )
    source = (
        own_path(path)
        if path
        else fetch(KUAIRAND_URL, KUAIRAND_CHECKSUM, progress)
    )
    logs = []
    with reading(source):
        for name in KUAIRAND_PARTS[part]:
            if source.is_file() and not _packed(source) and logs:
                break  # one log of one's own
            with (
                _opened(source, name) as file,
                io.TextIOWrapper(file, "utf-8-sig") as lines,
            ):
                logs.append(_parsed(lines))
    rows = {
        name: np.concatenate([log[name] for log in logs])
        for name in KUAIRAND_COLUMNS
    }
    own, published = len(rows["is_click"]), KUAIRAND_ROWS[part]
    if path is None and own != published:
        raise DatasetError(
            f"{source}: expected {published} rows in the {part} part, found "
            f"{own}; delete the file and try again"
        )
    return rows


def _packed(source: Path) -> bool:
    with source.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


@contextmanager
def _opened(source: Path, name: str) -> Generator[IO[bytes], None, None]:
    """The bytes of one log: out of the archive, of a folder, or as it is."""
    if source.is_dir():
        found = sorted(source.rglob(name))
        if not found:
            raise ValueError(f"folder: expected {name} in it, found none")
        with found[0].open("rb") as file:
            yield file
    elif _packed(source):
        with tarfile.open(source, mode="r:gz") as archive:
            for member in archive:
                file = archive.extractfile(member)
                if Path(member.name).name == name and file is not None:
                    yield file
                    return
        raise ValueError(f"archive: expected {name} in it, found none")
    else:
        with source.open("rb") as file:
            yield file


def _parsed(lines: Iterable[str]) -> Rows:
    """A log: a line of names, then numbers."""
    table = csv.reader(lines)
    names = next(table, [])
    if tuple(names) != KUAIRAND_COLUMNS:
        missing = [name for name in KUAIRAND_COLUMNS if name not in names]
        raise ValueError(
            f"line 1: expected the columns {', '.join(KUAIRAND_COLUMNS)}, found "
            f"{len(names)} columns, without {', '.join(missing) or 'their order'}"
        )
    columns: list[list[int]] = [[] for _ in names]
    for number, row in enumerate(table, start=2):
        if not row:
            continue
        if len(row) != len(names):
            raise ValueError(
                f"line {number}: expected {len(names)} columns, found {len(row)}"
            )
        for column, value in zip(columns, row):
            column.append(_whole(number, value))
    if not columns[0]:
        raise ValueError("rows: expected one or more, found none")
    rows = {
        name: np.array(column, "int64") for name, column in zip(names, columns)
    }
    for name in KUAIRAND_LABELS:
        strange = rows[name][~np.isin(rows[name], (0, 1))]
        if strange.size:
            raise ValueError(f"{name}: expected 0 or 1, found {strange[0]}")
        rows[name] = rows[name].astype("int8")
    return rows


def _whole(number: int, value: str) -> int:
    try:
        return int(value)
    except ValueError as error:
        raise ValueError(
            f"line {number}: expected whole numbers, found {value!r}"
        ) from error
