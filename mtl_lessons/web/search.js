/* The search: results while one types, best first; a word that means a section leads to it. */

import { element, fill } from "./parts.js";

const KINDS = ["all", "term", "section", "question", "drill"];
const SHOWN = 10; // results at a time
const CHINESE = /\p{Script=Han}/u;

class Search {
  constructor(root) {
    this.root = root;
    const data = root.querySelector("script[type='application/json']");
    this.say = JSON.parse(data.textContent).strings;
    this.index = new URL(root.dataset.index, document.baseURI);
    this.site = new URL(".", document.baseURI);
    this.form = document.querySelector("form.find");
    this.field = this.form.elements.q;
    this.status = element("p", { className: "mtl-found", role: "status" });
    this.status.textContent = this.say.hint;
    this.list = element("ol", { className: "mtl-results" });
    root.append(this.choice(), this.status, this.list);
    this.listen(root);
    this.begin();
  }

  /* Which kinds of results are shown. */
  choice() {
    const kinds = KINDS.map((kind) => {
      const input = element("input", { type: "radio", name: "kind", value: kind });
      input.checked = kind === "all";
      return element("label", {}, input, ` ${this.say[`kind-${kind}`]}`);
    });
    const legend = element("legend", { textContent: this.say.kind });
    this.kinds = element("fieldset", { className: "mtl-kinds" }, legend, ...kinds);
    return this.kinds;
  }

  listen(root) {
    this.field.addEventListener("input", () => this.ask());
    this.kinds.addEventListener("change", () => this.ask());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.list.querySelector("a")?.click();
    });
    root.parentElement.addEventListener("keydown", (event) => this.move(event));
  }

  /* Arrow keys go from the field through the results and back. */
  move(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const stops = [this.field, ...this.list.querySelectorAll("a")];
    const at = stops.indexOf(document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    stops[Math.min(Math.max(at + step, 0), stops.length - 1)].focus();
  }

  async begin() {
    this.field.value = new URLSearchParams(location.search).get("q") ?? "";
    try {
      const [pagefind, terms] = await Promise.all([
        import(new URL("pagefind.js", this.index)),
        fetch(new URL("terms.json", this.index)).then((answer) => answer.json()),
      ]);
      await pagefind.options({ bundlePath: this.index.pathname, baseUrl: this.site.pathname });
      this.pagefind = pagefind;
      this.terms = terms;
    } catch {
      this.status.textContent = this.say.failed;
      return;
    }
    if (this.field.value) this.ask();
  }

  async ask() {
    const words = this.field.value.trim();
    const search = words ? `?q=${encodeURIComponent(words)}` : location.pathname;
    history.replaceState(null, "", search);
    if (!this.pagefind) return;
    if (!words) return this.show([], [], this.say.hint);
    const meant = this.meant(words.toLowerCase());
    const asked = CHINESE.test(words) && meant.length ? meant[0].means : words;
    const { value: kind } = this.kinds.querySelector(":checked");
    const filters = kind === "all" ? {} : { kind };
    const found = await this.pagefind.debouncedSearch(asked, { filters }, 100);
    if (!found) return; // more was typed meanwhile
    const terms = kind === "all" ? meant : [];
    const total = found.results.length + terms.length;
    const told = total
      ? fill(this.say["found-some"], { total })
      : fill(this.say["found-none"], { words });
    const first = await Promise.all(found.results.slice(0, SHOWN).map((one) => one.data()));
    if (this.field.value.trim() === words) this.show(terms, first, told, asked, found.results);
  }

  /* The terms that these words name, a whole word before a beginning. */
  meant(words) {
    const whole = this.terms.filter((term) => term.words.includes(words));
    if (whole.length) return whole;
    if (words.length < 3 && !CHINESE.test(words)) return [];
    const begun = (term) => term.words.some((word) => word.startsWith(words));
    return this.terms.filter(begun).slice(0, 3);
  }

  show(terms, first, told, asked = "", all = []) {
    this.status.textContent = told;
    // what these results answer
    this.root.dataset.shown = this.field.value.trim();
    this.root.dataset.kind = this.kinds.querySelector(":checked").value;
    const rows = [
      ...terms.map((term) => this.term(term)),
      ...first.map((one) => this.row(one, asked)),
    ];
    this.list.replaceChildren(...rows);
    if (all.length > SHOWN) this.list.append(this.more(all.slice(SHOWN), asked));
  }

  more(rest, asked) {
    const button = element("button", { type: "button", textContent: this.say.more });
    const item = element("li", { className: "mtl-more" }, button);
    button.addEventListener("click", async () => {
      const next = await Promise.all(rest.slice(0, SHOWN).map((one) => one.data()));
      const rows = next.map((one) => this.row(one, asked));
      item.replaceWith(...rows);
      if (rest.length > SHOWN) this.list.append(this.more(rest.slice(SHOWN), asked));
      rows[0].querySelector("a").focus();
    });
    return item;
  }

  /* A term of the table: its section. */
  term({ means, href }) {
    const link = element("a", { href: new URL(href, this.site), textContent: means });
    return element("li", {}, link, element("small", { textContent: this.say.means }));
  }

  row({ excerpt, meta }, asked) {
    const address = new URL(meta.href, this.site);
    address.searchParams.set("mark", asked);
    const link = element("a", { href: address, textContent: meta.title });
    const kind = this.say[`of-${meta.kind}`];
    const where = element("small", { textContent: `${kind} · ${meta.where}` });
    const text = excerpt.startsWith(`${meta.title}.`)
      ? excerpt.slice(meta.title.length + 1)
      : excerpt;
    return element("li", {}, link, where, element("p", {}, ...marked(text)));
  }
}

/* The excerpt of a result: text and marks, and nothing else that might stand in it. */
function marked(excerpt) {
  const page = new DOMParser().parseFromString(excerpt, "text/html");
  return [...page.body.childNodes].map(({ nodeName, textContent }) =>
    nodeName === "MARK" ? element("mark", { textContent }) : textContent,
  );
}

for (const root of document.querySelectorAll(".mtl-search")) new Search(root);
