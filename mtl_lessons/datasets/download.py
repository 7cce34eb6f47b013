"""A file is downloaded once, checked at every use, and what goes wrong is said in words."""

import csv
import hashlib
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
