"""Ways of calling one model, and what each costs.

    model = ranker(heads=4, experts=4)
    rows = feed(500)
    calls = ways(model.joint, folder)
    costs({name: partial(call, rows) for name, call in calls.items()})

Costs are *processor time* of a process with one thread: what a call takes on a
core that has nothing else to do. On a busy machine the clock on the wall
measures the others, too. Compare ratios: of two ways, measured in turns.

Importing this module imports TensorFlow; LiteRT (`ai-edge-litert`) is imported
where it is called.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from mtl_lessons.backend import Tensor, keras, tf
from mtl_lessons.shared_networks import MMoE
from mtl_lessons.stored import Progress
from mtl_lessons.world import Rows

layers = keras.layers

HISTORY, ITEMS, FEATURES, VECTOR = 50, 20_000, 16, 128
ROWS = 500  # candidates of a request
ROUNDS = 5
# of a round, for each way
SECONDS = 0.2

HeadAnswers = dict[str, np.ndarray]
ServedCall = Callable[[Rows], HeadAnswers]


# ------------------------------------------------------------ the model


class Ranker(NamedTuple):
    """A ranker in two parts, and as one.

    `user`: history -> vector. `joint`: `user_vector`, `item`, `features` ->
    `{task: probability}`. `whole`: `history`, `item`, `features` -> the same,
    the user's tower computed for every row.
    """

    user: keras.Model
    joint: keras.Model
    whole: keras.Model


def ranker(
    heads: int = 4, experts: int = 4, tower: Sequence[int] = (256,)
) -> Ranker:
    """An MMoE over a user's vector and an item (chapter 2), with fresh weights.

    User: 50 items of history, their mean, a tower of `tower` and 128. Item: 32
    numbers and 16 features. Experts of 128 and 64, heads of 32 and 1.

    >>> model = ranker(heads=2, experts=2)
    >>> sorted(model.joint.output)
    ['task0', 'task1']
    """
    table = layers.Embedding(ITEMS, 32, name="item_table")
    history = keras.Input((HISTORY,), dtype="int32", name="history")
    x = layers.GlobalAveragePooling1D()(table(history))
    for n in (*tower, VECTOR):
        x = layers.Dense(n, "relu")(x)
    user = keras.Model(history, x, name="user")

    inputs = {
        "user_vector": keras.Input((VECTOR,), name="user_vector"),
        "item": keras.Input((), dtype="int32", name="item"),
        "features": keras.Input((FEATURES,), name="features"),
    }
    x = layers.Concatenate()(
        [inputs["user_vector"], table(inputs["item"]), inputs["features"]]
    )
    tasks = [f"task{number}" for number in range(heads)]
    shared = MMoE(tasks, experts=experts, units=(128, 64))(x)
    outputs = {
        task: layers.Dense(1, "sigmoid", name=task)(
            layers.Dense(32, "relu")(shared[task])
        )
        for task in tasks
    }
    joint = keras.Model(inputs, outputs, name="joint")

    once = {name: inputs[name] for name in ("item", "features")}
    whole = keras.Model(
        {"history": history} | once, joint({"user_vector": user.output} | once)
    )
    return Ranker(user, joint, whole)


def feed(rows: int, seed: int = 0) -> Rows:
    """Candidates of one request: the user's vector is the same in each row."""
    rng = np.random.default_rng(seed)
    vector = rng.random(VECTOR, "float32")
    return {
        "user_vector": np.repeat(vector[None], rows, axis=0),
        "item": rng.integers(ITEMS, size=rows, dtype="int32"),
        "features": rng.normal(size=(rows, FEATURES)).astype("float32"),
    }


# ------------------------------------------------------------ ways of calling


def graph(model: keras.Model) -> ServedCall:
    """A graph that is traced once, for any number of rows.

    >>> model = ranker(heads=1, experts=1).joint
    >>> graph(model)(feed(3))["task0"].shape
    (3, 1)
    """
    signature = {
        name: tf.TensorSpec((None, *x.shape[1:]), x.dtype)
        for name, x in model.input.items()
    }

    @tf.function(input_signature=[signature])
    def call(rows: dict[str, Tensor]) -> dict[str, Tensor]:
        return model(rows, training=False)

    return lambda rows: _plain(call(_tensors(rows)))


def exported(model: keras.Model, folder: Path) -> ServedCall:
    """The model as a SavedModel: a folder that needs neither Keras nor this
    package.
    """
    model.export(folder, verbose=False)
    served = tf.saved_model.load(folder)
    return lambda rows: _plain(served.serve(_tensors(rows)))


def lite(folder: Path, int8: bool = False) -> tuple[ServedCall, int]:
    """An exported model as LiteRT runs it, and its bytes.

    With `int8` the weights have 8 bits; activations stay in float32.
    """
    from ai_edge_litert.interpreter import Interpreter

    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
    if int8:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    content = converter.convert()
    interpreter = Interpreter(model_content=content, num_threads=1)
    runner = interpreter.get_signature_runner()

    def call(rows: Rows, kept: Any = interpreter) -> HeadAnswers:  # noqa: ARG001
        return dict(runner(**rows))

    return call, len(content)


def ways(model: keras.Model, folder: Path) -> dict[str, ServedCall]:
    """Seven ways to call a model, by name; all give the same probabilities."""
    predict = partial(model.predict, verbose=0)
    found = {
        "tf.function(model)": graph(model),
        "export, then serve": exported(model, folder),
        "predict_on_batch": model.predict_on_batch,
        "model(rows), eager": lambda rows: _plain(model(_tensors(rows))),
        "predict, one batch": lambda rows: predict(
            rows, batch_size=len(rows["item"])
        ),
        "predict, batches of 32": lambda rows: predict(rows, batch_size=32),
    }
    with suppress(ImportError):  # it is not where Colab runs the notebook
        found["LiteRT"], _ = lite(folder)
    return found


def _tensors(rows: Rows) -> dict[str, Tensor]:
    return {name: tf.convert_to_tensor(column) for name, column in rows.items()}


def _plain(answer: Mapping[str, Tensor]) -> HeadAnswers:
    return {task: p.numpy() for task, p in answer.items()}


# ------------------------------------------------------------ the user's side


def user_side(model: Ranker) -> dict[str, Callable[[Rows], Tensor]]:
    """The user's tower for each candidate, or once; `rows` has a `history` of
    one user, `(1, 50)`.
    """

    @tf.function(reduce_retracing=True, autograph=False)
    def repeated(rows: dict[str, Tensor]) -> dict[str, Tensor]:
        count = tf.shape(rows["item"])[0]
        return model.whole(
            rows | {"history": tf.repeat(rows["history"], count, axis=0)}
        )

    @tf.function(reduce_retracing=True, autograph=False)
    def once(rows: dict[str, Tensor]) -> dict[str, Tensor]:
        count = tf.shape(rows["item"])[0]
        vector = model.user(rows["history"])
        return model.joint(
            {name: rows[name] for name in ("item", "features")}
            | {"user_vector": tf.repeat(vector, count, axis=0)}
        )

    return {"repeated": repeated, "once": once}


def with_history(rows: int, seed: int = 0) -> dict[str, Tensor]:
    """Candidates, and the history of the one user who sees them."""
    found = feed(rows, seed)
    history = np.random.default_rng(seed).integers(ITEMS, size=(1, HISTORY))
    del found["user_vector"]
    return _tensors(found | {"history": history.astype("int32")})


# ------------------------------------------------------------ the cost


def costs(
    thunks: Mapping[str, Callable[[], Any]],
    rounds: int = ROUNDS,
    seconds: float = SECONDS,
) -> dict[str, list[float]]:
    """Milliseconds of processor time for a call, a number for each round.

    In a round every thunk is called for about `seconds`, one after the other.

    >>> found = costs({"one": lambda: sum(range(1000))}, rounds=2, seconds=0.01)
    >>> len(found["one"])
    2
    """
    calls = {}
    for name, thunk in thunks.items():
        thunk()
        start = time.process_time()
        thunk()
        spent = max(time.process_time() - start, 1e-6)
        calls[name] = int(np.clip(seconds / spent, 2, 1000))
    found: dict[str, list[float]] = {name: [] for name in thunks}
    for _ in range(rounds):
        for name, thunk in thunks.items():
            start = time.process_time()
            for _ in range(calls[name]):
                thunk()
            spent = time.process_time() - start
            found[name].append(1000 * spent / calls[name])
    return found


def ratios(
    found: Mapping[str, Sequence[float]], base: str
) -> dict[str, list[float]]:
    """Each cost over that of `base` in the same round.

    >>> ratios({"a": [1.0, 2.0], "b": [3.0, 8.0]}, "a")["b"]
    [3.0, 4.0]
    """
    return {
        name: np.divide(spent, found[base]).tolist()
        for name, spent in found.items()
    }


def _one_thread() -> None:
    """As costs are measured; too late if TensorFlow has computed already."""
    with suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)


# ------------------------------------------------------------ what is stored

DESIGNS: dict[str, dict[str, Any]] = {
    "tower 256": {"heads": 4, "experts": 4, "tower": (256,)},
    "tower 1024, 512": {"heads": 4, "experts": 4, "tower": (1024, 512)},
}


def grid(
    progress: Progress | None = None, rounds: int = ROUNDS
) -> dict[str, Any]:
    """`ways`: the cost of 500 candidates by the way of calling, as a ratio to
    the graph's, a number for each round; `sides`: the user's tower once over
    repeated, for two towers; `files`: what LiteRT's models weigh, and how far
    their probabilities are from the graph's.
    """
    _one_thread()
    keras.utils.set_random_seed(0)
    model = ranker()
    rows = feed(ROWS)
    with TemporaryDirectory() as folder:
        found = ways(model.joint, Path(folder))
        small, small_bytes = lite(Path(folder), int8=True)
        _, float_bytes = lite(Path(folder))
        found["LiteRT, int8 weights"] = small
        answers = {name: call(rows) for name, call in found.items()}
        measured = costs(
            {name: partial(call, rows) for name, call in found.items()}, rounds
        )
    by_graph = ratios(measured, "tf.function(model)")
    gaps = {
        name: gap(answers["tf.function(model)"], a)
        for name, a in answers.items()
    }
    if progress:
        progress(1, 3)
    sides = []
    for done, (name, design) in enumerate(DESIGNS.items(), 2):
        both = user_side(ranker(**design))
        x = with_history(ROWS)
        spent = costs(
            {way: partial(call, x) for way, call in both.items()}, rounds
        )
        once = ratios(spent, "repeated")["once"]
        sides.append({"design": name, "once": np.round(once, 3).tolist()})
        if progress:
            progress(done, 3)
    return {
        "rows": ROWS,
        "ms": round(float(np.median(measured["tf.function(model)"])), 2),
        "ways": [
            {"way": name, "ratio": np.round(by_graph[name], 3).tolist()}
            | {"gap": float(f"{gaps[name]:.1g}")}
            for name in found
        ],
        "sides": sides,
        "files": [
            {"weights": "float32", "bytes": float_bytes},
            {"weights": "int8", "bytes": small_bytes},
        ],
    }


def gap(one: HeadAnswers, other: HeadAnswers) -> float:
    """The largest difference of two answers, over all heads.

    >>> gap({"a": np.array([0.5])}, {"a": np.array([0.25])})
    0.25
    """
    return max(float(np.abs(one[task] - other[task]).max()) for task in one)


CANDIDATES = (125, 250, 500, 1000)
BATCHES = (1, 2, 4, 8)  # requests in one call
HEADS = (1, 4, 16)
EXPERTS = (1, 4, 16)


# the least of so many counts: what another program took is in the others
ROUNDS = 12


def budget_grid(progress: Progress | None = None) -> dict[str, Any]:
    """Processor time of a call, in ms: `joint` by heads, experts and rows, and
    `user`, the user's tower, by users.
    """
    _one_thread()
    most = CANDIDATES[-1] * BATCHES[-1]
    sizes = [CANDIDATES[0] * 2**i for i in range(12)]
    sizes = [rows for rows in sizes if rows <= most]
    cells = []
    users: list[dict[str, Any]] = []
    total = len(HEADS) * len(EXPERTS)
    for heads in HEADS:
        for experts in EXPERTS:
            model = ranker(heads, experts)
            call = graph(model.joint)
            spent = costs(
                {str(rows): partial(call, feed(rows)) for rows in sizes},
                rounds=ROUNDS,
                seconds=0.05,
            )
            cells += [
                {"heads": heads, "experts": experts, "rows": rows}
                | {"ms": round(min(spent[str(rows)]), 3)}
                for rows in sizes
            ]
            if not users:
                users = _user_costs(model)
            if progress:
                progress(len(cells) // len(sizes), total)
    return {"user": users, "joint": cells}


def _user_costs(model: Ranker) -> list[dict[str, Any]]:
    call = tf.function(model.user, reduce_retracing=True)
    history = tf.zeros((BATCHES[-1], HISTORY), tf.int32)
    spent = costs(
        {str(n): partial(call, history[:n]) for n in BATCHES},
        rounds=ROUNDS,
        seconds=0.05,
    )
    return [{"users": n, "ms": round(min(spent[str(n)]), 3)} for n in BATCHES]
