/* CodeMirror as the editor of a drill: Python in colours, line numbers, brackets, undo, a marked line.
   editor.js loads it, and gives what it exports. */

import { element } from "./parts.js";

export const INDENT = "    ";
const NARROW = "(max-width: 40rem)"; // where lines are wrapped
const BAR = 68; // px above a line that is scrolled to: the bar of the site stays in view

/* Of the site's own colours, in both themes. */
const THEME = {
  "&": {
    color: "var(--mtl-text)",
    backgroundColor: "var(--mtl-page)",
    border: "1px solid var(--mtl-edge)",
    borderRadius: "0.375rem",
  },
  "&.cm-focused": { outline: "3px solid var(--mtl-accent)", outlineOffset: "2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5", minHeight: "10rem" },
  ".cm-content": { caretColor: "var(--mtl-text)" },
  ".cm-gutters": {
    color: "var(--mtl-muted)",
    backgroundColor: "var(--mtl-surface)",
    borderRight: "1px solid var(--mtl-border)",
  },
  ".mtl-line": {
    backgroundColor: "var(--mtl-wrong-tint)",
    boxShadow: "inset 4px 0 var(--mtl-wrong)",
  },
  "&.cm-focused .cm-matchingBracket": {
    backgroundColor: "var(--mtl-tint)",
    outline: "1px solid var(--mtl-accent)",
  },
};

const inColours = ({ HighlightStyle, syntaxHighlighting, tags }) => {
  const { definition, function: callable, keyword, self, string, variableName } = tags;
  const { bool, className, comment, null: none, number, special } = tags;
  const colours = {
    keyword: [keyword, self],
    string: [string, special(string)],
    comment: [comment],
    number: [number, bool, none],
    name: [callable(variableName), callable(definition(variableName)), definition(className)],
  };
  const rows = Object.entries(colours).map(([name, tag]) => ({
    tag,
    color: `var(--mtl-code-${name})`,
  }));
  return syntaxHighlighting(HighlightStyle.define(rows));
};

/* One line may be marked: {effect} marks it, from 1, or none, 0; {field} keeps it. */
function marking({ Decoration, EditorView, StateEffect, StateField }) {
  const effect = StateEffect.define();
  const wrong = Decoration.line({ class: "mtl-line" });
  const marked = (line, { doc }) =>
    line ? Decoration.set([wrong.range(doc.line(line).from)]) : Decoration.none;
  const field = StateField.define({
    create: () => Decoration.none,
    update: (before, { changes, effects, state }) =>
      effects
        .filter((one) => one.is(effect))
        .reduce((_, { value }) => marked(value, state), before.map(changes)),
    provide: (kept) => EditorView.decorations.from(kept),
  });
  return { effect, field };
}

export class Rich {
  /* `editor` is as in editor.js; `codemirror`: what the bundle exports. */
  constructor(editor, codemirror, text) {
    const { EditorView, EditorState } = codemirror;
    this.marking = marking(codemirror);
    const host = element("div", { className: "mtl-editor" });
    // in a shadow root, its styles are no <style> element, which the site's policy forbids
    const root = host.attachShadow({ mode: "open" });
    const extensions = this.extensions(editor, codemirror);
    const state = EditorState.create({ doc: text, extensions });
    this.view = new EditorView({ state, root, parent: root });
    editor.place.append(host);
  }

  extensions(editor, codemirror) {
    const { EditorView, EditorState, keymap } = codemirror;
    const run = { key: "Mod-Enter", run: () => editor.run() ?? true };
    const keys = [codemirror.indentWithTab, ...codemirror.defaultKeymap];
    return [
      codemirror.lineNumbers(),
      codemirror.history(),
      codemirror.bracketMatching(),
      codemirror.indentOnInput(),
      codemirror.indentUnit.of(INDENT),
      EditorState.tabSize.of(INDENT.length),
      codemirror.pythonLanguage,
      inColours(codemirror),
      this.marking.field,
      keymap.of([run, ...keys, ...codemirror.historyKeymap]),
      EditorView.contentAttributes.of({ "aria-label": editor.label, tabindex: "0" }),
      EditorView.updateListener.of(({ docChanged }) => {
        if (docChanged && !this.filling) editor.changed(this.text);
      }),
      EditorView.theme(THEME),
      EditorView.scrollMargins.of(() => ({ top: BAR, bottom: 16 })),
      matchMedia(NARROW).matches ? EditorView.lineWrapping : [],
    ];
  }

  get text() {
    return this.view.state.doc.toString();
  }

  set text(insert) {
    const { length } = this.view.state.doc;
    this.filling = true;
    this.view.dispatch({ changes: { from: 0, to: length, insert } });
    this.filling = false;
  }

  focus() {
    this.view.focus();
  }

  select(anchor, head) {
    this.view.dispatch({ selection: { anchor, head } });
  }

  mark(line) {
    const there = line <= this.view.state.doc.lines ? line : 0;
    this.view.dispatch({ effects: this.marking.effect.of(there) });
  }

  goTo(line) {
    const { doc } = this.view.state;
    const { from } = doc.line(Math.min(line, doc.lines));
    this.view.dispatch({ selection: { anchor: from }, scrollIntoView: true });
    this.focus();
  }
}
