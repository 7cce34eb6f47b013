/* The engine of explorables. Python renders a figure with a table and one point of it, in words and drawn (explorables.py);
   this module mounts each `.mtl-explorable` and adds a dial per axis; the table's cells become buttons. No dependency,
   no network. The data: {view, dials: [{label, values: [text]}], cells: [{words: html, …}], start, say}, the last dial fastest. */

/* How a view draws a cell into its place. */
const VIEWS = {
  drawing: (place, cell) => { place.innerHTML = cell.drawing; }, // drawn by Python
};

const MOVES = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [1, -1], ArrowRight: [1, 1] }; // dial, step
const WAIT = 400; // ms of rest before the point is announced: a slider on its way says nothing

function element(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}

function dial({ label, values }) {
  const value = element("b", { ariaHidden: "true" });
  const input = element("input", { type: "range", min: 0, max: values.length - 1, step: 1 });
  const node = element("label", {}, element("span", { textContent: label }), value, input);
  const set = (at) => {
    input.value = at;
    value.textContent = values[at];
    input.setAttribute("aria-valuetext", values[at]);
  };
  return { node, input, set, size: values.length };
}

function mount(figure) {
  const { view, dials: axes, cells, start, say } = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
  const panel = figure.querySelector(".mtl-panel");
  const [words, place] = panel.children;
  const status = element("div", { className: "mtl-unseen", role: "status" });
  const dials = axes.map(dial);
  const buttons = [...figure.querySelectorAll("tbody td")].map((field) => {
    const button = element("button", { type: "button" }, ...field.childNodes);
    field.append(button);
    return button;
  });
  let timer;

  const read = () => dials.reduce((at, { input, size }) => at * size + Number(input.value), 0);

  function show(at) {
    dials.reduceRight((rest, { set, size }) => (set(rest % size), Math.floor(rest / size)), at);
    buttons.forEach((button, i) => {
      button.tabIndex = i === at ? 0 : -1;
      if (i === at) button.parentNode.setAttribute("aria-current", "true");
      else button.parentNode.removeAttribute("aria-current");
    });
    words.innerHTML = cells[at].words;
    VIEWS[view](place, cells[at]);
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
  panel.prepend(element("fieldset", {}, element("legend", { textContent: say.dials }), ...dials.map(({ node }) => node)));
  figure.append(status);
  show(start);
}

for (const figure of document.querySelectorAll(".mtl-explorable:not([data-mounted])")) {
  figure.dataset.mounted = "";
  mount(figure);
}
