/* The view of `fusion`: items in the order of a formula. The same as explorables/fusion.py. */
import { fill } from "./parts.js";

/* The score of a video; `factor` is what the like head is wrong by: [old videos, new videos]. */
function fusedScore({ heads: [click, like, minutes], new: fresh }, factor, weights, isProduct) {
  const predictions = [click, like * factor[Number(fresh)], minutes];
  const terms = predictions.map((p, i) => (isProduct ? p ** weights[i] : weights[i] * p));
  return terms.reduce((a, b) => (isProduct ? a * b : a + b));
}

/* A bar; ▲ and ▼ say by how many places a wrong head moved the video. */
function videoRow(video, place, up, share) {
  const y = 18 + 26 * place;
  const mark = up ? `${up > 0 ? "▲" : "▼"}${Math.abs(up)}` : "";
  const name = `${place + 1} ${video.name}${video.new ? " *" : ""}`;
  return (
    `<g class="mtl-${up ? "single" : "shared"}"><text y="${y}">${name}</text>` +
    `<text x="142" y="${y}" text-anchor="end">${mark}</text>` +
    `<path class="mtl-bar" d="M150 ${y - 5}h${share.toFixed(1)}"/></g>`
  );
}

export function fusion({ dials, given: { videos, exponents, factors, say } }, positions) {
  const [form, click, like, minutes, wrong] = positions;
  const weights = [click, like, minutes].map((at) => exponents[at]);
  const score = (video, factor) => fusedScore(video, factor, weights, form === 1);
  const order = (factor) => [...videos].sort((a, b) => score(b, factor) - score(a, factor));
  const now = order(factors[wrong]);
  const fair = order(factors[0]);
  const best = score(now[0], factors[wrong]) || 1;

  const rows = now.map((video, place) => {
    const share = (160 * score(video, factors[wrong])) / best;
    return videoRow(video, place, fair.indexOf(video) - place, share);
  });
  const names = now.map(({ name }) => name);
  const moved = now.filter((video, i) => video !== fair[i]).length;

  const at = (i) => dials[i].values[positions[i]];
  const said = [1, 2, 3].map((i) => `${dials[i].label} ${at(i)}`).join(", ");
  const first = fill(say.first, { names: names.slice(0, 3).join(", ") });
  const last = moved ? fill(say.moved, { moved }) : say.same;
  const label = fill(say.drawing, { names: names.join(", ") });
  return {
    words:
      `<strong>${at(0)}: ${said}; ${dials[4].label} ${at(4)}.</strong> ` +
      `<span>${first}</span> <span>${last}</span>`,
    drawing:
      `<svg viewBox="0 0 320 ${26 * videos.length + 4}" role="img" aria-label="${label}">` +
      `${rows.join("")}</svg>`,
  };
}
