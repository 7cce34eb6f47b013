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
function handle(task, g, scale) {
  const [x, y] = spot(g, scale);
  const letter = `<text x="${x}" y="${y}">${task.toUpperCase()}</text>`;
  const grip = `<circle cx="${x}" cy="${y}" r="14"/>${letter}`;
  return `<g class="mtl-handle" data-held="${task}">${arrow(g, scale)}${grip}</g>`;
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

/* The number of each step beyond its end, equal steps together; further out where one stands. */
function numbers(drawn, scale) {
  const places = [];
  const equal = {};
  for (const step of drawn) {
    equal[pair(step.d)] ??= [];
    equal[pair(step.d)].push(step);
  }
  const texts = Object.values(equal).map((steps) => {
    const { d } = steps[0];
    const way = size(d) > 0.005 ? unit(d) : [0, 1];
    let place = mix(scale, d, 12, way);
    const isTaken = (other) => Math.max(...mix(1, place, -1, other).map(Math.abs)) < 13;
    while (places.some(isTaken)) place = mix(1, place, 4, way);
    places.push(place);
    const [x, y] = spot(mix(1 / scale, place), scale);
    const said = steps.map(({ number }) => number).join(" ");
    return `<text class="mtl-number" x="${x}" y="${y}">${said}</text>`;
  });
  return texts.join("");
}

function plane(a, b, drawn, scale, say) {
  const steps = drawn.map(({ name, d }) => `${say[name]} ${pair(d)}`).join(", ");
  const group = ({ name, d }) => `<g class="mtl-${name}">${arrow(d, scale)}</g>`;
  const arrows = drawn.map(group).join("");
  return (
    `<svg class="mtl-plane" viewBox="0 0 ${SIDE} ${SIDE}" role="img"` +
    ` aria-label="${fill(say.drawn, { steps })}">` +
    `<path class="mtl-good" d="${line(scale, ...cone(a, b, scale))}z"/>` +
    `<path class="mtl-axis" d="M0 ${SIDE / 2}h${SIDE}M${SIDE / 2} 0v${SIDE}"/>` +
    `<path class="mtl-hull" d="${line(scale, a, b)}"/>${arrows}${numbers(drawn, scale)}` +
    `${handle("a", a, scale)}${handle("b", b, scale)}</svg>`
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
      `<tr class="mtl-${name}"${mark}><th scope="row">${number} ${say[name]}</th>` +
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
    drawing: plane(a, b, drawn, scale, say) + stepTable(found, shown, say),
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
