/* The handles of a drawing by keyboard. A drawing is an image and holds nothing that has focus, so an
   unseen button stands over each thing that it names `data-held`. */
import { element, fill } from "./parts.js";

// to the right or up, and how far
const PUSHES = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowUp: [1, 1], ArrowDown: [1, -1] };
const FAR_PUSH = 5; // times as far with the shift key

/* `keys` is that of VIEWS, and `push(dial, step)` turns a dial. Call `set()` after each drawing. */
export function letPush(panel, place, keys, say, push) {
  const handle = (held) => place.querySelector(`[data-held="${held}"]`);
  const grips = Object.keys(keys).map((held) => {
    const button = element("button", {
      type: "button",
      className: "mtl-grip",
      hidden: true, // until it has its place and its name
    });
    button.addEventListener("keydown", (event) => {
      if (!(event.key in PUSHES)) return;
      event.preventDefault();
      const [way, step] = PUSHES[event.key];
      const [dial, sign] = keys[held][way];
      push(dial, sign * step * (event.shiftKey ? FAR_PUSH : 1));
    });
    return { held, button };
  });

  function set() {
    const ground = panel.getBoundingClientRect();
    for (const { held, button } of grips) {
      const node = handle(held);
      button.hidden = !node;
      if (!node) continue;
      button.ariaLabel = fill(say.arrows, { name: node.dataset.name });
      const grip = (node.querySelector("circle") ?? node).getBoundingClientRect();
      button.style.left = `${(grip.left + grip.right) / 2 - ground.left}px`;
      button.style.top = `${(grip.top + grip.bottom) / 2 - ground.top}px`;
    }
  }

  // what is held by mouse or finger can then be moved on by keys
  place.addEventListener("pointerdown", ({ target }) => {
    const held = target.closest("[data-held]")?.dataset.held;
    if (!held) return;
    const grip = grips.length === 1 ? grips[0] : grips.find((one) => one.held === held); // one may stand for all
    grip?.button.focus({ preventScroll: true });
  });
  panel.append(...grips.map(({ button }) => button));
  new ResizeObserver(set).observe(panel);
  return { set };
}
