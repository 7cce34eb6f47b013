/* The engine of explorables. Python renders a figure with one point of it, in words and drawn (explorables.py); this module
   mounts each `.mtl-explorable` and adds a dial per axis; if there is a table, its cells become buttons. No dependency, no network.
   The data: {view, dials: [{label, choice, values: [text]}], start, say, cells: [{words, drawing}]}, the last dial fastest. */

/* A view says what there is at a position of the dials: {words, drawing}, both HTML. Of a view that computes, `data.given` is what
   it is told, and it may let itself be dragged: `pick(data, positions, held, x, y)` gives the positions of the dials when what
   the drawing names `data-held` is dragged to (x, y) of its viewBox. */
const VIEWS = {
  drawing: { cell: ({ cells }, _, at) => cells[at] }, // drawn by Python
  fusion: { cell: fusion },
};

/* Items in the order of a formula; the same as `fusion` in explorables_inputs_outputs.py. */
function fusion({ dials, given: { videos, exponents, factors, say } }, positions) {
  const [form, ...rest] = positions;
  const wrong = rest.pop();
  const weights = rest.map((at) => exponents[at]);
  const score = ({ heads: [click, like, minutes], new: fresh }, factor) => {
    const terms = [click, like * factor[Number(fresh)], minutes].map((p, i) => (form ? p ** weights[i] : weights[i] * p));
    return terms.reduce((a, b) => (form ? a * b : a + b));
  };
  const order = (factor) => [...videos].sort((a, b) => score(b, factor) - score(a, factor));
  const [now, fair] = [order(factors[wrong]), order(factors[0])];
  const best = score(now[0], factors[wrong]) || 1;
  const names = now.map(({ name }) => name);
  const moved = now.filter((video, i) => video !== fair[i]).length;

  const row = (video, i) => {
    const y = 18 + 26 * i;
    const up = fair.indexOf(video) - i;
    const mark = up ? `${up > 0 ? "▲" : "▼"}${Math.abs(up)}` : "";
    return `<g class="mtl-${up ? "single" : "shared"}"><text y="${y}">${i + 1} ${video.name}${video.new ? " *" : ""}</text>`
      + `<text x="142" y="${y}" text-anchor="end">${mark}</text>`
      + `<path class="mtl-bar" d="M150 ${y - 5}h${((160 * score(video, factors[wrong])) / best).toFixed(1)}"/></g>`;
  };
  const at = (i) => dials[i].values[positions[i]];
  const said = weights.map((_, i) => `${dials[i + 1].label} ${at(i + 1)}`).join(", ");
  const lines = [say.first.replace("{names}", names.slice(0, 3).join(", ")), moved ? say.moved.replace("{moved}", moved) : say.same];
  return {
    words: `<strong>${at(0)}: ${said}; ${dials[4].label} ${at(4)}.</strong> ${lines.map((line) => `<span>${line}</span>`).join(" ")}`,
    drawing: `<svg viewBox="0 0 320 ${26 * videos.length + 4}" role="img" aria-label="${say.drawing.replace("{names}", names.join(", "))}">`
      + `${now.map(row).join("")}</svg>`,
  };
}

const MOVES = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [1, -1], ArrowRight: [1, 1] }; // dial, step
const WAIT = 400; // ms of rest before the point is announced: a slider on its way says nothing

function element(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}

function dial({ label, choice, values }) {
  const value = element("b", { ariaHidden: "true", hidden: choice });
  const input = choice
    ? element("select", {}, ...values.map((text, i) => element("option", { value: i, textContent: text })))
    : element("input", { type: "range", min: 0, max: values.length - 1, step: 1 });
  const node = element("label", {}, element("span", { textContent: label }), value, input);
  const set = (at) => {
    input.value = at;
    value.textContent = values[at];
    if (!choice) input.setAttribute("aria-valuetext", values[at]);
  };
  return { node, input, set, size: values.length };
}

function mount(figure) {
  const data = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
  const view = VIEWS[data.view];
  const panel = figure.querySelector(".mtl-panel");
  const [words, place] = panel.children;
  const status = element("div", { className: "mtl-unseen", role: "status" });
  const dials = data.dials.map(dial);
  const buttons = [...figure.querySelectorAll("tbody td")].map((field) => {
    const button = element("button", { type: "button" }, ...field.childNodes);
    field.append(button);
    return button;
  });
  let timer;

  const positions = () => dials.map(({ input }) => Number(input.value));
  const read = () => positions().reduce((at, position, i) => at * dials[i].size + position, 0);

  function show(at) {
    dials.reduceRight((rest, { set, size }) => (set(rest % size), Math.floor(rest / size)), at);
    buttons.forEach((button, i) => {
      button.tabIndex = i === at ? 0 : -1;
      if (i === at) button.parentNode.setAttribute("aria-current", "true");
      else button.parentNode.removeAttribute("aria-current");
    });
    const cell = view.cell(data, positions(), at);
    words.innerHTML = cell.words;
    place.innerHTML = cell.drawing;
  }

  function choose(at) {
    show(at);
    clearTimeout(timer);
    timer = setTimeout(() => { status.textContent = words.textContent; }, WAIT);
  }

  dials.forEach(({ input }) => input.addEventListener("input", () => choose(read())));
  buttons.forEach((button, at) => {
    button.addEventListener("click", () => choose(at));
    button.addEventListener("keydown", (event) => {
      if (!(event.key in MOVES)) return;
      event.preventDefault();
      const [which, step] = MOVES[event.key];
      dials[which].input.value = Number(dials[which].input.value) + step; // a range stops at its ends
      choose(read());
      buttons[read()].focus();
    });
  });
  panel.prepend(element("fieldset", {}, element("legend", { textContent: data.say.dials }), ...dials.map(({ node }) => node)));
  figure.append(status);
  show(data.start);
  if (view.pick) drag();

  function drag() {
    let held;
    place.addEventListener("pointerdown", (event) => {
      held = event.target.closest("[data-held]")?.dataset.held;
      if (held) place.setPointerCapture(event.pointerId); // the drawing, and the handle with it, is replaced on the way
    });
    place.addEventListener("pointermove", (event) => {
      if (!place.hasPointerCapture(event.pointerId)) return;
      const screen = new DOMPoint(event.clientX, event.clientY);
      const { x, y } = screen.matrixTransform(place.querySelector("svg").getScreenCTM().inverse());
      view.pick(data, positions(), held, x, y).forEach((position, i) => { dials[i].input.value = position; });
      choose(read());
    });
  }
}

for (const figure of document.querySelectorAll(".mtl-explorable:not([data-mounted])")) {
  figure.dataset.mounted = "";
  mount(figure);
}
