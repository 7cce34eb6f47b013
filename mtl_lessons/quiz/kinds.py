"""The kinds of question: their keys in the bank, their controls and answers on a page, and their texts."""

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from html import escape

from ..markup import tag, to_html
from .bank import Question
from .pieces import SAY, points, rich, why

LEVELS = ["junior", "senior", "staff"]

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

OPTIONS = {"options": [{"text": str, "correct": bool, "feedback": str}]}

FEEDBACK = {"right": str, "wrong": str}

COMMON = {
    "id": NAME,
    "level": set(LEVELS),
    "type": {"one", "several", "numeric", "order", "bug", "open"},
    "stem": str,
    "mistake": str,
    "follow_up": str,
    "next?": NAME,  # the question to which a good answer leads, of any bank
    "numbers?": [{"expression": str, "value": float, "tolerance": float}],  # that its texts state, and no cell computes
}

CHAPTER = {"anchor": NAME, "source": [re.compile(r"cell:[a-z0-9-]+|[\w-]+")]}  # targets of the chapter itself

TOPIC = {  # targets of any chapter, `concept#what-is-a-task`, where one fits
    "anchor?": re.compile(r"[a-z0-9_]+#[a-z0-9-]+"),
    "source": [re.compile(r"cell:[a-z0-9_]+#[a-z0-9-]+|[\w-]+")],
}

RUN = {"setup": str, "fault": str, "repair": {int: str}}  # code to run first; what is true of the bug; lines that make it false

SHAPES = {
    "one": COMMON | OPTIONS,
    "several": COMMON | OPTIONS,
    "numeric": COMMON
    | {
        "answer": {"expression": str, "value": float, "tolerance": float, "unit": str},
        "feedback": FEEDBACK,
        "slips?": [{"value": float, "feedback": str}],
    },
    "order": COMMON | {"items": [str], "feedback": FEEDBACK},
    "bug": COMMON | {"code": str, "answer": {"lines": [int]}, "lines": {int: str}, "feedback": {"wrong": str}, "run?": RUN},
    "open": COMMON | {"rubric": [{"points": int, "text": str}], "red_flags": [str], "model_answer": str, "minutes?": int},
}


def contradictions(question: Question) -> Iterator[str]:
    """What no schema sees: a number or an answer that does not fit its question."""
    for number in question.get("numbers", []):
        if number["tolerance"] <= 0:
            yield f"expected a tolerance above 0, found {number['tolerance']}"
        if not states(question, number["value"]):
            yield f"expected only numbers that the question states, found {number['value']}"
    match question["type"]:
        case "one" | "several" as kind:
            right = sum(option["correct"] for option in question["options"])
            if len(question["options"]) < 2 or right < 1 or (kind == "one" and right > 1):
                yield f"expected two options or more, {'one' if kind == 'one' else 'at least one'} of them correct, found {right} of {len(question['options'])}"
        case "numeric":
            answer = question["answer"]
            if answer["tolerance"] <= 0:
                yield f"expected a tolerance above 0, found {answer['tolerance']}"
            for slip in question.get("slips", []):
                if abs(slip["value"] - answer["value"]) <= 2 * answer["tolerance"]:
                    yield f"expected a slip that differs from the answer by more than two tolerances, found {slip['value']}"
        case "order":
            if len(set(question["items"])) < max(3, len(question["items"])):
                yield "expected three items or more, all different"
            if sorted(question["items"]) == question["items"]:
                yield "expected an order that is not by alphabet, which is how a text shows the items"
        case "bug":
            lines = set(range(1, len(question["code"].splitlines()) + 1))
            if stray := {*question["answer"]["lines"], *question["lines"]} - lines:
                yield f"expected lines of the code (1 to {len(lines)}), found {sorted(stray)}"
            if silent := set(question["answer"]["lines"]) - set(question["lines"]):
                yield f"expected feedback for every line that is right, found none for {sorted(silent)}"
            if "run" in question and (repaired := set(question["run"]["repair"])) != set(question["answer"]["lines"]):
                yield f"expected a repair of every line that is right, and of no other, found them of {sorted(repaired)}"
        case "open":
            if min(item["points"] for item in question["rubric"]) < 1:
                yield "expected 1 point or more for every line of the rubric"


def states(question: Question, value: float) -> bool:
    """Whether a text of the question has this number, in its digits: -0.5 also as "−0.50". The answer itself is no text."""
    texts = json.dumps({name: part for name, part in question.items() if name not in ("numbers", "answer")}, ensure_ascii=False)
    return bool(re.search(rf"(?<![\d.]){re.escape(f'{abs(value):.10g}')}0*(?!\d)", texts))


def ticks(question: Question) -> str:
    kind = "radio" if question["type"] == "one" else "checkbox"
    labels = (
        tag("label", tag("input", type=kind, name=question["id"], value=i), tag("span", to_html(option["text"], inline=True)))
        for i, option in enumerate(question["options"])
    )
    return tag("ol", *(tag("li", label) for label in labels), class_="mtl-options")


def number_field(question: Question) -> str:
    label = f"{SAY['your-answer']} ({escape(question['answer']['unit'])})"
    return tag(
        "label", label, tag("input", type="text", name=question["id"], autocomplete="off", spellcheck="false"), class_="mtl-field"
    )


def order(question: Question) -> list[int]:
    """The items in an order that depends on the id alone, and is not the right one."""
    mixed = sorted(range(len(question["items"])), key=lambda i: sha256(f"{question['id']} {i}".encode()).digest())
    return mixed if mixed != sorted(mixed) else mixed[1:] + mixed[:1]


def shuffled(question: Question) -> str:
    items = (
        tag("li", tag("span", to_html(question["items"][i], inline=True), class_="mtl-item"), data_value=i)
        for i in order(question)
    )
    return tag("ol", *items, class_="mtl-order")


def listing(question: Question) -> str:
    labels = (
        tag("label", tag("input", type="radio", name=question["id"], value=i), tag("code", escape(line)))
        for i, line in enumerate(question["code"].splitlines(), 1)
    )
    return tag("ol", *(tag("li", label) for label in labels), class_="mtl-lines")


def textarea(question: Question) -> str:
    return tag("label", SAY["your-answer"], tag("textarea", name=question["id"], rows=6), class_="mtl-field")


def judged(question: Question, first: str = "") -> str:
    """`first`, then the feedback for a right and for a wrong answer."""
    feedback = question["feedback"]
    slips = [
        why(f"slip-{i}", SAY["slip"].format(value=slip["value"]), slip["feedback"], "wrong")
        for i, slip in enumerate(question.get("slips", []))
    ]
    return first + tag("ul", *(why(name, SAY[name], feedback[name], name) for name in FEEDBACK), *slips, class_="mtl-key")


def ticks_answer(question: Question) -> str:
    verdicts = ["right" if option["correct"] else "wrong" for option in question["options"]]
    rows = (
        why(i, SAY[verdict], option["feedback"], verdict)
        for i, (option, verdict) in enumerate(zip(question["options"], verdicts))
    )
    return tag("ol", *rows, class_="mtl-key")


def field_answer(question: Question) -> str:
    answer = question["answer"]
    value = tag("p", tag("strong", escape(f"{answer['value']} {answer['unit']}")))
    return judged(question, value + tag("p", f"{SAY['computed']} ", tag("code", escape(answer["expression"].strip()))))


def shuffled_answer(question: Question) -> str:
    items = (tag("li", to_html(item, inline=True)) for item in question["items"])
    return judged(question, tag("p", SAY["right-order"]) + tag("ol", *items))


def listing_answer(question: Question) -> str:
    right = question["answer"]["lines"]
    rows = [
        why(
            line,
            f"{SAY['line'].format(line=line)}: {SAY['found' if line in right else 'sound']}",
            text,
            "right" if line in right else "wrong",
        )
        for line, text in sorted(question["lines"].items())
    ]
    return tag("ul", *rows, why("wrong", SAY["other-lines"], question["feedback"]["wrong"], "wrong"), class_="mtl-key")


def textarea_answer(question: Question) -> str:
    rubric = (
        tag(
            "li",
            tag(
                "label",
                tag("input", type="checkbox", data_points=item["points"]),
                tag("span", to_html(item["text"], inline=True), f" ({points(item['points'])})"),
            ),
        )
        for item in question["rubric"]
    )
    flags = (tag("li", to_html(flag, inline=True)) for flag in question["red_flags"])
    return "".join(
        (
            tag("p", tag("strong", SAY["model-answer"])),
            rich(question["model_answer"]),
            tag("fieldset", tag("legend", tag("strong", SAY["rubric"])), tag("ul", *rubric, class_="mtl-rubric")),
            tag("p", tag("strong", SAY["red-flags"])),
            tag("ul", *flags),
        )
    )


CONTROLS = {"one": ticks, "several": ticks, "numeric": number_field, "order": shuffled, "bug": listing, "open": textarea}

ANSWERS = {
    "one": ticks_answer,
    "several": ticks_answer,
    "numeric": field_answer,
    "order": shuffled_answer,
    "bug": listing_answer,
    "open": textarea_answer,
}


def key(question: Question) -> dict:
    """What the script needs to grade an answer."""
    match question["type"]:
        case "one" | "several":
            return {"right": [str(i) for i, option in enumerate(question["options"]) if option["correct"]]}
        case "bug":
            return {"right": [str(line) for line in question["answer"]["lines"]]}
        case "numeric":
            answer, slips = question["answer"], question.get("slips", [])
            return {
                "value": answer["value"],
                "tolerance": answer["tolerance"],
                "percent": answer["unit"].startswith("%"),
                "slips": [slip["value"] for slip in slips],
            }
    return {}


def asked(question: Question, number: str) -> str:
    """A question as text, without anything that gives its answer away."""
    match question["type"]:
        case "one" | "several":
            body = [f"  ( ) {option['text']}" for option in question["options"]]
        case "order":
            body = [f"  - {item}" for item in sorted(question["items"])]
        case "bug":
            body = [f"  {i:2d}  {line}" for i, line in enumerate(question["code"].splitlines(), 1)]
        case _:
            body = []
    title = f"{number} ({', '.join(SAY[f'{part}-{question[part]}'] for part in ('level', 'type'))})"
    return "\n".join([title, question["stem"].strip(), *body])


def solution(question: Question) -> list[str]:
    """The answer of a question as texts."""
    match question["type"]:
        case "one" | "several":
            return [option["text"] for option in question["options"] if option["correct"]]
        case "numeric":
            return [f"{question['answer']['value']} {question['answer']['unit']}"]
        case "order":
            return question["items"]
        case "bug":
            code = question["code"].splitlines()
            return [f"line {i}: {code[i - 1].strip()}" for i in question["answer"]["lines"]]
        case "open":
            return [question["model_answer"].strip()]


def unit(question: Question) -> list[str]:
    """In which unit a numeric question wants its answer."""
    return [f"{SAY['your-answer']} ({question['answer']['unit']}):"] if question["type"] == "numeric" else []
