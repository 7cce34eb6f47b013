/* The view of `groups`: six tasks in up to three networks, what each gains, what a signal
   promised. The same as explorables/groups.py. */
import { decimal } from "./aggregators.js";
import { fill } from "./parts.js";

// where things stand in the drawing, which is 320 wide
const SPOT = { top: 44, step: 27, circle: 90, next: 21, gain: 186, half: 34, end: 0.8 };
const PROMISE = { middle: 290, half: 27 };

const signedGain = (x) => (x < 0 || decimal(x) === "0.00" ? decimal(x) : `+${decimal(x)}`);
const withinAxis = (x) => Math.min(1, Math.max(-1, x));

function networkMark(x, y, network, mine, turn) {
  const digit = `<text class="mtl-digit" x="${x}" y="${y + 4}">${network + 1}</text>`;
  return network === mine
    ? `<circle class="mtl-in" cx="${x}" cy="${y}" r="9"/>${digit}`
    : `<g data-turn="2.${turn}"><circle cx="${x}" cy="${y}" r="9"/>${digit}</g>`;
}

function taskRow(name, task, mine, turns, gain, promise) {
  const y = SPOT.top + SPOT.step * task;
  const circles = turns
    .map((turn, k) => networkMark(SPOT.circle + SPOT.next * k, y, k, mine, turn))
    .join("");
  const across = (v) => (SPOT.gain + SPOT.half * withinAxis(v / SPOT.end)).toFixed(1);
  const [mean, low, high] = gain.map(across);
  const end = (PROMISE.middle + PROMISE.half * promise).toFixed(1);
  return (
    `<g class="mtl-net-${mine + 1}"><text class="mtl-name" x="77" y="${y + 4}">` +
    `${name}</text>${circles}</g>` +
    `<g class="mtl-by-${gain[0] >= 0 ? "a" : "b"}"><path class="mtl-bar" ` +
    `d="M${SPOT.gain} ${y}H${mean}"/></g>` +
    `<path class="mtl-whisker" d="M${low} ${y}H${high}"/>` +
    `<text class="mtl-number" x="260" y="${y + 4}">${signedGain(gain[0])}</text>` +
    `<g class="mtl-by-none"><path class="mtl-bar" d="M${PROMISE.middle} ${y}H${end}"/></g>`
  );
}

/* Mean of a signal over the others of a group; 0 for a task alone. */
function promiseOf(signal, group, task) {
  const others = group.filter((one) => one !== task);
  const sum = others.reduce((total, one) => total + signal[one][task], 0);
  return others.length ? sum / others.length : 0;
}

export function groups({ dials, given }, [which, signal, place]) {
  const { say, tasks, worlds } = given;
  const world = worlds[which];
  const nets = [...given.groupings[place]].map(Number);
  const count = Math.max(...nets) + 1;
  const rows = tasks.map((name, task) => {
    const group = nets.map((_, i) => i).filter((i) => nets[i] === nets[task]);
    const gain = world.gains[group.join("")][group.indexOf(task)];
    const promise = promiseOf(world.signals[signal], group, task);
    const drawn = taskRow(name, task, nets[task], given.turns[place][task], gain, promise);
    return { drawn, said: `${name.split(" ")[0]} ${signedGain(gain[0])}` };
  });
  const height = SPOT.top + SPOT.step * tasks.length;
  const foot = height - 10;
  const [mean, low, high] = world.values[place].map(signedGain);
  const chosen = world.choices[signal][count - 1];
  const lines = [
    fill(say.mean, {
      mean,
      low,
      high,
      place: world.places[place],
      same: given.same[count - 1],
      count,
    }),
    fill(say.choice, {
      signal: dials[1].values[signal],
      place: world.promised[signal][place],
      choice: dials[2].values[chosen],
      worth: signedGain(world.values[chosen][0]),
    }),
  ];
  const at = fill(say.at, {
    world: dials[0].values[which],
    signal: dials[1].values[signal],
    grouping: dials[2].values[place],
  });
  return {
    words: `<strong>${at}.</strong> ${lines.map((line) => `<span>${line}</span>`).join(" ")}`,
    drawing:
      `<svg class="mtl-groups" viewBox="0 0 320 ${height}" role="img" ` +
      `aria-label="${fill(say.drawn, { gains: rows.map(({ said }) => said).join(", ") })}">` +
      `<text class="mtl-head" x="${SPOT.circle + SPOT.next}" y="14">${say.network}</text>` +
      `<text class="mtl-head" x="${SPOT.gain}" y="14">${say.gain}</text>` +
      `<text class="mtl-head" x="${PROMISE.middle}" y="14">${say.promise}</text>` +
      `<path class="mtl-axis" d="M${SPOT.gain} 26V${foot}M${PROMISE.middle} 26V${foot}"/>` +
      `${rows.map(({ drawn }) => drawn).join("")}</svg>`,
  };
}
