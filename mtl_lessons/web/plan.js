/* The plan until an interview: what to do on each day, so that all is done before it. Derived from
   the log, the time and what the reader has set: nothing of it is kept. */

import { dayOf, daysBetween } from "./days.js";
import { review } from "./fsrs.js";

const DAY = 86_400_000; // ms
export const LONGEST = 180; // days
const STEP = 5; // minutes
const MOST = 600; // minutes a day
const GOOD = 3; // the grade that is assumed of an answer to come

/* How many days are left: today counts, the day of the interview does not. */
export function daysLeft(date, now) {
  const day = dayOf(date);
  return day === undefined ? 0 : Math.min(Math.max(daysBetween(now, day), 0), LONGEST);
}

/* What is to be done once, in the order of the path, {kind, id, seconds}: for each level in turn,
   chapter by chapter, first what is to be read, then the questions that were never answered. */
export function workOf(chapters, standings, { levels, reading, read }) {
  const sections = new Map(
    chapters.map(({ name, sections }) => [name, read ? unread(sections, reading) : []]),
  );
  const fresh = standings.filter(({ score }) => score === undefined);
  const topics = [...new Set(standings.map(({ question }) => question.topic.id))];
  return levels.flatMap((level, round) =>
    topics.flatMap((topic) => [
      ...(round === 0 ? (sections.get(topic) ?? []) : []),
      ...fresh
        .filter(({ question }) => question.level === level && question.topic.id === topic)
        .map(({ question: { id, seconds } }) => ({ kind: "question", id, seconds })),
    ]),
  );
}

const unread = (sections, reading) =>
  sections
    .filter(({ id }) => !reading[id]?.length)
    .map(({ id, minutes }) => ({ kind: "section", id, seconds: 60 * minutes }));

/* Goes through `days` days, `minutes` each. On a day what is due comes first, then new work, as long
   as the next piece fits; a piece that is longer than a day has one for itself. Each answer is taken
   to be good, so a question comes back as the schedule says.

   `cards`: {seconds, state} of the questions that were answered; `spent`: seconds of today that are
   gone. Returns {days: [{question, review, section, seconds}], left: {question, review, section}}. */
export function goThrough({ work, cards, spent = 0 }, days, minutes, now) {
  const due = Array.from({ length: days }, () => []);
  const schedule = (card, earliest) => {
    const day = Math.max(earliest, daysBetween(now, card.state.due));
    if (day < days) due[day].push(card);
  };
  const answered = (seconds, state, day) => {
    const next = review(state, { time: now + day * DAY, grade: GOOD });
    schedule({ seconds, state: next }, day + 1);
  };
  for (const card of cards) schedule(card, 0);

  let place = 0;
  const waiting = [];
  const table = due.map((these, day) => {
    const row = { question: 0, review: 0, section: 0, seconds: 0 };
    const budget = 60 * minutes - (day === 0 ? spent : 0);
    const isWhole = day > 0 || spent === 0;
    const fits = ({ seconds }) =>
      row.seconds + seconds <= budget || (isWhole && row.seconds === 0 && seconds > budget);
    const take = (kind, { seconds }) => {
      row[kind] += 1;
      row.seconds += seconds;
    };
    waiting.push(...these);
    while (waiting.length && fits(waiting[0])) {
      const card = waiting.shift();
      take("review", card);
      answered(card.seconds, card.state, day);
    }
    while (!waiting.length && place < work.length && fits(work[place])) {
      const piece = work[place++];
      take(piece.kind, piece);
      if (piece.kind === "question") answered(piece.seconds, null, day);
    }
    return row;
  });
  const rest = work.slice(place);
  const count = (kind) => rest.filter((piece) => piece.kind === kind).length;
  const left = {
    question: count("question"),
    review: waiting.length,
    section: count("section"),
  };
  return { days: table, left };
}

const isDone = ({ left }) => left.question + left.review + left.section === 0;

/* The plan: {days, left, total, needed: the minutes a day that it takes, in steps of five (undefined:
   more than ten hours), fits: whether the reader has them}. If they are enough, no day is longer than
   it has to be; else it says how far the reader's own minutes lead. */
export function planOf(task, { date, minutes }, now) {
  const days = daysLeft(date, now);
  let needed;
  let found;
  for (let tried = STEP; tried <= MOST && needed === undefined; tried += STEP) {
    found = goThrough(task, days, tried, now);
    if (isDone(found)) needed = tried;
  }
  const fits = needed <= minutes;
  if (!fits) found = goThrough(task, days, minutes, now);
  const sum = (kind) => found.days.reduce((total, row) => total + row[kind], 0);
  const total = { question: sum("question"), review: sum("review"), section: sum("section") };
  return { ...found, total, needed, fits };
}

/* Seconds of today that facts account for. */
export function spentOn(facts, seconds, now) {
  return facts
    .filter(({ time }) => daysBetween(time, now) === 0)
    .reduce((sum, { id }) => sum + (seconds.get(id) ?? 0), 0);
}
