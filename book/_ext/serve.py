"""A static server for the built site that compresses, as the public host will.

`python book/_ext/serve.py [folder] [--port 8000]`
"""

import argparse
import gzip
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Event, Thread

SITE = Path(__file__).resolve().parents[2] / "_build" / "html"
TEXT = (
    *(".html", ".css", ".js", ".mjs", ".json", ".svg", ".ipynb", ".py", ".txt"),
    *(".webmanifest", ".xml"),
)


@lru_cache(maxsize=256)
def compressed(path: str, changed: float) -> bytes:
    """The file at `path`, gzipped.

    `changed` is its time of change, so that a new build is not served from memory.
    """
    return gzip.compress(Path(path).read_bytes(), compresslevel=6)


class Handler(SimpleHTTPRequestHandler):
    """Files of a folder, text compressed for whoever accepts it.

    A browser may keep them ten minutes.
    """

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".ipynb": "application/json",
        ".webmanifest": "application/manifest+json",
        ".wasm": "application/wasm",
        ".whl": "application/octet-stream",
    }
    protocol_version = "HTTP/1.1"

    def send_head(self):
        path = Path(self.translate_path(self.path))
        if path.is_dir() and self.path.split("?")[0].endswith("/"):
            path /= "index.html"
        if (
            path.suffix not in TEXT
            or not path.is_file()
            or "gzip" not in self.headers.get("Accept-Encoding", "")
        ):
            return super().send_head()
        body = compressed(str(path), path.stat().st_mtime)
        self.send_response(200)
        self.send_header(
            "Content-Type", f"{self.guess_type(str(path))}; charset=utf-8"
        )
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return BytesIO(body)

    def send_error(self, code, message=None, explain=None):
        """What is missing has the site's own page, as on the public host."""
        page = Path(self.directory, "404.html")
        if code != 404 or not page.is_file():
            super().send_error(code, message, explain)
            return
        body = page.read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def end_headers(self):
        self.send_header("Cache-Control", "max-age=600")
        self.send_header("Vary", "Accept-Encoding")
        super().end_headers()

    def log_message(self, *args):
        pass


@contextmanager
def serving(folder: Path, port: int = 0) -> Iterator[str]:
    """Serve `folder` on localhost (port 0: any free one) while the block runs.

    Yields the address, without a slash at its end.
    """
    with ThreadingHTTPServer(
        ("127.0.0.1", port), partial(Handler, directory=str(folder))
    ) as server:
        Thread(
            target=server.serve_forever, args=(0.05,), daemon=True
        ).start()  # it looks for its end so often, in seconds
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=SITE)
    parser.add_argument("--port", type=int, default=8000)
    given = parser.parse_args()
    if not (given.folder / "index.html").is_file():
        parser.error(
            f"expected a built site in {given.folder}, found no index.html: run `make book` first"
        )
    try:
        with serving(given.folder, given.port) as url:
            print(f"{url}/ (Ctrl+C ends it)", flush=True)
            Event().wait()
    except KeyboardInterrupt:
        print()
    except OSError as error:
        sys.exit(
            f"cannot serve on port {given.port}: {error.strerror}; "
            f"choose another: make serve PORT={given.port + 1}"
        )


if __name__ == "__main__":
    main()
