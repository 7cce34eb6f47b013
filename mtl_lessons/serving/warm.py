"""What happens to a model that is in service: a head is added, a small model
takes the place of a large one, and the log is read a second time.

Three experiments, each with a seed axis and a stored grid: `heads_grid`,
`distil_grid`, `epochs_grid`. Importing this module imports TensorFlow.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.special import expit

from mtl_lessons.stored import Progress, rounded
from mtl_lessons.world import Rows, World, split_by_time

from .nets import BATCH, MASK, TASKS, HeadNets, aucs, log

SEEDS = 5
ROWS, TEST = 120_000, 20_000  # to learn from; to choose by, and to test on
USERS, ITEMS = 600, 300
LABELLED = 0.2  # of the rows, the last, have the new label


def three_logs(
    world: World, rows: int = ROWS, test: int = TEST
) -> tuple[Rows, Rows, Rows]:
    """Rows to learn from, later ones to choose by, and still later ones to test
    on.
    """
    every = log(world, rows + 2 * test)
    past, late = split_by_time(every, 2 * test / (rows + 2 * test))
    check, future = split_by_time(late, 0.5)
    return past, check, future


def _worlds(
    seeds: int, users: int, items: int, rows: int = ROWS, test: int = TEST
) -> list[list[Rows]]:
    """`[past, check, future]`, each with a log for every seed."""
    logs = [
        three_logs(World(seed=seed, users=users, items=items), rows, test)
        for seed in range(seeds)
    ]
    return [list(part) for part in zip(*logs)]


EPOCHS = (1, 2, 4, 8, 16)  # what each arm may choose from, on check rows


def _all(name: str) -> bool:  # noqa: ARG001
    return True


class WarmTrial(NamedTuple):
    """What a training had reached after some epochs."""

    epochs: int
    check: float  # mean AUC of the trained heads on check rows
    auc: dict[str, list[float]]  # of every head on later rows
    state: dict[str, np.ndarray]


def trials(
    nets: HeadNets,
    logs: Sequence[Sequence[Rows]],
    losses: Sequence[str],
    epochs: Sequence[int] = EPOCHS,
    train: Callable[[str], bool] = _all,
) -> list[WarmTrial]:
    """Train once on the first of three logs, and look after each number of
    epochs.
    """
    past, check, future = logs
    found: list[WarmTrial] = []
    optimizer, trained = None, 0
    for more in epochs:
        optimizer = nets.fit(
            past,
            more - trained,
            losses,
            train,
            optimizer=optimizer,
            first_epoch=trained,
        )
        trained = more
        seen = aucs(nets.scores(check), check)
        mean = float(np.mean([seen[task] for task in losses]))
        later = aucs(nets.scores(future), future)
        found.append(WarmTrial(more, mean, later, nets.state()))
    return found


def best(found: Sequence[WarmTrial]) -> WarmTrial:
    """The trial that is best on the check rows."""
    return max(found, key=lambda trial: trial.check)


# ---------------------------------------------------------------- a new head

OLD, NEW = ("click", "long"), "purchase"
HEAD_ARMS: dict[str, dict[str, Any]] = {
    "new head, trunk frozen": {"rows": "new", "trunk": False, "old": False},
    "trunk and new head": {"rows": "new", "trunk": True, "old": False},
    "all heads, new rows": {"rows": "new", "trunk": True, "old": True},
    "all heads, all rows": {"rows": "all", "trunk": True, "old": True},
    "from scratch, all rows": {"rows": "all", "trunk": True, "old": True},
}


def heads_grid(
    progress: Progress | None = None,
    seeds: int = SEEDS,
    rows: int = ROWS,
    arms: Sequence[str] = tuple(HEAD_ARMS),
    epochs: Sequence[int] = EPOCHS,
) -> dict[str, Any]:
    """Add the purchase head to a model of clicks and long watches.

    The label of a purchase exists in the last fifth of the rows alone. Each
    arm takes the number of epochs that is best on check rows, by the mean over
    seeds of the AUC of the heads that it trains. Returns, for each arm, the AUC
    by head on later rows, a number for each seed; `before` has the old heads.
    """
    past, check, future = _worlds(seeds, USERS, ITEMS, rows)
    starts = [round(len(one["time"]) * (1 - LABELLED)) for one in past]
    new = [_cut(one, start) for one, start in zip(past, starts)]
    every = [_masked(one, start) for one, start in zip(past, starts)]
    old_rows = [_cut(one, 0, start) for one, start in zip(past, starts)]

    base = HeadNets(seeds, USERS, ITEMS, OLD)
    before = best(trials(base, (old_rows, check, future), OLD, epochs))
    cells = [_cell("before", before, before)]
    for done, arm in enumerate(arms, 1):
        plan = HEAD_ARMS[arm]
        nets = HeadNets(seeds, USERS, ITEMS, OLD)
        nets.add_head(NEW)
        if "scratch" not in arm:
            nets.restore(before.state)
        learnt = every if plan["rows"] == "all" else new
        found = trials(
            nets,
            (learnt, check, future),
            TASKS if plan["old"] else (NEW,),
            epochs,
            _all if plan["trunk"] else _is_new,
        )
        cells.append(_cell(arm, best(found), found[-1]))
        if progress:
            progress(done, len(arms))
    return {"rows": rows, "cells": rounded_cells(cells)}


def _cell(arm: str, chosen: WarmTrial, last: WarmTrial) -> dict[str, Any]:
    return {
        "arm": arm,
        "epochs": chosen.epochs,
        "auc": chosen.auc,
        "last": last.auc,
    }


def _is_new(name: str) -> bool:
    return name.startswith(NEW)


def _cut(rows: Rows, start: int, end: int | None = None) -> Rows:
    return {name: column[start:end] for name, column in rows.items()}


def _masked(rows: Rows, start: int) -> Rows:
    """The same rows; before `start` the new label is unknown."""
    known = (np.arange(len(rows["time"])) >= start).astype("float32")
    return rows | {MASK.format(NEW): known}


def rounded_cells(cells: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Cells as JSON has them, AUCs to five digits."""
    return [
        {
            name: value if isinstance(value, str | int) else rounded(value, 5)
            for name, value in cell.items()
        }
        for cell in cells
    ]


# ---------------------------------------------------------------- distillation

TEACHER: dict[str, Any] = {"dim": 16, "units": (128, 64)}
STUDENT: dict[str, Any] = {"dim": 4, "units": (8,)}
DISTIL_ARMS = ("labels", "teacher", "half and half")


def distil_grid(
    progress: Progress | None = None,
    seeds: int = SEEDS,
    rows: int = ROWS,
    arms: Sequence[str] = DISTIL_ARMS,
    epochs: Sequence[int] = EPOCHS,
) -> dict[str, Any]:
    """Teach a small model by labels, by a large model, or by both.

    Every arm has the same student, start, rows and trials (numbers of epochs,
    by check rows); they differ in the targets: the labels `y`, the teacher's
    probability `p`, or `(y + p) / 2` (Hinton et al., 2015, at temperature 1).
    Returns AUCs by head; `weights` are those of one net.
    """
    logs = _worlds(seeds, USERS, ITEMS, rows)
    past, check, future = logs
    teacher = HeadNets(seeds, USERS, ITEMS, TASKS, **TEACHER)
    chosen = best(trials(teacher, logs, TASKS, epochs[:4]))
    teacher.restore(chosen.state)
    soft = {task: expit(p) for task, p in teacher.scores(past).items()}
    cells = [
        _cell("large model", chosen, chosen) | {"weights": teacher.parameters}
    ]
    for done, arm in enumerate(arms, 1):
        student = HeadNets(seeds, USERS, ITEMS, TASKS, **STUDENT)
        share = {"labels": 0.0, "teacher": 1.0, "half and half": 0.5}[arm]
        taught = [
            one | {t: (1 - share) * one[t] + share * soft[t][s] for t in TASKS}
            for s, one in enumerate(past)
        ]
        found = trials(student, (taught, check, future), TASKS, epochs)
        cell = _cell(arm, best(found), found[-1])
        cells.append(cell | {"weights": student.parameters})
        if progress:
            progress(done, len(arms))
    return {"rows": rows, "cells": rounded_cells(cells)}


# ---------------------------------------------------------------- a second epoch

SPARSE = {"users": 20_000, "items": 5_000}  # about 6 rows a user
EPOCH_ARMS = ("all weights", "tables fixed", "tables drawn anew")
PER_EPOCH = 4  # measurements
READ, SLOWLY = 3, 0.01  # times that the log is read, and the rate


def epochs_grid(
    progress: Progress | None = None,
    seeds: int = 6,
    rows: int = ROWS,
    arms: Sequence[str] = EPOCH_ARMS,
    read: int = READ,
    sizes: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """Read a log of rare ids three times, and test four times in each epoch.

    From the second epoch on: all weights move; the tables are fixed, and the
    layers above them move; or the tables start anew in each epoch (Liu et al.,
    2023) while the layers go on. Each arm has a dict `auc` of lists `(seeds,
    measurements)`.
    """
    sizes = sizes or SPARSE
    users, items = sizes["users"], sizes["items"]
    past, _, future = _worlds(seeds, users, items, rows)
    every = rows // BATCH // PER_EPOCH
    cells = []
    for done, arm in enumerate(arms, 1):
        nets = HeadNets(seeds, users, items, TASKS, dim=16)
        start = nets.state()
        curve: list[dict[str, list[float]]] = []

        def note(step: int, nets: HeadNets = nets, curve: list = curve) -> None:
            if step // every <= PER_EPOCH:  # the rest of an epoch is short
                curve.append(aucs(nets.scores(future), future))

        optimizer = None
        for epoch in range(read):
            fixed = arm == "tables fixed" and epoch > 0
            if arm == "tables drawn anew" and epoch > 0:
                nets.restore({name: start[name] for name in TABLES})
            if fixed and epoch == 1:
                optimizer = None
            if arm == "tables drawn anew":
                optimizer = None
            optimizer = nets.fit(
                past,
                1,
                train=_no_table if fixed else _all,
                rate=SLOWLY,
                optimizer=optimizer,
                first_epoch=epoch,
                after=note,
                every=every,
            )
        measured = {
            task: [[point[task][s] for point in curve] for s in range(seeds)]
            for task in TASKS
        }
        cells.append({"arm": arm, "auc": measured})
        if progress:
            progress(done, len(arms))
    return {"rows": rows, "cells": rounded_cells(cells)}


TABLES = ("users", "items")


def _no_table(name: str) -> bool:
    return name not in TABLES
