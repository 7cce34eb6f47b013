/* What was read and mastered, where the book lists its chapters: in the sidebar, on the map, and as
   a line of the landing page that leads on. Loaded where something is kept. */

import { endOfDay } from "./days.js";
import { chaptersOf, nextSection } from "./facts.js";
import { card, isDue, isMastered } from "./fsrs.js";
import { loadOutline } from "./outline.js";
import { element, fill } from "./parts.js";
import { reviewsOf, store } from "./store.js";

const outline = loadOutline();

export async function mark() {
  let book;
  try {
    book = await outline;
  } catch {
    return; // without it the chapters can be read all the same
  }
  const { questions, reading } = store.state();
  const now = Date.now();
  const counted = new Map(book.topics.map((topic) => [topic.id, mastered(topic, questions, now)]));
  document.querySelectorAll(".done").forEach((done) => done.remove());
  for (const row of chaptersOf(book.chapters, reading)) {
    const topic = counted.get(row.chapter.name);
    if (row.read || topic.answered) show(row, topic, book.say);
  }
  goOn(book, { questions, reading }, now);
}

function mastered({ questions }, entries, now) {
  const logs = questions.map((id) => reviewsOf(entries[id]));
  const answered = logs.filter((log) => log.length).length;
  const known = logs.filter((log) => isMastered(log, now)).length;
  return { answered, known, total: questions.length };
}

/* Puts, below each link to a chapter in the lists of chapters, what was done of it. */
function show({ chapter, read, total }, { known, total: all }, say) {
  const values = { read, sections: total, known, questions: all };
  const path = new URL(chapter.href).pathname;
  const links = document.querySelectorAll("#book-menu a, .map li > p > strong > a");
  for (const link of [...links].filter(({ pathname }) => pathname === path)) {
    const done = element("p", { className: "done" });
    if (link.closest(".map")) {
      done.textContent = fill(say.done, values);
      link.closest("p").after(done);
    } else {
      done.append(
        element("span", { textContent: fill(say.short, values), ariaHidden: "true" }),
        element("span", { className: "unseen", textContent: fill(say.done, values) }),
      );
      link.after(done);
    }
  }
}

/* The line of the landing page: where to read on, and what is due. */
function goOn({ chapters, topics, say }, { questions, reading }, now) {
  const line = document.querySelector(".continue");
  if (!line) return;
  const ids = topics.flatMap((topic) => topic.questions);
  const states = ids.map((id) => card(reviewsOf(questions[id]), now)).filter(Boolean);
  const due = states.filter((state) => isDue(state, endOfDay(now))).length;
  const next = Object.keys(reading).length ? nextSection(chapters, reading) : undefined;
  const today = new URL("today.html", chapters[0].href).href;
  const link = element("a", { href: today, textContent: fill(due ? say.due : say.today, { due }) });
  if (!next) return line.replaceChildren(link);
  const { chapter, section, minutes } = next;
  const left = fill(say.left, { minutes: Math.max(1, Math.round(minutes)) });
  const place = fill(say.section, { number: chapter.number, title: section.title });
  line.replaceChildren(
    element("span", { textContent: say.continue }),
    " ",
    element("a", { href: section.href, textContent: place }),
    " ",
    element("span", {}, `${left} · `, link),
  );
}

mark();
store.listen(mark);
