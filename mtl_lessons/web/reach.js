/* Whatever is too wide for its place scrolls in itself and can be reached by Tab; then the arrow keys scroll it. What is too wide is
   measured: it depends on the window and on the reader's fonts. Style: `.mtl-wide` of base.css; without scripts, its `scripting: none`. */

const BOXES =
  "pre, .output, .mtl-scroll, .pst-scrollable-table-container, .equation, math[display=block]";
const OVER = "table, label"; // they do not scroll, what holds them does: a click on a label has to stay the label's

/* What is folded away is not laid out; to measure it would do that. It is looked at when it is unfolded. */
const isFolded = (box) => box.closest("details:not([open])") && !box.closest("summary");

/* The block that a formula is part of: a formula does not break. */
function blockOf(formula) {
  let box = formula.parentElement;
  while (["inline", "contents"].includes(getComputedStyle(box).display)) box = box.parentElement;
  return box.closest(OVER)?.parentElement ?? box;
}

const isWide = (box) => box.scrollWidth > box.clientWidth && box.clientWidth > 0;

function mark(box, wide) {
  box.classList.toggle("mtl-wide", wide);
  if (box.hasAttribute("role")) return; // it has a name and its stop already
  if (wide) box.tabIndex = 0;
  else box.removeAttribute("tabindex");
}

/* Keeps all that is in `root` within reach, also what comes or grows later; from the time when `ready`, a promise, is kept. */
export function reach(root, ready = null) {
  if (root.closest("[data-reach]")) return;
  root.dataset.reach = "";
  const boxes = new Set();
  let asked = false,
    grown = true;

  function measure() {
    asked = false;
    if (grown) collect();
    const wide = [...boxes].filter((box) => isWide(box)); // all are measured before any is changed
    const inner = wide.filter(
      (box) =>
        !wide.some(
          (other) => other !== box && box.contains(other) && !other.classList.contains("mtl-wide"),
        ),
    );
    boxes.forEach((box) => mark(box, inner.includes(box)));
    if (inner.length < wide.length) ask(); // does one still stick out, now that what it holds scrolls?
  }

  function ask() {
    if (!asked) requestAnimationFrame(measure);
    asked = true;
  }

  const sizes = new ResizeObserver(ask);
  function collect() {
    grown = false;
    const seen = (kind) => [...root.querySelectorAll(kind)].filter((box) => !isFolded(box));
    const found = new Set([...seen(BOXES), ...seen("math").map(blockOf)]);
    for (const box of [...boxes].filter((box) => !found.has(box))) {
      boxes.delete(box);
      sizes.unobserve(box);
    }
    for (const box of [...found].filter((box) => !boxes.has(box))) {
      boxes.add(box);
      sizes.observe(box);
    }
  }

  function askAnew() {
    grown = true;
    ask();
  }

  function watch() {
    new MutationObserver(askAnew).observe(root, { childList: true, subtree: true });
    root.addEventListener("toggle", askAnew, true); // it does not bubble
    sizes.observe(root);
    ask();
  }

  if (ready) ready.then(watch);
  else watch();
}
