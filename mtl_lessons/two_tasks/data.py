"""Histories and what came next: rows to train on, users to choose by, users to
be judged by.
"""

from typing import NamedTuple, Self

import numpy as np

from mtl_lessons.datasets import MovieLens
from mtl_lessons.world import Rows, World

from .steps import HISTORY, ITEMS, PADDING, TAGS

WORLD = {"users": 3_000, "items": ITEMS, "categories": TAGS, "dim": 8}
EVENTS = 120_000
LABELLED = 0.08  # of the users to learn from: those who have told us
ROWS = 76_800


class TrainRows(NamedTuple):
    """Moments in the lives of users: what they had chosen, `(rows, HISTORY)`,
    and the labels.

    The labels are what came next, and what interests the user.

    >>> TrainRows(np.array([[-1, 3]]), {"item": np.array([4])}).labels["item"]
    array([4])
    """

    x: np.ndarray
    labels: Rows


class Test(NamedTuple):
    """Users that training has not seen: history, labels, and their true
    probabilities.

    Of real users nobody knows these: then `p_item` is 1 for what was chosen,
    and `p_interest` is None.

    >>> Test(np.array([[-1, 3]]), np.array([[1.0]]), np.eye(5)[[4]], None).p_item
    array([[0., 0., 0., 0., 1.]])
    """

    x: np.ndarray
    interest: np.ndarray  # (users, tags)
    p_item: np.ndarray  # (users, items)
    p_interest: np.ndarray | None  # (users, tags)


class Data(NamedTuple):
    """Rows to train on, users to choose a setting by, and users to be judged
    by.

    >>> data = Data.of_world(World(seed=0, **WORLD), rows=100)
    >>> data.train.x.shape, data.check.x.shape, data.test.interest.shape
    ((100, 10), (300, 10), (600, 12))
    """

    train: TrainRows
    check: Test
    test: Test

    @classmethod
    def of_world(
        cls, world: World, rows: int = ROWS, labelled: float = LABELLED
    ) -> Self:
        """Draw `rows` moments of users.

        A fifth of the users is for the test, a tenth to choose by. Of those to
        learn from, the share `labelled` has told us what interests them.
        """
        log = by_user(world)
        interests = world.interests()
        ends = [world.users // 5, 3 * world.users // 10]
        test, check, past = np.split(np.arange(world.users), ends)
        rng = np.random.default_rng([world.seed, 5])
        user = rng.choice(past, rows)
        # events of the user that have one before them
        later = (log.end - log.first - 1)[user]
        at = log.first[user] + 1 + (rng.random(rows) * later).astype(int)
        told = user < past[0] + labelled * len(past)
        interest = np.where(
            told[:, None], interests["interest"][user], np.float32(np.nan)
        )
        train = TrainRows(
            log.history(user, at), {"item": log.item[at], "interest": interest}
        )
        return cls(
            train,
            _judges(world, log, interests, check),
            _judges(world, log, interests, test),
        )

    @classmethod
    def of_movielens(
        cls, films: MovieLens, labelled: float = LABELLED, seed: int = 0
    ) -> Self:
        """Films that a user rated 4 or more, in order; the tags are the genres
        of *later* ones.

        Users are drawn into those of the test (a fifth), to choose by (a
        tenth), and to learn from, of whom the share `labelled` has told. A test
        user is judged at the middle of the list. Users with fewer than four
        favourites are left out.
        """
        stars = films.ratings["rating"]
        user, item = (
            films.ratings[name][stars >= 4] for name in ("user", "item")
        )
        log = _in_order(user, item, user.max() + 1)
        rng = np.random.default_rng(seed)
        users = rng.permutation(np.flatnonzero(log.end - log.first >= 4))
        test, check, past = np.split(
            users, [len(users) // 5, 3 * len(users) // 10]
        )
        told = past[: max(1, round(labelled * len(past)))]
        user = np.repeat(past, (log.end - log.first - 1)[past])
        at = np.concatenate(
            [np.arange(log.first[u] + 1, log.end[u]) for u in past]
        )
        genres = films.items["genre"].astype("float32")
        known = np.isin(user, told)[:, None]
        interest = np.where(
            known, _later(log, genres, user, at), np.float32(np.nan)
        )
        order = rng.permutation(len(user))
        labels = {"item": log.item[at][order], "interest": interest[order]}
        train = TrainRows(log.history(user, at)[order], labels)
        return cls(
            train,
            _judged_midway(log, genres, check),
            _judged_midway(log, genres, test),
        )


class Events(NamedTuple):
    """Events by user: those of user u are `item[first[u]:end[u]]`, the oldest
    first.
    """

    item: np.ndarray
    first: np.ndarray
    end: np.ndarray

    def history(self, user: np.ndarray, at: np.ndarray) -> np.ndarray:
        """The ten events before each place `at`, as far as they are this
        user's.
        """
        places = at[:, None] - np.arange(HISTORY, 0, -1)
        own = places >= self.first[user][:, None]
        return np.where(own, self.item[places], PADDING).astype("int32")


def by_user(world: World) -> Events:
    """The world's item events, user after user."""
    events = world.item_events(EVENTS)
    return _in_order(events["user"], events["item"], world.users)


def _in_order(user: np.ndarray, item: np.ndarray, users: int) -> Events:
    """Events that are in order of time, sorted by user."""
    counts = np.bincount(user, minlength=users)
    end = np.cumsum(counts)
    return Events(item[np.argsort(user, kind="stable")], end - counts, end)


def _judges(
    world: World, log: Events, interests: Rows, users: np.ndarray
) -> Test:
    return Test(
        x=log.history(users, log.end[users]),
        interest=interests["interest"][users],
        p_item=world.item_probabilities()[users],
        p_interest=interests["p_interest"][users],
    )


def _later(
    log: Events, genres: np.ndarray, user: np.ndarray, at: np.ndarray
) -> np.ndarray:
    """1 for the genres of a user's favourites from each place on: `(places,
    genres)`.
    """
    ends = log.end[user]
    none = np.zeros((1, genres.shape[1]))
    seen = np.concatenate([none, np.cumsum(genres[log.item], axis=0)])
    return (seen[ends] - seen[at] > 0).astype("float32")


def _judged_midway(log: Events, genres: np.ndarray, users: np.ndarray) -> Test:
    at = (log.first[users] + log.end[users]) // 2
    chosen = np.eye(len(genres), dtype="float32")[log.item[at]]
    return Test(
        log.history(users, at), _later(log, genres, users, at), chosen, None
    )
