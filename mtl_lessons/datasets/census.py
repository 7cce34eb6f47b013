"""UCI Census-Income (KDD): 299,285 people of the years 1994 and 1995.

Source: UCI Machine Learning Repository (2000), https://doi.org/10.24432/C5N30T,
licence CC BY 4.0.
"""

import csv
import gzip
import hashlib
import io
import sys
import tarfile
import zipfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from mtl_lessons.world import Rows

from .download import DatasetError, fetch, own_path, reading

CENSUS_URL = (
    "https://archive.ics.uci.edu/static/public/117/census+income+kdd.zip"
)
CENSUS_TEST_SHA256 = (
    "98402b1ab879573d0a7f38a699a40258080e25e33d3401e7bf9c96d3fa0fab8c"
)
CENSUS_PARTS = {  # file and number of rows
    "train": ("census-income.data", 199_523),
    "test": ("census-income.test", 99_762),
}
# fmt: off
CENSUS_COLUMNS = [
    "age", "class_of_worker", "industry_code", "occupation_code", "education", "wage_per_hour",
    "enrolled_in_education", "marital_status", "major_industry", "major_occupation", "race",
    "hispanic_origin", "sex", "member_of_a_labor_union", "reason_for_unemployment",
    "full_or_part_time", "capital_gains", "capital_losses", "dividends_from_stocks",
    "tax_filer_status", "previous_region", "previous_state", "household_and_family",
    "household_summary", "instance_weight", "migration_in_msa", "migration_in_region",
    "migration_within_region", "same_house_a_year_ago", "previous_residence_in_sunbelt",
    "persons_worked_for_employer", "family_members_under_18", "father_born_in", "mother_born_in",
    "born_in", "citizenship", "own_business_or_self_employed", "veterans_questionnaire",
    "veterans_benefits", "weeks_worked", "year", "income",
]
CENSUS_NUMBERS = [
    "age", "wage_per_hour", "capital_gains", "capital_losses", "dividends_from_stocks",
    "instance_weight", "persons_worked_for_employer", "weeks_worked",
]
# fmt: on
INCOME = {"- 50000.": 0, "50000+.": 1}


def census_income(
    part: str = "train",
    path: str | Path | None = None,
    progress: bool = True,
) -> Rows:
    """The 42 columns of the census data by name (`CENSUS_COLUMNS`), each
    (rows,).

    `income` is the label: 1 for more than 50,000 dollars a year. The eight
    `CENSUS_NUMBERS` are float32, all other columns are strings as published
    ("?" and "Not in universe" included). `instance_weight` is a survey weight,
    no feature.

    `part` is `"train"` (199,523 rows) or `"test"` (99,762). `path` reads a copy
    of your own instead of downloading: the zip archive of UCI, or the part
    itself, as it is or gzipped. Takes some seconds.

    Raises `ValueError` for another part, `DatasetError` for a file that cannot
    be had or read.

    >>> import tempfile
    >>> person = dict.fromkeys(CENSUS_COLUMNS, "0") | {"age": "38", "income": "50000+."}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "census-income.data"
    ...     characters = file.write_text(", ".join(person.values()))
    ...     people = census_income(path=file)
    >>> people["age"].tolist(), people["income"].tolist()
    ([38.0], [1])
    """
    if part not in CENSUS_PARTS:
        raise ValueError(
            f"part: expected one of {', '.join(CENSUS_PARTS)}, found {part!r}"
        )
    name, rows = CENSUS_PARTS[part]
    source = (
        own_path(path)
        if path
        else fetch(CENSUS_URL, progress=progress, trust=_check_census)
    )
    with (
        reading(source),
        _open_census(source, name) as file,
        io.TextIOWrapper(file, "utf-8-sig") as lines,
    ):
        columns = _parse_census(lines)
    own = len(columns["income"])
    if path is None and own != rows:
        raise DatasetError(
            f"{source}: expected {rows} rows in {name}, found {own}; delete "
            "the file and try again"
        )
    return columns


def _check_census(archive: Path) -> None:
    """Refuses an archive whose test part is not the one that is known."""
    name, _ = CENSUS_PARTS["test"]
    with reading(archive), _open_census(archive, name) as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if sha256 != CENSUS_TEST_SHA256:
        raise DatasetError(
            f"{archive}: expected the census data, with a {name} of SHA-256 "
            f"{CENSUS_TEST_SHA256}, "
            f"found {sha256}; delete it and try again"
        )


@contextmanager
def _open_census(source: Path, name: str) -> Generator[Any, None, None]:
    """The bytes of one part.

    Out of the zip (a tar.gz in it holds the parts), gzipped, or as it is.
    """
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
            file = archive.extractfile(member)
            if file is not None:
                return file
    raise ValueError(f"archive: expected {name} in it, found none")


def _parse_census(lines: Iterable[str]) -> Rows:
    rows = []
    for number, row in enumerate(
        csv.reader(lines, skipinitialspace=True), start=1
    ):
        if not any(row):
            continue  # a blank line, such as editors leave at the end
        if len(row) != len(CENSUS_COLUMNS):
            expected = f"{len(CENSUS_COLUMNS)} columns"
            raise ValueError(
                f"line {number}: expected {expected}, found {len(row)}"
            )
        # few different values: keep each once
        rows.append([sys.intern(value) for value in row])
    if not rows:
        raise ValueError("rows: expected one or more, found none")
    columns = dict(zip(CENSUS_COLUMNS, zip(*rows, strict=True), strict=True))
    unknown = set(columns["income"]) - set(INCOME)
    if unknown:
        classes = ", ".join(map(repr, INCOME))
        raise ValueError(
            f"income: expected one of {classes}, found {sorted(unknown)[:3]}"
        )
    arrays = {
        name: np.array(values, dtype=object) for name, values in columns.items()
    }
    for name in CENSUS_NUMBERS:
        arrays[name] = np.array(columns[name], dtype="float32")
    labels = [INCOME[value] for value in columns["income"]]
    return arrays | {"income": np.array(labels, dtype="int8")}
