/* The book without a network, as a page has to do with it: it registers the service worker (worker.js), tells a reader whose page is
   older than the site, and on the page offline.html says what is kept and switches it off. */

import { element, fill } from "./parts.js";

const ROOT = new URL("../../", import.meta.url); // of the site
const CHOICE = "mtl-lessons:offline"; // "off" where the reader has switched it off
const workers = navigator.serviceWorker; // undefined where a browser has none

function isOff() {
  try {
    return localStorage.getItem(CHOICE) === "off";
  } catch {
    return true; // where nothing may be kept, nothing is
  }
}

const names = async () =>
  (await caches.keys()).filter((name) => name.startsWith(`mtl-book ${ROOT} `));

/* ---- on every page ---- */

/* Registers the worker, and looks for a newer one whenever the page comes to sight. */
export async function begin() {
  if (!workers || isOff()) return;
  workers.addEventListener("controllerchange", () => {
    fetch(location.pathname).catch(() => {}); // the page by which a reader came is kept, too
    ask();
  });
  workers.addEventListener("message", ({ data }) => compare(data.edition));
  try {
    const registration = await workers.register(new URL("worker.js", ROOT));
    document.addEventListener("visibilitychange", () => document.hidden || look(registration));
    await look(registration);
  } catch {} // forbidden: then there is none
}

/* The worker that is there is the newest if no other is on its way: its edition is asked for. */
async function look(registration) {
  try {
    await registration.update();
  } catch {
    return; // no network, or switched off
  }
  if (!registration.installing && !registration.waiting) ask();
}

const ask = () => workers.controller?.postMessage("edition");

/* A bar, once, where this page is of another edition than the newest. */
function compare(newest) {
  const bar = document.querySelector(".newer");
  const own = document.querySelector("meta[name=edition]").content;
  if (newest === own || bar.childElementCount) return;
  const button = (textContent, onclick) =>
    element("button", { type: "button", textContent, onclick });
  bar.append(
    element("span", { textContent: bar.dataset.words }),
    button(bar.dataset.reload, () => location.reload()),
    button(bar.dataset.later, () => bar.remove()),
  );
}

/* ---- the page offline.html ---- */

async function switchOff() {
  try {
    localStorage.setItem(CHOICE, "off");
  } catch {} // full: it is off until the next page
  const registration = await workers.getRegistration(ROOT);
  await registration?.unregister();
  for (const name of await names()) await caches.delete(name);
}

async function switchOn() {
  localStorage.removeItem(CHOICE);
  await begin();
  await workers.ready;
}

/* [title, address] of each page that is kept, but for this one. */
async function pages() {
  const found = new Map();
  for (const name of await names()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const { pathname } = new URL(request.url);
      if (!pathname.endsWith(".html") || pathname === location.pathname) continue;
      const [head] = (await (await cache.match(request)).text()).split("<body");
      const { title } = new DOMParser().parseFromString(head, "text/html");
      found.set(title.replace(/ · [^·]*$/, ""), request.url);
    }
  }
  const order = new Intl.Collator(document.documentElement.lang, { numeric: true });
  return [...found].sort(([one], [other]) => order.compare(one, other));
}

class Offline {
  constructor(root) {
    const data = root.querySelector("script[type='application/json']");
    this.say = JSON.parse(data.textContent).strings;
    this.status = element("p", { role: "status" });
    this.button = element("button", { type: "button", onclick: () => this.turn() });
    this.list = element("ul");
    root.append(...this.wanted(), this.status, this.button, this.list);
    this.show();
  }

  /* The page that was asked for and is not kept. */
  wanted() {
    const asked = new URLSearchParams(location.search).get("for");
    if (asked === null) return [];
    const address = new URL(asked, ROOT);
    if (!address.href.startsWith(ROOT.href)) return [];
    const words = element("p", { textContent: fill(this.say.missing, { page: asked }) });
    const again = element("a", { href: address.href, textContent: this.say["try-again"] });
    return [words, element("p", {}, again)];
  }

  async turn() {
    this.button.disabled = true;
    await (isOff() ? switchOn() : switchOff());
    await this.show();
    this.button.disabled = false;
  }

  async show() {
    this.button.hidden = !workers;
    const found = workers ? await pages() : [];
    const state = !workers ? "none" : isOff() ? "off" : "on";
    this.status.textContent = fill(this.say[state], { total: found.length });
    this.button.textContent = this.say[isOff() ? "switch-on" : "switch-off"];
    const row = ([textContent, href]) => element("li", {}, element("a", { href, textContent }));
    this.list.replaceChildren(...found.map(row));
  }
}

for (const root of document.querySelectorAll(".mtl-offline")) new Offline(root);
