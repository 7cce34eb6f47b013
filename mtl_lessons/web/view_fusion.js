/* The view of `fusion`: items in the order of a formula. The same as explorables/fusion.py. */
import { decimal } from "./aggregators.js";
import { fill } from "./parts.js";

const HEADS = ["click", "like", "minutes"];
// in units of the drawing, which is 320 wide
const [LINE, TOP] = [26, 22];
const [FAIR, NOW] = [6, 34];
const [NAME, MARK, BAR, BROAD] = [42, 150, 156, 160];
const KEYS = [156, 208, 252];

/* What the heads say of a video; `factor` is what likes are wrong by: [old videos, new videos]. */
const predicted = ({ heads: [click, like, minutes], new: fresh }, factor) => [
  click,
  like * factor[Number(fresh)],
  minutes,
];

function fusedScore(video, factor, weights, isProduct) {
  const terms = predicted(video, factor).map((p, i) =>
    isProduct ? p ** weights[i] : weights[i] * p,
  );
  return terms.reduce((a, b) => (isProduct ? a * b : a + b));
}

/* What each head adds to the bar of a video: its term, or the logarithm of its power, counted from the
   video for which the head predicts least. */
function headParts(videos, factor, weights, isProduct) {
  const said = videos.map((video) => predicted(video, factor));
  const least = HEADS.map((_, i) => Math.min(...said.map((one) => one[i])));
  const part = (p, i) => weights[i] * (isProduct ? Math.log(p / least[i]) : p);
  return new Map(videos.map((video, i) => [video, said[i].map(part)]));
}

/* The exchange rate of the heads, in words. */
function worth(weights, heads, isProduct, say) {
  const counted = [0, 1, 2].filter((i) => weights[i]);
  if (!counted.length) return say.none;
  const [first, ...others] = counted;
  if (!others.length) return fill(say.one, { head: heads[first] });
  const rates = others.map((i) =>
    fill(isProduct ? say.powers : say.sum, {
      one: say[`one-${HEADS[i]}`],
      many: say[`many-${HEADS[first]}`],
      head: heads[i],
      first: heads[first],
      rate: decimal(weights[i] / weights[first]),
    }),
  );
  return rates.join(" ");
}

/* A video at its place, with a line from the place that it has with right heads. */
function videoRow(video, number, place, fair, shares) {
  const [y, came] = [place, fair].map((at) => TOP + LINE * at + 13);
  const up = fair - place;
  const mark = up ? `${up > 0 ? "▲" : "▼"}${Math.abs(up)}` : "";
  let x = BAR;
  const bars = shares.map((share, i) => {
    const wide = BROAD * share;
    const path = `<path class="mtl-bar" d="M${x.toFixed(1)} ${y}h${wide.toFixed(1)}"/>`;
    x += wide;
    return `<g class="mtl-of-${HEADS[i]}">${path}</g>`;
  });
  const name = `${place + 1} ${video.name}${video.new ? " *" : ""}`;
  return (
    `<g class="mtl-video-${number}"><path d="M${FAIR} ${came}h0L${NOW} ${y}h0"/></g>` +
    `<g data-key="${video.name}"><text x="${NAME}" y="${y + 5}">${name}</text>` +
    `<text class="mtl-end" x="${MARK}" y="${y + 5}">${mark}</text>${bars.join("")}</g>`
  );
}

function headKey(head, x, text) {
  return (
    `<g class="mtl-of-${head}"><path class="mtl-bar" d="M${x} 8h10"/>` +
    `<text x="${x + 14}" y="13">${text}</text></g>`
  );
}

export function fusion({ dials, given: { videos, exponents, factors, heads, say } }, positions) {
  const [form, click, like, minutes, wrong] = positions;
  const weights = [click, like, minutes].map((at) => exponents[at]);
  const isProduct = form === 1;
  const score = (video, factor) => fusedScore(video, factor, weights, isProduct);
  const order = (factor) => [...videos].sort((a, b) => score(b, factor) - score(a, factor));
  const now = order(factors[wrong]);
  const fair = order(factors[0]);
  const parts = headParts(videos, factors[wrong], weights, isProduct);
  const total = (added) => added.reduce((a, b) => a + b, 0);
  const best = Math.max(...[...parts.values()].map(total)) || 1;

  const keys = HEADS.map((head, i) => headKey(head, KEYS[i], heads[i]));
  const rows = now.map((video, place) => {
    const shares = parts.get(video).map((part) => part / best);
    return videoRow(video, videos.indexOf(video), place, fair.indexOf(video), shares);
  });
  const names = now.map(({ name }) => name);
  const moved = now.filter((video, i) => video !== fair[i]).length;

  const at = (i) => dials[i].values[positions[i]];
  const said = [1, 2, 3].map((i) => `${dials[i].label} ${at(i)}`).join(", ");
  const lines = [
    fill(say.first, { names: names.slice(0, 3).join(", ") }),
    worth(weights, heads, isProduct, say),
    moved ? fill(say.moved, { moved }) : say.same,
  ];
  const label = fill(say.drawing, { names: names.join(", ") });
  return {
    words:
      `<strong>${at(0)}: ${said}; ${dials[4].label} ${at(4)}.</strong> ` +
      lines.map((line) => `<span>${line}</span>`).join(" "),
    drawing:
      `<svg class="mtl-fusion" viewBox="0 0 320 ${TOP + LINE * videos.length}" role="img" ` +
      `aria-label="${label}">${keys.join("")}${rows.join("")}</svg>`,
  };
}
