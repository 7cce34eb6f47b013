// What the frame of a page does: theme, folded code, search key, copy buttons, "where am I" in the list of sections. Without it, all can be read.

import { reach } from "./mtl/reach.js";

const root = document.documentElement;

const kept = (name) => {
  try {
    return localStorage.getItem(name);
  } catch {
    return null; // forbidden
  }
};

function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {} // forbidden or full: the choice holds for this page
}

function themeSwitch(button) {
  const show = () => button.setAttribute("aria-pressed", String(root.dataset.theme === "dark"));
  button.addEventListener("click", () => {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    keep("theme", root.dataset.theme);
    show();
  });
  show();
  button.hidden = false;
}

// Opens or closes all folded code, here and in every chapter that is read later.
function codeSwitch(button) {
  const show = (open) => {
    button.setAttribute("aria-pressed", String(open));
    for (const fold of document.querySelectorAll("details.fold")) fold.open = open;
  };
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-pressed") === "false";
    keep("code", open ? "shown" : "folded");
    show(open);
  });
  if (kept("code") === "shown") {
    show(true);
    document.getElementById(location.hash.slice(1))?.scrollIntoView(); // what stands above has grown
  }
  button.hidden = false;
}

// "/" or Ctrl+K (⌘K) goes to the search field, or to the search page where the field has no room.
function searchKey(event) {
  // the editor of a drill stands in a shadow root
  const [at] = event.composedPath();
  const typing = at.closest?.("input, textarea, select, [contenteditable]");
  const editing = at.closest?.("[contenteditable]");
  const wanted =
    (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) ||
    (event.key === "k" && !editing && (event.ctrlKey || event.metaKey));
  if (!wanted) return;
  const field = [...document.querySelectorAll("[role=search] input")].find(
    (input) => input.offsetParent,
  );
  event.preventDefault();
  if (field) field.focus();
  else document.querySelector(".bar__find").click();
}

// A button that copies a block of code, named by how the code begins. One line is as quickly selected.
function copyButton(code) {
  const text = code.textContent.trimEnd();
  if (!text.includes("\n")) return;
  const button = Object.assign(document.createElement("button"), {
    type: "button",
    className: "copy",
  });
  const say = (word) => {
    button.textContent = word;
    button.ariaLabel = `${word}: ${text.trimStart().split("\n", 1)[0].slice(0, 50)}`;
  };
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      say("Copied");
    } catch {
      say("Not allowed");
    }
    setTimeout(say, 2000, "Copy");
  });
  say("Copy");
  code.after(button);
}

// Paper is white, and shows what is folded: code as the reader has it, and a quiz says its answers by itself.
function printing(main) {
  let chosen = "light";
  let opened = [];
  addEventListener("beforeprint", () => {
    chosen = root.dataset.theme;
    root.dataset.theme = "light";
    opened = [...main.querySelectorAll(".text details:not([open], .fold, .mtl-answer)")];
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => {
    root.dataset.theme = chosen;
    for (const details of opened) details.open = false;
  });
}

// Marks the section that is being read in the list of sections.
function follow(menu) {
  const links = new Map(
    [...menu.querySelectorAll("a[href^='#']")].map((link) => [
      decodeURIComponent(link.hash.slice(1)),
      link,
    ]),
  );
  const headings = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
  const mark = () => {
    const read = headings
      .filter((heading) => heading.getBoundingClientRect().top < innerHeight / 3)
      .at(-1);
    for (const [id, link] of links) {
      if (id === read?.id) link.setAttribute("aria-current", "location");
      else link.removeAttribute("aria-current");
    }
  };
  new IntersectionObserver(mark, { rootMargin: "0px 0px -66% 0px" }).observe(
    document.querySelector("main"),
  );
  let asked = false;
  const markOnce = () => {
    asked = false;
    mark();
  };
  addEventListener(
    "scroll",
    () => {
      if (!asked) requestAnimationFrame(markOnce);
      asked = true;
    },
    { passive: true },
  );
  menu.addEventListener(
    "click",
    (event) => event.target.closest("a") && menu.matches(":popover-open") && menu.hidePopover(),
  );
}

// Lays a long page out section by section, each in a task of its own: all at once, a phone would not answer for half a second.
async function layOut(text) {
  if (root.dataset.laid !== "later") return;
  for (const section of text.querySelectorAll(".text > section > section")) {
    await new Promise((go) => setTimeout(go));
    section.classList.add("laid");
    section.getBoundingClientRect();
  }
  delete root.dataset.laid;
}

document.querySelectorAll("[data-theme-switch]").forEach(themeSwitch);
document.querySelectorAll("[data-code-switch]").forEach(codeSwitch);
document
  .querySelectorAll(".cell_input .highlight > pre, .text > section .highlight > pre")
  .forEach(copyButton);
document.querySelectorAll("#page-menu").forEach(follow);
addEventListener("keydown", searchKey);
const main = document.querySelector("main");
printing(main);
reach(main, layOut(main));
if (document.querySelector("article[data-sections]")) import("./mtl/reading.js");
if ("known" in root.dataset) import("./mtl/marks.js"); // something is kept of this reader
if (new URLSearchParams(location.search).has("mark")) import("./mtl/mark.js"); // came from the search
if (document.querySelector("link[rel=manifest]"))
  addEventListener("load", async () => (await import("./mtl/offline.js")).begin());
