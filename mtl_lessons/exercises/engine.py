"""Exercises that check themselves: what is checked, what may come out, how it is shown.

    from mtl_lessons import exercises
    two = exercises.load("two_tasks")
    two.heads.check(build)      # a Result: passed, not yet, raised, or not attempted
    two.heads.hint()            # the next hint
    two.heads.solution()        # the source of the model answer
    two                         # which steps are passed; two.reset() forgets it

How an exercise is declared: a folder `mtl_lessons/exercises/<name>/` with

- `manifest.yml`: `title`, `module` (that of the model answer), `sections` (titles of the chapter's sections by target),
  `steps`, `messages`, `wrong`, `right`. A step has `name`, `title`, `section`, `answer` (the name under which a learner's file
  defines it), `starter` (a file), `solution` (names in `module`), `hints`, `passed` (what is said then) and, if 20 are not enough,
  `seconds`. A message has `text`, Markdown with `{facts}` to fill in, and `read`, a section, if it is not the step's. Texts of
  mistakes that the common probes find are in `web/strings.en.json`, part `mistakes`; a message of the same name replaces them.
  `wrong` lists files, each with the step and the message that it must get; `right` lists files, each with the steps that must pass.
- `checks.py`: for each step a function of its name. It takes the answer and returns a dict of facts for `passed`, or nothing.
  It raises `Mistake("key", **facts)` for what is wrong and `NotAttempted` for a starter; most of it is calls of `probes`.
  Cheap probes come first, training last. A check gives a learner's code copies of its data, never the data by which it judges.
- `light.py`: the same for the steps that the manifest calls `light: true`. It imports no TensorFlow, so that in a terminal
  these steps need not wait for it.
- `starter_*.py`, `wrong/*.py`, `right/*.py`: what a learner might hand in.

`tests/test_exercises.py` holds every folder to this.
"""

import html
import importlib
import inspect
import linecache
import os
import re
import runpy
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType

import yaml

from mtl_lessons import embed
from mtl_lessons.console import showable
from mtl_lessons.exercises import state
from mtl_lessons.exercises.source import Source
from mtl_lessons.markup import to_html

FOLDER = Path(__file__).parent
LONGEST = 300  # characters of what a learner's code says that are shown, a line
PASSED, NOT_YET, RAISED, NOT_ATTEMPTED = OUTCOMES = ("passed", "not-yet", "raised", "not-attempted")
SIGNS = dict(zip(OUTCOMES, "✓✗!·", strict=True))
SECONDS = 20.0  # until a check gives up, if the manifest says nothing


class Mistake(Exception):
    """What is wrong with an answer: the key of a message, and the facts that it states."""

    def __init__(self, key: str, **facts):
        super().__init__(key, facts)
        self.key, self.facts = key, facts


class NotAttempted(Exception):
    """The answer is still the starter."""


def attempted(value):
    """The value itself; raises `NotAttempted` for the `...` of a starter, alone or as all that a list or dict holds."""
    parts = list(value.values()) if isinstance(value, Mapping) else list(value) if isinstance(value, list | tuple) else [value]
    if parts and all(part is ... for part in parts):
        raise NotAttempted
    return value


# ---------------------------------------------------------------- what is shown


@dataclass(frozen=True)
class Shown:
    """A heading and a text in Markdown: plain in a terminal, HTML in a notebook."""

    heading: str
    text: str = ""
    more: tuple[str, str] | None = None  # the title of a section, and its target
    folded: bool = False  # in HTML, only the heading is seen at first

    def __repr__(self) -> str:
        more = embed.strings("exercises")["read"].format(section=self.more[0]) if self.more else ""
        return showable("\n".join(filter(None, [self.heading, self.text.strip(), more])))

    def _repr_html_(self) -> str:
        heading = f"<p><strong>{html.escape(self.heading)}</strong></p>"
        more = ""
        if self.more:
            link = f'<a href="#{self.more[1]}">{html.escape(self.more[0])}</a>'
            more = f"<p>{html.escape(embed.strings('exercises')['read']).format(section=link)}</p>"
        if self.folded:
            return f'<details class="mtl-exercise"><summary>{html.escape(self.heading)}</summary>{to_html(self.text)}</details>'
        return f'<div class="mtl-exercise"{self._attributes()}>{heading}{to_html(self.text)}{more}</div>'

    def _attributes(self) -> str:
        return ""


@dataclass(frozen=True, repr=False)
class Result(Shown):
    """How a check ended: `outcome` is one of OUTCOMES, `key` the message, `error` what the learner's code raised."""

    outcome: str = NOT_ATTEMPTED
    key: str = ""
    facts: dict = field(default_factory=dict)
    error: BaseException | None = None

    def _attributes(self) -> str:
        return f' data-outcome="{self.outcome}"'


# ---------------------------------------------------------------- steps


class Step:
    """One step of an exercise: `check`, `hint`, `solution`, `starter`, `reset`."""

    def __init__(self, exercise: "Exercise", number: int, data: dict):
        self.exercise, self.number, self.data = exercise, number, data
        self.name, self.title, self.answer, self.hints = (data[key] for key in ("name", "title", "answer", "hints"))

    def __repr__(self) -> str:
        words = embed.strings("exercises")
        sign = SIGNS[PASSED if self.passed else NOT_ATTEMPTED]
        return showable(f"{sign} {words['step'].format(number=self.number, title=self.title)}: {self.answer}")

    @property
    def passed(self) -> bool:
        return bool(state.of(self.exercise.name).get(self.name, {}).get("passed"))

    @property
    def light(self) -> bool:
        """Whether its check does without TensorFlow."""
        return self.data.get("light", False)

    @property
    def seconds(self) -> float:
        """When its check gives up."""
        return self.data.get("seconds", SECONDS)

    def check(self, answer: object = ..., seconds: float | None = None) -> Result:
        """Check an answer and say how it stands. `seconds`: when to give up, if not after what the manifest says."""
        from mtl_lessons.exercises import sandbox

        def judged() -> dict | None:
            return getattr(checks, self.name)(attempted(answer))

        try:
            attempted(answer)
            checks = self.exercise.checks_of(self)
            facts = sandbox.run(judged, seconds or self.seconds)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit, too: a learner's code does not end the kernel
            return self.verdict(error)
        state.note(self.exercise.name, self.name, passed=True)
        return self._result(PASSED, "passed", **(facts or {}))

    def verdict(self, error: BaseException) -> Result:
        """How it stands when the check, or the code itself, ended with an error."""
        from mtl_lessons.exercises import sandbox

        match error:
            case NotAttempted():
                return self._result(NOT_ATTEMPTED, "not-attempted", answer=self.answer)
            case Mistake():
                return self._result(NOT_YET, error.key, **error.facts)
            case sandbox.TimeUp():
                return self._result(NOT_YET, "too-slow", seconds=error.seconds)
            case sandbox.TooLarge():
                return self._result(NOT_YET, "too-large", weights=error.weights, most=error.most)
        facts = {"kind": type(error).__name__, "said": _said(error)}
        place = came_from(error) or embed.strings("exercises")["no-place"]
        return self._result(RAISED, "raised", error, **facts, place=place)

    def died(self, how: str) -> Result:
        """The verdict when the code ended the process of the check."""
        return self._result(RAISED, "died", how=how)

    def hint(self, number: int | None = None) -> Shown:
        """The next hint, or the one of that number; after the last, the last again."""
        shown = state.of(self.exercise.name).get(self.name, {}).get("hints", 0)
        at = min(max(number if number is not None else shown + 1, 1), len(self.hints))
        state.note(self.exercise.name, self.name, hints=max(shown, at))
        heading = embed.strings("exercises")["hint"].format(number=at, total=len(self.hints), title=self.title)
        last = embed.strings("exercises")["last-hint"].format(step=self.name) if shown >= len(self.hints) == at else ""
        return Shown(heading, f"{self.hints[at - 1]} {last}".strip(), self.exercise.section(self.data["section"]))

    def solution(self) -> Shown:
        """The model answer's source."""
        heading = embed.strings("exercises")["solution"].format(title=self.title, module=self.exercise.module.__name__)
        return Shown(heading, _code("\n\n\n".join(self._sources())), folded=True)

    def starter(self) -> Shown:
        """The code to begin with."""
        heading = embed.strings("exercises")["starter"].format(title=self.title)
        return Shown(heading, _code((self.exercise.folder / self.data["starter"]).read_text(encoding="utf-8")))

    def reset(self) -> None:
        """Forget that this step was passed, and its hints."""
        state.forget(self.exercise.name, self.name)

    def _sources(self) -> list[str]:
        return [inspect.getsource(getattr(self.exercise.module, name)).strip() for name in self.data["solution"]]

    def _result(self, outcome: str, key: str, error: BaseException | None = None, **facts) -> Result:
        words = embed.strings("exercises")
        heading = f"{SIGNS[outcome]} {words[outcome]}: {words['step'].format(number=self.number, title=self.title)}"
        facts = {name: short(fact, 20 * LONGEST) if isinstance(fact, str) else fact for name, fact in facts.items()}
        text, read = self.exercise.message(key, self.data)
        more = self.exercise.section(read) if outcome in (NOT_YET, RAISED) else None
        return Result(heading, text.format(**facts), more, outcome=outcome, key=key, facts=facts, error=error)


def _code(source: str) -> str:
    return f"```python\n{source.strip()}\n```"


def short(text: str, most: int = LONGEST) -> str:
    """The text, or its beginning."""
    return text if len(text) <= most else f"{text[:most]} …"


def _said(error: BaseException) -> str:
    """The first lines of an error's message, without colours, as Markdown that shows them as they are."""
    try:
        message = str(error)
    except Exception as second:  # an error that cannot even say what it is
        message = f"({type(second).__name__} in its `__str__`)"
    plain = re.sub(r"\x1b\[[0-9;]*m", "", message[: 20 * LONGEST]).strip()
    return "\n".join(f"    {short(line)}" for line in plain.splitlines()[:4])


def came_from(error: BaseException) -> str:
    """A sentence that names the line of the learner's code that an error came from; empty if it came from none."""
    place = _place(error)
    return embed.strings("exercises")["place"].format(**place) if place else ""


def _place(error: BaseException) -> dict | None:
    """The last line of the learner's own code in a traceback: neither ours nor that of a library."""
    from mtl_lessons.exercises import sandbox

    if isinstance(error, SyntaxError) and error.lineno and sandbox.is_own(error.filename or ""):
        return {"line": error.lineno, "code": short((error.text or "").strip())}
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if sandbox.is_own(frame.filename):
            line = linecache.getline(frame.filename, frame.lineno or 0).strip()
            return {"line": frame.lineno, "code": short(line)}
    return None


# ---------------------------------------------------------------- exercises


class Exercise:
    """An exercise: its steps in order, also as attributes; `reset` forgets what was passed."""

    def __init__(self, name: str):
        self.name, self.folder = name, FOLDER / name
        self.data = yaml.safe_load((self.folder / "manifest.yml").read_text(encoding="utf-8"))
        self.title = self.data["title"]
        self.steps = [Step(self, number, data) for number, data in enumerate(self.data["steps"], 1)]

    def __repr__(self) -> str:
        return showable("\n".join([self.title, *(f"  {step}" for step in self.steps)]))

    def __getattr__(self, name: str) -> Step:
        for step in self.__dict__.get("steps", ()):
            if step.name == name:
                return step
        known = ", ".join(step.name for step in self.__dict__.get("steps", ()))
        raise AttributeError(f"expected a step of {self.__dict__.get('name')!r} ({known}), found {name!r}")

    def __dir__(self) -> list[str]:
        """With the steps, so that Tab shows them."""
        return sorted({*super().__dir__(), *(step.name for step in self.steps)})

    @cached_property
    def checks(self) -> ModuleType:
        """The checks of the steps that need TensorFlow. Raises `Mistake` if Keras runs on something else."""
        if (wanted := os.environ.get("KERAS_BACKEND", "tensorflow")) != "tensorflow":
            raise Mistake("other-backend", found=wanted)
        from mtl_lessons.backend import keras

        if (found := keras.config.backend()) != "tensorflow":
            raise Mistake("other-backend", found=found)
        return importlib.import_module(f"mtl_lessons.exercises.{self.name}.checks")

    def checks_of(self, step: Step) -> ModuleType:
        """The module with the check of a step."""
        return importlib.import_module(f"mtl_lessons.exercises.{self.name}.light") if step.light else self.checks

    @cached_property
    def module(self) -> ModuleType:
        """The module of the model answer."""
        return importlib.import_module(self.data["module"])

    def reset(self) -> None:
        """Forget what was passed, and which hints were shown."""
        state.forget(self.name)

    def message(self, key: str, step: dict) -> tuple[str, str]:
        """The text of a message, and the section that it points at: the exercise's own, else the common one."""
        own = {"text": step["passed"]} if key == "passed" else self.data["messages"].get(key, {})
        return own.get("text") or embed.strings("mistakes")[key], own.get("read", step["section"])

    def section(self, name: str) -> tuple[str, str]:
        """Title and target of a section of the chapter."""
        return self.data["sections"][name], f"{self.name.replace('_', '-')}-{name}"

    def answers(self, path: Path | str, seconds: float = SECONDS, keep: bool = False) -> dict:
        """What a file defines; it is run within limits. Raises what it raises. `keep`: what it sets for Keras stays set."""
        from mtl_lessons.exercises import sandbox

        return sandbox.run(lambda: runpy.run_path(str(path)), seconds, keep=keep)

    def check_file(self, path: Path | str, steps: list[Step] | None = None) -> Iterator[tuple[Step, Result | None]]:
        """The verdicts on a learner's file as they come; before each, the step with None.

        Light steps come first: of the file, only what they use is run. Then the others in order, up to the first that is not
        passed; the rest waits for it. `steps`: only these.
        """
        from mtl_lessons.exercises import sandbox

        source, steps, done = Source.read(path), self.steps if steps is None else steps, set()
        for step in (step for step in steps if step.light):
            try:
                if source.needs_tensorflow(step.answer):
                    self.checks  # noqa: B018  (imports it, which takes its time, before the limit holds)
                found = sandbox.run(lambda step=step: source.run(step.answer))
            except KeyboardInterrupt:
                raise
            except sandbox.TimeUp as late:
                yield step, step.verdict(late)
                return
            except BaseException:
                continue  # the whole file will tell
            yield step, None
            yield step, step.check(found.get(step.answer, ...))
            done.add(step)
        rest = [step for step in steps if step not in done]
        if not rest:
            return
        yield rest[0], None
        try:
            self.checks  # noqa: B018
            found = self.answers(path, keep=True)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            yield rest[0], rest[0].verdict(error)
            return
        for step in rest:
            yield step, None
            yield step, (result := step.check(found.get(step.answer, ...)))
            if result.outcome != PASSED and not step.light:
                return
