"""Chapter 5: two tasks from one history: which item comes next, and what a user
is interested in.

    model = compiled()                       # history -> {"item": logits,
    "interest": logits} data = Data.of_world(World(seed=0, **WORLD))
    model.fit(data.train.x, data.train.labels, batch_size=512, epochs=3)
    evaluate(model, data.test)               # {"item": recall@10, "interest":
    mean AUC of the tags}

A history holds up to ten items, the oldest first, filled up with -1 in front.
The next item is *one of* 500: a softmax over all of them, as in retrieval.
Interests are *any of* twelve tags: a sigmoid for each. Of the users one in
twelve has told us theirs; elsewhere that label is NaN.

- `steps`: the model answers of the chapter's five steps;
- `data`: rows to train on and users to test on, of a simulated world or of
  MovieLens;
- `experiment`: what the model is held against, over seeds.

Importing this package imports TensorFlow.
"""

from .data import EVENTS, ROWS, WORLD, Data, Test, Train
from .experiment import (
    BATCH,
    EPOCHS,
    SCALES,
    SIDES,
    baselines,
    best_pass,
    evaluate,
    experiment,
    gain,
    grid,
    restarting,
    scored,
    seen,
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
    "Train",
    "baselines",
    "best_pass",
    "build",
    "compiled",
    "evaluate",
    "experiment",
    "gain",
    "grid",
    "interest_loss",
    "report",
    "restarting",
    "scored",
    "seen",
    "trunk",
    "user_vector",
]
