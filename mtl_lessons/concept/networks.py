"""The networks: the article's model, right, and one table of users or two."""

from collections.abc import Sequence
from typing import Any

from mtl_lessons.backend import Tensor, keras

layers = keras.layers

INPUTS = ("user", "item", "ad_user", "ad")


def shared_bottom(
    vocabularies: dict[str, int],
    tasks: Sequence[str],
    width: int = 16,
    units: Sequence[int] = (128, 64),
) -> keras.Model:
    """One trunk and one head per task (Caruana, 1997).

    `P(task | x) = σ(v_task · trunk(x) + b_task)`.

    `vocabularies` names the categorical inputs and says how many ids each has;
    an input is a batch of whole numbers, `(batch,)`. Embeddings of `width`
    numbers come first, on ids; a trunk of dense ReLU layers of `units` follows;
    the heads are parallel, each gives `(batch, 1)` and bears its task's name.

    >>> model = shared_bottom({"user": 3, "item": 5}, tasks=["click", "buy"], width=2, units=(4,))
    >>> {task: tuple(output.shape) for task, output in model.output.items()}
    {'click': (None, 1), 'buy': (None, 1)}
    """
    inputs = {
        name: keras.Input((), dtype="int32", name=name) for name in vocabularies
    }
    vectors = []
    for name, size in vocabularies.items():
        table = layers.Embedding(size, width, name=f"{name}_table")
        vectors.append(table(inputs[name]))
    x = layers.Concatenate(name="features")(vectors)
    for i, n in enumerate(units):
        x = layers.Dense(n, activation="relu", name=f"trunk_{i}")(x)
    heads = {
        task: layers.Dense(1, activation="sigmoid", name=task)(x)
        for task in tasks
    }
    return keras.Model(inputs, heads)


def two_tasks(
    users: int,
    items: int,
    ads: int,
    width: int,
    shared: bool = True,
    tie: Tensor | None = None,
) -> keras.Model:
    """Clicks on items and clicks on ads: each is `σ(user · target + bias of the
    target)`.

    With `shared`, both tasks read the same table of users, `(users, width)`; it
    is all that they share. Without, each has a table of its own, which starts
    from the same numbers. Then no weight is common to both, so one `fit` trains
    two single-task models at once. With a `tie` besides, these two tables are
    drawn to each other (`Tie`): soft sharing. Inputs `user, item, ad_user, ad`:
    `(batch,)` each, since the two tasks have rows of their own. Outputs
    `item_click` and `ad_click`: `(batch, 1)` each.

    >>> model = two_tasks(users=10, items=5, ads=3, width=2)
    >>> # 10 · 2 more
    >>> model.count_params(), two_tasks(10, 5, 3, 2, shared=False).count_params()
    (44, 64)
    """
    inputs = {
        name: keras.Input((), dtype="int32", name=name) for name in INPUTS
    }
    item_users = _table(users, width, "users", seed=1)
    ad_users = (
        item_users if shared else _table(users, width, "ad_users", seed=1)
    )
    heads = {
        "item_click": _click(
            item_users(inputs["user"]), inputs["item"], items, "item", seed=2
        ),
        "ad_click": _click(
            ad_users(inputs["ad_user"]), inputs["ad"], ads, "ad", seed=3
        ),
    }
    if tie is not None:
        tied = Tie(item_users, ad_users, tie, name="tie")
        heads["ad_click"] = tied(heads["ad_click"])
    return keras.Model(inputs, heads)


class Tie(layers.Layer):
    """Soft sharing: adds `c / 2 · ‖A − B‖²` to the loss, for two tables A, B.

    `strength` is c: 0 leaves them apart, and the larger it is, the nearer they
    come to one table. What is put in comes out as it was.

    >>> import numpy as np
    >>> one, two = layers.Embedding(3, 2), layers.Embedding(3, 2)
    >>> one.build(), two.build()
    (None, None)
    >>> one.set_weights([np.ones((3, 2))]), two.set_weights([np.zeros((3, 2))])
    (None, None)
    >>> tie = Tie(one, two, strength=10.0)
    >>> float(tie(keras.ops.ones(1))[0]), float(tie.losses[0])
    (1.0, 30.0)
    """

    def __init__(
        self,
        first: layers.Embedding,
        second: layers.Embedding,
        strength: Tensor | float,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.tables = (first, second)
        self.strength = strength

    def call(self, inputs: Tensor) -> Tensor:
        """Returns `inputs`."""
        first, second = self.tables
        gap = first.embeddings - second.embeddings
        penalty = keras.ops.sum(keras.ops.square(gap)) / 2
        self.add_loss(self.strength * penalty)
        return inputs


def _table(rows: int, width: int, name: str, seed: int) -> layers.Embedding:
    start = keras.initializers.RandomNormal(stddev=0.1, seed=seed)
    return layers.Embedding(
        rows, width, name=name, embeddings_initializer=start
    )


def _click(
    user: Tensor, target: Tensor, targets: int, name: str, seed: int
) -> Tensor:
    vector = _table(targets, user.shape[-1], f"{name}s", seed)(target)
    bias = layers.Embedding(
        targets, 1, name=f"{name}_bias", embeddings_initializer="zeros"
    )(target)
    logit = layers.Add(name=f"{name}_logit")(
        [layers.Dot(axes=1)([user, vector]), bias]
    )
    return layers.Activation("sigmoid", name=f"{name}_click")(logit)
