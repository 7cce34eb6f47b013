"""What took minutes to compute and ships with the package.

It is one file of JSON each, in `mtl_lessons/data`:

    read("two_tasks")          # what was measured
    at(read("three_tasks")["cells"], relatedness=0.0, labels=2000)

`python -m mtl_lessons grid two_tasks` computes it anew; `RECIPES` says by which
function. Importing this module imports neither NumPy nor TensorFlow.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

Item = TypeVar("Item")

FOLDER = Path(__file__).parent / "data"

# progress(done, total): told how far a long computation is
Progress = Callable[[int, int], None]

# name of the file -> the function that fills it, called with `progress`
RECIPES = {
    "concept_transfer": "concept.transfer_grid",
    "shared_networks": "shared_networks.measured.grid",
    "loss_balancing_front": "loss_balancing.front.grid",
    "loss_balancing_experiment": "loss_balancing.experiment.grid",
    "loss_balancing_controls": "loss_balancing.controls.grid",
    "inputs_outputs_bias": "inputs_outputs.funnel.bias_grid",
    "inputs_outputs_crowd": "inputs_outputs.crowd.grid",
    "serving_heads": "serving.warm.heads_grid",
    "serving_distil": "serving.warm.distil_grid",
    "serving_epochs": "serving.warm.epochs_grid",
    "serving_calls": "serving.calls.grid",
    "serving_budget": "serving.calls.budget_grid",
    "serving_tables": "serving.quantise.grid",
    "serving_retrieval": "serving.retrieval.grid",
    "serving_drift": "serving.drift.grid",
    "serving_load": "serving.load.grid",
    "two_tasks": "two_tasks.grid",
    "three_tasks": "three_tasks.experiment.grid",
    "three_tasks_controls": "three_tasks.controls.grid",
    "evaluation_intervals": "evaluation.coverage.grid",
    "evaluation_null": "evaluation.null.grid",
    "evaluation_policy": "evaluation.policy_grid.grid",
    "evaluation_census": "evaluation.benchmark.grid",
    "scale_steps": "scale.steps.grid",
    "scale_hashing": "scale.hashing.grid",
    "scale_optimizers": "scale.steps.quality_grid",
    "scale_cluster": "scale.trial.grid",
    "choosing_tasks_auxiliary": "choosing_tasks.auxiliary.grid",
    "choosing_tasks": "choosing_tasks.experiment.grid",
    "large_models_items": "large_models.items.grid",
    "large_models_catalogue": "large_models.catalogue.grid",
    "large_models_sequence": "large_models.sequence.grid",
    "large_models_mixtures": "large_models.mixtures.grid",
    "large_models_text": "large_models.text.grid",
    "large_models_adapters": "large_models.adapters.grid",
    "large_models_scaling": "large_models.scaling.grid",
}


def read(name: str) -> dict[str, Any]:
    """What is stored under a name.

    Raises `ValueError` if there is no such name.

    >>> "cells" in read("three_tasks")
    True
    """
    return json.loads(_path(name).read_text(encoding="utf-8"))


def compute(name: str, progress: Progress | None = None) -> dict[str, Any]:
    """The same, computed anew: minutes.

    Raises `ValueError` if there is no such name.

    >>> compute("nothing")
    Traceback (most recent call last):
        ...
    ValueError: name: expected one of concept_transfer, ..., large_models_scaling, found 'nothing'
    """
    _path(name)
    module, function = RECIPES[name].rsplit(".", 1)
    recipe = getattr(import_module(f"{__package__}.{module}"), function)
    return recipe(progress=progress)


def write(name: str, grid: dict[str, Any]) -> None:
    """Store under a name. Raises `ValueError` if it is none of `RECIPES`.

    >>> write("nothing", {"cells": []})
    Traceback (most recent call last):
        ...
    ValueError: name: expected one of concept_transfer, ..., large_models_scaling, found 'nothing'
    """
    _path(name).write_text(text(grid), encoding="utf-8", newline="\n")


def text(grid: dict[str, Any]) -> str:
    """The JSON of a grid, in lines, so that a change can be read.

    A line for each key, and for each part of what holds records.

    >>> print(text({"seeds": 5, "cells": [{"labels": 10}, {"labels": 20}]}), end="")
    {
    "seeds": 5,
    "cells": [
    {"labels": 10},
    {"labels": 20}
    ]
    }
    """
    lines = [
        f"{json.dumps(key)}: {_lines(value)}" for key, value in grid.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def counted(items: Sequence[Item], progress: Progress | None) -> Iterator[Item]:
    """The items one by one; `progress` is told whenever one of them is done
    with.

    >>> total = 0
    >>> for n in counted([10, 20], progress=lambda done, total: print(done, "of", total)):
    ...     total += n
    1 of 2
    2 of 2
    """
    for done, item in enumerate(items, 1):
        yield item
        if progress:
            progress(done, len(items))


def rounded(result: Any, digits: int) -> Any:
    """Numbers, arrays and dicts of them as JSON has them: rounded, as lists,
    with texts for keys.

    >>> rounded({"auc": [0.51234, 0.6], "at": {0.1: 0.70004}}, digits=3)
    {'auc': [0.512, 0.6], 'at': {'0.1': 0.7}}
    """
    if isinstance(result, Mapping):
        return {str(key): rounded(part, digits) for key, part in result.items()}
    import numpy as np

    return np.round(result, digits).tolist()


def at(cells: Iterable[dict[str, Any]], **point: Any) -> dict[str, Any]:
    """The one of the cells that was measured at a point.

    Raises `ValueError` if nothing was measured there; the message lists the
    points where something was.

    >>> at([{"labels": 10, "auc": 0.5}, {"labels": 20, "auc": 0.75}], labels=20)
    {'labels': 20, 'auc': 0.75}
    """
    cells = list(cells)
    for cell in cells:
        if point.items() <= cell.items():
            return cell
    measured = [{name: cell.get(name) for name in point} for cell in cells]
    raise ValueError(f"point: expected one of {measured}, found {point}")


def _path(name: str) -> Path:
    if name not in RECIPES:
        raise ValueError(
            f"name: expected one of {', '.join(RECIPES)}, found {name!r}"
        )
    return FOLDER / f"{name}.json"


def _lines(value: Any) -> str:
    """The value itself, on a line for each part if its parts are records."""
    if isinstance(value, list) and any(
        isinstance(item, dict) for item in value
    ):
        lines = [json.dumps(item) for item in value]
        return "[\n" + ",\n".join(lines) + "\n]"
    if isinstance(value, dict) and any(
        isinstance(item, list | dict) for item in value.values()
    ):
        lines = [
            f"{json.dumps(key)}: {json.dumps(item)}"
            for key, item in value.items()
        ]
        return "{\n" + ",\n".join(lines) + "\n}"
    return json.dumps(value)
