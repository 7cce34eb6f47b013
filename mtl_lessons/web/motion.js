/* What moves: a drawing from one state to the next, and a process that is played. Nobody who asked for
   less motion sees the way between. */
import { element } from "./parts.js";

const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/* Draws anew, and lets what has the same `data-key` glide from where it was. */
export function moved(place, draw) {
  if (still()) {
    draw();
    return;
  }
  const spots = () =>
    new Map([...place.querySelectorAll("[data-key]")].map((one) => [one.dataset.key, one]));
  const before = new Map([...spots()].map(([key, one]) => [key, one.getBoundingClientRect()]));
  draw();
  if (!before.size) return;
  for (const [key, one] of spots()) {
    const [from, to] = [before.get(key), one.getBoundingClientRect()];
    const way = from && [from.x - to.x, from.y - to.y];
    if (!way || !Math.hypot(...way)) continue;
    const scale = one.ownerSVGElement?.getScreenCTM().a ?? 1; // a unit of the drawing in px
    const start = `translate(${way.map((d) => `${d / scale}px`).join(",")})`;
    one.animate([{ transform: start }, { transform: "none" }], {
      duration: 400,
      easing: "ease-in-out",
    });
  }
}

/* A button that turns a dial step by step to its end; `show()` draws each step. */
export function player({ play: { pace }, say }, input, show) {
  const button = element("button", { type: "button", textContent: say.play });
  let timer = null;

  function stop() {
    clearInterval(timer);
    timer = null;
    button.textContent = say.play;
  }

  function step() {
    input.value = Number(input.value) + 1;
    show();
    if (input.value === input.max) {
      stop();
      input.dispatchEvent(new Event("input", { bubbles: true })); // the end is said
    }
  }

  function start() {
    if (input.value === input.max) input.value = input.min;
    button.textContent = say.pause;
    timer = setInterval(step, pace);
  }

  button.addEventListener("click", () => (timer === null ? start() : stop()));
  return { button, stop };
}
