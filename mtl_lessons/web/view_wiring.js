/* The view of `wiring`: all designs side by side, or one large, lit by the losses that act.
   The same as explorables/wiring.py, which knows where boxes and wires stand. */
import { fill } from "./parts.js";

const actingOn = (losses, tasks) => [...losses].filter((loss) => tasks.includes(loss));

/* The class of what some losses reach. */
function litBy(losses, tasks) {
  const acting = actingOn(losses, tasks);
  return `mtl-by-${acting.length > 1 ? "both" : (acting[0] ?? "none")}`;
}

function wireDrawn([path, passes, leaks], losses) {
  const bold = actingOn(losses, leaks).length ? " mtl-leak" : "";
  return `<g class="${litBy(losses, passes)}${bold}"><path d="${path}"/></g>`;
}

function boxDrawn([x, y, text, tasks], losses, [width, height], isLarge, say) {
  const acting = actingOn(losses, tasks);
  const by = acting.length ? fill(say.by, { tasks: acting.join(" + ") }) : say["by-none"];
  const second = isLarge ? `<text x="${x}" y="${y + 14}">${by}</text>` : "";
  return (
    `<g class="${litBy(losses, tasks)} mtl-box"><path d="M${x - width / 2} ` +
    `${y - height / 2}h${width}v${height}h-${width}z"/>` +
    `<text x="${x}" y="${isLarge ? y - 2 : y + 4}">${text}</text>${second}</g>`
  );
}

function networkDrawn({ given: { boxes, say } }, { says, ...parts }, losses, which, size) {
  const { height, wires, boxes: placed } = parts[size];
  const isLarge = size === "large";
  const width = isLarge ? 320 : 160;
  return (
    `<svg class="mtl-wires" viewBox="0 0 ${width} ${height}" role="img" ` +
    `aria-label="${says[which][0]}">` +
    wires.map((wire) => wireDrawn(wire, losses)).join("") +
    placed.map((box) => boxDrawn(box, losses, boxes[size], isLarge, say)).join("") +
    `<text x="${width / 2}" y="${height - 4}">x</text></svg>`
  );
}

export function wiring(data, [which, design], at) {
  const { losses, designs, words } = data.given;
  const drawn = (one, size) => networkDrawn(data, one, losses[which], which, size);
  const small = (one, i) =>
    `<div data-turn="1.${i + 1}"><b>${one.name}</b>${drawn(one, "small")}` +
    `<span>${one.says[which][1]}</span></div>`;
  const drawing = design
    ? `<div class="mtl-wiring" data-turn="1.0">${drawn(designs[design - 1], "large")}</div>`
    : `<div class="mtl-wirings">${designs.map(small).join("")}</div>`;
  return { words: words[at], drawing };
}
