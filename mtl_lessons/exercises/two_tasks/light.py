"""The step of chapter 5 that needs NumPy only: each task by its own measure."""

from collections.abc import Callable, Iterator

import numpy as np

from mtl_lessons.exercises.mistakes import Mistake, attempted

ITEMS, TAGS, TOP = 500, 12, 10
TOLERANCE = 5.1e-4  # three places are enough
TASK_NAMES = ("item", "interest")

# message, and what that mistake would say
Reported = Iterator[tuple[str, float | np.floating]]


def evaluate(answer: object) -> dict:
    """Each task by its own measure, on labels of which some are missing.

    On two sets of rows, so that no constant passes.
    """
    if not callable(answer):
        raise Mistake("report-not-a-function", found=type(answer).__name__)
    expected = {}
    for seed, rows in ((11, 400), (6, 260)):
        item, interest, scores = _scored_rows(seed, rows)
        expected = expected or _right(item, interest, scores)
        _two_numbers(answer, item, interest, scores)
    _same_for_probabilities(answer, item, interest, scores)
    return expected


def _scored_rows(
    seed: int, rows: int
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Labels and scores that know something, with a level of its own for every
    tag.

    Of the interests a quarter is missing.
    """
    rng = np.random.default_rng(seed)
    item = rng.integers(ITEMS, size=rows)
    level = np.linspace(-2, 2, TAGS)
    scores = {
        "item": rng.normal(size=(rows, ITEMS)),
        "interest": rng.normal(size=(rows, TAGS)) + level,
    }
    scores["item"][np.arange(rows), item] += rng.normal(size=rows) + 2
    ease = np.linspace(0.4, 1.6, TAGS)[::-1]  # some tags are easier than others
    yes = 1 / (1 + np.exp(-scores["interest"] * ease))
    interest = (rng.random((rows, TAGS)) < yes).astype("float32")
    interest[rng.random(rows) < 0.25] = np.nan
    return item, interest, scores


def _two_numbers(
    answer: Callable, item: np.ndarray, interest: np.ndarray, scores: dict
) -> None:
    """The learner's two numbers are the right ones; if not, are they those of a
    typical mistake?
    """
    expected, found = (
        _right(item, interest, scores),
        _numbers_of(answer, item, interest, scores),
    )
    for task in TASK_NAMES:
        if _equal(found[task], expected[task]):
            continue
        facts = {"task": task, "found": found[task], "expected": expected[task]}
        wrong = _mistaken_numbers(task, item, interest, scores)
        near = [(abs(found[task] - value), key) for key, value in wrong]
        if near := [
            (distance, key) for distance, key in near if distance < TOLERANCE
        ]:
            raise Mistake(min(near)[1], **facts)
        if _equal(found[task], expected[TASK_NAMES[task == "item"]]):
            raise Mistake("tasks-swapped", **facts)
        raise Mistake(
            "other-item-number" if task == "item" else "other-interest-number",
            **facts,
        )


def _equal(found: float, expected: float) -> bool:
    return abs(found - expected) < TOLERANCE


def _right(
    item: np.ndarray, interest: np.ndarray, scores: dict
) -> dict[str, float]:
    known = ~np.isnan(interest).any(axis=1)
    labels, told = interest[known].T, scores["interest"][known].T
    aucs = [_auc(label, score) for label, score in zip(labels, told)]
    return {
        "item": float(np.mean(_rank_of_chosen(item, scores) <= TOP)),
        "interest": float(np.mean(aucs)),
    }


def _rank_of_chosen(item: np.ndarray, scores: dict) -> np.ndarray:
    """The place of the chosen item in each row's order, from 1; no two scores
    are equal here.
    """
    own = scores["item"][np.arange(len(item)), item]
    return 1 + (scores["item"] > own[:, None]).sum(axis=1)


def _auc(
    label: np.ndarray, score: np.ndarray, weight: np.ndarray | None = None
) -> float:
    """How often a yes is above a no, over all pairs; a pair weighs what its
    rows do, multiplied.
    """
    weight = np.ones(len(label)) if weight is None else weight
    yes, no = label == 1, label == 0
    above = (score[yes][:, None] > score[no]) + 0.5 * (
        score[yes][:, None] == score[no]
    )
    pairs = weight[yes][:, None] * weight[no]
    return float((above * pairs).sum() / pairs.sum()) if pairs.size else np.nan


def _numbers_of(
    answer: Callable, item: np.ndarray, interest: np.ndarray, scores: dict
) -> dict[str, float]:
    """What the learner's function says of copies of the data."""
    copies = {name: score.copy() for name, score in scores.items()}
    found = attempted(answer(item.copy(), interest.copy(), copies))
    if found is None:
        raise Mistake("report-nothing")
    if isinstance(found, list | tuple) and len(found) == 2:
        found = dict(zip(TASK_NAMES, found))
    if not isinstance(found, dict) or set(found) != set(TASK_NAMES):
        kind = f"a {type(found).__name__}"
        if isinstance(found, dict):
            kind = ", ".join(map(str, found)) or "an empty dict"
        raise Mistake("one-number", found=kind)
    return {task: _number(task, value) for task, value in found.items()}


def _number(task: str, value: object) -> float:
    try:
        number = np.asarray(value, float)
    except (TypeError, ValueError) as error:
        kind = f"for {task}, a {type(value).__name__} that is no number"
        raise Mistake("one-number", found=kind) from error
    if number.size != 1:
        raise Mistake("one-number", found=f"{number.size} numbers for {task}")
    if not np.isfinite(number):
        raise Mistake("nan-report", task=task)
    return float(number.reshape(()))


def _mistaken_numbers(
    task: str, item: np.ndarray, interest: np.ndarray, scores: dict
) -> Reported:
    """What typical mistakes would say: message, number."""
    if task == "item":
        yield from _of_items(item, interest, scores)
    else:
        yield from _of_interests(interest, scores)


def _of_items(item: np.ndarray, interest: np.ndarray, scores: dict) -> Reported:
    rank, known = _rank_of_chosen(item, scores), ~np.isnan(interest).any(axis=1)
    yield "recall-at-one", np.mean(rank == 1)
    yield "divided-by-ten", np.mean(rank <= TOP) / TOP
    yield "worst-first", np.mean(rank > ITEMS - TOP)
    yield "only-known-rows", np.mean(rank[known] <= TOP)
    for other in (*range(2, TOP), *range(TOP + 1, 21), 50, 100):
        yield "other-top", np.mean(rank <= other)
    first = np.argsort(scores["item"], axis=1)
    yield (
        "other-top",
        np.mean((first[:, -TOP - 1 : -1] == item[:, None]).any(1)),
    )
    yield "other-top", np.mean((first[:, -TOP + 1 :] == item[:, None]).any(1))
    gain = 1 / np.log2(1 + rank)
    yield "rank-weighted", np.mean(gain * (rank <= TOP))  # NDCG@10
    yield "rank-weighted", np.mean(gain)
    yield "rank-weighted", np.mean((rank <= TOP) / rank)  # MRR@10
    yield "rank-weighted", np.mean(1 / rank)
    yield (
        "accuracy-of-items",
        np.mean((scores["item"] > 0) == np.eye(ITEMS)[item]),
    )
    yield (
        "accuracy-of-items",
        np.mean((scores["item"] > 0.5) == np.eye(ITEMS)[item]),
    )
    yield "a-sum", int(np.sum(rank <= TOP))
    yield "percent", 100 * np.mean(rank <= TOP)
    top = [
        np.bincount(item[rank <= TOP], minlength=ITEMS),
        np.bincount(item, minlength=ITEMS),
    ]
    yield "by-item", np.mean(top[0][top[1] > 0] / top[1][top[1] > 0])


def _of_interests(interest: np.ndarray, scores: dict) -> Reported:
    known, score = ~np.isnan(interest).any(axis=1), scores["interest"]
    # unknown as 0, as 1
    yes, full = np.nan_to_num(interest), np.nan_to_num(interest, nan=1.0)
    label, told = interest[known], score[known]
    by_tag = np.array(
        [_auc(label[:, tag], told[:, tag]) for tag in range(TAGS)]
    )
    by_user = np.array([_auc(one, of) for one, of in zip(label, told)])
    positives, both = (
        label.sum(axis=0),
        (label == 0).sum(axis=1) * label.sum(axis=1),
    )
    yield "pooled-auc", _auc(label.ravel(), told.ravel())
    yield (
        "missing-as-no",
        np.mean([_auc(yes[:, tag], score[:, tag]) for tag in range(TAGS)]),
    )
    yield (
        "missing-as-yes",
        np.mean([_auc(full[:, tag], score[:, tag]) for tag in range(TAGS)]),
    )
    yield "turned-round", 1 - by_tag.mean()
    yield "weighted-auc", np.average(by_tag, weights=positives)
    yield (
        "weighted-auc",
        np.average(by_tag, weights=positives * (len(label) - positives)),
    )
    yield "per-user-auc", np.nanmean(by_user)
    yield "per-user-auc", np.average(by_user[both > 0], weights=both[both > 0])
    yield "per-user-auc", np.nan_to_num(by_user, nan=0.5).mean()
    yield "per-user-auc", np.nan_to_num(by_user).mean()
    yield "half-of-it", 2 * by_tag.mean() - 1
    yield "a-sum", by_tag.sum()
    yield "percent", 100 * by_tag.mean()
    yield "some-tags", np.median(by_tag)
    yield from (
        ("some-tags", value) for value in (*by_tag, by_tag.min(), by_tag.max())
    )
    tags = range(TAGS)
    yield (
        "average-precision",
        np.mean([_precision(label[:, t], told[:, t]) for t in tags]),
    )
    yield "average-precision", _precision(label.ravel(), told.ravel())
    yield (
        "average-precision",
        np.mean([_precision(yes[:, t], score[:, t]) for t in tags]),
    )
    for cut in (0.0, 0.5):
        hard = (told > cut).astype(float)
        yield (
            "hard-scores",
            np.mean([_auc(label[:, tag], hard[:, tag]) for tag in range(TAGS)]),
        )
        yield "accuracy", np.mean((told > cut) == label)
        yield "accuracy", np.mean((score > cut) == interest)
        yield "accuracy", np.mean((score > cut) == yes)
        yield (
            "f-score",
            np.mean([_f1(label[:, tag], hard[:, tag]) for tag in range(TAGS)]),
        )
        yield "f-score", _f1(label.ravel(), hard.ravel())


def _precision(label: np.ndarray, score: np.ndarray) -> float:
    """Average precision: over the positives, the mean share of positives at or
    above them.
    """
    ordered = label[np.argsort(-score, kind="stable")]
    return float(
        (np.cumsum(ordered) / np.arange(1, len(ordered) + 1))[
            ordered == 1
        ].mean()
    )


def _f1(label: np.ndarray, hard: np.ndarray) -> float:
    return float(2 * (label * hard).sum() / max(label.sum() + hard.sum(), 1))


def _same_for_probabilities(
    answer: Callable, item: np.ndarray, interest: np.ndarray, scores: dict
) -> None:
    """A monotone change of the scores changes nothing."""
    squeezed = {
        name: 1 / (1 + np.exp(-score)) for name, score in scores.items()
    }
    expected, found = (
        _right(item, interest, scores),
        _numbers_of(answer, item, interest, squeezed),
    )
    for task in TASK_NAMES:
        if not _equal(found[task], expected[task]):
            raise Mistake(
                "depends-on-scale",
                task=task,
                found=found[task],
                expected=expected[task],
            )
