/* The page Progress: score, confidence and recall by topic, how well stated confidence fits, what to read again; and the progress
   itself as a file, out and in. */

import { standing } from "./bank.js";
import { element } from "./parts.js";
import { SURE } from "./question.js";
import { readBackup, writeBackup } from "./backup.js";
import { store } from "./store.js";
import { button, mean, mount, percent, saveFile, table, today, Trainer } from "./trainer.js";

const WEAKEST = 8; // sections shown
const WEAK = 0.8; // a section that scores less is one to read again

const scores = (standings) => standings.filter(({ score }) => score !== undefined);

/* The reviews in which the reader said how sure he was. */
const stated = (standings) =>
  standings.flatMap(({ reviews }) => reviews.filter(({ sure }) => SURE.includes(sure)));

/* What was stated against what was right: by stated confidence, and the Brier score (0 is perfect, 0.25 is a coin's). */
export function calibration(reviews) {
  const bins = SURE.map((sure) => reviews.filter((review) => review.sure === sure)).map((all) => [
    all.length,
    mean(all.map(({ score }) => score)),
  ]);
  return { bins, brier: mean(reviews.map(({ score, sure }) => (score - sure / 100) ** 2)) };
}

/* Sections of chapters by how their questions were answered, the weakest first. */
export function sections(standings) {
  const groups = new Map();
  for (const one of scores(standings)) {
    const { section } = one.question;
    if (section)
      groups.set(section.href, { ...section, of: [...(groups.get(section.href)?.of ?? []), one] });
  }
  const weighed = [...groups.values()].map(({ text, href, of }) => ({
    text,
    href,
    total: of.length,
    topic: of[0].question.topic,
    score: mean(of.map(({ score }) => score)),
  }));
  return weighed
    .filter(({ score }) => score < WEAK)
    .sort((a, b) => a.score - b.score || b.total - a.total)
    .slice(0, WEAKEST);
}

class Progress extends Trainer {
  begin() {
    this.draw();
    this.announce("");
  }

  heard() {
    this.draw();
    this.announce(this.say["progress-heard"]);
  }

  draw() {
    const entries = store.read(),
      all = this.bank.questions.map((question) => standing(question, entries));
    this.show(
      ...this.overview(all),
      ...this.calibration(stated(all)),
      ...this.weakest(sections(all)),
      ...this.backup(),
      ...this.aside(),
    );
  }

  overview(all) {
    const row = (title, these) => {
      const answered = scores(these),
        sure = stated(these);
      return [
        title,
        this.phrase("n-of-n", { n: answered.length, total: these.length }),
        percent(mean(answered.map(({ score }) => score))),
        percent(mean(sure.map((review) => review.sure / 100))),
        percent(mean(answered.map(({ recall }) => recall))),
        String(these.filter(({ due }) => due).length),
      ];
    };
    const name = ({ id, title }) =>
      element("a", { href: `practice.html?topic=${encodeURIComponent(id)}`, textContent: title });
    const rows = this.bank.topics.map((topic) =>
      row(
        name(topic),
        all.filter(({ question }) => question.topic === topic),
      ),
    );
    const known = all.filter(({ mastered }) => mastered).length;
    const counted = element("a", {
      href: "today.html#how-it-is-counted",
      textContent: this.say["how-counted"],
    });
    const head = ["topic", "answered", "score", "confidence", "recall", "due"].map(
      (part) => this.say[part],
    );
    return [
      element("h2", { textContent: this.say["by-topic"] }),
      table(this.say["by-topic-caption"], head, [...rows, row(this.say["all-topics"], all)]),
      element("p", {}, this.phrase("mastered", { n: known, total: all.length }), " ", counted),
    ];
  }

  calibration(reviews) {
    const { bins, brier } = calibration(reviews),
      heading = element("h2", { textContent: this.say.calibration });
    if (!reviews.length)
      return [heading, element("p", { textContent: this.say["calibration-none"] })];
    const rows = bins.map(([count, right], i) => [
      `${SURE[i]} %`,
      String(count),
      percent(right),
      count ? this.leaning(right - SURE[i] / 100) : "–",
    ]);
    const head = ["stated", "times", "was-right", "so"].map((part) => this.say[part]);
    const words = element("p", {
      textContent: this.phrase("brier", { brier: brier.toFixed(2), total: reviews.length }),
    });
    return [heading, table(this.say["calibration-caption"], head, rows), words];
  }

  leaning = (gap) =>
    this.say[Math.abs(gap) <= 0.1 ? "fits" : gap < 0 ? "overconfident" : "underconfident"];

  weakest(found) {
    const heading = element("h2", { textContent: this.say.weakest });
    if (!found.length) return [heading, element("p", { textContent: this.say["weakest-none"] })];
    const rows = found.map(({ text, href, topic, total, score }) => [
      element("a", { href, textContent: text }),
      topic.title,
      String(total),
      percent(score),
    ]);
    return [
      heading,
      table(
        this.say["weakest-caption"],
        ["section", "topic", "questions", "score"].map((part) => this.say[part]),
        rows,
      ),
    ];
  }

  /* ---- out and in ---- */

  backup() {
    const file = element("input", {
      type: "file",
      accept: ".json,application/json",
      onchange: () => this.take(file),
    });
    const label = element("label", { className: "mtl-choice" }, this.say.import, file);
    this.outcome ??= element("p", { className: "mtl-outcome" });
    return [
      element("h2", { textContent: this.say.backup }),
      element("p", { textContent: this.say["backup-words"] }),
      element(
        "div",
        { className: "mtl-buttons" },
        button(this.say.export, () => this.give()),
        label,
        this.forget(),
      ),
      this.outcome,
    ];
  }

  give() {
    const { text, total, left } = writeBackup(store.state());
    saveFile(`mtl-progress-${today()}.json`, text, "application/json");
    this.tell(this.phrase(left ? "export-left" : "export-done", { total, left }));
  }

  async take(input) {
    const { problem: [problem, values] = [], ...found } = await readBackup(input.files[0]);
    input.value = ""; // so that the same file can be chosen again
    if (problem)
      return this.tell(
        this.phrase("import-refused", { reason: this.phrase(`import-${problem}`, values) }),
      );
    const before = store.read();
    const { questions } = found;
    const ids = Object.keys(questions);
    const known = ids.filter((id) => this.bank.byId.has(id));
    store.take({ ...found, questions: Object.fromEntries(known.map((id) => [id, questions[id]])) });
    const fresh = known.filter((id) => !Object.hasOwn(before, id)).length;
    const left = ids.length - known.length;
    this.draw();
    this.tell(
      this.phrase(left ? "import-left" : "import-done", { total: ids.length, fresh, left }),
    );
  }

  tell(text) {
    this.outcome.textContent = text;
    this.announce(text);
  }

  forget() {
    const ask = button(this.say["forget-all"], () => this.confirm(ask));
    return ask;
  }

  confirm(ask) {
    const group = element(
      "div",
      { className: "mtl-confirm", role: "group", ariaLabel: this.say["forget-question"] },
      element("p", { textContent: this.say["forget-question"] }),
    );
    const close = () => {
      group.replaceWith(ask);
      ask.focus();
    };
    group.append(
      button(this.say["reset-no"], close),
      button(this.say["reset-yes"], () => {
        store.forgetAll();
        this.draw();
        this.tell(this.say["reset-done"]);
      }),
    );
    group.addEventListener("keydown", ({ key }) => key === "Escape" && close());
    ask.replaceWith(group);
    group.querySelector("button").focus();
  }

  /* What could not be read is the reader's all the same. */
  aside() {
    const kept = store.aside(),
      texts = Object.values(kept);
    if (!texts.length) return [];
    const save = button(this.say["aside-save"], () =>
      saveFile(`mtl-unreadable-${today()}.txt`, texts.join("\n\n"), "text/plain"),
    );
    const drop = button(this.say["aside-delete"], () => {
      store.remove(...Object.keys(kept));
      this.draw();
      this.tell(this.say["aside-deleted"]);
    });
    return [
      element("h2", { textContent: this.say.aside }),
      element("p", { textContent: this.phrase("aside-words", { total: texts.length }) }),
      element("div", { className: "mtl-buttons" }, save, drop),
    ];
  }
}

mount("progress", Progress);
