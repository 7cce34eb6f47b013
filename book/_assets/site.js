// What the frame of a page does: theme, search key, copy buttons, "where am I" in the list of sections. Without it, all can be read.

import { reach } from "./mtl/reach.js";

const root = document.documentElement;

function themeSwitch(button) {
  const show = () => button.setAttribute("aria-pressed", String(root.dataset.theme === "dark"));
  button.addEventListener("click", () => {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("theme", root.dataset.theme);
    } catch {} // forbidden or full: the choice holds for this page
    show();
  });
  show();
  button.hidden = false;
}

// "/" or Ctrl+K (⌘K) goes to the search field, or to the search page where the field has no room.
function searchKey(event) {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  const wanted =
    (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) ||
    (event.key === "k" && (event.ctrlKey || event.metaKey));
  if (!wanted) return;
  const field = [...document.querySelectorAll("[role=search] input")].find(
    (input) => input.offsetParent,
  );
  event.preventDefault();
  if (field) field.focus();
  else document.querySelector(".bar__find").click();
}

function copyButton(code) {
  const button = Object.assign(document.createElement("button"), {
    type: "button",
    className: "copy",
    textContent: "Copy",
  });
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed";
    }
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  code.after(button);
}

// Paper is white.
function printing() {
  let chosen = "light";
  addEventListener("beforeprint", () => {
    chosen = root.dataset.theme;
    root.dataset.theme = "light";
  });
  addEventListener("afterprint", () => (root.dataset.theme = chosen));
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

document.querySelectorAll("[data-theme-switch]").forEach(themeSwitch);
document
  .querySelectorAll(".cell_input .highlight > pre, .text > section .highlight > pre")
  .forEach(copyButton);
document.querySelectorAll("#page-menu").forEach(follow);
addEventListener("keydown", searchKey);
printing();
reach(document.querySelector("main"));
