/* The bank of questions, loaded once when a page needs it, and how a reader stands with each. */

import { endOfDay } from "./days.js";
import { card, isDue, isMastered, recallAt } from "./fsrs.js";
import { KINDS } from "./kinds.js";
import { reviewsOf } from "./store.js";

async function load(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`expected the questions, found ${answer.status}`);
  return answer.json();
}

/* What lies at `address`: {levels, types, topics: [{id, title}], questions, byId, texts}.
   A question knows its topic and its kind; its key and its html come with `texts(questions)`, which
   loads those of their topics. */
export async function loadBank(address) {
  const { levels, types, topics } = await load(address);
  const known = (question, topic) => ({ ...question, topic, kind: KINDS[question.type] });
  const questions = topics.flatMap((topic) => topic.questions.map((one) => known(one, topic)));
  const byId = new Map(questions.map((question) => [question.id, question]));
  const coming = new Map(); // topic -> a promise of its texts

  async function textsOf({ id, questions: ones }) {
    const found = await load(address.replace(".json", `-${id}.json`));
    for (const one of ones) Object.assign(byId.get(one.id), found[one.id]);
  }

  function once(topic) {
    if (!coming.has(topic)) {
      const come = textsOf(topic);
      come.catch(() => coming.delete(topic)); // to be tried again
      coming.set(topic, come);
    }
    return coming.get(topic);
  }

  const texts = (wanted) => Promise.all([...new Set(wanted.map(({ topic }) => topic))].map(once));
  return { levels, types, topics, questions, byId, texts };
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

/* How a reader stands with a question: `score` of the last review (undefined: never answered),
   `recall` now, whether `due` today and
   `mastered`, and the `state` of its card. */
export function standing(question, entries, now = Date.now()) {
  const reviews = reviewsOf(entries[question.id]);
  const state = card(reviews, now);
  if (!state) return { question, reviews, due: false, mastered: false };
  return {
    question,
    reviews,
    score: reviews.at(-1).score,
    recall: recallAt(state, now),
    due: isDue(state, endOfDay(now)),
    mastered: isMastered(reviews, now),
    state,
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
