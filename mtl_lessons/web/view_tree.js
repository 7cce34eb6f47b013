/* The view of `tree`: a small catalogue by content, the items that share the code of a new one, and
   the tree of codes below. The same as explorables/codes_tree.py, which draws what no dial moves. */
import { fill } from "./parts.js";

const TREE = { map: 196, row: 30, box: 22, wide: 320 }; // heights, and the width of the drawing
const wholePercent = (part) => `${Math.floor(100 * part + 0.5 + 1e-9)}%`;
const meanOf = (numbers) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;

/* The old items that share the first places of an item's code. */
function sharingCode({ codes, warm, topic, rate, say }, kind, item, depth) {
  const mine = codes[kind][item].slice(0, depth);
  const same = (code) => mine.every((word, place) => code[place] === word);
  const items = [];
  for (let i = 0; i < warm; i += 1) if (same(codes[kind][i])) items.push(i);
  if (items.length === 0) return { items, count: 0, share: say.none, rate: say.none };
  return {
    items,
    count: items.length,
    share: wholePercent(meanOf(items.map((i) => Number(topic[i] === topic[item])))),
    rate: wholePercent(meanOf(items.map((i) => rate[i]))),
  };
}

/* A level of the tree below the path of the item. */
function treeBoxes({ codes, warm, words }, kind, item, depth, row) {
  const path = codes[kind][item];
  const sizes = Array(words[kind]).fill(0);
  for (const code of codes[kind].slice(0, warm)) {
    if (path.slice(0, row).every((word, place) => code[place] === word)) sizes[code[row]] += 1;
  }
  const step = Math.floor(TREE.wide / words[kind]);
  const top = TREE.map + TREE.row * row + 4;
  const drawn = sizes.map((size, word) => {
    const group = word === path[row] && row < depth ? "mtl-by-a" : "mtl-by-none";
    const left = step * word + 2;
    return (
      `<g class="${group} mtl-box" data-turn="2.${row + 1}">` +
      `<path d="M${left} ${top}h${step - 4}v${TREE.box}h-${step - 4}z"/>` +
      `<text x="${left + Math.floor(step / 2) - 2}" y="${top + 15}">${size}</text></g>`
    );
  });
  return drawn.join("");
}

function treeTable(given, item, depth, shown) {
  const { say, rate } = given;
  const head = ["count", "topic", "rate"].map(
    (column) => `<th scope="col">${say[`column-${column}`]}</th>`,
  );
  const rows = given.kinds.map((kind) => {
    const found = sharingCode(given, kind, item, depth);
    const here = kind === shown ? ' aria-current="true"' : "";
    return (
      `<tr${here}><th scope="row">${say[`name-${kind}`]}</th>` +
      `<td>${found.count}</td><td>${found.share}</td><td>${found.rate}</td></tr>`
    );
  });
  const own = `<tr><th scope="row">${say.truth}</th><td></td><td></td><td>${wholePercent(rate[item])}</td></tr>`;
  return (
    `<table class="mtl-steps"><thead><tr><td></td>${head.join("")}</tr></thead>` +
    `<tbody>${rows.join("")}${own}</tbody></table>`
  );
}

export function tree({ dials, given }, [which, at, depth]) {
  const { say, codes, spots, rate, ground, warm } = given;
  const kind = given.kinds[at];
  const item = warm + which;
  const found = sharingCode(given, kind, item, depth);
  const places = codes[kind][item].length;
  const point = fill(say.point, {
    item: dials[0].values[which],
    kind: dials[1].values[at],
    depth: Math.min(depth, places),
    places,
  });
  const lines = found.count
    ? [
        fill(say.shares, found),
        fill(say.predicts, { rate: found.rate, truth: wholePercent(rate[item]) }),
      ]
    : [say.nobody];
  const dots = found.items.map((i) => `M${spots[i].join(" ")}h0`).join("");
  const [x, y] = spots[item];
  const rows = [...Array(places).keys()].map((row) => treeBoxes(given, kind, item, depth, row));
  return {
    words: `<strong>${point}.</strong> ${lines.map((line) => `<span>${line}</span>`).join(" ")}`,
    drawing:
      `<svg class="mtl-tree" viewBox="0 0 ${TREE.wide} ${TREE.map + TREE.row * 3}" role="img" ` +
      `aria-label="${fill(say.drawn, found)}">${ground}` +
      `<g class="mtl-by-a"><path class="mtl-dots" d="${dots}"/></g>` +
      `<g class="mtl-by-b mtl-ring"><circle cx="${x}" cy="${y}" r="8"/></g>` +
      `${rows.join("")}</svg>${treeTable(given, item, depth, kind)}`,
  };
}
