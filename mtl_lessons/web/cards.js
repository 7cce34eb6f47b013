/* The page Cards: the same questions to turn over. How well a card was known is a review like any
   answer, with the four grades of FSRS. */

import { formOf } from "./bank.js";
import { element } from "./parts.js";
import { store } from "./store.js";
import { button, mount, Rounds } from "./trainer.js";

/* By key: forgotten, hard, good, easy; as `grade` of fsrs.js reads them. */
const GRADES = {
  1: { score: 0 },
  2: { score: 0.6 },
  3: { score: 1 },
  4: { score: 1, sure: 95 },
};
const CONTROL = "button, a, summary, select, input";

/* The two sides of a question, as nodes: what is asked, without controls; and its answer, in which
   each option stands with what is said of it, the right ones first. */
function sidesOf(item) {
  const form = formOf(item);
  const fieldset = form.querySelector("fieldset");
  const answer = form.querySelector(".mtl-answer");
  const options = new Map(
    [...fieldset.querySelectorAll("label:has(input[value])")].map((label) => [
      label.querySelector("input").value,
      label.textContent.trim(),
    ]),
  );
  form
    .querySelectorAll("input, .mtl-field, .mtl-hint, legend, summary")
    .forEach((node) => node.remove());
  for (const label of fieldset.querySelectorAll("label")) {
    label.replaceWith(element("div", { className: "mtl-row" }, ...label.childNodes));
  }
  for (const row of answer.querySelectorAll("[data-for]")) {
    const text = options.get(row.dataset.for);
    if (text) row.prepend(element("p", { className: "mtl-said", textContent: text }));
  }
  for (const list of answer.querySelectorAll(":has(> [data-for])")) {
    const isRight = (row) => Number(row.dataset.verdict === "right");
    const rows = [...list.children].sort((a, b) => isRight(b) - isRight(a));
    list.append(...rows);
  }
  return [[...fieldset.childNodes], [...answer.childNodes]];
}

class Cards extends Rounds {
  begin() {
    addEventListener("keydown", (event) => this.key(event));
    this.offer(this.choices(["topic", "level", "amount"], this.given()), this.say.start);
  }

  wanted() {
    return { ...super.wanted(), which: "due" };
  }

  round() {
    const chosen = this.chosen().map(({ question }) => question);
    this.withTexts(chosen, () => {
      this.known = this.seen = 0;
      this.queue = chosen;
      this.next();
    });
  }

  next() {
    this.item = this.queue.shift();
    if (!this.item) return this.end();
    const [front, back] = sidesOf(this.item);
    const heading = this.heading(this.title(this.item));
    this.answer = element("div", { className: "mtl-back", hidden: true, tabIndex: -1 }, ...back);
    this.flip = button(this.say.flip, () => this.turn());
    this.grades = this.buttons();
    const turning = element("div", { className: "mtl-buttons" }, this.flip);
    const card = element("section", { className: "mtl-card mtl-question" });
    card.append(heading, ...front, turning, this.answer, this.grades);
    card.addEventListener("click", ({ target }) => {
      if (!target.closest(CONTROL) && !String(getSelection())) this.turn();
    });
    const hint = element("p", { className: "mtl-hint", textContent: this.say["card-keys"] });
    this.show(
      card,
      hint,
      button(this.say.stop, () => this.end()),
    );
    heading.focus();
    this.announce("");
  }

  turn() {
    if (!this.answer.hidden) return;
    this.flip.hidden = true;
    this.answer.hidden = this.grades.hidden = false;
    this.answer.focus({ preventScroll: true }); // what was asked stays in view
    this.announce("");
  }

  /* Space turns the card; then 1 to 4 grade it. */
  key(event) {
    if (!this.item || event.ctrlKey || event.metaKey || event.altKey) return;
    const turned = !this.answer.hidden;
    if (event.key === " " && !turned && !event.target.closest(CONTROL)) {
      event.preventDefault();
      this.turn();
    } else if (turned && event.key in GRADES) this.judge(event.key);
  }

  title(item) {
    const number = this.seen + 1;
    const name = this.phrase("card", { number, total: number + this.queue.length });
    return [name, item.topic.title, this.say[`type-${item.type}`]].join(" · ");
  }

  buttons() {
    const all = Object.keys(GRADES).map((key) =>
      button(this.say[`grade-${key}`], () => this.judge(key)),
    );
    return element("div", { className: "mtl-buttons", hidden: true }, ...all);
  }

  judge(key) {
    store.recall(this.item.id, GRADES[key]);
    this.seen += 1;
    this.known += Number(key > 1);
    this.next();
  }

  end() {
    this.item = null;
    this.close(
      this.heading(this.phrase("cards-done", { total: this.seen, known: this.known })),
      this.again(this.say["round-again"]),
    );
  }
}

mount("cards", Cards);
