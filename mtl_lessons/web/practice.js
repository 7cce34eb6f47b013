/* The page Practice: questions by topic, level and type, those that are due first; the next step of
   the path through the book. */

import { standing, WHICH_NAMES } from "./bank.js";
import { element } from "./parts.js";
import { store } from "./store.js";
import { button, kept, mount, Rounds, select } from "./trainer.js";

const KNOWN = 0.8; // the share of a step that is known when the next is due
const ROUND = "practice-round";

class Practice extends Rounds {
  begin() {
    const given = this.given();
    const names = WHICH_NAMES.map((name) => [name, this.say[`which-${name}`]]);
    const which = select(this.say.which, "which", names, given.which);
    const choices = this.choices(["topic", "level", "type", "amount"], given);
    this.path = element("div", { className: "mtl-path" });
    this.offer([this.path, which, ...choices], this.say.start);
    this.resume(this.questions(given.questions));
  }

  setUp() {
    this.showStep();
    super.setUp();
  }

  questions(ids = "") {
    return ids
      .split(",")
      .map((id) => this.bank.byId.get(id))
      .filter(Boolean);
  }

  /* A round that was named in the address, or that was not finished when the page was left. */
  resume(named) {
    const left = this.questions(kept.read(ROUND).ids);
    if (named.length) {
      history.replaceState(null, "", location.pathname);
      this.goThrough(named);
    } else if (left.length) {
      this.goThrough(left);
    }
  }

  round() {
    this.goThrough(this.chosen().map(({ question }) => question));
  }

  goThrough(questions) {
    this.withTexts(questions, () => {
      this.queue = questions;
      this.done = [];
      this.next();
    });
  }

  next() {
    const item = this.queue.shift();
    if (!item) return this.end();
    this.keep([item, ...this.queue]);
    const number = this.done.length + 1;
    this.asked = this.ask(item, number, number + this.queue.length);
    this.forward = button(this.say.skip, () => this.next());
    const stop = button(this.say.stop, () => this.end());
    this.asked.form.querySelector(":scope > .mtl-buttons").append(this.forward, stop);
    this.show(this.asked.form);
    this.asked.form.querySelector("legend").tabIndex = -1;
    this.asked.form.querySelector("legend").focus();
    this.announce("");
  }

  keep(questions) {
    kept.write(ROUND, { ids: questions.map(({ id }) => id).join() });
  }

  settled({ name, result, item }, attempt) {
    this.note(item, result, attempt);
    if (attempt) this.follow(this.bank.byId.get(item.next));
    this.keep(this.queue);
    this.forward.textContent = this.say[this.queue.length ? "next" : "finish"];
    this.announce(this.phrase("graded", { question: name, verdict: result.word }));
  }

  /* Offers the question that follows up; whoever takes it has one more in the round. */
  follow(question) {
    if (!question || this.done.some(({ item }) => item === question)) return;
    const extra = button(this.say["next-follow-up"], () => {
      this.queue = [question, ...this.queue.filter((one) => one !== question)];
      this.next();
    });
    this.forward.before(extra);
  }

  /* The first result of a question counts; of one that its reader grades, the last. */
  note(item, result, attempt) {
    const known = this.done.find((one) => one.item === item);
    if (!known && attempt) this.done.push({ item, result });
    else if (known && result.right === undefined) known.result = result;
  }

  end() {
    this.keep([]);
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

  /* ---- the path: each topic's junior questions, then the seniors', then the rest ---- */

  showStep() {
    const step = this.step();
    this.path.hidden = !step;
    if (!step) return;
    const { topic, level, known, total } = step;
    const values = { topic: topic.title, level: this.say[`level-${level}`], known, total };
    const words = element("p", { textContent: this.phrase("path", values) });
    const take = button(this.say["path-take"], () => {
      const { elements } = this.filter;
      Object.assign(elements.topic, { value: topic.id });
      Object.assign(elements.level, { value: level });
      for (const name of ["type", "which"]) elements[name].selectedIndex = 0;
      this.count();
      this.filter.requestSubmit();
    });
    this.path.replaceChildren(words, take);
  }

  /* The first topic and level of which too little is known; undefined where there is none. */
  step() {
    const entries = store.read();
    for (const level of this.bank.levels) {
      for (const topic of this.bank.topics) {
        const fits = (one) => one.topic === topic && one.level === level;
        const all = this.bank.questions.filter(fits).map((one) => standing(one, entries));
        const known = all.filter(({ score }) => score >= 0.5).length;
        if (known < KNOWN * all.length) return { topic, level, known, total: all.length };
      }
    }
  }
}

mount("practice", Practice);
