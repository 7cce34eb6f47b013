"""What a recipe computes has the form of what is stored: each runs here at a tiny size.

A grid takes minutes, so its file is made once. That the recipe of today still gives such a file is
seen here: the same keys and depths, and what holds at any size, such as that no model beats the
truth. Points that are trained again as they were stand in the tests of the chapters.
"""

from functools import cache, partial
from importlib import import_module
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from mtl_lessons import stored
from mtl_lessons.backend import tf


@pytest.fixture(autouse=True)
def eagerly():
    """Nothing is traced or compiled: that takes longer than a few steps."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture
def tiny(monkeypatch):
    """Computes a recipe with other constants of its module; holds its form to the stored one.

    `chapter__module__CONSTANT` is one of another module.
    """

    def computed(name, axes=(), **constants):
        home = stored.RECIPES[name].rsplit(".", 1)[0]
        for constant, value in constants.items():
            *path, own = constant.split("__")
            place = ".".join(["mtl_lessons", *(path or [home])])
            monkeypatch.setattr(import_module(place), own, value)
        told = []
        found = stored.compute(name, lambda *at: told.append(at))
        assert told and told[-1][0] == told[-1][1], told
        assert all(0 < done <= total for done, total in told)
        has_the_form_of(found, stored.read(name), axes)
        return found

    return computed


def has_the_form_of(found, kept, axes=(), place="grid", key=""):
    """The same keys and depths. Lists may be shorter; of an axis (what is named in `axes`, or has
    numbers for keys) values may be missing.
    """
    if isinstance(kept, dict):
        assert isinstance(found, dict), f"{place}: expected keys"
        if key not in axes and not all(map(_is_number, kept)):
            assert found.keys() == kept.keys(), place
        assert kept or not found, f"{place}: expected nothing"
        for name, value in found.items():
            of = kept[name] if name in kept else next(iter(kept.values()))
            has_the_form_of(value, of, axes, f"{place}.{name}", name)
    elif isinstance(kept, list):
        assert isinstance(found, list) and found, f"{place}: expected a list"
        for number, value in enumerate(found):
            _is_like_one_of(value, kept, axes, f"{place}[{number}]")
    else:
        assert isinstance(found, _kinds(kept)), (place, found, kept)


def _is_like_one_of(value, kept, axes, place):
    wrong = None
    for one in kept:
        try:
            return has_the_form_of(value, one, axes, place)
        except AssertionError as error:
            wrong = error
    raise wrong


def _kinds(value):
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return (int, float) if number else type(value)


def _is_number(key):
    try:
        float(key)
    except ValueError:
        return False
    return True


# what runs as it is, or at another tiny size, in the tests of its chapter
ELSEWHERE = {
    "concept_transfer": "test_concept.py",
    "serving_heads": "test_serving.py",
    "serving_distil": "test_serving.py",
    "serving_epochs": "test_serving.py",
    "serving_load": "test_serving_server.py",
    "scale_cluster": "test_cluster.py",
    "large_models_catalogue": "test_large_models.py",
}


@pytest.mark.parametrize("name", stored.RECIPES)
def test_every_recipe_is_run(name):
    here = Path(__file__).read_text(encoding="utf-8")
    assert f'"{name}",' in here or name in ELSEWHERE, (
        f"tests/test_grids.py: expected a test that runs {name} at a tiny size"
    )


def test_a_form_that_differs_is_told():
    has_the_form_of(
        {"a": [1], "at": {"0.1": 2}}, {"a": [1.5, 2], "at": {"0.2": 3}}
    )
    for found in ({"a": [1]}, {"a": [[1]], "at": {}}, {"a": ["1"], "at": {}}):
        with pytest.raises(AssertionError):
            has_the_form_of(found, {"a": [1.5, 2], "at": {"0.2": 3}})


def least(losses):
    return min(losses, key=losses.get)


def all_within(value, low, high):
    flat = np.ravel(value)
    return bool(((flat >= low) & (flat <= high)).all())


# ---- chapter 7 ----


def test_auxiliary_tasks(tiny):
    from mtl_lessons.choosing_tasks import auxiliary

    cases = {
        name: case._replace(steps=40) for name, case in auxiliary.CASES.items()
    }
    found = tiny(
        "choosing_tasks_auxiliary",
        CASES=cases,
        SEEDS=2,
        LEAKS=1,
        choosing_tasks__leaks__STEPS=10,
    )
    for curves in found["switched"].values():
        assert np.shape(list(curves.values())) == (3, 6, 2)
        # no loss is below that of the truth
        assert min(map(np.min, curves.values())) >= 0
        kept, off = np.array(curves["kept"]), np.array(curves["off"])
        np.testing.assert_array_equal(kept[:3], off[:3])  # until it is off
        assert (kept[3:] != off[3:]).all()
    (leak,), (given,) = found["leak"], found["input"]
    assert all_within([list(aucs.values()) for aucs in leak.values()], 0, 1)
    assert given["truth"]["pcoc"] == 1.0
    known = given.pop("input, judged with the label")
    assert known["auc"] > 0.5
    for name, judged in given.items():
        assert judged["auc"] <= given["truth"]["auc"] + 0.01, name


def test_all_sets_of_tasks(tiny):
    from mtl_lessons.choosing_tasks.sets import SETS

    found = tiny(
        "choosing_tasks",
        SEEDS=1,
        TOGETHER=1,
        STEPS=12,
        choosing_tasks__nets__TEST=400,
        choosing_tasks__nets__CHECK=400,
    )
    for world in ("orthogonal", "friendly"):
        (excess,) = found[world]["excess"]
        assert [len(one) for one in excess] == [len(s) for s in SETS]
        assert min(map(min, excess)) >= 0
        cosines = np.array(found[world]["gradient cosine"][0])
        np.testing.assert_allclose(cosines, cosines.T, atol=1e-4)
        np.testing.assert_allclose(np.diag(cosines), 1, atol=1e-4)
    for rows in (*found["widths"].values(), found["frequent"]["excess"]):
        assert len(rows[0]) == 22  # six alone, fifteen pairs, all


# ---- chapter 10 ----


def test_items_made_of_parts(tiny):
    found = tiny(
        "large_models_items",
        SEEDS=2,
        IMPRESSIONS=4_000,
        ITEMS=80,
        USERS=40,
        CODES=4,
        PULLS=(0.003, 0.03),
    )
    assert len(found["cells"]) == 8 + 5  # those without content once
    for cell in found["cells"]:
        assert str(cell["pull"]) == least(cell["losses"])
        for bayes, warm, cold in zip(
            found["bayes"], cell["warm"], cell["cold"], strict=True
        ):
            assert warm <= bayes[0] and cold <= bayes[1], cell["arm"]
    rows = {cell["arm"]: cell["rows"] for cell in found["cells"]}
    assert rows["own id"] == 80 and rows["content, projected"] == 0
    assert rows["semantic codes + own id"] == rows["semantic codes"] + 80


def test_text_beside_ids(tiny):
    from mtl_lessons.large_models import text

    arms = ("id alone", "id + text of norm 1", "... projected, id dropout 0.3")
    found = tiny(
        "large_models_text",
        SEEDS=2,
        IMPRESSIONS=6_000,
        RATES=(0.003, 0.03),
        ARMS={arm: text.ARMS[arm] for arm in arms},
    )
    for cell in found["cells"]:
        assert str(cell["rate"]) == least(cell["losses"])
        assert len(cell["warm"]) == len(cell["cold"]) == 2
        assert all_within([cell["warm"], cell["cold"]], 0, 1)


def test_adapters(tiny):
    found = tiny(
        "large_models_adapters",
        DISTANCES=(1.0,),
        RATES=(0.03,),
        STEPS=20,
        EVERY=10,
    )
    cells = {cell["arm"]: cell for cell in found["cells"]}
    # adapters start at nothing, and the best step is taken
    frozen, trunk = cells["rank 2 on a frozen trunk"], cells["one trunk"]
    assert frozen["losses"]["0.03"] <= trunk["losses"]["0.03"]
    for cell in cells.values():
        assert np.mean(cell["error"]) < 1  # of a constant
    assert trunk["weights"] < cells["adapters, rank 2"]["weights"]
    assert (
        cells["adapters, rank 4"]["weights"] < cells["a trunk each"]["weights"]
    )


def test_sequences(tiny):
    found = tiny(
        "large_models_sequence",
        SIZES=(40,),
        SEEDS=1,
        NEW=24,
        EPOCHS={40: 1},
        RATES=(0.01,),
        BATCH=8,
    )
    truth, *others = found["cells"]
    assert truth["arm"] == "the truth" and len(others) == 4
    for cell in others:
        assert (np.array(cell["auc"]) <= truth["auc"]).all(), cell["arm"]


def test_mixtures(tiny):
    from mtl_lessons.large_models import mixtures

    found = tiny("large_models_mixtures", STEPS=60)
    # heads of their own are trained as long as ever: as stored
    assert found["private"] == stored.read("large_models_mixtures")["private"]
    for cell in found["cells"]:
        again = mixtures.share_found(
            cell["scheme"], cell["optimiser"], scale=cell["scale"], steps=60
        )
        np.testing.assert_array_equal(cell["found"], again.round(4))


def test_widths(tiny):
    found = tiny(
        "large_models_scaling",
        SEEDS=2,
        IMPRESSIONS=4_000,
        WIDTHS=(1, 2),
        PULLS=(0.003, 0.03),
    )
    for cell in found["cells"]:
        assert str(cell["pull"]) == least(cell["losses"])
        assert (np.array(cell["loss"]) >= found["floor"]).all()


# ---- chapters 4 to 6 ----


def test_people_of_a_funnel(tiny):
    from mtl_lessons.inputs_outputs import crowd

    found = tiny(
        "inputs_outputs_crowd", people=partial(crowd.people, impressions=2_000)
    )
    assert len(found["cells"]) == 12
    for cell in found["cells"]:
        assert cell["purchases"] <= cell["clicks"] <= cell["impressions"]
        assert cell["purchases"] <= cell["would_buy"]
        assert cell["glad_purchases"] <= cell["glad_clicks"] <= cell["glad"]


def test_ways_to_learn_a_conversion(tiny):
    from mtl_lessons.inputs_outputs import funnel

    asked = []

    def compare(settings):
        asked.extend(settings)
        return [funnel.shipped(**point) for point in settings]

    found = tiny("inputs_outputs_bias", compare=compare)
    assert len(found["cells"]) == len(asked) == 12
    assert found == stored.read("inputs_outputs_bias")


def test_two_tasks(tiny):
    from mtl_lessons import two_tasks
    from mtl_lessons.world import World

    @cache
    def world_of(seed):
        world = World(seed=seed, **two_tasks.WORLD)
        return two_tasks.Data.of_world(world, rows=1_024)

    small = {
        "SEEDS": 1,
        "PASSES": 1,
        "EPOCHS": 1,
        "SCALES": (0.1, 1.0),
        "SLOW": (0.1,),
        "WIDTHS": (4,),
        "RATES": (0.005,),
        "USERS": (0, 3),
        "LENGTHS": (0, 10),
        "world_of": world_of,
    }
    place = "two_tasks__experiments__{}".format
    found = tiny(
        "two_tasks", **{place(name): value for name, value in small.items()}
    )
    assert found["sides"]["both"] == {
        task: runs
        for task, runs in stored.at(found["scales"], weight=1.0).items()
        if task != "weight"
    }
    for side, setting in found["tuned"]["settings"].items():
        chosen = two_tasks.choose(found["tuned"]["trials"], side)
        assert setting == {name: chosen[name] for name in setting}
    bayes = found["sides"]["Bayes"]
    for runs in found["scales"]:
        for task in ("item", "interest"):
            assert len(runs[task]) == 1
        assert (np.array(runs["item"]) <= bayes["item"]).all()
    for seen in found["seen"]:
        assert sum(seen["items"]) == pytest.approx(1, abs=0.01)
        assert all_within(seen["tags"], 0, 1)


def test_three_tasks(tiny, monkeypatch):
    from mtl_lessons.three_tasks import attribution, experiment, normalisation

    designs = normalisation.DESIGNS
    monkeypatch.setitem(experiment.PLAN, "steps", 1)
    found = tiny(
        "three_tasks",
        axes=["cures"],
        SEEDS=2,
        CHOICES=600,
        RATINGS=600,
        logs=partial(experiment.logs, test=500),
        RELATEDNESS=(0.5,),
        LABELS=(400,),
        CURES={"wider": (24, 1.0)},
        three_tasks__attribution__SEEDS=1,
        three_tasks__attribution__TEST=500,
        three_tasks__attribution__AROUND=({"width": 2},),
        three_tasks__attribution__CASES={
            "ads that gain": attribution.Case(0.95, 400, "ad_click")
        },
        three_tasks__normalisation__SEEDS=2,
        three_tasks__normalisation__RATES=(0.01, 0.1),
        three_tasks__normalisation__DESIGNS=designs[-1:],
        three_tasks__normalisation__TRAINED=256,
        three_tasks__normalisation__JUDGED=200,
    )
    (cell,) = found["cells"]
    for measure in ("single", "shared"):
        assert all_within([cell[measure], cell["bayes"]], 0, 1)
    assert [trial["beside"] for trial in found["trials"]] == [
        "with shuffled partners",
        "alone",
        "with partners",
    ]
    for design in found["normalisation"]:
        rates = [run["rate"] for run in design["runs"]]
        # both rates for two seeds, and the better one for two more
        assert rates[:4] == [0.01, 0.1] * 2 and len(set(rates[4:])) == 1


def test_wider_controls(tiny, monkeypatch):
    from mtl_lessons.three_tasks import experiment

    monkeypatch.setitem(experiment.PLAN, "steps", 1)
    found = tiny(
        "three_tasks_controls",
        SEEDS=2,
        RELATEDNESS=(0.5,),
        LABELS=(400,),
        logs=partial(experiment.logs, test=500),
        three_tasks__experiment__CHOICES=600,
        three_tasks__experiment__RATINGS=600,
    )
    (cell,) = found["cells"]
    assert all_within([cell["wider"], cell["chosen_wider"]], 0, 1)


# ---- chapters 2 and 3 ----


def test_designs(tiny):
    from mtl_lessons.shared_networks import experiment, measured

    few = {"seeds": 2, "rates": [0.01], "steps": 2, "rows": 300}
    found = tiny(
        "shared_networks",
        relatedness=partial(experiment.relatedness, [0.5], **few),
        gate_map=partial(measured.gate_map, steps=2),
    )
    # by backward passes, which no size changes
    assert found["wirings"] == stored.read("shared_networks")["wirings"]
    gates = np.array(list(found["gates"]["weights"].values()))
    np.testing.assert_allclose(gates.sum(axis=1), 1, atol=0.03)
    for errors in found["errors"].values():
        assert np.shape(errors["test"]) == (1, 1, 2)


def test_the_front(tiny):
    from mtl_lessons.loss_balancing import front

    few = ("equal", "GradNorm", "PCGrad")
    found = tiny(
        "loss_balancing_front",
        axes=["methods"],
        WEIGHTS=(0.5,),
        METHODS={name: front.METHODS[name] for name in few},
        SEEDS=2,
        RIVAL_ROWS=512,
        RIVAL_STEPS=2,
        RIVAL_EPOCHS=1,
        RIVAL_TEST=500,
    )
    # a weight of 0.5 is the plain sum
    assert found["sweep"] == [found["methods"]["equal"]]


def test_balances(tiny):
    from mtl_lessons.loss_balancing import experiment

    small = {"ROWS": 1_024, "STEPS": 2, "EPOCHS": 1, "TEST": 400}
    found = tiny(
        "loss_balancing_experiment",
        axes=["0.005", "0.02"],
        grid=partial(experiment.grid, seeds=[0]),
        **small,
        FACTORS=(1.0,),
        CONTROLS={"equal weights": experiment.Equal},
        ADAPTIVE={"FAMO": experiment.FAMO},
        RATES=(0.005, 0.02),
        TRIED={0.005: (1.0,), 0.02: (2.0,)},
    )
    assert list(found["0.005"]) == ["static 1, 1", "equal weights", "FAMO"]
    assert list(found["0.02"]) == ["static 2, 2", "FAMO"]
    for scores in (run for runs in found.values() for run in runs.values()):
        assert all_within([score["click"] for score in scores], 0, 1)


def test_controls_of_balancing(tiny):
    small = {"ROWS": 1_024, "STEPS": 2, "EPOCHS": 1, "TEST": 400}
    rivals = {
        "SEEDS": 1,
        "RIVAL_ROWS": 512,
        "RIVAL_STEPS": 2,
        "RIVAL_EPOCHS": 1,
        "RIVAL_TEST": 500,
    }
    place = "loss_balancing__{}__{}".format
    found = tiny(
        "loss_balancing_controls",
        SEEDS=1,
        **{place("experiment", name): value for name, value in small.items()},
        **{place("front", name): value for name, value in rivals.items()},
    )
    for errors in found["rivals"].values():
        assert np.shape(errors) == (1, 2) and np.min(errors) > 0
    for (scores,) in found["clipping"].values():
        assert all_within(scores["click"], 0, 1)


# ---- chapter 8 ----


def test_the_census(tiny):
    rng = np.random.default_rng(0)
    sex = rng.choice(["Female", "Male"], 600).astype(object)
    age = rng.integers(18, 80, 600).astype(float)
    people = {
        "income": (rng.random(600) < np.where(sex == "Male", 0.6, 0.2)) * 1,
        "age": age,
        "marital_status": np.where(age < 30, "Never married", "Widowed"),
        "sex": sex,
    }
    asked = []
    found = tiny(
        "evaluation_census",
        axes=["income", "never married"],
        load=lambda: asked.append(1) or people,
        SPLITS=1,
        TREES={"max_iter": 5, "learning_rate": 0.3, "max_bins": 16},
    )
    assert asked == [1]
    assert found["rows"] == 600 and found["splits"] == 1
    for cell in found["cells"]:
        assert all_within([cell["income"], cell["never married"]], 0, 1)
    boosting = found["cells"][-1]
    assert boosting["model"] == "gradient boosting"
    assert np.mean(boosting["never married"]) > 0.95  # it is read off the age
    assert next(iter(found["columns"]["never married"])) == "age"


def test_intervals(tiny):
    found = tiny(
        "evaluation_intervals",
        REPETITIONS=2,
        STEPS=20,
        FRESH=50,
    )
    kept = stored.read("evaluation_intervals")["cells"][0]
    for cell in found["cells"]:
        assert list(cell["halves"]) == list(kept["halves"])
        for halves in cell["halves"].values():
            # who allows for both sources of luck is never surer
            assert (
                halves["both"] >= max(halves["seeds"], halves["users"]) - 1e-5
            )


def test_nets_of_one_recipe(tiny):
    found = tiny("evaluation_null", NETS=4, CHUNK=2, STEPS=5, TEST=500)
    assert [cell["seed"] for cell in found["cells"]] == [0, 1, 2, 3]
    assert np.ptp([cell["auc"] for cell in found["cells"]], axis=0).min() > 0


def test_policies(tiny):
    from mtl_lessons.evaluation import policy_grid

    few = {"TEMPERATURES": (0.0, 1.0), "CLIPS": (5.0, np.inf)}
    cell = partial(policy_grid.cell, logs=30, clips=few["CLIPS"])
    found = tiny("evaluation_policy", **few, cell=cell)
    assert found["truth"] == stored.read("evaluation_policy")["truth"]
    points = [(c["temperature"], c["clip"]) for c in found["cells"]]
    assert points == list(product((0.0, 1.0), (5.0, -1.0)))


# ---- chapter 9 ----


def test_steps(tiny):
    found = tiny("scale_steps", SIZES=(50,), BATCHES=(4, 8), TIMED=1)
    points = {
        (cell["table"], cell["optimizer"], cell["batch"])
        for cell in found["cells"]
    }
    assert len(points) == len(found["cells"]) == 2 * 5 * 2
    assert all(cell["ms"] > 0 for cell in found["cells"])


SMALL_WORLDS = {"SEEDS": 2, "USERS": 40, "ITEMS": 30, "ROWS": 4_000}


def test_quality_of_optimizers(tiny):
    from mtl_lessons.scale import steps

    found = tiny(
        "scale_optimizers",
        **SMALL_WORLDS,
        EPOCHS=2,
        quality_grid=partial(steps.quality_grid, rates=[0.01]),
    )
    points = [(cell["optimizer"], cell["epoch"]) for cell in found["cells"]]
    assert len(set(points)) == len(points) == 3 * 2
    for cell in found["cells"]:
        assert all_within([cell["check"], cell["test"]], 0, 1)


def test_hashes(tiny):
    found = tiny(
        "scale_hashing",
        **SMALL_WORLDS,
        TABLES=(10,),
        EPOCHS=1,
        SEEN={"10-30": (0, 90), "30-100": (90, 150), "over 100": (150, 10**9)},
    )
    bayes, *others = found["cells"]
    for cell in others:
        assert (np.array(cell["all"]) <= bayes["all"]).all(), cell["way"]
    codes = {cell["way"]: cell["codes"] for cell in others}
    assert codes["own rows"] == 30
    assert codes["one hash"] <= 10 < codes["two hashes"] <= 25


def test_small_tables(tiny):
    from mtl_lessons.serving import quantise

    found = tiny(
        "serving_tables", grid=partial(quantise.grid, seeds=2, rows=4_000)
    )
    sizes = [cell["size"] for cell in found["cells"]]
    assert sizes == sorted(sizes, reverse=True)
    whole, half, *_ = found["cells"]
    for head, auc in whole["auc"].items():
        np.testing.assert_allclose(half["auc"][head], auc, atol=1e-3)


def test_retrieval(tiny):
    from mtl_lessons.serving import retrieval

    found = tiny(
        "serving_retrieval", grid=partial(retrieval.grid, seeds=1, items=1_000)
    )
    recalls = {cell["index"]: cell["recall"] for cell in found["indexes"]}
    assert recalls["exact"] == [1.0]
    for cell in found["cells"]:
        assert all_within(cell["recall"], 0, 1)
        if cell["fusion"] == "a + b" and cell["way"] != "an index a head":
            assert cell["recall"] == [1.0]  # one inner product


def test_drift(tiny):
    from mtl_lessons.serving import drift

    found = tiny(
        "serving_drift", grid=partial(drift.grid, seeds=1, rows=250_000)
    )
    runs = {name: value for name, (value,) in found["runs"].items()}
    assert runs["pcoc after"] < 0.85 < runs["pcoc before"]
    assert abs(runs["auc after"] - runs["auc before"]) < 0.02


def test_ways_of_calling(tiny):
    from mtl_lessons.serving import calls

    found = tiny(
        "serving_calls",
        grid=partial(calls.grid, rounds=1),
        costs=partial(calls.costs, seconds=0.01),
        ROWS=50,
    )
    gaps = {way["way"]: way["gap"] for way in found["ways"]}
    assert gaps.pop("LiteRT, int8 weights") < 0.05
    assert max(gaps.values()) < 1e-6
    by_graph = stored.at(found["ways"], way="tf.function(model)")["ratio"]
    assert by_graph == [1.0]
    whole, small = (file["bytes"] for file in found["files"])
    assert small < whole / 2


def test_the_budget(tiny):
    found = tiny(
        "serving_budget",
        HEADS=(1,),
        EXPERTS=(1, 2),
        CANDIDATES=(10, 20),
        BATCHES=(1, 2),
        ROUNDS=1,
    )
    rows = [(cell["experts"], cell["rows"]) for cell in found["joint"]]
    assert rows == list(product((1, 2), (10, 20, 40)))
    assert [cell["users"] for cell in found["user"]] == [1, 2]
