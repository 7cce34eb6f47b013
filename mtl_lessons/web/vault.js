/* The list of all questions: filters, the question of the day; on the page of one, a link to share. */

import { element, fill } from "./parts.js";

const DAY = 86_400_000;

/* Shows what fits the form; its state is in the address, so that a choice can be shared. */
class List {
  constructor(root) {
    const data = root.querySelector("script[type='application/json']");
    this.say = JSON.parse(data.textContent).strings;
    this.form = root.querySelector("form");
    this.found = this.form.querySelector(".mtl-found");
    this.topics = [...root.querySelectorAll("[data-topic]")];
    this.day(root.querySelector(".mtl-day a"), [...root.querySelectorAll("li a")]);
    for (const [name, value] of new URLSearchParams(location.search))
      if (this.form.elements[name]) this.form.elements[name].value = value;
    this.form.hidden = false;
    this.form.addEventListener("input", () => this.filter());
    this.filter();
  }

  filter() {
    const wanted = Object.fromEntries(new FormData(this.form));
    const words = wanted.words.toLowerCase().split(/\s+/).filter(Boolean);
    let total = 0;
    for (const topic of this.topics) {
      let here = 0;
      for (const row of topic.querySelectorAll("li")) {
        const text = row.textContent.toLowerCase();
        row.hidden = !(
          (!wanted.topic || topic.dataset.topic === wanted.topic) &&
          (!wanted.level || row.dataset.level === wanted.level) &&
          (!wanted.type || row.dataset.type === wanted.type) &&
          words.every((word) => text.includes(word))
        );
        here += !row.hidden;
      }
      topic.hidden = !here;
      total += here;
    }
    this.found.textContent = fill(this.say.found, { total });
    this.remember(wanted);
  }

  remember(wanted) {
    const kept = Object.entries(wanted).filter(([, value]) => value);
    const search = new URLSearchParams(kept).toString();
    history.replaceState(null, "", search ? `?${search}` : location.pathname);
  }

  /* The same for everybody on a day, another on the next. */
  day(link, all) {
    const local = Date.now() - new Date().getTimezoneOffset() * 60_000;
    const chosen = all[(Math.floor(local / DAY) * 7919) % all.length];
    link.href = chosen.href;
    const asked = [...chosen.childNodes].map((node) => node.cloneNode(true));
    link.after(" ", element("span", {}, ...asked));
    if (location.hash === "#today") location.replace(chosen.href);
  }
}

/* A button that copies the address of this page. */
function share(root) {
  const button = root.querySelector("button");
  const word = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const address = location.origin + location.pathname;
    try {
      await navigator.clipboard.writeText(address);
      button.textContent = root.dataset.copied;
    } catch {
      button.textContent = address; // to be copied by hand
    }
    setTimeout(() => (button.textContent = word), 4000);
  });
}

for (const root of document.querySelectorAll(".mtl-vault")) {
  if (root.matches(".mtl-actions")) share(root);
  else new List(root);
}
