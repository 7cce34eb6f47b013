/* The page Cards: the same questions to turn over, known or not. A card that is known or not is a review like any answer. */

import { formOf } from "./bank.js";
import { element } from "./parts.js";
import { store } from "./store.js";
import { button, mount, Rounds } from "./trainer.js";

const KEYS = { 1: false, 2: true }; // not known, known

/* The two sides of a question, as nodes: what is asked, without controls; and its answer. */
function sidesOf(item) {
  const form = formOf(item),
    fieldset = form.querySelector("fieldset"),
    answer = form.querySelector(".mtl-answer");
  form
    .querySelectorAll("input, .mtl-field, .mtl-hint, legend, summary")
    .forEach((node) => node.remove());
  form
    .querySelectorAll("label")
    .forEach((label) =>
      label.replaceWith(element("div", { className: "mtl-row" }, ...label.childNodes)),
    );
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
    this.deck = this.chosen().map(({ question }) => question);
    this.next();
  }

  next() {
    const item = this.deck.shift();
    if (!item) return this.end();
    const [front, back] = sidesOf(item);
    const name = this.phrase("card", {
      number: this.seen + 1,
      total: this.seen + 1 + this.deck.length,
    });
    const answer = element("div", { className: "mtl-back", hidden: true, tabIndex: -1 }, ...back);
    const judge = (known) => () => this.judge(item, known);
    const flip = button(this.say.flip, () => turn());
    const know = element(
      "div",
      { className: "mtl-buttons", hidden: true },
      button(this.say["know-not"], judge(false)),
      button(this.say.know, judge(true)),
    );
    const turn = () => {
      flip.hidden = true;
      answer.hidden = know.hidden = false;
      answer.focus();
      this.announce("");
    };
    const heading = element("h2", {
      tabIndex: -1,
      textContent: [name, item.topic.title, this.say[`type-${item.type}`]].join(" · "),
    });
    const card = element(
      "section",
      { className: "mtl-card mtl-question" },
      heading,
      ...front,
      answer,
      element("div", { className: "mtl-buttons" }, flip),
      know,
    );
    card.addEventListener(
      "keydown",
      ({ key }) => !answer.hidden && key in KEYS && this.judge(item, KEYS[key]),
    );
    this.show(
      card,
      element("p", { className: "mtl-hint", textContent: this.say["card-keys"] }),
      button(this.say.stop, () => this.end()),
    );
    heading.focus();
    this.announce("");
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
