/* How a reader stands with a drill, in words. */

import { fill, isRecord } from "./parts.js";
import { reviewsOf } from "./store.js";

/* When it was solved or, if never, tried; "" if it was not. `entry` is as in store.js. */
export function standingOf(entry, say) {
  if (!isRecord(entry) || !Number.isFinite(entry.time)) return "";
  const passed = reviewsOf(entry).findLast(({ score }) => score === 1);
  const time = entry.right ? entry.time : passed?.time;
  const date = (of) =>
    new Date(of).toLocaleDateString(document.documentElement.lang, { dateStyle: "medium" });
  return time === undefined
    ? fill(say.tried, { date: date(entry.time) })
    : fill(say.solved, { date: date(time) });
}
