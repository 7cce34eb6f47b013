"""A learner's file, read without running it: what an answer depends on, whether it is a starter."""

import pytest

from mtl_lessons.exercises.source import Source


def source(text, path):
    path.write_text(text)
    return Source.read(path)


def test_an_answer_depends_on_what_it_uses_and_on_what_happens_at_the_top(
    tmp_path,
):
    text = (
        "import helper\nSIZE = 3\nOTHER = 4\n\n"
        "def part():\n    return SIZE\n\n"
        "def build():\n    return part()\n"
    )
    file = tmp_path / "a.py"
    before = source(text, file).digest("build")
    assert source(f"# hello\n\n{text}\n\n", file).digest("build") == before
    assert (
        source(text.replace("OTHER = 4", "OTHER = 5"), file).digest("build")
        == before
    )
    assert (
        source(text.replace("SIZE = 3", "SIZE = 5"), file).digest("build")
        != before
    )
    assert (
        source(text.replace("return SIZE", "return SIZE + 1"), file).digest(
            "build"
        )
        != before
    )
    assert source(text + "part.size = 1\n", file).digest("build") != before
    assert (
        source(text + "from numpy import *\n", file).digest("build") != before
    )
    (tmp_path / "helper.py").write_text("import deeper\n")
    beside = source(text, file).digest("build")
    (tmp_path / "deeper.py").write_text("X = 1\n")
    assert len({before, beside, source(text, file).digest("build")}) == 3


@pytest.mark.parametrize(
    "coded",
    [b"\xef\xbb\xbfx = 1\n", b"# coding: latin-1\nx = '\xe9'\n"],
    ids=["a mark of UTF-8", "Latin-1"],
)
def test_a_file_may_be_saved_as_python_allows(tmp_path, coded):
    file = tmp_path / "a.py"
    file.write_bytes(coded)
    assert Source.read(file).run("x")["x"] in (1, "é")


def test_only_what_an_answer_uses_is_run(tmp_path):
    text = (
        "import no_such_module\nimport math as m\nN = 2\n\n"
        "def f():\n    return m.sqrt(N)\n\n"
        "class C:\n    x = no_such_module\n"
    )
    assert source(text, tmp_path / "a.py").run("f")["f"]() == 2**0.5
    with pytest.raises(ModuleNotFoundError):
        source(text, tmp_path / "a.py").run("C")


def test_what_is_about_tensorflow_is_not_run_for_an_answer_without_it(tmp_path):
    text = (
        "import no_such_module\nimport tensorflow as tf\ntf.no_such_function()\nSEEN = []\n\n"
        "def f():\n    return SEEN\n"
    )
    file = source(text + "SEEN.append(1)\n", tmp_path / "a.py")
    assert file.run("f")["f"]() == [1] and "tf" not in file.run("f")
    assert file.digest("f") != source(text, tmp_path / "a.py").digest("f")


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        (
            "import numpy as np\nfrom mtl_lessons import metrics\ndef f(): return np, metrics\n",
            False,
        ),
        ("import keras\ndef f(): return 1\n", False),
        ("import keras\ndef f(): return keras\n", True),
        ("def f():\n    import tensorflow as tf\n", True),
        (
            "from mtl_lessons.backend import keras\nk = keras\ndef f(): return k\n",
            True,
        ),
        (
            "from mtl_lessons import two_tasks\ndef f(): return two_tasks\n",
            True,
        ),
        (
            "import keras\nkeras.utils.set_random_seed(0)\ndef f(): return 1\n",
            False,
        ),
        (
            "import keras\ndef g(): return keras\n"
            "if __name__ == '__main__':\n    print(g())\ndef f(): return 1\n",
            False,
        ),
        (
            "import keras\nSIZE = [1]\nSIZE.append(keras.Input(()))\ndef f(): return SIZE\n",
            True,
        ),
        ("import keras\ndef f(): return 1\nprint(keras, f())\n", True),
        ("from keras import *\ndef f(): return 1\n", True),
    ],
    ids=str,
)
def test_whether_an_answer_needs_tensorflow_is_known_without_running_it(
    tmp_path, text, needs
):
    assert source(text, tmp_path / "a.py").needs_tensorflow("f") == needs


@pytest.mark.parametrize(
    ("text", "starter"),
    [
        ("", True),
        ("def f():\n    return ...\n", True),
        ('def f(x: int) -> int:\n    """Text."""\n    return ...\n', True),
        ("f = ...\n", True),
        ("def f():\n    ...\n", True),
        ("def f():\n    return ...\n\ndef f():\n    return 1\n", False),
        ("def f():\n    x = 1\n    return ...\n", False),
        ("from there import f\n", False),
        ("from there import *\n", False),
        ("if True:\n    def f(): return 1\n", False),
        ("globals()['f'] = 1\n", False),
        ("f, g = 1, 2\n", False),
    ],
    ids=str,
)
def test_a_starter_is_known_without_running_it(tmp_path, text, starter):
    assert source(text, tmp_path / "a.py").is_starter("f") == starter
