"""Chapter 4's second figure: eight videos, three heads, a formula with
exponents.

It shows that the form of the formula decides what a head that is too high can
do to the order, and what each head adds to a score. Computed, here as in the
browser (`web/view_fusion.js`).
"""

from collections.abc import Mapping, Sequence
from math import log, prod
from typing import Any, NamedTuple

from mtl_lessons import embed

from .drawing import decimal
from .explorable import Explorable, Guess
from .grid import Axis, Point

SAY = embed.strings("fusion")


class Video(NamedTuple):
    """What the heads predict of a video, and whether it is new."""

    click: float
    like: float
    minutes: float
    new: bool


FUSED_HEADS = ("click", "like", "minutes")
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
TOLD = (  # texts for the browser
    *("first", "same", "moved", "drawing", "none", "one", "sum", "powers"),
    *(f"one-{head}" for head in FUSED_HEADS),
    *(f"many-{head}" for head in FUSED_HEADS),
)
# in units of the drawing, which is 320 wide
ROW, HEAD = 26, 22
FAIR, NOW = 6, 34  # ends of the lines from the order of right heads to this one
NAME, MARK, BAR, WIDE = 42, 150, 156, 160
KEYS = (156, 208, 252)  # where the names of the heads stand


class FusionFigure(Explorable):
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
                labels=tuple(SAY[f"form-{form}"] for form in FORMS),
            ),
            *(
                Axis(head, SAY[head], EXPONENTS, format=".1f")
                for head in FUSED_HEADS
            ),
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
            "like": 2.0,
            "minutes": 0.0,
            "wrong": "new",
        }
        super().__init__(axes, SAY["title"], SAY["caption"], start)
        options = tuple(SAY[f"in-{form}"] for form in (*FORMS, "both"))
        at = start | {"wrong": "all"}
        self.guess = Guess(SAY["ask"], options, 0, SAY["told"], at)

    @property
    def given(self) -> Mapping[str, Any]:
        return {
            "videos": [
                {"name": name, "heads": video[:3], "new": video.new}
                for name, video in VIDEOS.items()
            ],
            "exponents": EXPONENTS,
            "factors": list(WRONG.values()),
            "heads": [SAY[head] for head in FUSED_HEADS],
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
            exchange_rate(state),
            SAY["moved"].format(moved=moved) if moved else SAY["same"],
        ]

    def draw(self, state: Point) -> str:
        """A bar per video, the best first, with the part of each head; lines
        from the order of right heads, and ▲ and ▼ with the places won and lost.
        """
        now, fair, found = order(state), order(state, right=True), parts(state)
        best = max(map(sum, found.values())) or 1
        keys = "".join(
            f'<g class="mtl-of-{head}"><path class="mtl-bar" d="M{x} 8h10"/>'
            f'<text x="{x + 14}" y="13">{SAY[head]}</text></g>'
            for x, head in zip(KEYS, FUSED_HEADS)
        )
        rows = "".join(
            _video_row(
                place, name, fair.index(name), [p / best for p in found[name]]
            )
            for place, name in enumerate(now)
        )
        said = SAY["drawing"].format(names=", ".join(now))
        tall = HEAD + ROW * len(VIDEOS)
        return (
            f'<svg class="mtl-fusion" viewBox="0 0 320 {tall}" role="img" '
            f'aria-label="{said}">{keys}{rows}</svg>'
        )


def scores(point: Point) -> dict[str, float]:
    """The score of each video, as the heads have it."""
    factors = WRONG[point["wrong"]]
    return {
        name: _fused(video, point, factors[video.new])
        for name, video in VIDEOS.items()
    }


def order(point: Point, right: bool = False) -> list[str]:
    """The videos by score, equal ones as they stand above; `right`: as if no
    head were wrong.
    """
    found = scores({**point, "wrong": "right"} if right else point)
    return sorted(found, key=lambda name: -found[name])


def _predicted(video: Video, factor: float) -> tuple[float, float, float]:
    """What the heads say of a video, of which the likes are wrong."""
    return video.click, video.like * factor, video.minutes


def _fused(video: Video, point: Point, factor: float) -> float:
    terms = zip(FUSED_HEADS, _predicted(video, factor))
    if point["form"] == "sum":
        return sum(point[head] * p for head, p in terms)
    return prod(p ** point[head] for head, p in terms)


def parts(point: Point) -> dict[str, list[float]]:
    """What each head adds to the bar of a video.

    Of a sum, its term. Of a product, the logarithm of its power, counted from
    the video for which the head predicts least: logarithms add up.
    """
    factors = WRONG[point["wrong"]]
    said = {
        name: _predicted(video, factors[video.new])
        for name, video in VIDEOS.items()
    }
    least = [min(column) for column in zip(*said.values())]
    return {
        name: [
            point[head] * (p if point["form"] == "sum" else log(p / low))
            for head, p, low in zip(FUSED_HEADS, predicted, least)
        ]
        for name, predicted in said.items()
    }


def exchange_rate(point: Point) -> str:
    """The exchange rate of the heads, in words."""
    counted = [head for head in FUSED_HEADS if point[head]]
    if not counted:
        return SAY["none"]
    first, *others = counted
    if not others:
        return SAY["one"].format(head=SAY[first])
    return " ".join(
        SAY[point["form"]].format(
            one=SAY[f"one-{head}"],
            many=SAY[f"many-{first}"],
            head=SAY[head],
            first=SAY[first],
            rate=decimal(point[head] / point[first]),
        )
        for head in others
    )


def _video_row(
    place: int, name: str, fair: int, shares: Sequence[float]
) -> str:
    """A video at its place; it was at `fair` with right heads."""
    y, came = HEAD + ROW * place + 13, HEAD + ROW * fair + 13
    up = fair - place
    mark = f"{'▲' if up > 0 else '▼'}{abs(up)}" if up else ""
    new = " *" if VIDEOS[name].new else ""
    bars, x = "", float(BAR)
    for head, share in zip(FUSED_HEADS, shares):
        wide = WIDE * share
        bars += (
            f'<g class="mtl-of-{head}"><path class="mtl-bar" '
            f'd="M{x:.1f} {y}h{wide:.1f}"/></g>'
        )
        x += wide
    line = f"M{FAIR} {came}h0L{NOW} {y}h0"
    return (
        f'<g class="mtl-video-{list(VIDEOS).index(name)}"><path d="{line}"/></g>'
        f'<g data-key="{name}"><text x="{NAME}" y="{y + 5}">{place + 1} {name}{new}</text>'
        f'<text class="mtl-end" x="{MARK}" y="{y + 5}">{mark}</text>{bars}</g>'
    )
