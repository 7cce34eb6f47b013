/* The page Today: what is due, where reading stopped, what to do until an interview, and what was
   done. All of it is derived from the log (facts.js, plan.js); kept is only what the plan is set to. */

import { standing } from "./bank.js";
import { longDay, shortDay, weekday } from "./dates.js";
import { dayAfter, daysBetween, isoDay } from "./days.js";
import { calendar, chaptersOf, factsOf, nextSection, streak, topicsOf } from "./facts.js";
import { loadOutline } from "./outline.js";
import { element } from "./parts.js";
import { daysLeft, LONGEST, planOf, spentOn, workOf } from "./plan.js";
import { store } from "./store.js";
import { button, mean, mount, percent, select, table, Trainer } from "./trainer.js";

const ROUND = 20; // reviews that one button starts
const WEEK = 7; // days of the plan that are shown at once
const PAST = 10; // interviews that are shown
const MINUTES = { value: 30, least: 5, most: 600 };
const MANY = [15, 5, 1]; // facts of a day, by which it stands out
const KINDS = ["question", "section", "interview"]; // of facts, as they are told

const SVG = "http://www.w3.org/2000/svg";

const minutesOf = (seconds) => Math.max(1, Math.round(seconds / 60));
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

function shape(name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

/* A share from 0 to 1 as a bar. Beside it stands what it says. */
function bar(share) {
  const size = { viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" };
  const svg = shape("svg", { ...size, class: "mtl-share" });
  svg.append(shape("rect", { class: "mtl-whole", width: 100, height: 8 }));
  svg.append(shape("rect", { class: "mtl-part", width: 100 * share, height: 8 }));
  return svg;
}

/* Bars, each with its name before it and its numbers behind it. */
const bars = (rows) =>
  element(
    "ul",
    { className: "mtl-bars" },
    ...rows.map(([name, share, textContent]) =>
      element("li", {}, name, bar(share), element("span", { textContent })),
    ),
  );

const paragraph = (textContent) => element("p", { textContent });
const link = (href, textContent) => element("a", { href, textContent });

class Today extends Trainer {
  async begin() {
    this.first = element("div");
    this.result = element("div");
    this.rest = element("div", { className: "mtl-rest" });
    await this.load();
    this.form = this.settings();
    this.fillIn();
    const heading = element("h2", { textContent: this.say.until });
    this.show(this.first, heading, this.form, this.result, this.rest);
    this.draw();
    this.announce("");
    document.addEventListener("visibilitychange", () => document.hidden || this.draw());
  }

  /* Without the outline, what is said of reading is left out. */
  async load() {
    try {
      this.chapters = (await loadOutline()).chapters;
    } catch {
      this.chapters = [];
      this.notices.append(element("p", { className: "mtl-notice", textContent: this.say.lost }));
    }
  }

  heard() {
    if (!this.form) return;
    if (!this.form.contains(document.activeElement)) this.fillIn();
    this.draw();
    this.announce(this.say["progress-heard"]);
  }

  draw() {
    this.now = Date.now();
    this.state = store.state();
    this.facts = factsOf(this.state);
    const { questions } = this.state;
    this.standings = this.bank.questions.map((one) => standing(one, questions, this.now));
    const isNew = !this.facts.length;
    this.first.replaceChildren(...(isNew ? this.start() : [...this.due(), ...this.reading()]));
    this.dropping.hidden = !this.state.plan?.date;
    this.result.replaceChildren(...this.plan());
    const pictures = () => [...this.topics(), ...this.weeks(), ...this.interviews()];
    this.rest.replaceChildren(...(isNew ? [] : pictures()));
  }

  title = (name) => element("h2", { textContent: this.say[name] });

  /* ---- for whoever begins ---- */

  start() {
    const [topic] = this.bank.topics;
    const [level] = this.bank.levels;
    const questions = `practice.html?topic=${encodeURIComponent(topic.id)}&level=${level}`;
    const steps = [
      link(questions, this.phrase("start-questions", { topic: topic.title })),
      this.say["start-plan"],
    ];
    const next = nextSection(this.chapters, {});
    if (next) {
      const { chapter, section, minutes } = next;
      const values = { number: chapter.number, title: chapter.title, minutes: Math.round(minutes) };
      steps.unshift(link(section.href, this.phrase("start-reading", values)));
    }
    const list = element("ol", {}, ...steps.map((step) => element("li", {}, step)));
    return [this.title("start-here"), list];
  }

  /* ---- due, and next to read ---- */

  due() {
    const due = this.standings.filter((one) => one.due).sort((a, b) => a.recall - b.recall);
    if (!due.length) return [this.title("due-now"), this.nothingDue()];
    const seconds = sum(due.map(({ question }) => question.seconds));
    const round = due.slice(0, ROUND).map(({ question }) => question.id);
    const values = { total: due.length, round: round.length, minutes: minutesOf(seconds) };
    const go = link(
      `practice.html?questions=${round.join()}`,
      this.phrase(round.length < due.length ? "review-some" : "review-all", values),
    );
    go.className = "mtl-go";
    const cards = link("cards.html?topic=&level=", this.say["as-cards"]);
    return [
      this.title("due-now"),
      paragraph(this.phrase("due-words", values)),
      element("p", { className: "mtl-buttons" }, go, cards),
    ];
  }

  nothingDue() {
    const coming = this.standings.filter(({ state }) => state);
    const practice = link("practice.html", this.say["due-new"]);
    if (!coming.length) return element("p", {}, this.say["due-none"], " ", practice);
    const day = Math.min(...coming.map(({ state }) => daysBetween(this.now, state.due)));
    const these = coming.filter(({ state }) => daysBetween(this.now, state.due) === day);
    const values = { day: longDay.format(dayAfter(this.now, day)), total: these.length };
    return element("p", {}, this.phrase("due-later", values), " ", practice);
  }

  reading() {
    if (!this.chapters.length) return [];
    const next = nextSection(this.chapters, this.state.reading);
    if (!next) return [this.title("read-next"), paragraph(this.say["read-all"])];
    const { chapter, section, minutes } = next;
    const [{ read, total }] = chaptersOf([chapter], this.state.reading);
    const place = this.phrase("read-place", { number: chapter.number, section: section.title });
    const values = { read, total, minutes: minutesOf(60 * minutes) };
    return [
      this.title("read-next"),
      element("p", {}, link(section.href, place), " ", this.phrase("read-left", values)),
    ];
  }

  /* ---- the plan ---- */

  /* What the plan is set to. */
  settings() {
    const label = (name, field) =>
      element("label", { className: "mtl-choice" }, this.say[name], field);
    const day = element("input", { type: "date", name: "date", required: true });
    day.min = isoDay(dayAfter(Date.now(), 1));
    day.max = isoDay(dayAfter(Date.now(), LONGEST));
    const amount = element("input", { type: "number", name: "minutes", required: true });
    Object.assign(amount, { min: MINUTES.least, max: MINUTES.most });
    const levels = this.bank.levels.map((one) => [one, this.say[`up-to-${one}`]]);
    const reads = ["yes", "no"].map((one) => [one, this.say[`read-${one}`]]);
    this.dropping = button(this.say["plan-drop"], () => this.drop());
    const make = button(this.say["plan-make"], null, "submit");
    const form = element(
      "form",
      { className: "mtl-filter", autocomplete: "off" },
      label("date-of", day),
      label("minutes-a-day", amount),
      select(this.say["what-questions"], "level", levels),
      select(this.say["what-reading"], "read", reads),
      element("div", { className: "mtl-buttons" }, make, this.dropping),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.keep(Object.fromEntries(new FormData(form)));
    });
    return form;
  }

  /* Puts into the form what is kept. */
  fillIn() {
    const { date = "", minutes = MINUTES.value, level, read = true } = store.state().plan ?? {};
    const values = { date, minutes, level: this.upTo(level), read: read ? "yes" : "no" };
    for (const [name, value] of Object.entries(values)) this.form.elements[name].value = value;
  }

  /* The highest level that is wanted: all of them, where none of the bank's was chosen. */
  upTo = (level) => (this.bank.levels.includes(level) ? level : this.bank.levels.at(-1));

  keep({ date, minutes, level, read }) {
    store.keepPlan({ date, minutes: Number(minutes), level, read: read === "yes" });
    this.draw();
    this.announce(this.result.firstChild.textContent);
  }

  drop() {
    store.keepPlan(null);
    this.fillIn();
    this.draw();
    this.form.elements.date.focus();
    this.announce(this.say["plan-dropped"]);
  }

  plan() {
    const { date, minutes, level, read } = this.state.plan ?? {};
    if (!date) return [paragraph(this.say["plan-none"])];
    const days = daysLeft(date, this.now);
    if (!days) return [paragraph(this.say["plan-past"])];
    const task = this.task({ level, read });
    const { total, left, needed, fits, ...plan } = planOf(task, { date, minutes }, this.now);
    const values = { date: longDay.format(dayAfter(this.now, days)), days, minutes, needed };
    const parts = [
      this.phrase(fits ? "plan-fits" : needed ? "plan-short" : "plan-never", values),
      this.phrase("plan-reach", total),
    ];
    if (!fits) parts.push(this.phrase("plan-left", left));
    if (task.spent) parts.push(this.phrase("plan-spent", { minutes: minutesOf(task.spent) }));
    const words = element("div", { className: "mtl-fit" }, ...parts.map(paragraph));
    words.dataset.fits = fits;
    return [words, ...this.days(plan.days)];
  }

  /* What there is to do, and how much of today is gone. */
  task({ level, read }) {
    const { levels } = this.bank;
    const wanted = levels.slice(0, levels.indexOf(this.upTo(level)) + 1);
    const { reading } = this.state;
    const work = workOf(this.chapters, this.standings, { levels: wanted, reading, read });
    const cards = this.standings
      .filter(({ state }) => state)
      .map(({ question, state }) => ({ seconds: question.seconds, state }));
    const seconds = new Map(this.bank.questions.map((one) => [one.id, one.seconds]));
    for (const { id, minutes } of this.chapters.flatMap(({ sections }) => sections))
      seconds.set(id, 60 * minutes);
    return { work, cards, spent: spentOn(this.facts, seconds, this.now) };
  }

  days(rows) {
    const head = ["day", "new-questions", "reviews", "sections", "minutes"].map(
      (name) => this.say[name],
    );
    const cells = ({ question, review, section, seconds }, day) => [
      day === 0 ? this.say.now : longDay.format(dayAfter(this.now, day)),
      ...[question, review, section].map(String),
      String(Math.round(seconds / 60)),
    ];
    const all = rows.map(cells);
    const first = table(this.say["plan-caption"], head, all.slice(0, WEEK));
    if (all.length <= WEEK) return [first];
    const summary = element("summary", {
      textContent: this.phrase("plan-more", { days: all.length - WEEK }),
    });
    const more = table(this.say["plan-more-caption"], head, all.slice(WEEK));
    return [first, element("details", { className: "mtl-more" }, summary, more)];
  }

  /* ---- what was done ---- */

  topics() {
    const { judged, others } = topicsOf(this.bank.topics, this.standings);
    const parts = [this.title("your-topics")];
    if (judged.length > 1) {
      const names = { strongest: judged[0].topic.title, weakest: judged.at(-1).topic.title };
      parts.push(paragraph(this.phrase("strong-and-weak", names)));
    }
    const rows = judged.map(({ topic, score, answered, total, mastered }) => {
      const name = link(`practice.html?topic=${encodeURIComponent(topic.id)}`, topic.title);
      const values = { score: percent(score), answered, total, mastered };
      return [name, score, this.phrase("topic-words", values)];
    });
    if (rows.length) parts.push(bars(rows));
    if (others.length) {
      const names = others.map(({ topic }) => topic.title).join("; ");
      parts.push(paragraph(this.phrase("topics-open", { names })));
    }
    return parts;
  }

  weeks() {
    const weeks = calendar(this.facts, this.now);
    const past = weeks.flat().filter(({ ahead }) => !ahead);
    const total = (kind) => sum(past.map(({ counts }) => counts[kind] ?? 0));
    const active = past.filter(({ counts }) => sum(Object.values(counts)));
    const values = Object.fromEntries(KINDS.map((kind) => [kind, total(kind)]));
    const row = streak(this.facts, this.now);
    const words = [this.phrase("weeks-words", { ...values, days: active.length })];
    if (row > 1) words.push(this.phrase("weeks-row", { row }));
    const days = active.map((day) => element("li", { textContent: this.dayWords(day) }));
    const summary = element("summary", { textContent: this.say["weeks-list"] });
    const list = element("details", { className: "mtl-more" }, summary, element("ul", {}, ...days));
    return [
      this.title("weeks"),
      paragraph(words.join(" ")),
      this.grid(weeks),
      ...(days.length ? [list] : []),
    ];
  }

  dayWords({ day, counts }) {
    const told = KINDS.filter((kind) => counts[kind]).map((kind) =>
      this.phrase(`count-${kind}`, { total: counts[kind] }),
    );
    const values = { day: longDay.format(day), what: told.join(", ") || this.say.nothing };
    return this.phrase("day-words", values);
  }

  /* A row for each week, a column for each day of it. */
  grid(weeks) {
    const names = weeks[0].map(({ day }) => weekday.format(day));
    const rows = weeks.map((week) => [
      shortDay.format(week[0].day),
      ...week.map((day) => this.cell(day)),
    ]);
    const node = table(this.say["weeks-caption"], [this.say["week-of"], ...names], rows);
    node.classList.add("mtl-weeks");
    return node;
  }

  cell(day) {
    if (day.ahead) return "";
    const total = sum(Object.values(day.counts));
    const seen = element("span", { textContent: total || "·", ariaHidden: "true" });
    seen.dataset.amount = MANY.filter((least) => total >= least).length;
    const heard = element("span", { className: "mtl-unseen", textContent: this.dayWords(day) });
    return element("span", { className: "mtl-day-of" }, seen, heard);
  }

  interviews() {
    const all = this.facts.filter(({ kind }) => kind === "interview");
    if (!all.length) return [];
    const rows = all
      .slice(-PAST)
      .map(({ time, score, total }) => [
        element("span", { textContent: longDay.format(time) }),
        score,
        this.phrase("interview-words", { score: percent(score), total }),
      ]);
    const before = all.slice(0, -1).map(({ score }) => score);
    const values = { last: percent(all.at(-1).score), before: percent(mean(before)) };
    const words = this.phrase("interview-trend", { ...values, total: before.length });
    return [
      this.title("interview-scores"),
      ...(before.length ? [paragraph(words)] : []),
      bars(rows),
    ];
  }
}

mount("today", Today);
