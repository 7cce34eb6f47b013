/* The view of `two_gradients`: two arrows that are dragged, and the step of every aggregator.
   The same as explorables/two_gradients.py. Vectors are [x, y]. */
import {
  AGGREGATORS,
  decimal,
  dot,
  mix,
  pair,
  rounded,
  size,
  turned,
  unit,
} from "./aggregators.js";
import { fill } from "./parts.js";

const SIDE = 320; // of the drawing
const FAR = 500; // a length that leaves the drawing
// by how much steps are drawn larger, as long as the longest is no longer
const [LARGER, LONG] = [[16, 12, 8, 6, 4, 3, 2], 150];
const [LETTER, TALL] = [7, 16]; // the width of a letter of a name, and the height of a line

/* ---- the drawing; `scale` is the length of one unit in it ---- */

const inDrawing = ([x, y], scale) => [SIDE / 2 + scale * x, SIDE / 2 - scale * y];
const spot = (v, scale) => inDrawing(v, scale).map((x) => x.toFixed(1));
const line = (scale, ...vectors) => `M${vectors.map((v) => spot(v, scale).join(" ")).join("L")}`;

/* From the origin to v, with a head of 8, or of half the arrow. */
function arrow(v, scale) {
  const back = mix(Math.min(8 / scale, size(v) / 2), unit(v));
  const side = mix(0.5, turned(back));
  const neck = mix(1, v, -1, back);
  const head = line(scale, mix(1, neck, 1, side), v, mix(1, neck, -1, side));
  return `<path d="${line(scale, [0, 0], v)}${head}"/>`;
}

/* A gradient, with what it is dragged by at its end. */
function handle(task, g, scale, say) {
  const [x, y] = spot(g, scale);
  const letter = `<text x="${x}" y="${y}">${task.toUpperCase()}</text>`;
  const grip = `<circle cx="${x}" cy="${y}" r="14"/>${letter}`;
  const name = fill(say.gradient, { task: task.toUpperCase() });
  return (
    `<g class="mtl-handle mtl-by-${task}" data-held="${task}" data-name="${name}">` +
    `${arrow(g, scale)}${grip}</g>`
  );
}

/* Where both losses fall: between the perpendiculars of both gradients, and beyond the drawing. */
function cone(a, b, scale) {
  const [v, w] = [size(a) ? a : b, size(b) ? b : a];
  const turn = v[0] * w[1] >= v[1] * w[0] ? 1 : -1;
  const edges = [mix(turn, turned(unit(v))), mix(-turn, turned(unit(w)))];
  const middle = mix(1, unit(v), 1, unit(w));
  const beyond = edges.map((edge) => mix(1, edge, 1, middle));
  const corners = [[0, 0], edges[0], ...beyond, edges[1]];
  return corners.map((corner) => mix(FAR / scale, corner));
}

/* By how much the steps are drawn larger than the gradients. */
function enlarged(found, scale) {
  const longest = Math.max(...found.map(({ d }) => size(d.map(rounded))));
  const fits = LARGER.find((times) => times * longest * scale <= LONG);
  return fits && longest ? fits : 1;
}

const meet = (one, other) =>
  one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3];

/* Where a name may stand, from the tip of its arrow, the nearest first. */
function placesAway() {
  const steps = (far) => Array.from({ length: 2 * far + 1 }, (_, i) => i - far);
  const places = steps(12).flatMap((i) => steps(38).map((j) => [16 * i, 8 * j]));
  const nearer = (v, w) => dot(v, v) - dot(w, w) || v[0] - w[0] || v[1] - w[1];
  return places.sort(nearer);
}
const AWAY = placesAway();

const around = ([x, y], far = 3) => [x - far, y - far, x + far, y + far];

/* Where a name of so many letters stands, as [left, top, right, bottom]: beyond the tip, or as near to
   there as it meets nothing. */
function freeBox([x, y], letters, taken) {
  const out = [x - SIDE / 2, y - SIDE / 2];
  const [dx, dy] = size(out) ? unit(out) : [0, -1];
  const wide = LETTER * letters;
  const aside = dx < 0 ? wide : 0; // to the side that the arrow points to
  const shift = Math.abs(dx) < 0.3 ? wide / 2 : aside;
  const [left, top] = [x + 10 * dx - shift, y + 10 * dy - TALL / 2];
  const boxAt = ([across, down]) => [
    left + across,
    top + down,
    left + across + wide,
    top + down + TALL,
  ];
  const isFree = (box) =>
    Math.min(box[0], box[1]) >= 2 &&
    Math.max(box[2], box[3]) <= SIDE - 2 &&
    !taken.some((one) => meet(box, one));
  const away = AWAY.find((place) => isFree(boxAt(place)));
  return away ? boxAt(away) : [2, 2, 2 + wide, 2 + TALL];
}

function nameOf(steps, say) {
  const [first, ...others] = steps.map(({ name }) => say[name]);
  if (others.length > 1) return fill(say.more, { name: first, more: others.length });
  return [first, ...others].join(" = ");
}

/* The arrows of the steps, equal ones together, with their names. */
function namedArrows(a, b, drawn, scale, larger, say) {
  const equal = {};
  for (const step of drawn) {
    equal[pair(step.d)] ??= [];
    equal[pair(step.d)].push(step);
  }
  const groups = Object.values(equal).map((steps) => {
    return { steps, tip: inDrawing(mix(larger, steps[0].d.map(rounded)), scale) };
  });
  const ends = [a, b].map((g) => inDrawing(g, scale));
  const taken = ends.map((end) => around(end, 14));
  for (const [x, y] of [...ends, ...groups.map(({ tip }) => tip)]) {
    const along = (i) => [x, y].map((end) => SIDE / 2 + ((end - SIDE / 2) * i) / 12);
    for (let i = 0; i < 13; i++) taken.push(around(along(i)));
  }
  const groupDrawn = ({ steps, tip }) => {
    const said = nameOf(steps, say);
    const box = freeBox(tip, said.length, taken);
    taken.push(box);
    const [left, top, right, low] = box;
    const near = [Math.min(Math.max(tip[0], left), right), Math.min(Math.max(tip[1], top), low)];
    const [from, to] = [tip, near].map((at) => at.map((x) => x.toFixed(1)).join(" "));
    const isFar = size(mix(1, near, -1, tip)) > 12;
    const lead = isFar ? `<path class="mtl-lead" d="M${from}L${to}"/>` : "";
    const [x, y] = [(left + right) / 2, (top + low) / 2].map((at) => at.toFixed(1));
    const kinds = steps.map(({ name }) => `mtl-${name}`).join(" ");
    return (
      `<g class="${kinds}">${arrow(mix(larger, steps[0].d), scale)}${lead}` +
      `<text class="mtl-name" x="${x}" y="${y}">${said}</text></g>`
    );
  };
  return groups.map(groupDrawn).join("");
}

function plane([a, b], found, drawn, scale, say) {
  const steps = drawn.map(({ name, d }) => `${say[name]} ${pair(d)}`).join(", ");
  const larger = enlarged(found, scale);
  const much =
    larger > 1
      ? `<text class="mtl-larger" x="6" y="${SIDE - 10}">${fill(say.larger, { times: larger })}</text>`
      : "";
  return (
    `<svg class="mtl-plane" viewBox="0 0 ${SIDE} ${SIDE}" role="img"` +
    ` aria-label="${fill(say.drawn, { steps })}">` +
    `<path class="mtl-good" d="${line(scale, ...cone(a, b, scale))}z"/>` +
    `<path class="mtl-axis" d="M0 ${SIDE / 2}h${SIDE}M${SIDE / 2} 0v${SIDE}"/>` +
    `<path class="mtl-hull" d="${line(scale, mix(larger, a), mix(larger, b))}"/>` +
    `${namedArrows(a, b, drawn, scale, larger, say)}${much}` +
    `${handle("a", a, scale, say)}${handle("b", b, scale, say)}</svg>`
  );
}

/* ---- the table of all steps ---- */

function stepTable(found, shown, say) {
  const heads = [say.step, fill(say.change, { task: "A" }), fill(say.change, { task: "B" })];
  const head = heads.map((text) => `<th scope="col">${text}</th>`).join("");
  const flag = ` <span aria-hidden="true">▲</span><span class="mtl-unseen">${say.raised}</span>`;
  const changed = (x) => `<td>${decimal(x)}${rounded(x) > 0 ? flag : ""}</td>`;
  const rows = found.map(({ name, number, d, change }) => {
    const mark = shown === number ? ' aria-current="true"' : "";
    return (
      `<tr class="mtl-${name}" tabindex="0"${mark}><th scope="row">${say[name]}</th>` +
      `<td>${pair(d)}</td>${changed(change.a)}${changed(change.b)}</tr>`
    );
  });
  return (
    `<table class="mtl-steps"><thead><tr><td></td>${head}</tr></thead>` +
    `<tbody>${rows.join("")}</tbody></table>`
  );
}

/* ---- the words ---- */

/* How two gradients stand to each other. */
function relation(a, b, say) {
  const lengths = size(a) * size(b);
  if (!lengths) return say["no-cosine"];
  const cosine = dot(a, b) / lengths;
  const conflict = cosine < -1e-9 ? say.conflict : say.agree;
  const kind = cosine < -1 + 1e-9 ? say.opposed : conflict;
  return fill(say.cosine, { cosine: decimal(cosine), kind });
}

/* Who hurts whom. */
function hurt(found, say) {
  const by = (task) => found.filter(({ change }) => rounded(change[task]) > 0);
  const names = (task) =>
    by(task)
      .map(({ name }) => say[name])
      .join(", ") || say.nobody;
  return fill(say.hurts, { a: names("a"), b: names("b") });
}

function chosen({ name, d, change }, say) {
  const changes = { a: decimal(change.a), b: decimal(change.b) };
  return fill(say.chosen, { name: say[name], step: pair(d), ...changes });
}

/* ---- the view ---- */

export function gradients({ dials, given: { ends, names, unit: scale, say } }, [shown, ...at]) {
  const [ax, ay, bx, by] = at.map((i) => ends[i]);
  const [a, b] = [
    [ax, ay],
    [bx, by],
  ];
  const found = names.map((name, i) => {
    const d = AGGREGATORS[name](a, b);
    return { name, number: i + 1, d, change: { a: -dot(d, a), b: -dot(d, b) } };
  });
  const drawn = found.filter(({ number }) => !shown || shown === number);

  const written = at.map((i, coordinate) => dials[coordinate + 1].values[i]);
  const point = { ax: written[0], ay: written[1], bx: written[2], by: written[3] };
  const last = shown ? chosen(drawn[0], say) : say.same;
  const lines = [relation(a, b, say), hurt(found, say), last].map((text) => `<span>${text}</span>`);
  return {
    words: `<strong>${fill(say.gradients, point)}.</strong> ${lines.join(" ")}`,
    drawing: plane([a, b], found, drawn, scale, say) + stepTable(found, shown, say),
  };
}

/* The positions of the dials when gradient `held` is dragged to (x, y) of the drawing. */
export function pickGradient({ given: { ends, unit: scale } }, positions, held, x, y) {
  const distance = (at, value) => Math.abs(ends[at] - value);
  const closer = (value) => (best, _, i) => (distance(i, value) < distance(best, value) ? i : best);
  const nearest = (value) => ends.reduce(closer(value), 0);
  const at = held === "a" ? 1 : 3;
  const picked = [nearest((x - SIDE / 2) / scale), nearest((SIDE / 2 - y) / scale)];
  return [...positions.slice(0, at), ...picked, ...positions.slice(at + 2)];
}
