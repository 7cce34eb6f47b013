/* A question: asking, showing and keeping an answer. Whatever it shows is text of strings.en.json
   or a copy of what Python rendered; what an answer is worth is its kind's to say (kinds.js). */

import { KINDS } from "./kinds.js";
import { element, fill, isRecord } from "./parts.js";
import { reviewsOf, scoreOf, store } from "./store.js";

/* What is being written in a free answer outlives a reload, until it is given. */
const DRAFT = "mtl-lessons:draft:";
const draft = {
  field: ({ form }) => form.querySelector("fieldset textarea"),

  keep(question) {
    const field = this.field(question);
    try {
      if (field) sessionStorage.setItem(DRAFT + question.id, field.value);
    } catch {} // forbidden or full
  },

  restore(question) {
    const field = this.field(question);
    try {
      if (field) field.value = sessionStorage.getItem(DRAFT + question.id) ?? field.value;
    } catch {}
  },

  drop(question) {
    try {
      sessionStorage.removeItem(DRAFT + question.id);
    } catch {}
  },
};

export const SURE = [25, 50, 75, 95]; // percent

/* A question on a page: `form` as Python rendered it, `key` to grade it, and its `host`: the quiz
   or page that it is part of. A host has strings (`say`), a prefix for ids (`prefix`),
   `announce(text, place)`, and is told by `settled(question, attempt)` of each result. */
export class Question {
  constructor(form, key, host) {
    Object.assign(this, { form, key, host, say: host.say, id: form.dataset.id, result: null });
    this.kind = KINDS[form.dataset.type];
    this.name = form.querySelector("legend strong").textContent;
    this.folded = form.querySelector(".mtl-answer");
    this.after = form.querySelector(".mtl-after");
    this.inputs = [...form.querySelector("fieldset").querySelectorAll("input, textarea")];
    this.rubric = [...form.querySelectorAll(".mtl-rubric input")];
    this.start = this.items().map((item) => item.dataset.value);
    this.describe();
    this.addVerdict();
    this.addButtons();
    this.items().forEach((item) => this.addMoves(item));
    this.listen();
    this.ask();
    draft.restore(this);
    this.kind.mount?.(this);
  }

  items = () => [...this.form.querySelectorAll(".mtl-order > li")];
  feedback = (name) => this.folded.querySelector(`[data-for="${name}"] > .mtl-why`);

  /* ---- what a form gets beyond what Python rendered ---- */

  describe() {
    const stem = this.form.querySelector(".mtl-stem");
    stem.id = `${this.host.prefix}-${this.id}`;
    this.form.querySelector("fieldset").setAttribute("aria-describedby", stem.id);
  }

  addVerdict() {
    this.verdict = element("div", { className: "mtl-verdict", tabIndex: -1 });
    this.folded.after(this.after);
    this.folded[this.kind.byHand ? "after" : "before"](this.verdict);
  }

  addButtons() {
    const submit = this.say[this.kind.byHand ? "reveal" : "check"];
    this.check = element("button", { type: "submit", textContent: submit });
    this.again = element("button", { type: "button", textContent: this.say.again });
    this.again.onclick = () => this.retry();
    this.form.append(element("div", { className: "mtl-buttons" }, this.check, this.again));
  }

  listen() {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.form.addEventListener("input", () => {
      this.touched = true;
      draft.keep(this);
    });
    this.form.addEventListener("change", ({ target }) => {
      if (!this.graded || !this.rubric.includes(target)) return;
      this.kind.tick?.(this, target);
      this.settle();
    });
    this.form.addEventListener("keydown", (event) => this.choose(event));
    this.form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault(); // a browser may take it for Enter alone
      this.submit();
    });
  }

  /* In a choice, 1 to 9 choose an option. */
  choose({ key, target, ctrlKey, metaKey, altKey }) {
    if (!this.kind.numbered || !/^[1-9]$/.test(key)) return;
    if (ctrlKey || metaKey || altKey || target.closest("details")) return;
    const box = this.inputs[key - 1];
    box?.focus();
    box?.click(); // nothing, if the answer is given
  }

  /* Asks, above the buttons, how sure the reader is. */
  askSure() {
    const options = SURE.map((sure) => {
      const box = element("input", { type: "radio", name: `${this.id}-sure`, value: sure });
      return element("label", {}, box, element("span", { textContent: this.say[`sure-${sure}`] }));
    });
    const legend = element("legend", { textContent: this.say.sure });
    this.sureness = element("fieldset", { className: "mtl-sure" }, legend, ...options);
    this.form.querySelector("fieldset").after(this.sureness);
  }

  sure = () => Number(this.sureness?.querySelector(":checked")?.value) || undefined;

  /* ---- asking ---- */

  /* Waiting for an answer: nothing that gives it away is shown. */
  ask() {
    this.graded = false;
    this.form.querySelectorAll(".mtl-mark").forEach((mark) => mark.remove());
    const judged = this.form.querySelectorAll("fieldset li[data-verdict]");
    judged.forEach((item) => delete item.dataset.verdict);
    this.toggle();
    this.verdict.hidden = true;
    this.folded.open = false;
  }

  toggle() {
    this.folded.hidden = this.after.hidden = this.again.hidden = !this.graded;
    this.check.hidden = this.graded;
    if (this.sureness) this.sureness.disabled = this.graded;
    this.inputs.forEach((input) => (input.disabled = this.graded && !this.kind.byHand));
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
      const nothing = this.kind.nothing ?? "nothing-chosen";
      this.tell(undefined, this.say[answer === null ? nothing : "not-a-number"]);
      this.host.announce(this.verdict.textContent);
      return;
    }
    this.settle(true);
    (this.kind.byHand ? this.folded.querySelector("summary") : this.verdict).focus();
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
    this.kind.restart?.(this);
    this.ask();
  }

  /* ---- an answer ---- */

  /* Grades the answer, shows the result and keeps it; its host says it. */
  settle(attempt = false) {
    const answer = this.kind.read(this);
    this.show(answer);
    const { right, points, total } = this.result;
    const { edition } = this.form.dataset;
    const kept = { edition, right, points, total, answer, sure: this.sure() };
    this.reviewed = store.answer(this.id, kept, attempt ? undefined : this.reviewed);
    draft.drop(this);
    this.host.settled(this, attempt);
  }

  /* Shows the answer that is kept, where it still fits. */
  restore() {
    const entry = store.read()[this.id];
    if (!isRecord(entry) || entry.edition !== this.form.dataset.edition) return;
    if (!this.kind.fits(this, entry.answer)) return;
    this.kind.write(this, entry.answer);
    const isGraded = scoreOf(entry) !== undefined;
    this.reviewed = isGraded ? (reviewsOf(entry).at(-1)?.time ?? null) : undefined;
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
    if (!this.graded) this.folded.open = Boolean(this.kind.byHand);
    this.graded = true;
    this.toggle();
    this.tell(verdict, this.result.word, ...why.map((name) => this.feedback(name).cloneNode(true)));
    const summary = this.say[this.kind.byHand ? "answer" : "explanations"];
    this.folded.querySelector("summary").textContent = summary;
    marks.forEach((mark) => this.mark(mark));
  }

  mark({ node, verdict, word, name }) {
    const words = element("span", { className: "mtl-word", textContent: word });
    const mark = element("div", { className: "mtl-mark" }, words);
    if (name) mark.append(this.feedback(name).cloneNode(true));
    node.dataset.verdict = verdict;
    node.append(mark);
  }

  tell(verdict, word, ...more) {
    if (verdict) this.verdict.dataset.verdict = verdict;
    else delete this.verdict.dataset.verdict;
    const words = element("p", { className: "mtl-word", textContent: word });
    this.verdict.replaceChildren(words, ...more);
    this.verdict.hidden = false;
  }

  /* ---- moving the items of an order ---- */

  addMoves(item) {
    const text = item.textContent;
    item.prepend(this.grip(item, text));
    const button = (up, sign, label) => {
      const node = element("button", { type: "button", textContent: sign });
      node.onclick = () => this.move(item, text, up);
      node.setAttribute("aria-label", fill(label, { item: text }));
      return node;
    };
    const up = button(true, "↑", this.say["move-up"]);
    item.append(up, button(false, "↓", this.say["move-down"]));
  }

  /* What an item is dragged by, with a mouse or a finger; the buttons do the same by keyboard. */
  grip(item, text) {
    const grip = element("span", { className: "mtl-drag", textContent: "⠿", ariaHidden: "true" });
    grip.addEventListener("pointerdown", (event) => {
      if (this.graded || event.button) return;
      event.preventDefault();
      grip.setPointerCapture(event.pointerId);
      item.classList.add("mtl-held");
      const moved = ({ clientY }) => this.drag(item, clientY);
      const dropped = () => {
        grip.removeEventListener("pointermove", moved);
        item.classList.remove("mtl-held");
        this.moved(item, text);
      };
      grip.addEventListener("pointermove", moved);
      grip.addEventListener("lostpointercapture", dropped, { once: true });
    });
    return grip;
  }

  /* Puts an item where a pointer is. The others move: what is moved itself loses the pointer. */
  drag(item, y) {
    const middle = (other) => {
      const { top, height } = other.getBoundingClientRect();
      return top + height / 2;
    };
    const above = () => item.previousElementSibling;
    const below = () => item.nextElementSibling;
    while (above() && y < middle(above())) item.after(above());
    while (below() && y > middle(below())) item.before(below());
  }

  moved(item, text) {
    this.touched = true;
    this.toggle();
    const all = this.items();
    const place = all.indexOf(item) + 1;
    this.host.announce(fill(this.say.moved, { item: text, place, total: all.length }));
  }

  move(item, text, up) {
    const other = up ? item.previousElementSibling : item.nextElementSibling;
    other[up ? "before" : "after"](item);
    this.moved(item, text);
    const [top, bottom] = item.querySelectorAll("button");
    ((up && !top.disabled) || bottom.disabled ? top : bottom).focus(); // moving the item took it
  }
}
