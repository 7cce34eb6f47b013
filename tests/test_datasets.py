"""Loaders: the original formats, the real file when it is at hand.

And every way in which a download can go wrong.
"""

import errno
import gzip
import hashlib
import io
import os
import sys
import tarfile
import tempfile
import threading
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from real_data import REAL_CENSUS

from mtl_lessons import datasets
from mtl_lessons.datasets import (
    DatasetError,
    census,
    census_income,
    download,
    fetch,
    movielens,
)
from mtl_lessons.world import split_by_time

# two lines of the original; only the second income is changed
CENSUS = (
    "38, Private, 6, 36, 1st 2nd 3rd or 4th grade, 0, Not in universe, "
    "Married-civilian spouse present, Manufacturing-durable goods, "
    "Machine operators assmblrs & inspctrs, White, Mexican (Mexicano), Female, Not in universe, "
    "Not in universe, Full-time schedules, 0, 0, 0, Joint one under 65 & one 65+, Not in universe, "
    "Not in universe, Spouse of householder, Spouse of householder, 1032.38, ?, ?, ?, "
    "Not in universe under 1 year old, ?, 4, Not in universe, Mexico, Mexico, Mexico, "
    "Foreign born- Not a citizen of U S , 0, Not in universe, 2, 12, 95, - 50000.\n"
    "44, Self-employed-not incorporated, 37, 12, Associates degree-occup /vocational, 0, "
    "Not in universe, Married-civilian spouse present, Business and repair services, "
    "Professional specialty, White, All other, Female, Not in universe, Not in universe, "
    "PT for econ reasons usually PT, 0, 0, 2500, Joint both under 65, Not in universe, "
    "Not in universe, Spouse of householder, Spouse of householder, 1462.33, ?, ?, ?, "
    "Not in universe under 1 year old, ?, 1, Not in universe, United-States, United-States, "
    "United-States, Native- Born in the United States, 0, Not in universe, 2, 26, 95, 50000+.\n"
)
FLAGS = "0|0|0|1|1|1" + "|0" * 13  # Animation, Children's, Comedy
MOVIELENS_100K = {
    "u.data": "196\t2\t3\t881250949\n22\t1\t1\t878887116\n196\t1\t5\t881250950\n",
    "u.item": f"1|Toy Story (1995)|01-Jan-1995||http://x|{FLAGS}\n"
    f"2|Misérables, Les (1995)|01-Jan-1995||http://y|0|1{'|0' * 17}\n",
}
MOVIELENS_1M = {
    "ratings.dat": "1::914::3::978301968\n1::1::5::978300760\n6040::1::4::956703932\n",
    "movies.dat": "1::Toy Story (1995)::Animation|Children's|Comedy\n"
    "914::My Fair Lady\x85 (1964)::Musical|Romance\n",
}


def zip_of(files, folder=""):
    """The same bytes at any time: a member's date is 1980, as in `ZipInfo`, not the clock's."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            content = (
                content.encode("latin-1")
                if isinstance(content, str)
                else content
            )
            archive.writestr(
                zipfile.ZipInfo(folder + name), content, zipfile.ZIP_DEFLATED
            )
    return packed.getvalue()


def census_zip(files):
    """As UCI packs it: a zip that holds one tar.gz that holds the parts."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as archive,
    ):
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content.encode()))
    return zip_of({"census.tar.gz": packed.getvalue()})


def gzipped(text):
    """Without the clock's time in its head."""
    return gzip.compress(text.encode(), mtime=0)


@contextmanager
def answering(body, status=200, length=None):
    """A server that answers every request with `body`, and may promise another length."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            requests.append(self.path)
            self.send_response(status)
            if length is not False:
                self.send_header(
                    "Content-Length",
                    str(len(body) if length is None else length),
                )
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    requests = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(
            target=server.serve_forever, args=(0.01,), daemon=True
        ).start()  # it looks for its end so often
        yield f"http://127.0.0.1:{server.server_port}/some.zip", requests
        server.shutdown()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache" / "of mine"
    monkeypatch.setenv("MTL_LESSONS_DATA", str(folder))
    monkeypatch.setenv("no_proxy", "*")
    return folder


# ---------------------------------------------------------------------- census


@pytest.mark.parametrize("packing", ["plain", "gzip", "zip"])
def test_census_in_every_packing(tmp_path, packing):
    other = CENSUS.splitlines(keepends=True)[0]
    packed = {
        "plain": CENSUS.encode(),
        "gzip": gzipped(CENSUS),
        "zip": census_zip(
            {
                "census-income.data": other * 3,
                "census-income.test": CENSUS,
                "census-income.names": "|",
            }
        ),
    }[packing]
    file = tmp_path / "a file"
    file.write_bytes(packed)
    rows = census_income("test", path=file)
    assert list(rows) == datasets.CENSUS_COLUMNS
    assert len(rows) == 42
    assert {len(column) for column in rows.values()} == {2}
    np.testing.assert_array_equal(rows["income"], [0, 1])
    np.testing.assert_array_equal(rows["age"], [38, 44])
    np.testing.assert_array_equal(rows["weeks_worked"], [12, 26])
    np.testing.assert_array_equal(rows["dividends_from_stocks"], [0, 2500])
    np.testing.assert_allclose(rows["instance_weight"], [1032.38, 1462.33])
    assert (
        rows["marital_status"].tolist()
        == ["Married-civilian spouse present"] * 2
    )
    assert rows["born_in"].tolist() == ["Mexico", "United-States"]
    assert rows["year"].tolist() == ["95", "95"]
    assert all(
        (rows[name].dtype == np.float32) == (name in datasets.CENSUS_NUMBERS)
        for name in rows
    )
    if packing == "zip":
        assert len(census_income("train", path=file)["age"]) == 3


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + CENSUS,
        CENSUS + "\n",
        CENSUS.replace("\n", "\n\n") + " \n",
        CENSUS.replace("\n", "\r\n"),
    ],
)
def test_census_as_an_editor_saves_it(tmp_path, text):
    (tmp_path / "census").write_bytes(text.encode())
    rows = census_income("test", path=tmp_path / "census")
    np.testing.assert_array_equal(rows["age"], [38, 44])
    np.testing.assert_array_equal(rows["income"], [0, 1])


def without_home(monkeypatch):
    """An account that has no HOME and no entry among the users."""

    def home_of_nobody(path):
        return path

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(os.path, "expanduser", home_of_nobody)


def test_without_a_home_folder_downloads_go_to_a_temporary_one(
    tmp_path, monkeypatch, capsys
):
    without_home(monkeypatch)
    monkeypatch.delenv("MTL_LESSONS_DATA")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert datasets.cache_folder() == tmp_path / "mtl_lessons"
    with answering(GOOD) as (url, requests):
        for _ in range(2):
            assert (
                fetch(url, sha256(GOOD))
                == tmp_path / "mtl_lessons" / "some.zip"
            )
    assert requests == ["/some.zip"]
    assert (
        capsys.readouterr().err.count(
            "There is no home folder: some.zip is kept in"
        )
        == 1
    )


def test_a_path_that_begins_with_a_home_folder_that_is_not_there(monkeypatch):
    without_home(monkeypatch)
    with pytest.raises(
        DatasetError,
        match="~/ml: expected a home folder for its '~', found none; give the whole path",
    ):
        movielens(path="~/ml")
    monkeypatch.setenv("MTL_LESSONS_DATA", "~/data")
    with pytest.raises(DatasetError, match="~/data: expected a home folder"):
        movielens()


def test_a_file_in_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "census").write_text(CENSUS)
    write(tmp_path / "ml", MOVIELENS_100K, "folder")
    assert len(census_income("test", path="~/census")["age"]) == 2
    assert len(movielens("100k", path="~/ml").ratings["rating"]) == 3


def test_a_file_that_may_not_be_read_is_not_called_damaged(
    tmp_path, monkeypatch
):
    write(tmp_path / "ml", MOVIELENS_100K, "folder")
    monkeypatch.setattr(Path, "open", closed)
    for load in (
        lambda: census_income(path=tmp_path / "ml" / "u.data"),
        lambda: movielens(path=tmp_path / "ml"),
    ):
        with pytest.raises(
            DatasetError,
            match="expected a file that may be read, found 'Permission denied'",
        ):
            load()


def closed(path, *args, **kwargs):
    """`Path.open`, as if the file were another user's."""
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def test_the_real_census_test_part():
    if not REAL_CENSUS.exists():
        pytest.skip(f"{REAL_CENSUS} is not there")
    assert (
        sha256(gzip.decompress(REAL_CENSUS.read_bytes()))
        == datasets.CENSUS_TEST_SHA256
    )
    rows = census_income("test", path=REAL_CENSUS)
    assert {len(column) for column in rows.values()} == {
        datasets.CENSUS_PARTS["test"][1]
    }
    assert rows["income"].mean() == pytest.approx(0.0620, abs=5e-5)
    assert (
        rows["age"].min(),
        rows["age"].max(),
        rows["weeks_worked"].max(),
    ) == (0, 90, 52)
    assert set(rows["sex"]) == {"Female", "Male"}
    assert set(rows["year"]) == {"94", "95"}
    assert set(rows["family_members_under_18"]) >= {
        "Both parents present",
        "Mother only present",
    }
    assert len(set(rows["marital_status"])) == 7
    assert len(set(rows["education"])) == 17
    children = rows["marital_status"][rows["age"] < 15]
    assert np.mean(children == "Never married") > 0.999


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (CENSUS[:-300].encode(), "line 2: expected 42 columns, found"),
        (
            CENSUS.replace("50000+.", "rich").encode(),
            "income: expected one of .*found .'rich'",
        ),
        (
            CENSUS.replace("38,", "old,", 1).encode(),
            "could not convert string to float",
        ),
        (gzipped(CENSUS * 50)[:-20], "damaged or of another format"),
        (b"", "rows: expected one or more, found none"),
        (b"<!DOCTYPE html><html>", "line 1: expected 42 columns, found 1"),
        (zip_of({"adult.data": "1"}), "census.tar.gz"),
        (
            census_zip({"census-income.names": "x"}),
            "archive: expected census-income.data in it, found none",
        ),
        (
            census_zip({"census-income.data": CENSUS})[:-60],
            "damaged or of another format",
        ),
    ],
)
def test_a_bad_census_file_is_named(tmp_path, content, message):
    file = tmp_path / "bad"
    file.write_bytes(content)
    with pytest.raises(DatasetError, match=message) as caught:
        census_income(path=file)
    assert str(file) in str(caught.value)


def test_an_unknown_part_and_a_missing_file(tmp_path):
    with pytest.raises(
        ValueError, match="part: expected one of train, test, found 'valid'"
    ):
        census_income("valid")
    with pytest.raises(DatasetError, match="found none; give path="):
        census_income(path=tmp_path / "nowhere")


# ---------------------------------------------------------------------- MovieLens


@pytest.mark.parametrize("packing", ["zip", "folder"])
def test_movielens_100k(tmp_path, packing):
    source = tmp_path / "ml-100k"
    write(source, MOVIELENS_100K, packing)
    ratings, items = movielens("100k", path=source)
    np.testing.assert_array_equal(
        ratings["time"], [878887116, 881250949, 881250950]
    )
    np.testing.assert_array_equal(ratings["user"], [0, 1, 1])
    np.testing.assert_array_equal(ratings["item"], [0, 1, 0])
    np.testing.assert_array_equal(ratings["rating"], [1, 3, 5])
    assert items["title"].tolist() == [
        "Toy Story (1995)",
        "Misérables, Les (1995)",
    ]
    assert genres(items) == [["Animation", "Children's", "Comedy"], ["Action"]]
    train, test = split_by_time(ratings, 0.34)
    assert train["time"].max() < test["time"].min()


@pytest.mark.parametrize("saved", ["utf-8", "utf-8-sig"])
def test_movielens_as_an_editor_saves_it(tmp_path, saved):
    for name, text in MOVIELENS_100K.items():
        (tmp_path / name).write_bytes(
            (text + " \n\n").replace("\n", "\r\n").encode(saved)
        )
    ratings, items = movielens("100k", path=tmp_path)
    assert items["title"].tolist() == [
        "Toy Story (1995)",
        "Misérables, Les (1995)",
    ]
    np.testing.assert_array_equal(ratings["rating"], [1, 3, 5])


@pytest.mark.parametrize("packing", ["zip", "folder"])
def test_movielens_1m(tmp_path, packing):
    source = tmp_path / "ml-1m"
    write(
        source,
        {
            name: text.replace("\n", "\r\n")
            for name, text in MOVIELENS_1M.items()
        },
        packing,
    )
    ratings, items = movielens("1m", path=source)
    np.testing.assert_array_equal(
        ratings["time"], [956703932, 978300760, 978301968]
    )
    np.testing.assert_array_equal(ratings["user"], [1, 0, 0])
    np.testing.assert_array_equal(items["id"][ratings["item"]], [1, 1, 914])
    np.testing.assert_array_equal(ratings["rating"], [4, 5, 3])
    assert items["title"].tolist() == [
        "Toy Story (1995)",
        "My Fair Lady\x85 (1964)",
    ]
    assert genres(items) == [
        ["Animation", "Children's", "Comedy"],
        ["Musical", "Romance"],
    ]


def write(source, files, packing):
    if packing == "zip":
        source.write_bytes(zip_of(files, "ml/"))
    else:
        source.mkdir()
        for name, text in files.items():
            (source / name).write_bytes(text.encode("latin-1"))


def genres(items):
    assert (
        items["genre"].shape
        == (len(items["id"]), len(datasets.GENRES))
        == (2, 19)
    )
    return [
        [name for name, flag in zip(datasets.GENRES, row, strict=True) if flag]
        for row in items["genre"]
    ]


@pytest.mark.parametrize(
    ("size", "files", "message"),
    [
        (
            "100k",
            {"u.data": MOVIELENS_100K["u.data"]},
            "archive: expected u.item in it, found none",
        ),
        ("100k", MOVIELENS_1M, "archive: expected u.item in it, found none"),
        (
            "100k",
            MOVIELENS_100K | {"u.data": "1\t1\t5\t88\n1\t1\n"},
            "damaged or of another format",
        ),
        (
            "100k",
            MOVIELENS_100K | {"u.data": "1\t1\t5\n"},
            "expected 4 columns, found 3",
        ),
        (
            "100k",
            MOVIELENS_100K | {"u.data": "1\t77\t5\t88\n"},
            "ratings: expected items that are listed, found 77",
        ),
        (
            "100k",
            MOVIELENS_100K | {"u.data": "1\tone\t5\t88\n"},
            "damaged or of another format",
        ),
        (
            "100k",
            MOVIELENS_100K | {"u.item": MOVIELENS_100K["u.item"][:-9]},
            "line 2 of the items: expected 24",
        ),
        (
            "1m",
            MOVIELENS_1M | {"movies.dat": "1::Toy Story (1995)\n"},
            "line 1 of the items: expected 3 columns, found 2",
        ),
        (
            "1m",
            MOVIELENS_1M | {"movies.dat": "1::Toy Story::Anime\n"},
            "genres: expected those of GENRES, found .'Anime'",
        ),
        (
            "100k",
            MOVIELENS_100K | {"u.data": ""},
            "ratings: expected one or more, found none",
        ),
        (
            "100k",
            MOVIELENS_100K | {"u.data": "1\t1\t6\t88\n"},
            "rating: expected one of 1, 2, 3, 4, 5, found 6",
        ),
        (
            "1m",
            MOVIELENS_1M | {"ratings.dat": "1::1::0::88\n"},
            "rating: expected one of .*, found 0",
        ),
        (
            "100k",
            MOVIELENS_100K | {"u.data": f"1\t1\t{10**30}\t88\n"},
            "damaged or of another format",
        ),
        (
            "100k",
            MOVIELENS_100K
            | {"u.item": MOVIELENS_100K["u.item"].replace("|1|", "|2|", 1)},
            "genre flag: expected one of 0, 1, found 2",
        ),
        (
            "1m",
            MOVIELENS_1M
            | {"movies.dat": "914::A::Drama\n1::B::Drama\n914::C::Drama\n"},
            "items: expected every id once, found 914 more often",
        ),
    ],
)
@pytest.mark.filterwarnings("error")
def test_a_bad_movielens_archive_is_named(tmp_path, size, files, message):
    file = tmp_path / "bad.zip"
    file.write_bytes(zip_of(files))
    with pytest.raises(DatasetError, match=message) as caught:
        movielens(size, path=file)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [b"<html>", b"", zip_of(MOVIELENS_100K)[:-40], zip_of(MOVIELENS_100K)[:99]],
)
def test_something_else_than_a_zip(tmp_path, content):
    file = tmp_path / "bad.zip"
    file.write_bytes(content)
    with pytest.raises(
        DatasetError,
        match="bad.zip: expected the published format, found .* damaged or of another format",
    ):
        movielens(path=file)


def test_an_unknown_size():
    with pytest.raises(
        ValueError, match="size: expected one of 100k, 1m, found '20m'"
    ):
        movielens("20m")


# ---------------------------------------------------------------------- download and cache

GOOD = zip_of(MOVIELENS_100K)


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def test_a_download_happens_once(cache, capsys):
    with answering(GOOD) as (url, requests):
        file = fetch(url, sha256(GOOD))
        assert file == cache / "some.zip"
        assert file.read_bytes() == GOOD
        assert fetch(url, sha256(GOOD)) == file
    assert requests == ["/some.zip"]
    assert [path.name for path in cache.iterdir()] == ["some.zip"]
    assert (
        f"{len(GOOD) / 1e6:.1f} of {len(GOOD) / 1e6:.1f} MB"
        in capsys.readouterr().err
    )


def test_progress_can_be_silenced(capsys):
    with answering(GOOD) as (url, _):
        fetch(url, progress=False)
    assert capsys.readouterr().err == ""


def test_without_a_published_checksum_the_first_copy_is_remembered(
    cache, capsys
):
    with answering(GOOD) as (url, _):
        file = fetch(url)
    assert (cache / "some.zip.sha256").read_text().strip() == sha256(GOOD)
    assert "no published checksum" in capsys.readouterr().err
    assert fetch(url) == file
    file.write_bytes(zip_of({"other": "x"}))
    with pytest.raises(
        DatasetError,
        match="some.zip: expected an unchanged file, .*; delete it and try again",
    ):
        fetch(url)


@pytest.mark.parametrize(
    ("answer", "checksum", "message"),
    [
        (
            {"body": GOOD[:50], "length": len(GOOD)},
            None,
            f"expected {len(GOOD)} bytes, found 50: cut short",
        ),
        (
            {"body": GOOD[:-30], "length": False},
            None,
            "expected a whole zip archive, found one without an end",
        ),
        (
            {"body": b"\n <!DOCTYPE html><title>Log in</title>"},
            None,
            "expected a zip archive, found a web page",
        ),
        (
            {"body": b"not a zip"},
            None,
            "expected a zip archive, found b'not a zip'",
        ),
        ({"body": b""}, None, "expected a zip archive, found b''"),
        (
            {"body": GOOD},
            "0" * 64,
            f"expected the file that was published, of SHA-256 {'0' * 64}, found {sha256(GOOD)}",
        ),
        (
            {"body": GOOD},
            "md5:" + "0" * 32,
            f"the file that was published, of MD5 {'0' * 32}, found",
        ),
        (
            {"body": GOOD, "status": 404},
            None,
            "expected to download it, found .*404.*Without a network: get the file",
        ),
    ],
)
def test_a_bad_download_is_named_and_leaves_nothing(
    cache, answer, checksum, message
):
    with (
        answering(**answer) as (url, _),
        pytest.raises(DatasetError, match=message),
    ):
        fetch(url, checksum)
    assert list(cache.iterdir()) == []


def test_after_a_bad_download_a_good_one_works(cache):
    with (
        answering(GOOD[:50], length=len(GOOD)) as (url, _),
        pytest.raises(DatasetError),
    ):
        fetch(url)
    with answering(GOOD) as (url, _):
        assert fetch(url).read_bytes() == GOOD


def test_an_interrupted_download_leaves_nothing(cache, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(download, "_show", interrupt)
    with answering(GOOD) as (url, _), pytest.raises(KeyboardInterrupt):
        fetch(url)
    assert list(cache.iterdir()) == []


def test_without_a_network_the_message_says_what_to_do(cache):
    with answering(GOOD) as (url, _):
        pass  # the server is gone now
    with pytest.raises(
        DatasetError,
        match="Without a network: get the file on another machine .* path=",
    ) as caught:
        fetch(url, timeout=5)
    assert str(cache) in str(caught.value)
    assert list(cache.iterdir()) == []


def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch):
    blocker = tmp_path / "a file, no folder"
    blocker.write_text("x")
    monkeypatch.setenv("MTL_LESSONS_DATA", str(blocker / "cache"))
    with (
        answering(GOOD) as (url, requests),
        pytest.raises(
            DatasetError,
            match="expected a cache folder to write to, .* MTL_LESSONS_DATA",
        ),
    ):
        fetch(url)
    assert requests == []


def test_the_cache_is_in_the_home_folder_unless_told(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MTL_LESSONS_DATA", "~/data")
    assert datasets.cache_folder() == tmp_path / "data"
    monkeypatch.delenv("MTL_LESSONS_DATA")
    assert datasets.cache_folder() == tmp_path / ".cache" / "mtl_lessons"


def test_movielens_downloads_and_checks(monkeypatch):
    with answering(GOOD) as (url, requests):
        release = datasets.MOVIELENS["100k"]._replace(
            url=url, sha256=sha256(GOOD)
        )
        monkeypatch.setitem(datasets.MOVIELENS, "100k", release)
        first, again = movielens(progress=False), movielens(progress=False)
    np.testing.assert_array_equal(
        first.ratings["rating"], again.ratings["rating"]
    )
    assert len(requests) == 1


def test_a_full_disk_is_not_called_a_missing_network(cache, monkeypatch):
    cache.mkdir(parents=True)
    full = cache / "some.zip.part"
    full.symlink_to("/dev/full")  # takes nothing
    monkeypatch.setattr(
        download.tempfile,
        "mkstemp",
        lambda **_: (os.open(os.devnull, os.O_RDONLY), str(full)),
    )
    with (
        answering(GOOD) as (url, _),
        pytest.raises(
            DatasetError,
            match="expected a cache folder to write to, .*No space left.*make room",
        ) as caught,
    ):
        fetch(url)
    assert "network" not in str(caught.value)
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("part", ["train", "test"])
def test_a_census_archive_with_another_test_part_is_refused(
    cache, monkeypatch, part
):
    archive = census_zip(
        {"census-income.data": CENSUS, "census-income.test": CENSUS}
    )
    with answering(archive) as (url, _):
        monkeypatch.setattr(census, "CENSUS_URL", url)
        message = (
            f"some.zip: expected the census data, .*{datasets.CENSUS_TEST_SHA256}, "
            f"found {sha256(CENSUS.encode())}; delete it"
        )
        for _ in range(2):  # it is not trusted the second time either
            with pytest.raises(DatasetError, match=message):
                census_income(part, progress=False)
        # as one puts it there by hand
        (cache / "some.zip").write_bytes(zip_of({"other": "x"}))
        with pytest.raises(
            DatasetError, match="some.zip: expected the published format"
        ):
            census_income(part, progress=False)
    assert [path.name for path in cache.iterdir()] == ["some.zip"]


def test_a_downloaded_census_must_have_all_rows(monkeypatch):
    archive = census_zip(
        {"census-income.data": CENSUS, "census-income.test": CENSUS}
    )
    with answering(archive) as (url, _):
        monkeypatch.setattr(census, "CENSUS_URL", url)
        monkeypatch.setattr(
            census, "CENSUS_TEST_SHA256", sha256(CENSUS.encode())
        )
        with pytest.raises(
            DatasetError,
            match="expected 199523 rows in census-income.data, found 2; delete",
        ):
            census_income("train", progress=False)
        monkeypatch.setitem(
            datasets.CENSUS_PARTS, "test", ("census-income.test", 2)
        )
        assert len(census_income("test", progress=False)["age"]) == 2


def test_sources_are_the_original_ones_over_https():
    urls = [
        datasets.CENSUS_URL,
        *(release.url for release in datasets.MOVIELENS.values()),
    ]
    hosts = [
        "archive.ics.uci.edu",
        "files.grouplens.org",
        "files.grouplens.org",
    ]
    assert [url.split("/")[:3] for url in urls] == [
        ["https:", "", host] for host in hosts
    ]
    assert all(
        len(bytes.fromhex(release.sha256)) == 32
        for release in datasets.MOVIELENS.values()
    )
    assert all(
        text in datasets.__doc__
        for text in ("10.24432/C5N30T", "CC BY 4.0", "10.1145/2827872")
    )


# ---------------------------------------------------------------------- kuairand


def kuairand_log(rows: int, is_rand: int) -> str:
    """A made-up log in the published format."""
    lines = [
        f"{n},{n % 3},20220422,400,{1650485801301 + n},{n % 2},0,0,0,0,0,1,"
        f"9000,10000,0,0,0,{is_rand},{n % 15}"
        for n in range(rows)
    ]
    return "\n".join([",".join(datasets.KUAIRAND_COLUMNS), *lines]) + "\n"


def kuairand_archive(folder: Path) -> Path:
    """Both parts as the archive has them."""
    logs = {
        "log_random_4_22_to_5_08_pure.csv": kuairand_log(5, 1),
        "log_standard_4_08_to_4_21_pure.csv": kuairand_log(3, 0),
        "log_standard_4_22_to_5_08_pure.csv": kuairand_log(4, 0),
    }
    file = folder / "KuaiRand-Pure.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        for name, text in logs.items():
            member = tarfile.TarInfo(f"KuaiRand-Pure/data/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return file


def test_kuairand_in_every_packing(tmp_path):
    archive = kuairand_archive(tmp_path)
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path / "folder", filter="data")
    one = next((tmp_path / "folder").rglob("log_random*.csv"))
    for source in (archive, tmp_path / "folder", one):
        rows = datasets.kuairand("random", path=source)
        assert list(rows) == list(datasets.KUAIRAND_COLUMNS)
        assert rows["is_click"].tolist() == [0, 1, 0, 1, 0]
        assert rows["is_rand"].dtype == np.int8 and rows["is_rand"].all()
        assert rows["time_ms"].dtype == np.int64
    both = datasets.kuairand("standard", path=archive)
    assert both["user_id"].tolist() == [0, 1, 2, 0, 1, 2, 3]


def test_a_download_of_kuairand_is_held_to_what_was_published(
    tmp_path, cache, monkeypatch
):
    body = kuairand_archive(tmp_path).read_bytes()
    module = sys.modules[datasets.kuairand.__module__]
    assert len(bytes.fromhex(module.KUAIRAND_CHECKSUM[4:])) == 16
    md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
    with answering(body) as (url, _):
        url = url.replace("some.zip", "some.tar.gz")
        monkeypatch.setattr(module, "KUAIRAND_URL", url)
        with pytest.raises(DatasetError, match=f"of MD5 .*, found {md5}"):
            datasets.kuairand(progress=False)
        assert list(cache.iterdir()) == []
        monkeypatch.setattr(module, "KUAIRAND_CHECKSUM", f"md5:{md5}")
        with pytest.raises(DatasetError, match="1186059 rows .* found 5"):
            datasets.kuairand(progress=False)
    monkeypatch.setitem(module.KUAIRAND_ROWS, "random", 5)
    assert datasets.kuairand(progress=False)["is_rand"].all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("is_like", "liked"), "without is_like"),
        (
            lambda text: text.replace(",400,", ",4h,", 1),
            "line 2: expected whole",
        ),
        (lambda text: text + "1,2\n", "line 4: expected 19 columns, found 2"),
        (lambda text: text.split("\n")[0], "rows: expected one or more"),
        (
            lambda text: text.replace(",1,0,0,0", ",7,0,0,0", 1),
            "is_click: expected 0 or 1",
        ),
    ],
)
def test_a_kuairand_log_that_is_damaged_is_told(tmp_path, change, message):
    file = tmp_path / "log_random_4_22_to_5_08_pure.csv"
    file.write_text(change(kuairand_log(2, 1)), encoding="utf-8")
    with pytest.raises(DatasetError, match=message):
        datasets.kuairand(path=file)


def test_an_unknown_part_or_a_missing_log_of_kuairand_is_told(tmp_path):
    with pytest.raises(ValueError, match="part: expected one of random"):
        datasets.kuairand("test")
    with pytest.raises(DatasetError, match="folder: expected log_random"):
        datasets.kuairand(path=tmp_path)
    with pytest.raises(DatasetError, match="found none"):
        datasets.kuairand(path=tmp_path / "nowhere.tar.gz")
