/* The view of `budget`: what a request waits for. The same as explorables/budget.py. */
import { fill } from "./parts.js";

const [BUDGET_LEFT, BUDGET_WIDE, NUDGE] = [8, 304, 1e-9];
const BUDGET_KEYS = [8, 126, 216];

const budgetFixed = (value) => (value + NUDGE).toFixed(1);

/* Milliseconds of a request by part, at the values of the dials. */
function budgetParts([candidates, heads, experts, batch], { user, joint, values, gap }) {
  const cell = joint.find((one) => one.heads === heads && one.experts === experts);
  return [gap * (batch - 1), user[values[3].indexOf(batch)], cell.rows[candidates * batch]];
}

const budgetSum = (parts) => parts.reduce((a, b) => a + b);

function budgetBar(parts, total, label, given) {
  const { say, span, ticks, budget } = given;
  const x = (ms) => budgetFixed(BUDGET_LEFT + (BUDGET_WIDE * ms) / span);
  let from = 0;
  const bars = parts.map((ms, i) => {
    const end = Math.min(from + ms, span);
    const bar =
      end > from
        ? `<path class="mtl-part mtl-${given.parts[i]}" d="M${x(from)} 34H${x(end)}"/>`
        : "";
    from = end;
    return bar;
  });
  const grid = ticks.map((tick) => `M${x(tick)} 18V52`).join("");
  const numbers = ticks.map(
    (tick) => `<text class="mtl-tick" x="${x(tick)}" y="66">${tick}</text>`,
  );
  const key = given.parts.map(
    (name, i) =>
      `<path class="mtl-part mtl-${name}" d="M${BUDGET_KEYS[i]} 80h10"/>` +
      `<text class="mtl-key" x="${BUDGET_KEYS[i] + 14}" y="84">${say[name]}</text>`,
  );
  return (
    `<svg class="mtl-budget" viewBox="0 0 320 90" role="img" aria-label="${label}">` +
    `<path class="mtl-axis" d="${grid}"/>${numbers.join("")}${bars.join("")}` +
    `<path class="mtl-limit" d="M${x(budget)} 16V56"/>` +
    `<text class="mtl-tick" x="${x(budget)}" y="12">${say["budget-line"]}</text>` +
    `<text class="mtl-total" x="${x(span)}" y="12">${budgetFixed(total)} ms${total > span ? " →" : ""}</text>` +
    `${key.join("")}</svg>`
  );
}

/* What one more step of each dial does to the time. */
function budgetTable(state, positions, total, dials, given) {
  const { say, values } = given;
  const rows = dials.map(({ label, values: texts }, i) => {
    const next = positions[i] + 1;
    const there = state.map((value, j) => (j === i ? values[i][next] : value));
    const cells =
      next < texts.length
        ? [texts[next], `× ${budgetFixed(budgetSum(budgetParts(there, given)) / total)}`]
        : [say.none, say.none];
    const all = [texts[positions[i]], ...cells].map((text) => `<td>${text}</td>`);
    return `<tr><th scope="row">${label}</th>${all.join("")}</tr>`;
  });
  const head = [say.now, say.then, say.times].map((text) => `<th scope="col">${text}</th>`);
  return (
    `<table class="mtl-steps"><thead><tr><td></td>${head.join("")}</tr></thead>` +
    `<tbody>${rows.join("")}</tbody></table>`
  );
}

export function budget({ dials, given }, positions) {
  const { say } = given;
  const state = positions.map((at, i) => given.values[i][at]);
  const parts = budgetParts(state, given);
  const total = budgetSum(parts);
  const [wait, user, rows] = parts.map(budgetFixed);
  const texts = Object.fromEntries(
    given.dials.map((name, i) => [name, dials[i].values[positions[i]]]),
  );
  const lines = [
    fill(say.takes, { total: budgetFixed(total), wait, user, rows }),
    fill(total <= given.budget ? say.within : say.over, { budget: given.budget }),
    fill(say.rate, { rate: Math.round((1000 * state[3]) / (parts[1] + parts[2])) }),
  ];
  const spans = lines.map((line) => `<span>${line}</span>`);
  return {
    words: `<strong>${fill(say.at, texts)}.</strong> ${spans.join(" ")}`,
    drawing:
      budgetBar(parts, total, lines.join(" "), given) +
      budgetTable(state, positions, total, dials, given),
  };
}
