"""A mean for each task over a stream, in constant memory."""

from collections import defaultdict
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from mtl_lessons.drills.probes import expect, grows, survives


class TaskMeans:
    """The mean of a number for each task, over a stream of batches.

    A batch has a list for each of its tasks, with None where a row has no
    label: {"click": [1.0, 0.0], "buy": [None, 1.0]}.

    >>> means = TaskMeans()
    >>> means.add({"click": [1.0, 0.0], "buy": [None, None]})
    >>> means.result()
    {'click': 0.5, 'buy': None}
    """

    def __init__(self) -> None:
        self.sums: dict[str, float] = defaultdict(float)
        self.counts: dict[str, int] = defaultdict(int)

    def add(self, batch: dict[str, list[float | None]]) -> None:
        """Take in a batch; its tasks may be new."""
        for task, column in batch.items():
            known = [value for value in column if value is not None]
            self.sums[task] += sum(known)
            self.counts[task] += len(known)

    def merge(self, other: "TaskMeans") -> None:
        """Take in what another one has seen, which stays as it is."""
        for task, total in other.sums.items():
            self.sums[task] += total
            self.counts[task] += other.counts[task]

    def result(self) -> dict[str, float | None]:
        """The mean of each task so far; None if it had no label."""
        means = {}
        for task, total in self.sums.items():
            count = self.counts[task]
            means[task] = total / count if count else None
        return means


def check(answer: Callable) -> None:
    def result_after_adding(*batches: dict) -> Any:
        return _filled(answer, batches).result()

    def results_while_adding(*batches: dict) -> Any:
        means = answer()
        return [deepcopy(_added(means, batch).result()) for batch in batches]

    def results_of_two_objects(first: dict, second: dict) -> Any:
        means = [_filled(answer, [batch]) for batch in (first, second)]
        return [one.result() for one in means]

    def result_after_merging(one: list, other: list) -> Any:
        means, others = _filled(answer, one), _filled(answer, other)
        means.merge(others)
        return means.result()

    def others_result_after_merging(one: list, other: list, added: dict) -> Any:
        means, others = _filled(answer, one), _filled(answer, other)
        means.merge(others)
        means.add(added)
        return others.result()

    expect(
        "mean",
        result_after_adding,
        {"click": [3.0, 1.0, 0.0, 0.0]},
        gives={"click": 1.0},
        instead={"zero-is-missing": {"click": 2.0}},
    )
    expect(
        "one-for-all",
        results_of_two_objects,
        {"click": [1.0]},
        {"buy": [0.0]},
        gives=[{"click": 1.0}, {"buy": 0.0}],
    )
    expect(
        "over-the-stream",
        result_after_adding,
        {"click": [1.0]},
        {"click": [0.0, 0.0, 0.0]},
        gives={"click": 0.25},
        instead={
            "mean-of-means": {"click": 0.5},
            "last-batch": {"click": 0.0},
        },
    )
    survives(
        "none",
        result_after_adding,
        {"click": [1.0, None, None, None]},
        {"click": [None, 1.0]},
        gives={"click": 1.0},
    )
    survives(
        "no-label",
        result_after_adding,
        {"click": [1.0], "buy": [None]},
        gives={"click": 1.0, "buy": None},
    )
    survives(
        "new-task",
        result_after_adding,
        {"click": [1.0, 0.0]},
        {"buy": [1.0]},
        gives={"click": 0.5, "buy": 1.0},
    )
    expect(
        "result-again",
        results_while_adding,
        {"click": [1.0]},
        {"click": [0.0, 0.0, 0.0]},
        gives=[{"click": 1.0}, {"click": 0.25}],
    )
    survives(
        "merge",
        result_after_merging,
        [{"click": [1.0]}],
        [{"click": [0.0, 0.0, 0.0], "buy": [1.0], "like": [None]}],
        gives={"click": 0.25, "buy": 1.0, "like": None},
        instead={"merge-of-means": {"click": 0.5, "buy": 1.0, "like": None}},
    )
    expect(
        "other-changed",
        others_result_after_merging,
        [],
        [{"click": [0.0, 1.0]}],
        {"click": [1.0, 1.0]},
        gives={"click": 0.5},
    )

    def along(values: list[float]) -> None:
        results_while_adding(*({"click": [value]} for value in values))

    grows("grows", along, lambda count: ([1.0] * count,), most=8)


def _filled(answer: Callable, batches: Any) -> Any:
    means = answer()
    for batch in batches:
        _added(means, batch)
    return means


def _added(means: Any, batch: dict) -> Any:
    means.add(batch)
    return means
