/* What the book consists of, as the build counted it: {say, chapters: [{name, number, title, href,
   sections: [{id, title, minutes, href}]}], topics: [{id, title, questions: [id]}]}. Addresses in the
   file are relative to it. */

const ADDRESS = new URL("outline.json", import.meta.url);

export async function loadOutline() {
  const answer = await fetch(ADDRESS);
  if (!answer.ok) throw new Error(`expected the outline of the book, found ${answer.status}`);
  const outline = await answer.json();
  for (const chapter of outline.chapters) {
    chapter.href = new URL(chapter.href, ADDRESS).href;
    for (const section of chapter.sections) section.href = `${chapter.href}#${section.id}`;
  }
  return outline;
}
