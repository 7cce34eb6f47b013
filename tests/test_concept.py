"""Chapter 1's module: models counted and computed by hand, and the experiment's machinery."""

import warnings
from functools import lru_cache
from itertools import product
from pathlib import Path

import nbformat
import numpy as np
import pytest

from mtl_lessons import concept
from mtl_lessons.backend import keras, tf
from mtl_lessons.concept import data, neighbours, training
from mtl_lessons.world import World

ROOT = Path(__file__).resolve().parents[1]
ARTICLE = ROOT.parent / "shared" / "seed" / "article.zh.md"
IDS = np.arange(8, dtype="int32")


# ---------------------------------------------------------------- instruments


def test_attempt_reports_the_error_and_goes_on(capsys):
    with concept.attempt() as outcome:
        raise ValueError("first line\nsecond line")
    assert isinstance(outcome.error, ValueError)
    assert capsys.readouterr().out == "ValueError: first line\n"


def test_attempt_keeps_warnings_and_says_that_all_went_well(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a warning that escaped would raise
        with concept.attempt() as outcome:
            warnings.warn("look out", UserWarning, stacklevel=1)
    assert outcome.error is None and outcome.warnings == ["look out"]
    assert capsys.readouterr().out == "It ran to the end. No error.\n"


def test_attempt_survives_an_error_without_text(capsys):
    with concept.attempt():
        raise AssertionError
    assert capsys.readouterr().out == "AssertionError\n"


def test_attempt_lets_an_interrupt_through():
    with pytest.raises(KeyboardInterrupt), concept.attempt():
        raise KeyboardInterrupt


def test_reach_finds_the_trunk_and_one_head():
    model = concept.shared_bottom(
        {"user": 8}, ["click", "like"], width=2, units=[3]
    )
    reached = concept.reach(
        model, {"user": IDS}, {"like": np.ones((8, 1))}, "like"
    )
    assert reached == {"user_table", "trunk_0", "like"}


def test_reach_leaves_out_what_has_a_gradient_of_zero():
    model = concept.shared_bottom({"user": 8}, ["click"], width=2, units=[3])
    # nothing flows back through a head of zeros
    model.get_layer("click").kernel.assign(np.zeros((3, 1)))
    assert concept.reach(
        model, {"user": IDS}, {"click": np.ones((8, 1))}, "click"
    ) == {"click"}


# ---------------------------------------------------------------- models


def test_shared_bottom_has_the_weights_that_one_counts_by_hand():
    model = concept.shared_bottom(
        {"user": 10, "item": 20},
        ["click", "like", "share"],
        width=4,
        units=(6, 5),
    )
    tables, trunk, heads = (10 + 20) * 4, (8 * 6 + 6) + (6 * 5 + 5), 3 * (5 + 1)
    assert model.count_params() == tables + trunk + heads
    outputs = model({"user": IDS, "item": IDS})
    assert {
        name: tuple(p.shape) for name, p in outputs.items()
    } == dict.fromkeys(["click", "like", "share"], (8, 1))


def test_shared_bottom_reloads_in_safe_mode(tmp_path):
    model = concept.shared_bottom({"user": 8}, ["click", "like"])
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    for task, p in model({"user": IDS}).items():
        np.testing.assert_allclose(p, again({"user": IDS})[task], rtol=1e-6)


def test_two_tasks_compute_the_sigmoid_of_a_dot_product():
    model = concept.two_tasks(users=2, items=2, ads=2, width=2)
    model.get_layer("users").set_weights([np.array([[1.0, 2.0], [3.0, 4.0]])])
    model.get_layer("items").set_weights([np.array([[0.5, 0.25], [-1.0, 1.0]])])
    model.get_layer("item_bias").set_weights([np.array([[-1.0], [0.5]])])
    one = np.array([0, 1])
    p = model({"user": one, "item": one, "ad_user": one, "ad": one})[
        "item_click"
    ]
    logits = np.array([[1 * 0.5 + 2 * 0.25 - 1.0], [3 * -1.0 + 4 * 1.0 + 0.5]])
    np.testing.assert_allclose(p, 1 / (1 + np.exp(-logits)), rtol=1e-6)


@pytest.mark.parametrize(
    ("shared", "common"), [(True, {"users"}), (False, set())]
)
def test_the_control_shares_nothing(shared, common):
    model = concept.two_tasks(8, 8, 8, width=3, shared=shared)
    x = dict.fromkeys(("user", "item", "ad_user", "ad"), IDS)
    y = {name: np.ones((8, 1)) for name in ("item_click", "ad_click")}
    assert (
        set.intersection(*(concept.reach(model, x, y, task) for task in y))
        == common
    )
    assert model.count_params() == (8 * 3) * (1 if shared else 2) + 2 * (
        8 * 3 + 8
    )


# ---------------------------------------------------------------- the experiment


def test_side_by_side_interleaves_worlds_and_moves_their_ids():
    worlds = [World(seed=s, users=20, items=5, ads=3) for s in (0, 1)]
    log = {
        "user": np.array([1, 2]),
        "ad": np.array([0, 2]),
        "ad_click": np.array([1, 0]),
    }
    rows = concept.side_by_side([log, log], worlds)
    assert {name: column.tolist() for name, column in rows.items()} == {
        "user": [1, 21, 2, 22],
        "ad": [0, 3, 2, 5],
        "ad_click": [1, 1, 0, 0],
    }


def small(monkeypatch, steps=20, batch=64):
    for name, value in {
        "STEPS": steps,
        "BATCH": batch,
        "IMPRESSIONS": steps * batch,
        "CHECK": 500,
        "TEST": 500,
    }.items():
        monkeypatch.setattr(data, name, value)
    # without what other sizes left, and leaving nothing
    for name in ("_logs", "_items"):
        monkeypatch.setattr(
            data, name, lru_cache(getattr(data, name).__wrapped__)
        )


def trained(model, rows, seeds, *decays):
    """The weights after each training."""
    trainee, report = (
        training._compiled(model),
        training.EpochReport(None, total=1),
    )
    return [
        model.get_weights()
        for _ in training.trainings(trainee, rows, seeds, 0.1, decays, report)
    ]


def test_every_training_begins_at_the_same_start(monkeypatch):
    small(monkeypatch)
    rows = data._logs(World(), labels=100)[0]
    weak, strong, again = trained(
        concept.two_tasks(600, 300, 60, width=4), rows, 1, 0.05, 1.0, 0.05
    )
    for first, second, third in zip(weak, strong, again, strict=True):
        np.testing.assert_allclose(first, third, atol=1e-6)
        assert np.abs(first).sum() > np.abs(second).sum()


def test_rows_to_choose_by_lie_between_training_and_test():
    parts = [World().impressions, World().ad_impressions]
    for draw in parts:
        past, check, test = data._in_three(draw, 1000)
        assert [len(rows["time"]) for rows in (past, check, test)] == [
            1000,
            data.CHECK,
            data.TEST,
        ]
        assert (
            past["time"].max() < check["time"].min()
            and check["time"].max() < test["time"].min()
        )
        np.testing.assert_array_equal(past["click"], draw(1000)["click"])


def test_the_taste_for_ads_leaves_the_items_as_they_are():
    alike, strange = (
        World(seed=3, ad_relatedness=r).impressions(500) for r in (0.95, -0.5)
    )
    for name, column in alike.items():
        np.testing.assert_array_equal(column, strange[name], err_msg=name)


def test_each_model_chooses_its_decay_and_the_shared_one_has_one_for_both(
    monkeypatch,
):
    small(monkeypatch)
    weak, strong = (
        concept.transfer(0.9, 100, seeds=2, decays=[0.05]),
        concept.transfer(0.9, 100, seeds=2, decays=[5.0]),
    )
    chosen = concept.transfer(0.9, 100, seeds=2, decays=[0.05, 5.0])
    for task in ("", "item_"):
        best = max(
            (weak, strong),
            key=lambda result: np.mean(result[f"check_{task}single"]),
        )
        assert chosen[f"{task}single"] == pytest.approx(
            best[f"{task}single"], abs=1e-4
        )
    names = ("shared", "item_shared")
    best = max(
        (weak, strong),
        key=lambda result: np.mean([result[f"check_{name}"] for name in names]),
    )
    for name in names:
        assert chosen[name] == pytest.approx(best[name], abs=1e-4)
        for decay, alone in ((0.05, weak), (5.0, strong)):
            assert chosen["at"][decay][name] == pytest.approx(
                alone[name], abs=1e-4
            )


def test_worlds_side_by_side_learn_what_each_learns_alone(
    monkeypatch, step_by_step
):
    small(monkeypatch)
    worlds = [World(seed=s) for s in (0, 1)]
    logs = [data._logs(world, labels=100)[0] for world in worlds]
    both = concept.two_tasks(2 * 600, 2 * 300, 2 * 60, width=4)
    start = both.get_weights()
    trained(both, concept.side_by_side(logs, worlds), 2, 0.05)
    for s in (0, 1):
        half = [
            slice(s * len(table) // 2, (s + 1) * len(table) // 2)
            for table in start
        ]
        alone = concept.two_tasks(600, 300, 60, width=4)
        alone.set_weights(
            [table[rows] for table, rows in zip(start, half, strict=True)]
        )
        trained(alone, logs[s], 1, 0.05)
        for before, table, together, rows in zip(
            start, alone.get_weights(), both.get_weights(), half, strict=True
        ):
            np.testing.assert_allclose(table, together[rows], atol=1e-4)
            assert np.abs(table - before[rows]).max() > 0.05  # it did learn


def test_transfer_reports_every_seed_and_its_progress(monkeypatch):
    small(monkeypatch)
    steps = []
    result = concept.transfer(
        0.9,
        100,
        seeds=2,
        progress=lambda done, total: steps.append((done, total)),
    )
    assert {len(v) for v in result.values() if isinstance(v, list)} == {2}
    # 20 steps, two decays, two models
    assert steps == [(i, 80) for i in range(1, 81)]
    assert all(
        0.7 < ceiling < 1 for ceiling in result["bayes"] + result["item_bayes"]
    )
    again = concept.transfer(0.9, 100, seeds=2)
    for kind in ("single", "shared", "item_shared"):
        assert result[kind] == pytest.approx(again[kind], abs=1e-4)


@pytest.mark.parametrize("bad", [{"labels": 0}, {"labels": 10, "seeds": 1}])
def test_transfer_refuses_what_it_cannot_judge(bad):
    with pytest.raises(ValueError, match="found labels="):
        concept.transfer(0.5, **bad)


def test_gain_is_paired_by_seed():
    result = {
        "single": [0.5, 0.6, 0.7],
        "shared": [0.6, 0.7, 0.8],
        "item_single": [0.5, 0.5],
        "item_shared": [0.4, 0.6],
    }
    # every seed gains the same: no doubt is left
    assert concept.gain(result) == pytest.approx((0.1, 0.1, 0.1))
    item = concept.gain(result, "item_")
    # t with 1 degree, sd .141/√2
    assert item.mean == pytest.approx(0) and item.high == pytest.approx(
        12.706 * 0.1, rel=1e-3
    )


def test_the_stored_map_is_what_training_gives():
    grid = concept.shipped()
    points = [(cell["relatedness"], cell["labels"]) for cell in grid["cells"]]
    assert points == [
        (r, n) for r in concept.RELATEDNESS for n in concept.LABELS
    ]
    stored = grid["cells"][points.index((0.95, 2_000))]
    fresh = concept.transfer(0.95, 2_000)
    for kind in (
        "single",
        "shared",
        "bayes",
        "item_single",
        "item_shared",
        "item_bayes",
    ):
        np.testing.assert_allclose(
            stored[kind], fresh[kind], atol=0.02, err_msg=kind
        )


def test_what_is_stored_of_the_search_is_what_training_gives():
    rows = concept.shipped()["search"]
    points = [(row["width"], row["ad_weight"], row["decay"]) for row in rows]
    assert points == list(
        product(concept.WIDTHS, concept.AD_WEIGHTS, concept.ALL_DECAYS)
    )
    stored = rows[points.index((4, 1.0, 0.05))]
    (fresh,) = concept.search(widths=[4], ad_weights=[1.0], decays=[0.05])
    for kind in ("single", "shared", "item_shared", "check_single"):
        np.testing.assert_allclose(
            stored[kind], fresh[kind], atol=0.02, err_msg=kind
        )


def test_the_weight_moves_no_single_model():
    """So the 100 trials of a single model are 25, each four times."""
    rows = concept.shipped()["search"]
    for row in rows:
        like = [other for other in rows if other["width"] == row["width"]]
        for other in like:
            if other["decay"] == row["decay"]:
                for kind in ("single", "item_single"):
                    np.testing.assert_allclose(
                        row[kind], other[kind], atol=2e-3
                    )


def test_what_is_stored_of_the_ways_is_what_training_gives():
    stored = concept.shipped()["ways"]
    assert [(run["relatedness"], run["labels"]) for run in stored] == list(
        concept.POINTS
    )
    found = stored[0]["found"]
    chosen = {
        way: [concept.NeighbourTrial(*run["trial"])]
        for way, run in found.items()
    }
    chosen["alone"].append(
        concept.NeighbourTrial(*found["alone"]["items_trial"])
    )
    fresh = concept.ways(*concept.POINTS[0], tried=chosen)["found"]
    for way, run in found.items():
        for task in ("ads", "items"):
            np.testing.assert_allclose(
                fresh[way].get(task, []), run.get(task, []), atol=0.02
            )


# ---------------------------------------------------------------- ways to use a dense task


def test_a_tie_adds_half_the_squared_distance_times_its_strength():
    one, two = (keras.layers.Embedding(3, 2) for _ in range(2))
    one.build(), two.build()
    one.set_weights([np.full((3, 2), 2.0)])
    two.set_weights([np.full((3, 2), -1.0)])
    tie = concept.Tie(one, two, strength=0.5)
    given = keras.ops.ones((4, 1))
    np.testing.assert_array_equal(tie(given), given)
    assert float(tie.losses[0]) == pytest.approx(0.5 * 6 * 9 / 2)


def test_tied_tables_are_two_tables_that_start_alike():
    apart = concept.two_tasks(8, 8, 8, width=3, shared=False)
    tied = concept.two_tasks(8, 8, 8, width=3, shared=False, tie=1.0)
    assert tied.count_params() == apart.count_params()
    tables = [
        tied.get_layer(name).get_weights()[0] for name in ("users", "ad_users")
    ]
    np.testing.assert_array_equal(*tables)


def test_a_strong_tie_leaves_one_table_and_a_weak_one_two(monkeypatch):
    small(monkeypatch)
    logs = data.side_by_side_logs(0.0, 100, 2)
    trainee = training.make_trainee(*logs.sizes, 4, "tied")
    gaps = []
    for strength in (0.0, 0.1, 10.0):
        training.train(trainee, logs.past, 2, 0.1, 0.0, tie=strength)
        users, ads = (
            trainee.model.get_layer(name).get_weights()[0]
            for name in ("users", "ad_users")
        )
        gaps.append(np.abs(users - ads).mean())
    assert gaps[0] > gaps[1] > gaps[2] and gaps[2] < 0.1 * gaps[0]


def test_a_frozen_table_is_the_one_that_was_given(monkeypatch):
    small(monkeypatch)
    logs = data.side_by_side_logs(0.9, 100, 2)
    trainee = training.make_trainee(*logs.sizes, 4, "frozen")
    given = [np.full((logs.sizes[0], 4), 0.3, "float32")]
    training.train(trainee, logs.past, 2, 0.1, 0.05, table=given)
    after = trainee.model.get_layer("ad_users").get_weights()
    np.testing.assert_array_equal(after[0], given[0])


def test_every_way_has_about_as_many_trials():
    numbers = {way: len(set(concept.trials(way))) for way in concept.WAYS}
    assert set(numbers.values()) == {14, 15}


def test_shuffled_clicks_are_those_of_the_same_world():
    clicks = np.array([[1, 0], [1, 0], [0, 1], [1, 1]])
    rows = {"item_click": clicks.reshape(-1), "user": np.arange(8)}
    shuffled = neighbours._shuffled(rows, seeds=2)
    np.testing.assert_array_equal(
        shuffled["item_click"].reshape(-1, 2).sum(0), clicks.sum(0)
    )
    np.testing.assert_array_equal(shuffled["user"], rows["user"])


def test_the_best_trial_is_chosen_by_all_its_judges():
    tried = [
        {"check_a": [0.9], "check_b": [0.5]},
        {"check_a": [0.8], "check_b": [0.7]},
    ]
    assert concept.best_of(tried, ["check_a"]) == tried[0]
    assert concept.best_of(tried, ["check_a", "check_b"]) == tried[1]


# ---------------------------------------------------------------- the article's snippet


def article_cells():
    notebook = nbformat.read(ROOT / "book" / "concept.ipynb", as_version=4)
    return [
        cell.source
        for cell in notebook.cells
        if "article" in cell.metadata.get("tags", [])
    ]


ARTICLE_LINES = """\
# 创建共享嵌入层
embeddings = tf.keras.layers.Embedding(input_dim=vocab_size, output_dim=embedding_size)
# 创建多任务学习模型
model = tf.keras.models.Sequential([
tf.keras.layers.Dense(units=128, activation='relu', input_shape=(input_size,)),
tf.keras.layers.Dense(units=64, activation='relu'),
embeddings,
# 添加多个输出层，对应不同的任务
tf.keras.layers.Dense(units=num_tasks, activation='softmax')
])
# 编译模型
model.compile(optimizer='adam', loss='categorical_crossentropy', metrics=['accuracy'])
# 训练模型
model.fit(x_train, y_train, epochs=10, batch_size=32)
""".splitlines()


def lines(text: str) -> list[str]:
    """Without indentation, empty lines, and the translation behind a comment."""
    return [
        line.strip().partition(" (")[0]
        if line.strip()[:1] == "#"
        else line.strip()
        for line in text.splitlines()
        if line.strip()
    ]


def test_the_article_is_quoted_word_for_word():
    (cell,) = article_cells()
    assert lines(cell) == [
        "with concept.attempt() as as_printed:",
        *ARTICLE_LINES,
        "assert isinstance(as_printed.error, NameError)",
    ]


def test_the_quotation_is_the_articles():
    if not ARTICLE.exists():
        pytest.skip("the article is not here to compare with")
    assert "\n".join(ARTICLE_LINES) in "\n".join(lines(ARTICLE.read_text()))


def test_the_article_as_printed_stops_at_a_missing_name(capsys):
    (cell,) = article_cells()
    exec(cell, {"concept": concept, "tf": tf})
    assert (
        capsys.readouterr().out
        == "NameError: name 'vocab_size' is not defined\n"
    )
