"""What is checked at the steps of chapter 6's exercise that need TensorFlow,
cheap probes first.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import Any

import numpy as np

from mtl_lessons import embed
from mtl_lessons.backend import keras, tf
from mtl_lessons.exercises import probes
from mtl_lessons.exercises.bar import bar
from mtl_lessons.exercises.mistakes import Mistake, attempted
from mtl_lessons.exercises.probes import NUMBER, ONE_OF, YES_NO, Output, Subject
from mtl_lessons.three_tasks import Framework, built, compare, experiment
from mtl_lessons.three_tasks.framework import Head
from mtl_lessons.three_tasks.steps import IDS, LESS_IS_BETTER, TASKS
from mtl_lessons.world import World

OUTPUTS = [
    Output("chosen", ONE_OF, 300),
    Output("ad_click", YES_NO, 1),
    Output("rating", NUMBER, 1),
]
FOURTH = {"like": ("yes or no", 1, ["item"])}
TWINS = {
    "one": ("yes or no", 1, ["ad"]),
    "two": ("yes or no", 1, ["ad"]),
    "stars": ("a number", 1, ["item"]),
}
LEAST_RANK = 4  # of what a user's vector can say of the items
# of AUC or of recall@10, or stars of RMSE: what one seed may lose
HARMLESS = 0.03
HEAVIEST = 200_000  # weights of a framework that is trained while one waits


def _called(answer: object, *given: object) -> object:
    """What the learner's function returns."""
    if not callable(answer) or isinstance(answer, keras.Layer):
        raise Mistake("not-a-function", found=type(answer).__name__)
    return attempted(answer(*given))


# ---------------------------------------------------------------- step 2


@probes.mindful_of_equals
def build(answer: object) -> dict:
    """Heads as declared, parallel on a shared part; each reads what it judges,
    and nothing else.
    """
    subject = _framework_subject(
        _called(answer, _declared_tasks(TASKS)), OUTPUTS
    )
    probes.shares_and_is_parallel(subject)
    probes.activations(subject)
    _inputs_read(subject, TASKS)
    sweeps = {name: _sweep(subject, name) for name in IDS}
    _ids_are_no_quantities(sweeps)
    _unknown_is_nobody(subject)
    _a_table_each(subject)
    _meets(subject)
    for name in IDS:
        task = _judging(name)[0]
        vectors = partial(_known, subject, name, task)
        probes.all_differ(subject.model, vectors, name)
    _fourth(answer)
    _twins(answer)
    return {"weights": subject.model.count_params()}


def _declared_tasks(tasks: Mapping) -> dict:
    return {
        name: (kind, width, list(reads))
        for name, (kind, width, reads) in tasks.items()
    }


def _framework_subject(made: object, declared: Sequence[Output]) -> Subject:
    model = probes.built(made)
    _named_inputs(model)
    try:
        # elsewhere, an id without a row passes in silence
        with tf.device("CPU:0"):
            _outputs(model, _unusual_ids())
    except tf.errors.InvalidArgumentError as error:
        raise Mistake("no-such-row", said=probes.said(error)) from error
    clicks = _outputs(model, _ids()).get("ad_click")
    if (
        clicks is not None
        and len(clicks.shape) > 1
        and clicks.shape[-1] == IDS["ad"]
    ):
        raise Mistake("logit-per-ad", width=IDS["ad"])
    return Subject(model, _ids(), declared)


def _named_inputs(model: keras.Layer) -> None:
    """Three columns of one shape: only their names tell them apart."""
    inputs = getattr(model, "inputs", None) or []
    keys = [tensor.name for tensor in inputs]
    if inputs and isinstance(getattr(model, "input", None), dict):
        keys = list(model.input)
    if len(inputs) == len(IDS) and set(keys) != set(IDS):
        raise Mistake(
            "names-of-inputs", found=", ".join(keys), expected=", ".join(IDS)
        )


def _outputs(model: keras.Layer, x: dict) -> dict:
    found = model(probes.fed(model, x))
    return dict(found) if isinstance(found, Mapping) else {}


def _ids(rows: int = 48) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {
        name: rng.integers(ids, size=rows).astype("int32")
        for name, ids in IDS.items()
    }


def _unusual_ids() -> dict[str, np.ndarray]:
    """Unknown ids and the last ones."""
    return {
        name: np.array([-1, ids - 1] * 2, "int32") for name, ids in IDS.items()
    }


def _inputs_read(subject: Subject, tasks: Mapping) -> None:
    """Turn one input round: who feels it?"""
    before = {task: out.numpy() for task, out in subject.outputs().items()}
    for feature in ("ad", "item"):
        turned = {**subject.x, feature: subject.x[feature][::-1].copy()}
        after = subject.outputs(turned)
        for task, (_, _, reads) in tasks.items():
            same = np.allclose(before[task], after[task], atol=1e-7)
            if feature in reads and same:
                raise Mistake("ignores-feature", task=task, feature=feature)
            if feature not in reads and not same:
                raise Mistake("reads-another", task=task, feature=feature)


def _sweep(subject: Subject, name: str) -> dict[str, np.ndarray]:
    """By task, what is predicted for all ids of a feature, those of -1 last:
    `(ids + 1, others)`.

    Of a user, that is what is predicted for one ad and one item; of an ad or an
    item, what is predicted for 8 users.
    """
    ids = np.r_[np.arange(IDS[name]), -1].astype("int32")
    users = [7] if name == "user" else range(3, 600, 79)
    rows = {"user": np.repeat(users, len(ids)).astype("int32")}
    rows |= {
        other: np.full(len(rows["user"]), 11, "int32")
        for other in ("ad", "item")
    }
    rows[name] = np.tile(ids, len(users))
    with probes.scaled(subject.model, 2):
        found = subject.outputs(rows)
    by_user = {
        task: np.split(out.numpy(), len(users)) for task, out in found.items()
    }
    return {
        task: np.concatenate(parts, axis=1) for task, parts in by_user.items()
    }


def _known(subject: Subject, name: str, task: str) -> np.ndarray:
    """What one task predicts for all known ids of a feature."""
    return _sweep(subject, name)[task][:-1]


def _judging(name: str) -> list[str]:
    return [
        task
        for task, (_, _, reads) in TASKS.items()
        if name == "user" or name in reads
    ]


def _unknown_is_nobody(subject: Subject) -> None:
    """-1 must be no row of an id: not the last, as of an array, nor the first,
    as by a clip.
    """
    for name, ids in IDS.items():

        def same(name: str = name) -> np.ndarray:
            by_task = _sweep(subject, name)
            found = np.concatenate(
                [by_task[task] for task in _judging(name)], axis=1
            )
            return np.isclose(found[:-1], found[-1], rtol=1e-5, atol=1e-8).all(
                axis=1
            )

        somebody = probes.whatever_the_weights(subject.model, same)
        if somebody.all():
            raise Mistake(
                "ignores-feature", task=_judging(name)[0], feature=name
            )
        if somebody[-1]:
            raise Mistake("unknown-is-last", feature=name, last=ids - 1)
        if somebody.any():
            raise Mistake(
                "unknown-is-somebody", feature=name, id=int(somebody.argmax())
            )


def _ids_are_no_quantities(sweeps: Mapping[str, Mapping]) -> None:
    """Neighbours are not neighbours, and a user's vector is more than a number
    or two.
    """
    for name, by_task in sweeps.items():
        probes.names_not_numbers(by_task[_judging(name)[0]][:-1], name)
    chosen = sweeps["user"]["chosen"][:-1:4]
    rank = probes.rank(
        probes.spread(np.log(chosen) if chosen.min() > 0 else chosen)
    )
    if rank < LEAST_RANK:
        raise Mistake(
            "too-narrow-table", feature="user", rank=rank, least=LEAST_RANK
        )


def _a_table_each(subject: Subject) -> None:
    """User 9 and ad 9 do not train one row of one table."""
    for name, task in (("ad", "ad_click"), ("item", "rating")):
        if all(_fewer_rows(subject, task, name, id) for id in (9, 18, 27, 36)):
            # at all four: not just where a `relu` is dead
            raise Mistake("one-table", feature=name)


def _fewer_rows(subject: Subject, task: str, name: str, id: int) -> bool:
    """Whether a user and an ad or item of the same number train fewer rows than
    others do.
    """
    same = _trained_rows(subject, task, {"user": id, name: id})
    return same < _trained_rows(subject, task, {"user": id - 4, name: id})


def _trained_rows(subject: Subject, task: str, ids: Mapping[str, int]) -> int:
    """How many rows of tables one row of data trains."""
    x = {name: np.array([ids.get(name, -1)], "int32") for name in IDS}
    tables = probes.tables(subject.model, min(IDS.values()))
    found = probes.trained_rows(lambda: subject.outputs(x)[task], tables)
    return sum(int(rows.sum()) for rows in found)


def _meets(subject: Subject) -> None:
    """Do users differ in which ads they prefer, or only in how much they click?"""
    ids = np.arange(24, dtype="int32")
    users, targets = np.repeat(ids, 24), np.tile(ids, 24)
    with probes.scaled(subject.model, 2):
        outputs = subject.outputs(
            {"user": users, "ad": targets, "item": targets}
        )
    sigmoid = subject.ranges["ad_click"] == "sigmoid"
    for task in ("ad_click", "rating"):
        table = outputs[task].numpy().astype(float).reshape(24, 24)
        if sigmoid and task == "ad_click":
            # logits: there a sum stays a sum
            table = np.log(table / (1 - table))
        apart = (
            table - table.mean(0) - table.mean(1, keepdims=True) + table.mean()
        )
        if apart.std() < 0.01 * table.std():
            raise Mistake("same-order-for-all", task=task)


def _fourth(answer: Any) -> None:
    """One line more in the declaration is one head more in the model, as the
    line says.
    """
    more = {**TASKS, **FOURTH}
    try:
        subject = _framework_subject(
            answer(_declared_tasks(more)), [*OUTPUTS, Output("like", YES_NO, 1)]
        )
        probes.shares_and_is_parallel(subject)
        probes.activations(subject)
        _inputs_read(subject, more)
    except Mistake as mistake:
        facts = mistake.facts
        if mistake.key == "number-of-outputs":
            told = f"{facts['found']} outputs"
        elif facts.get("task") == "like":
            told = f"`like` is there, but not as declared: {mistake.key.replace('-', ' ')}"
        else:
            told = f"another model than with three: {mistake.key.replace('-', ' ')}"
        raise Mistake("no-fourth-task", said=told) from mistake
    except (KeyError, ValueError, IndexError) as error:
        raise Mistake("no-fourth-task", said=_of_error(error)) from error


def _of_error(error: Exception) -> str:
    if isinstance(error, Mistake):
        return error.key.replace("-", " ")
    return f"{type(error).__name__}, {probes.said(error)}"


def _twins(answer: Any) -> None:
    """Two tasks of one kind that read the same have heads of their own."""
    try:
        outputs = [
            Output("one", YES_NO, 1),
            Output("two", YES_NO, 1),
            Output("stars", NUMBER, 1),
        ]
        subject = _framework_subject(answer(_declared_tasks(TWINS)), outputs)
    except (Mistake, KeyError, ValueError, IndexError) as error:
        raise Mistake("names-in-the-code", said=_of_error(error)) from error
    with probes.scaled(subject.model, 3):
        found = subject.outputs()
    same = np.allclose(found["one"], found["two"], atol=1e-6)
    if same or _last_layers(subject, "one") & _last_layers(subject, "two"):
        raise Mistake("a-head-per-kind")


def _last_layers(subject: Subject, task: str) -> set[str]:
    """Weights that give one number, and that the task trains: the last layer of
    its head.

    A table of biases is none of them.
    """
    weights = subject.model.trainable_weights
    narrow = [
        w
        for w in weights
        if w.shape[-1:] == (1,) and w.shape[0] < min(IDS.values())
    ]
    return probes.reached(lambda: subject.raw()[task], narrow)


# ---------------------------------------------------------------- step 3


def compiled(answer: object) -> dict:
    """Each loss at its own output, and a label that is missing costs nothing."""
    subject = _framework_subject(
        _called(answer, _declared_tasks(TASKS)), OUTPUTS
    )
    missing, *others = probes.LOSSES
    probes.losses(
        subject,
        _labels_of_three(len(subject.x["user"])),
        [missing, _without_a_log, *others],
    )
    return {}


def _without_a_log(case: probes.LossCase) -> None:
    """A step may have no label of a task at all, if its log is late."""
    for task, label in case.labels.items():
        try:
            probes.pulls_of(
                case.subject, {**case.labels, task: np.full_like(label, np.nan)}
            )
        except Mistake as mistake:
            if swapped := probes.swapped(case.subject, case.labels):
                raise Mistake("arguments-swapped", task=swapped) from mistake
            raise Mistake("mean-of-nothing", task=task) from mistake


def _labels_of_three(rows: int) -> dict[str, np.ndarray]:
    """A third of the rows for each task, as three logs in one have them."""
    rng, turn = np.random.default_rng(2), np.arange(rows) % 3
    full = {
        "chosen": rng.integers(300, size=(rows, 1)).astype("float32"),
        "ad_click": rng.integers(2, size=(rows, 1)).astype("float32"),
        "rating": rng.normal(3.5, 1, (rows, 1)).astype("float32"),
    }
    # zeros are labels like others
    full["chosen"][:6], full["rating"][:6] = 0, 0
    logs = enumerate(full.items())
    return {
        task: np.where((turn == i)[:, None], label, np.nan)
        for i, (task, label) in logs
    }


# ---------------------------------------------------------------- step 5


def cure(answer: object) -> dict:
    """The harm is gone, held against a control that is as wide and as loud, and
    worth beating.

    And no other task pays for it.
    """
    multi, single = _pair_found(_called(answer))
    _is_shared(multi, single)
    _is_fair(multi, single)
    with bar(2, embed.strings("exercises")["training"]) as show:
        together = _scored(multi)
        show(1)
        alone = _scored(single)
    gains = {task: _better(task, together[task], alone[task]) for task in TASKS}
    if gains["ad_click"] < -HARMLESS:
        raise Mistake("still-harmed", loss=-gains["ad_click"], most=HARMLESS)
    for task in ("chosen", "rating"):
        if gains[task] < -HARMLESS:
            raise Mistake(
                "harm-moved", task=task, loss=-gains[task], most=HARMLESS
            )
    for task, best in _best_alone().items():
        if _better(task, together[task], best) < -HARMLESS:
            levels = {
                "together": together[task],
                "alone": alone[task],
                "best": best,
            }
            raise Mistake("below-the-best", task=task, most=HARMLESS, **levels)
    multi = {f"{task}_multi": together[task] for task in TASKS}
    single = {f"{task}_single": alone[task] for task in TASKS}
    return gains | multi | single


def _better(task: str, one: float, other: float) -> float:
    """By how much one score is better than the other, in the task's own unit."""
    return (other - one) if task in LESS_IS_BETTER else (one - other)


def _best_alone() -> dict[str, float]:
    """The best that a task has reached alone in this world, over the cures of
    the package.
    """
    names = {
        "chosen": "chosen_single",
        "ad_click": "single",
        "rating": "rating_single",
    }
    cures = experiment.shipped()["cures"].values()
    best = {}
    for task, name in names.items():
        scores = [cure[name][0] for cure in cures]
        best[task] = min(scores) if task in LESS_IS_BETTER else max(scores)
    return best


def _pair_found(found: object) -> tuple[Framework, Framework]:
    parts = tuple(found) if isinstance(found, tuple | list) else ()
    if len(parts) != 2 or not all(
        isinstance(part, Framework) for part in parts
    ):
        raise Mistake("not-a-pair", found=_kinds_found(found))
    return parts


def _kinds_found(found: object) -> str:
    if isinstance(found, tuple | list):
        parts = ", ".join(type(part).__name__ for part in found)
        return f"a {type(found).__name__} of {parts or 'nothing'}"
    return f"a {type(found).__name__}"


def _is_shared(multi: Framework, single: Framework) -> None:
    if not multi.shared:
        raise Mistake("shares-nothing")
    if single.shared:
        raise Mistake("control-shares")
    names = [head.name for head in multi.heads]
    if missing := [task for task in TASKS if task not in names]:
        raise Mistake("task-dropped", missing=", ".join(missing))
    for framework in (multi, single):
        if (weights := framework.graph().count_params()) > HEAVIEST:
            raise Mistake("too-many-weights", weights=weights, most=HEAVIEST)


def _is_fair(multi: Framework, single: Framework) -> None:
    """What differs between the two, but for what is shared?"""
    if [head.name for head in multi.heads] != [
        head.name for head in single.heads
    ]:
        raise Mistake("other-tasks", multi=_names(multi), single=_names(single))
    features = [
        {one.name: one for one in framework.inputs}
        for framework in (multi, single)
    ]
    if features[0] != features[1]:
        raise Mistake(
            "unfair-width", multi=_widths_of(multi), single=_widths_of(single)
        )
    if _kind_of_network(multi) != _kind_of_network(single):
        raise Mistake(
            "unfair-network", multi=_network(multi), single=_network(single)
        )
    for mine, its in zip(multi.heads, single.heads):
        if _task(mine) != _task(its):
            raise Mistake(
                "unfair-task",
                task=mine.name,
                multi=_task(mine),
                single=_task(its),
            )
        if [feature.name for feature in mine.reads] != [
            feature.name for feature in its.reads
        ]:
            raise Mistake(
                "unfair-task",
                task=mine.name,
                multi=_read_head(mine),
                single=_read_head(its),
            )
    weights = [
        [head.weight for head in framework.heads]
        for framework in (multi, single)
    ]
    if weights[0] != weights[1]:
        raise Mistake("unfair-weight", multi=weights[0], single=weights[1])
    if _balance(multi) != _balance(single):
        raise Mistake(
            "unfair-balance", multi=_balance(multi), single=_balance(single)
        )


def _task(head: Head) -> str:
    return repr(head.task)


def _read_head(head: Head) -> str:
    return ", ".join(feature.name for feature in head.reads) or "nothing"


def _balance(framework: Framework) -> str:
    """A balance and its settings, as text."""
    if framework.balance is None:
        return "none"
    settings = framework.balance.get_config()
    for of_any_layer in ("name", "trainable", "dtype"):
        settings.pop(of_any_layer, None)
    return f"{type(framework.balance).__name__} {json.dumps(settings, default=str)}"


def _names(framework: Framework) -> str:
    return ", ".join(head.name for head in framework.heads)


def _widths_of(framework: Framework) -> str:
    widths = {
        feature.name: getattr(feature, "width", 1)
        for feature in framework.inputs
    }
    # a number has no vector
    return ", ".join(f"{name} {width}" for name, width in widths.items())


def _kind_of_network(framework: Framework) -> tuple:
    """The kind of network and its options; a function that is no `partial`
    stands for itself.
    """
    network = framework.network
    return (
        (network.func, network.keywords)
        if isinstance(network, partial)
        else (network, {})
    )


def _network(framework: Framework) -> str:
    kind, options = _kind_of_network(framework)
    return f"`{getattr(kind, '__name__', type(kind).__name__)}`, {options}"


@cache
def _world() -> tuple[list, list]:
    return experiment.logs(World(seed=0, ad_relatedness=0.0), 30_000)


# by declaration: what is trained once, is not again
SCORES: dict[str, dict[str, float]] = {}


def _scored(framework: Framework, **plan: Any) -> dict[str, float]:
    """The framework's scores after a training on the first world, alike for
    all.

    `plan`: of `fit`, if not that of the chapter.
    """
    declared = _declaration(framework)
    if declared not in SCORES:
        past, future = _world()
        (((found,),)) = compare([built(framework)], [past], [future], **plan)
        if not declared:
            return found
        SCORES[declared] = found
    return SCORES[declared]


def _declaration(framework: Framework) -> str:
    """All that the scores depend on, as text; empty if nobody can tell, as of
    an own network.
    """
    kind, options = _kind_of_network(framework)
    of_package = getattr(kind, "__module__", "").startswith("mtl_lessons.")
    if type(framework) is not Framework or not of_package:
        return ""
    features = [repr(feature) for feature in framework.features]
    heads = [
        (_task(head), list(map(repr, head.reads)), head.weight)
        for head in framework.heads
    ]
    network = (kind.__name__, sorted(options.items()))
    return repr(
        (features, heads, network, _balance(framework), framework.shared)
    )
