/* Where code is written: CodeMirror or, where that cannot be loaded, a plain field that does the
   same. Both indent by Tab, let it go after Escape, and know Ctrl+Enter. */

import { element } from "./parts.js";
import { INDENT, Rich } from "./rich.js";

/* An editor in `place`, at once as a plain field and then, when it has come, as CodeMirror.
   `label` is its name, `codemirror` the folder of that; `changed(text)` is told what is typed, `run()` that Ctrl+Enter was pressed. */
export class Editor {
  constructor(place, text, { label, codemirror, changed, run }) {
    Object.assign(this, { place, label, changed, run });
    this.view = new Plain(this, text);
    this.enrich(new URL(`../${codemirror}/codemirror.js`, import.meta.url));
  }

  get text() {
    return this.view.text;
  }

  set text(text) {
    this.view.text = text;
  }

  async enrich(address) {
    try {
      const codemirror = await import(address);
      const { view } = this;
      this.view = new Rich(this, codemirror, view.text);
      view.leave(this.view);
    } catch {} // the plain field stays
  }

  focus() {
    this.view.focus();
  }

  /* Marks a line, from 1; 0: none. */
  mark(line) {
    this.view.mark(line);
  }

  /* Puts the cursor into a line. */
  goTo(line) {
    this.view.goTo(line);
  }
}

const isRun = ({ key, ctrlKey, metaKey }) => key === "Enter" && (ctrlKey || metaKey);

class Plain {
  constructor(editor, text) {
    this.editor = editor;
    this.field = element("textarea", { className: "mtl-field", value: text, spellcheck: false });
    this.field.rows = text.split("\n").length + 1;
    this.field.wrap = "off";
    this.field.setAttribute("aria-label", editor.label);
    this.field.setAttribute("autocapitalize", "off");
    this.field.setAttribute("autocomplete", "off");
    this.field.addEventListener("input", () => editor.changed(this.text));
    this.field.addEventListener("keydown", (event) => this.key(event));
    editor.place.append(this.field);
  }

  get text() {
    return this.field.value;
  }

  set text(text) {
    this.field.value = text;
  }

  key(event) {
    const leaves = this.escaped;
    if (event.key !== "Shift") this.escaped = event.key === "Escape";
    if (isRun(event)) {
      event.preventDefault();
      this.editor.run();
    } else if (event.key === "Tab" && !event.shiftKey && !leaves) {
      event.preventDefault();
      this.insert(INDENT);
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.insert(`\n${this.indent()}`);
    }
  }

  /* How far the next line is indented: as this one, and one step more after a colon. */
  indent() {
    const line = this.text.slice(0, this.field.selectionStart).split("\n").at(-1);
    return line.match(/^ */)[0] + (line.trimEnd().endsWith(":") ? INDENT : "");
  }

  insert(text) {
    const { field } = this;
    field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
    this.editor.changed(this.text);
  }

  focus() {
    this.field.focus();
  }

  /* A plain field cannot show a line other than by the cursor. */
  mark() {}

  goTo(line) {
    const at =
      this.text
        .split("\n")
        .slice(0, line - 1)
        .join("\n").length + Number(line > 1);
    this.focus();
    this.field.setSelectionRange(at, at);
  }

  /* Gives its place to another view, with cursor and focus. */
  leave(view) {
    const { field } = this;
    const focused = document.activeElement === field;
    view.select(field.selectionStart, field.selectionEnd);
    field.remove();
    if (focused) view.focus();
  }
}
