"""The steps of chapter 6 that need NumPy only: logs as one, and gains with
their intervals.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from mtl_lessons.exercises.mistakes import Mistake, attempted, short

IDS = {"user": 600, "ad": 60, "item": 300}
TASKS = ("chosen", "ad_click", "rating")
LESS_IS_BETTER = {"rating"}
# 97.5 % quantiles of t, by degrees of freedom
T4, T5, T8 = 2.776445, 2.570582, 2.306004
# 95 % of t with four, and 97.5 % of the normal distribution
T4_ONE_SIDED, Z = 2.131847, 1.959964


def _called(answer: object, *given: object) -> object:
    """What the learner's function returns."""
    if not callable(answer):
        raise Mistake("not-a-function", found=type(answer).__name__)
    return attempted(answer(*given))


# ---------------------------------------------------------------- step 1


def rows(answer: object) -> dict:
    """Three logs as one: nothing invented, nothing lost, no label among the
    features.
    """
    for seed, lengths in ((0, (7, 9, 5)), (1, (4, 4, 11))):
        logs = _uneven_logs(seed, lengths)
        _one(answer, logs)
    return {"rows": sum(lengths)}


def _one(answer: object, logs: list[dict]) -> None:
    given = [
        {name: column.copy() for name, column in log.items()} for log in logs
    ]
    x, y = _parts_of(_called(answer, given))
    if set(x) == set(TASKS) and set(y) == set(IDS):
        raise Mistake("labels-first")
    for part, names in ((x, list(IDS)), (y, list(TASKS))):
        if set(part) != set(names):
            key = "truth-as-column" if "p_ad_click" in part else "other-columns"
            raise Mistake(
                key, found=", ".join(map(str, part)), expected=", ".join(names)
            )
    total = sum(len(log["user"]) for log in logs)
    for name, column in {**x, **y}.items():
        if len(column) != total:
            raise Mistake(
                "other-length", name=name, found=len(column), expected=total
            )
    expected_y = {task: _stacked(task, logs, np.nan) for task in TASKS}
    for name in IDS:
        _same_ids(name, _stacked(name, logs, -1), x[name], expected_y["chosen"])
    for task, label in expected_y.items():
        _same_labels(task, label, y[task])


def _stacked(name: str, logs: list[dict], blank: float) -> np.ndarray:
    return np.concatenate(
        [log.get(name, np.full(len(log["user"]), blank)) for log in logs]
    )


def _uneven_logs(
    seed: int, lengths: Sequence[int]
) -> list[dict[str, np.ndarray]]:
    """Logs of unequal lengths, as the chapter's.

    Ids and labels of 0 occur, and a column that is nobody's business.
    """
    rng = np.random.default_rng(seed)

    def draw(name: str, rows: int) -> np.ndarray:
        return np.r_[0, rng.integers(1, IDS[name], rows - 1)]

    first, second, third = lengths
    clicks = np.r_[0, 1, rng.integers(2, size=second - 2)].astype("float32")
    stars = np.r_[0.0, rng.normal(3.5, 1, third - 1)].astype("float32")
    ads = {
        "user": draw("user", second),
        "ad": draw("ad", second),
        "ad_click": clicks,
        "p_ad_click": rng.random(second),
    }
    return [
        {"user": draw("user", first), "chosen": draw("item", first)},
        ads,
        {
            "user": draw("user", third),
            "item": draw("item", third),
            "rating": stars,
        },
    ]


def _parts_of(found: object) -> tuple[dict, dict]:
    if found is None:
        raise Mistake("rows-nothing")
    parts = found if isinstance(found, tuple | list) else ()
    if len(parts) != 2 or not all(isinstance(part, Mapping) for part in parts):
        raise Mistake("not-two-dicts", found=type(found).__name__)
    x, y = (
        {name: _numbers(str(name), values) for name, values in part.items()}
        for part in parts
    )
    return x, y


def _numbers(name: str, values: object) -> np.ndarray:
    """One value a row, as numbers; None counts as NaN."""
    try:
        column = np.asarray(values)
        if column.dtype.kind in "USm":
            raise TypeError
        column = column if column.dtype.kind in "iub" else column.astype(float)
    except (TypeError, ValueError) as error:
        raise Mistake(
            "not-numbers", name=name, found=short(repr(values), 80)
        ) from error
    if column.ndim == 0:
        raise Mistake("not-a-column", name=name, found=short(str(values), 80))
    if column.size != len(column):
        shape = ", ".join(map(str, column.shape))
        raise Mistake("other-width-of-column", name=name, found=f"({shape})")
    return column.reshape(-1)


def _same_ids(
    name: str, expected: np.ndarray, found: np.ndarray, chosen: np.ndarray
) -> None:
    missing = expected < 0
    there = np.nan_to_num(found[missing].astype(float), nan=-1)
    first = ~np.isnan(chosen)
    if name == "item" and np.array_equal(there[: first.sum()], chosen[first]):
        raise Mistake("label-as-feature")
    if np.any((there >= 0) & (there < IDS[name])):
        raise Mistake(
            "unknown-as-id", name=name, found=int(there[there >= 0][0])
        )
    if np.any(np.isnan(found.astype(float))):
        raise Mistake("nan-id", name=name)
    if np.any(there != -1):
        raise Mistake(
            "unknown-as-other", name=name, found=f"{there[there != -1][0]:g}"
        )
    if not np.array_equal(found[~missing], expected[~missing]):
        raise Mistake("other-values", name=name)
    if found.dtype.kind not in "iu":
        raise Mistake("ids-as-floats", name=name, found=str(found.dtype))


def _same_labels(task: str, expected: np.ndarray, found: np.ndarray) -> None:
    missing, found = np.isnan(expected), found.astype(float)
    invented = found[missing & ~np.isnan(found)]
    if len(invented):
        raise Mistake("missing-as-label", task=task, found=invented[0])
    lost = expected[~missing & np.isnan(found)]
    if len(lost):
        raise Mistake("label-as-missing", task=task, found=lost[0])
    if not np.allclose(found[~missing], expected[~missing]):
        raise Mistake("other-values", name=task)


# ---------------------------------------------------------------- step 4


def report(answer: object) -> dict:
    """A gain for each task, paired by seed, the right way up, with a
    t-interval.

    For two sets of runs, so that no constant passes.
    """
    for seed in (4, 5):
        multi, single = _noisy_scores(seed)
        differences = _differences(multi, single)
        expected = {
            task: _interval(difference)
            for task, difference in differences.items()
        }
        found = _report_of(answer, multi, single)
        for task, numbers in expected.items():
            if key := _look_alike(task, found[task], numbers, multi, single):
                raise Mistake(key, task=task, **_brief(found[task], numbers))
            _same_interval(task, found[task], numbers)
    return {
        task: _rounded_text(numbers, 3) for task, numbers in expected.items()
    }


def _differences(
    multi: list[dict], single: list[dict]
) -> dict[str, np.ndarray]:
    """Of each task, by seed, what is gained."""
    gained = {
        task: np.array([m[task] - s[task] for m, s in zip(multi, single)])
        for task in TASKS
    }
    return {
        task: -gain if task in LESS_IS_BETTER else gain
        for task, gain in gained.items()
    }


def _interval(runs: np.ndarray, t: float = T4) -> np.ndarray:
    half = t * runs.std(ddof=1) / np.sqrt(len(runs))
    return np.array([runs.mean(), runs.mean() - half, runs.mean() + half])


def _near(found: ArrayLike, expected: np.ndarray) -> bool:
    """To one part in 200 of the interval: t may be rounded, and so may the
    ends, to four places.
    """
    return np.allclose(found, expected, rtol=0, atol=_tolerance(expected))


def _tolerance(expected: np.ndarray) -> float:
    return max(0.005 * abs(expected[2] - expected[1]), 6e-5)


def _same_interval(task: str, found: np.ndarray, expected: np.ndarray) -> None:
    facts = {"task": task, **_brief(found, expected)}
    mean, low, high = found
    if _near(found, expected):
        return
    if _near(np.r_[mean, high, low], expected):
        raise Mistake("ends-swapped", **facts)
    orders = np.roll(found, 1), np.roll(found, 2), found[[1, 0, 2]]
    if any(_near(order, expected) for order in orders):
        raise Mistake("other-order", **facts)
    if _near([mean, *expected[1:]], expected) and np.isclose(
        high - mean, mean - low
    ):
        error = (expected[2] - expected[1]) / 2 / T4
        raise Mistake("other-width", errors=(high - mean) / error, **facts)
    raise Mistake("other-interval", **facts)


def _noisy_scores(seed: int) -> tuple[list[dict], list[dict]]:
    """Five seeds that differ among themselves more than the two models do."""
    rng = np.random.default_rng(seed)
    level = {"chosen": 0.63, "ad_click": 0.7, "rating": 0.8}
    single = [
        {task: value + 0.05 * rng.normal() for task, value in level.items()}
        for _ in range(5)
    ]
    multi = [
        {
            task: value + 0.02 + 0.01 * rng.normal()
            for task, value in run.items()
        }
        for run in single
    ]
    return multi, single


def _report_of(
    answer: object, multi: list[dict], single: list[dict]
) -> dict[str, np.ndarray]:
    found = _called(
        answer, [dict(run) for run in multi], [dict(run) for run in single]
    )
    if found is None:
        raise Mistake("report-nothing")
    if not isinstance(found, Mapping) or set(found) != set(TASKS):
        kind = f"a {type(found).__name__}"
        if isinstance(found, Mapping):
            kind = ", ".join(map(str, found)) or "an empty dict"
        raise Mistake("not-by-task", found=short(kind, 120))
    return {task: _three(task, value) for task, value in found.items()}


def _three(task: str, value: object) -> np.ndarray:
    try:
        numbers = np.asarray(value, float).ravel()
    except (TypeError, ValueError) as error:
        raise Mistake(
            "no-interval", task=task, found=short(repr(value), 120)
        ) from error
    if len(numbers) != 3:
        count = f"{len(numbers)} number" + "s" * (len(numbers) != 1)
        raise Mistake("no-interval", task=task, found=count)
    if not np.all(np.isfinite(numbers)):
        listed = ", ".join(f"{number:.3f}" for number in numbers)
        raise Mistake("no-interval", task=task, found=listed)
    return numbers


def _look_alike(
    task: str,
    found: np.ndarray,
    expected: np.ndarray,
    multi: list[dict],
    single: list[dict],
) -> str:
    """The typical mistake whose numbers these are, the nearest of several; none
    if all is right.
    """
    if _near(found, expected):
        return ""
    wrong = (
        (key, by_task.get(task))
        for key, by_task in _mistaken_reports(multi, single)
    )
    near = [
        (np.abs(found - numbers).max(), key)
        for key, numbers in wrong
        if numbers is not None
    ]
    near = [
        (distance, key)
        for distance, key in near
        if distance <= _tolerance(expected)
    ]
    return min(near)[1] if near else ""


def _mistaken_reports(
    multi: list[dict], single: list[dict]
) -> Iterator[tuple[str, dict]]:
    """What typical mistakes would say."""
    m = {task: np.array([run[task] for run in multi]) for task in TASKS}
    s = {task: np.array([run[task] for run in single]) for task in TASKS}
    sign = {task: -1 if task in LESS_IS_BETTER else 1 for task in TASKS}
    right = _differences(multi, single)
    for task in TASKS:
        turned = (
            "wrong-way-up" if task in LESS_IS_BETTER else "single-minus-multi"
        )
        yield turned, {task: _interval(-right[task])}
        yield "absolute", {task: _interval(np.abs(right[task]))}
    for key, factor, ddof in _factors():
        yield (
            key,
            {
                t: _around(d, factor * d.std(ddof=ddof))
                for t, d in right.items()
            },
        )
    yield (
        "best-and-worst",
        {t: np.array([d.mean(), d.min(), d.max()]) for t, d in right.items()},
    )
    ends = {t: np.quantile(d, (0.025, 0.975)) for t, d in right.items()}
    yield (
        "best-and-worst",
        {t: np.array([d.mean(), *ends[t]]) for t, d in right.items()},
    )
    for ddof in (0, 1):
        spreads = {t: _two_spreads(m[t], s[t], ddof) for t in TASKS}
        for factor in (Z, T4, T5, T8):
            yield (
                "not-paired",
                {t: _around(right[t], factor * spreads[t]) for t in TASKS},
            )
    welch = {t: _welch(m[t], s[t]) for t in TASKS}
    yield (
        "not-paired",
        {t: _around(right[t], welch[t] * spreads[t]) for t in TASKS},
    )
    yield (
        "wrong-pairs",
        {
            t: _interval(sign[t] * (np.sort(m[t]) - np.sort(s[t])))
            for t in TASKS
        },
    )
    for shift in range(1, 5):
        yield (
            "wrong-pairs",
            {
                t: _interval(sign[t] * (np.roll(m[t], shift) - s[t]))
                for t in TASKS
            },
        )
    for scale in (1, 100):
        yield "relative", {t: scale * _interval(right[t] / s[t]) for t in TASKS}
        yield "relative", {t: scale * _interval(right[t] / m[t]) for t in TASKS}
        yield (
            "relative",
            {t: scale * _interval(right[t]) / s[t].mean() for t in TASKS},
        )
    yield "percent", {t: 100 * _interval(right[t]) for t in TASKS}
    yield "a-sum", {t: 5 * _interval(right[t]) for t in TASKS}


def _factors() -> Iterator[tuple[str, float, int]]:
    """Message, how many standard deviations, and whether these divide by n (0)
    or n - 1 (1).
    """
    for ddof in (1, 0):
        yield "not-a-t", Z / np.sqrt(5), ddof
        yield "not-a-t", 2 / np.sqrt(5), ddof
        for factor in (1.0, Z, 2.0, T4):
            yield "spread-not-error", factor, ddof
        yield "one-error", 1 / np.sqrt(5), ddof
        yield "wrong-degrees", T5 / np.sqrt(5), ddof
        yield "wrong-degrees", T8 / np.sqrt(5), ddof
    yield "spread-with-n", T4 / np.sqrt(5), 0
    yield "wrong-degrees", T4 / np.sqrt(4), 1
    yield "one-sided", T4_ONE_SIDED / np.sqrt(5), 1


def _around(differences: np.ndarray, half: float) -> np.ndarray:
    return differences.mean() + np.array([0.0, -half, half])


def _two_spreads(m: np.ndarray, s: np.ndarray, ddof: int) -> float:
    return np.sqrt((m.var(ddof=ddof) + s.var(ddof=ddof)) / len(m))


def _welch(m: np.ndarray, s: np.ndarray) -> float:
    """The quantile of t of Welch's test: between 4 and 8 degrees of freedom,
    interpolated.
    """
    a, b = m.var(ddof=1), s.var(ddof=1)
    degrees = 4 * (a + b) ** 2 / (a * a + b * b)
    return float(
        np.interp(degrees, (4, 5, 6, 7, 8), (T4, T5, 2.446912, 2.364624, T8))
    )


def _brief(found: np.ndarray, expected: np.ndarray) -> dict[str, str]:
    """Both as text, with as many places as it takes to tell them apart."""
    texts = (
        (_rounded_text(found, places), _rounded_text(expected, places))
        for places in range(3, 13)
    )
    one, other = next((pair for pair in texts if pair[0] != pair[1]), ("", ""))
    return {"found": one, "expected": other}


def _rounded_text(numbers: np.ndarray, places: int) -> str:
    mean, low, high = numbers
    return f"{mean:+.{places}f} [{low:+.{places}f}, {high:+.{places}f}]"
