"""What is checked at each step of the exercise of chapter 6, cheap probes first."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import numpy as np
from scipy import stats

from mtl_lessons import embed, metrics
from mtl_lessons.backend import keras, tf
from mtl_lessons.exercises import probes
from mtl_lessons.exercises.bar import bar
from mtl_lessons.exercises.engine import Mistake, attempted
from mtl_lessons.exercises.probes import NUMBER, ONE_OF, YES_NO, Head, Subject
from mtl_lessons.three_tasks import Framework, built, compare, experiment, steps
from mtl_lessons.three_tasks.steps import IDS, TASKS
from mtl_lessons.world import World

HEADS = [Head("chosen", ONE_OF, 300), Head("ad_click", YES_NO, 1), Head("rating", NUMBER, 1)]
FOURTH = {"like": ("yes or no", 1, ["item"])}
HARMLESS = 0.03  # of AUC or of recall@10, or stars of RMSE: what one seed may lose
MOST = 200_000  # weights of a framework that is trained while one waits


def _called(answer: object, *given: object) -> object:
    """What the learner's function returns."""
    if not callable(answer) or isinstance(answer, keras.Layer):
        raise Mistake("not-a-function", found=type(answer).__name__)
    return attempted(answer(*given))


# ---------------------------------------------------------------- step 1


def rows(answer: object) -> dict:
    """Three logs as one: nothing invented, nothing lost, no label among the features."""
    logs = _logs()
    x, y = _parts(_called(answer, [{name: column.copy() for name, column in log.items()} for log in logs]))
    if set(x) == set(TASKS) and set(y) == set(IDS):
        raise Mistake("labels-first")
    for part, names in ((x, list(IDS)), (y, list(TASKS))):
        if set(part) != set(names):
            raise Mistake("other-columns", found=", ".join(map(str, part)), expected=", ".join(names))
    total = sum(len(log["user"]) for log in logs)
    expected_x, expected_y = steps.one_log(logs)
    for name, column in {**x, **y}.items():
        if len(column) != total:
            raise Mistake("other-length", name=name, found=len(column), expected=total)
    for name, column in expected_x.items():
        _same_ids(name, column, x[name], expected_y["chosen"])
    for task, label in expected_y.items():
        _same_labels(task, label[:, 0], y[task])
    return {"rows": total}


def _logs() -> list[dict[str, np.ndarray]]:
    """Logs of unequal lengths; ids and labels of 0 occur."""
    rng = np.random.default_rng(0)
    draw = {name: lambda n, most=most: np.r_[0, rng.integers(1, most, n - 1)] for name, most in IDS.items()}
    return [
        {"user": draw["user"](7), "chosen": draw["item"](7)},
        {"user": draw["user"](9), "ad": draw["ad"](9), "ad_click": rng.integers(2, size=9).astype("float32")},
        {"user": draw["user"](5), "item": draw["item"](5), "rating": rng.normal(3.5, 1, 5).astype("float32")},
    ]


def _parts(found: object) -> tuple[dict, dict]:
    if found is None:
        raise Mistake("rows-nothing")
    if not isinstance(found, tuple | list) or len(found) != 2 or not all(isinstance(part, Mapping) for part in found):
        raise Mistake("not-two-dicts", found=type(found).__name__)
    return tuple({name: _column(name, values) for name, values in part.items()} for part in found)


def _column(name: str, values: object) -> np.ndarray:
    column = np.asarray(values)
    if column.ndim == 0:
        raise Mistake("not-a-column", name=name, found=values)
    return column.reshape(len(column), -1)[:, 0]


def _same_ids(name: str, expected: np.ndarray, found: np.ndarray, chosen: np.ndarray) -> None:
    missing = expected < 0
    there = np.nan_to_num(found[missing].astype(float), nan=-1)
    if name == "item" and np.array_equal(there[: np.sum(~np.isnan(chosen))], chosen[~np.isnan(chosen)]):
        raise Mistake("label-as-feature")
    if np.any((there >= 0) & (there < IDS[name])):
        raise Mistake("unknown-as-id", name=name, found=int(there[there >= 0][0]))
    if np.any(np.isnan(found.astype(float))):
        raise Mistake("nan-id", name=name)
    if not np.array_equal(found[~missing], expected[~missing]):
        raise Mistake("other-values", name=name)


def _same_labels(task: str, expected: np.ndarray, found: np.ndarray) -> None:
    missing, found = np.isnan(expected), found.astype(float)
    if not np.all(np.isnan(found[missing])):
        raise Mistake("missing-as-label", task=task, found=found[missing][~np.isnan(found[missing])][0])
    if not np.allclose(found[~missing], expected[~missing], equal_nan=True):
        raise Mistake("other-values", name=task)


# ---------------------------------------------------------------- step 2


def build(answer: object) -> dict:
    """Heads as declared, parallel on a shared part; each reads what it judges, and nothing that others judge."""
    subject = _subject(_called(answer, _declared(TASKS)), HEADS)
    probes.shares_and_is_parallel(subject)
    probes.activations(subject)
    _reads(subject)
    _unknown_is_nobody(subject)
    _meets(subject)
    _fourth(answer)
    return {"weights": subject.model.count_params()}


def _declared(tasks: Mapping) -> dict:
    return {name: (kind, width, list(reads)) for name, (kind, width, reads) in tasks.items()}


def _subject(made: object, heads: Sequence[Head]) -> Subject:
    model = probes.built(made)
    try:
        _outputs(model, _ends())
    except tf.errors.InvalidArgumentError as error:
        raise Mistake("no-such-row", said=probes.said(error)) from error
    widths = {name: tensor.shape[-1] for name, tensor in _outputs(model, _ids()).items() if len(tensor.shape) > 1}
    if widths.get("ad_click") == IDS["ad"]:
        raise Mistake("logit-per-ad", width=IDS["ad"])
    return Subject(model, _ids(), heads)


def _outputs(model: keras.Layer, x: dict) -> dict:
    found = model(probes.fed(model, x))
    return dict(found) if isinstance(found, Mapping) else {}


def _ids(rows: int = 48) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {name: rng.integers(ids, size=rows).astype("int32") for name, ids in IDS.items()}


def _ends() -> dict[str, np.ndarray]:
    """Unknown ids and the last ones."""
    return {name: np.array([-1, ids - 1] * 2, "int32") for name, ids in IDS.items()}


def _reads(subject: Subject) -> None:
    """Turn one input round: who feels it?"""
    before = {task: out.numpy() for task, out in subject.outputs().items()}
    for feature in ("ad", "item"):
        turned = {**subject.x, feature: subject.x[feature][::-1].copy()}
        after = subject.outputs(turned)
        for task, (_, _, reads) in TASKS.items():
            same = np.allclose(before[task], after[task], atol=1e-7)
            if feature in reads and same:
                raise Mistake("ignores-feature", task=task, feature=feature)
            if feature not in reads and not same:
                raise Mistake("reads-another", task=task, feature=feature)


def _unknown_is_nobody(subject: Subject) -> None:
    """-1 must not be the last row of a table, as it is the last element of an array."""
    for name, ids in IDS.items():
        last, unknown = (subject.outputs({**subject.x, name: np.full_like(subject.x[name], i)}) for i in (ids - 1, -1))
        if all(np.allclose(last[task], unknown[task], atol=1e-8) for task in TASKS):
            raise Mistake("unknown-is-last", feature=name, last=ids - 1)


def _meets(subject: Subject) -> None:
    """Do users differ in which ads they prefer, or only in how much they click?"""
    users, targets = np.repeat(np.arange(24), 24).astype("int32"), np.tile(np.arange(24), 24).astype("int32")
    with probes._scaled(subject.model, 2):
        outputs = subject.outputs({"user": users, "ad": targets, "item": targets})
        sigmoid = probes.activation(subject, "ad_click") == "sigmoid"
    for task in ("ad_click", "rating"):
        table = outputs[task].numpy().astype(float).reshape(24, 24)
        table = np.log(table / (1 - table)) if sigmoid and task == "ad_click" else table  # logits: there a sum stays a sum
        apart = table - table.mean(0) - table.mean(1, keepdims=True) + table.mean()
        if apart.std() < 0.01 * table.std():
            raise Mistake("same-order-for-all", task=task)


def _fourth(answer) -> None:
    """One line more in the declaration is one head more in the model."""
    more = {**_declared(TASKS), **_declared(FOURTH)}
    try:
        _subject(answer(more), [*HEADS, Head("like", YES_NO, 1)])
    except Mistake as mistake:
        outputs = mistake.facts["found"] if mistake.key == "number-of-outputs" else "other"
        raise Mistake("no-fourth-task", said=f"{outputs} outputs") from mistake
    except (KeyError, ValueError, IndexError) as error:
        raise Mistake("no-fourth-task", said=f"{type(error).__name__}, {error}") from error


# ---------------------------------------------------------------- step 3


def compiled(answer: object) -> dict:
    """Each loss at its own output, and a label that is missing costs nothing."""
    subject = _subject(_called(answer, _declared(TASKS)), HEADS)
    labels = _labels(len(subject.x["user"]))
    if getattr(subject.model, "compiled", False):  # first what would blur the rest
        pulls = probes._pulls(subject, labels)
        probes._missing(labels, pulls)
        _towards_the_label(subject, labels, pulls)
        _without_a_log(subject, labels)
    probes.losses(subject, labels)
    return {}


def _towards_the_label(subject: Subject, labels: dict, pulls: dict) -> None:
    """The loss of a number grows with the distance from its label, on either side; a cross-entropy does not."""
    pull, error = pulls["rating"], subject.outputs()["rating"].numpy() - labels["rating"]
    away = (np.sign(pull) != np.sign(error)) & ~np.isnan(error)
    if np.any(pull) and np.any(away):
        raise Mistake("not-a-distance", rows=int(away.sum()), of=int((~np.isnan(error)).sum()))


def _without_a_log(subject: Subject, labels: dict) -> None:
    """A step may have no label of a task at all, if its log is late."""
    for task, label in labels.items():
        try:
            probes._pulls(subject, {**labels, task: np.full_like(label, np.nan)})
        except Mistake as mistake:
            raise Mistake("mean-of-nothing", task=task) from mistake


def _labels(rows: int) -> dict[str, np.ndarray]:
    """A third of the rows for each task, as three logs in one have them."""
    rng, turn = np.random.default_rng(2), np.arange(rows) % 3
    full = {
        "chosen": rng.integers(300, size=(rows, 1)).astype("float32"),
        "ad_click": rng.integers(2, size=(rows, 1)).astype("float32"),
        "rating": rng.normal(3.5, 1, (rows, 1)).astype("float32"),
    }
    return {task: np.where((turn == i)[:, None], label, np.nan) for i, (task, label) in enumerate(full.items())}


# ---------------------------------------------------------------- step 4


def report(answer: object) -> dict:
    """A gain for each task, paired by seed, the right way up, with a t-interval."""
    multi, single = _scores()
    expected = steps.report(multi, single)
    found = _reported(answer, multi, single)
    for key, wrong in _look_alikes(multi, single):
        for task, numbers in wrong.items():
            if _same(found[task], numbers) and not _same(expected[task], numbers):
                raise Mistake(key, task=task, found=_brief(found[task]), expected=_brief(expected[task]))
    for task, numbers in expected.items():
        _same_interval(task, found[task], np.asarray(numbers))
    return {task: str(numbers) for task, numbers in expected.items()}


def _same(found: Sequence[float], expected: Sequence[float]) -> bool:
    """To one part in 200 of the interval: t may be rounded."""
    return np.allclose(found, expected, rtol=0, atol=0.005 * abs(expected[2] - expected[1]))


def _same_interval(task: str, found: np.ndarray, expected: np.ndarray) -> None:
    facts = {"task": task, "found": _brief(found), "expected": _brief(expected)}
    mean, low, high = found
    if _same(np.r_[mean, high, low], expected):
        raise Mistake("ends-swapped", **facts)
    around = _same([mean, *expected[1:]], expected) and np.isclose(high - mean, mean - low)
    if around and not _same(found, expected):
        error = (expected[2] - expected[1]) / 2 / stats.t.ppf(0.975, 4)
        raise Mistake("other-width", errors=(high - mean) / error, **facts)
    if not _same(found, expected):
        raise Mistake("other-interval", **facts)


def _scores() -> tuple[list[dict], list[dict]]:
    """Five seeds that differ among themselves more than the two models do."""
    rng = np.random.default_rng(4)
    level = {"chosen": 0.63, "ad_click": 0.7, "rating": 0.8}
    single = [{task: value + 0.05 * rng.normal() for task, value in level.items()} for _ in range(5)]
    return [{task: value + 0.02 + 0.01 * rng.normal() for task, value in run.items()} for run in single], single


def _reported(answer, multi: list[dict], single: list[dict]) -> dict[str, np.ndarray]:
    found = _called(answer, [dict(run) for run in multi], [dict(run) for run in single])
    if not isinstance(found, Mapping) or set(found) != set(TASKS):
        raise Mistake("not-by-task", found=type(found).__name__ if not isinstance(found, Mapping) else ", ".join(map(str, found)))
    return {task: _three(task, value) for task, value in found.items()}


def _three(task: str, value: object) -> np.ndarray:
    try:
        numbers = np.asarray(value, float).ravel()
    except (TypeError, ValueError) as error:
        raise Mistake("no-interval", task=task, found=repr(value)) from error
    if len(numbers) != 3:
        raise Mistake("no-interval", task=task, found=f"{len(numbers)} number" + "s" * (len(numbers) != 1))
    return numbers


def _look_alikes(multi: list[dict], single: list[dict]) -> Iterator[tuple[str, dict]]:
    """What typical mistakes would say."""
    m, s = ({task: np.array([run[task] for run in runs]) for task in TASKS} for runs in (multi, single))
    right = {task: (s[task] - m[task]) if task in steps.LESS_IS_BETTER else (m[task] - s[task]) for task in TASKS}
    for task in TASKS:
        yield "wrong-way-up" if task in steps.LESS_IS_BETTER else "single-minus-multi", {task: metrics.interval(-right[task])}
    spreads = [("spread-not-error", factor) for factor in (1.0, 1.96, stats.t.ppf(0.975, 4))]
    for key, half in (("not-a-t", 1.96 / np.sqrt(5)), *spreads):
        for ddof in (0, 1):
            ends = {t: half * d.std(ddof=ddof) for t, d in right.items()}
            yield key, {t: (d.mean(), d.mean() - ends[t], d.mean() + ends[t]) for t, d in right.items()}
    yield "best-and-worst", {t: (d.mean(), d.min(), d.max()) for t, d in right.items()}
    for factor in (1.96, stats.t.ppf(0.975, 4), stats.t.ppf(0.975, 8)):
        ends = {t: factor * np.sqrt((m[t].var(ddof=1) + s[t].var(ddof=1)) / 5) for t in TASKS}
        yield "not-paired", {t: (d.mean(), d.mean() - ends[t], d.mean() + ends[t]) for t, d in right.items()}
    yield "relative", {t: metrics.interval(right[t] / s[t]) for t in TASKS}


def _brief(numbers: Sequence[float]) -> str:
    mean, low, high = numbers
    return f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]"


# ---------------------------------------------------------------- step 5


def cure(answer: object) -> dict:
    """The harm is gone by a control that is as wide and as loud, and nobody else pays for it."""
    multi, single = _pair(_called(answer))
    _is_shared(multi, single)
    _is_fair(multi, single)
    gains = _gains(multi, single)
    if gains["ad_click"] < -HARMLESS:
        raise Mistake("still-harmed", loss=-gains["ad_click"], most=HARMLESS)
    for task in ("chosen", "rating"):
        if gains[task] < -HARMLESS:
            raise Mistake("harm-moved", task=task, loss=-gains[task], most=HARMLESS)
    return gains


def _pair(found: object) -> tuple[Framework, Framework]:
    if not isinstance(found, tuple | list) or len(found) != 2 or not all(isinstance(part, Framework) for part in found):
        raise Mistake("not-a-pair", found=type(found).__name__)
    return tuple(found)


def _is_shared(multi: Framework, single: Framework) -> None:
    if not multi.shared:
        raise Mistake("shares-nothing")
    if single.shared:
        raise Mistake("control-shares")
    names = [head.name for head in multi.heads]
    if missing := [task for task in TASKS if task not in names]:
        raise Mistake("task-dropped", missing=", ".join(missing))
    for framework in (multi, single):
        if (weights := framework.graph().count_params()) > MOST:
            raise Mistake("too-many-weights", weights=weights, most=MOST)


def _is_fair(multi: Framework, single: Framework) -> None:
    """What differs between the two, but for what is shared?"""
    if [head.name for head in multi.heads] != [head.name for head in single.heads]:
        raise Mistake("other-tasks", multi=_names(multi), single=_names(single))
    widths = [{feature.name: feature for feature in framework.inputs} for framework in (multi, single)]
    if widths[0] != widths[1]:
        raise Mistake("unfair-width", multi=_widths(multi), single=_widths(single))
    if _chosen(multi) != _chosen(single):
        raise Mistake("unfair-network", multi=_network(multi), single=_network(single))
    weights = [[head.weight for head in framework.heads] for framework in (multi, single)]
    if weights[0] != weights[1]:
        raise Mistake("unfair-weight", multi=weights[0], single=weights[1])


def _names(framework: Framework) -> str:
    return ", ".join(head.name for head in framework.heads)


def _widths(framework: Framework) -> str:
    return ", ".join(f"{feature.name} {feature.width}" for feature in framework.inputs)


def _chosen(framework: Framework) -> tuple:
    """The kind of network and its options; a function that is no `partial` stands for itself."""
    return getattr(framework.network, "func", framework.network), getattr(framework.network, "keywords", {})


def _network(framework: Framework) -> str:
    kind, options = _chosen(framework)
    return f"`{kind.__name__}`, {options}"


@cache
def _world() -> tuple[list, list]:
    return experiment.logs(World(seed=0, ad_relatedness=0.0), 30_000)


def _gains(multi: Framework, single: Framework) -> dict[str, float]:
    past, future = _world()
    with bar(2, embed.strings("exercises")["training"]) as show:
        ready = [built(framework) for framework in (multi, single)]
        ((together,), (alone,)) = compare(ready, [past], [future], lambda done, total: show(done))
    return {task: (alone[task] - together[task]) * (1 if task in steps.LESS_IS_BETTER else -1) for task in TASKS}
