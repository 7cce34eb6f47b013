"""A file is downloaded once, checked at every use, and what goes wrong is said
in words.
"""

import csv
import hashlib
import os
import sys
import tarfile
import tempfile
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPException
from pathlib import Path

# What a file raises that is damaged or of another format.
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
    """A data set could not be had or read; the message says what to do.

    >>> with reading(Path("nowhere.zip")):
    ...     pass
    Traceback (most recent call last):
        ...
    mtl_lessons.datasets.download.DatasetError: nowhere.zip: expected a file or a folder, found ...
    """


# -------------------------------------------------------------- where files are


def cache_folder() -> Path:
    """Where downloads are kept.

    That is the variable `MTL_LESSONS_DATA`, else `~/.cache/mtl_lessons`, else a
    temporary folder. The last is for an account without a home folder, as in
    some containers; what is there may be gone tomorrow.

    >>> from unittest import mock
    >>> with mock.patch.dict(os.environ, MTL_LESSONS_DATA="data"):
    ...     cache_folder().name
    'data'
    """
    chosen = os.environ.get("MTL_LESSONS_DATA")
    if chosen:
        return own_path(chosen)
    try:
        return Path.home() / ".cache" / "mtl_lessons"
    except RuntimeError:
        return _without_home()


def _without_home() -> Path:
    return Path(tempfile.gettempdir()) / "mtl_lessons"


def own_path(path: str | Path) -> Path:
    """A place that the reader named, which may begin with `~`."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        expected = "a home folder for its '~'"
        raise DatasetError(
            f"{path}: expected {expected}, found none; give the whole path"
        ) from error


# ---------------------------------------------------------------- download


def _trusted(_: Path) -> None:
    """Any first copy will do."""


def fetch(
    url: str,
    checksum: str | None = None,
    progress: bool = True,
    timeout: float = 60,
    trust: Callable[[Path], None] = _trusted,
) -> Path:
    """The zip archive behind `url`, from the cache.

    If it is not there, it is downloaded, checked, then put there. `timeout` is
    in seconds. `checksum` is the published one: a SHA-256, or `md5:` and an MD5.
    Without one the first copy is trusted if `trust(file)` does not raise, and
    its SHA-256 is kept beside it in `<name>.sha256`.

    Raises `DatasetError`: cache not writable or full, no network, file cut
    short, not an archive, wrong checksum.

    >>> from unittest import mock
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     archive = Path(folder) / "some.zip"
    ...     with zipfile.ZipFile(archive, "w") as opened:
    ...         opened.writestr("u.data", "")
    ...     with mock.patch.dict(os.environ, MTL_LESSONS_DATA=f"{folder}/cache"):
    ...         copy = fetch(archive.as_uri(), progress=False)
    ...         copy.parent.name, copy.read_bytes() == archive.read_bytes()
    ('cache', True)
    """
    target = cache_folder() / url.rsplit("/", 1)[-1]
    if not target.exists():
        if progress and target.parent == _without_home():
            _warn_of_temporary(target)
        with _new_file(target) as unfinished:
            _download(url, unfinished, progress, timeout)
            _check_is_archive(unfinished, url)
            if checksum:
                _check_unchanged(
                    unfinished,
                    checksum,
                    f"{url}: expected the file that was published",
                )
    with reading(target):
        if checksum is None:
            checksum = _remembered_sha256(target, progress, trust)
        expected = f"{target}: expected an unchanged file"
        _check_unchanged(
            target, checksum, expected, advice="; delete it and try again"
        )
    return target


def _warn_of_temporary(target: Path) -> None:
    print(
        f"There is no home folder: {target.name} is kept in {target.parent}, a "
        "temporary folder. "
        "To keep it for longer, set the variable MTL_LESSONS_DATA to a folder "
        "of yours.",
        file=sys.stderr,
    )


def _remembered_sha256(
    target: Path, progress: bool, trust: Callable[[Path], None]
) -> str:
    """The SHA-256 of the first copy, from the note beside it.

    The note is written now if there is none.
    """
    note = target.with_name(target.name + ".sha256")
    if not note.exists():
        trust(target)
        with _new_file(note) as unfinished:
            unfinished.write_text(
                _digest(target, "sha256") + "\n", encoding="ascii"
            )
        if progress:
            print(
                f"{target.name} has no published checksum: this copy is "
                f"trusted, see {note}",
                file=sys.stderr,
            )
    return note.read_text(encoding="utf-8-sig").strip()


@contextmanager
def _new_file(target: Path) -> Generator[Path, None, None]:
    """A temporary file beside `target`.

    It takes `target`'s name if all goes well, and vanishes if not.
    """
    with _writing(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            dir=target.parent, prefix=target.name, suffix=".part"
        )
        os.close(handle)
        unfinished = Path(name)
        try:
            yield unfinished
            os.replace(unfinished, target)
        finally:
            unfinished.unlink(missing_ok=True)


@contextmanager
def _writing(folder: Path) -> Generator[None, None, None]:
    """Turns what a folder that is closed or full raises into a `DatasetError`."""
    try:
        yield
    except OSError as error:
        raise DatasetError(
            f"{folder}: expected a cache folder to write to, found "
            f"{error.strerror!r}; make room "
            "there, or set the variable MTL_LESSONS_DATA to a folder that you "
            "can write to"
        ) from error


def _download(url: str, file: Path, progress: bool, timeout: float) -> None:
    try:
        with file.open("wb") as opened:
            for chunk, total in _chunks(url, file.parent, timeout):
                opened.write(chunk)
                _show(url, opened.tell(), total, progress)
    finally:
        if progress:
            print(file=sys.stderr)


def _chunks(
    url: str, folder: Path, timeout: float
) -> Iterator[tuple[bytes, int]]:
    """What is behind `url`, piece by piece.

    Each comes with the size promised for the whole, in bytes (0: none was).
    """
    request = urllib.request.Request(url, headers={"User-Agent": "mtl_lessons"})
    done = 0
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            total = int(response.headers.get("Content-Length") or 0)
            while chunk := response.read(1 << 16):
                done += len(chunk)
                yield chunk, total
    except (OSError, HTTPException) as error:
        raise DatasetError(
            f"{url}: expected to download it, found {error}. Without a "
            "network: get the file on "
            f"another machine and put it into {folder} under its own name, or "
            "give its place as "
            "path=..."
        ) from error
    if total and done != total:
        raise DatasetError(
            f"{url}: expected {total} bytes, found {done}: cut short; try again"
        )


def _show(url: str, done: int, total: int, progress: bool) -> None:
    if progress:
        of = f" of {total / 1e6:.1f}" if total else ""
        print(
            f"\r{url}: {done / 1e6:.1f}{of} MB",
            end="",
            file=sys.stderr,
            flush=True,
        )


# ---------------------------------------------------------------- checks


def _check_is_archive(file: Path, url: str) -> None:
    with file.open("rb") as opened:
        start = opened.read(200)
    if url.endswith(".tar.gz") and start[:2] == b"\x1f\x8b":
        return  # gzip checks itself when it is read to its end
    if start[:4] != b"PK\x03\x04":
        page = start.lstrip().startswith(b"<")
        kind = (
            "a web page (a login or error page?)" if page else f"{start[:20]!r}"
        )
        raise DatasetError(
            f"{url}: expected a {'gzip' if url.endswith('.gz') else 'zip'} "
            f"archive, found {kind}; "
            "open the address in a browser, or give path=..."
        )
    if not zipfile.is_zipfile(file):
        raise DatasetError(
            f"{url}: expected a whole zip archive, found one without an end: "
            "cut short; try again"
        )


CHECKSUMS = {"": "sha256", "md5": "md5"}  # by what stands before the colon
SHOWN = {"sha256": "SHA-256", "md5": "MD5"}


def _digest(file: Path, algorithm: str) -> str:
    empty = partial(hashlib.new, algorithm, usedforsecurity=False)
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, empty).hexdigest()


def _check_unchanged(
    file: Path, checksum: str, expected: str, advice: str = ""
) -> None:
    kind, _, digest = checksum.rpartition(":")
    algorithm = CHECKSUMS[kind]
    own = _digest(file, algorithm)
    if own != digest:
        raise DatasetError(
            f"{expected}, of {SHOWN[algorithm]} {digest}, found {own}{advice}"
        )


@contextmanager
def reading(source: Path) -> Generator[None, None, None]:
    """Turns what a bad file raises into one `DatasetError` that names the file."""
    try:
        if not source.exists():
            raise DatasetError(
                f"{source}: expected a file or a folder, found none; "
                "give path=... the place of your copy, or leave it out to "
                "download"
            )
        yield
    except PermissionError as error:
        raise DatasetError(
            f"{source}: expected a file that may be read, found "
            f"{error.strerror!r}"
        ) from error
    except BAD_FILE as error:
        raise DatasetError(
            f"{source}: expected the published format, "
            f"found a file that is damaged or of another format: {error}"
        ) from error
