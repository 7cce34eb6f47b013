"""What would a new policy have earned, from the log of another one?

The log: of K candidates an old policy chose one, at random with known
probabilities, and only its reward was seen. Every estimator here is a mean over
the rows of the log:

| estimator | formula of a row, weight `w = π(a) / b(a)` | fails if |
|---|---|---|
| `replay` | `r`, of the rows where both policies agree | the log does not choose at random |
| `direct` | `Σ_a π(a) q(a)`, a model q of the reward | the model is wrong where π goes |
| `ips` | `w r` | `b(a)` is 0 where π goes; varies much if it is small |
| `snips` | `w r`, divided by the mean of w | the same; a little biased |
| `doubly_robust` | `Σ_a π(a) q(a) + w (r - q(a_logged))` | both q and b are wrong |

`clip` bounds the weights: less spread, and a bias towards what q says (DR) or
towards 0 (IPS).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from mtl_lessons.metrics import Array

ESTIMATORS = ("replay", "model", "IPS", "SNIPS", "DR")


class Logged(NamedTuple):
    """A log, and what a new policy would do on its requests.

    - `reward`: of the item that was shown, (rows,).
    - `shown`: its place among the candidates, (rows,).
    - `propensity`: the chance with which it was chosen, (rows,).
    - `target`: the new policy's chance of every candidate, (rows, K).
    - `guess`: a model's reward of every candidate, (rows, K).

    >>> one = Logged([1.0], [0], [0.5], [[1.0, 0.0]], [[0.4, 0.2]])
    >>> ips(one), direct(one), doubly_robust(one)  # 1 / .5; .4; .4 + 2 (1 - .4)
    (2.0, 0.4, 1.6)
    """

    reward: ArrayLike
    shown: ArrayLike
    propensity: ArrayLike
    target: ArrayLike
    guess: ArrayLike


def weights(log: Logged, clip: float = np.inf) -> Array:
    """`min(π(a) / b(a), clip)` of the item that was shown, (rows,).

    Raises `ValueError` if a row was shown with a chance of 0.

    >>> log = Logged([1, 0], [0, 1], [0.5, 0.1], [[1, 0], [0, 1]], [[0, 0]] * 2)
    >>> weights(log, clip=5).tolist()
    [2.0, 5.0]
    """
    propensity = np.asarray(log.propensity, "float64")
    if not ((propensity > 0) & (propensity <= 1)).all():
        raise ValueError(
            "propensity: expected chances above 0 and up to 1, found "
            f"{propensity.min()} to {propensity.max()}"
        )
    if not clip > 0:
        raise ValueError(f"clip: expected a number above 0, found {clip}")
    return np.minimum(_at(log.target, log.shown) / propensity, clip)


def replay(log: Logged) -> float:
    """Mean reward of the rows on which the new policy would have shown the same
    item: its most probable one.

    Right if the log chose uniformly at random (Li et al. 2011). Else the rows
    on which both agree are rows of their own kind, and no error message says so.

    >>> log = Logged([1, 0], [0, 1], [0.5, 0.1], [[1, 0], [1, 0]], [[0, 0]] * 2)
    >>> replay(log)
    1.0
    """
    agrees = np.asarray(log.target).argmax(1) == np.asarray(log.shown)
    if not agrees.any():
        raise ValueError(
            "log: expected a row on which both policies agree, found none"
        )
    return float(np.asarray(log.reward, "float64")[agrees].mean())


def direct(log: Logged) -> float:
    """The model's opinion of the new policy: `mean Σ_a π(a) q(a)`.

    >>> direct(Logged([1], [0], [0.5], [[1, 0]], [[0.4, 0.2]]))
    0.4
    """
    return float((np.asarray(log.target) * np.asarray(log.guess)).sum(1).mean())


def ips(log: Logged, clip: float = np.inf) -> float:
    """`mean(w r)`: unbiased without `clip`, if every item that the new policy
    wants had a chance. (Horvitz and Thompson 1952.)

    >>> ips(Logged([1], [0], [0.5], [[1, 0]], [[0.4, 0.2]]))  # 1 / .5
    2.0
    """
    return float((weights(log, clip) * np.asarray(log.reward)).mean())


def snips(log: Logged, clip: float = np.inf) -> float:
    """`Σ w r / Σ w`: the weights' own luck cancels. (Swaminathan and Joachims
    2015.)

    >>> log = Logged([1, 1], [0, 1], [0.5, 0.1], [[1, 0], [1, 0]], [[0, 0]] * 2)
    >>> ips(log), snips(log)  # all rewards are 1, and one of the two says so
    (1.0, 1.0)
    """
    w = weights(log, clip)
    if w.sum() == 0:
        raise ValueError(
            "log: expected a row that the new policy could show, found none"
        )
    return float((w * np.asarray(log.reward)).sum() / w.sum())


def doubly_robust(log: Logged, clip: float = np.inf) -> float:
    """The model's opinion, corrected by the rows: `mean(Σ_a π(a) q(a) + w (r -
    q(a_logged)))`. (Dudík et al. 2011.)

    >>> doubly_robust(Logged([1], [0], [0.5], [[1, 0]], [[0.4, 0.2]]))
    1.6
    """
    missed = np.asarray(log.reward) - _at(log.guess, log.shown)
    return direct(log) + float((weights(log, clip) * missed).mean())


def effective_share(log: Logged) -> float:
    """`(Σ w)² / (n Σ w²)`: which share of the rows would tell as much, equally
    weighted (Kish 1965).

    >>> log = Logged([1, 1], [0, 1], [0.5, 0.5], [[1, 0], [1, 0]], [[0, 0]] * 2)
    >>> effective_share(log)  # one row of the two
    0.5
    """
    w = weights(log)
    return float(w.sum() ** 2 / (len(w) * (w**2).sum()))


def estimates(log: Logged, clip: float = np.inf) -> dict[str, float]:
    """All five by name.

    >>> log = Logged([1, 0], [0, 1], [0.5, 0.5], [[1, 0], [1, 0]], [[0.4, 0]] * 2)
    >>> {name: round(value, 2) for name, value in estimates(log).items()}
    {'replay': 1.0, 'model': 0.4, 'IPS': 1.0, 'SNIPS': 1.0, 'DR': 1.0}
    """
    return {
        "replay": replay(log),
        "model": direct(log),
        "IPS": ips(log, clip),
        "SNIPS": snips(log, clip),
        "DR": doubly_robust(log, clip),
    }


def _at(of_all: ArrayLike, shown: ArrayLike) -> Array:
    """The number of the item that was shown, (rows,)."""
    table, places = np.asarray(of_all, "float64"), np.asarray(shown)
    if table.ndim != 2 or places.shape != table.shape[:1]:
        raise ValueError(
            "target, guess, shown: expected shapes (rows, K) and (rows,), found "
            f"{table.shape} and {places.shape}"
        )
    return table[np.arange(len(table)), places]
