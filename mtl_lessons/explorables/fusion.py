"""Chapter 4's second figure to play with: eight videos, three heads, a formula with exponents.

It shows that the form of the formula decides what a head that is too high can do to the order. Computed, here as in the browser.
"""

from collections.abc import Sequence
from functools import partial

from .. import embed
from .explorable import Explorable
from .grid import Axis, Point

SAY = embed.strings("inputs_outputs")

HEADS = ("click", "like", "minutes")
VIDEOS = {  # predictions of the heads, and is it new?
    "Trailer": (0.221, 0.0103, 1.1, False),
    "Tutorial": (0.063, 0.0397, 5.9, False),
    "Live show": (0.104, 0.0211, 8.8, True),
    "Clip": (0.178, 0.0152, 0.6, False),
    "Interview": (0.052, 0.0309, 11.3, False),
    "Song": (0.137, 0.0347, 3.1, False),
    "Recipe": (0.089, 0.0454, 2.7, True),
    "News": (0.161, 0.0056, 1.7, False),
}
FORMS = ("sum", "powers")
WRONG = {"right": (1.0, 1.0), "all": (1.5, 1.5), "new": (1.0, 3.0)}  # factors on the likes of old and of new videos
EXPONENTS = (0.0, 0.5, 1.0, 1.5, 2.0)
BAR, BAR_ROW = 150, 26


def fusion() -> Explorable:
    """Eight videos in the order of a formula: its form x a weight or exponent per head x a head that may be wrong."""
    weights = [Axis(head, SAY[head], EXPONENTS, ".1f") for head in HEADS]
    form = Axis("form", SAY["form"], tuple(SAY[name] for name in FORMS))
    wrong = Axis("wrong", SAY["wrong"], tuple(SAY[f"wrong-{name}"] for name in WRONG))
    axes = (form, *weights, wrong)
    given = {
        "videos": [{"name": name, "heads": video[:3], "new": video[3]} for name, video in VIDEOS.items()],
        "exponents": EXPONENTS,
        "factors": list(WRONG.values()),
        "say": {key: SAY[key] for key in ("first", "same", "moved", "drawing")},
    }
    return Explorable(
        axes,
        title=SAY["fusion-title"],
        caption=SAY["fusion-caption"],
        words=partial(_fusion_words, axes),
        draw=_fusion_drawing,
        start={"form": SAY["sum"], "click": 1.0, "like": 1.0, "minutes": 0.0, "wrong": SAY["wrong-right"]},
        view="fusion",
        given=given,
    )


def scores(point: Point) -> dict[str, float]:
    """The score of each video, as the heads have it."""
    return _scores(point, next(factors for name, factors in WRONG.items() if SAY[f"wrong-{name}"] == point["wrong"]))


def order(point: Point, right: bool = False) -> list[str]:
    """The videos by score, equal ones as they stand above; `right`: as they would be if no head were wrong."""
    found = _scores(point, WRONG["right"]) if right else scores(point)
    return sorted(found, key=lambda name: -found[name])


def _scores(point: Point, factors: tuple[float, float]) -> dict[str, float]:
    fused = {}
    for name, (click, like, minutes, new) in VIDEOS.items():
        predictions = zip((click, like * factors[new], minutes), (point[head] for head in HEADS), strict=True)
        terms = [weight * p if point["form"] == SAY["sum"] else p**weight for p, weight in predictions]
        fused[name] = sum(terms) if point["form"] == SAY["sum"] else terms[0] * terms[1] * terms[2]
    return fused


def _fusion_words(axes: Sequence[Axis], point: Point) -> list[str]:
    _, *weights, wrong = axes
    said = ", ".join(f"{axis.label} {axis.text(point[axis.name])}" for axis in weights)
    now, fair = order(point), order(point, right=True)
    moved = sum(one != other for one, other in zip(now, fair, strict=True))
    lines = [SAY["first"].format(names=", ".join(now[:3])), SAY["moved"].format(moved=moved) if moved else SAY["same"]]
    return [f"{point['form']}: {said}; {wrong.label} {point['wrong']}", *lines]


def _fusion_drawing(point: Point) -> str:
    """A bar per video, the best first; ▲ and ▼ say by how many places a wrong head moved it."""
    now, fair, found = order(point), order(point, right=True), scores(point)
    rows = "".join(_video(i, name, fair.index(name) - i, found[name] / (found[now[0]] or 1)) for i, name in enumerate(now))
    said = SAY["drawing"].format(names=", ".join(now))
    return f'<svg viewBox="0 0 320 {BAR_ROW * len(VIDEOS) + 4}" role="img" aria-label="{said}">{rows}</svg>'


def _video(place: int, name: str, up: int, share: float) -> str:
    y = 18 + BAR_ROW * place
    mark = f"{'▲' if up > 0 else '▼'}{abs(up)}" if up else ""
    new = " *" if VIDEOS[name][3] else ""
    return (
        f'<g class="mtl-{"single" if up else "shared"}"><text y="{y}">{place + 1} {name}{new}</text>'
        f'<text x="{BAR - 8}" y="{y}" text-anchor="end">{mark}</text><path class="mtl-bar" d="M{BAR} {y - 5}h{160 * share:.1f}"/></g>'
    )
