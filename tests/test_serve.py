"""The static server: it stops with its block, and says in one line what keeps it from starting."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest
from serve import serving

SERVE = Path(__file__).resolve().parents[1] / "book" / "_ext" / "serve.py"


@pytest.fixture
def site(tmp_path):
    (tmp_path / "index.html").write_text("<h1>Here</h1>", encoding="utf-8")
    return tmp_path


def test_it_serves_while_the_block_runs(site):
    with serving(site) as address:
        assert urlopen(f"{address}/").read() == b"<h1>Here</h1>"
    with pytest.raises(URLError):
        urlopen(f"{address}/")


def test_it_stops_when_the_block_fails(site):
    with pytest.raises(ZeroDivisionError), serving(site) as address:
        1 / 0  # noqa: B018
    with pytest.raises(URLError):
        urlopen(f"{address}/")


def test_what_is_missing_has_the_page_of_the_site_if_it_has_one(site):
    with serving(site) as address:
        with pytest.raises(HTTPError) as told:
            urlopen(f"{address}/a/b.html")
        assert told.value.code == 404
        (site / "404.html").write_text("<h1>Nothing</h1>", encoding="utf-8")
        with pytest.raises(HTTPError) as told:
            urlopen(f"{address}/a/b.html")
    assert told.value.code == 404
    assert told.value.read() == b"<h1>Nothing</h1>"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("worker.js", "text/javascript"),
        ("site.webmanifest", "application/manifest+json"),
        ("core.wasm", "application/wasm"),
    ],
)
def test_a_browser_is_told_what_it_gets(site, name, kind):
    (site / name).write_text("{}", encoding="utf-8")
    with serving(site) as address:
        found = urlopen(f"{address}/{name}").headers["Content-Type"]
    assert found.partition(";")[0] == kind


def test_a_port_in_use_is_one_clear_line(site):
    with serving(site) as address:
        port = address.rpartition(":")[2]
        done = subprocess.run(
            [sys.executable, SERVE, site, "--port", port],
            capture_output=True,
            text=True,
            timeout=300,
        )
    assert done.returncode == 1
    assert (
        done.stderr
        == f"cannot serve on port {port}: {os.strerror(errno.EADDRINUSE)}; "
        f"choose another: make serve PORT={int(port) + 1}\n"
    )
