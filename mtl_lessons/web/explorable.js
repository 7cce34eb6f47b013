/* The engine of explorables. Python renders a figure with one point of it, in words and drawn; this
   module mounts each `.mtl-explorable` and adds a dial per axis; if there is a table, its cells
   become buttons. No dependency, no network. The data, with the last dial fastest:
   {view, dials: [{label, choice, values: [text]}], start, say, given, cells: [{words, drawing}]}. */
import { element } from "./parts.js";
import { askBorder, askChoice } from "./guess.js";
import { letPush } from "./grips.js";
import { moved, player } from "./motion.js";
import { budget } from "./view_budget.js";
import { fusion } from "./view_fusion.js";
import { gates, pickPlace } from "./view_gates.js";
import { gradients, pickGradient } from "./view_gradients.js";
import { groups } from "./view_groups.js";
import { grounded, layers, pickLayer } from "./view_layers.js";
import { pickStart, race } from "./view_race.js";
import { tree } from "./view_tree.js";
import { wiring } from "./view_wiring.js";

/* A view says what there is at a position of the dials: {words, drawing}, both HTML. Of a view that
   computes, `data.given` is what it is told, and it may let itself be dragged:
   `pick(data, positions, held, x, y)` gives the positions of the dials when what the drawing names
   `data-held` is dragged to (x, y) of its viewBox. What a drawing names `data-turn="1.3"` turns the
   second dial to its fourth value when it is clicked: a short cut, for the dial does it, too. `keys` has
   for each thing that is held the dials that arrow keys to the right and up turn, as [dial, step]. */
const VIEWS = {
  drawing: { cell: ({ cells }, _, at) => cells[at] }, // drawn by Python
  budget: { cell: budget },
  fusion: { cell: fusion },
  gates: {
    cell: gates,
    pick: pickPlace,
    keys: {
      // the eight points are one: the first has the keys
      "0.0": [
        [0, 1],
        [1, 1],
      ],
    },
  },
  gradients: {
    cell: gradients,
    pick: pickGradient,
    keys: {
      a: [
        [1, 1],
        [2, 1],
      ],
      b: [
        [3, 1],
        [4, 1],
      ],
    },
  },
  grounded: { cell: grounded },
  groups: { cell: groups },
  layers: {
    cell: layers,
    pick: pickLayer,
    keys: {
      dot: [
        [1, -1],
        [1, 1],
      ],
    },
  },
  race: {
    cell: race,
    pick: pickStart,
    keys: {
      start: [
        [4, 1],
        [5, 1],
      ],
    },
  },
  tree: { cell: tree },
  wiring: { cell: wiring },
};

// which dial an arrow key turns, and by how much
const MOVES = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [1, -1], ArrowRight: [1, 1] };
const WAIT = 400; // ms of rest before the point is said: a slider on its way says nothing

function choices(values) {
  const options = values.map((text, i) => element("option", { value: i, textContent: text }));
  return element("select", {}, ...options);
}

function dial({ label, choice, values }) {
  const value = element("b", { ariaHidden: "true", hidden: choice });
  const range = { type: "range", min: 0, max: values.length - 1, step: 1 };
  const input = choice ? choices(values) : element("input", range);
  const node = element("label", {}, element("span", { textContent: label }), value, input);
  const set = (at) => {
    input.value = at;
    value.textContent = values[at];
    if (!choice) input.setAttribute("aria-valuetext", values[at]);
  };
  return { node, input, set, size: values.length };
}

/* The cells of a map as buttons, of which one is reached by Tab and the others by arrow keys. */
function cellButtons(figure) {
  return [...figure.querySelectorAll(".mtl-map tbody td")].map((field) => {
    const told = element("span", { className: "mtl-told" }, ...field.childNodes);
    const button = element("button", { type: "button" }, told);
    field.append(button);
    return button;
  });
}

/* The place of the dials that the address of the page asks for: `?at=transfer_map.3.2`. */
function linked({ name, dials }) {
  const [asked, ...places] = (new URLSearchParams(location.search).get("at") ?? "").split(".");
  const isPlace = (at, i) => /^\d+$/.test(at) && Number(at) < dials[i].values.length;
  const whole = places.length === dials.length && places.every(isPlace);
  if (!name || asked !== name || !whole) return null;
  return places.reduce((at, position, i) => at * dials[i].values.length + Number(position), 0);
}

/* A link to the state of a figure. An output in a frame of its own has no address to give. */
function stateLink({ name, say }) {
  const link = element("a", { textContent: say.link, hidden: !name || window.top !== window });
  const set = (positions) => {
    link.href = `?at=${[name, ...positions].join(".")}#${name}`;
  };
  return { link, set };
}

function mount(figure) {
  const data = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
  const view = VIEWS[data.view];
  const panel = figure.querySelector(".mtl-panel");
  const [words, place] = panel.children;
  const status = element("div", { className: "mtl-unseen", role: "status" });
  const dials = data.dials.map(dial);
  const buttons = cellButtons(figure);
  const address = stateLink(data);
  let timer;
  let mounted = false; // until then nothing has moved, and nothing is measured: the page is not laid out yet

  const positions = () => dials.map(({ input }) => Number(input.value));
  const read = () => positions().reduce((at, position, i) => at * dials[i].size + position, 0);

  function show(at) {
    let rest = at; // the last dial counts ones
    for (const { set, size } of [...dials].reverse()) {
      set(rest % size);
      rest = Math.floor(rest / size);
    }
    buttons.forEach((button, i) => {
      button.tabIndex = i === at ? 0 : -1;
      if (i === at) button.parentNode.setAttribute("aria-current", "true");
      else button.parentNode.removeAttribute("aria-current");
    });
    const cell = view.cell(data, positions(), at);
    words.innerHTML = cell.words;
    const draw = () => {
      place.innerHTML = cell.drawing;
    };
    if (mounted) moved(place, draw);
    else draw();
    address.set(positions());
    if (mounted) grips?.set();
  }

  function tell(text) {
    clearTimeout(timer);
    timer = setTimeout(() => {
      status.textContent = text;
    }, WAIT);
  }

  function choose(at) {
    show(at);
    tell(words.textContent);
  }

  function drag(held, x, y) {
    const picked = view.pick(data, positions(), held, x, y);
    picked.forEach((position, i) => {
      dials[i].input.value = position;
    });
    play?.stop();
    choose(read());
  }

  function push(which, step) {
    const { input } = dials[which];
    input.value = Number(input.value) + step; // a range stops at its ends
    play?.stop();
    choose(read());
  }
  const grips = view.keys && letPush(panel, place, view.keys, data.say, push);

  /* What is asked first, and what a click on a cell answers while it is asked. */
  const ask = data.guess?.helps ? askBorder : askChoice;
  const guess =
    data.guess &&
    ask(figure, data, buttons, (text, at) => {
      if (at !== undefined) show(at);
      tell(text);
    });
  const play = data.play && player(data, dials[data.play.dial].input, () => show(read()));

  function startAgain() {
    play?.stop();
    guess?.open();
    choose(data.start);
  }

  dials.forEach(({ input }) =>
    input.addEventListener("input", (event) => {
      if (event.isTrusted) play?.stop(); // the reader's hand, not the player's
      if (guess?.isOpen()) guess.close();
      choose(read());
    }),
  );
  dials.forEach(({ input }) => letScroll(input));
  place.addEventListener("click", ({ target }) => {
    const turn = target.closest("[data-turn]")?.dataset.turn;
    if (turn === undefined) return;
    const [which, position] = turn.split(".").map(Number);
    dials[which].input.value = position;
    dials[which].input.dispatchEvent(new Event("input", { bubbles: true }));
  });
  buttons.forEach((button, at) => {
    button.addEventListener("click", () => {
      if (guess?.take(at)) show(at);
      else choose(at);
    });
    button.addEventListener("keydown", (event) => {
      if (!(event.key in MOVES)) return;
      event.preventDefault();
      const [which, step] = MOVES[event.key];
      const { input } = dials[which];
      input.value = Number(input.value) + step; // a range stops at its ends
      if (guess?.isOpen()) show(read());
      else choose(read());
      buttons[read()].focus();
    });
  });

  const again = element("button", { type: "button", textContent: data.say.again });
  again.addEventListener("click", startAgain);
  const tools = element("div", { className: "mtl-tools" });
  tools.append(...(play ? [play.button] : []), again, address.link);
  const legend = element("legend", { textContent: data.say.dials });
  panel.prepend(element("fieldset", {}, legend, ...dials.map(({ node }) => node), tools));
  figure.append(status);
  const asked = linked(data);
  show(asked ?? data.start);
  if (asked !== null) guess?.close();
  if (view.pick) letDrag(place, drag);
  mounted = true;
}

/* A finger that comes down on a slider and then scrolls the page leaves it as it was. */
function letScroll(input) {
  let before;
  input.addEventListener("pointerdown", () => {
    before = input.value;
  });
  input.addEventListener("pointercancel", () => {
    if (before === undefined || input.value === before) return;
    input.value = before;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

/* Calls `drag(held, x, y)` while a finger or the mouse moves what the drawing names `data-held`. */
function letDrag(place, drag) {
  const grips = new Map(); // by pointer, so that two fingers hold two handles

  place.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest("[data-held]");
    if (!handle || event.button) return;
    event.preventDefault(); // no text is selected on the way
    place.setPointerCapture(event.pointerId); // the handle is replaced on the way
    const grip = handle.querySelector("circle") ?? handle;
    const { left, right, top, bottom } = grip.getBoundingClientRect();
    const dx = (left + right) / 2 - event.clientX;
    const dy = (top + bottom) / 2 - event.clientY;
    grips.set(event.pointerId, { held: handle.dataset.held, dx, dy });
  });

  const hold = (event) => {
    if (event.target.closest("[data-held]")) event.preventDefault();
  };
  // else the page scrolls: touch-action does not reach into a group of an SVG
  place.addEventListener("touchstart", hold, { passive: false });

  place.addEventListener("lostpointercapture", (event) => grips.delete(event.pointerId));

  place.addEventListener("pointermove", (event) => {
    if (!grips.has(event.pointerId)) return;
    const { held, dx, dy } = grips.get(event.pointerId);
    const screen = new DOMPoint(event.clientX + dx, event.clientY + dy);
    const toDrawing = place.querySelector("svg").getScreenCTM().inverse();
    const { x, y } = screen.matrixTransform(toDrawing);
    drag(held, x, y);
  });
}

for (const figure of document.querySelectorAll(".mtl-explorable:not([data-mounted])")) {
  figure.dataset.mounted = "";
  mount(figure);
}
