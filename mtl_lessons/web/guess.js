/* Guess first: a figure asks before it tells, and judges what was guessed. Both kinds have `open()`
   (ask, from the start), `close()` (tell without judging), `isOpen()`, and `take(at)`: is a click on the
   cell `at` an answer? `tell(text, at)` says what came of it, and shows a place of the dials. */
import { element, fill } from "./parts.js";

/* On paper a figure cannot ask: it tells, and asks again afterwards. */
function letPrint(isOpen, tell, ask) {
  let asking = false;
  addEventListener("beforeprint", () => {
    asking = isOpen();
    if (asking) tell();
  });
  addEventListener("afterprint", () => {
    if (asking) ask();
  });
}

const button = (textContent) => element("button", { type: "button", textContent });

/* A question with a few answers of which one is right. Until it is answered, or a dial is turned, the
   figure has the class `mtl-asked`, by which a stylesheet may cover what would tell. */
export function askChoice(figure, { guess, say }, _, tell) {
  const box = figure.querySelector(".mtl-guess");
  const verdict = element("p", { hidden: true });
  const answers = guess.options.map(button);
  const group = element(
    "div",
    { className: "mtl-answers", role: "group", ariaLabel: say.guess },
    ...answers,
  );
  box.querySelector("details").replaceWith(group, verdict);

  const isOpen = () => figure.classList.contains("mtl-asked");
  const close = () => figure.classList.remove("mtl-asked");
  const cover = () => figure.classList.add("mtl-asked");

  function open() {
    cover();
    verdict.hidden = true;
    for (const answer of answers) answer.removeAttribute("aria-pressed");
  }

  function judge(chosen) {
    close();
    const right = chosen === guess.right;
    answers.forEach((answer, i) => {
      answer.setAttribute("aria-pressed", String(i === chosen));
    });
    const [found, better] = [
      right ? say.right : say.wrong,
      right ? "" : `${guess.options[guess.right]}. `,
    ];
    verdict.textContent = `${found} ${better}${guess.told}`;
    verdict.className = right ? "mtl-right" : "mtl-wrong";
    verdict.hidden = false;
    tell(verdict.textContent, guess.at);
  }

  answers.forEach((answer, i) => {
    answer.addEventListener("click", () => judge(i));
  });
  letPrint(isOpen, close, cover);
  open();
  return { open, close, isOpen, take: () => false };
}

/* A border in a map: in each row, the last cell where sharing still helps. */
export function askBorder(figure, { dials, guess, say }, buttons, tell) {
  const box = figure.querySelector(".mtl-guess");
  const question = box.querySelector("p");
  const verdict = element("p", { hidden: true });
  const reveal = button(say.reveal);
  const width = dials[1].values.length;
  const rows = guess.helps.length / width;
  const last = Array(rows).fill(-1); // none
  let opened = true;
  box.append(verdict, reveal);

  const guessed = (at) => at % width <= last[Math.floor(at / width)];

  function mark() {
    buttons.forEach((cell, at) => {
      const field = cell.parentNode;
      field.classList.toggle("mtl-yes", opened && guessed(at));
      field.classList.toggle(
        "mtl-off",
        !opened && last.some((end) => end >= 0) && guessed(at) !== guess.helps[at],
      );
      cell.firstChild.hidden = opened;
      if (opened) {
        cell.ariaLabel = `${dials[0].values[Math.floor(at / width)]}, ${dials[1].values[at % width]}`;
        cell.ariaPressed = String(guessed(at));
      } else {
        cell.ariaLabel = cell.ariaPressed = null;
      }
    });
  }

  function turn(open) {
    opened = open;
    figure.classList.toggle("mtl-covered", open);
    question.hidden = reveal.hidden = !open;
    verdict.hidden = true;
    mark();
  }

  function open() {
    last.fill(-1);
    turn(true);
  }

  function judge() {
    turn(false);
    if (last.every((end) => end < 0)) return;
    const right = guess.helps.filter((helps, at) => helps === guessed(at)).length;
    verdict.textContent = fill(guess.told, { right, points: guess.helps.length });
    verdict.hidden = false;
    tell(verdict.textContent);
  }

  function take(at) {
    if (!opened) return false;
    const [row, column] = [Math.floor(at / width), at % width];
    last[row] = last[row] === column ? -1 : column;
    mark();
    return true;
  }

  reveal.addEventListener("click", () => {
    judge();
    buttons.find(({ tabIndex }) => tabIndex === 0).focus(); // the button that had it is gone
  });
  const isOpen = () => opened;
  const close = () => turn(false);
  letPrint(isOpen, close, () => turn(true));
  open();
  return { open, close, isOpen, take };
}
