/* When to ask a question again: FSRS, version 6, with its default parameters and without learning steps (every interval is whole
   days). Written from its published formulas; tests compare it with the reference, PyPI's `fsrs`. */

const DAY = 86_400_000; // ms
const OLDEST = Date.UTC(2024, 0, 1); // ms; no answer is older than this book
const [AGAIN, HARD, GOOD, EASY] = [1, 2, 3, 4];

export const PARAMETERS = Object.freeze([
  0.212, 1.2931, 2.3065, 8.2956, 6.4133, 0.8334, 3.0194, 0.001, 1.8722, 0.1666, 0.796, 1.4835,
  0.0614, 0.2629, 1.6483, 0.6014, 1.8729, 0.5425, 0.0912, 0.0658, 0.1542,
]);
export const OPTIONS = Object.freeze({ parameters: PARAMETERS, retention: 0.9, longest: 365 });

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const days = (from, to) => Math.max(0, Math.floor((to - from) / DAY));
/* Halves to the even neighbour, as the reference rounds. */
const round = (x) => (x % 1 === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

/* The probability of recall t days after a review that left a stability of s days: 90 % at t = s. */
function recall(w, t, s) {
  const factor = 0.9 ** (-1 / w[20]) - 1;
  return (1 + (factor * t) / s) ** -w[20];
}

const firstDifficulty = (w, grade) => w[4] - Math.exp(w[5] * (grade - 1)) + 1;

function nextDifficulty(w, d, grade) {
  const damped = d + ((10 - d) * -w[6] * (grade - 3)) / 9;
  return clamp(w[7] * firstDifficulty(w, EASY) + (1 - w[7]) * damped, 1, 10);
}

/* After a second review within a day. */
function sameDay(w, s, grade) {
  const growth = Math.exp(w[17] * (grade - 3 + w[18])) * s ** -w[19];
  return s * (grade === AGAIN ? growth : Math.max(growth, 1));
}

function forgotten(w, d, s, r) {
  const long = w[11] * d ** -w[12] * ((s + 1) ** w[13] - 1) * Math.exp((1 - r) * w[14]);
  return Math.min(long, s / Math.exp(w[17] * w[18]));
}

function recalled(w, d, s, r, grade) {
  const bonus = { [HARD]: w[15], [GOOD]: 1, [EASY]: w[16] }[grade];
  return s * (1 + Math.exp(w[8]) * (11 - d) * s ** -w[9] * (Math.exp((1 - r) * w[10]) - 1) * bonus);
}

function nextStability(w, { stability, difficulty }, elapsed, grade) {
  if (elapsed < 1) return sameDay(w, stability, grade);
  const r = recall(w, elapsed, stability);
  return grade === AGAIN
    ? forgotten(w, difficulty, stability, r)
    : recalled(w, difficulty, stability, r, grade);
}

function interval({ parameters: w, retention, longest }, stability) {
  const factor = 0.9 ** (-1 / w[20]) - 1;
  return clamp(round((stability / factor) * (retention ** (-1 / w[20]) - 1)), 1, longest);
}

/* The card after one more review: {stability in days, difficulty from 1 to 10, last, due}; `card` is null before the first. */
export function review(card, { time, grade }, options = OPTIONS) {
  const w = options.parameters;
  const stability = Math.max(
    0.001,
    card ? nextStability(w, card, days(card.last, time), grade) : w[grade - 1],
  );
  const difficulty = card
    ? nextDifficulty(w, card.difficulty, grade)
    : clamp(firstDifficulty(w, grade), 1, 10);
  return { stability, difficulty, last: time, due: time + interval(options, stability) * DAY };
}

/* What an answer is worth as a grade: less than half the points is forgotten; a right guess was hard, a right certainty easy. */
export function grade({ score, sure }) {
  if (score < 0.5) return AGAIN;
  if (score < 0.8 || sure <= 25) return HARD;
  return sure >= 95 ? EASY : GOOD;
}

/* Of a log, the reviews whose dates can all be true: none before this book or after `now`, none before the one that it follows in the
   log. Clocks are set wrong, and right again: where dates contradict each other, the most that agree are kept, with the smallest gaps. */
export function dated(reviews, now = Infinity) {
  const possible = reviews.filter(({ time }) => time >= OLDEST && time <= now);
  if (possible.every(({ time }, i) => i === 0 || possible[i - 1].time <= time)) return possible;
  const rows = []; // for each review the best row that ends with it
  for (const fact of possible) {
    const longer = rows
      .filter(({ last }) => last.time <= fact.time)
      .map((row) => lengthened(row, fact));
    rows.push(bestRow([{ last: fact, length: 1, gaps: 0 }, ...longer]));
  }
  const kept = [];
  for (let row = bestRow(rows); row; row = row.before) kept.unshift(row.last);
  return kept;
}

function lengthened(row, last) {
  const gap = last.time - row.last.time;
  return { last, length: row.length + 1, gaps: row.gaps + gap ** 2, before: row };
}

const isBetter = (row, other) =>
  row.length > other.length || (row.length === other.length && row.gaps <= other.gaps);
const bestRow = (rows) => rows.reduce((found, row) => (isBetter(row, found) ? row : found));

/* The card that a log of reviews leads to; null for an empty one. A review whose date cannot be true counts as made together with the
   one before it: it moves no interval. */
export function card(reviews, now = Infinity, options = OPTIONS) {
  const known = new Set(dated(reviews, now));
  let state = null;
  let time = (reviews.find((fact) => known.has(fact)) ?? reviews[0])?.time;
  for (const fact of reviews) {
    if (known.has(fact)) time = fact.time;
    state = review(state, { time, grade: grade(fact) }, options);
  }
  return state;
}

export const recallAt = ({ stability, last }, now, { parameters } = OPTIONS) =>
  recall(parameters, days(last, now), stability);

/* A review dated in the future says nothing of when it was: such a card is due. */
export const isDue = ({ due, last }, now) => due <= now || last > now;

const MASTERED = 10; // days

/* Whether a question is mastered: its last answer was no failure, and after it the schedule waits ten
   days or more. From the first answer that takes two good ones at least. */
export function isMastered(reviews, now = Infinity) {
  const state = card(reviews, now);
  return state !== null && grade(reviews.at(-1)) > AGAIN && state.stability >= MASTERED;
}
