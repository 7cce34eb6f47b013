/* A drill: what Python rendered becomes a desk with an editor and a verdict. What an answer prints,
   returns or raises is shown as text; the words of a verdict are those of the page. A drill stands
   on a page of its own or, asked as a question, at a `host`, which is told of each run. */

import { drafts } from "./drafts.js";
import { Editor } from "./editor.js";
import { linkTo, textOf } from "./link.js";
import { element, fill } from "./parts.js";
import { canRun, Python } from "./python.js";
import { standingOf } from "./standing.js";
import { store } from "./store.js";

const FACTS = ["call", "found", "expected"];
const FAILED = ["not-yet", "raised", "hung", "broken"]; // what counts as a try that failed
const TOLD = 4000; // ms for which a button says what it did

const button = (textContent, onclick) =>
  element("button", { type: "button", textContent, onclick });
const paragraph = (textContent, className = "") => element("p", { textContent, className });
const million = (bytes) => (bytes / 1e6).toFixed(1);

class Drill {
  constructor(root, host) {
    const data = root.querySelector("script[type='application/json']");
    Object.assign(this, { root, host, ...JSON.parse(data.textContent) });
    this.section = host ? null : root.closest("section");
    this.say = this.strings;
    this.messages = root.querySelector("template").content;
    this.instead = root.querySelector(".mtl-instead");
    if (canRun()) this.begin();
    else this.cannot("no-wasm");
  }

  begin() {
    this.judge = new Python(this.python, (...state) => this.hears(...state));
    this.build();
    this.open();
    this.tellTroubles();
    drafts.listen(this.key, () => this.heard());
    if (this.section) this.ownPage();
  }

  ownPage() {
    this.foldHints();
    this.foldSolution();
    this.showStanding();
    store.listen(() => this.showStanding());
    addEventListener("hashchange", () => {
      if (this.fromLink() !== undefined) this.open();
    });
  }

  /* Says why nothing runs here, and how it does elsewhere. */
  cannot(reason) {
    const command = element("code", { textContent: this.command });
    this.instead.replaceChildren(`${this.say[reason]} `, command);
    this.instead.hidden = false;
  }

  /* ---- the desk ---- */

  build() {
    const { say } = this;
    this.status = element("p", { className: "mtl-unseen", role: "status" });
    this.notices = element("div");
    this.place = element("div");
    this.runs = button(say.run, () => this.run());
    this.runs.className = "mtl-run";
    this.stops = button(say.stop, () => this.judge.stop());
    this.stops.hidden = true;
    this.resets = button(say.reset, () => this.askReset());
    const copies = button(say.copy, () => this.copy(copies));
    const shares = button(say.share, () => this.share(shares));
    const buttons = [this.runs, this.stops, this.resets, copies];
    if (this.section) buttons.push(shares);
    this.state = element("p", { className: "mtl-state", hidden: true });
    this.meter = element("progress", { hidden: true, max: this.python.bytes });
    this.meter.setAttribute("aria-label", say.starting);
    this.verdict = element("div", { className: "mtl-exercise", hidden: true, tabIndex: -1 });
    this.root.querySelector(".mtl-starter").hidden = this.instead.hidden = true;
    this.first = this.root.querySelector(".mtl-first");
    this.first.hidden = false;
    this.root.append(
      this.status,
      this.notices,
      this.place,
      paragraph(say.keys, "mtl-keys"),
      element("div", { className: "mtl-buttons" }, ...buttons),
      this.first,
      this.state,
      this.meter,
      this.instead,
      this.verdict,
    );
  }

  /* The code that came with the address; undefined if none did. */
  fromLink = () => (this.section ? textOf(location.hash, this.largest) : undefined);
  mine = () => drafts.read(this.key, this.largest) ?? this.starter;

  /* Puts code into the editor: what came with the link, else the reader's own, else the starter. */
  open() {
    const code = this.fromLink();
    const mine = this.mine();
    this.linked = typeof code === "string" && code !== mine;
    this.write(this.linked ? code : mine);
    this.notices.replaceChildren();
    if (this.linked) this.noticeLink();
    if (code === null) this.notice(this.say["link-damaged"]);
  }

  write(text) {
    this.last = text;
    if (this.editor) this.editor.text = text;
    else
      this.editor = new Editor(this.place, text, {
        label: this.say.editor,
        codemirror: this.codemirror,
        changed: (now) => this.changed(now),
        run: () => this.run(),
      });
  }

  noticeLink() {
    const mine = () => {
      this.write(this.mine());
      this.unlink();
    };
    const keep = () => {
      this.unlink();
      this.changed(this.editor.text);
    };
    const actions = [button(this.say["link-mine"], mine), button(this.say["link-keep"], keep)];
    this.notice(this.say["from-link"], element("div", { className: "mtl-buttons" }, ...actions));
  }

  unlink() {
    this.linked = false;
    this.notices.replaceChildren();
    history.replaceState(null, "", location.pathname + location.search);
    this.editor.focus();
  }

  /* Keeps what is typed, but not what came with a link. */
  changed(text) {
    if (this.linked) return;
    this.last = text;
    if (text === this.starter) drafts.drop(this.key);
    else if (!drafts.keep(this.key, text, this.largest) && !this.warned) {
      this.warned = true;
      this.notice(this.say["not-kept"]);
      this.announce(this.say["not-kept"]);
    }
  }

  /* Another tab has changed the code: shows it, unless this one holds something else. */
  heard() {
    const mine = this.mine();
    if (this.linked || this.editor.text !== this.last || mine === this.last) return;
    this.write(mine);
    this.announce(this.say["other-tab"]);
  }

  notice(text, ...more) {
    this.notices.append(element("div", { className: "mtl-notice" }, paragraph(text), ...more));
  }

  announce(text) {
    this.status.textContent = text;
  }

  /* What storage refused, each told once. */
  tellTroubles() {
    for (const reason of store.troubles.splice(0)) this.notice(this.say[`storage-${reason}`]);
  }

  /* ---- reset, copy, share ---- */

  askReset() {
    const { say } = this;
    if (this.editor.text === this.starter) return this.announce(say["reset-done"]);
    const group = element("div", { className: "mtl-confirm", role: "group" });
    group.ariaLabel = say["reset-question"];
    const close = () => {
      group.remove();
      this.resets.hidden = false;
      this.resets.focus();
    };
    const no = button(say["reset-no"], close);
    const yes = button(say["reset-yes"], () => {
      this.write(this.starter);
      this.changed(this.starter);
      this.verdict.hidden = true;
      this.editor.mark(0);
      close();
      this.announce(say["reset-done"]);
    });
    group.append(paragraph(say["reset-question"]), no, yes);
    group.addEventListener("keydown", ({ key }) => key === "Escape" && close());
    this.resets.hidden = true;
    this.resets.after(group);
    no.focus();
  }

  async copy(copies) {
    const copied = await this.toClipboard(this.editor.text);
    const said = this.say[copied ? "copied" : "copy-failed"];
    this.sayOn(copies, said, this.say.copy);
    this.announce(said);
  }

  async share(shares) {
    const { text } = this.editor;
    if (text.length > this.largest) return this.notice(this.say["share-long"]);
    const link = linkTo(text);
    if (await this.toClipboard(link)) {
      this.announce(this.say.shared);
      this.sayOn(shares, this.say["link-copied"], this.say.share);
    } else {
      const shown = element("code", { textContent: link });
      this.notice(this.say["share-failed"], element("p", {}, shown));
    }
  }

  async toClipboard(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return false; // forbidden
    }
  }

  sayOn(node, text, name) {
    node.textContent = text;
    setTimeout(() => (node.textContent = name), TOLD);
  }

  /* ---- a run ---- */

  async run() {
    if (this.running) return;
    this.running = true;
    this.stops.hidden = false;
    this.runs.setAttribute("aria-disabled", "true");
    this.verdict.hidden = true;
    this.editor.mark(0);
    const source = this.editor.text;
    const verdict = await this.judge.judge({ ...this.request, source });
    this.running = false;
    this.rest();
    if (verdict.outcome === "unavailable") {
      this.cannot("not-loaded");
      this.announce(this.instead.textContent);
      return;
    }
    this.instead.hidden = this.first.hidden = true;
    const counted = this.keep(verdict);
    this.show(verdict, counted);
    this.tellTroubles();
  }

  /* What the worker is doing: loading, starting or running. */
  hears(state, bytes) {
    const values = { loaded: million(bytes ?? 0), total: million(this.python.bytes) };
    const text = fill(this.say[state], values);
    this.state.textContent = text;
    this.state.hidden = false;
    this.meter.hidden = state === "running";
    if (bytes === undefined) this.meter.removeAttribute("value");
    else this.meter.value = bytes;
    if (!bytes) this.announce(text); // not each of many bytes
  }

  rest() {
    this.runs.removeAttribute("aria-disabled");
    const focused = document.activeElement === this.stops;
    this.stops.hidden = this.state.hidden = this.meter.hidden = true;
    if (focused) this.runs.focus();
  }

  /* Keeps the result; whether it counts. The runs of one visit are one try, and the last one tells
     how it went, until one has passed. */
  keep({ outcome }) {
    const right = outcome === "passed";
    if (this.host) {
      this.host({ right, code: this.editor.text });
      return true;
    }
    if (this.passed || !(right || FAILED.includes(outcome))) return true;
    if (right && this.seen) return false;
    this.review = store.answer(this.key, { edition: this.edition, right }, this.review);
    this.passed = right;
    this.showStanding();
    return true;
  }

  show(verdict, counted) {
    const { say } = this;
    const { outcome, line = 0, facts = {}, printed = "" } = verdict;
    const word = say[`outcome-${outcome}`];
    const parts = [paragraph(word, "mtl-word"), this.message(verdict)];
    if (facts.kind === "MemoryError") parts.push(paragraph(fill(say.memory, this.python)));
    if (!counted) parts.push(paragraph(say["not-counted"]));
    if (line > 0) {
      this.editor.mark(line);
      parts.push(button(fill(say["go-to-line"], { line }), () => this.editor.goTo(line)));
    }
    const said = parts.map(({ textContent }) => textContent.trim());
    if (facts.call !== undefined) {
      parts.splice(2, 0, this.facts(facts));
      const [, ...short] = FACTS; // the call can be long, and is there to be read
      said.push(...short.map((name) => `${say[name]}: ${facts[name]}`));
    }
    if (printed) parts.push(paragraph(say.printed), element("pre", { textContent: printed }));
    this.verdict.dataset.outcome = say[outcome] ? "not-yet" : outcome;
    this.verdict.replaceChildren(...parts);
    this.verdict.hidden = false;
    this.verdict.scrollIntoView({ block: "nearest" });
    this.announce(said.join(" "));
  }

  /* The message of a verdict, with its facts as text. */
  message({ outcome, key = "", line = 0, facts = {} }) {
    if (this.say[outcome]) return paragraph(fill(this.say[outcome], this.python));
    const known = [...this.messages.children].find((told) => told.dataset.key === key);
    const shown = known ? known.cloneNode(true) : element("div");
    const values = { answer: this.request.answer, line, ...facts };
    for (const fact of shown.querySelectorAll("data"))
      fact.replaceWith(String(values[fact.value] ?? ""));
    return shown;
  }

  facts(facts) {
    const rows = FACTS.flatMap((name) => [
      element("dt", { textContent: this.say[name] }),
      element("dd", {}, element("code", { textContent: facts[name] })),
    ]);
    return element("dl", { className: "mtl-facts" }, ...rows);
  }

  /* ---- hints, solution, standing ---- */

  /* One hint at a time. */
  foldHints() {
    const hints = [...this.section.querySelectorAll(".mtl-hint-fold")];
    hints.forEach((hint, i) => {
      hint.hidden = i > 0;
      hint.addEventListener("toggle", () => {
        if (hint.open && hints[i + 1]) hints[i + 1].hidden = false;
      });
    });
  }

  /* Whoever opens the solution before a pass has seen it. */
  foldSolution() {
    const solution = this.section.querySelector(".mtl-solution");
    solution.querySelector("summary").textContent = this.say["solution-first"];
    solution.addEventListener("toggle", () => {
      if (solution.open && !this.passed) this.seen = true;
    });
  }

  showStanding() {
    const level = this.section.querySelector(".mtl-level");
    level.querySelector("span")?.remove();
    const standing = standingOf(store.read()[this.key], this.say);
    if (standing) level.append(element("span", { textContent: ` · ${standing}` }));
  }
}

/* The desk of a drill at another place, from the drill's own page; `host` is told of each run. */
export async function deskAt(place, host) {
  const address = new URL(`drill/${place.dataset.drill}.html`, location.href);
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`expected the page of a drill, found ${answer.status}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const root = page.querySelector(".mtl-drill");
  if (!root) return; // this site runs none: the words for a terminal stay
  const { content } = root.querySelector("template");
  for (const link of [...root.querySelectorAll("a"), ...content.querySelectorAll("a")])
    link.href = new URL(link.getAttribute("href"), address);
  root.querySelector("h2").remove();
  place.replaceChildren(root);
  new Drill(root, host);
}

for (const root of document.querySelectorAll(".mtl-drill")) new Drill(root);
