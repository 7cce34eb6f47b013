"""Versions of a model: loaded beside the one that answers, checked, swapped,
taken back.

    versions = Versions(folder)      # folder/monday, folder/tuesday, ...
    versions.deploy("monday")
    version = versions.current       # read once in a request
    version.score({"user": [3, 3], "ad": [7, 8]}, heads=["ad_click"])
    versions.deploy("tuesday")       # later requests get tuesday's answers
    versions.rollback()              # and now monday's again

A version is a folder that `Framework.save` of chapter 6 wrote. The swap is one
assignment: a request that has read `current` goes on with what it has read, so
none is lost and none mixes two versions. What is slow, loading and tracing,
happens before. Importing this module imports TensorFlow.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from mtl_lessons.inputs_outputs.features import Ids
from mtl_lessons.three_tasks import Framework

from .calls import graph

MOST = 2_000  # rows of a request
NAME = re.compile(r"\w[\w.-]*")  # of a version: no path


class Version:
    """A framework that answers requests.

    Raises `ValueError` if it cannot answer a probe, or not with finite numbers.
    """

    def __init__(self, name: str, framework: Framework) -> None:
        self.name = name
        self.framework = framework
        self.heads = [head.name for head in framework.heads]
        self.call = graph(framework.built.network)
        self._check()

    @classmethod
    def load(cls, folder: Path, name: str) -> "Version":
        """What `Framework.save` wrote into `folder / name`."""
        return cls(name, Framework.load(folder / name))

    def _check(self) -> None:
        """Answer for known and unknown ids before anybody else asks; this
        traces the graph, too.
        """
        for rows in (1, 3):
            probe = {
                feature.name: _probe(feature, rows)
                for feature in self.framework.inputs
            }
            for head, found in self._answers(probe).items():
                if not np.isfinite(found).all():
                    raise ValueError(
                        f"version {self.name!r}: expected finite predictions, "
                        f"found NaN or infinite ones of {head}"
                    )

    def score(
        self,
        features: Mapping[str, Sequence[Any]],
        heads: Sequence[str] | None = None,
    ) -> dict[str, np.ndarray]:
        """Predictions of some heads, or all, `(rows, outputs)` each.

        Raises `ValueError` that says what is wrong: an unknown head or feature,
        a feature missing that a head reads, columns of unequal length, too many
        rows, a value that is no id.
        """
        asked = list(heads) if heads is not None else self.heads
        self._expect_known("heads", asked, self.heads)
        self._expect_known(
            "features", features, [f.name for f in self.framework.inputs]
        )
        lengths = {name: len(column) for name, column in features.items()}
        if len(set(lengths.values())) != 1:
            raise ValueError(
                "features: expected columns of one length, found "
                f"{lengths or 'none'}"
            )
        rows = next(iter(lengths.values()))
        if not 1 <= rows <= MOST:
            raise ValueError(f"rows: expected 1 to {MOST:,}, found {rows:,}")
        for head in self.framework.heads:
            if head.name in asked:
                self._expect_read(head, features)
        answers = self._answers(features)
        return {head: answers[head] for head in asked}

    def _expect_known(
        self, what: str, found: Sequence[str] | Mapping, known: Sequence[str]
    ) -> None:
        strange = [name for name in found if name not in known]
        if strange:
            raise ValueError(
                f"{what}: expected some of {', '.join(known)}, found {strange}"
            )

    def _expect_read(self, head: Any, features: Mapping) -> None:
        reads = [f.name for f in (*self.framework.features, *head.reads)]
        missing = [name for name in reads if name not in features]
        if missing:
            raise ValueError(
                f"head {head.name}: expected the features {', '.join(reads)}, "
                f"found no {', '.join(missing)}"
            )

    def _answers(self, features: Mapping) -> dict[str, np.ndarray]:
        # what other heads read is unknown here
        return self.call(self.framework.columns(dict(features)))

    def unknown(self, features: Mapping[str, Sequence[Any]]) -> dict[str, int]:
        """How many ids of each feature the model has never seen: they are
        answered, and should be counted.
        """
        kinds = {f.name: f for f in self.framework.inputs if isinstance(f, Ids)}
        found = {}
        for name, feature in kinds.items():
            if name in features and not feature.lists:
                ids = np.asarray(features[name])
                outside = (ids < 0) | (ids >= feature.ids)
                found[name] = int(outside.sum())
        return {name: count for name, count in found.items() if count}


def _probe(feature: Any, rows: int) -> np.ndarray:
    if isinstance(feature, Ids):
        # the last of several is unknown
        ids = np.arange(rows) * feature.ids // max(rows - 1, 1)
        return ids[:, None] if feature.lists else ids
    return np.broadcast_to(feature.mean, (rows, feature.size))


class Versions:
    """The version that answers, and the one before it."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self._current: Version | None = None
        self._previous: Version | None = None
        self._deploying = Lock()  # one at a time; requests never wait for it

    @property
    def current(self) -> Version:
        """Raises `LookupError` if there is none yet."""
        version = self._current
        if version is None:
            raise LookupError("version: expected one deployed, found none")
        return version

    def names(self) -> list[str]:
        """What could be deployed."""
        found = self.folder.glob("*/framework.json")
        return sorted(file.parent.name for file in found)

    def deploy(self, name: str) -> Version:
        """Load and check a version, then let it answer.

        The old one answers until then, and goes on if anything is wrong. Raises
        `LookupError` for a name that is not in the folder, `ValueError` for a
        version that fails its check, or lacks a head that is served now.
        """
        if not NAME.fullmatch(name) or name not in self.names():
            raise LookupError(
                f"version: expected one of {', '.join(self.names())}, found "
                f"{name!r}"
            )
        with self._deploying:
            version = Version.load(self.folder, name)
            if self._current is not None:
                lost = set(self._current.heads) - set(version.heads)
                if lost:
                    raise ValueError(
                        f"version {name!r}: expected the heads "
                        f"{', '.join(self._current.heads)}, found no "
                        f"{', '.join(sorted(lost))}"
                    )
            self._previous = self._current
            self._current = version  # the swap
        return version

    def rollback(self) -> Version:
        """Let the version before answer again: it is still in memory.

        Raises `LookupError` if there is none.
        """
        with self._deploying:
            if self._previous is None:
                raise LookupError(
                    "rollback: expected an older version, found none"
                )
            self._current, self._previous = self._previous, self._current
            return self.current
