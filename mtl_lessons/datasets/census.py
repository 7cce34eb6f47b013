"""UCI Census-Income (KDD)."""

import csv
import gzip
import hashlib
import io
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from mtl_lessons.world import Rows

from .download import DatasetError, _own, _reading, fetch

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
# fmt: on
INCOME = {"- 50000.": 0, "50000+.": 1}


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
