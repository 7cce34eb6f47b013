/* Marks the words with which a page was found, without changing the page. */

const words = (new URLSearchParams(location.search).get("mark") ?? "")
  .toLowerCase()
  .split(/\s+/)
  .filter((word) => word.length > 1);

/* Where these words stand in the text of `root`. */
function* places(root) {
  const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.data.toLowerCase();
    for (const word of words) {
      for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
        const range = new Range();
        range.setStart(walk.currentNode, at);
        range.setEnd(walk.currentNode, at + word.length);
        yield range;
      }
    }
  }
}

if (words.length && globalThis.Highlight) {
  const found = new Highlight(...places(document.querySelector("article")));
  CSS.highlights.set("mtl-found", found);
}
