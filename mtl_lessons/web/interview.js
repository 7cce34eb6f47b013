/* The page Mock interview: questions against the clock, no verdict until the end, then a report to print or save. */

import { shuffle, wordsOf } from "./bank.js";
import { element } from "./parts.js";
import {
  button,
  clock,
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

/* Questions of a level (all: ""), some of them free answers, in an order of chance. */
function pick(questions, length, { level, topic }) {
  const all = shuffle(
    questions.filter(
      (one) => (!level || one.level === level) && (!topic || one.topic.id === topic),
    ),
  );
  const open = all.filter(({ kind }) => kind.byHand);
  const closed = all.filter(({ kind }) => !kind.byHand);
  const free = Math.max(
    Math.min(open.length, Math.round(OPEN * length)),
    Math.min(open.length, length - closed.length),
  );
  return shuffle([...open.slice(0, free), ...closed.slice(0, length - free)]);
}

class Interview extends Rounds {
  begin() {
    addEventListener("beforeprint", () => this.unfold());
    const length = select(
      this.say.length,
      "length",
      LENGTHS.map((length) => [String(length), this.phrase("length-n", { length })]),
    );
    const pace = select(
      this.say.pace,
      "pace",
      Object.keys(PACES).map((pace) => [pace, this.say[`pace-${pace}`]]),
    );
    this.offer([length, ...this.choices(["level", "topic"]), pace], this.say["interview-start"]);
  }

  /* Draws the questions, and says how many there are and how long they take. */
  count() {
    const { length, level, topic, pace } = this.wanted();
    this.list = pick(this.bank.questions, Number(length), { level, topic });
    this.pace = PACES[pace];
    this.options = [...this.filter.querySelectorAll("select")].map(
      (one) => one.selectedOptions[0].textContent,
    );
    const minutes = Math.ceil(
      (this.pace * this.list.reduce((sum, { seconds }) => sum + seconds, 0)) / 60,
    );
    this.tellFound(
      this.list.length,
      this.phrase(Number.isFinite(minutes) ? "plan" : "plan-unlimited", {
        total: this.list.length,
        minutes,
      }),
    );
  }

  /* What another tab answers changes no interview. */
  heard() {}

  round() {
    this.asked = [];
    this.left = this.limit = this.pace * this.list.reduce((sum, { seconds }) => sum + seconds, 0);
    this.timer = element("p", { className: "mtl-timer" });
    this.timer.setAttribute("role", "timer");
    this.last = performance.now();
    this.ticking = setInterval(() => this.tick(), 250);
    this.leaving = new AbortController();
    addEventListener("beforeunload", (event) => event.preventDefault(), {
      signal: this.leaving.signal,
    });
    this.next();
  }

  next() {
    const item = this.list[this.asked.length];
    if (!item || this.left <= 0) return this.end();
    const question = Object.assign(this.ask(item, this.asked.length + 1, this.list.length), {
      used: 0,
      limit: this.pace * item.seconds,
    });
    question.check.textContent = this.say[item.kind.byHand ? "reveal" : "answer-next"];
    question.again.remove();
    this.forward = button(
      this.say[this.asked.length + 1 < this.list.length ? "next" : "to-report"],
      () => this.next(),
    );
    this.forward.hidden = true;
    const legend = question.form.querySelector("legend");
    if (item === this.followUp)
      legend.append(element("span", { textContent: this.say["follow-up"] }));
    question.form.querySelector(".mtl-buttons").append(
      this.forward,
      button(this.say["interview-end"], () => this.end()),
    );
    this.asked.push(question);
    this.current = question;
    this.show(this.timer, question.form);
    this.tick();
    legend.tabIndex = -1;
    legend.focus();
    this.announce("");
  }

  /* The clocks run while a question waits for its answer, by a time that no setting of the device's clock moves. */
  tick() {
    const now = performance.now(),
      passed = (now - this.last) / 1000,
      { current } = this;
    this.last = now;
    if (!current || current.result) return;
    const before = current.limit - current.used;
    current.used += passed;
    this.left -= passed;
    const after = current.limit - current.used,
      words = (seconds) => clock(Math.max(0, Math.ceil(seconds)));
    const name = after > 0 ? "timer" : "timer-over";
    this.timer.textContent = Number.isFinite(after)
      ? this.phrase(name, { question: words(after), total: words(this.left) })
      : this.phrase("timer-used", {
          question: words(current.used),
          total: words(this.asked.reduce((sum, { used }) => sum + used, 0)),
        });
    this.timer.classList.toggle("mtl-late", after <= WARNING);
    if (before > WARNING && after <= WARNING)
      this.announce(this.phrase("time-short", { seconds: WARNING }));
    if (before > 0 && after <= 0) this.announce(this.say["time-over"]);
    if (this.left <= 0 && this.left + passed > 0) this.announce(this.say["time-all-over"]);
  }

  settled(question, attempt) {
    const followUp = this.bank.byId.get(question.item.next),
      place = this.asked.length;
    if (
      attempt &&
      followUp &&
      place < this.list.length &&
      !this.list.slice(0, place).includes(followUp)
    ) {
      this.followUp = followUp; // it takes the place of a question to come
      this.list = [
        ...this.list.slice(0, place),
        followUp,
        ...this.list.slice(place).filter((one) => one !== followUp),
      ].slice(0, this.list.length);
    }
    if (!question.kind.byHand) return this.next();
    this.forward.hidden = false;
    this.announce(question.result.word);
  }

  end() {
    clearInterval(this.ticking);
    this.leaving.abort();
    this.current = null;
    this.close(...this.report(this.list.map((item, place) => this.row(item, this.asked[place]))));
  }

  /* What became of a question: its score (none if it was not answered), the seconds used, and what was stated. */
  row(item, question) {
    const result = question?.result,
      answered = Boolean(result);
    const score = !answered
      ? 0
      : result.right === undefined
        ? result.points / result.total
        : Number(result.right);
    return {
      item,
      question,
      answered,
      score,
      used: question?.used ?? 0,
      late: question?.used > question?.limit,
      sure: question?.sure(),
    };
  }

  report(rows) {
    const answered = rows.filter((row) => row.answered),
      stated = answered.filter(({ sure }) => sure);
    const used = clock(rows.reduce((sum, row) => sum + row.used, 0));
    const facts = [
      ["report-score", percent(mean(rows.map(({ score }) => score)))],
      ["report-answered", this.phrase("n-of-n", { n: answered.length, total: rows.length })],
      [
        "report-time",
        Number.isFinite(this.limit)
          ? this.phrase("n-of-n", { n: used, total: clock(this.limit) })
          : used,
      ],
      ["report-late", String(rows.filter(({ late }) => late).length)],
      [
        "report-sure",
        stated.length
          ? this.phrase("sure-and-right", {
              sure: percent(mean(stated.map(({ sure }) => sure / 100))),
              right: percent(mean(stated.map(({ score }) => score))),
            })
          : "–",
      ],
    ].map(([name, value]) => [this.say[name], value]);
    const list = element(
      "dl",
      { className: "mtl-facts" },
      ...facts.flatMap(([name, value]) => [
        element("dt", { textContent: name }),
        element("dd", { textContent: value }),
      ]),
    );
    const topics = [...new Map(rows.map(({ item }) => [item.topic.id, item.topic.title]))].map(
      ([id, title]) => {
        const these = rows.filter(({ item }) => item.topic.id === id);
        return [title, String(these.length), percent(mean(these.map(({ score }) => score)))];
      },
    );
    const date = this.phrase("report-title", { date: today() });
    const buttons = element(
      "div",
      { className: "mtl-buttons" },
      button(this.say.print, () => {
        this.unfold();
        print();
      }),
      button(this.say["report-save"], () =>
        saveFile(`mock-interview-${today()}.md`, this.markdown(date, facts, rows), "text/markdown"),
      ),
      this.again(this.say["interview-again"]),
    );
    return [
      this.heading(date),
      element("p", { textContent: this.options.join(" · ") }),
      list,
      buttons,
      table(
        this.say["report-topics"],
        [this.say.topic, this.say.questions, this.say.score],
        topics,
      ),
      element("h3", { textContent: this.say["report-questions"] }),
      ...rows.map((row, place) => this.detail(row, place + 1)),
    ];
  }

  verdict = ({ answered, question }) =>
    answered ? question.result.word : this.say["not-answered"];

  /* A question of the report: its verdict and, folded, the question with its answers. */
  detail(row, number) {
    const form = row.question?.form ?? this.ask(row.item, number, this.list.length).form;
    form.querySelector(".mtl-buttons").remove();
    form.querySelectorAll("input, textarea").forEach((control) => (control.disabled = true));
    const time = row.question ? `, ${clock(row.used)}${row.late ? ` (${this.say.late})` : ""}` : "";
    const stem = wordsOf(form.querySelector(".mtl-stem")).split(/\s+/),
      start = stem.slice(0, WORDS).join(" ") + (stem.length > WORDS ? " …" : "");
    const summary = element("summary", {
      textContent: `${number}. ${this.verdict(row)}${time} · ${start}`,
    });
    const verdict = !row.answered || row.score < 0.5 ? "wrong" : row.score < 1 ? "missed" : "right";
    const node = element("details", { className: "mtl-detail" }, summary, form);
    node.dataset.verdict = verdict;
    if (!row.answered)
      form.querySelectorAll(".mtl-answer, .mtl-after").forEach((part) => (part.hidden = false));
    return node;
  }

  unfold() {
    this.body.querySelectorAll("details").forEach((details) => (details.open = true));
  }

  markdown(title, facts, rows) {
    const line = (row, place) => {
      const text = row.question && row.item.kind.words?.(row.question);
      const quoted = text ? `\n\n> ${text.replaceAll("\n", "\n> ")}` : "";
      const stem = wordsOf(
        (row.question?.form ?? this.ask(row.item, 0, 0).form).querySelector(".mtl-stem"),
      );
      return `## ${place + 1}. ${this.verdict(row)} (${clock(row.used)}${row.late ? `, ${this.say.late}` : ""})\n\n${stem}${quoted}\n\n${row.item.id}`;
    };
    return `# ${title}\n\n${this.options.join(" · ")}\n\n${facts.map(([name, value]) => `- ${name}: ${value}`).join("\n")}\n\n${rows.map(line).join("\n\n")}\n`;
  }
}

mount("interview", Interview);
