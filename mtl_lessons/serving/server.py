"""Chapter 6's model behind HTTP: FastAPI and uvicorn.

    python -m mtl_lessons serve models --version monday

    curl localhost:8000/score -H "Content-Type: application/json" \\
        -d '{"features": {"user": [3, 3], "ad": [7, 8]}, "heads": ["ad_click"]}'
    {"version": "monday", "scores": {"ad_click": [0.21, 0.34]}, "unknown": {}}

`POST /versions/tuesday` deploys, `POST /rollback` takes back. Whoever may reach
these two may replace the model: outside of an exercise they belong on another
port. Needs `pip install 'mtl-lessons[serving]'`; importing this module imports
FastAPI and TensorFlow.
"""

from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from .versions import Version, Versions

DIGITS = 6


class AskedRows(BaseModel):
    """What `/score` is asked: columns of one length, and for which heads."""

    model_config = ConfigDict(extra="forbid")
    features: dict[str, list[Any]] = Field(min_length=1)
    heads: list[str] | None = Field(default=None, min_length=1)


class Answer(BaseModel):
    """A list of predictions for each head, and who made them."""

    version: str
    scores: dict[str, list[Any]]
    unknown: dict[str, int]  # ids that the model has never seen


def app(versions: Versions) -> FastAPI:
    """The service.

    Functions without `async` run in threads, so a request in work does not
    hold up the others.
    """
    service = FastAPI(
        title="A multi-task ranker", docs_url=None, redoc_url=None
    )

    @service.post("/score")
    def score(question: AskedRows) -> Answer:
        version = versions.current  # read once: a swap changes nothing here
        found = version.score(question.features, question.heads)
        return Answer(
            version=version.name,
            scores={head: _listed(p) for head, p in found.items()},
            unknown=version.unknown(question.features),
        )

    @service.get("/versions")
    def listed() -> dict[str, Any]:
        return {"current": versions.current.name, "known": versions.names()}

    @service.post("/versions/{name}")
    def deploy(name: str) -> dict[str, str]:
        return {"current": versions.deploy(name).name}

    @service.post("/rollback")
    def rollback() -> dict[str, str]:
        return {"current": versions.rollback().name}

    @service.exception_handler(RequestValidationError)
    def malformed(_: Request, error: RequestValidationError) -> JSONResponse:
        return _refused(422, "; ".join(map(_one_line, error.errors())))

    @service.exception_handler(ValueError)
    def wrong(_: Request, error: ValueError) -> JSONResponse:
        return _refused(422, str(error))

    @service.exception_handler(LookupError)
    def missing(_: Request, error: LookupError) -> JSONResponse:
        return _refused(404, str(error))

    return service


def _listed(found: Any) -> list[Any]:
    """`(rows, 1)` as a list of numbers, `(rows, outputs)` as one of lists."""
    rows = found[:, 0] if found.shape[1] == 1 else found
    return rows.astype(float).round(DIGITS).tolist()


def _one_line(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"] if part != "body")
    return f"{where or 'body'}: {error['msg']}"


def _refused(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": message}, status_code=status)


def opened(folder: Path, version: str | None = None) -> Versions:
    """The versions of a folder, of which one answers: the one that is named, or
    the last by name.

    A folder that is a version itself counts as its parent's. Raises
    `LookupError` if there is nothing to serve.
    """
    if (folder / "framework.json").is_file():
        folder, version = (
            folder.resolve().parent,
            version or folder.resolve().name,
        )
    versions = Versions(folder)
    names = versions.names()
    if not names:
        raise LookupError(
            f"{folder}: expected folders that Framework.save wrote, found none"
        )
    loaded: Version = versions.deploy(version or names[-1])
    print(f"{loaded.name}: {', '.join(loaded.heads)}", flush=True)
    return versions


def run(
    folder: Path,
    version: str | None = None,
    host: str = "127.0.0.1",
    port: int = 8000,
) -> None:
    """Serve until Ctrl-C; requests in work are finished first."""
    uvicorn.run(
        app(opened(folder, version)), host=host, port=port, log_level="warning"
    )
