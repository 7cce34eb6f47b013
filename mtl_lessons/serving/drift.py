"""Drift of a head: who sees it, and what repairs it.

    clicks = head_rows(World(seed=0), 400_000, odds=1.8)
    pcoc(clicks.labels, clicks.p)            # 0.72: too low by a quarter
    metrics.auc(clicks.labels, clicks.p)     # as good as before
    alarm(clicks.labels, clicks.p)           # after some hundred clicks
    intercept = refit(clicks.labels[:1000], clicks.p[:1000])
    moved(clicks.p, intercept)               # right again

PCOC is *predicted click over click*, here of any head: `Σ p / Σ y`. NumPy
alone.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit

from mtl_lessons import metrics
from mtl_lessons.inputs_outputs import Calibration
from mtl_lessons.stored import Progress, rounded
from mtl_lessons.world import World

SEEDS = 5
ROWS = 400_000
ODDS = 1.8  # of a purchase, overnight
SEEN = 20_000  # clicks that a monitor looks at
REPAIR = (300, 1_000, 3_000, 10_000)  # clicks to repair from
LATE = 24.0  # hours, mean delay of a label
SALE = 4.0  # odds in the one category that has a sale


@dataclass(frozen=True)
class HeadRows:
    """Rows of the purchase head (clicks): what it says and what happened."""

    p: np.ndarray  # of a model that was perfect yesterday
    labels: np.ndarray  # today
    before: np.ndarray  # yesterday's labels of the same rows
    truth: np.ndarray  # today's chances
    category: np.ndarray


def head_rows(
    world: World,
    rows: int = ROWS,
    odds: float = ODDS,
    category: int | None = None,
) -> HeadRows:
    """Clicks of a world in which the odds of a purchase are multiplied
    overnight; with a `category`, in that one alone.

    >>> rows = head_rows(World(seed=0), 20_000, odds=3.0)
    >>> bool(rows.labels.mean() > rows.before.mean())
    True
    """
    log = world.impressions(rows)
    clicked = log["click"] == 1
    p = log["p_conversion"][clicked]
    kind = log["category"][clicked]
    hit = np.ones(len(p)) if category is None else kind == category
    truth = expit(logit(p) + np.log(odds) * hit)
    luck = np.random.default_rng([world.seed, 11]).random(len(p))
    return HeadRows(
        p=p,
        labels=(luck < truth).astype(float),
        before=(luck < p).astype(float),
        truth=truth,
        category=kind,
    )


# ------------------------------------------------------------ the monitors


def pcoc(labels: ArrayLike, p: ArrayLike) -> float:
    """Predicted over observed, `Σ p / Σ y`: 1 is right, below 1 too low.

    Raises `ValueError` if there is no positive.

    >>> pcoc([0, 1, 1, 0], [0.25, 0.25, 0.25, 0.25])
    0.5
    """
    positives = float(np.sum(labels))
    if not positives:
        raise ValueError("labels: expected at least one positive, found none")
    return float(np.sum(p) / positives)


def alarm(
    labels: np.ndarray, p: np.ndarray, errors: float = 4.0, every: int = 100
) -> int | None:
    """After how many rows the sum of `y - p` is `errors` standard errors from
    0, looked at after every 100; None if it never is.

    If the predictions are right, the sum has the variance `Σ p (1 - p)`.

    >>> alarm(np.ones(300), np.full(300, 0.9))
    200
    """
    gap = np.cumsum(labels - p)
    error = np.sqrt(np.cumsum(p * (1 - p)))
    looked = np.arange(every, len(p) + 1, every) - 1
    rings = np.abs(gap[looked]) > errors * error[looked]
    return int(looked[rings.argmax()] + 1) if rings.any() else None


# ------------------------------------------------------------ the repair


def refit(labels: np.ndarray, p: np.ndarray, rounds: int = 30) -> float:
    """The one number to add to the logits so that `Σ p = Σ y`: by Newton's
    method.

    It is the maximum of the likelihood. Raises `ValueError` if all labels are
    alike: the number would be infinite.

    >>> p = np.array([0.2, 0.2, 0.2, 0.2])  # odds of 1/4, seen: odds of 1
    >>> round(float(np.exp(refit(np.array([0, 1, 1, 0]), p))), 6)
    4.0
    """
    if len(np.unique(labels)) < 2:
        raise ValueError(
            "labels: expected both 0 and 1, found one of them only"
        )
    log_odds, intercept = logit(p), 0.0
    for _ in range(rounds):
        q = expit(log_odds + intercept)
        intercept += float((labels - q).sum() / (q * (1 - q)).sum())
    return intercept


def moved(p: np.ndarray, intercept: float) -> np.ndarray:
    """Probabilities whose logits have moved.

    >>> moved(np.array([0.2]), np.log(4)).tolist()
    [0.5]
    """
    return expit(logit(p) + intercept)


def divergence(truth: np.ndarray, p: np.ndarray) -> float:
    """Mean KL divergence of Bernoulli predictions from the truth, in
    thousandths.
    """
    yes = truth * np.log(truth / p)
    no = (1 - truth) * np.log((1 - truth) / (1 - p))
    return float(1000 * np.mean(yes + no))


# ------------------------------------------------------------ does the list move?


def lists(world: World, users: int = 300, mixed: bool = False) -> float:
    """Share of the attainable value that the top 10 of each user keep, if the
    purchase head is stale.

    Value: `p_click (1 + 8 p_buy)`. `mixed`: half of the items are scored by a
    head that knows today's chances (another model, another version).
    """
    tastes, goods = world.tastes, world.catalogue
    click = tastes.click[:users] @ goods.click.T
    buy = tastes.conversion[:users] @ goods.conversion.T
    click = expit(-2.6 + 1.28 * click + 0.64 * goods.click_quality)
    buy = -2.6 + 1.2 * buy + 0.6 * goods.conversion_quality
    stale, fresh = expit(buy), expit(buy + np.log(ODDS))
    if mixed:
        rng = np.random.default_rng([world.seed, 12])
        stale = np.where(rng.random(stale.shape) < 0.5, stale, fresh)
    value = click * (1 + 8 * fresh)
    return _kept(value, click * (1 + 8 * stale))


def _kept(value: np.ndarray, score: np.ndarray, top: int = 10) -> float:
    def attained(by: np.ndarray) -> float:
        chosen = np.argpartition(-by, top, axis=1)[:, :top]
        return float(np.take_along_axis(value, chosen, axis=1).sum())

    return attained(score) / attained(value)


# ------------------------------------------------------------ all of it, stored


def grid(
    progress: Progress | None = None, seeds: int = SEEDS, rows: int = ROWS
) -> dict[str, Any]:
    """Everything of the section for five worlds, a number for each."""
    found: dict[str, list[float]] = {}
    for seed in range(seeds):
        for name, value in one(World(seed=seed), rows).items():
            found.setdefault(name, []).append(value)
        if progress:
            progress(seed + 1, seeds)
    return {"rows": rows, "odds": ODDS, "runs": rounded(found, 5)}


def one(world: World, rows: int = ROWS) -> dict[str, float]:
    """The monitors before and after, the repair, the lists, two false friends."""
    head = head_rows(world, rows)
    first = slice(0, SEEN)
    p = head.p[first]
    found: dict[str, float] = {}
    for when, labels in (("before", head.before), ("after", head.labels)):
        y = labels[first]
        found |= {
            f"pcoc {when}": pcoc(y, p),
            f"auc {when}": metrics.auc(y, p),
            f"log loss {when}": metrics.log_loss(y, p),
            f"normalised entropy {when}": metrics.normalised_entropy(y, p),
        }
    found["alarm"] = float(alarm(head.labels, head.p) or np.nan)
    found["false alarm"] = float(alarm(head.before, head.p) is not None)
    found |= _repaired(head)
    found["list"] = lists(world)
    found["mixed list"] = lists(world, mixed=True)
    return found | _late(world, head) | _sale(world, rows)


def _repaired(head: HeadRows) -> dict[str, float]:
    """PCOC and divergence on later rows, after repairs from a few clicks."""
    later = slice(len(head.p) // 2, None)
    p, truth = head.p[later], head.truth[later]
    found = {"stale divergence": divergence(truth, p)}
    for clicks in REPAIR:
        y, q = head.labels[:clicks], head.p[:clicks]
        by_one = moved(p, refit(y, q))
        by_two = Calibration.fit(y, q)(p)
        for name, fixed in (("intercept", by_one), ("platt", by_two)):
            found[f"{name} {clicks} pcoc"] = float(fixed.sum() / truth.sum())
            found[f"{name} {clicks} divergence"] = divergence(truth, fixed)
    return found


def _late(world: World, head: HeadRows) -> dict[str, float]:
    """No drift, but labels that come later than the rows."""
    rng = np.random.default_rng([world.seed, 13])
    delay = rng.exponential(LATE, len(head.p))
    age = rng.uniform(0, 24, len(head.p))
    known = head.before * (delay < age)
    return {
        "late pcoc": pcoc(known, head.p),
        "mature pcoc": pcoc(head.before, head.p),
        "late auc": metrics.auc(known, head.p),
        "mature auc": metrics.auc(head.before, head.p),
    }


def _sale(world: World, rows: int) -> dict[str, float]:
    """One category of twelve changes; the repair is of all."""
    head = head_rows(world, rows, SALE, category=0)
    inside = head.category == 0
    fixed = moved(head.p, refit(head.labels, head.p))
    return {
        "sale pcoc": pcoc(head.labels, head.p),
        "sale pcoc inside": pcoc(head.labels[inside], head.p[inside]),
        "sale repaired": pcoc(head.labels, fixed),
        "sale repaired inside": pcoc(head.labels[inside], fixed[inside]),
        "sale repaired outside": pcoc(head.labels[~inside], fixed[~inside]),
    }
