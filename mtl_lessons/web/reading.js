/* Which sections of a chapter were read: a section counts when its end has been on the screen for
   some seconds, while the page was to be seen. Nothing is shown. */

import { element } from "./parts.js";
import { store } from "./store.js";

const STAY = 5_000; // ms

/* Watches the sections with these ids; `read(id)` is called for each that was read. */
export function watch(ids, read) {
  const waits = new Map(); // the end of a section that is on the screen -> its timer
  const names = new Map(); // the end of a section -> its id
  const eye = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) (isIntersecting ? begin : stop)(target);
  });

  function begin(end) {
    if (waits.has(end)) return;
    const timer = document.hidden ? undefined : setTimeout(finish, STAY, end);
    waits.set(end, timer);
  }

  function stop(end) {
    clearTimeout(waits.get(end));
    waits.delete(end);
  }

  function finish(end) {
    stop(end);
    eye.unobserve(end);
    read(names.get(end));
  }

  document.addEventListener("visibilitychange", () => {
    const ends = [...waits.keys()];
    ends.forEach(stop);
    ends.forEach(begin);
  });
  for (const id of ids) {
    const end = element("div", { className: "section-end" });
    names.set(end, id);
    document.getElementById(id)?.closest("section").append(end);
    eye.observe(end);
  }
}

const { sections } = document.querySelector("article").dataset;
watch(sections.split(" "), async (id) => {
  store.finish(id);
  const { mark } = await import("./marks.js");
  mark();
});
