"""A small bank with a question of each kind, for all tests that need one.

And a reader of HTML that fails on what does not nest.
"""

from html.parser import HTMLParser
from pathlib import Path

from mtl_lessons import quiz

HEAD = "chapter: sample\ntitle: Sample\nabout: What is asked?\n"
BANK = (
    HEAD
    + r"""questions:
- id: sample-gain
  anchor: a-definition
  level: junior
  type: one
  stem: |
    A shared model has AUC $\text{AUC}_{\text{shared}} = 0.71$; the *tuned* single-task model
    of the same width has 0.72. What is this?
  options:
  - {text: "Positive transfer, since both are far above 0.5", correct: false,
     feedback: "0.5 is chance, not the single-task model."}
  - {text: "Negative transfer on this task", correct: true,
     feedback: "It is worse than its own **fair** baseline."}
  - {text: "A conflict of gradients, which `cosine < 0` would show", correct: false,
     feedback: "A gradient is not a result."}
  mistake: "Comparing with chance."
  follow_up: "Over how many seeds? With one seed, $0.01$ may be noise."
  source: [caruana1997, "cell:a-definition"]
- id: sample-labels
  anchor: a-definition
  level: senior
  type: several
  stem: "Which of these belong to a task?"
  options:
  - {text: "A label", correct: true, feedback: "Without one nothing is learnt."}
  - {text: "A sample space", correct: true,
     feedback: "Rates on impressions are not rates on clicks."}
  - {text: "A GPU", correct: false, feedback: "That is hardware."}
  - {text: "A loss", correct: true, feedback: "It says what an error costs."}
  mistake: "Naming a product, such as ads, a task."
  follow_up: "What is the sample space of pCVR? Clicks, or impressions in ESMM."
  source: [caruana1997]
- id: sample-number
  anchor: a-definition
  level: junior
  type: numeric
  stem: "AUC rises from 0.6787 to 0.6823. What is the gain?"
  answer: {expression: "0.6823 - 0.6787", value: 0.0036, tolerance: 0.00005, unit: "AUC"}
  feedback: {right: "Shared minus single.", wrong: "Subtract the single-task AUC."}
  slips: [{value: -0.0036, feedback: "The sign: a gain is positive."}]
  mistake: "Giving it in percent."
  follow_up: "Is it more than noise?"
  next: sample-bug
  source: [caruana1997]
- id: sample-order
  anchor: not-on-this-page
  level: junior
  type: order
  stem: "Order the funnel."
  items: ["impression", "click", "conversion", "a repeat purchase, weeks later"]
  feedback: {right: "Each step is rarer.", wrong: "Nobody buys before a click."}
  mistake: "Starting from the click."
  follow_up: "Where is the bias?"
  source: ["cell:a-definition"]
- id: sample-bug
  anchor: a-definition
  level: staff
  type: bug
  stem: "Two heads?"
  code: |
    model = keras.Sequential()
    model.add(keras.layers.Dense(64, activation="relu"))
    model.add(keras.layers.Dense(1, activation="sigmoid", name="click"))
    model.add(keras.layers.Dense(100, activation="softmax", name="the_head_that_reads_that_head"))
    if True:
        model.compile(loss="a < b && c")
  answer: {lines: [4]}
  lines: {4: "It reads the sigmoid, not the trunk.", 2: "A trunk of one layer is small, not wrong."}
  feedback: {wrong: "This line does what it says."}
  run:
    setup: |
      from types import SimpleNamespace as Space
      made = []
      layer = lambda *given, name="", **rest: made.append(name)
      model = Space(add=lambda layer: None, compile=lambda **given: None)
      keras = Space(Sequential=lambda: model, layers=Space(Dense=layer))
    fault: "'the_head_that_reads_that_head' in made"
    repair: {4: "pass"}
  mistake: "Blaming the loss."
  follow_up: "How would you repair it?"
  source: [caruana1997]
- id: sample-open
  anchor: a-definition
  level: staff
  type: open
  stem: |
    Why is this total wrong for a missing label?

    ```python
    # y_conversion may be NaN
    total = binary_crossentropy(y_click, p_click) + binary_crossentropy(y_conversion, p_conversion)
    ```

    $$L = \sum_{t} w_t L_t$$
  rubric:
  - {points: 2, text: "NaN spreads to the sum"}
  - {points: 1, text: "a mask repairs it"}
  - {points: 2, text: "the divisor is the number of labels that are there"}
  red_flags: ["fills in zeros", "drops the rows"]
  model_answer: |
    NaN plus anything is NaN. So:

    - mask the rows;
    - divide by the number of labels.
  mistake: "Filling in 0."
  follow_up: "What does Keras divide by?"
  source: [caruana1997]
"""
)
BIB = """@article{caruana1997,
  author = {Caruana, Rich},
  title = {Multitask Learning},
  year = {1997},
}

@inproceedings{tang2020,
  author = {Hongyan Tang and Junning Liu and Ming Zhao},
  year = "2020"
}
"""


def bank_of(folder: Path, text: str = BANK, name: str = "sample") -> quiz.Bank:
    (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    (folder / "references.bib").write_text(BIB, encoding="utf-8")
    return quiz.load(name, folder)


def edited(old: str, new: str, count: int = 1) -> str:
    assert old in BANK
    return BANK.replace(old, new, count)


def line_of(text: str, part: str) -> int:
    """The line on which a part of a text begins."""
    return text[: text.index(part)].count("\n") + 1


class Outline(HTMLParser):
    """Collects tags, and fails on elements that do not nest."""

    def __init__(self, html: str):
        super().__init__()
        self.open, self.tags, self.text = [], [], []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("input", "br", "hr"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "script" not in self.open:
            self.text.append(data)
