/* The kinds of question, as in quiz/kinds: what an answer is, and what it is worth. A kind has

     read(question)            the answer from its controls; null if there is none yet
     fits(question, answer)    whether an answer that was kept is one to this question
     write(question, answer)   puts it back into the controls
     grade(question, answer)   {right, why: [names of feedback], marks: [mark]}
     restart(question)         puts back what no reset of a form does, if there is such a thing
     numbered                  whether a key 1 to 9 chooses an option
     tick(question, box)       what follows for the other boxes of a rubric, if there is such a thing
     mount(question)           adds to its form what no page has before it is asked, if there is any
     nothing                   the name of what is said where there is no answer yet, if not the usual

   A mark stands beside an option: {node, verdict, word, name of feedback}. A kind that its reader
   grades by a rubric says so (`byHand`), and gives {points, total, word} for {right}; {word} alone
   until something of the rubric is ticked. */

import { near, readings } from "./answers.js";
import { element, fill, isRecord } from "./parts.js";

const LONGEST = 4000; // characters of code that are kept

/* Options to tick: `several` of them, or one. */
const choice = (several) => ({
  read({ inputs }) {
    const ticked = inputs.filter((input) => input.checked).map((input) => input.value);
    return ticked.length ? ticked : null;
  },

  fits({ inputs }, answer) {
    if (!Array.isArray(answer) || !answer.length || new Set(answer).size < answer.length)
      return false;
    const known = inputs.map((input) => input.value);
    return (several || answer.length === 1) && answer.every((value) => known.includes(value));
  },

  write({ inputs }, answer) {
    for (const input of inputs) input.checked = answer.includes(input.value);
  },

  grade({ inputs, key, say, feedback }, answer) {
    const missed = several ? key.right.filter((value) => !answer.includes(value)) : [];
    const judge = (value) => {
      if (missed.includes(value)) return "missed";
      return key.right.includes(value) ? "right" : "wrong";
    };
    const marks = inputs
      .filter(({ value }) => answer.includes(value) || missed.includes(value))
      .map((input) => {
        const verdict = judge(input.value);
        const name = feedback(input.value) ? input.value : "wrong";
        return { node: input.closest("li"), verdict, word: say[verdict], name };
      });
    return { right: marks.every(({ verdict }) => verdict === "right"), why: [], marks };
  },
});

const numeric = {
  read({ inputs: [input] }) {
    return input.value.trim() || null;
  },

  fits({ key }, answer) {
    return typeof answer === "string" && readings(answer, key.percent).length > 0;
  },

  write({ inputs: [input] }, answer) {
    input.value = answer;
  },

  grade({ key }, answer) {
    const found = readings(answer, key.percent);
    const hits = (value) => near(found, value, key.tolerance);
    if (hits(key.value)) return { right: true, why: ["right"], marks: [] };
    const slip = key.slips.findIndex(hits);
    return { right: false, why: [slip < 0 ? "wrong" : `slip-${slip}`], marks: [] };
  },
};

const order = {
  read({ items }) {
    return items().map((item) => item.dataset.value);
  },

  fits({ items }, answer) {
    if (!Array.isArray(answer) || answer.length !== items().length) return false;
    return items().every((item) => answer.includes(item.dataset.value));
  },

  write({ items }, answer) {
    const place = (item) => answer.indexOf(item.dataset.value);
    const sorted = items().sort((a, b) => place(a) - place(b));
    for (const item of sorted) item.parentNode.append(item);
  },

  grade({ items, say }, answer) {
    const marks = items().map((node, place) => {
      const right = Number(answer[place]) === place;
      return {
        node,
        verdict: right ? "right" : "wrong",
        word: say[right ? "in-place" : "out-of-place"],
      };
    });
    const right = marks.every(({ verdict }) => verdict === "right");
    return { right, why: [right ? "right" : "wrong"], marks };
  },

  restart(question) {
    order.write(question, question.start);
  },
};

/* The last line of the rubric says that the answer had none of the others. */
const open = {
  byHand: true,

  read({ form, rubric }) {
    const text = form.querySelector("textarea").value;
    return { text, ticks: rubric.map((box) => box.checked) };
  },

  fits({ rubric }, answer) {
    if (!isRecord(answer) || typeof answer.text !== "string") return false;
    return Array.isArray(answer.ticks) && answer.ticks.length === rubric.length;
  },

  write({ form, rubric }, answer) {
    form.querySelector("textarea").value = answer.text;
    rubric.forEach((box, i) => (box.checked = answer.ticks[i] === true));
  },

  grade({ rubric, say }, answer) {
    if (!answer.ticks.includes(true)) return { word: say.ungraded, why: [], marks: [] };
    const worth = (boxes) => boxes.reduce((sum, box) => sum + Number(box.dataset.points), 0);
    const points = worth(rubric.filter((_, i) => answer.ticks[i] === true));
    const total = worth(rubric);
    const word = fill(say.points, { points, total });
    return { points, total, word, why: [], marks: [] };
  },

  tick({ rubric }, box) {
    const isNone = (one) => one === rubric.at(-1);
    const others = rubric.filter((one) => isNone(one) !== isNone(box));
    if (box.checked) others.forEach((one) => (one.checked = false));
  },
};

/* Code, judged where it is asked: the answer is its last run. */
const write = {
  nothing: "run-first",

  async mount(question) {
    const place = question.form.querySelector(".mtl-desk-here");
    const ran = (run) => {
      if (question.graded) return;
      write.write(question, run);
      if (run.right) question.submit();
    };
    try {
      const { deskAt } = await import("./drill.js");
      await deskAt(place, ran);
    } catch {
      const href = `drill/${place.dataset.drill}.html`;
      const link = element("a", { href, textContent: href });
      place.append(element("p", {}, `${question.say["code-failed"]} `, link));
    }
  },

  read({ ran }) {
    return ran ?? null;
  },

  fits(_, answer) {
    return isRecord(answer) && typeof answer.right === "boolean" && typeof answer.code === "string";
  },

  write(question, { right, code: text }) {
    question.ran = { right, code: text.slice(0, LONGEST) };
    question.form.querySelector(".mtl-desk-here").dataset.code = question.ran.code;
  },

  grade(_, { right }) {
    return { right, why: [], marks: [] };
  },

  restart(question) {
    question.ran = null;
  },
};

export const KINDS = {
  one: { ...choice(false), numbered: true },
  several: { ...choice(true), numbered: true },
  numeric,
  order,
  bug: choice(false),
  open,
  write,
};
