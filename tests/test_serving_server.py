"""The server of chapter 9: clear errors, versions, no request lost in a swap."""

import shutil
from contextlib import nullcontext

import numpy as np
import pytest

from mtl_lessons import stored
from mtl_lessons.__main__ import main
from mtl_lessons.serving import load
from mtl_lessons.serving.versions import Version, Versions

ADS = {"user": [3, 3], "ad": [7, 8]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("models")
    load.two_versions(made, steps=(5, 10))
    return made


@pytest.fixture(scope="module")
def port(folder):
    with load.started(folder, "monday") as found:
        yield found


def score(port, **body):
    return load.call(port, "POST", "/score", body)


def test_an_answer_is_the_frameworks(folder, port):
    status, answer = score(port, features=ADS, heads=["ad_click"])
    assert status == 200
    assert (answer["version"], answer["unknown"]) == ("monday", {})
    framework = Version.load(folder, "monday").framework
    expected = framework.predict(ADS)["ad_click"][:, 0]
    np.testing.assert_allclose(
        answer["scores"]["ad_click"], expected, atol=2e-6
    )


def test_a_softmax_comes_as_a_list_for_each_row(port):
    _, answer = score(port, features={"user": [1, 2, 3]}, heads=["chosen"])
    rows = np.array(answer["scores"]["chosen"])
    assert rows.shape == (3, 300)
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-3)


def test_an_unknown_id_is_answered_and_counted(port):
    features = {"user": [3, 999_999], "ad": [7, 8]}
    status, answer = score(port, features=features, heads=["ad_click"])
    assert (status, answer["unknown"]) == (200, {"user": 1})


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "features: Field required"),
        (
            {"features": {"user": 3}},
            "features.user: Input should be a valid list",
        ),
        (
            {"features": {"usr": [3]}},
            "features: expected some of user, ad, item",
        ),
        ({"features": {"user": [1], "ad": [1, 2]}}, "columns of one length"),
        (
            {"features": {"user": [3]}, "heads": ["ad_click"]},
            "head ad_click: expected the features user, ad, found no ad",
        ),
        (
            {"features": ADS, "heads": ["like"]},
            "heads: expected some of chosen",
        ),
        (
            {"features": {"user": ["a"]}, "heads": ["chosen"]},
            "feature 'user': expected whole numbers, found text",
        ),
        (
            {"features": {"user": []}, "heads": ["chosen"]},
            "rows: expected 1 to",
        ),
        (
            {"features": {"user": [1] * 2001}, "heads": ["chosen"]},
            "rows: expected 1 to 2,000, found 2,001",
        ),
        ({"features": ADS, "x": 1}, "x: Extra inputs are not permitted"),
    ],
)
def test_bad_input_gets_a_clear_error(port, body, said):
    status, answer = score(port, **body)
    assert status == 422
    assert said in answer["error"]


def test_versions_that_are_not_there(port):
    for path in ("/versions/friday", "/versions/..%2Fetc", "/rollback"):
        status, answer = load.call(port, "POST", path)
        assert status == 404, answer


def test_a_swap_and_a_rollback_lose_no_request(folder, port):
    expected = {
        name: Version.load(folder, name).score(**load.QUESTION)["ad_click"][
            :, 0
        ]
        for name in ("monday", "tuesday")
    }
    found = load.swapped(port, "tuesday", clients=3)
    assert found.lost == 0
    assert {answer["version"] for answer in found.answers} == set(expected)
    for answer in found.answers:  # none mixes two versions
        np.testing.assert_allclose(
            answer["scores"]["ad_click"], expected[answer["version"]], atol=2e-6
        )
    assert load.call(port, "GET", "/versions")[1]["current"] == "monday"


def test_a_broken_version_is_refused_and_the_old_one_goes_on(folder, tmp_path):
    for name in ("monday", "tuesday"):
        shutil.copytree(folder / name, tmp_path / name)
    version = Version.load(tmp_path, "tuesday")
    network = version.framework.built.network
    for weight in network.trainable_variables:
        weight.assign(np.full(weight.shape, np.nan))
    version.framework.save(tmp_path / "broken")
    versions = Versions(tmp_path)
    with pytest.raises(LookupError, match="expected one deployed"):
        _ = versions.current
    versions.deploy("monday")
    with pytest.raises(ValueError, match="expected finite predictions"):
        versions.deploy("broken")
    assert versions.current.name == "monday"
    with pytest.raises(LookupError, match="expected an older version"):
        versions.rollback()
    versions.deploy("tuesday")
    assert versions.rollback().name == "monday"


def test_a_version_that_lacks_a_head_is_refused(folder):
    versions = Versions(folder)
    versions.deploy("monday")
    versions.current.heads.append("like")  # served now
    with pytest.raises(ValueError, match="expected the heads .* found no like"):
        versions.deploy("tuesday")


def test_latencies_have_the_form_of_the_stored(folder, port, monkeypatch):
    """The stored recipe, with few requests, on the models and the server of this file."""
    names = ["monday", "tuesday"]

    def two_versions(to):
        return [
            shutil.copytree(folder / name, to / name).name for name in names
        ]

    monkeypatch.setattr(load, "two_versions", two_versions)
    monkeypatch.setattr(load, "started", lambda *_: nullcontext(port))
    found, kept = load.grid(requests=16, rounds=1), stored.read("serving_load")
    assert list(found) == list(kept)
    assert list(found["runs"]) == list(kept["runs"])
    for clients in (1, 4, 16):
        of = {
            name: found["runs"][f"{clients} {name}"][0]
            for name in ("p50", "p99", "rate", "lost")
        }
        assert of["p99"] >= of["p50"] > 0 and of["rate"] > 0
        assert of["lost"] == 0
    assert found["swap"]["lost"] == 0
    assert min(found["swap"]["versions"].values()) > 0


def test_nothing_to_serve(tmp_path, capsys):
    assert main(["serve", str(tmp_path)]) == 2
    assert (
        "expected folders that Framework.save wrote" in capsys.readouterr().err
    )
