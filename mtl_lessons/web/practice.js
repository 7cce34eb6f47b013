/* The page Practice: questions by topic, level and type, those that are due first. */

import { WHICH_NAMES } from "./bank.js";
import { element } from "./parts.js";
import { button, mount, Rounds, select } from "./trainer.js";

class Practice extends Rounds {
  begin() {
    const given = Object.fromEntries(new URLSearchParams(location.search));
    const names = WHICH_NAMES.map((name) => [name, this.say[`which-${name}`]]);
    const which = select(this.say.which, "which", names, given.which);
    const choices = this.choices(["topic", "level", "type", "amount"], given);
    this.offer([which, ...choices], this.say.start);
    const first = this.bank.byId.get(given.question);
    if (first) this.round(first);
  }

  /* With `first`, which somebody came from, the round begins at it and is no longer for that. */
  round(first) {
    const chosen = this.chosen().map(({ question }) => question);
    const rest = chosen.filter((question) => question !== first);
    this.queue = first ? [first, ...rest].slice(0, Math.max(1, chosen.length)) : chosen;
    this.done = [];
    this.next();
  }

  next() {
    const item = this.queue.shift();
    if (!item) return this.end();
    const number = this.done.length + 1;
    this.asked = this.ask(item, number, number + this.queue.length);
    this.forward = button(this.say.skip, () => this.next());
    const stop = button(this.say.stop, () => this.end());
    this.asked.form.querySelector(".mtl-buttons").append(this.forward, stop);
    this.show(this.asked.form);
    this.asked.form.querySelector("legend").tabIndex = -1;
    this.asked.form.querySelector("legend").focus();
    this.announce("");
  }

  settled({ name, result, item }, attempt) {
    this.note(item, result, attempt);
    const followUp = this.bank.byId.get(item.next);
    if (attempt && followUp && !this.done.some((one) => one.item === followUp)) {
      this.queue = [followUp, ...this.queue.filter((one) => one !== followUp)];
    }
    this.forward.textContent = this.say[this.comes(followUp)];
    this.announce(this.phrase("graded", { question: name, verdict: result.word }));
  }

  /* The first result of a question counts; of one that its reader grades, the last. */
  note(item, result, attempt) {
    const known = this.done.find((one) => one.item === item);
    if (!known && attempt) this.done.push({ item, result });
    else if (known && result.right === undefined) known.result = result;
  }

  /* What the button that leads on says. */
  comes(followUp) {
    if (!this.queue.length) return "finish";
    return this.queue[0] === followUp ? "next-follow-up" : "next";
  }

  end() {
    const isRight = ({ result }) => result.right ?? result.points >= result.total / 2;
    const right = this.done.filter(isRight).length;
    const heading = this.heading(this.phrase("round-done", { total: this.done.length, right }));
    const rows = this.done.map(({ item, result }) =>
      element("li", {}, `${result.word}: `, this.reading(item)),
    );
    const list = element("ol", { className: "mtl-done" }, ...rows);
    this.close(heading, list, this.again(this.say["round-again"]));
  }

  /* What to read again: the section of a question or, without one, its topic. */
  reading({ section, topic }) {
    if (!section) return topic.title;
    return element("a", { href: section.href, textContent: section.text });
  }
}

mount("practice", Practice);
