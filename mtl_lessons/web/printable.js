/* Questions to print: what fits the choices, taken from the pages of the topics, numbered anew. */

import { element, fill } from "./parts.js";

const SIDES = { asked: ["question", "answer"], keys: ["answer", "question"] };

class Printable {
  constructor(root) {
    const data = root.querySelector("script[type='application/json']");
    this.say = JSON.parse(data.textContent).strings;
    this.form = root.querySelector("form");
    [this.show, this.paper] = this.form.querySelectorAll("button");
    this.found = this.form.querySelector(".mtl-found");
    this.plain = root.querySelector(".mtl-plain");
    this.printed = root.querySelector(".mtl-printed");
    this.topics = [...this.plain.querySelectorAll("a")];
    this.pages = new Map(); // address -> a promise of its page
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.layOut();
    });
    this.form.addEventListener("change", () => this.clear());
    this.paper.addEventListener("click", () => print());
    this.form.hidden = false;
    this.asked(new URLSearchParams(location.search));
  }

  /* The choices of the address, so that a set can be linked to. */
  asked(search) {
    for (const [name, value] of search)
      if (this.form.elements[name]) this.form.elements[name].value = value;
    if (search.size) this.layOut();
  }

  /* Another choice was made: what is shown no longer fits it. */
  clear() {
    this.printed.replaceChildren();
    this.paper.hidden = true;
    this.plain.hidden = false;
    this.found.textContent = "";
  }

  async layOut() {
    const wanted = Object.fromEntries(new FormData(this.form));
    const topics = this.topics.filter(
      ({ dataset }) => !wanted.topic || dataset.topic === wanted.topic,
    );
    this.show.disabled = true;
    this.found.textContent = this.say.loading;
    let pages;
    try {
      pages = await Promise.all(topics.map(({ href }) => this.page(href)));
    } catch {
      this.found.textContent = this.say["loading-failed"];
      return;
    } finally {
      this.show.disabled = false;
    }
    this.write(topics, pages, wanted);
    const kept = Object.entries(wanted).filter(([, value]) => value);
    history.replaceState(null, "", `?${new URLSearchParams(kept)}`);
  }

  /* The page of a topic, loaded once. */
  page(href) {
    const come = async () => {
      const answer = await fetch(href);
      if (!answer.ok) throw new Error(`expected a page of questions, found ${answer.status}`);
      return new DOMParser().parseFromString(await answer.text(), "text/html");
    };
    if (!this.pages.has(href)) {
      const coming = come();
      coming.catch(() => this.pages.delete(href)); // to be tried again
      this.pages.set(href, coming);
    }
    return this.pages.get(href);
  }

  write(topics, pages, wanted) {
    const sides = wanted.keys === "none" ? ["asked"] : ["asked", "keys"];
    const parts = sides.map((side) => this.part(side, topics, pages, wanted));
    const total = parts[0].querySelectorAll("li[id]").length;
    const words = total ? "laid-out" : "found-none";
    this.found.textContent = fill(this.say[words], { total });
    this.paper.hidden = !total;
    this.plain.hidden = total > 0;
    this.printed.replaceChildren(...(total ? parts : []));
  }

  /* All questions, or all answers, under the titles of their topics. */
  part(side, topics, pages, { level, type }) {
    const fits = ({ dataset }) =>
      (!level || dataset.level === level) && (!type || dataset.type === type);
    const title = element("h2", {
      textContent: this.say[side === "asked" ? "questions" : "answers"],
    });
    const part = element("section", { className: `mtl-${side}` }, title);
    let number = 0;
    pages.forEach((page, i) => {
      const found = [...page.querySelectorAll(`.mtl-${side} li[id]`)].filter(fits);
      if (!found.length) return;
      const items = found.map((item) => this.numbered(item.cloneNode(true), ++number, SIDES[side]));
      const list = element("ol", { className: "mtl-answers" }, ...items);
      part.append(element("h3", { textContent: topics[i].textContent }), list);
    });
    return part;
  }

  numbered(item, number, [here, there]) {
    const link = item.querySelector(".mtl-hint > a");
    item.id = `${here}-${number}`;
    link.textContent = number;
    if (this.form.elements.keys.value === "none") link.replaceWith(element("b", {}, `${number}`));
    link.setAttribute("href", `#${there}-${number}`);
    link.setAttribute("aria-label", fill(this.say[`to-${there}`], { number }));
    return item;
  }
}

document.querySelectorAll(".mtl-printable").forEach((root) => new Printable(root));
