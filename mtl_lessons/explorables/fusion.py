"""Chapter 4's second figure: eight videos, three heads, a formula with
exponents.

It shows that the form of the formula decides what a head that is too high can
do to the order. Computed, here as in the browser (`web/view_fusion.js`).
"""

from collections.abc import Mapping
from math import prod
from typing import Any, NamedTuple

from mtl_lessons import embed

from .explorable import Explorable
from .grid import Axis, Point

SAY = embed.strings("fusion")


class Video(NamedTuple):
    """What the heads predict of a video, and whether it is new."""

    click: float
    like: float
    minutes: float
    new: bool


HEADS = ("click", "like", "minutes")
VIDEOS = {
    "Trailer": Video(0.221, 0.0103, 1.1, False),
    "Tutorial": Video(0.063, 0.0397, 5.9, False),
    "Live show": Video(0.104, 0.0211, 8.8, True),
    "Clip": Video(0.178, 0.0152, 0.6, False),
    "Interview": Video(0.052, 0.0309, 11.3, False),
    "Song": Video(0.137, 0.0347, 3.1, False),
    "Recipe": Video(0.089, 0.0454, 2.7, True),
    "News": Video(0.161, 0.0056, 1.7, False),
}
FORMS = ("sum", "powers")
WRONG = {  # factors on the likes of old and of new videos
    "right": (1.0, 1.0),
    "all": (1.5, 1.5),
    "new": (1.0, 3.0),
}
EXPONENTS = (0.0, 0.5, 1.0, 1.5, 2.0)
TOLD = ("first", "same", "moved", "drawing")  # texts for the browser
BAR, ROW = 150, 26  # in units of the drawing, which is 320 wide


class Fusion(Explorable):
    """Videos in the order of a formula: its form x a weight or exponent per
    head x a wrong head.
    """

    view = "fusion"

    def __init__(self) -> None:
        axes = (
            Axis(
                "form",
                SAY["form"],
                FORMS,
                labels=tuple(SAY[form] for form in FORMS),
            ),
            *(Axis(head, SAY[head], EXPONENTS, format=".1f") for head in HEADS),
            Axis(
                "wrong",
                SAY["wrong"],
                tuple(WRONG),
                tuple(SAY[f"wrong-{one}"] for one in WRONG),
            ),
        )
        start = {
            "form": "sum",
            "click": 1.0,
            "like": 1.0,
            "minutes": 0.0,
            "wrong": "right",
        }
        super().__init__(axes, SAY["title"], SAY["caption"], start)

    @property
    def given(self) -> Mapping[str, Any]:
        return {
            "videos": [
                {"name": name, "heads": video[:3], "new": video.new}
                for name, video in VIDEOS.items()
            ],
            "exponents": EXPONENTS,
            "factors": list(WRONG.values()),
            "say": {key: SAY[key] for key in TOLD},
        }

    def words(self, state: Point) -> list[str]:
        form, *weights, wrong = self.axes
        now, fair = order(state), order(state, right=True)
        moved = sum(one != other for one, other in zip(now, fair, strict=True))
        said = ", ".join(
            f"{axis.label} {axis.text(state[axis.name])}" for axis in weights
        )
        return [
            f"{form.text(state['form'])}: {said}; {wrong.label} "
            f"{wrong.text(state['wrong'])}",
            SAY["first"].format(names=", ".join(now[:3])),
            SAY["moved"].format(moved=moved) if moved else SAY["same"],
        ]

    def draw(self, state: Point) -> str:
        """A bar per video, the best first; ▲ and ▼: by how many places a wrong
        head moved it.
        """
        now, fair, found = order(state), order(state, right=True), scores(state)
        best = found[now[0]] or 1
        rows = "".join(
            _row(place, name, fair.index(name) - place, found[name] / best)
            for place, name in enumerate(now)
        )
        said = SAY["drawing"].format(names=", ".join(now))
        frame = f'viewBox="0 0 320 {ROW * len(VIDEOS) + 4}" role="img" aria-label="{said}"'
        return f"<svg {frame}>{rows}</svg>"


def scores(point: Point) -> dict[str, float]:
    """The score of each video, as the heads have it."""
    factors = WRONG[point["wrong"]]
    return {
        name: _score(video, point, factors[video.new])
        for name, video in VIDEOS.items()
    }


def order(point: Point, right: bool = False) -> list[str]:
    """The videos by score, equal ones as they stand above; `right`: as if no
    head were wrong.
    """
    found = scores({**point, "wrong": "right"} if right else point)
    return sorted(found, key=lambda name: -found[name])


def _score(video: Video, point: Point, factor: float) -> float:
    predictions = {
        "click": video.click,
        "like": video.like * factor,
        "minutes": video.minutes,
    }
    if point["form"] == "sum":
        return sum(point[head] * p for head, p in predictions.items())
    return prod(p ** point[head] for head, p in predictions.items())


def _row(place: int, name: str, up: int, share: float) -> str:
    y = 18 + ROW * place
    mark = f"{'▲' if up > 0 else '▼'}{abs(up)}" if up else ""
    new = " *" if VIDEOS[name].new else ""
    return (
        f'<g class="mtl-{"single" if up else "shared"}">'
        f'<text y="{y}">{place + 1} {name}{new}</text>'
        f'<text x="{BAR - 8}" y="{y}" text-anchor="end">{mark}</text>'
        f'<path class="mtl-bar" d="M{BAR} {y - 5}h{160 * share:.1f}"/></g>'
    )
