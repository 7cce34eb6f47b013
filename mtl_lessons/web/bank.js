/* The bank of questions, loaded once when a page needs it, and how a reader stands with each. */

import { card, isDue, recallAt } from "./fsrs.js";
import { KINDS } from "./kinds.js";
import { reviewsOf } from "./store.js";

/* What lies at `address`: {levels, types, topics: [{id, title}], questions, byId}.
   A question knows its topic and its kind. */
export async function loadBank(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`expected the questions, found ${answer.status}`);
  const { levels, types, topics } = await answer.json();
  const known = (question, topic) => ({ ...question, topic, kind: KINDS[question.type] });
  const questions = topics.flatMap((topic) => topic.questions.map((one) => known(one, topic)));
  const byId = new Map(questions.map((question) => [question.id, question]));
  return { levels, types, topics, questions, byId };
}

/* The form of a question, as Python rendered it when the site was built. */
export const formOf = ({ html }) =>
  new DOMParser().parseFromString(html, "text/html").querySelector("form");

/* The text of a node, with formulas as TeX. */
export function wordsOf(node) {
  const copy = node.cloneNode(true);
  for (const math of copy.querySelectorAll("math")) {
    math.replaceWith(math.getAttribute("alttext") ?? math.textContent);
  }
  return copy.textContent.trim();
}

export const endOfDay = (now) => new Date(now).setHours(23, 59, 59, 999);

/* How a reader stands with a question: `score` of the last review (undefined: never answered),
   `recall` now, whether `due` today. */
export function standing(question, entries, now = Date.now()) {
  const reviews = reviewsOf(entries[question.id]);
  const state = card(reviews, now);
  if (!state) return { question, reviews, due: false };
  return {
    question,
    reviews,
    score: reviews.at(-1).score,
    recall: recallAt(state, now),
    due: isDue(state, endOfDay(now)),
    next: state.due,
  };
}

export function shuffle(list) {
  const all = [...list];
  for (let i = all.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [all[i], all[j]] = [all[j], all[i]];
  }
  return all;
}

const WHICH = {
  due: ({ due, score }) => due || score === undefined,
  new: ({ score }) => score === undefined,
  wrong: ({ score }) => score < 0.5,
  all: () => true,
};
export const WHICH_NAMES = Object.keys(WHICH);

/* At most `amount` of the questions that the filter lets through (all: no such number), as
   standings: due ones first, the most forgotten before the others; then new ones. */
export function choose(bank, entries, { topic, level, type, which, amount }) {
  const rank = ({ due, score }) => (due ? 0 : score === undefined ? 1 : 2);
  const asks = (wanted, found) => !wanted || wanted === found;
  return shuffle(bank.questions)
    .filter((one) => asks(topic, one.topic.id) && asks(level, one.level) && asks(type, one.type))
    .map((question) => standing(question, entries))
    .filter(WHICH[which])
    .sort((a, b) => rank(a) - rank(b) || (a.recall ?? 0) - (b.recall ?? 0))
    .slice(0, Number(amount) || undefined);
}
