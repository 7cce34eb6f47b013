/* The view of `race`: two losses over two weights, and the path of every aggregator.
   The same as explorables/race.py. Vectors are [x, y]. */
import { AGGREGATORS, decimal, mix } from "./aggregators.js";
import { fill } from "./parts.js";

const WIDE = 320; // of the drawing

/* ---- the losses and the paths ---- */

const offset = ({ d, k }, [x, y]) => y - d - k * x * x;

const lossAt = (loss, at) =>
  0.5 * loss.p * (at[0] - loss.c) ** 2 + 0.5 * loss.q * offset(loss, at) ** 2;

function slopeAt(loss, at) {
  const pull = loss.q * offset(loss, at);
  return [loss.p * (at[0] - loss.c) - 2 * loss.k * at[0] * pull, pull];
}

/* The places of a runner up to a step. */
function ran(name, { start, steps, losses, scale, noise, draws, rate }) {
  const path = [start];
  for (const [a, b] of draws.slice(0, steps)) {
    const place = path.at(-1);
    const gradA = mix(1, slopeAt(losses[0], place), noise, a);
    const gradB = mix(scale, slopeAt(losses[1], place), scale * noise, b);
    path.push(mix(1, place, -rate, AGGREGATORS[name](gradA, gradB)));
  }
  return path;
}

/* ---- the drawing; `scale` is the length of one unit in it ---- */

const raceSpot = ([x, y], unit) =>
  [WIDE / 2 + unit * x, WIDE / 2 - unit * y].map((value) => value.toFixed(1));
const way = (places, unit) => `M${places.map((at) => raceSpot(at, unit).join(" ")).join("L")}`;

function runnerMark({ name, number, path }, unit) {
  const [x, y] = raceSpot(path.at(-1), unit);
  return (
    `<g class="mtl-${name} mtl-runner"><circle cx="${x}" cy="${y}" r="8"/>` +
    `<text x="${x}" y="${y}">${number}</text></g>`
  );
}

function racePlane(runners, start, still, unit, say) {
  const end = ({ name, path }) => `${say[name]} (${path.at(-1).map(decimal).join(", ")})`;
  const ends = runners.map(end).join(", ");
  const ways = runners.map(
    ({ name, path }) => `<g class="mtl-${name}"><path d="${way(path, unit)}"/></g>`,
  );
  const marks = runners.map((runner) => runnerMark(runner, unit));
  const [x, y] = raceSpot(start, unit);
  return (
    `<svg class="mtl-plane mtl-race" viewBox="0 0 ${WIDE} ${WIDE}" role="img"` +
    ` aria-label="${fill(say.drawn, { ends })}">` +
    `<g class="mtl-by-a"><path class="mtl-contour" d="${still.a}"/></g>` +
    `<g class="mtl-by-b"><path class="mtl-contour" d="${still.b}"/></g>` +
    `<path class="mtl-front-line" d="${still.front}"/>${ways.join("")}` +
    `<g class="mtl-handle" data-held="start" data-name="${say.held}">` +
    `<circle cx="${x}" cy="${y}" r="9"/></g>` +
    `${marks.join("")}</svg>`
  );
}

function lossTable(runners, say) {
  const head = [say["loss-a"], say["loss-b"]].map((text) => `<th scope="col">${text}</th>`);
  const rows = runners.map(
    ({ name, number, ends }) =>
      `<tr class="mtl-${name}"><th scope="row">${number} ${say[name]}</th>` +
      `${ends.map((loss) => `<td>${decimal(loss)}</td>`).join("")}</tr>`,
  );
  return (
    `<table class="mtl-steps"><thead><tr><td></td>${head.join("")}</tr></thead>` +
    `<tbody>${rows.join("")}</tbody></table>`
  );
}

/* Who has the lowest loss of a task, of those printed alike all. */
function ahead(runners, task, say) {
  const printed = runners.map(({ name, ends }) => [say[name], decimal(ends["ab".indexOf(task)])]);
  const loss = printed.map(([, text]) => text).sort((one, other) => one - other)[0];
  const names = printed.filter(([, text]) => text === loss).map(([name]) => name);
  return fill(say.ahead, { task, loss, names: names.join(", ") });
}

/* ---- the view ---- */

export function race({ dials, given }, [step, which, scale, noise, x, y]) {
  const { say, unit } = given;
  const cases = Object.keys(given.losses);
  const losses = given.losses[cases[which]];
  const start = [given.places[x], given.places[y]];
  const setting = {
    start,
    steps: step,
    losses,
    scale: given.scales[scale],
    noise: given.noises[noise],
    draws: given.draws,
    rate: given.rate,
  };
  const runners = given.runners.map((name, i) => {
    const path = ran(name, setting);
    return { name, number: i + 1, path, ends: losses.map((loss) => lossAt(loss, path.at(-1))) };
  });
  const still = given.grounds[cases[which]];
  const point = { step, case: dials[1].values[which], scale: given.scales[scale] };
  const lines = ["a", "b"].map((task) => `<span>${ahead(runners, task, say)}</span>`);
  return {
    words: `<strong>${fill(say.at, point)}.</strong> ${lines.join(" ")}`,
    drawing: racePlane(runners, start, still, unit, say) + lossTable(runners, say),
  };
}

/* The positions of the dials when the start is dragged to (x, y) of the drawing. */
export function pickStart({ given: { places, unit } }, positions, _, x, y) {
  const nearest = (value) => {
    const apart = places.map((place) => Math.abs(place - value));
    return apart.indexOf(Math.min(...apart));
  };
  const start = [nearest((x - WIDE / 2) / unit), nearest((WIDE / 2 - y) / unit)];
  return [...positions.slice(0, 4), ...start];
}
