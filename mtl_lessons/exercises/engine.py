"""Exercises that check themselves.

    from mtl_lessons import exercises
    two = exercises.load("two_tasks")
    two.heads.check(build)  # a Result: passed, not yet, raised, not attempted
    two.heads.hint()        # the next hint
    two.heads.solution()    # the source of the model answer
    two                     # which steps are passed; two.reset() forgets it

An exercise is a folder `mtl_lessons/exercises/<name>/` with

- `manifest.yml`: its steps and messages, see `manifest`.
- `checks.py`: for each step a function of its name. It takes the answer and
  returns a dict of facts for `passed`, or nothing. It raises `Mistake("key",
  **facts)` for what is wrong and `NotAttempted` for a starter; most of it is
  calls of `probes`. Cheap probes come first, training last. A check gives a
  learner's code copies of its data, never the data by which it judges.
- `light.py`: the same for the steps that the manifest calls `light: true`. It
  imports no TensorFlow, so that in a terminal these steps need not wait for it.
- `starter_*.py`: what a learner begins with.

What learners hand in, right and wrong, is in `tests/exercises/`;
`tests/test_exercises.py` holds every exercise to its contract.
"""

import importlib
import inspect
import os
import runpy
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import ModuleType

from mtl_lessons import embed, quiz
from mtl_lessons.console import showable
from mtl_lessons.exercises import result, state
from mtl_lessons.exercises.manifest import SECONDS, Manifest, StepSpec
from mtl_lessons.exercises.mistakes import (
    LONGEST,
    Mistake,
    NotAttempted,
    attempted,
    came_from,
    short,
    told,
)
from mtl_lessons.exercises.result import MARKS, Result, Shown, Stack
from mtl_lessons.exercises.source import Source
from mtl_lessons.mistake import (
    NOT_ATTEMPTED,
    NOT_YET,
    PASSED,
    RAISED,
    Message,
)
from mtl_lessons.quiz import Quiz

FOLDER = Path(__file__).parent


class Step:
    """One step of an exercise: `check`, `hint`, `solution`, `starter`, `reset`."""

    def __init__(
        self, exercise: "Exercise", number: int, spec: StepSpec
    ) -> None:
        self.exercise, self.number, self.spec = exercise, number, spec
        self.name, self.title, self.answer = spec.name, spec.title, spec.answer
        self.hints, self.light, self.seconds = (
            spec.hints,
            spec.light,
            spec.seconds,
        )

    def __repr__(self) -> str:
        sign = MARKS[PASSED if self.passed else NOT_ATTEMPTED]
        return showable(
            f"{sign} {self._words('step', number=self.number)}: {self.answer}"
        )

    @property
    def passed(self) -> bool:
        return bool(
            state.of(self.exercise.name).get(self.name, {}).get("passed")
        )

    def check(
        self, answer: object = ..., seconds: float | None = None
    ) -> Result:
        """Check an answer and say how it stands.

        `seconds`: when to give up, if not after what the manifest says.
        """
        from mtl_lessons.exercises import sandbox

        def judged() -> dict | None:
            return getattr(checks, self.name)(attempted(answer))

        try:
            attempted(answer)
            checks = self.exercise.checks_of(self)
            facts = sandbox.run(judged, seconds or self.seconds)
        except KeyboardInterrupt:
            raise
        # SystemExit, too: a learner's code does not end the kernel
        except BaseException as error:
            return self.verdict(error)
        state.note(self.exercise.name, self.name, passed=True)
        return self._result(PASSED, "passed", **(facts or {}))

    def verdict(self, error: BaseException) -> Result:
        """How it stands when the check, or the code itself, ended with an
        error.
        """
        from mtl_lessons.exercises import sandbox

        match error:
            case NotAttempted():
                return self._result(
                    NOT_ATTEMPTED, "not-attempted", answer=self.answer
                )
            case Mistake():
                return self._result(NOT_YET, error.key, **error.facts)
            case sandbox.TimeUp():
                return self._result(NOT_YET, "too-slow", seconds=error.seconds)
            case sandbox.TooLarge():
                return self._result(
                    NOT_YET, "too-large", weights=error.weights, most=error.most
                )
        facts = {"kind": type(error).__name__, "said": told(error)}
        place = came_from(error) or embed.strings("exercises")["no-place"]
        return self._result(RAISED, "raised", error, **facts, place=place)

    def died(self, how: str) -> Result:
        """The verdict when the code ended the process of the check."""
        return self._result(RAISED, "died", how=how)

    def hint(self, number: int | None = None) -> Shown:
        """The next hint, or the one of that number; after the last, the last
        again.
        """
        shown = state.of(self.exercise.name).get(self.name, {}).get("hints", 0)
        at = min(
            max(number if number is not None else shown + 1, 1), len(self.hints)
        )
        state.note(self.exercise.name, self.name, hints=max(shown, at))
        heading = self._words("hint", number=at, total=len(self.hints))
        text = self.hints[at - 1]
        if shown >= len(self.hints) == at:
            text = f"{text} {self._words('last-hint', step=self.name)}"
        return Shown(heading, text, self.exercise.section(self.spec.section))

    def solution(self) -> Shown:
        """The model answer's source."""
        heading = self._words("solution", module=self.exercise.module.__name__)
        return Shown(
            heading, result.code("\n\n\n".join(self._sources())), folded=True
        )

    def all_hints(self) -> Stack:
        """The hints, each behind a fold, for a page without a kernel.

        No hint counts as read.
        """
        total = len(self.hints)
        return Stack(
            tuple(
                Shown(
                    self._words("hint", number=number, total=total),
                    hint,
                    folded=True,
                )
                for number, hint in enumerate(self.hints, 1)
            )
        )

    def question(self) -> Quiz:
        """A question on the same mistakes, behind a fold, for whoever cannot run
        the step.
        """
        return quiz.show(self.exercise.name, [self.spec.question], folded=True)

    def starter(self) -> Shown:
        """The code to begin with."""
        heading = self._words("starter")
        return Shown(heading, result.code(self.begin_with))

    @property
    def begin_with(self) -> str:
        """The starter's text."""
        return (self.exercise.folder / self.spec.starter).read_text(
            encoding="utf-8"
        )

    def reset(self) -> None:
        """Forget that this step was passed, and its hints."""
        state.forget(self.exercise.name, self.name)

    def _message(self, key: str) -> Message:
        """The exercise's own message of that key, else the common one."""
        if key == "passed":
            return Message(self.spec.passed)
        return self.exercise.manifest.messages.get(key) or Message(
            embed.strings("mistakes")[key]
        )

    def _words(self, key: str, **facts: object) -> str:
        return embed.strings("exercises")[key].format(title=self.title, **facts)

    def _sources(self) -> list[str]:
        parts = [
            getattr(self.exercise.module, name) for name in self.spec.solution
        ]
        return [inspect.getsource(part).strip() for part in parts]

    def _result(
        self,
        outcome: str,
        key: str,
        error: BaseException | None = None,
        **facts: object,
    ) -> Result:
        step = self._words("step", number=self.number)
        heading = f"{MARKS[outcome]} {self._words(outcome)}: {step}"
        for name, fact in facts.items():
            facts[name] = (
                short(fact, 20 * LONGEST) if isinstance(fact, str) else fact
            )
        message, more = self._message(key), None
        if outcome in (NOT_YET, RAISED):
            more = self.exercise.section(message.read or self.spec.section)
        text = message.text.format(**facts)
        return Result(
            heading,
            text,
            more,
            outcome=outcome,
            key=key,
            facts=facts,
            error=error,
        )


class Exercise:
    """An exercise: its steps in order, also as attributes; `reset` forgets what
    was passed.
    """

    def __init__(self, name: str) -> None:
        self.name, self.folder = name, FOLDER / name
        self.manifest = Manifest.read(self.folder / "manifest.yml")
        self.title = self.manifest.title
        specs = enumerate(self.manifest.steps, 1)
        self.steps = [Step(self, number, spec) for number, spec in specs]

    def __repr__(self) -> str:
        return showable(
            "\n".join([self.title, *(f"  {step}" for step in self.steps)])
        )

    def __getattr__(self, name: str) -> Step:
        for step in self.__dict__.get("steps", ()):
            if step.name == name:
                return step
        known = ", ".join(step.name for step in self.__dict__.get("steps", ()))
        own = self.__dict__.get("name")
        raise AttributeError(
            f"expected a step of {own!r} ({known}), found {name!r}"
        )

    def __dir__(self) -> list[str]:
        """With the steps, so that Tab shows them."""
        return sorted({*super().__dir__(), *(step.name for step in self.steps)})

    @cached_property
    def checks(self) -> ModuleType:
        """The checks of the steps that need TensorFlow.

        Raises `Mistake` if Keras runs on something else.
        """
        if (
            wanted := os.environ.get("KERAS_BACKEND", "tensorflow")
        ) != "tensorflow":
            raise Mistake("other-backend", found=wanted)
        from mtl_lessons.backend import keras

        if (found := keras.config.backend()) != "tensorflow":
            raise Mistake("other-backend", found=found)
        return importlib.import_module(
            f"mtl_lessons.exercises.{self.name}.checks"
        )

    def checks_of(self, step: Step) -> ModuleType:
        """The module with the check of a step."""
        if step.light:
            return importlib.import_module(
                f"mtl_lessons.exercises.{self.name}.light"
            )
        return self.checks

    @cached_property
    def module(self) -> ModuleType:
        """The module of the model answer."""
        return importlib.import_module(self.manifest.module)

    def reset(self) -> None:
        """Forget what was passed, and which hints were shown."""
        state.forget(self.name)

    def section(self, name: str) -> tuple[str, str]:
        """Title and target of a section of the chapter."""
        return self.manifest.sections[
            name
        ], f"{self.name.replace('_', '-')}-{name}"

    def answers(
        self, path: Path | str, seconds: float = SECONDS, keep: bool = False
    ) -> dict:
        """What a file defines; it is run within limits.

        Raises what it raises. `keep`: what it sets for Keras stays set.
        """
        from mtl_lessons.exercises import sandbox

        return sandbox.run(
            lambda: runpy.run_path(str(path)), seconds, keep=keep
        )

    def check_file(
        self,
        path: Path | str,
        steps: list[Step] | None = None,
    ) -> Iterator[tuple[Step, Result | None]]:
        """The verdicts on a learner's file as they come; before each, the step
        with None.

        Light steps come first: of the file, only what they use is run. Then the
        others in order, up to the first that is not passed; the rest waits for
        it. `steps`: only these.
        """
        from mtl_lessons.exercises import sandbox

        source, steps, done = (
            Source.read(path),
            self.steps if steps is None else steps,
            set(),
        )
        for step in (step for step in steps if step.light):
            try:
                if source.needs_tensorflow(step.answer):
                    self.checks  # noqa: B018  (its import takes time, before the limit holds)
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
