/* The quiz engine. Python renders every question with native controls and a folded answer (quiz.py); this module mounts
   each `.mtl-quiz` and adds what needs a script: grading, feedback, progress. No dependency, no network; whatever it
   shows is text of strings.en.json or a copy of what Python rendered. */

const KEY = "mtl-lessons:progress:v1";
const isRecord = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

function element(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}

/* Progress of all quizzes, {"<question id>": entry}, in localStorage. Never throws: what storage refuses is kept until
   the page is left, and `trouble` names the reason, once each. */
const store = {
  unsaved: {},
  told: new Set(),
  trouble: null,

  warn(reason) {
    if (!this.told.has(reason)) this.trouble = reason;
    this.told.add(reason);
  },

  read() {
    let saved = {};
    try {
      saved = JSON.parse(localStorage.getItem(KEY) ?? "{}");
      if (!isRecord(saved)) throw new SyntaxError("expected an object");
    } catch (error) {
      this.warn(error instanceof SyntaxError ? "corrupt" : "disabled");
      saved = {};
    }
    return { ...saved, ...this.unsaved };
  },

  /* Reads again before it writes: another quiz or tab may have written meanwhile. */
  change(edit) {
    const all = this.read();
    edit(all);
    try {
      localStorage.setItem(KEY, JSON.stringify(all));
      this.unsaved = {};
    } catch (error) {
      this.warn(error.name === "QuotaExceededError" ? "full" : "disabled");
      this.unsaved = all;
    }
  },
};

/* What a reader may mean: "0,5" 0.5; "1,234" 1.234 or 1234; "50%" 0.5, or 50 where the unit is percent. */
function readings(text, percent) {
  const [, digits, sign] = text.replace(/\s/g, "").replace("−", "-").match(/^(.*?)(%?)$/);
  const forms = [digits.replace(",", ".")];
  if (/^[-+]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?$/.test(digits)) forms.push(digits.replaceAll(",", ""));
  return forms
    .filter((form) => /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(form))
    .map((form) => Number(form) * (sign && !percent ? 0.01 : 1));
}

/* A kind of question: `read` the answer from the controls (null: none yet), say whether a stored one still `fits`,
   `write` it back, and `grade` it: {right, word?, why: [names of feedback], marks: [[node, verdict, word, name]]}. */
const choices = {
  read: ({ inputs }) => {
    const chosen = inputs.filter((input) => input.checked).map((input) => input.value);
    return chosen.length ? chosen : null;
  },
  fits: ({ inputs, type }, answer) =>
    Array.isArray(answer) && new Set(answer).size === answer.length && answer.length > 0 && (type === "several" || answer.length === 1) &&
    answer.every((value) => inputs.some((input) => input.value === value)),
  write: ({ inputs }, answer) => inputs.forEach((input) => (input.checked = answer.includes(input.value))),
  grade: ({ inputs, key, type, say, feedback }, answer) => {
    const missed = type === "several" ? key.right.filter((value) => !answer.includes(value)) : [];
    const verdict = (value) => (missed.includes(value) ? "missed" : key.right.includes(value) ? "right" : "wrong");
    const marks = inputs
      .filter((input) => answer.includes(input.value) || missed.includes(input.value))
      .map((input) => [input.closest("li"), verdict(input.value), say[verdict(input.value)], feedback(input.value) ? input.value : "wrong"]);
    return { right: marks.every(([, verdict]) => verdict === "right"), why: [], marks };
  },
};

const KINDS = {
  one: choices,
  several: choices,
  bug: choices,

  numeric: {
    read: ({ inputs: [input] }) => input.value.trim() || null,
    fits: ({ key }, answer) => typeof answer === "string" && readings(answer, key.percent).length > 0,
    write: ({ inputs: [input] }, answer) => (input.value = answer),
    grade: ({ key }, answer) => {
      const near = (value) => readings(answer, key.percent).some((x) => Math.abs(x - value) <= key.tolerance * (1 + 1e-9));
      const slip = key.slips.findIndex(near);
      return { right: near(key.value), why: [near(key.value) ? "right" : slip < 0 ? "wrong" : `slip-${slip}`], marks: [] };
    },
  },

  order: {
    read: ({ items }) => items().map((item) => item.dataset.value),
    fits: ({ items }, answer) =>
      Array.isArray(answer) && answer.length === items().length && items().every((item) => answer.includes(item.dataset.value)),
    write: ({ items }, answer) => {
      const at = (item) => answer.indexOf(item.dataset.value);
      items().sort((a, b) => at(a) - at(b)).forEach((item) => item.parentNode.append(item));
    },
    grade: ({ items, say }, answer) => {
      const marks = items().map((item, place) =>
        Number(answer[place]) === place ? [item, "right", say["in-place"]] : [item, "wrong", say["out-of-place"]]);
      const right = marks.every(([, verdict]) => verdict === "right");
      return { right, why: [right ? "right" : "wrong"], marks };
    },
  },

  open: {
    read: ({ form, rubric }) => ({ text: form.querySelector("textarea").value, ticks: rubric.map((box) => box.checked) }),
    fits: ({ rubric }, answer) =>
      isRecord(answer) && typeof answer.text === "string" && Array.isArray(answer.ticks) && answer.ticks.length === rubric.length,
    write: ({ form, rubric }, answer) => {
      form.querySelector("textarea").value = answer.text;
      rubric.forEach((box, i) => (box.checked = answer.ticks[i] === true));
    },
    grade: ({ rubric, say }, answer) => {
      const worth = (boxes) => boxes.reduce((sum, box) => sum + Number(box.dataset.points), 0);
      const points = worth(rubric.filter((_, i) => answer.ticks[i] === true)), total = worth(rubric);
      return { points, total, word: fill(say.points, { points, total }), why: [], marks: [] };
    },
  },
};

class Question {
  constructor(form, key, quiz) {
    const stem = form.querySelector(".mtl-stem");
    Object.assign(this, { form, key, quiz, say: quiz.say, id: form.dataset.id, type: form.dataset.type, result: null });
    this.kind = KINDS[this.type];
    this.name = form.querySelector("legend strong").textContent;
    this.folded = form.querySelector(".mtl-answer");
    this.after = form.querySelector(".mtl-after");
    this.inputs = [...form.querySelector("fieldset").querySelectorAll("input, textarea")];
    this.rubric = [...form.querySelectorAll(".mtl-rubric input")];
    this.start = this.items().map((item) => item.dataset.value);

    stem.id = `${quiz.root.id}-${this.id}`;
    form.querySelector("fieldset").setAttribute("aria-describedby", stem.id);
    this.verdict = element("div", { className: "mtl-verdict", tabIndex: -1 });
    this.folded.after(this.after);
    this.folded[this.type === "open" ? "after" : "before"](this.verdict);
    this.check = element("button", { type: "submit", textContent: this.say[this.type === "open" ? "reveal" : "check"] });
    this.again = element("button", { type: "button", textContent: this.say.again, onclick: () => this.retry() });
    form.append(element("div", { className: "mtl-buttons" }, this.check, this.again));
    this.items().forEach((item) => this.addMoves(item));

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    form.addEventListener("change", () => this.type === "open" && this.graded && this.settle());
    this.ask();
    this.restore();
  }

  items = () => [...this.form.querySelectorAll(".mtl-order > li")];
  feedback = (name) => this.folded.querySelector(`[data-for="${name}"] > .mtl-why`);

  /* Waiting for an answer: nothing that gives it away is shown. */
  ask() {
    this.graded = false;
    this.form.querySelectorAll(".mtl-mark").forEach((mark) => mark.remove());
    this.form.querySelectorAll("fieldset li[data-verdict]").forEach((item) => delete item.dataset.verdict);
    this.toggle();
    this.verdict.hidden = true;
    this.folded.open = false;
  }

  toggle() {
    this.folded.hidden = this.after.hidden = this.again.hidden = !this.graded;
    this.check.hidden = this.graded;
    this.inputs.forEach((input) => (input.disabled = this.graded && this.type !== "open"));
    this.items().forEach((item, place, all) => {
      const [up, down] = item.querySelectorAll("button");
      up.hidden = down.hidden = this.graded;
      up.disabled = place === 0;
      down.disabled = place === all.length - 1;
    });
  }

  submit() {
    const answer = this.kind.read(this);
    if (answer === null || !this.kind.fits(this, answer)) {
      this.tell(undefined, this.say[answer === null ? "nothing-chosen" : "not-a-number"]);
      this.quiz.announce(this.verdict.textContent);
      return;
    }
    this.settle(1);
    (this.type === "open" ? this.folded.querySelector("summary") : this.verdict).focus();
  }

  /* Grades the answer, shows the result, keeps it and says it. */
  settle(attempt = 0) {
    const answer = this.kind.read(this);
    this.show(answer);
    store.change((all) => {
      const attempts = Number.isInteger(all[this.id]?.attempts) ? all[this.id].attempts : 0;
      const { right, points, total } = this.result;
      all[this.id] = { edition: this.form.dataset.edition, attempts: attempts + attempt, right, points, total, answer, time: Date.now() };
    });
    this.quiz.update();
    this.quiz.announce(fill(this.say.announce, { question: this.name, verdict: this.result.word, progress: this.quiz.summary }), this.form);
  }

  restore() {
    const entry = store.read()[this.id];
    if (!isRecord(entry) || entry.edition !== this.form.dataset.edition || !this.kind.fits(this, entry.answer)) return;
    this.kind.write(this, entry.answer);
    this.show(entry.answer);
  }

  show(answer) {
    const { right, marks, why, ...rest } = this.kind.grade(this, answer);
    const verdict = right === undefined ? undefined : right ? "right" : "wrong";
    this.result = { right, word: this.say[verdict], ...rest };
    if (!this.graded) this.folded.open = this.type === "open";
    this.graded = true;
    this.toggle();
    this.tell(verdict, this.result.word, ...why.map((name) => this.feedback(name).cloneNode(true)));
    this.folded.querySelector("summary").textContent = this.say[this.type === "open" ? "answer" : "explanations"];
    for (const [item, verdict, word, name] of marks) {
      const mark = element("div", { className: "mtl-mark" }, element("span", { className: "mtl-word", textContent: word }));
      if (name) mark.append(this.feedback(name).cloneNode(true));
      item.dataset.verdict = verdict;
      item.append(mark);
    }
  }

  tell(verdict, word, ...more) {
    if (verdict) this.verdict.dataset.verdict = verdict;
    else delete this.verdict.dataset.verdict;
    this.verdict.replaceChildren(element("p", { className: "mtl-word", textContent: word }), ...more);
    this.verdict.hidden = false;
  }

  retry() {
    this.rubric.forEach((box) => (box.checked = false));
    this.ask();
    this.form.querySelector("fieldset").querySelector("input, textarea, button:enabled").focus();
  }

  forget() {
    this.result = null;
    this.form.reset();
    if (this.type === "order") this.kind.write(this, this.start);
    this.ask();
  }

  addMoves(item) {
    const text = item.textContent;
    const move = (up) => {
      const other = up ? item.previousElementSibling : item.nextElementSibling;
      other[up ? "before" : "after"](item);
      this.toggle();
      const [top, bottom] = item.querySelectorAll("button");
      ((up && !top.disabled) || bottom.disabled ? top : bottom).focus(); // moving the item took the focus from it
      const all = this.items();
      this.quiz.announce(fill(this.say.moved, { item: text, place: all.indexOf(item) + 1, total: all.length }));
    };
    const button = (up, sign, label) => {
      const node = element("button", { type: "button", textContent: sign, onclick: () => move(up) });
      node.setAttribute("aria-label", fill(label, { item: text }));
      return node;
    };
    item.append(button(true, "↑", this.say["move-up"]), button(false, "↓", this.say["move-down"]));
  }
}

class Quiz {
  constructor(root) {
    const { strings, keys } = JSON.parse(root.querySelector("script[type='application/json']").textContent);
    root.dataset.mounted = "";
    root.id ||= `mtl-quiz-${document.querySelectorAll(".mtl-quiz[data-mounted]").length}`;
    Object.assign(this, { root, say: strings });
    this.status = element("p", { className: "mtl-unseen", role: "status" });
    this.text = element("p");
    this.meter = element("progress");
    this.reset = element("button", { type: "button", textContent: strings.reset, onclick: () => this.confirm(true) });
    this.bar = element("div", { className: "mtl-bar" }, this.text, this.meter, this.reset);
    root.prepend(this.status, this.bar);
    this.questions = [...root.querySelectorAll(".mtl-question")].map((form) => new Question(form, keys[form.dataset.id], this));
    this.question = this.addConfirm();
    this.unlink();
    this.update();
    this.announce("", this.bar);
  }

  /* Links to sections that this page does not have (a notebook's output may be a page of its own) become plain text. */
  unlink() {
    for (const link of this.root.querySelectorAll("a[href^='#']"))
      if (!document.getElementById(link.hash.slice(1))) link.replaceWith(...link.childNodes);
  }

  get summary() {
    const results = this.questions.map(({ result }) => result).filter(Boolean);
    const sum = (name) => results.reduce((total, result) => total + (result[name] ?? 0), 0);
    const right = results.filter((result) => result.right).length;
    const parts = [fill(this.say.progress, { answered: results.length, total: this.questions.length, right })];
    if (sum("total")) parts.push(fill(this.say["progress-points"], { points: sum("points"), total: sum("total") }));
    return parts.join("; ");
  }

  update() {
    this.text.textContent = this.summary;
    this.meter.max = this.questions.length;
    this.meter.value = this.questions.filter(({ result }) => result).length;
    this.meter.setAttribute("aria-label", this.summary);
  }

  /* Says `text` to a screen reader and, where storage gave trouble for the first time, says and shows that after `place`. */
  announce(text, place) {
    const trouble = place && store.trouble && this.say[`storage-${store.trouble}`];
    if (trouble) {
      place.after(element("p", { className: "mtl-notice", textContent: trouble }));
      store.trouble = null;
    }
    this.status.textContent = [text, trouble].filter(Boolean).join(" ");
  }

  addConfirm() {
    const act = (text, run) => element("button", { type: "button", textContent: text, onclick: () => { run(); this.confirm(false); } });
    const label = fill(this.say["reset-question"], { total: this.questions.length });
    const node = element("div", { className: "mtl-confirm", hidden: true, role: "group", ariaLabel: label });
    node.append(element("p", { textContent: label }), act(this.say["reset-no"], () => {}), act(this.say["reset-yes"], () => this.forget()));
    node.addEventListener("keydown", ({ key }) => key === "Escape" && this.confirm(false));
    this.bar.append(node);
    return node;
  }

  confirm(asking) {
    this.question.hidden = !asking;
    this.reset.hidden = asking;
    (asking ? this.question.querySelector("button") : this.reset).focus();
  }

  forget() {
    this.questions.forEach((question) => question.forget());
    store.change((all) => this.questions.forEach(({ id }) => delete all[id]));
    this.update();
    this.announce(this.say["reset-done"], this.bar);
  }
}

document.querySelectorAll(".mtl-quiz:not([data-mounted])").forEach((root) => new Quiz(root));
