"""Dynamic weight average: the weights of the next epoch."""

import random
from collections.abc import Callable
from math import exp

from mtl_lessons.drills.probes import expect


def dynamic_weights(
    history: dict[str, list[float]], temperature: float = 2.0
) -> dict[str, float]:
    """The weight of each task in the next epoch.

    history[task] has the mean loss of each epoch so far, oldest first:
    all above 0, the same number for each task. temperature is τ. As
    long as there are fewer than two epochs, every weight is 1.

    >>> dynamic_weights({"click": [0.5], "like": [0.2]})
    {'click': 1.0, 'like': 1.0}
    """
    powers = {}
    for task, losses in history.items():
        if len(losses) < 2:
            powers[task] = 1.0
            continue
        rate = losses[-1] / losses[-2]
        powers[task] = exp(rate / temperature)
    total = sum(powers.values())
    tasks = len(powers)
    return {task: tasks * power / total for task, power in powers.items()}


def check(answer: Callable) -> None:
    # both losses fell by a fifth
    expect(
        "same-rate",
        answer,
        {"click": [0.5, 0.4], "watch": [50.0, 40.0]},
        gives={"click": 1.0, "watch": 1.0},
        instead={
            "sums-to-1": {"click": 0.5, "watch": 0.5},
            # e^(-.05) and e^(-5), over their mean
            "difference": {"click": 1.985933, "watch": 0.014067},
        },
    )
    # rates of .5 and 1, so 2 / (1 + e^(1/4)) for the first
    expect(
        "rates",
        answer,
        {"click": [0.8, 0.4], "like": [0.2, 0.2]},
        gives={"click": 0.875647, "like": 1.124353},
        instead={
            # rates of 2 and 1
            "upside-down": {"click": 1.244919, "like": 0.755081},
            # 2 / (1 + e^(1/2)), and 2 / (1 + e)
            "temperature": {"click": 0.755081, "like": 1.244919},
            "temperature-times": {"click": 0.537883, "like": 1.462117},
            # 2 · .5 / 1.5
            "no-softmax": {"click": 0.666667, "like": 1.333333},
        },
    )
    expect(
        "which-epochs",
        answer,
        {"click": [8.0, 0.8, 0.4], "like": [0.2, 0.2, 0.2]},
        gives={"click": 0.875647, "like": 1.124353},
    )
    expect(
        "three-tasks",
        answer,
        {"click": [0.8, 0.4], "like": [0.6, 0.3], "share": [0.2, 0.1]},
        gives={"click": 1.0, "like": 1.0, "share": 1.0},
    )
    one = {"click": [0.5], "like": [0.1]}
    expect("too-early", answer, one, gives={"click": 1.0, "like": 1.0})
    none = {"click": [], "like": []}
    expect("too-early", answer, none, gives={"click": 1.0, "like": 1.0})
    draw = random.Random(0)
    for _ in range(20):
        history = {
            task: [draw.uniform(0.1, 2) for _ in range(4)]
            for task in ("click", "like", "share", "watch")[
                : draw.randint(1, 4)
            ]
        }
        temperature = draw.uniform(0.5, 4)
        found = dynamic_weights(history, temperature)
        expect("temperature-given", answer, history, temperature, gives=found)
