/* The page Cards: the same questions to turn over. That a card is known, or is not, is a
   review like any answer. */

import { formOf } from "./bank.js";
import { element } from "./parts.js";
import { store } from "./store.js";
import { button, mount, Rounds } from "./trainer.js";

const KEYS = { 1: false, 2: true }; // not known, known

/* The two sides of a question, as nodes: what is asked, without controls; and its answer. */
function sidesOf(item) {
  const form = formOf(item);
  const fieldset = form.querySelector("fieldset");
  const answer = form.querySelector(".mtl-answer");
  const controls = form.querySelectorAll("input, .mtl-field, .mtl-hint, legend, summary");
  controls.forEach((node) => node.remove());
  for (const label of form.querySelectorAll("label")) {
    label.replaceWith(element("div", { className: "mtl-row" }, ...label.childNodes));
  }
  return [[...fieldset.childNodes], [...answer.childNodes]];
}

class Cards extends Rounds {
  begin() {
    this.offer(this.choices(["topic", "level", "amount"]), this.say.start);
  }

  wanted() {
    return { ...super.wanted(), which: "due" };
  }

  round() {
    this.known = this.seen = 0;
    this.queue = this.chosen().map(({ question }) => question);
    this.next();
  }

  next() {
    const item = this.queue.shift();
    if (!item) return this.end();
    const [front, back] = sidesOf(item);
    const heading = this.heading(this.title(item));
    const answer = element("div", { className: "mtl-back", hidden: true, tabIndex: -1 }, ...back);
    const flip = button(this.say.flip, () => turn());
    const know = this.buttons(item);
    const turn = () => {
      flip.hidden = true;
      answer.hidden = know.hidden = false;
      answer.focus();
      this.announce("");
    };
    const turning = element("div", { className: "mtl-buttons" }, flip);
    const card = element("section", { className: "mtl-card mtl-question" });
    card.append(heading, ...front, answer, turning, know);
    card.addEventListener("keydown", ({ key }) => {
      if (!answer.hidden && key in KEYS) this.judge(item, KEYS[key]);
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

  title(item) {
    const number = this.seen + 1;
    const name = this.phrase("card", { number, total: number + this.queue.length });
    return [name, item.topic.title, this.say[`type-${item.type}`]].join(" · ");
  }

  buttons(item) {
    const unknown = button(this.say["know-not"], () => this.judge(item, false));
    const known = button(this.say.know, () => this.judge(item, true));
    return element("div", { className: "mtl-buttons", hidden: true }, unknown, known);
  }

  judge({ id }, known) {
    store.recall(id, known);
    this.seen += 1;
    this.known += Number(known);
    this.next();
  }

  end() {
    this.close(
      this.heading(this.phrase("cards-done", { total: this.seen, known: this.known })),
      this.again(this.say["round-again"]),
    );
  }
}

mount("cards", Cards);
