/* The list of all drills: says of each when it was solved or tried. */

import { element } from "./parts.js";
import { standingOf } from "./standing.js";
import { store } from "./store.js";

function mark(list, say) {
  const entries = store.read();
  for (const row of list.querySelectorAll("[data-key]")) {
    row.querySelector(".mtl-standing")?.remove();
    const textContent = standingOf(entries[row.dataset.key], say);
    if (textContent) row.append(" ", element("strong", { className: "mtl-standing", textContent }));
  }
}

for (const list of document.querySelectorAll(".mtl-drills")) {
  const data = list.querySelector("script[type='application/json']");
  const { strings } = JSON.parse(data.textContent);
  mark(list, strings);
  store.listen(() => mark(list, strings));
}
