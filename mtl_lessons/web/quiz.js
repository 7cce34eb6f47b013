/* The quiz engine. Python renders every question with native controls and a folded answer
   (quiz/page.py); this module mounts each `.mtl-quiz` and adds what needs a script: grading,
   feedback, progress. No dependency, no network. */

import { element, fill } from "./parts.js";
import { Question } from "./question.js";
import { reach } from "./reach.js";
import { store } from "./store.js";

class Quiz {
  constructor(root) {
    const { strings, keys } = JSON.parse(
      root.querySelector("script[type='application/json']").textContent,
    );
    root.dataset.mounted = "";
    root.id ||= `mtl-quiz-${document.querySelectorAll(".mtl-quiz[data-mounted]").length}`;
    Object.assign(this, { root, prefix: root.id, say: strings });
    this.status = element("p", { className: "mtl-unseen", role: "status" });
    this.text = element("p");
    this.meter = element("progress");
    this.reset = element("button", {
      type: "button",
      textContent: strings.reset,
      onclick: () => this.confirm(true),
    });
    this.bar = element("div", { className: "mtl-bar" }, this.text, this.meter, this.reset);
    this.alone = root.querySelectorAll(".mtl-question").length === 1;
    root.prepend(this.status);
    root[this.alone ? "append" : "prepend"](this.bar);
    this.questions = [...root.querySelectorAll(".mtl-question")].map(
      (form) => new Question(form, keys[form.dataset.id], this),
    );
    this.questions.forEach((question) => question.restore());
    this.question = this.addConfirm();
    this.unlink();
    this.update();
    this.announce("", this.bar);
    this.letPrint();
    reach(root);
    store.listen(() => {
      this.questions.forEach((question) => question.sync());
      this.update();
    });
  }

  /* Links to sections that this page does not have become plain text: a notebook's output may be a
     page of its own. */
  unlink() {
    for (const link of this.root.querySelectorAll("a[href^='#']"))
      if (!document.getElementById(link.hash.slice(1))) link.replaceWith(...link.childNodes);
  }

  get summary() {
    const results = this.questions.map(({ result }) => result).filter(Boolean);
    const sum = (name) => results.reduce((total, result) => total + (result[name] ?? 0), 0);
    const right = results.filter((result) => result.right).length;
    const parts = [
      fill(this.say.progress, { answered: results.length, total: this.questions.length, right }),
    ];
    if (sum("total"))
      parts.push(fill(this.say["progress-points"], { points: sum("points"), total: sum("total") }));
    return parts.join("; ");
  }

  update() {
    this.text.textContent = this.summary;
    this.bar.hidden = this.alone && !this.questions[0].result; // there is nothing to count
    this.meter.max = this.questions.length;
    this.meter.value = this.questions.filter(({ result }) => result).length;
    this.meter.setAttribute("aria-label", this.summary);
  }

  settled({ name, result, form }) {
    this.update();
    this.announce(
      fill(this.say.announce, { question: name, verdict: result.word, progress: this.summary }),
      form,
    );
  }

  /* Says `text` to a screen reader and, where storage gave trouble for the first time, says and
     shows that after `place`. */
  announce(text, place) {
    const troubles = place
      ? store.troubles.splice(0).map((reason) => this.say[`storage-${reason}`])
      : [];
    place?.after(
      ...troubles.map((trouble) => element("p", { className: "mtl-notice", textContent: trouble })),
    );
    this.status.textContent = [text, ...troubles].filter(Boolean).join(" ");
  }

  /* On paper the answers stand behind the questions. */
  letPrint() {
    let keys;
    addEventListener("beforeprint", () => {
      keys = this.answers();
      this.root.append(keys);
    });
    addEventListener("afterprint", () => keys.remove());
  }

  answers() {
    const items = this.questions.map(({ name, folded, after }) => {
      const [, ...answer] = [...folded.children, after].map((part) => part.cloneNode(true));
      answer.at(-1).hidden = false;
      const heading = element("p", {}, element("strong", { textContent: name }));
      return element("li", { className: "mtl-question" }, heading, ...answer);
    });
    const title = element("p", {}, element("strong", { textContent: this.say.answers }));
    return element("div", { className: "mtl-keys" }, title, element("ul", {}, ...items));
  }

  addConfirm() {
    const act = (text, run) =>
      element("button", {
        type: "button",
        textContent: text,
        onclick: () => {
          run();
          this.confirm(false);
        },
      });
    const label = fill(this.say["reset-question"], { total: this.questions.length });
    const node = element("div", {
      className: "mtl-confirm",
      hidden: true,
      role: "group",
      ariaLabel: label,
    });
    node.append(
      element("p", { textContent: label }),
      act(this.say["reset-no"], () => {}),
      act(this.say["reset-yes"], () => this.forget()),
    );
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
    store.forget(this.questions.map(({ id }) => id));
    this.update();
    this.announce(this.say["reset-done"], this.bar);
  }
}

document.querySelectorAll(".mtl-quiz:not([data-mounted])").forEach((root) => new Quiz(root));
