/* Which sections of a chapter were read: a section counts when its end has been on the screen for
   some seconds, while the page was to be seen. Nothing is shown, and nothing put into the page. */

import { store } from "./store.js";

const STAY = 5_000; // ms
const WHOLE = 0.99; // the share of a section that is all of it, however a browser rounds
const FAR = "1000000px"; // longer than any page

/* Watches these sections; `read(section)` is called for each that was read. The end of a section is on
   the screen when some of it is, and none of it is below the lower edge. */
export function watch(sections, read) {
  const inside = new Set();
  const notBelow = new Set();
  const timers = new Map(); // of the sections whose end is on the screen
  const eyes = [eye(inside, 0), eye(notBelow, WHOLE, `${FAR} 0px 0px 0px`)];

  function eye(found, threshold, rootMargin = "0px") {
    const look = (entries) => {
      for (const { target, isIntersecting, intersectionRatio } of entries) {
        const isFound = isIntersecting && intersectionRatio >= threshold;
        found[isFound ? "add" : "delete"](target);
        update(target);
      }
    };
    return new IntersectionObserver(look, { threshold, rootMargin });
  }

  function update(section) {
    const isSeen = inside.has(section) && notBelow.has(section) && !document.hidden;
    if (isSeen === timers.has(section)) return;
    clearTimeout(timers.get(section));
    timers.delete(section);
    if (isSeen) timers.set(section, setTimeout(finish, STAY, section));
  }

  function finish(section) {
    eyes.forEach((one) => one.unobserve(section));
    inside.delete(section);
    update(section);
    read(section);
  }

  document.addEventListener("visibilitychange", () => sections.forEach(update));
  for (const section of sections) eyes.forEach((one) => one.observe(section));
}

const ids = document.querySelector("article").dataset.sections.split(" ");
const names = new Map(ids.map((id) => [document.getElementById(id)?.closest("section"), id]));
names.delete(undefined);
watch([...names.keys()], async (section) => {
  store.finish(names.get(section));
  const { mark } = await import("./marks.js");
  mark();
});
