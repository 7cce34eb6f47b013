/* What a reader is writing, by name, in localStorage: text of a bounded length. */

const DRAFT = "mtl-lessons:code:";

export const drafts = {
  read(name, largest) {
    try {
      const text = localStorage.getItem(DRAFT + name);
      return text !== null && text.length <= largest ? text : null;
    } catch {
      return null; // forbidden
    }
  },

  /* Keeps the text; whether it could. */
  keep(name, text, largest) {
    try {
      if (text.length <= largest) localStorage.setItem(DRAFT + name, text);
      return text.length <= largest;
    } catch {
      return false; // forbidden or full
    }
  },

  drop(name) {
    try {
      localStorage.removeItem(DRAFT + name);
    } catch {}
  },

  /* Calls `heard` when another tab has changed the text. */
  listen(name, heard) {
    addEventListener("storage", ({ key }) => (key === null || key === DRAFT + name) && heard());
  },
};
