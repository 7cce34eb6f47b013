/* The view of `gates`: eight maps of the square, and what the gates give their experts at a point.
   The same as explorables/gates.py, which draws what no dial moves. */
import { fill } from "./parts.js";

const share = (hundredths) => (hundredths / 100).toFixed(2);

function weightBar(left, top, task, weight, { bar, number }) {
  const y = top + bar;
  return (
    `<path class="mtl-whole" d="M${left} ${y}h128"/><g class="mtl-by-${task}">` +
    `<path class="mtl-share" d="M${left} ${y}h${Math.round(1.28 * weight)}"/></g>` +
    `<text x="${left + 64}" y="${top + number}">${share(weight)}</text>`
  );
}

const pointHandle = (x, y, held, name) =>
  `<g class="mtl-handle" data-held="${held}" data-name="${name}"><circle cx="${x}" cy="${y}" r="10"/>` +
  `<circle class="mtl-reach" cx="${x}" cy="${y}" r="28"/></g>`;

export function gates({ dials, given: { weights, ground, sizes, say } }, [column, row]) {
  const { left, next, cell } = sizes;
  const side = dials[1].values.length;
  const bars = [];
  const handles = [];
  const lines = [];
  Object.entries(weights).forEach(([task, maps], i) => {
    const here = maps.map((map) => map[row][column]);
    const top = sizes.row * i;
    here.forEach((weight, n) => {
      bars.push(weightBar(left + next * n, top, task, weight, sizes));
      const x = left + next * n + cell * column + cell / 2;
      const y = top + sizes.map + cell * (side - 1 - row) + cell / 2;
      handles.push(pointHandle(x, y, `${i}.${n}`, say.held));
    });
    const most = Math.max(...here);
    lines.push(fill(say.most, { task, expert: here.indexOf(most) + 1, weight: share(most) }));
  });
  const point = fill(say.point, { x1: dials[0].values[column], x2: dials[1].values[row] });
  const label = fill(say.drawn, { said: lines.join(" ") });
  return {
    words: `<strong>${point}.</strong> ${lines.map((line) => `<span>${line}</span>`).join(" ")}`,
    drawing:
      `<svg class="mtl-squares" viewBox="0 0 640 ${2 * sizes.row - 20}" role="img" ` +
      `aria-label="${label}">${ground}${bars.join("")}${handles.join("")}</svg>`,
  };
}

/* The positions of the dials when the point of a map, `row.column` of the maps, is dragged. */
export function pickPlace({ dials, given: { sizes } }, _, held, x, y) {
  const [row, map] = held.split(".").map(Number);
  const last = dials[0].values.length - 1;
  const cellAt = (way) => Math.min(Math.max(Math.floor(way / sizes.cell), 0), last);
  const across = x - sizes.left - sizes.next * map;
  const down = y - sizes.row * row - sizes.map;
  return [cellAt(across), last - cellAt(down)];
}
