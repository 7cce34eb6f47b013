/* What the pages of the trainer share: mounting, the bank, choices, notices, saving to a file. */

import { choose, formOf, loadBank } from "./bank.js";
import { isoDay } from "./days.js";
import { element, fill } from "./parts.js";
import { Question } from "./question.js";
import { store } from "./store.js";

/* A labelled choice of one from [value, text]s. */
export function select(label, name, options, value = options[0][0]) {
  const node = element(
    "select",
    { name },
    ...options.map(([value, textContent]) => element("option", { value, textContent })),
  );
  node.value = value;
  if (node.selectedIndex < 0) node.selectedIndex = 0;
  return element("label", { className: "mtl-choice" }, label, node);
}

export const button = (textContent, onclick, type = "button") =>
  element("button", { type, textContent, onclick });

/* A table: `head` and rows of texts or nodes, the first cell of a row being its heading. */
export function table(caption, head, rows) {
  const cell = (name, scope) => (content) => {
    const node = element(name, {}, content);
    if (scope) node.scope = scope;
    return node;
  };
  const body = rows.map(([first, ...rest]) =>
    element("tr", {}, cell("th", "row")(first), ...rest.map(cell("td"))),
  );
  const node = element(
    "table",
    {},
    element("caption", { textContent: caption }),
    element("thead", {}, element("tr", {}, ...head.map(cell("th", "col")))),
    element("tbody", {}, ...body),
  );
  return element(
    "div",
    { className: "mtl-table", tabIndex: 0, role: "group", ariaLabel: caption },
    node,
  );
}

export const percent = (share) => (Number.isFinite(share) ? `${Math.round(100 * share)} %` : "–");
export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/* "0:05", "12:00" */
export const clock = (seconds) =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

export function saveFile(name, text, type) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

export const today = () => isoDay(Date.now());

/* Asks before something is lost: resolves to whether the reader agrees. */
export function agree(text, yes, no) {
  const dialog = element("dialog", { className: "mtl-dialog" });
  const answer = (textContent, value) => element("button", { textContent, value });
  const buttons = element("div", { className: "mtl-buttons" }, answer(no, ""), answer(yes, "yes"));
  const form = element("form", { method: "dialog" }, element("p", { textContent: text }), buttons);
  dialog.append(form);
  document.querySelector(".mtl-quiz").append(dialog);
  dialog.showModal();
  return new Promise((tell) =>
    dialog.addEventListener("close", () => {
      dialog.remove();
      tell(dialog.returnValue === "yes");
    }),
  );
}

/* What a page remembers under a name, while it can. */
const KEPT = "mtl-lessons:page:";
export const kept = {
  read(name) {
    try {
      return JSON.parse(localStorage.getItem(KEPT + name)) ?? {};
    } catch {
      return {};
    }
  },
  write(name, value) {
    try {
      localStorage.setItem(KEPT + name, JSON.stringify(value));
    } catch {} // forbidden or full: it holds for this page
  },
};

/* A page of the trainer, in `root`. It is the host of the questions that it shows. */
export class Trainer {
  constructor(root, say, bank) {
    Object.assign(this, { root, say, bank, prefix: "mtl" });
    this.status = element("p", { className: "mtl-unseen", role: "status" });
    this.notices = element("div");
    this.body = element("div");
    root.append(this.status, this.notices, this.body);
    store.listen(() => this.heard());
  }

  /* Says `text` to a screen reader; where storage gave trouble for the first time, says and shows
     that too. */
  announce(text) {
    const troubles = store.troubles.splice(0).map((reason) => this.say[`storage-${reason}`]);
    this.notices.append(
      ...troubles.map((textContent) => element("p", { className: "mtl-notice", textContent })),
    );
    this.status.textContent = [text, ...troubles].filter(Boolean).join(" ");
  }

  /* Shows these nodes, and no others. */
  show(...nodes) {
    this.body.replaceChildren(...nodes);
  }

  heading(textContent) {
    return element("h2", { textContent, tabIndex: -1 });
  }

  phrase(name, values) {
    return fill(this.say[name], values);
  }

  /* The question with its number, ready to be asked. */
  ask(item, number, total) {
    const form = formOf(item);
    form.querySelector("legend strong").textContent = this.phrase("number", { number, total });
    const topic = element("span", { textContent: item.topic.title });
    form.querySelector("legend").append(topic);
    const question = new Question(form, item.key, this);
    question.askSure();
    return Object.assign(question, { item });
  }

  settled() {}
  heard() {}

  /* The choices of topic, level, type and amount that are named. */
  choices(names, given = {}) {
    const topics = this.bank.topics.map(({ id, title }) => [id, title]);
    const words = (part, values) => values.map((value) => [value, this.say[`${part}-${value}`]]);
    const upTo = (amount) => [amount, this.phrase("amount-n", { amount })];
    const options = {
      topic: [["", this.say["any-topic"]], ...topics],
      level: [["", this.say["any-level"]], ...words("level", this.bank.levels)],
      type: [["", this.say["any-type"]], ...words("type", this.bank.types)],
      amount: [upTo("10"), upTo("20"), ["", this.say["which-all"]]],
    };
    return names.map((name) => select(this.say[name], name, options[name], given[name]));
  }
}

/* A page on which a reader chooses questions, goes through them (`round`), and comes back. */
export class Rounds extends Trainer {
  /* What the form begins with: what the address says, else what was chosen last; a reader who has
     answered nothing yet begins with the first chapter's easiest questions. */
  given() {
    const asked = Object.fromEntries(new URLSearchParams(location.search));
    const isNew = !Object.keys(store.read()).length && !Object.keys(asked).length;
    const first = isNew ? { topic: this.bank.topics[0].id, level: this.bank.levels[0] } : {};
    return { ...first, ...kept.read(this.name), ...asked };
  }

  /* The form with these choices and a button `start`. */
  offer(choices, start) {
    this.found = element("p", { className: "mtl-found" });
    this.go = button(start, null, "submit");
    this.filter = element(
      "form",
      { className: "mtl-filter", autocomplete: "off" },
      ...choices,
      this.found,
      this.go,
    );
    this.filter.addEventListener("change", () => this.count());
    this.filter.addEventListener("submit", (event) => {
      event.preventDefault();
      kept.write(this.name, this.wanted());
      this.round();
    });
    this.setUp();
  }

  setUp() {
    this.show(this.filter);
    this.count();
  }

  wanted() {
    return Object.fromEntries(new FormData(this.filter));
  }

  chosen() {
    return choose(this.bank, store.read(), this.wanted());
  }

  count() {
    const all = this.chosen();
    const due = all.filter((one) => one.due).length;
    const fresh = all.filter((one) => one.score === undefined).length;
    this.tellFound(all.length, this.phrase("found-some", { total: all.length, due, fresh }));
  }

  tellFound(total, text) {
    this.found.textContent = total ? text : this.say["found-none"];
    this.go.disabled = !total;
    this.announce(this.found.textContent);
  }

  /* Another tab has answered: what is due has changed, not the question that is being answered. */
  heard() {
    if (this.filter.isConnected) this.count();
  }

  /* Shows these nodes, the first of them a heading, at the end of a round. */
  close(heading, ...nodes) {
    this.show(heading, ...nodes);
    heading.focus();
    this.announce("");
  }

  /* Goes on by `then` when the texts of these questions are there, and of those that follow up. */
  async withTexts(questions, then) {
    this.go.disabled = true;
    try {
      await this.bank.texts(questions.flatMap((question) => this.following(question)));
    } catch {
      this.found.textContent = this.say["loading-failed"];
      this.announce(this.say["loading-failed"]);
      return;
    } finally {
      this.go.disabled = false;
    }
    then();
  }

  /* A question, the one that follows up, and so on. */
  following(question) {
    const all = [];
    let next = question;
    while (next && !all.includes(next)) {
      all.push(next);
      next = this.bank.byId.get(next.next);
    }
    return all;
  }

  again(text) {
    return button(text, () => {
      this.setUp();
      this.filter.querySelector("select").focus();
    });
  }
}

/* Mounts `Page` on each element of class `mtl-<name>` when the bank is there. */
export function mount(name, Page) {
  for (const root of document.querySelectorAll(`.mtl-${name}:not([data-mounted])`)) {
    root.dataset.mounted = "";
    const { strings } = JSON.parse(
      root.querySelector("script[type='application/json']").textContent,
    );
    root.querySelector(".mtl-instead").remove();
    start(root, strings, Page);
  }
}

async function start(root, say, Page) {
  const waiting = element("p", { role: "status", textContent: say.loading });
  root.append(waiting);
  let bank;
  try {
    bank = await loadBank(root.dataset.bank);
  } catch {
    waiting.textContent = say["loading-failed"];
    const again = button(say["loading-again"], () => {
      waiting.remove();
      again.remove();
      start(root, say, Page);
    });
    waiting.after(again);
    return;
  }
  waiting.remove();
  const page = new Page(root, say, bank);
  page.name = root.className.match(/mtl-(\w+)/)[1];
  page.begin();
}
