/* Days as a reader's clock has them: each begins at midnight, and one of 23 or 25 hours is a day. */

const DAY = 86_400_000; // ms

export const startOfDay = (time) => new Date(time).setHours(0, 0, 0, 0);
export const endOfDay = (time) => new Date(time).setHours(23, 59, 59, 999);

/* The beginning of the day that is `count` days after that of `time`. */
export function dayAfter(time, count) {
  const day = new Date(startOfDay(time));
  return day.setDate(day.getDate() + count);
}

/* How many days the day of `later` is after that of `earlier`. */
export const daysBetween = (earlier, later) =>
  Math.round((startOfDay(later) - startOfDay(earlier)) / DAY);

/* The beginning of a day that a field of dates gives, "2026-12-14"; undefined where there is none. */
export function dayOf(text) {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? [];
  return year && new Date(year, month - 1, day).getTime();
}

/* As a field of dates has it. */
export function isoDay(time) {
  const day = new Date(time);
  const two = (number) => String(number).padStart(2, "0");
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}
