"""Probes of a built model: outputs told apart, ranges, inputs, losses, training without a trace."""

import numpy as np
import pytest

from mtl_lessons.backend import keras
from mtl_lessons.exercises import probes
from mtl_lessons.exercises.mistakes import Mistake
from mtl_lessons.exercises.probes import NUMBER, ONE_OF, YES_NO, Output, Subject

layers = keras.layers
X = {"x": np.random.default_rng(0).normal(size=(32, 6)).astype("float32")}
THREE = [
    Output("item", ONE_OF, 5),
    Output("click", YES_NO, 1),
    Output("stars", NUMBER, 1),
]


def three(
    item="softmax",
    click="sigmoid",
    stars=None,
    names=("item", "click", "stars"),
):
    x = keras.Input((6,), name="x")
    h = layers.Dense(16, activation="relu")(x)
    outputs = [
        layers.Dense(n, activation=a)(h)
        for n, a in ((5, item), (1, click), (1, stars))
    ]
    return (
        keras.Model(x, dict(zip(names, outputs)))
        if names
        else keras.Model(x, outputs)
    )


@pytest.mark.parametrize(
    "names", [("item", "click", "stars"), None], ids=["dict", "list"]
)
def test_outputs_of_equal_width_are_told_apart_by_name_or_place(names):
    subject = Subject(lambda: three(names=names), X, THREE)
    assert subject.ranges == {
        "item": "softmax",
        "click": "sigmoid",
        "stars": "linear",
    }


@pytest.mark.parametrize(
    "wrap",
    [lambda x: x, lambda x: [x], lambda x: {"x": x}],
    ids=["tensor", "list", "dict"],
)
def test_a_model_is_fed_as_it_takes_its_inputs(wrap, recwarn):
    x = keras.Input((6,), name="x")
    subject = Subject(
        lambda: keras.Model(wrap(x), layers.Dense(5)(x)),
        X,
        [Output("item", ONE_OF, 5)],
    )
    assert subject.outputs()["item"].shape == (32, 5) and not recwarn


def test_outputs_of_equal_width_and_other_names_are_not_guessed():
    with pytest.raises(Mistake) as caught:
        Subject(lambda: three(names=("a", "b", "c")), X, THREE)
    assert caught.value.key == "names-of-outputs"


@pytest.mark.parametrize(
    ("activation", "found"),
    [
        (None, "linear"),
        ("tanh", "tanh"),
        ("relu", "positive"),
        ("softplus", "positive"),
        ("sigmoid", "sigmoid"),
        ("softmax", "softmax"),
    ],
)
def test_activation_sees_the_range_not_the_name(activation, found):
    model = keras.Sequential(
        [keras.Input((6,)), layers.Dense(8, activation="relu"), layers.Dense(5)]
    )
    model.add(layers.Lambda(keras.activations.get(activation)))
    before = model.get_weights()
    assert Subject(model, X, [Output("item", ONE_OF, 5)]).ranges == {
        "item": found
    }
    assert all(
        np.array_equal(old, new)
        for old, new in zip(before, model.get_weights())
    )


@pytest.mark.parametrize(
    "change",
    [
        {"stars": "sigmoid"},
        {"stars": "tanh"},
        {"click": "softmax"},
        {"item": "relu"},
    ],
)
def test_a_range_that_does_not_fit_the_label_is_a_mistake(change):
    with pytest.raises(Mistake) as caught:
        probes.activations(Subject(lambda: three(**change), X, THREE))
    ((task, _),) = change.items()
    assert caught.value.facts["task"] == task and caught.value.key.split(
        "-for-"
    )[0] in (
        "sigmoid",
        "tanh",
        "constant",
        "positive",
    )


@pytest.mark.parametrize(
    ("inputs", "key"),
    [
        ([(6,), (1,)], "extra-input"),
        ([(5,)], "wrong-input"),
        ([(6, 1)], "wrong-input"),
        ([()], "wrong-input"),
    ],
    ids=["a label", "other width", "a dimension more", "one less"],
)
def test_inputs_are_the_columns_and_nothing_else(inputs, key):
    tensors = [
        keras.Input(shape, name=name)
        for shape, name in zip(inputs, ("x", "label"))
    ]
    model = keras.Model(
        tensors, keras.ops.sum(tensors[0], axis=-1, keepdims=True)
    )
    with pytest.raises(Mistake) as caught:
        Subject(model, X, [Output("stars", NUMBER, 1)])
    assert caught.value.key == key


def compiled(**losses):
    model = three()
    model.compile(
        "adam",
        loss={
            "item": "sparse_categorical_crossentropy",
            "click": "binary_crossentropy",
            "stars": "mse",
        }
        | losses,
    )
    return model


def labels():
    rng = np.random.default_rng(1)
    return {
        "item": rng.integers(5, size=32).astype("int32"),
        "click": rng.integers(2, size=(32, 1)).astype("float32"),
        "stars": rng.normal(size=(32, 1)).astype("float32"),
    }


def test_losses_that_fit_pass():
    probes.losses(Subject(compiled, X, THREE), labels())


def zero(label, prediction):
    return keras.ops.sum(0.0 * prediction, axis=-1)


@pytest.mark.parametrize("task", ["item", "click", "stars"])
def test_a_loss_that_ignores_its_label_is_a_mistake(task):
    with pytest.raises(Mistake) as caught:
        probes.losses(
            Subject(lambda: compiled(**{task: zero}), X, THREE), labels()
        )
    assert (caught.value.key, caught.value.facts["task"]) == (
        "ignores-label",
        task,
    )


def test_training_leaves_the_weights_as_they_were():
    subject = Subject(compiled, X, THREE)
    before = subject.model.get_weights()
    counted = []
    first = probes.trained(
        subject, X, labels(), X, batch_size=2, epochs=2, show=counted.append
    )
    again = probes.trained(subject, X, labels(), X, batch_size=2, epochs=2)
    assert all(
        np.array_equal(old, new)
        for old, new in zip(before, subject.model.get_weights())
    )
    assert counted == [10, 20, 30] and first.keys() == again.keys() == {
        "item",
        "click",
        "stars",
    }
    assert not np.allclose(first["stars"], subject.outputs()["stars"])
