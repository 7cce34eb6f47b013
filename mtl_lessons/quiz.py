"""Self-quizzes: from a file of questions to something that a page shows, with the checks that keep the questions good.

A bank is one YAML file per chapter (`SHAPES` below is its schema)::

    bank = load("concept")
    validate(bank)                    # is every question complete and well formed? a list of problems, each with its line
    rules(bank)                       # is the bank fair, cited, free of duplicates? likewise
    show("concept")                   # in a notebook: the quiz

What `show` returns is plain HTML with native form controls and a folded answer per question, so it can be read without a
script; `web/quiz.js` adds grading, feedback and progress.
"""

import ast
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import NamedTuple

import yaml

from . import embed
from .markup import to_html

Question = dict

PACKAGED = Path(__file__).parent / "questions"
CHECKOUT = Path(__file__).parents[1] / "book" / "questions"

# ---- the schema: a type, a pattern, a set of words, [items of a shape], {key: shape}; "key?" may be left out ----
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
OPTIONS = {"options": [{"text": str, "correct": bool, "feedback": str}]}
FEEDBACK = {"right": str, "wrong": str}
COMMON = {
    "id": NAME,
    "anchor": NAME,
    "level": {"junior", "senior", "staff"},
    "type": {"one", "several", "numeric", "order", "bug", "open"},
    "stem": str,
    "mistake": str,
    "follow_up": str,
    "source": [re.compile(r"cell:[a-z0-9-]+|[\w-]+")],
    "numbers?": [{"expression": str, "value": float, "tolerance": float}],  # that its texts state, and no cell computes
}
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
    "bug": COMMON | {"code": str, "answer": {"lines": [int]}, "lines": {int: str}, "feedback": {"wrong": str}},
    "open": COMMON | {"rubric": [{"points": int, "text": str}], "red_flags": [str], "model_answer": str},
}
TAGS = {str: {"str"}, int: {"int"}, float: {"int", "float"}, bool: {"bool"}}  # YAML's names


class Problem(NamedTuple):
    """What is wrong with a question, and where; `id` is empty if it is the bank as a whole."""

    file: str
    line: int
    id: str
    reason: str

    def __str__(self) -> str:
        return ": ".join(filter(None, (f"{self.file}:{self.line}", self.id, self.reason)))


@dataclass(frozen=True)
class Bank:
    """The questions of a chapter: the file, its YAML nodes (which know their lines) and its data."""

    path: Path
    root: yaml.Node
    data: dict

    @property
    def questions(self) -> list[Question]:
        return self.data["questions"]

    @property
    def nodes(self) -> list[yaml.MappingNode]:
        return next(value.value for key, value in self.root.value if key.value == "questions")


def load(chapter: str, folder: Path | str | None = None) -> Bank:
    """The bank of a chapter, unchecked.

    Args:
        chapter: the stem of the file, such as `"concept"`.
        folder: where it lies; by default the package's own bank or, in a checkout, `book/questions`.

    Raises:
        FileNotFoundError: no such chapter; the message lists those that there are.
        ValueError: not YAML; the message has the line.
    """
    folder = Path(folder or (PACKAGED if PACKAGED.is_dir() else CHECKOUT))
    path = folder / f"{chapter}.yml"
    if not path.is_file():
        there = ", ".join(sorted(file.stem for file in folder.glob("*.yml"))) or "none"
        raise FileNotFoundError(f"expected a chapter with questions (in {folder}: {there}), found {chapter!r}")
    text = path.read_text(encoding="utf-8")
    try:
        return Bank(path, yaml.compose(text, yaml.SafeLoader), yaml.safe_load(text))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ValueError(
            f"{path.name}:{mark.line + 1 if mark else 1}: expected YAML: {getattr(error, 'problem', error)}"
        ) from error


# ---- is each question well formed? ----


def mismatches(node: yaml.Node | None, shape) -> Iterator[tuple[int, str]]:
    """Where a YAML node is not of `shape`: pairs of a line and what was expected there."""
    line = node.start_mark.line + 1 if node else 1
    found = (
        f"found {node.tag.rpartition(':')[2]} {node.value!r:.60}" if isinstance(node, yaml.ScalarNode) else "found something else"
    )
    if isinstance(shape, list):
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            yield line, f"expected a list with at least one entry, {found}"
        else:
            for child in node.value:
                yield from mismatches(child, shape[0])
    elif shape is dict or isinstance(shape, dict):
        if not isinstance(node, yaml.MappingNode):
            yield line, f"expected keys and values, {found}"
        elif shape is dict:
            return
        elif int in shape:
            for key, child in node.value:
                yield from mismatches(key, int)
                yield from mismatches(child, shape[int])
        else:
            yield from wrong_keys(node, shape)
            for key, child in node.value:
                if (part := shape.get(key.value, shape.get(f"{key.value}?"))) is not None:
                    yield from ((at, f"{key.value}: {reason}") for at, reason in mismatches(child, part))
    elif not isinstance(node, yaml.ScalarNode):
        yield line, f"expected one value, {found}"
    elif isinstance(shape, set):
        if node.value not in shape:
            yield line, f"expected one of {', '.join(sorted(shape))}, {found}"
    elif isinstance(shape, re.Pattern):
        if not shape.fullmatch(node.value):
            yield line, f"expected text like {shape.pattern}, {found}"
    elif node.tag.rpartition(":")[2] not in TAGS[shape] or not node.value.strip():
        yield line, f"expected {shape.__name__}, {found}"


def wrong_keys(node: yaml.MappingNode, shape: dict) -> Iterator[tuple[int, str]]:
    """Keys of a mapping that are missing, unknown, or there twice (YAML would silently keep the last)."""
    line = node.start_mark.line + 1
    keys = Counter(key.value for key, _ in node.value)
    known = {key.rstrip("?") for key in shape}
    yield from ((line, f"expected the key {key}, found none") for key in shape if not key.endswith("?") and key not in keys)
    for key, _ in node.value:
        if key.value not in known:
            yield key.start_mark.line + 1, f"expected only the keys {', '.join(sorted(known))}, found {key.value}"
        elif keys[key.value] > 1:
            yield key.start_mark.line + 1, f"expected the key {key.value} once, found it {keys[key.value]} times"


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
        case "bug":
            lines = set(range(1, len(question["code"].splitlines()) + 1))
            if stray := {*question["answer"]["lines"], *question["lines"]} - lines:
                yield f"expected lines of the code (1 to {len(lines)}), found {sorted(stray)}"
            if silent := set(question["answer"]["lines"]) - set(question["lines"]):
                yield f"expected feedback for every line that is right, found none for {sorted(silent)}"
        case "open":
            if min(item["points"] for item in question["rubric"]) < 1:
                yield "expected 1 point or more for every line of the rubric"


def states(question: Question, value: float) -> bool:
    """Whether a text of the question has this number, in its digits: -0.5 also as "−0.50". The answer itself is no text."""
    texts = json.dumps({name: part for name, part in question.items() if name not in ("numbers", "answer")}, ensure_ascii=False)
    return bool(re.search(rf"(?<![\d.]){re.escape(f'{abs(value):.10g}')}0*(?!\d)", texts))


def validate(bank: Bank) -> list[Problem]:
    """Whatever keeps the bank from being shown: missing and unknown keys, wrong types, answers that do not fit, TeX that fails."""
    name = bank.path.name
    top = {"chapter": re.compile(re.escape(bank.path.stem)), "questions": [dict]}
    if problems := [Problem(name, line, "", reason) for line, reason in mismatches(bank.root, top)]:
        return problems
    for node, question in zip(bank.nodes, bank.questions):
        problems += [Problem(name, line, str(question.get("id", "")), reason) for line, reason in faults(node, question)]
    return problems


def faults(node: yaml.MappingNode, question: Question) -> Iterator[tuple[int, str]]:
    """What is wrong with one question: pairs of a line and a reason; each stage presumes the one before."""
    line = node.start_mark.line + 1
    if (kind := str(question.get("type"))) not in SHAPES:
        yield line, f"expected a type of {', '.join(SHAPES)}, found {kind}"
    elif bad := list(mismatches(node, SHAPES[kind])):
        yield from bad
    elif bad := list(contradictions(question)):
        yield from ((line, reason) for reason in bad)
    else:
        try:
            render(question, "", {})
        except ValueError as error:  # TeX
            yield line, str(error)


# ---- is the bank good? ----


def rules(bank: Bank, others: Iterable[Bank] = ()) -> list[Problem]:
    """What makes a valid bank unfair, unchecked or dull. Every question has to be

    - named uniquely, beginning with its chapter (`others`: banks that must not share a name or a stem with this one);
    - cited: keys of `references.bib`, or a cell of the chapter;
    - different from the rest: the sets of three-word runs of two stems overlap by less than half.

    And over all questions with one right choice, guessing must not pay: the right one is the longest in a third of them
    at most, and every position is right about equally often.
    """
    lines = [node.start_mark.line + 1 for node in bank.nodes]
    known = references(bank.path.parent)
    seen = [question for other in others for question in other.questions]
    problems = []
    for line, question in zip(lines, bank.questions):
        problems += [
            Problem(bank.path.name, line, question["id"], reason) for reason in flaws(question, bank.path.stem, known, seen)
        ]
        seen.append(question)
    return problems + [Problem(bank.path.name, 1, "", reason) for reason in giveaways(bank.questions)]


def prefix(chapter: str) -> str:
    """How a chapter's ids and targets begin: `shared-networks-` for `shared_networks`."""
    return f"{chapter.replace('_', '-')}-"


def flaws(question: Question, chapter: str, known: dict[str, str], seen: list[Question]) -> Iterator[str]:
    """Rules that a question breaks by itself or against those `seen` before."""
    if not question["id"].startswith(prefix(chapter)):
        yield f"expected an id that begins with {prefix(chapter)}"
    for key in question["source"]:
        if not key.startswith("cell:") and key not in known:
            yield f"expected a source in references.bib, found {key}"
    for other in seen:
        if question["id"] == other["id"]:
            yield "expected an id of its own, found it twice"
        elif overlap(question["stem"], other["stem"]) >= 0.5:
            yield f"expected a question of its own, found one much like {other['id']}"


def overlap(one: str, other: str) -> float:
    """Jaccard similarity of the three-word runs (shingles) of two texts: 0 nothing shared, 1 the same."""
    a, b = (
        {tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2))}
        for words in (re.findall(r"\w+", text.lower()) for text in (one, other))
    )
    return len(a & b) / len(a | b)


def giveaways(questions: list[Question]) -> Iterator[str]:
    """Habits by which the right choice could be guessed."""
    options = [question["options"] for question in questions if question["type"] == "one"]
    keys = [[option["correct"] for option in choice].index(True) for choice in options]
    lengths = [[len(option["text"]) for option in choice] for choice in options]
    longest = sum(size[key] == max(size) and size.count(max(size)) == 1 for size, key in zip(lengths, keys))
    if longest > max(1, len(options) / 3):
        yield f"expected the right choice to be the longest in a third of {len(options)} questions at most, found {longest}"
    for position in range(max(map(len, options), default=0)):
        fair = sum(1 / len(choice) for choice in options if len(choice) > position)
        if abs(keys.count(position) - fair) > max(1.5, fair / 2):
            yield f"expected position {position + 1} to be right in about {fair:.1f} of {len(options)} questions, found {keys.count(position)}"


def claims(question: Question) -> list[dict]:
    """What can be recomputed, each with `expression`, `value` and `tolerance`: the `numbers`, and a numeric question's answer."""
    return question.get("numbers", []) + ([question["answer"]] if question["type"] == "numeric" else [])


def recompute(question: Question, expression: str) -> float:
    """The value of an expression of a question, over `np` and the modules of `mtl_lessons` that it names.

    Raises:
        ValueError: the expression fails; the message has the question and the expression.
    """
    try:
        names = {node.id for node in ast.walk(ast.parse(expression.strip(), mode="eval")) if isinstance(node, ast.Name)}
        modules = {"np": "numpy"} | {
            module.name: f"{__package__}.{module.name}" for module in iter_modules([str(Path(__file__).parent)])
        }
        return float(eval(expression.strip(), {name: import_module(modules[name]) for name in names & modules.keys()}))
    except Exception as error:  # an expression may fail in any way
        raise ValueError(
            f"{question['id']}: expected a number from {expression}, found {type(error).__name__}: {error}"
        ) from error


# ---- what a page shows ----


@dataclass(frozen=True)
class Quiz:
    """A quiz to be displayed: HTML for whoever has a browser, text for whoever has not."""

    html: str
    text: str

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        return {"text/html": embed.carry(self.html, "quiz"), "text/plain": self.text}


def show(chapter: str, ids: Iterable[str] | None = None, folder: Path | str | None = None) -> Quiz:
    """The quiz of a chapter: as the last line of a cell, it is displayed.

    Args:
        chapter: such as `"concept"`.
        ids: only these questions, in this order; all of them by default.
        folder: where the bank lies, as for `load`.

    Raises:
        ValueError: the bank is not valid (every problem with its line), or has no question with such an id.
    """
    bank = load(chapter, folder)
    if problems := validate(bank):
        raise ValueError("\n".join(map(str, problems)))
    by_id = {question["id"]: question for question in bank.questions}
    ids = list(by_id if ids is None else ids)
    if unknown := [name for name in ids if name not in by_id]:
        raise ValueError(f"expected ids of {bank.path.name}, found {', '.join(unknown)}")
    questions, names = [by_id[name] for name in ids], references(bank.path.parent)
    numbers = [SAY["number"].format(number=i, total=len(ids)) for i in range(1, len(ids) + 1)]
    data = embed.data({"strings": SAY, "keys": {question["id"]: key(question) for question in questions}})
    body = [render(question, number, names, prefix(chapter)) for question, number in zip(questions, numbers)]
    html = tag("div", data, *body, class_="mtl-quiz", role="group", aria_label=SAY["label"], data_lm_suppress_shortcuts="true")
    return Quiz(html, "\n\n".join(plain(question, number) for question, number in zip(questions, numbers)))


SAY = embed.strings("quiz")


def references(folder: Path) -> dict[str, str]:
    """How each key of `references.bib` (beside the bank or one folder up) reads: `caruana1997` is `Caruana 1997`."""
    for path in (folder / "references.bib", folder.parent / "references.bib"):
        if path.is_file():
            entries = re.findall(r"^@\w+\{\s*([\w-]+)\s*,(.*?)^\}", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
            return {
                name: citation(dict(re.findall(r"^\s*(\w+)\s*=\s*[{\"]?(.*?)[}\"]?,?\s*$", fields, re.MULTILINE)))
                for name, fields in entries
            }
    return {}


def citation(fields: dict[str, str]) -> str:
    """Surnames and year of a BibTeX entry: one author, two, or the first and "et al."."""
    authors = re.sub(r"[{}]", "", fields.get("author", fields.get("title", ""))).split(" and ")
    surnames = [author.split(",")[0] if "," in author else author.split()[-1] for author in authors if author]
    shown = " and ".join(surnames) if len(surnames) < 3 else f"{surnames[0]} et al."
    return f"{shown} {fields.get('year', '')}".strip()


def tag(element: str, /, *children: str, **attributes: str | int | bool) -> str:
    """An HTML element. Attributes are escaped (`class_` is class, `data_id` is data-id, True has no value); children are HTML."""
    given = {key.strip("_").replace("_", "-"): value for key, value in attributes.items()}
    opening = " ".join([element, *(key if value is True else f'{key}="{escape(str(value))}"' for key, value in given.items())])
    return f"<{opening}>" if element == "input" else f"<{opening}>{''.join(children)}</{element}>"


def rich(text: str) -> str:
    """Markdown as HTML blocks; code that scrolls can be reached by keyboard and has a name."""
    return to_html(text).replace("<pre>", f'<pre tabindex="0" role="group" aria-label="{escape(SAY["code"])}">')


def render(question: Question, number: str, names: dict[str, str], home: str = "") -> str:
    """A question as a form: stem, controls, what is folded and what follows once it is answered.

    `names` says how sources read, `home` how the targets of the chapter begin, to which the question links.
    """
    kind = question["type"]
    head = [tag("strong", number), *(tag("span", SAY[f"{part}-{question[part]}"]) for part in ("level", "type"))]
    hint = [tag("p", SAY[f"hint-{kind}"], class_="mtl-hint")] if f"hint-{kind}" in SAY else []
    return tag(
        "form",
        tag(
            "fieldset",
            tag("legend", *head),
            tag("div", rich(question["stem"]), class_="mtl-stem"),
            *hint,
            CONTROLS[kind](question),
        ),
        tag("details", tag("summary", SAY["answer"]), ANSWERS[kind](question), after(question, names, home), class_="mtl-answer"),
        class_="mtl-question",
        autocomplete="off",
        method="dialog",  # outside a dialog such a form goes nowhere: without a script, Enter does not leave the page
        data_id=question["id"],
        data_type=kind,
        data_edition=sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()[:8],
    )


def after(question: Question, names: dict[str, str], home: str) -> str:
    """What follows an answer: the common mistake, the next question, where to read again, where it comes from."""
    rows = {
        "mistake": rich(question["mistake"]),
        "follow-up": rich(question["follow_up"]),
        "read-again": tag("a", section(question["anchor"]), href=f"#{home}{question['anchor']}"),
        "source": "; ".join(cite(source, names, home) for source in question["source"]),
    }
    return tag("dl", *(tag("dt", SAY[name]) + tag("dd", html) for name, html in rows.items()), class_="mtl-after")


def section(anchor: str) -> str:
    return escape(anchor.replace("-", " "))


def cite(source: str, names: dict[str, str], home: str) -> str:
    """A source as a link: to the run in the chapter, or to the chapter's list of sources."""
    if source.startswith("cell:"):
        anchor = source.removeprefix("cell:")
        return tag("a", SAY["cell"].format(section=section(anchor)), href=f"#{home}{anchor}")
    return tag("a", escape(names.get(source, source)), href=f"#{home}sources")


def ticks(question: Question) -> str:
    kind = "radio" if question["type"] == "one" else "checkbox"
    labels = (
        tag("label", tag("input", type=kind, name=question["id"], value=i), tag("span", to_html(option["text"], inline=True)))
        for i, option in enumerate(question["options"])
    )
    return tag("ol", *(tag("li", label) for label in labels), class_="mtl-options")


def field(question: Question) -> str:
    label = f"{SAY['your-answer']} ({escape(question['answer']['unit'])})"
    return tag(
        "label", label, tag("input", type="text", name=question["id"], autocomplete="off", spellcheck="false"), class_="mtl-field"
    )


def shuffled(question: Question) -> str:
    """The items in an order that depends on the id alone, and is not the right one."""
    order = sorted(range(len(question["items"])), key=lambda i: sha256(f"{question['id']} {i}".encode()).digest())
    order = order if order != sorted(order) else order[1:] + order[:1]
    items = (tag("li", tag("span", to_html(question["items"][i], inline=True), class_="mtl-item"), data_value=i) for i in order)
    return tag("ol", *items, class_="mtl-order")


def listing(question: Question) -> str:
    labels = (
        tag("label", tag("input", type="radio", name=question["id"], value=i), tag("code", escape(line)))
        for i, line in enumerate(question["code"].splitlines(), 1)
    )
    return tag("ol", *(tag("li", label) for label in labels), class_="mtl-lines")


def textarea(question: Question) -> str:
    return tag("label", SAY["your-answer"], tag("textarea", name=question["id"], rows=6), class_="mtl-field")


def why(name, word: str, text: str, verdict: str) -> str:
    """Feedback that the script finds by `name`, with a word before it for readers without a script."""
    return tag(
        "li",
        tag("span", escape(word), class_="mtl-word"),
        tag("div", rich(text), class_="mtl-why"),
        data_for=name,
        data_verdict=verdict,
    )


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


def points(number: int) -> str:
    return SAY["points-1" if number == 1 else "points-n"].format(points=number)


CONTROLS = {"one": ticks, "several": ticks, "numeric": field, "order": shuffled, "bug": listing, "open": textarea}
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


def plain(question: Question, number: str) -> str:
    """A question and its answer as text, for where HTML is not shown."""
    match question["type"]:
        case "one" | "several":
            asked = [f"  ( ) {option['text']}" for option in question["options"]]
            answer = [option["text"] for option in question["options"] if option["correct"]]
        case "numeric":
            asked, answer = [], [f"{question['answer']['value']} {question['answer']['unit']}"]
        case "order":
            asked, answer = [f"  - {item}" for item in sorted(question["items"])], question["items"]
        case "bug":
            code = question["code"].splitlines()
            asked = [f"  {i:2d}  {line}" for i, line in enumerate(code, 1)]
            answer = [f"line {i}: {code[i - 1].strip()}" for i in question["answer"]["lines"]]
        case "open":
            asked, answer = [], [question["model_answer"].strip()]
    title = f"{number} ({', '.join(SAY[f'{part}-{question[part]}'] for part in ('level', 'type'))})"
    return "\n".join([title, question["stem"].strip(), *asked, f"{SAY['answer']}: {'; '.join(answer)}"])
