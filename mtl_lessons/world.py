"""A small world of users, items and ads in which the truth is known.

Real logs never say how likely a click *was*, or whether a row that nobody
clicked would have sold. Here every row comes with its true probability or mean,
so a metric has a ceiling and a bias has a size that can be measured::

    world = World(seed=0, selection_bias=.9)
    rows = world.impressions(100_000)            # a dict of equally long arrays, in order of time
    train, test = split_by_time(rows)
    # the best AUC that any model can reach on these
    metrics.auc(test["click"], test["p_click"])

How it is made. Each user has a taste vector for every task, each item a vector
for every task; what a user feels for an item is the dot product of the two,
with variance 1 over users. *Relatedness* of two tasks is the correlation of the
users' tastes: it is what a shared user table can exploit. *Selection bias* is
the cosine between what makes an item clicked and what makes it bought: it
decides whether clicked rows are a fair sample. One dial leaves the other alone.

Random numbers come from one stream per purpose. So worlds that differ in a dial
share everything else (same users, same items, same noise), and the first rows
of a longer log are the shorter log.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property, partial
from typing import NamedTuple
from zlib import crc32

import numpy as np
from scipy.special import expit as sigmoid

Rows = dict[str, np.ndarray]
Draw = Callable[[str], np.random.Generator]  # the stream of a purpose

# features of the moment (hour, device, ...), standard normal, in every
# impression
CONTEXT = 6
SECONDS_BETWEEN_ROWS = 1.0

RANGES = {
    "seed": (0, 2**32 - 1),
    "users": (9, 1_000_000),
    "items": (3, 1_000_000),
    "ads": (1, 1_000_000),
    "categories": (1, 1_000),
    "dim": (2, 64),
    "ad_relatedness": (-1, 1),
    "conversion_relatedness": (-1, 1),
    "rating_relatedness": (-1, 1),
    "selection_bias": (0, 1),
    "confounding": (0, 3),
    "decision_noise": (0.1, 10),
    "watch_noise": (0, 2),
    "rating_noise": (0, 5),
}


class Tastes(NamedTuple):
    """Taste vectors of the users, one array (users, dim) per task.

    Every column has mean 0 and variance 1.

    >>> world = World(users=100, ad_relatedness=0.5)
    >>> round(float(np.mean(world.tastes.click[:, 0] * world.tastes.ad[:, 0])), 6)
    0.5
    """

    click: np.ndarray
    ad: np.ndarray
    conversion: np.ndarray
    rating: np.ndarray


class Catalogue(NamedTuple):
    """What there is to recommend. Vectors have length 1; qualities have mean 0
    and variance 1.

    >>> World(items=50, dim=3).catalogue.click.shape
    (50, 3)
    """

    centre: np.ndarray  # (categories, dim)
    category: np.ndarray  # (items,) whole numbers
    click: np.ndarray  # (items, dim)
    # (items, dim), at cosine `selection_bias` to `click`
    conversion: np.ndarray
    watch: np.ndarray  # (items, dim), at right angles to `click`
    rating: np.ndarray  # (items, dim), at right angles to `click`
    click_quality: np.ndarray  # (items,)
    # (items,), correlation `selection_bias` with `click_quality`
    conversion_quality: np.ndarray
    # (items,) probability of being shown: a power law, independent of taste
    popularity: np.ndarray
    ad: np.ndarray  # (ads, dim)
    click_context: np.ndarray  # (CONTEXT,)
    # (CONTEXT,), at cosine `selection_bias` to `click_context`
    conversion_context: np.ndarray


@dataclass(frozen=True)
class World:
    """A seeded world: its dials are set once, and its methods draw logs from
    it.

    Size:

    - `seed` (0 to 2³²-1): which world.
    - `users` (9 to 10⁶, more than `4 dim`), `items` (3 to 10⁶), `ads` (1 to
      10⁶): how many of each.
    - `categories` (1 to 1000): kinds of items, and the interests that a user
      can have.
    - `dim` (2 to 64): length of the taste vectors, how much there is to learn
      about a user.

    Dials:

    - `ad_relatedness`, `conversion_relatedness`, `rating_relatedness` (-1 to
      1): correlation of the users' tastes for ads, for buying, for rating with
      their tastes for clicking items.
    - `selection_bias` (0 to 1): cosine between what gets an item clicked and
      what gets it bought, and how far the wish to rate follows the rating. At 0
      the clicked rows, and the rated ones, are a fair sample, but for the luck
      of which items are popular (about 2 %).
    - `confounding` (0 to 3): weight of a mood that raises click and purchase
      together and stands in no feature.
    - `decision_noise` (0.1 to 10): tastes in yes/no decisions and in choices
      are divided by it.
    - `watch_noise` (0 to 2): standard deviation of the logarithm of watch time.
    - `rating_noise` (0 to 5): standard deviation of a rating around its mean,
      in stars; the floor of RMSE.

    Raises `ValueError` for a value outside its range, `TypeError` for a size
    that is not a whole number.

    >>> world = World(seed=1, users=100, items=20)
    >>> sorted(world.ad_impressions(5))
    ['ad', 'click', 'p_click', 'time', 'user']
    >>> World(users=10)
    Traceback (most recent call last):
    ValueError: users: expected more than 4 dim = 16, found 10
    """

    seed: int = 0
    users: int = 600
    items: int = 300
    ads: int = 60
    categories: int = 12
    dim: int = 4
    ad_relatedness: float = 0.95
    conversion_relatedness: float = 0.7
    rating_relatedness: float = 1.0
    selection_bias: float = 0.7
    confounding: float = 0.0
    decision_noise: float = 1.0
    watch_noise: float = 0.5
    rating_noise: float = 0.7

    def __post_init__(self) -> None:
        for field in fields(self):
            _check_dial(
                field.name, getattr(self, field.name), whole=field.type is int
            )
        if self.users <= 4 * self.dim:
            raise ValueError(
                f"users: expected more than 4 dim = {4 * self.dim}, found "
                f"{self.users}"
            )

    # ------------------------------------------------ what the world is made of

    @cached_property
    def tastes(self) -> Tastes:
        """Tastes of all users.

        `ad = ρ click + √(1-ρ²) own`, ρ the relatedness; likewise buying and
        rating.

        The four parts blended are uncorrelated *exactly*, so that a dial is the
        correlation in every world.
        """
        parts = _uncorrelated(self._rng("tastes"), self.users, 4 * self.dim)
        click, ad, conversion, rating = np.split(parts, 4, axis=1)
        return Tastes(
            click,
            _blend(click, ad, self.ad_relatedness),
            _blend(click, conversion, self.conversion_relatedness),
            _blend(click, rating, self.rating_relatedness),
        )

    @cached_property
    def catalogue(self) -> Catalogue:
        """All items and ads.

        Items lie around the centre of their category; what sells is turned away
        from what is clicked.
        """
        centre = _unit(
            self._rng("centre").normal(size=(self.categories, self.dim))
        )
        category = (
            self._rng("category")
            .integers(self.categories, size=self.items)
            .astype("int32")
        )
        around = 0.5 * self._rng("item").normal(size=(self.items, self.dim))
        click = _unit(centre[category] + around)
        quality = _uncorrelated(self._rng("quality"), self.items, 2)
        click_context = _unit(self._rng("context").normal(size=CONTEXT))
        power_law = np.arange(1, self.items + 1) ** -0.7
        popularity = self._rng("popularity").permutation(power_law)
        return Catalogue(
            centre=centre,
            category=category,
            click=click,
            conversion=_turn(
                click, self.selection_bias, self._rng("conversion")
            ),
            watch=_turn(click, 0, self._rng("watch")),
            rating=_turn(click, 0, self._rng("rating")),
            click_quality=quality[:, 0],
            conversion_quality=_blend(
                quality[:, 0], quality[:, 1], self.selection_bias
            ),
            popularity=popularity / popularity.sum(),
            ad=_unit(self._rng("ad").normal(size=(self.ads, self.dim))),
            click_context=click_context,
            conversion_context=_turn(
                click_context,
                self.selection_bias,
                self._rng("conversion context"),
            ),
        )

    def item_probabilities(self) -> np.ndarray:
        """P(item | user) of `item_events`, shape (users, items).

        Softmax over the items of `5 taste·item / decision_noise + log
        popularity`.

        >>> probabilities = World(users=100, items=20).item_probabilities()
        >>> probabilities.shape, bool(np.allclose(probabilities.sum(1), 1))
        ((100, 20), True)
        """
        liking = (
            5 * self.tastes.click @ self.catalogue.click.T / self.decision_noise
        )
        logits = liking + np.log(self.catalogue.popularity)
        weights = np.exp(logits - logits.max(1, keepdims=True))
        return weights / weights.sum(1, keepdims=True)

    # ------------------------------------------------------------------ logs

    def impressions(self, n: int, seed: int = 0) -> Rows:
        """A log of `n` items shown, in order of time: click → purchase, watch
        time, rating.

        Users are drawn evenly, items by popularity. `e` is the hidden mood, `z`
        noise, both standard normal; σ is the logistic function; every
        `taste·item` and every `like` (see `_likes`) is of the task at hand:

        - click: yes with chance σ(-2.6 + 1.6 like / decision_noise +
          confounding e)
        - purchase, if clicked: yes with chance σ(-2.6 + 1.5 like /
          decision_noise + confounding e)
        - watch time, if clicked: `mean_watch exp(watch_noise z -
          watch_noise²/2)` seconds, `mean_watch = 60 exp(.6 taste·item)`; so
          RMSE has the floor `√(mean(mean_watch²) (exp(watch_noise²) - 1))`
        - rating, from about one clicker in five: `mean_rating + rating_noise z`
          stars, `mean_rating = 3.5 + .8 taste·item`. Who rates is decided by
          `p_rated = σ(-1.4 + selection_bias taste·item)`: one rates what one
          likes. Ratings are not cut to 1..5, which would move their mean.

        What a log holds: `user`, `item`, `category`, `time` (seconds),
        `context` (n, 6), `click`; with NaN where a real log has nothing:
        `conversion` and `watch` (no click), `rating` (not rated).

        What only a simulation knows, given the row (user, item, context), the
        mood averaged out:

        - `p_click`; `p_ctcvr`, the chance of click *and* purchase; `p_rated`,
          of a rating after a click
        - `p_conversion`, the chance of a purchase if one *made* the user click
        - `p_conversion_clicked = p_ctcvr / p_click`, the chance among those who
          click by themselves: the most that clicked rows can teach. It equals
          `p_conversion` if there is no confounding, and is higher if there is.
        - `mean_watch`, `mean_rating`; `would_convert`, whether this row would
          have sold had it been clicked (0/1)
        - `hidden`, the mood e, and `propensity`, the chance of a click given
          the row *and* the mood

        >>> rows = World(users=100, items=20).impressions(1000)
        >>> # nobody buys unclicked
        >>> bool(np.isnan(rows["conversion"][rows["click"] == 0]).all())
        True
        """
        _check_count(n)
        draw = partial(self._rng, "impressions", seed)
        users = self.tastes
        goods = self.catalogue
        user = self._draw_users(n, draw)
        item = (
            draw("item")
            .choice(self.items, n, p=goods.popularity)
            .astype("int32")
        )
        context = draw("context").normal(size=(n, CONTEXT)).astype("float32")
        mood = draw("hidden").normal(size=n)

        like_click, like_conversion = self._likes(user, item, context)
        click_logit = -2.6 + 1.6 * like_click / self.decision_noise
        conversion_logit = -2.6 + 1.5 * like_conversion / self.decision_noise
        p_click, p_conversion, p_ctcvr = self._average_over_mood(
            click_logit, conversion_logit
        )
        propensity = sigmoid(click_logit + self.confounding * mood)
        click = _yes(propensity, draw("click"))
        would_convert = _yes(
            sigmoid(conversion_logit + self.confounding * mood),
            draw("conversion"),
        )

        mean_watch = 60 * np.exp(
            0.6 * _dot(users.click[user], goods.watch[item])
        )
        watch_luck = (
            self.watch_noise * draw("watch").normal(size=n)
            - self.watch_noise**2 / 2
        )
        watch = mean_watch * np.exp(watch_luck)
        rating_taste = _dot(users.rating[user], goods.rating[item])
        mean_rating = 3.5 + 0.8 * rating_taste
        rating = mean_rating + self.rating_noise * draw("rating").normal(size=n)
        p_rated = sigmoid(-1.4 + self.selection_bias * rating_taste)
        rated = click * _yes(p_rated, draw("rated"))
        return {
            "user": user,
            "item": item,
            "category": goods.category[item],
            "time": _clock(n, draw),
            "context": context,
            "click": click,
            "conversion": _only(would_convert, click),
            "watch": _only(watch, click),
            "rating": _only(rating, rated),
            "p_click": p_click,
            "p_ctcvr": p_ctcvr,
            "p_rated": p_rated,
            "p_conversion": p_conversion,
            "p_conversion_clicked": p_ctcvr / p_click,
            "mean_watch": mean_watch,
            "mean_rating": mean_rating,
            "would_convert": would_convert,
            "hidden": mood,
            "propensity": propensity,
        }

    def ad_impressions(self, n: int, seed: int = 0) -> Rows:
        """A log of `n` ads shown, in order of time.

        Columns `user`, `ad`, `time`, `click` and the true `p_click`.

        Users and ads are drawn evenly; `p_click = σ(-1.2 + 2.2 taste·ad /
        decision_noise)`.

        >>> rows = World(users=100).ad_impressions(1000)
        >>> sorted(set(rows["click"].tolist()))
        [0.0, 1.0]
        """
        _check_count(n)
        draw = partial(self._rng, "ads", seed)
        user = self._draw_users(n, draw)
        ad = draw("ad").integers(self.ads, size=n, dtype="int32")
        taste = _dot(self.tastes.ad[user], self.catalogue.ad[ad])
        p_click = sigmoid(-1.2 + 2.2 * taste / self.decision_noise)
        click = _yes(p_click, draw("click"))
        return {
            "user": user,
            "ad": ad,
            "time": _clock(n, draw),
            "click": click,
            "p_click": p_click,
        }

    def item_events(self, n: int, seed: int = 0) -> Rows:
        """A log of `n` items that users chose by themselves, in order of time.

        Columns `user`, `item`, `time` and the true `p_item`. Users are drawn
        evenly, the item from the user's row of `item_probabilities()`.

        >>> rows = World(users=100, items=20).item_events(1000)
        >>> int(rows["item"].max()) < 20 and bool((np.diff(rows["time"]) > 0).all())
        True
        """
        _check_count(n)
        draw = partial(self._rng, "items", seed)
        user = self._draw_users(n, draw)
        probabilities = self.item_probabilities()
        # row u climbs from u to u + 1, so that one search finds the items of
        # all users
        ladder = (
            np.cumsum(probabilities, axis=1) + np.arange(self.users)[:, None]
        )
        rung = np.searchsorted(
            ladder.ravel(), user + draw("item").random(n), side="right"
        )
        item = np.clip(rung - user * self.items, 0, self.items - 1).astype(
            "int32"
        )
        return {
            "user": user,
            "item": item,
            "time": _clock(n, draw),
            "p_item": probabilities[user, item],
        }

    def rating_survey(self, n: int, seed: int = 0) -> Rows:
        """`n` ratings that users were *asked* for, in order of time.

        Columns `user`, `item`, `time`, `rating` and the true `mean_rating`.
        Pairs are drawn evenly and no rating is missing: judge on these what was
        learned from those that people gave by themselves.

        >>> rows = World(users=100, rating_noise=0.0).rating_survey(10)
        >>> bool(np.allclose(rows["rating"], rows["mean_rating"]))
        True
        """
        _check_count(n)
        draw = partial(self._rng, "survey", seed)
        user = self._draw_users(n, draw)
        item = draw("item").integers(self.items, size=n, dtype="int32")
        rating_taste = _dot(
            self.tastes.rating[user], self.catalogue.rating[item]
        )
        mean_rating = 3.5 + 0.8 * rating_taste
        rating = mean_rating + self.rating_noise * draw("rating").normal(size=n)
        return {
            "user": user,
            "item": item,
            "time": _clock(n, draw),
            "rating": rating.astype("float32"),
            "mean_rating": mean_rating,
        }

    def interests(self) -> Rows:
        """Which categories interest whom: several labels a user.

        `user` (users,), `interest` 0/1 and its true chance `p_interest`, both
        (users, categories): `p_interest = σ(-.8 + 2 taste·centre /
        decision_noise)`, with the taste for clicking.

        >>> World(users=100, categories=7).interests()["interest"].shape
        (100, 7)
        """
        taste = 2 * self.tastes.click @ self.catalogue.centre.T
        p_interest = sigmoid(-0.8 + taste / self.decision_noise)
        return {
            "user": np.arange(self.users, dtype="int32"),
            "interest": _yes(p_interest, self._rng("interests")),
            "p_interest": p_interest,
        }

    # ------------------------------------------------------------------ parts

    def _rng(self, *purpose: str | int) -> np.random.Generator:
        """A stream of random numbers of its own for each purpose."""
        key = [
            crc32(word.encode()) if isinstance(word, str) else word
            for word in purpose
        ]
        return np.random.default_rng([self.seed, *key])

    def _draw_users(self, n: int, draw: Draw) -> np.ndarray:
        return draw("user").integers(self.users, size=n, dtype="int32")

    def _likes(
        self, user: np.ndarray, item: np.ndarray, context: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """How much a user likes to click this item now, and how much to buy it.

        Each is `.8 taste·item + .4 quality + .5 w·context` and has variance
        about 1. The two correlate by `conversion_relatedness * selection_bias`
        in the first part and by `selection_bias` in the others.
        """
        users = self.tastes
        goods = self.catalogue
        click = 0.8 * _dot(users.click[user], goods.click[item])
        click += (
            0.4 * goods.click_quality[item]
            + 0.5 * context @ goods.click_context
        )
        conversion = 0.8 * _dot(users.conversion[user], goods.conversion[item])
        quality = 0.4 * goods.conversion_quality[item]
        conversion += quality + 0.5 * context @ goods.conversion_context
        return click, conversion

    def _average_over_mood(
        self, click_logit: np.ndarray, conversion_logit: np.ndarray
    ) -> np.ndarray:
        """Means over e ~ N(0, 1) of σ(a + c e), of σ(b + c e) and of their
        product, shape (3, n).

        By Gauss-Hermite quadrature; c is `confounding`, and without it one node
        is exact.
        """
        nodes, weights = np.polynomial.hermite_e.hermegauss(
            24 if self.confounding else 1
        )
        means = np.zeros((3, len(click_logit)))
        for e, weight in zip(nodes, weights / weights.sum(), strict=True):
            click = sigmoid(click_logit + self.confounding * e)
            conversion = sigmoid(conversion_logit + self.confounding * e)
            means += weight * np.stack([click, conversion, click * conversion])
        return means


def split_by_time(rows: Rows, test_share: float = 0.2) -> tuple[Rows, Rows]:
    """Train on the past, test on the future.

    The last `test_share` of the rows by time become the test.

    Every time in the test is later than every time in the training rows: rows
    of one instant stay together, in the test. Raises `ValueError` if a side
    would be empty.

    >>> past, future = split_by_time({"time": np.arange(10.0)}, test_share=0.2)
    >>> len(past["time"]), future["time"].tolist()
    (8, [8.0, 9.0])
    """
    length = _check_equal_lengths(rows)
    time = rows["time"]
    if not 0 < test_share < 1:
        raise ValueError(
            f"test_share: expected a number between 0 and 1, found {test_share}"
        )
    cut = min(round(length * (1 - test_share)), length - 1)
    late = time >= np.sort(time)[cut]
    if late.all():
        found = f"{len(np.unique(time))} different times in {length} rows"
        raise ValueError(
            f"time: expected rows to train on before the test, found {found}"
        )
    past = {name: column[~late] for name, column in rows.items()}
    future = {name: column[late] for name, column in rows.items()}
    return past, future


def keep_labels(rows: Rows, density: dict[str, float], seed: int = 0) -> Rows:
    """The same rows with fewer labels.

    Those of `task` stay with probability `density[task]`, else turn NaN.

    `keep_labels(rows, {"rating": .1})` leaves about a tenth of the ratings.
    Labels of several columns (interests) are kept or lost row by row. A smaller
    density keeps a part of what a larger one keeps. `rows` is not changed.
    Raises `KeyError` for a task without a column, `ValueError` for a density
    outside [0, 1].

    >>> rows = {"rating": np.ones(1000)}
    >>> share = 1 - np.isnan(keep_labels(rows, {"rating": 0.1})["rating"]).mean()
    >>> 0.05 < float(share) < 0.15
    True
    """
    length = _check_equal_lengths(rows)
    thinned = dict(rows)
    for task, share in density.items():
        if task not in rows:
            raise KeyError(
                f"density: expected a column of {sorted(rows)}, found {task!r}"
            )
        if not 0 <= share <= 1:
            raise ValueError(
                f"density of {task!r}: expected a share in [0, 1], found "
                f"{share}"
            )
        lost = (
            np.random.default_rng([seed, crc32(task.encode())]).random(length)
            >= share
        )
        thinned[task] = rows[task].astype(np.result_type(rows[task], "float32"))
        thinned[task][lost] = np.nan
    return thinned


def _uncorrelated(
    rng: np.random.Generator, rows: int, columns: int
) -> np.ndarray:
    """Normal columns, made mean 0, variance 1 and uncorrelated exactly (QR).

    There must be more rows than columns.
    """
    ones = np.ones(rows)
    drawn = rng.normal(size=(rows, columns))
    orthonormal, _ = np.linalg.qr(np.column_stack([ones, drawn]))
    return orthonormal[:, 1:] * np.sqrt(rows)


def _blend(
    first: np.ndarray, second: np.ndarray, correlation: float
) -> np.ndarray:
    """From two uncorrelated standard variables, one with the given correlation
    with the first.
    """
    return correlation * first + np.sqrt(1 - correlation**2) * second


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def _turn(
    vectors: np.ndarray, cosine: float, rng: np.random.Generator
) -> np.ndarray:
    """Unit vectors at the given cosine to the given unit vectors, in a random
    direction.
    """
    other = rng.normal(size=vectors.shape)
    along = (other * vectors).sum(-1, keepdims=True) * vectors
    return _blend(vectors, _unit(other - along), cosine)


def _dot(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Dot product row by row."""
    return np.einsum("nk,nk->n", left, right)


def _clock(n: int, draw: Draw) -> np.ndarray:
    """Seconds since the start, rising: arrivals of a Poisson process."""
    return np.cumsum(draw("time").exponential(SECONDS_BETWEEN_ROWS, n))


def _yes(probability: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """1 with the given probability, else 0."""
    return (rng.random(probability.shape) < probability).astype("float32")


def _only(values: np.ndarray, present: np.ndarray) -> np.ndarray:
    """The values where `present` is 1, NaN elsewhere."""
    return np.where(present == 1, values, np.nan).astype("float32")


def _check_dial(name: str, value: float, whole: bool) -> None:
    low, high = RANGES[name]
    if whole and not isinstance(value, int | np.integer):
        raise TypeError(f"{name}: expected a whole number, found {value!r}")
    if not low <= value <= high:
        raise ValueError(
            f"{name}: expected a number in [{low}, {high}], found {value}"
        )


def _check_count(n: int) -> None:
    if not isinstance(n, int | np.integer):
        raise TypeError(f"n: expected a whole number of rows, found {n!r}")
    if n < 1:
        raise ValueError(f"n: expected at least 1 row, found {n}")


def _check_equal_lengths(rows: Rows) -> int:
    lengths = {name: len(column) for name, column in rows.items()}
    if len(set(lengths.values())) != 1 or not all(lengths.values()):
        raise ValueError(
            f"rows: expected columns of one length, not empty, found {lengths}"
        )
    return next(iter(lengths.values()))
