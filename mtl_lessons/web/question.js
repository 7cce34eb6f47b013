/* A question: reading, grading, showing and keeping an answer. Whatever it shows is text of strings.en.json or a copy of what
   Python rendered. */

import { near, readings } from "./answers.js";
import { element, fill, isRecord } from "./parts.js";
import { reviewsOf, store } from "./store.js";

/* A kind of question: `read` the answer from the controls (null: none yet), say whether a stored one still `fits`,
   `write` it back, and `grade` it: {right, word?, why: [names of feedback], marks: [[node, verdict, word, name]]}. */
const choices = {
  read: ({ inputs }) => {
    const chosen = inputs.filter((input) => input.checked).map((input) => input.value);
    return chosen.length ? chosen : null;
  },
  fits: ({ inputs, type }, answer) =>
    Array.isArray(answer) && new Set(answer).size === answer.length && answer.length > 0 && (type === "several" || answer.length === 1) &&
    answer.every((value) => inputs.some((input) => input.value === value)),
  write: ({ inputs }, answer) => inputs.forEach((input) => (input.checked = answer.includes(input.value))),
  grade: ({ inputs, key, type, say, feedback }, answer) => {
    const missed = type === "several" ? key.right.filter((value) => !answer.includes(value)) : [];
    const verdict = (value) => (missed.includes(value) ? "missed" : key.right.includes(value) ? "right" : "wrong");
    const marks = inputs
      .filter((input) => answer.includes(input.value) || missed.includes(input.value))
      .map((input) => [input.closest("li"), verdict(input.value), say[verdict(input.value)], feedback(input.value) ? input.value : "wrong"]);
    return { right: marks.every(([, verdict]) => verdict === "right"), why: [], marks };
  },
};

const KINDS = {
  one: choices,
  several: choices,
  bug: choices,

  numeric: {
    read: ({ inputs: [input] }) => input.value.trim() || null,
    fits: ({ key }, answer) => typeof answer === "string" && readings(answer, key.percent).length > 0,
    write: ({ inputs: [input] }, answer) => (input.value = answer),
    grade: ({ key }, answer) => {
      const found = readings(answer, key.percent), fits = (value) => near(found, value, key.tolerance);
      const right = fits(key.value), slip = key.slips.findIndex(fits);
      return { right, why: [right ? "right" : slip < 0 ? "wrong" : `slip-${slip}`], marks: [] };
    },
  },

  order: {
    read: ({ items }) => items().map((item) => item.dataset.value),
    fits: ({ items }, answer) =>
      Array.isArray(answer) && answer.length === items().length && items().every((item) => answer.includes(item.dataset.value)),
    write: ({ items }, answer) => {
      const at = (item) => answer.indexOf(item.dataset.value);
      items().sort((a, b) => at(a) - at(b)).forEach((item) => item.parentNode.append(item));
    },
    grade: ({ items, say }, answer) => {
      const marks = items().map((item, place) =>
        Number(answer[place]) === place ? [item, "right", say["in-place"]] : [item, "wrong", say["out-of-place"]]);
      const right = marks.every(([, verdict]) => verdict === "right");
      return { right, why: [right ? "right" : "wrong"], marks };
    },
  },

  open: {
    read: ({ form, rubric }) => ({ text: form.querySelector("textarea").value, ticks: rubric.map((box) => box.checked) }),
    fits: ({ rubric }, answer) =>
      isRecord(answer) && typeof answer.text === "string" && Array.isArray(answer.ticks) && answer.ticks.length === rubric.length,
    write: ({ form, rubric }, answer) => {
      form.querySelector("textarea").value = answer.text;
      rubric.forEach((box, i) => (box.checked = answer.ticks[i] === true));
    },
    grade: ({ rubric, say }, answer) => {
      const worth = (boxes) => boxes.reduce((sum, box) => sum + Number(box.dataset.points), 0);
      const points = worth(rubric.filter((_, i) => answer.ticks[i] === true)), total = worth(rubric);
      return { points, total, word: fill(say.points, { points, total }), why: [], marks: [] };
    },
  },
};

export const SURE = [25, 50, 75, 95]; // percent

/* A question on a page: `form` as Python rendered it, `key` to grade it, and its `host`: the quiz or page that it is part of. A host
   has strings (`say`), a prefix for ids (`prefix`), `announce(text, place)`, and is told by `settled(question, attempt)` of each result. */
export class Question {
  constructor(form, key, host) {
    const stem = form.querySelector(".mtl-stem");
    Object.assign(this, { form, key, host, say: host.say, id: form.dataset.id, type: form.dataset.type, result: null });
    this.kind = KINDS[this.type];
    this.name = form.querySelector("legend strong").textContent;
    this.folded = form.querySelector(".mtl-answer");
    this.after = form.querySelector(".mtl-after");
    this.inputs = [...form.querySelector("fieldset").querySelectorAll("input, textarea")];
    this.rubric = [...form.querySelectorAll(".mtl-rubric input")];
    this.start = this.items().map((item) => item.dataset.value);

    stem.id = `${host.prefix}-${this.id}`;
    form.querySelector("fieldset").setAttribute("aria-describedby", stem.id);
    this.verdict = element("div", { className: "mtl-verdict", tabIndex: -1 });
    this.folded.after(this.after);
    this.folded[this.type === "open" ? "after" : "before"](this.verdict);
    this.check = element("button", { type: "submit", textContent: this.say[this.type === "open" ? "reveal" : "check"] });
    this.again = element("button", { type: "button", textContent: this.say.again, onclick: () => this.retry() });
    form.append(element("div", { className: "mtl-buttons" }, this.check, this.again));
    this.items().forEach((item) => this.addMoves(item));

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    form.addEventListener("input", () => (this.touched = true));
    form.addEventListener("change", ({ target }) => this.graded && this.rubric.includes(target) && this.settle());
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault(); // a browser may take it for Enter alone
      this.submit();
    });
    this.ask();
  }

  items = () => [...this.form.querySelectorAll(".mtl-order > li")];
  feedback = (name) => this.folded.querySelector(`[data-for="${name}"] > .mtl-why`);

  /* Waiting for an answer: nothing that gives it away is shown. */
  ask() {
    this.graded = false;
    this.form.querySelectorAll(".mtl-mark").forEach((mark) => mark.remove());
    this.form.querySelectorAll("fieldset li[data-verdict]").forEach((item) => delete item.dataset.verdict);
    this.toggle();
    this.verdict.hidden = true;
    this.folded.open = false;
  }

  toggle() {
    this.folded.hidden = this.after.hidden = this.again.hidden = !this.graded;
    this.check.hidden = this.graded;
    if (this.sureness) this.sureness.disabled = this.graded;
    this.inputs.forEach((input) => (input.disabled = this.graded && this.type !== "open"));
    this.items().forEach((item, place, all) => {
      const [up, down] = item.querySelectorAll("button");
      up.hidden = down.hidden = this.graded;
      up.disabled = place === 0;
      down.disabled = place === all.length - 1;
    });
  }

  submit() {
    if (this.graded) return; // Enter in a rubric
    const answer = this.kind.read(this);
    if (answer === null || !this.kind.fits(this, answer)) {
      this.tell(undefined, this.say[answer === null ? "nothing-chosen" : "not-a-number"]);
      this.host.announce(this.verdict.textContent);
      return;
    }
    this.settle(true);
    (this.type === "open" ? this.folded.querySelector("summary") : this.verdict).focus();
  }

  /* Grades the answer, shows the result and keeps it; its host says it. */
  settle(attempt = false) {
    const answer = this.kind.read(this);
    this.show(answer);
    const { right, points, total } = this.result;
    const kept = { edition: this.form.dataset.edition, right, points, total, answer, sure: this.sure() };
    this.reviewed = store.answer(this.id, kept, attempt ? undefined : this.reviewed);
    this.host.settled(this, attempt);
  }

  /* Shows the answer that is kept, where it still fits. */
  restore() {
    const entry = store.read()[this.id];
    if (!isRecord(entry) || entry.edition !== this.form.dataset.edition || !this.kind.fits(this, entry.answer)) return;
    this.kind.write(this, entry.answer);
    this.reviewed = reviewsOf(entry).at(-1)?.time ?? null;
    this.show(entry.answer);
  }

  /* Another tab has changed what is kept: shows that, unless an answer is being given here. */
  sync() {
    if (this.graded && !store.read()[this.id]) this.forget();
    else if (!this.graded && !this.touched) this.restore();
  }

  show(answer) {
    const { right, marks, why, ...rest } = this.kind.grade(this, answer);
    const verdict = right === undefined ? undefined : right ? "right" : "wrong";
    this.result = { right, word: this.say[verdict], ...rest };
    if (!this.graded) this.folded.open = this.type === "open";
    this.graded = true;
    this.toggle();
    this.tell(verdict, this.result.word, ...why.map((name) => this.feedback(name).cloneNode(true)));
    this.folded.querySelector("summary").textContent = this.say[this.type === "open" ? "answer" : "explanations"];
    for (const [item, verdict, word, name] of marks) {
      const mark = element("div", { className: "mtl-mark" }, element("span", { className: "mtl-word", textContent: word }));
      if (name) mark.append(this.feedback(name).cloneNode(true));
      item.dataset.verdict = verdict;
      item.append(mark);
    }
  }

  /* Asks, above the buttons, how sure the reader is. */
  askSure() {
    const options = SURE.map((sure) => element("label", {}, element("input", { type: "radio", name: `${this.id}-sure`, value: sure }),
      element("span", { textContent: this.say[`sure-${sure}`] })));
    this.sureness = element("fieldset", { className: "mtl-sure" }, element("legend", { textContent: this.say.sure }), ...options);
    this.form.querySelector("fieldset").after(this.sureness);
  }

  sure = () => Number(this.sureness?.querySelector(":checked")?.value) || undefined;

  tell(verdict, word, ...more) {
    if (verdict) this.verdict.dataset.verdict = verdict;
    else delete this.verdict.dataset.verdict;
    this.verdict.replaceChildren(element("p", { className: "mtl-word", textContent: word }), ...more);
    this.verdict.hidden = false;
  }

  retry() {
    this.touched = true;
    this.rubric.forEach((box) => (box.checked = false));
    this.ask();
    this.form.querySelector("fieldset").querySelector("input, textarea, button:enabled").focus();
  }

  forget() {
    this.result = null;
    this.touched = false;
    this.form.reset();
    if (this.type === "order") this.kind.write(this, this.start);
    this.ask();
  }

  addMoves(item) {
    const text = item.textContent;
    const move = (up) => {
      const other = up ? item.previousElementSibling : item.nextElementSibling;
      other[up ? "before" : "after"](item);
      this.touched = true;
      this.toggle();
      const [top, bottom] = item.querySelectorAll("button");
      ((up && !top.disabled) || bottom.disabled ? top : bottom).focus(); // moving the item took the focus from it
      const all = this.items();
      this.host.announce(fill(this.say.moved, { item: text, place: all.indexOf(item) + 1, total: all.length }));
    };
    const button = (up, sign, label) => {
      const node = element("button", { type: "button", textContent: sign, onclick: () => move(up) });
      node.setAttribute("aria-label", fill(label, { item: text }));
      return node;
    };
    item.append(button(true, "↑", this.say["move-up"]), button(false, "↓", this.say["move-down"]));
  }
}
