/* Progress as a file: written whole, and read with suspicion. A file that is not exactly what `writeBackup` makes is refused as a
   whole, with the reason, and changes nothing. */

import { isRecord } from "./parts.js";

const FORMAT = "mtl-lessons progress",
  VERSION = 2;
const LARGEST = 4_000_000; // bytes
const EARLIEST = 0,
  LATEST = Date.UTC(2100, 0, 1); // 1970 to 2100: a clock that was wrong is no reason to refuse

const is = {
  id: (value) => /^[a-z0-9]+(-[a-z0-9]+)*$/.test(value) && value.length <= 100,
  time: (value) => Number.isFinite(value) && value >= EARLIEST && value < LATEST,
  count: (value) => Number.isInteger(value) && value >= 0 && value < 1e6,
  share: (value) => typeof value === "number" && value >= 0 && value <= 1,
  text: (value) => typeof value === "string" && value.length <= 20_000,
  texts: (value) => Array.isArray(value) && value.length <= 50 && value.every(is.text),
  open: (value) =>
    isRecord(value) &&
    is.text(value.text) &&
    Array.isArray(value.ticks) &&
    value.ticks.length <= 50 &&
    value.ticks.every((tick) => typeof tick === "boolean") &&
    Object.keys(value).length === 2,
  review: (value) =>
    isRecord(value) &&
    is.time(value.time) &&
    is.share(value.score) &&
    (value.sure === undefined || (is.count(value.sure) && value.sure <= 100)) &&
    Object.keys(value).every((key) => ["time", "score", "sure"].includes(key)),
};
const isSummary = (one) =>
  isRecord(one) &&
  is.time(one.time) &&
  is.count(one.total) &&
  is.share(one.score) &&
  isRecord(one.levels) &&
  Object.entries(one.levels).every(([level, score]) => is.id(level) && is.share(score)) &&
  Object.keys(one).length === 4;
/* {<section>: dates at which it was read} */
const isReading = (value) =>
  isRecord(value) &&
  Object.keys(value).length <= 1_000 &&
  Object.entries(value).every(
    ([id, times]) =>
      is.id(id) && Array.isArray(times) && times.length <= 50 && times.every(is.time),
  );

const PLAN = {
  date: (value) => is.text(value) && /^\d{4}-\d\d-\d\d$/.test(value),
  minutes: (value) => is.count(value) && value > 0 && value <= 1440,
  level: (value) => is.text(value) && is.id(value),
  read: (value) => typeof value === "boolean",
};
/* What a plan is set to, or that it was dropped: {time} alone. */
const isPlan = ({ time, ...set }) =>
  is.time(time) &&
  (Object.keys(set).length === 0 ||
    (Object.keys(set).length === Object.keys(PLAN).length &&
      Object.entries(PLAN).every(([name, fits]) => fits(set[name]))));

const SHAPE = {
  edition: (value) => is.text(value) && /^\w{1,16}$/.test(value),
  answer: (value) => is.text(value) || is.texts(value) || is.open(value),
  right: (value) => typeof value === "boolean",
  points: is.count,
  total: is.count,
  attempts: is.count,
  time: is.time,
  reviews: (value) => Array.isArray(value) && value.length <= 10_000 && value.every(is.review),
};

/* What is wrong with an entry: the name of a phrase and what fills it; undefined if nothing is. */
function fault(id, entry) {
  if (!is.id(id)) return ["name"];
  if (!isRecord(entry) || !Array.isArray(entry.reviews)) return ["reviews", { id }];
  const part = Object.keys(entry).find(
    (name) => !Object.hasOwn(SHAPE, name) || !SHAPE[name](entry[name]),
  );
  if (part !== undefined)
    return Object.hasOwn(SHAPE, part) ? ["part", { id, part }] : ["foreign-part", { id }];
}

function faultOf(state) {
  if (!isRecord(state) || state.format !== FORMAT) return ["foreign"];
  if (state.version !== VERSION)
    return ["version", { found: Number(state.version) || "?", expected: VERSION }];
  if (!isRecord(state.questions)) return ["foreign"];
  const { interviews = [] } = state;
  if (!Array.isArray(interviews) || interviews.length > 10_000 || !interviews.every(isSummary))
    return ["foreign"];
  if (!isReading(state.reading ?? {})) return ["foreign"];
  if (state.plan !== undefined && !(isRecord(state.plan) && isPlan(state.plan))) return ["foreign"];
  return Object.entries(state.questions)
    .map(([id, entry]) => fault(id, entry))
    .find(Boolean);
}

/* The text of a file with all entries of a state (store.js) that are in order, and how many are not. */
export function writeBackup({ questions, interviews, reading, plan }) {
  const all = Object.entries(JSON.parse(JSON.stringify(questions))),
    good = all.filter(([id, entry]) => !fault(id, entry));
  const state = {
    format: FORMAT,
    version: VERSION,
    exported: new Date().toISOString(),
    questions: Object.fromEntries(good),
    interviews: interviews.filter(isSummary),
    reading: Object.fromEntries(
      Object.entries(reading).filter(([id, times]) => isReading({ [id]: times })),
    ),
    plan: plan && isPlan(plan) ? plan : undefined,
  };
  return {
    text: JSON.stringify(state, null, 1),
    total: good.length,
    left: all.length - good.length,
  };
}

/* {questions, interviews, reading, plan} of a file or {problem}: the name of a phrase and what fills it. No text of the file is in it but a question's name. */
export async function readBackup(file) {
  if (file.size > LARGEST) return { problem: ["large"] };
  try {
    const state = JSON.parse(await file.text()),
      problem = faultOf(state);
    if (problem) return { problem };
    const { questions, interviews, reading, plan } = state;
    return { questions, interviews, reading, plan };
  } catch {
    return { problem: ["json"] };
  }
}
