/* What the log says of a reader, as pure functions of the log and of the time. */

import { dayAfter, daysBetween, startOfDay } from "./days.js";
import { reviewsOf } from "./store.js";

const WEEKS = 12;
const MONDAY = 1;

/* The log as one list of facts: {kind, id, time, score?}, by time. Each kind is known by its name, so
   that another kind needs no more than a line here. */
export function factsOf({ questions, reading, interviews }) {
  const answers = Object.entries(questions).flatMap(([id, entry]) =>
    reviewsOf(entry).map(({ time, score }) => ({ kind: "question", id, time, score })),
  );
  const read = Object.entries(reading).flatMap(([id, times]) =>
    times.map((time) => ({ kind: "section", id, time })),
  );
  const talks = interviews.map(({ time, score, total }) => ({
    kind: "interview",
    id: String(time),
    time,
    score,
    total,
  }));
  return [...answers, ...read, ...talks].sort((a, b) => a.time - b.time);
}

/* The last twelve weeks, each of seven days from Monday: {day, ahead, counts: {kind: facts}}. */
export function calendar(facts, now, weeks = WEEKS) {
  const sinceMonday = (new Date(now).getDay() - MONDAY + 7) % 7;
  const first = dayAfter(now, -sinceMonday - 7 * (weeks - 1));
  const days = Array.from({ length: 7 * weeks }, (_, i) => {
    const day = dayAfter(first, i);
    return { day, ahead: day > now, counts: {} };
  });
  for (const { kind, time } of facts) {
    const { ahead = true, counts } = days[daysBetween(first, time)] ?? {};
    if (!ahead) counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return Array.from({ length: weeks }, (_, i) => days.slice(7 * i, 7 * i + 7));
}

/* On how many days in a row, up to today or yesterday, there was a fact. */
export function streak(facts, now) {
  const days = new Set(facts.map(({ time }) => startOfDay(time)));
  let day = days.has(startOfDay(now)) ? startOfDay(now) : dayAfter(now, -1);
  let length = 0;
  for (; days.has(day); day = dayAfter(day, -1)) length++;
  return length;
}

/* ---- reading ---- */

/* Of each chapter: {chapter, read, total, next: its first section that was not read, minutes: those
   that are left}. */
export function chaptersOf(chapters, reading) {
  return chapters.map((chapter) => {
    const unread = chapter.sections.filter(({ id }) => !reading[id]?.length);
    const total = chapter.sections.length;
    const minutes = unread.reduce((sum, section) => sum + section.minutes, 0);
    return { chapter, read: total - unread.length, total, next: unread[0], minutes };
  });
}

/* Where to read on: {chapter, section, minutes: those left in the chapter}. That is the first section
   not read after the one that was read last; after the last one of the book, the first of all; none
   (undefined) where all was read. */
export function nextSection(chapters, reading) {
  const all = chapters.flatMap((chapter) =>
    chapter.sections.map((section) => ({ chapter, section })),
  );
  const latest = ({ section }) => Math.max(...(reading[section.id] ?? []), 0);
  const newest = Math.max(...all.map(latest));
  const last = newest ? all.findLastIndex((one) => latest(one) === newest) : -1;
  const isNew = ({ section }) => !reading[section.id]?.length;
  const found = all.slice(last + 1).find(isNew) ?? all.find(isNew);
  if (!found) return undefined;
  const [{ minutes }] = chaptersOf([found.chapter], reading);
  return { ...found, minutes };
}

/* ---- topics ---- */

const ENOUGH = 3; // answered questions by which a topic is judged

/* The topics of which enough was answered, the strongest first, and the others: {topic, total,
   answered, mastered, score: mean of the last answers}. */
export function topicsOf(topics, standings) {
  const rows = topics.map((topic) => {
    const all = standings.filter(({ question }) => question.topic === topic);
    const answered = all.filter(({ score }) => score !== undefined);
    const points = answered.reduce((sum, { score }) => sum + score, 0);
    return {
      topic,
      total: all.length,
      answered: answered.length,
      mastered: all.filter(({ mastered }) => mastered).length,
      score: answered.length ? points / answered.length : undefined,
    };
  });
  const judged = rows.filter(({ answered }) => answered >= ENOUGH);
  judged.sort((a, b) => b.score - a.score || b.answered - a.answered);
  return { judged, others: rows.filter((row) => !judged.includes(row)) };
}
