/* What a reader has answered, in localStorage:

     {version: 2, questions: {"<question id>": {edition, answer, right or points and total, attempts, time, reviews}},
      interviews: [{time, total, score, levels: {<level>: score}}],
      reading: {"<section id>": [time at which it was read, ...]},
      plan: {date, minutes, level, read, time}}

   A review is a fact, {time, score from 0 to 1, sure?}, and the log of them only grows. When to ask again is derived from the
   facts (fsrs.js), so a better scheduler needs no migration, and the logs of two tabs or devices merge without loss.
   Nothing here throws: what storage refuses is kept until the page is left, and `troubles` has the reasons, each told once. */

import { daysBetween } from "./days.js";
import { isRecord } from "./parts.js";

export const KEY = "mtl-lessons:progress:v2";
const OLDER = "mtl-lessons:progress:v1"; // {"<question id>": entry without reviews}
const ASIDE = "mtl-lessons:unreadable:"; // and the time at which it was found, and its key
const VERSION = 2;
const FULL = ["QuotaExceededError", "NS_ERROR_DOM_QUOTA_REACHED"]; // the latter is Firefox's
const SITTING = 10 * 60_000; // ms; an answer so soon after the last is a retry, which moves no schedule
const SKEW = 60_000; // ms by which clocks may differ

const isReview = (review) =>
  isRecord(review) && Number.isFinite(review.time) && review.score >= 0 && review.score <= 1;
export const reviewsOf = (entry) =>
  Array.isArray(entry?.reviews) ? entry.reviews.filter(isReview) : [];

const isRetry = (reviews, time) =>
  reviews.length > 0 && Math.abs(time - reviews.at(-1).time) < SITTING;

/* From 0 to 1; undefined where there is no result. */
export function scoreOf({ right, points, total }) {
  if (typeof right === "boolean") return Number(right);
  return points >= 0 && total >= points ? points / total : undefined;
}

function upgrade(entry) {
  if (!isRecord(entry)) return entry;
  const review = { time: entry.time, score: scoreOf(entry) };
  return { ...entry, reviews: isReview(review) ? [review] : [] };
}

/* All reviews of both: `late`'s in their order, which tells what was answered after what, whatever the clocks said; the others by date. */
function union(late, early) {
  const all = [...late];
  for (const fact of early.filter(({ time }) => !late.some((review) => review.time === time))) {
    const at = all.findIndex(({ time }) => time > fact.time);
    all.splice(at < 0 ? all.length : at, 0, fact);
  }
  return all;
}

const number = (value) => (Number.isFinite(value) ? value : 0); // storage may hold anything

function join(one, other) {
  if (!isRecord(one) || !isRecord(other)) return isRecord(one) ? one : other;
  const [late, early] = number(other.time) > number(one.time) ? [other, one] : [one, other];
  const attempts = Math.max(number(late.attempts), number(early.attempts));
  return { ...late, attempts, reviews: union(reviewsOf(late), reviewsOf(early)) };
}

const isSummary = (one) =>
  isRecord(one) && Number.isFinite(one.time) && one.score >= 0 && isRecord(one.levels);

/* The interviews of both, each once, by time. */
function joined(one, other) {
  const all = [one, other].flatMap((list) => (Array.isArray(list) ? list.filter(isSummary) : []));
  const byTime = new Map(all.map((summary) => [summary.time, summary]));
  return [...byTime.values()].sort((a, b) => a.time - b.time);
}

const DATES = 12; // of a section that are kept, the latest

/* The dates of both at which sections were read. */
export function mergeReading(one, other) {
  const all = {};
  for (const [id, times] of [one, other].flatMap((given) => Object.entries(given ?? {})))
    all[id] = [...(all[id] ?? []), ...(Array.isArray(times) ? times.filter(Number.isFinite) : [])];
  for (const [id, times] of Object.entries(all))
    all[id] = [...new Set(times)].sort((a, b) => a - b).slice(-DATES);
  return all;
}

/* Of two plans the one that was made later. */
function laterPlan(one, other) {
  const plans = [one, other].filter((plan) => isRecord(plan) && Number.isFinite(plan.time));
  return plans.sort((a, b) => a.time - b.time).at(-1);
}

/* The entries of both; of a question answered in both, the later answer and the reviews of both. */
export function merge(one, other) {
  const all = { ...one };
  for (const [id, entry] of Object.entries(other))
    all[id] = Object.hasOwn(all, id) ? join(all[id], entry) : entry;
  return all;
}

function parse(text, isState) {
  const state = JSON.parse(text);
  if (!isState(state)) throw new SyntaxError("expected saved progress");
  return state;
}

export const store = {
  unsaved: null, // the state that storage refused
  locked: false, // whether what is stored must not be overwritten
  told: new Set(),
  troubles: [],

  warn(reason) {
    if (!this.told.has(reason)) this.troubles.push(reason);
    this.told.add(reason);
  },

  /* The entries by question id. */
  read() {
    return this.state().questions;
  },

  state() {
    const none = { version: VERSION, questions: {} };
    const saved = this.load(KEY, (state) => isRecord(state) && isRecord(state.questions)) ?? none;
    const older = Object.entries(this.load(OLDER, isRecord) ?? {}).map(([id, entry]) => [
      id,
      upgrade(entry),
    ]);
    if (saved.version > VERSION) {
      this.warn("newer");
      this.locked = true;
    }
    const kept = saved.version > VERSION ? none : saved;
    const questions = merge(
      merge(kept.questions, Object.fromEntries(older)),
      this.unsaved?.questions ?? {},
    );
    const isAhead = ({ time }) => time > Date.now() + SKEW;
    if (Object.values(questions).some((entry) => reviewsOf(entry).some(isAhead)))
      this.warn("clock");
    const interviews = joined(kept.interviews, this.unsaved?.interviews);
    const reading = mergeReading(kept.reading, this.unsaved?.reading);
    const plan = laterPlan(kept.plan, this.unsaved?.plan);
    return { ...kept, questions, interviews, reading, plan };
  },

  /* What is stored under `key`, or null. What cannot be read is set aside, not overwritten. */
  load(key, isState) {
    let text = null;
    try {
      text = localStorage.getItem(key);
      return text === null ? null : parse(text, isState);
    } catch (error) {
      this.warn(error instanceof SyntaxError ? "corrupt" : "disabled");
      if (error instanceof SyntaxError) this.setAside(key, text);
      return null;
    }
  },

  setAside(key, text) {
    try {
      localStorage.removeItem(key); // first, so that there is room
      localStorage.setItem(`${ASIDE}${Date.now()}:${key}`, text);
    } catch {
      this.locked = true;
      this.put(key, text);
    }
  },

  put(key, text) {
    try {
      localStorage.setItem(key, text);
    } catch {
      this.warn("full");
    }
  },

  /* Reads again before it writes: another quiz or tab may have written meanwhile. */
  change(edit) {
    const state = this.state();
    edit(state.questions, state);
    if (this.locked) {
      this.unsaved = state;
      return;
    }
    try {
      localStorage.setItem(KEY, JSON.stringify(state));
      localStorage.removeItem(OLDER);
      this.unsaved = null;
    } catch (error) {
      this.warn(FULL.includes(error.name) ? "full" : "disabled");
      this.unsaved = state;
    }
  },

  /* Keeps an answer, as a new attempt or (`review`: the time of its review) corrected. Returns the time of its review, null for a retry;
     undefined if there is no score yet, which is no attempt. */
  answer(id, { sure, ...result }, review) {
    const time = Date.now(),
      score = scoreOf(result),
      attempt = review === undefined;
    if (score === undefined) return this.lay(id, result, review);
    let counted = review ?? null;
    this.change((all) => {
      const old = isRecord(all[id]) ? all[id] : {},
        reviews = reviewsOf(old);
      if (!attempt) {
        for (const fact of reviews.filter((fact) => fact.time === review)) fact.score = score;
      } else if (!isRetry(reviews, time)) {
        reviews.push({ time, score, sure });
        counted = time;
      }
      const attempts = (Number.isInteger(old.attempts) ? old.attempts : 0) + Number(attempt);
      all[id] = { ...result, attempts, time, reviews };
    });
    return counted;
  },

  /* Keeps an answer without a score, and takes back the attempt of `review`, if there was one. */
  lay(id, result, review) {
    const time = Date.now();
    this.change((all) => {
      const old = isRecord(all[id]) ? all[id] : {};
      const reviews = reviewsOf(old).filter((fact) => fact.time !== review);
      const attempts = Math.max(0, number(old.attempts) - Number(review !== undefined));
      all[id] = { ...result, attempts, time, reviews };
    });
  },

  /* Keeps how well a question was known on a card, or that it was not: a review, but no answer. */
  recall(id, { score, sure }) {
    const review = { time: Date.now(), score, ...(sure && { sure }) };
    this.change((all) => {
      const old = isRecord(all[id]) ? all[id] : {},
        reviews = reviewsOf(old);
      all[id] = { ...old, reviews: isRetry(reviews, review.time) ? reviews : [...reviews, review] };
    });
  },

  /* Summaries of interviews, by time: {time, total, score, levels: {level: score}}. */
  interviews() {
    return this.state().interviews;
  },

  keepInterview(summary) {
    this.change((_, state) => (state.interviews = joined(state.interviews, [summary])));
  },

  /* Keeps that a section was read; once a day is enough. */
  finish(id) {
    const time = Date.now();
    const last = this.state().reading[id]?.at(-1);
    if (last !== undefined && daysBetween(last, time) === 0) return;
    this.change((_, state) => (state.reading = mergeReading(state.reading, { [id]: [time] })));
  },

  /* Keeps what a reader has set for his plan; null: none any more. */
  keepPlan(set) {
    this.change((_, state) => (state.plan = { ...set, time: Date.now() }));
  },

  /* Adds what a file brings. */
  take({ questions, interviews, reading, plan }) {
    this.change((all, state) => {
      Object.assign(all, merge(all, questions));
      state.interviews = joined(state.interviews, interviews);
      state.reading = mergeReading(state.reading, reading);
      state.plan = laterPlan(state.plan, plan);
    });
  },

  /* Forgets questions. Removing comes first: even a full storage lets go. */
  forget(ids) {
    const { questions, ...others } = this.state();
    ids.forEach((id) => delete questions[id]);
    this.letGo();
    this.change((all, state) => {
      Object.assign(all, questions);
      Object.assign(state, { ...others, questions: all });
    });
  },

  /* Forgets all that a reader has done. */
  forgetAll() {
    this.letGo();
    this.change(() => {});
  },

  letGo() {
    this.unsaved = null;
    if (!this.locked) this.remove(KEY, OLDER);
  },

  remove(...keys) {
    try {
      keys.forEach((key) => localStorage.removeItem(key));
    } catch {
      this.warn("disabled");
    }
  },

  /* Texts that could not be read as progress, by the keys under which they were set aside. */
  aside() {
    try {
      const keys = Object.keys(localStorage).filter((key) => key.startsWith(ASIDE));
      return Object.fromEntries(keys.map((key) => [key, localStorage.getItem(key)]));
    } catch {
      return {};
    }
  },

  /* Calls `heard` when another tab has changed the progress. */
  listen(heard) {
    addEventListener(
      "storage",
      ({ key }) => (key === null || key === KEY || key === OLDER) && heard(),
    );
  },
};
