"""What an online test has to get right, each as a small simulation.

- `ab_clicks`: a ratio metric, clicks over impressions, randomised by user;
- `interleaved`: two rankings on one page, the users' clicks as votes;
- `shared_budget`: treatment and control that spend one budget;
- `guardrails`: several metrics, and how often a change passes them all;
- `novelty`: a gain that fades.
"""

from typing import NamedTuple

import numpy as np
from scipy import stats

from mtl_lessons.metrics import Array, Interval
from mtl_lessons.world import sigmoid

from .intervals import around, ratio, standard_error


class Arm(NamedTuple):
    """Clicks and impressions of each user, (users,).

    >>> int(Arm(np.array([1, 0]), np.array([3, 2])).clicks.sum())
    1
    """

    clicks: Array
    impressions: Array


def ab_clicks(rng: np.random.Generator, users: int, lift: float = 0.0) -> Arm:
    """One arm: users with click rates and numbers of impressions of their own.

    >>> arm = ab_clicks(np.random.default_rng(0), users=5)
    >>> bool((arm.clicks <= arm.impressions).all())
    True
    """
    impressions = 1 + rng.poisson(rng.lognormal(2.5, 1.0, size=users))
    own = rng.normal(-2.5, 1.0, size=users)
    return Arm(rng.binomial(impressions, sigmoid(own + lift)), impressions)


def ratio_gain(control: Arm, treatment: Arm, by: str = "users") -> Interval:
    """Click rate of the treatment minus that of the control, with its
    interval: by `"users"` (delta method) or, wrongly, by `"impressions"`.

    >>> rng = np.random.default_rng(0)
    >>> arms = ab_clicks(rng, 500), ab_clicks(rng, 500)
    >>> right, wrong = ratio_gain(*arms), ratio_gain(*arms, by="impressions")
    >>> right.high - right.low > 1.5 * (wrong.high - wrong.low)
    True
    """
    if by not in ("users", "impressions"):
        raise ValueError(f"by: expected 'users' or 'impressions', found {by!r}")
    rates, squares = [], []
    for arm in (control, treatment):
        rate = arm.clicks.sum() / arm.impressions.sum()
        if by == "users":
            moves = arm.clicks - rate * arm.impressions
            error = standard_error(moves / arm.impressions.mean())
        else:
            error = np.sqrt(rate * (1 - rate) / arm.impressions.sum())
        rates.append(rate)
        squares.append(error**2)
    return around(rates[1] - rates[0], np.sqrt(sum(squares)))


def false_alarms(by: str, tests: int = 400, users: int = 500) -> float:
    """Share of A/A tests whose 95 % interval leaves 0 out; 0.05 is right.

    >>> false_alarms("users", tests=50) < false_alarms("impressions", tests=50)
    True
    """
    rng = np.random.default_rng(81)
    out = 0
    for _ in range(tests):
        gain = ratio_gain(ab_clicks(rng, users), ab_clicks(rng, users), by)
        out += gain.low > 0 or gain.high < 0
    return out / tests


# ------------------------------------------------------------- interleaving


def team_draft(
    one: Array, other: Array, length: int, rng: np.random.Generator
) -> tuple[list[int], list[int]]:
    """A page of both rankings, and whose each place is (0 or 1).

    In every round a coin decides who picks first; each takes its best item that
    is not on the page yet. (Radlinski et al. 2008; Chapelle et al. 2012.)

    >>> rng = np.random.default_rng(0)
    >>> page, team = team_draft([1, 2, 3, 4], [3, 1, 2, 4], 4, rng)
    >>> sorted(page), sum(team)
    ([1, 2, 3, 4], 2)
    """
    rankings, page, team = (list(one), list(other)), [], []
    if length > len(set(rankings[0]) | set(rankings[1])):
        raise ValueError(
            f"length: expected no more than there are items, found {length}"
        )
    while len(page) < length:
        for side in rng.permutation(2):
            left = [item for item in rankings[side] if item not in page]
            if left and len(page) < length:
                page.append(left[0])
                team.append(int(side))
    return page, team


class Sensitivity(NamedTuple):
    """How many sessions show a difference, with 80 % power at 5 %.

    >>> Sensitivity(ab=1000, interleaving=100).interleaving
    100
    """

    ab: int
    interleaving: int


def interleaved(sessions: int = 4_000, seed: int = 0) -> Sensitivity:
    """The same two rankers in an A/B test and interleaved: sessions needed.

    Users differ much in how often they click at all, which an A/B test has to
    average out. On an interleaved page it is the same user for both. Both rank ten
    candidates by noisy scores; the second has less noise.

    >>> need = interleaved(sessions=1000)
    >>> need.ab > 2 * need.interleaving
    True
    """
    rng = np.random.default_rng([82, seed])
    length, items = 4, 10
    quality = rng.normal(size=(sessions, items))
    eager = rng.normal(-2.0, 1.2, size=(sessions, 1))  # of the session's user
    chance = sigmoid(eager + quality)
    noise = rng.normal(size=(2, sessions, items))
    order = [
        np.argsort(-(quality + size * noise[side]), axis=1)
        for side, size in ((0, 1.2), (1, 0.8))
    ]
    drawn = rng.random((sessions, items)) < chance  # would click
    # A/B: clicks of a session on the first `length` of its arm's ranking
    rows = np.arange(sessions)[:, None]
    clicks = [drawn[rows, own[:, :length]].sum(1) for own in order]
    gap = clicks[1].mean() - clicks[0].mean()
    spread = clicks[0].var() + clicks[1].var()  # two arms, a session each
    votes = []
    for session in range(sessions):
        page, team = team_draft(
            order[0][session], order[1][session], length, rng
        )
        won = drawn[session, page]
        votes.append(won @ np.where(np.array(team) == 1, 1, -1))
    size = (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) ** 2
    mean, variance = np.mean(votes), np.var(votes)
    return Sensitivity(
        ab=round(2 * size * spread / gap**2),
        interleaving=round(size * variance / mean**2),
    )


# ------------------------------------------------------------- interference


def shared_budget(
    lift: float = 0.2, budget: float = 0.5, users: int = 100_000, seed: int = 0
) -> dict[str, float]:
    """An ad ranker whose treatment spends faster, and one budget for both arms.

    Users come one after another; a click costs 1, and when the budget is spent
    no ad is shown any more. `budget` is a share of the clicks that there would be
    without a limit. Returned are relative gains in clicks: `"A/B, one budget"`,
    `"A/B, a budget each"` (every arm has half), and `"if all had it"`.

    >>> found = shared_budget()
    >>> found["A/B, one budget"] > 0.1 > abs(found["if all had it"])
    True
    """
    rng = np.random.default_rng([83, seed])
    rate = sigmoid(rng.normal(-2.0, 0.5, size=users))
    luck, treated = rng.random(users), rng.random(users) < 0.5
    old, new = luck < rate, luck < np.minimum(rate * (1 + lift), 1)
    money = round(budget * old.sum())

    def spent(clicks: Array, limit: int) -> Array:
        return clicks & (np.cumsum(clicks) <= limit)

    mixed = np.where(treated, new, old)
    one = spent(mixed, money)
    apart = [
        spent(new[treated], money // 2),
        spent(old[~treated], money // 2),
    ]
    gains = {
        "A/B, one budget": one[treated].mean() / one[~treated].mean(),
        "A/B, a budget each": apart[0].sum() / apart[1].sum(),
        "if all had it": spent(new, money).sum() / spent(old, money).sum(),
    }
    return {name: float(gain - 1) for name, gain in gains.items()}


# ----------------------------------------------------- goals and guardrails


def guardrails(
    power: float, metrics: int, level: float = 0.05
) -> dict[str, float]:
    """How often a change passes `metrics` guardrails.

    A guardrail blocks a change if it finds a clear drop (one-sided, at `level`).
    `power`: the chance that one finds the drop that would matter. Independent
    metrics. `"harmless passes"`: no metric drops; `"harmful passes"`: one of them
    drops by what would matter.

    >>> found = guardrails(power=0.8, metrics=10)
    >>> round(found["harmless passes"], 2), round(found["harmful passes"], 2)
    (0.6, 0.13)
    """
    if not 0 < power < 1 or metrics < 1:
        raise ValueError(
            "power, metrics: expected a chance and a number of metrics, found "
            f"{power}, {metrics}"
        )
    others = (1 - level) ** (metrics - 1)
    return {
        "harmless passes": (1 - level) * others,
        "harmful passes": (1 - power) * others,
    }


def novelty(
    days: int = 14, first: float = 0.10, last: float = 0.02, half: float = 3.0
) -> Array:
    """The gain of each day, if curiosity fades: `last + (first - last)
    2^(-day / half)`, shape (days,).

    >>> novelty(days=4).round(3).tolist()
    [0.1, 0.083, 0.07, 0.06]
    """
    return last + (first - last) * 2.0 ** (-np.arange(days) / half)


def click_rate(arm: Arm) -> Interval:
    """Clicks per impression, by the delta method over users.

    >>> click_rate(Arm(np.array([1, 1]), np.array([2, 2]))).mean
    0.5
    """
    return ratio(arm.clicks, arm.impressions)
