/* The page Practice: questions by topic, level and type, those that are due first. */

import { choose, WHICH_NAMES } from "./bank.js";
import { element } from "./parts.js";
import { store } from "./store.js";
import { button, mount, select, Trainer } from "./trainer.js";

class Practice extends Trainer {
  begin() {
    const given = Object.fromEntries(new URLSearchParams(location.search));
    const which = select(this.say.which, "which", WHICH_NAMES.map((name) => [name, this.say[`which-${name}`]]), given.which);
    this.found = element("p", { className: "mtl-found" });
    this.go = button(this.say.start, null, "submit");
    this.filter = element("form", { className: "mtl-filter", autocomplete: "off" }, which, ...this.choices(["topic", "level", "type", "amount"], given),
      this.found, this.go);
    this.filter.addEventListener("change", () => this.count());
    this.filter.addEventListener("submit", (event) => {
      event.preventDefault();
      this.round();
    });
    this.setUp();
  }

  setUp() {
    this.show(this.filter);
    this.count();
  }

  chosen = () => choose(this.bank, store.read(), Object.fromEntries(new FormData(this.filter)));

  count() {
    const all = this.chosen(), due = all.filter((one) => one.due).length, fresh = all.filter((one) => one.score === undefined).length;
    this.found.textContent = this.phrase(all.length ? "found-some" : "found-none", { total: all.length, due, fresh });
    this.go.disabled = !all.length;
    this.announce(this.found.textContent);
  }

  /* Another tab has answered: what is due has changed, but not the question that is being answered. */
  heard() {
    if (this.filter.isConnected) this.count();
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
    else this.done.filter((one) => one.item === item && result.right === undefined).forEach((one) => (one.result = result));
    const followUp = this.bank.byId.get(item.next);
    if (attempt && followUp && !this.done.some((one) => one.item === followUp))
      this.queue = [followUp, ...this.queue.filter((one) => one !== followUp)];
    this.forward.textContent = this.say[this.queue[0] && this.queue[0] === followUp ? "next-follow-up" : this.queue.length ? "next" : "finish"];
    this.announce(this.phrase("graded", { question: name, verdict: result.word }));
  }

  end() {
    const right = this.done.filter(({ result }) => result.right ?? result.points >= result.total / 2).length;
    const heading = this.heading(this.phrase("round-done", { total: this.done.length, right }));
    const again = button(this.say["round-again"], () => {
      this.setUp();
      this.filter.querySelector("select").focus();
    });
    const rows = this.done.map(({ item, result }) => {
      const read = item.section ? element("a", { href: item.section.href, textContent: item.section.text }) : item.topic.title;
      return element("li", {}, `${result.word}: `, read);
    });
    this.show(heading, element("ol", { className: "mtl-done" }, ...rows), again);
    heading.focus();
    this.announce("");
  }
}

mount("practice", Practice);
