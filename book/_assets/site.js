// What the frame of a page does: theme, search key, copy buttons, "where am I" in the list of sections. Without it, all can be read.

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
  const wanted = (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) || (event.key === "k" && (event.ctrlKey || event.metaKey));
  if (!wanted) return;
  const field = [...document.querySelectorAll("[role=search] input")].find((input) => input.offsetParent);
  event.preventDefault();
  if (field) field.focus();
  else document.querySelector(".bar__find").click();
}

function copyButton(code) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "copy", textContent: "Copy" });
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

// Whatever scrolls sideways can be reached by Tab, and then scrolled by the arrow keys.
const FORMULAS = ":is(.mtl-stem, .mtl-why, .mtl-after dd, .mtl-answers > li, .mtl-answer li, .mtl-options label > span):has(math)"; // as in mtl.css
function reachable() {
  const boxes = [...document.querySelectorAll(`pre, .output, .equation, .pst-scrollable-table-container, ${FORMULAS}`)];
  const wide = boxes.map((box) => box.scrollWidth > box.clientWidth + 1); // all are measured before any is changed
  boxes.forEach((box, i) => {
    if (wide[i]) box.tabIndex = 0;
    else if (!box.hasAttribute("role")) box.removeAttribute("tabindex");
  });
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
  const links = new Map([...menu.querySelectorAll("a[href^='#']")].map((link) => [decodeURIComponent(link.hash.slice(1)), link]));
  const headings = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
  const mark = () => {
    const read = headings.filter((heading) => heading.getBoundingClientRect().top < innerHeight / 3).at(-1);
    for (const [id, link] of links) {
      if (id === read?.id) link.setAttribute("aria-current", "location");
      else link.removeAttribute("aria-current");
    }
  };
  new IntersectionObserver(mark, { rootMargin: "0px 0px -66% 0px" }).observe(document.querySelector("main"));
  let asked = false;
  addEventListener("scroll", () => {
    if (!asked) requestAnimationFrame(() => ((asked = false), mark()));
    asked = true;
  }, { passive: true });
  menu.addEventListener("click", (event) => event.target.closest("a") && menu.matches(":popover-open") && menu.hidePopover());
}

document.querySelectorAll("[data-theme-switch]").forEach(themeSwitch);
document.querySelectorAll(".cell_input .highlight > pre, .text > section .highlight > pre").forEach(copyButton);
document.querySelectorAll("#page-menu").forEach(follow);
addEventListener("keydown", searchKey);
printing();
new ResizeObserver(reachable).observe(document.querySelector("main"));
