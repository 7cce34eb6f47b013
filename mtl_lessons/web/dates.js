/* How days are written, in the language of the page. */

const language = document.documentElement.lang || undefined;
const written = (parts) => new Intl.DateTimeFormat(language, parts);

export const shortDay = written({ day: "numeric", month: "short" });
export const longDay = written({ weekday: "short", day: "numeric", month: "short" });
export const weekday = written({ weekday: "short" });
