/* The view of `groups`: six tasks in up to three networks, what each gains, what a signal
   promised. The same as explorables/groups.py. */
import { decimal } from "./aggregators.js";
import { fill } from "./parts.js";

const TOP = 44;
const STEP = 27;
const CIRCLE = 82;
const NEXT = 22;
const [GAIN, GAIN_HALF, GAIN_END] = [186, 40, 0.8];
const [PROMISE, PROMISE_HALF] = [288, 28];

const signed = (x) => (x < 0 || decimal(x) === "0.00" ? decimal(x) : `+${decimal(x)}`);
const held = (x) => Math.min(1, Math.max(-1, x));

function circle(x, y, network, mine, turn) {
  const digit = `<text class="mtl-digit" x="${x}" y="${y + 4}">${network + 1}</text>`;
  return network === mine
    ? `<circle class="mtl-in" cx="${x}" cy="${y}" r="9"/>${digit}`
    : `<g data-turn="2.${turn}"><circle cx="${x}" cy="${y}" r="9"/>${digit}</g>`;
}

function row(name, task, mine, turns, gain, promise) {
  const y = TOP + STEP * task;
  const circles = turns.map((turn, k) => circle(CIRCLE + NEXT * k, y, k, mine, turn)).join("");
  const [mean, low, high] = gain.map((v) => (GAIN + GAIN_HALF * held(v / GAIN_END)).toFixed(1));
  const end = (PROMISE + PROMISE_HALF * promise).toFixed(1);
  return (
    `<g class="mtl-net-${mine + 1}"><text class="mtl-name" x="68" y="${y + 4}">` +
    `${name}</text>${circles}</g>` +
    `<g class="mtl-by-${gain[0] >= 0 ? "a" : "b"}"><path class="mtl-bar" ` +
    `d="M${GAIN} ${y}H${mean}"/></g>` +
    `<path class="mtl-whisker" d="M${low} ${y}H${high}"/>` +
    `<text class="mtl-number" x="254" y="${y + 4}">${signed(gain[0])}</text>` +
    `<g class="mtl-by-none"><path class="mtl-bar" d="M${PROMISE} ${y}H${end}"/></g>`
  );
}

/* Mean of a signal over the others of a group, rounded as Python rounds it. */
function promised(signal, group, task) {
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
    const promise = promised(world.signals[signal], group, task);
    const drawn = row(name, task, nets[task], given.turns[place][task], gain, promise);
    return { drawn, said: `${name.split(" ")[0]} ${signed(gain[0])}` };
  });
  const height = TOP + STEP * tasks.length;
  const foot = height - 10;
  const [mean, low, high] = world.values[place].map(signed);
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
      worth: signed(world.values[chosen][0]),
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
      `<text class="mtl-head" x="${CIRCLE + NEXT}" y="14">${say.network}</text>` +
      `<text class="mtl-head" x="${GAIN}" y="14">${say.gain}</text>` +
      `<text class="mtl-head" x="${PROMISE}" y="14">${say.promise}</text>` +
      `<path class="mtl-axis" d="M${GAIN} 26V${foot}M${PROMISE} 26V${foot}"/>` +
      `${rows.map(({ drawn }) => drawn).join("")}</svg>`,
  };
}
