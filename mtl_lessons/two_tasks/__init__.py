"""Chapter 5: two tasks from one history: which item comes next, and what a user
is interested in.

    model = compiled()  # history -> {"item": logits, "interest": logits}
    data = Data.of_world(World(seed=0, **WORLD))
    model.fit(data.train.x, data.train.labels, batch_size=512, epochs=3)
    evaluate(model, data.test)  # Recall@10, and the mean AUC of the tags

A history holds up to ten items, the oldest first, filled up with -1 in front.
The next item is *one of* 500: a softmax over all of them, as in retrieval.
Interests are *any of* twelve tags: a sigmoid for each. Of the users 8 % have
told us theirs; elsewhere that label is NaN.

- `steps`: the model answers of the chapter's five steps;
- `data`: rows to train on and users to test on, of a simulated world or of
  MovieLens;
- `experiments`: what the model is held against, over seeds.

Importing this package imports TensorFlow.
"""

from .data import EVENTS, LABELLED, ROWS, WORLD, Data, Test, TrainRows
from .experiments import (
    BATCH,
    EPOCHS,
    SCALES,
    SIDES,
    baselines,
    choose,
    evaluate,
    experiment,
    gain,
    grid,
    optimizers,
    reading,
    restarting,
    scored,
    seen,
    trained,
    tuned,
)
from .steps import (
    HISTORY,
    ITEMS,
    PADDING,
    TAGS,
    UNITS,
    WIDTH,
    build,
    compiled,
    interest_loss,
    report,
    trunk,
    user_vector,
)

__all__ = [
    "BATCH",
    "EPOCHS",
    "EVENTS",
    "HISTORY",
    "ITEMS",
    "LABELLED",
    "PADDING",
    "ROWS",
    "SCALES",
    "SIDES",
    "TAGS",
    "UNITS",
    "WIDTH",
    "WORLD",
    "Data",
    "Test",
    "TrainRows",
    "baselines",
    "build",
    "choose",
    "compiled",
    "evaluate",
    "experiment",
    "gain",
    "grid",
    "interest_loss",
    "optimizers",
    "reading",
    "report",
    "restarting",
    "scored",
    "seen",
    "trained",
    "trunk",
    "tuned",
    "user_vector",
]
