/* The page Practice: questions by topic, level and type, those that are due first. */

import { WHICH_NAMES } from "./bank.js";
import { element } from "./parts.js";
import { button, mount, Rounds, select } from "./trainer.js";

class Practice extends Rounds {
  begin() {
    const given = Object.fromEntries(new URLSearchParams(location.search));
    const which = select(
      this.say.which,
      "which",
      WHICH_NAMES.map((name) => [name, this.say[`which-${name}`]]),
      given.which,
    );
    this.offer(
      [which, ...this.choices(["topic", "level", "type", "amount"], given)],
      this.say.start,
    );
  }

  round() {
    this.queue = this.chosen().map(({ question }) => question);
    this.done = [];
    this.next();
  }

  next() {
    const item = this.queue.shift();
    if (!item) return this.end();
    this.asked = this.ask(item, this.done.length + 1, this.done.length + 1 + this.queue.length);
    this.forward = button(this.say.skip, () => this.next());
    const stop = button(this.say.stop, () => this.end());
    this.asked.form.querySelector(".mtl-buttons").append(this.forward, stop);
    this.show(this.asked.form);
    this.asked.form.querySelector("legend").tabIndex = -1;
    this.asked.form.querySelector("legend").focus();
    this.announce("");
  }

  settled({ name, result, item }, attempt) {
    if (attempt && !this.done.some((one) => one.item === item)) this.done.push({ item, result });
    else
      this.done
        .filter((one) => one.item === item && result.right === undefined)
        .forEach((one) => (one.result = result));
    const followUp = this.bank.byId.get(item.next);
    if (attempt && followUp && !this.done.some((one) => one.item === followUp))
      this.queue = [followUp, ...this.queue.filter((one) => one !== followUp)];
    this.forward.textContent =
      this.say[
        this.queue[0] && this.queue[0] === followUp
          ? "next-follow-up"
          : this.queue.length
            ? "next"
            : "finish"
      ];
    this.announce(this.phrase("graded", { question: name, verdict: result.word }));
  }

  end() {
    const right = this.done.filter(
      ({ result }) => result.right ?? result.points >= result.total / 2,
    ).length;
    const heading = this.heading(this.phrase("round-done", { total: this.done.length, right }));
    const rows = this.done.map(({ item, result }) => {
      const read = item.section
        ? element("a", { href: item.section.href, textContent: item.section.text })
        : item.topic.title;
      return element("li", {}, `${result.word}: `, read);
    });
    this.close(
      heading,
      element("ol", { className: "mtl-done" }, ...rows),
      this.again(this.say["round-again"]),
    );
  }
}

mount("practice", Practice);
