/* The engine of explorables. Python renders a figure with one point of it, in words and drawn (explorables.py); this module
   mounts each `.mtl-explorable` and adds a dial per axis; if there is a table, its cells become buttons. No dependency, no network.
   The data: {view, dials: [{label, choice, values: [text]}], start, say, cells: [{words, drawing}]}, the last dial fastest. */

/* A view says what there is at a position of the dials: {words, drawing}, both HTML. Of a view that computes, `data.given` is what
   it is told, and it may let itself be dragged: `pick(data, positions, held, x, y)` gives the positions of the dials when what
   the drawing names `data-held` is dragged to (x, y) of its viewBox. */
const VIEWS = {
  drawing: { cell: ({ cells }, _, at) => cells[at] }, // drawn by Python
  fusion: { cell: fusion },
  layers: { cell: layers },
  gradients: { cell: gradients, pick: pickGradient },
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

/* ---- two gradients: vectors are [x, y] ---- */
const SIDE = 320;
const FAR = 500; // a length that leaves the drawing

const dot = (v, w) => v[0] * w[0] + v[1] * w[1];
const size = (v) => Math.hypot(...v);
const mix = (p, v, q = 0, w = v) => [p * v[0] + q * w[0], p * v[1] + q * w[1]];
const unit = (v) => mix(1 / (size(v) || 1), v);
const turned = ([x, y]) => [-y, x];
const mean = (a, b) => mix(0.5, a, 0.5, b);

/* The steps in closed form, for two tasks; for any number see aggregators.py. */
const AGGREGATORS = { mean, pcgrad: unconflicting, upgrad: unconflicting, mgda: shortest, cagrad: averse, imtlg: impartial, nash: impartial };

function unconflicting(a, b) { // the mean of both, each without what it has against the other
  const against = Math.min(dot(a, b), 0);
  const left = (g, other) => (against ? mix(1, g, -against / dot(other, other), other) : g);
  return mean(left(a, b), left(b, a));
}

function shortest(a, b) { // of w a + (1 - w) b
  const apart = mix(1, b, -1, a);
  const w = Math.min(Math.max(dot(apart, b) / (dot(apart, apart) || 1), 0), 1);
  return mix(w, a, 1 - w, b);
}

function impartial(a, b) { // equal shares of the unit gradients, coefficients that sum to 1
  const [m, n] = [size(a), size(b)];
  return m && n ? mix(n / (m + n), a, m / (m + n), b) : mix(1, a, 1, b);
}

function averse(a, b, c = 0.5) { // g with the smallest g · middle + radius |g| on the way from b to a: where that is flat, or an end
  const middle = mean(a, b);
  const radius = c * size(middle);
  const apart = mix(1, a, -1, b);
  const along = unit(apart);
  const slope = dot(along, middle);
  const height = Math.abs(dot(turned(along), b));
  const flat = -dot(along, b) - (height * slope) / Math.sqrt(radius ** 2 - slope ** 2);
  const far = Math.abs(slope) < radius ? flat : slope > 0 ? 0 : Infinity;
  const g = mix(1, b, Math.min(Math.max(far, 0), size(apart)), along);
  return mix(1 / (1 + c), middle, radius / (1 + c), unit(g));
}

/* The same as `two_gradients` in explorables_loss_balancing.py. */
function gradients({ dials, given: { ends, names, unit: scale, say } }, [shown, ...at]) {
  const [ax, ay, bx, by] = at.map((i) => ends[i]);
  const [a, b] = [[ax, ay], [bx, by]];
  const found = names.map((name, i) => ({ name, number: i + 1, d: AGGREGATORS[name](a, b), drawn: !shown || shown === i + 1 }));
  const drawn = found.filter((step) => step.drawn);

  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key]);
  const round = (x) => Math.round(100 * x) / 100;
  const number = (x) => `${round(x) < 0 ? "−" : ""}${Math.abs(round(x)).toFixed(2)}`;
  const pair = (v) => `(${number(v[0])}, ${number(v[1])})`;
  const change = (d) => ({ a: -dot(d, a), b: -dot(d, b) });
  const spot = (v) => [SIDE / 2 + scale * v[0], SIDE / 2 - scale * v[1]].map((x) => x.toFixed(1));
  const line = (...vectors) => `M${vectors.map((v) => spot(v).join(" ")).join("L")}`;

  function relation() {
    const lengths = size(a) * size(b);
    if (!lengths) return say["no-cosine"];
    const cosine = dot(a, b) / lengths;
    return fill(say.cosine, { cosine: number(cosine), kind: cosine < -1 + 1e-9 ? say.opposed : cosine < -1e-9 ? say.conflict : say.agree });
  }

  function last() {
    if (!shown) return say.same;
    const [{ name, d }] = drawn;
    return fill(say.chosen, { name: say[name], step: pair(d), a: number(change(d).a), b: number(change(d).b) });
  }

  function arrow(v) {
    const back = mix(Math.min(8 / scale, size(v) / 2), unit(v)); // of its head
    const side = mix(0.5, turned(back));
    const neck = mix(1, v, -1, back);
    return `<path d="${line([0, 0], v)}${line(mix(1, neck, 1, side), v, mix(1, neck, -1, side))}"/>`;
  }

  function cone() { // between the perpendiculars of both gradients, and beyond the drawing
    const [v, w] = [size(a) ? a : b, size(b) ? b : a];
    const turn = v[0] * w[1] >= v[1] * w[0] ? 1 : -1;
    const edges = [mix(turn, turned(unit(v))), mix(-turn, turned(unit(w)))];
    const beyond = edges.map((edge) => mix(1, edge, 1, mix(1, unit(v), 1, unit(w))));
    return [[0, 0], edges[0], ...beyond, edges[1]].map((corner) => mix(FAR / scale, corner));
  }

  function labels() { // equal steps together; further out where another number stands already
    const [places, equal] = [[], {}];
    drawn.forEach((step) => (equal[pair(step.d)] ??= []).push(step));
    return Object.values(equal).map((steps) => {
      const way = size(steps[0].d) > 0.005 ? unit(steps[0].d) : [0, 1];
      let place = mix(scale, steps[0].d, 12, way);
      while (places.some((other) => Math.max(...mix(1, place, -1, other).map(Math.abs)) < 13)) place = mix(1, place, 4, way);
      places.push(place);
      const [x, y] = spot(mix(1 / scale, place));
      return `<text class="mtl-number" x="${x}" y="${y}">${steps.map((step) => step.number).join(" ")}</text>`;
    }).join("");
  }

  const handle = (task, g) => {
    const [x, y] = spot(g);
    return `<g class="mtl-handle" data-held="${task}">${arrow(g)}<circle cx="${x}" cy="${y}" r="14"/><text x="${x}" y="${y}">${task.toUpperCase()}</text></g>`;
  };
  const changed = (x) => `<td>${number(x)}${round(x) > 0 ? ` <span aria-hidden="true">▲</span><span class="mtl-unseen">${say.raised}</span>` : ""}</td>`;
  const row = ({ name, number: i, d }) => `<tr class="mtl-${name}"${shown === i ? ' aria-current="true"' : ""}><th scope="row">${i} ${say[name]}</th>`
    + `<td>${pair(d)}</td>${changed(change(d).a)}${changed(change(d).b)}</tr>`;
  const head = [say.step, fill(say.change, { task: "A" }), fill(say.change, { task: "B" })].map((text) => `<th scope="col">${text}</th>`).join("");
  const written = Object.fromEntries(["ax", "ay", "bx", "by"].map((key, i) => [key, dials[i + 1].values[at[i]].replace("-", "−")]));
  const hurt = (task) => found.filter(({ d }) => round(change(d)[task]) > 0).map(({ name }) => say[name]).join(", ") || say.nobody;
  const lines = [relation(), fill(say.hurts, { a: hurt("a"), b: hurt("b") }), last()];
  const said = fill(say.drawn, { steps: drawn.map(({ name, d }) => `${say[name]} ${pair(d)}`).join(", ") });
  return {
    words: `<strong>${fill(say.gradients, written)}.</strong> ${lines.map((text) => `<span>${text}</span>`).join(" ")}`,
    drawing: `<svg class="mtl-plane" viewBox="0 0 ${SIDE} ${SIDE}" role="img" aria-label="${said}">`
      + `<path class="mtl-good" d="${line(...cone())}z"/><path class="mtl-axis" d="M0 ${SIDE / 2}h${SIDE}M${SIDE / 2} 0v${SIDE}"/>`
      + `<path class="mtl-hull" d="${line(a, b)}"/>${drawn.map(({ name, d }) => `<g class="mtl-${name}">${arrow(d)}</g>`).join("")}`
      + `${labels()}${handle("a", a)}${handle("b", b)}</svg>`
      + `<table class="mtl-steps"><thead><tr><td></td>${head}</tr></thead><tbody>${found.map(row).join("")}</tbody></table>`,
  };
}

function pickGradient({ given: { ends, unit: scale } }, positions, held, x, y) {
  const nearest = (value) => ends.reduce((best, end, i) => (Math.abs(end - value) < Math.abs(ends[best] - value) ? i : best), 0);
  const at = held === "a" ? 1 : 3;
  return [...positions.slice(0, at), nearest((x - SIDE / 2) / scale), nearest((SIDE / 2 - y) / scale), ...positions.slice(at + 2)];
}

/* Drawn by Python in layers, where all positions of three dials would be too many: on a ground for each position of the first dial, a
   mark for the first two, extras for the first and the third. */
function layers({ dials, given: { marks, grounds, extras } }, [first, second, third]) {
  const mark = marks[first * dials[1].values.length + second];
  const extra = extras[first * dials[2].values.length + third];
  return {
    words: `<strong>${mark.point}.</strong> ${[...mark.lines, ...extra.lines].map((line) => `<span>${line}</span>`).join(" ")}`,
    drawing: `${mark.open}${grounds[first]}${extra.drawing}${mark.drawing}</svg>${extra.below}`,
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
  const buttons = [...figure.querySelectorAll(".mtl-map tbody td")].map((field) => {
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
    const grips = new Map(); // by pointer, so that two fingers hold two handles
    place.addEventListener("pointerdown", (event) => {
      const handle = event.target.closest("[data-held]");
      if (!handle || event.button) return;
      event.preventDefault(); // no text is selected on the way
      place.setPointerCapture(event.pointerId); // the drawing, and the handle with it, is replaced on the way
      const { left, right, top, bottom } = (handle.querySelector("circle") ?? handle).getBoundingClientRect();
      grips.set(event.pointerId, { held: handle.dataset.held, dx: (left + right) / 2 - event.clientX, dy: (top + bottom) / 2 - event.clientY });
    });
    place.addEventListener("touchstart", (event) => { // else the page scrolls: touch-action does not reach into a group of an SVG
      if (event.target.closest("[data-held]")) event.preventDefault();
    }, { passive: false });
    place.addEventListener("lostpointercapture", (event) => grips.delete(event.pointerId));
    place.addEventListener("pointermove", (event) => {
      if (!grips.has(event.pointerId)) return;
      const { held, dx, dy } = grips.get(event.pointerId);
      const screen = new DOMPoint(event.clientX + dx, event.clientY + dy);
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
