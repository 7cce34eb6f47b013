/* The page Mock interview: questions against the clock, no verdict until the end, then a report to
   print or save. */

import { shuffle, wordsOf } from "./bank.js";
import { element } from "./parts.js";
import { scoreOf, store } from "./store.js";
import {
  agree,
  button,
  clock,
  kept,
  mean,
  mount,
  percent,
  Rounds,
  saveFile,
  select,
  table,
  today,
} from "./trainer.js";

const LENGTHS = [5, 10, 15];
const PACES = { interview: 1, double: 2, none: Infinity };
const OPEN = 0.3; // the share of free answers
const WARNING = 15; // seconds
const WORDS = 9; // of a question, in the report
const PASSED = 0.5; // the score below which a question has failed
const PAST = 10; // interviews that are shown

/* An interview that runs, or whose report is shown, outlives a reload and a way back, in its tab. */
const RUNNING = "mtl-lessons:interview";
const running = {
  read() {
    try {
      return JSON.parse(sessionStorage.getItem(RUNNING));
    } catch {
      return null; // forbidden, or not ours
    }
  },

  write(state) {
    try {
      sessionStorage.setItem(RUNNING, JSON.stringify(state));
    } catch {} // forbidden or full: it lasts until the page is left
  },

  drop() {
    try {
      sessionStorage.removeItem(RUNNING);
    } catch {}
  },
};

/* Questions of a level (all: ""), some of them free answers, in an order of chance. */
function pick(questions, length, { level, topic, type }) {
  const asks = (wanted, found) => !wanted || wanted === found;
  const fits = (one) => asks(level, one.level) && asks(topic, one.topic.id) && asks(type, one.type);
  const all = shuffle(questions.filter(fits));
  const open = all.filter(({ kind }) => kind.byHand);
  const closed = all.filter(({ kind }) => !kind.byHand);
  const wanted = Math.max(Math.round(OPEN * length), length - closed.length);
  const free = Math.min(open.length, wanted);
  return shuffle([...open.slice(0, free), ...closed.slice(0, length - free)]);
}

/* Rows by what `name` says of them. */
function grouped(rows, name) {
  const groups = new Map();
  for (const row of rows) groups.set(name(row), [...(groups.get(name(row)) ?? []), row]);
  return groups;
}

/* The controls of a question as Markdown: what could be chosen, and what was. */
function given(form) {
  const fields = form.querySelector("fieldset");
  const desk = fields.querySelector(".mtl-desk-here");
  if (desk) return desk.dataset.code && `\`\`\`python\n${desk.dataset.code}\n\`\`\``;
  const written = fields.querySelector("textarea, input[type=text], input:not([type])");
  if (written) return written.value && `> ${written.value.replaceAll("\n", "\n> ")}`;
  const items = [...fields.querySelectorAll(".mtl-order > li")];
  if (items.length) return items.map((item, i) => `${i + 1}. ${words(item)}`).join("\n");
  const boxes = [...fields.querySelectorAll("input")];
  return boxes
    .map((box) => `- [${box.checked ? "x" : " "}] ${words(box.closest("label"))}`)
    .join("\n");
}

/* The text of an option in one line, without its buttons. */
function words(node) {
  const copy = node.cloneNode(true);
  copy.querySelectorAll("button, .mtl-drag, .mtl-mark").forEach((part) => part.remove());
  return wordsOf(copy).replace(/\s+/g, " ");
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

class Interview extends Rounds {
  begin() {
    addEventListener("beforeprint", () => this.unfold());
    const given = this.given();
    const lengths = LENGTHS.map((length) => [String(length), this.phrase("length-n", { length })]);
    const paces = Object.keys(PACES).map((pace) => [pace, this.say[`pace-${pace}`]]);
    const length = select(this.say.length, "length", lengths, given.length);
    const pace = select(this.say.pace, "pace", paces, given.pace);
    const choices = this.choices(["level", "topic", "type"], given);
    this.offer([length, ...choices, pace], this.say["interview-start"]);
    addEventListener("pagehide", () => this.keep());
    this.resume();
  }

  /* An interview begins with all topics and levels. */
  given() {
    return { topic: "", level: "", type: "", ...kept.read(this.name) };
  }

  setUp() {
    super.setUp();
    this.body.append(...this.past());
  }

  /* Draws the questions, and says how many there are and how long they take. */
  count() {
    const { length, level, topic, type, pace } = this.wanted();
    this.list = pick(this.bank.questions, Number(length), { level, topic, type });
    this.pace = PACES[pace];
    const selects = [...this.filter.querySelectorAll("select")];
    this.options = selects.map((one) => one.selectedOptions[0].textContent);
    const total = this.list.length;
    const minutes = Math.ceil(this.seconds() / 60);
    const plan = Number.isFinite(minutes) ? "plan" : "plan-unlimited";
    this.tellFound(total, this.phrase(plan, { total, minutes }));
  }

  /* How long the interview may take. */
  seconds() {
    return this.pace * sum(this.list.map(({ seconds }) => seconds));
  }

  /* What another tab answers changes no interview. */
  heard() {}

  round() {
    this.withTexts(this.list, () => this.start());
  }

  start() {
    const { level, topic, pace } = this.wanted();
    this.choice = { level, topic, pace };
    this.asked = [];
    this.ended = null;
    this.left = this.limit = this.seconds();
    this.runClock();
    this.next();
  }

  runClock() {
    this.timer = element("p", { className: "mtl-timer" });
    this.timer.setAttribute("role", "timer");
    this.last = performance.now();
    this.ticking = setInterval(() => this.tick(), 250);
  }

  next() {
    const item = this.list[this.asked.length];
    if (!item || this.left <= 0) return this.end();
    this.pose(item);
    this.showCurrent("");
    this.keep();
  }

  /* Makes the question that is asked next. */
  pose(item) {
    const question = this.ask(item, this.asked.length + 1, this.list.length);
    Object.assign(question, { used: 0, limit: this.pace * item.seconds });
    this.addButtons(question);
    if (item === this.followUp) {
      const mark = element("span", { textContent: this.say["follow-up"] });
      question.form.querySelector("legend").append(mark);
    }
    this.asked.push(question);
    this.current = question;
    return question;
  }

  showCurrent(words, ...notes) {
    const { form } = this.current;
    const legend = form.querySelector("legend");
    this.show(...notes, this.timer, form);
    this.showTime();
    legend.tabIndex = -1;
    legend.focus();
    this.announce(words);
  }

  /* ---- an interview that goes on ---- */

  /* Keeps where it stands; of each question, what was answered or is chosen. */
  keep() {
    if (!this.asked) return;
    const { choice, options, limit, left, followUp, ended } = this;
    const asked = this.asked.map((question) => ({
      edition: question.form.dataset.edition,
      answer: question.kind.read(question),
      isAnswered: Boolean(question.result),
      givenUp: question.givenUp,
      reviewed: question.reviewed,
      used: question.used,
      sure: question.sure(),
    }));
    const ids = this.list.map(({ id }) => id);
    const at = Date.now();
    running.write({ ids, choice, options, limit, left, follow: followUp?.id, ended, asked, at });
  }

  /* Goes on with what the tab has kept, if the bank still has all of it. */
  resume() {
    const state = running.read();
    const list = (state?.ids ?? []).map((id) => this.bank.byId.get(id));
    if (list.length && list.every(Boolean)) this.withTexts(list, () => this.goOn(state, list));
  }

  goOn(state, list) {
    const { choice, options, limit, left, follow, ended } = state;
    Object.assign(this, { list, choice, options, ended, asked: [] });
    this.pace = PACES[choice.pace];
    this.limit = limit ?? Infinity; // which JSON does not know
    this.left = left ?? Infinity;
    this.followUp = this.bank.byId.get(follow);
    for (const [place, was] of state.asked.entries()) this.putBack(list[place], was);
    if (ended) return this.close(...this.report(this.rows()));
    const { current } = this;
    this.runClock();
    if (current.result) return this.showCurrent(current.result.word); // the clock stands
    const away = Math.max(0, (Date.now() - state.at) / 1000);
    current.used += away;
    this.left -= away;
    const words = [this.phrase("went-on", { time: clock(away) })];
    if (this.left <= 0) words.push(this.say["time-all-over"]);
    const textContent = words.join(" ");
    this.showCurrent(textContent, element("p", { className: "mtl-notice", textContent }));
  }

  /* A question as it was left, where it is still the same. */
  putBack(item, { edition, answer, isAnswered, givenUp, reviewed, used, sure }) {
    const question = this.pose(item);
    Object.assign(question, { used, givenUp, reviewed });
    const box = question.sureness.querySelector(`[value="${sure}"]`);
    if (box) box.checked = true;
    if (edition !== question.form.dataset.edition || !question.kind.fits(question, answer)) return;
    question.kind.write(question, answer);
    if (!isAnswered) return;
    question.show(answer);
    this.closeAnswer(question);
  }

  addButtons(question) {
    question.check.textContent = this.say[question.kind.byHand ? "reveal" : "answer-next"];
    question.again.remove();
    const isLast = this.asked.length + 1 === this.list.length;
    this.forward = button(this.say[isLast ? "to-report" : "next"], () => this.next());
    this.forward.hidden = true;
    const unknown = button(this.say["dont-know"], () => this.giveUp(question));
    const end = button(this.say["interview-end"], () => this.askToEnd());
    question.check.after(unknown);
    question.unknown = unknown;
    question.form.querySelector(":scope > .mtl-buttons").append(this.forward, end);
  }

  /* A question that is not known counts as a wrong answer does. */
  giveUp(question) {
    question.givenUp = true;
    store.recall(question.item.id, { score: 0 });
    this.next();
  }

  async askToEnd() {
    const left = this.list.length - this.asked.filter(({ result }) => result).length;
    const text = this.phrase("end-ask", { left });
    if (!left || (await agree(text, this.say["end-yes"], this.say["end-no"]))) this.end();
  }

  /* The clocks run while a question waits for its answer, by a time that no setting of the
     device's clock moves. */
  tick() {
    const now = performance.now();
    const passed = (now - this.last) / 1000;
    this.last = now;
    const { current } = this;
    if (!current || current.result || current.givenUp) return;
    const before = current.limit - current.used;
    current.used += passed;
    this.left -= passed;
    const after = current.limit - current.used;
    this.showTime();
    if (before > WARNING && after <= WARNING) {
      this.announce(this.phrase("time-short", { seconds: WARNING }));
    }
    if (before > 0 && after <= 0) this.announce(this.say["time-over"]);
    if (this.left <= 0 && this.left + passed > 0) this.announce(this.say["time-all-over"]);
  }

  showTime() {
    const { current } = this;
    const after = current.limit - current.used;
    this.timer.textContent = this.times(current, after);
    this.timer.classList.toggle("mtl-late", after <= WARNING);
  }

  /* What the clock shows: the time that is `after` now or, without a limit, the time used. */
  times(current, after) {
    const words = (seconds) => clock(Math.max(0, Math.ceil(seconds)));
    if (!Number.isFinite(after)) {
      const total = sum(this.asked.map(({ used }) => used));
      return this.phrase("timer-used", { question: words(current.used), total: words(total) });
    }
    const name = after > 0 ? "timer" : "timer-over";
    return this.phrase(name, { question: words(after), total: words(this.left) });
  }

  settled(question, attempt) {
    if (attempt) this.insert(this.bank.byId.get(question.item.next));
    if (!question.kind.byHand) return this.next();
    this.closeAnswer(question);
    this.keep();
    this.announce(question.result.word);
  }

  /* After a free answer its reader scores it, and goes on. */
  closeAnswer(question) {
    this.forward.hidden = false;
    question.unknown.hidden = true;
  }

  /* A question that follows up takes the place of one to come, if it is one of those asked for. */
  insert(followUp) {
    const place = this.asked.length;
    const past = this.list.slice(0, place);
    if (!followUp || place === this.list.length || past.includes(followUp)) return;
    const { level, topic } = this.choice;
    if ((level && followUp.level !== level) || (topic && followUp.topic.id !== topic)) return;
    this.followUp = followUp;
    const others = this.list.slice(place).filter((one) => one !== followUp);
    this.list = [...past, followUp, ...others].slice(0, this.list.length);
  }

  end() {
    clearInterval(this.ticking);
    this.current = null;
    this.ended = today();
    this.keep();
    const rows = this.rows();
    store.keepInterview(this.summary(rows));
    this.close(...this.report(rows));
  }

  rows() {
    return this.list.map((item, place) => this.row(item, this.asked[place]));
  }

  /* Whoever wants another interview has read the report. */
  again(text) {
    const node = super.again(text);
    node.addEventListener("click", () => {
      this.asked = null;
      running.drop();
    });
    return node;
  }

  /* ---- the report ---- */

  /* What became of a question: its score (none if it was not answered), the seconds used, and what
     was stated. */
  row(item, question) {
    const result = question?.result;
    const used = question?.used ?? 0;
    const late = used > question?.limit;
    const answered = Boolean(result || question?.givenUp);
    const score = scoreOf(result ?? {}) ?? 0;
    return { item, question, answered, score, used, late, sure: question?.sure() };
  }

  report(rows) {
    const title = this.phrase("report-title", { date: this.ended });
    const facts = this.facts(rows).map(([name, value]) => [this.say[name], value]);
    const terms = facts.flatMap(([name, value]) => [
      element("dt", { textContent: name }),
      element("dd", { textContent: value }),
    ]);
    return [
      this.heading(title),
      element("p", { textContent: this.options.join(" · ") }),
      element("dl", { className: "mtl-facts" }, ...terms),
      this.buttons(() => this.markdown(title, facts, rows)),
      this.byLevel(rows),
      this.byTopic(rows),
      ...this.toRead(rows),
      element("h3", { textContent: this.say["report-questions"] }),
      ...rows.map((row, place) => this.detail(row, place + 1)),
    ];
  }

  facts(rows) {
    const answered = rows.filter((row) => row.answered).length;
    const used = clock(sum(rows.map((row) => row.used)));
    const limit = Number.isFinite(this.limit) && clock(this.limit);
    return [
      ["report-score", percent(mean(rows.map(({ score }) => score)))],
      ["report-answered", this.phrase("n-of-n", { n: answered, total: rows.length })],
      ["report-time", limit ? this.phrase("n-of-n", { n: used, total: limit }) : used],
      ["report-late", String(rows.filter(({ late }) => late).length)],
      ["report-sure", this.confidence(rows)],
    ];
  }

  confidence(rows) {
    const stated = rows.filter(({ answered, sure }) => answered && sure);
    if (!stated.length) return "–";
    const sure = percent(mean(stated.map((row) => row.sure / 100)));
    const right = percent(mean(stated.map((row) => row.score)));
    return this.phrase("sure-and-right", { sure, right });
  }

  buttons(markdown) {
    const paper = button(this.say.print, () => {
      this.unfold();
      print();
    });
    const save = button(this.say["report-save"], () => {
      saveFile(`mock-interview-${this.ended}.md`, markdown(), "text/markdown");
    });
    const again = this.again(this.say["interview-again"]);
    return element("div", { className: "mtl-buttons" }, paper, save, again);
  }

  byTopic(rows) {
    const found = grouped(rows, ({ item }) => item.topic.title);
    return this.scores("report-topics", "topic", found);
  }

  byLevel(rows) {
    const levels = this.bank.levels.filter((level) =>
      rows.some(({ item }) => item.level === level),
    );
    const name = ({ item }) => this.say[`level-${item.level}`];
    const found = grouped(rows, name);
    const ordered = levels.map((level) => this.say[`level-${level}`]);
    return this.scores(
      "report-levels",
      "level",
      new Map(ordered.map((one) => [one, found.get(one)])),
    );
  }

  scores(caption, first, groups) {
    const lines = [...groups].map(([name, rows]) => {
      const scores = rows.map(({ score }) => score);
      return [name, String(scores.length), percent(mean(scores))];
    });
    return table(this.say[caption], [this.say[first], this.say.questions, this.say.score], lines);
  }

  /* The sections of what failed, and a round of it. */
  toRead(rows) {
    const failed = rows.filter(({ score }) => score < PASSED).map(({ item }) => item);
    if (!failed.length) return [];
    const sections = new Map(failed.map(({ section }) => [section?.href, section]));
    sections.delete(undefined);
    const links = [...sections.values()].map(({ href, text }) =>
      element("li", {}, element("a", { href, textContent: text })),
    );
    const href = `practice.html?questions=${failed.map(({ id }) => id).join()}`;
    const textContent = this.phrase("practise-failed", { total: failed.length });
    const parts = [element("p", {}, element("a", { href, textContent }))];
    if (!links.length) return parts;
    const heading = element("h3", { textContent: this.say["read-these"] });
    return [heading, element("ul", {}, ...links), ...parts];
  }

  /* ---- earlier interviews ---- */

  /* What is kept of an interview. */
  summary(rows) {
    const name = ({ item }) => item.level;
    const levels = [...grouped(rows, name)].map(([level, these]) => [
      level,
      mean(these.map(({ score }) => score)),
    ]);
    const score = mean(rows.map((row) => row.score));
    return { time: Date.now(), total: rows.length, score, levels: Object.fromEntries(levels) };
  }

  past() {
    const all = store.interviews().slice(-PAST).reverse();
    if (!all.length) return [];
    const head = ["date", "questions", "score"].map((name) => this.say[name]);
    const levels = this.bank.levels.map((level) => this.say[`level-${level}`]);
    const lines = all.map(({ time, total, score, levels: by }) => [
      new Date(time).toISOString().slice(0, 10),
      String(total),
      percent(score),
      ...this.bank.levels.map((level) => percent(by[level])),
    ]);
    const heading = element("h2", { textContent: this.say.past });
    return [heading, table(this.say["past-caption"], [...head, ...levels], lines)];
  }

  /* A question of the report: its verdict and, folded, the question with its answers. */
  detail(row, number) {
    const form = this.formOf(row, number);
    form.querySelector(":scope > .mtl-buttons").remove();
    for (const desk of form.querySelectorAll(".mtl-desk-here"))
      desk.replaceChildren(element("pre", { textContent: desk.dataset.code ?? "" }));
    form.querySelector("[role=heading]").ariaLevel = "4"; // below that of all questions
    form.querySelectorAll("input, textarea").forEach((control) => (control.disabled = true));
    if (!row.question?.result) {
      form.querySelectorAll(".mtl-answer, .mtl-after").forEach((part) => (part.hidden = false));
    }
    const words = wordsOf(form.querySelector(".mtl-stem")).split(/\s+/);
    const start = words.slice(0, WORDS).join(" ") + (words.length > WORDS ? " …" : "");
    const late = row.late ? ` (${this.say.late})` : "";
    const time = row.question ? `, ${clock(row.used)}${late}` : "";
    const textContent = `${number}. ${this.verdict(row)}${time} · ${start}`;
    const summary = element("summary", { textContent });
    const node = element("details", { className: "mtl-detail" }, summary, form);
    node.dataset.verdict = row.score < 0.5 ? "wrong" : row.score < 1 ? "missed" : "right";
    return node;
  }

  formOf({ item, question }, number) {
    return question?.form ?? this.ask(item, number, this.list.length).form;
  }

  verdict({ answered, question }) {
    if (question?.givenUp) return this.say["did-not-know"];
    return answered ? question.result.word : this.say["not-answered"];
  }

  unfold() {
    this.body.querySelectorAll("details").forEach((details) => (details.open = true));
  }

  /* The report as a file. */
  markdown(title, facts, rows) {
    const list = facts.map(([name, value]) => `- ${name}: ${value}`).join("\n");
    const parts = [`# ${title}`, this.options.join(" · "), list];
    rows.forEach((row, place) => parts.push(...this.lines(row, place + 1)));
    return `${parts.join("\n\n")}\n`;
  }

  lines(row, number) {
    const late = row.late ? `, ${this.say.late}` : "";
    const head = `## ${number}. ${this.verdict(row)} (${clock(row.used)}${late})`;
    const form = this.formOf(row, number);
    const stem = wordsOf(form.querySelector(".mtl-stem"));
    const answer = wordsOf(form.querySelector(".mtl-answer")).replace(/\s*\n\s*/g, "\n");
    const link = new URL(`question/${row.item.id}.html`, location.href).href;
    return [head, stem, given(form), `**${this.say["right-answer"]}.** ${answer}`, link].filter(
      Boolean,
    );
  }
}

mount("interview", Interview);
