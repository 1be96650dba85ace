// Turns the plain textarea of the SPARQL page into an editor; without this script the textarea works as it is.
import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { lintKeymap, setDiagnostics } from "@codemirror/lint";
import { EditorState, Prec } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, highlightSpecialChars, keymap, lineNumbers } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import { sparql } from "codemirror-lang-sparql";

const KEYWORDS = ("SELECT DISTINCT WHERE OPTIONAL FILTER UNION MINUS VALUES BIND GRAPH PREFIX CONSTRUCT ASK DESCRIBE " +
  "LIMIT OFFSET EXISTS HAVING COUNT SUM MIN MAX AVG SAMPLE GROUP_CONCAT CONTAINS LCASE REGEX STR LANG BOUND COALESCE")
  .split(" ").map((label) => ({ label, type: "keyword", boost: -5 }))
  .concat(["GROUP BY", "ORDER BY", "NOT EXISTS"].map((label) => ({ label, type: "keyword", boost: -5 })));

/** The declaration a prefixed name still needs, as a change at the top of the document. */
function missingPrefix(state, prefix, prefixes) {
  const declared = new RegExp(`^\\s*PREFIX\\s+${prefix}:`, "im").test(state.doc.toString());
  return declared || !prefixes[prefix] ? [] : [{ from: 0, insert: `PREFIX ${prefix}: <${prefixes[prefix]}>\n` }];
}

function insertTerm(text, prefix, prefixes) {
  return (view, completion, from, to) => {
    const changes = view.state.changes([...missingPrefix(view.state, prefix, prefixes), { from, to, insert: text }]);
    view.dispatch({ changes, selection: { anchor: changes.mapPos(to, 1) }, userEvent: "input.complete" });
  };
}

function termOptions(vocabulary) {
  return vocabulary.terms.map(({ name, label, kind, note }) => ({
    label: name, detail: label, type: kind, info: note || undefined,
    apply: insertTerm(name, name.split(":")[0], vocabulary.prefixes),
  }));
}

function codeOptions(vocabulary) {
  return vocabulary.codes.map(({ iri, label, scheme }) => ({ label, detail: scheme, type: "constant", apply: `<${iri}>` }));
}

function prefixOptions(vocabulary) {
  return Object.entries(vocabulary.prefixes).map(([prefix, iri]) => ({
    label: `${prefix}:`, detail: iri, type: "namespace", boost: -2, apply: insertTerm(`${prefix}:`, prefix, vocabulary.prefixes),
  }));
}

function completions(vocabulary) {
  const terms = termOptions(vocabulary), prefixes = prefixOptions(vocabulary), codes = codeOptions(vocabulary);
  return (context) => {
    const before = context.matchBefore(/[?$\w:.-]*/);
    if (before.text.length < 2 && !context.explicit) return null;
    if (/^[?$]/.test(before.text)) {
      const names = new Set(context.state.doc.toString().match(/[?$]\w+/g) || []);
      names.delete(before.text);
      return { from: before.from, options: [...names].map((label) => ({ label, type: "variable" })), validFor: /^[?$]\w*$/ };
    }
    const options = before.text.includes(":") ? terms : [...KEYWORDS, ...prefixes, ...terms, ...codes];
    return { from: before.from, options, validFor: /^[\w:.-]*$/ };
  };
}

/** The place the service named (line and column count from 1), as a mark in the text. */
function mark(view, { line, column, message }) {
  if (!line || line > view.state.doc.lines) return;
  const row = view.state.doc.line(line);
  const named = Math.min(row.from + Math.max((column || 1) - 1, 0), row.to);
  const from = named + /^\s*/.exec(row.text.slice(named - row.from))[0].length;
  const word = /^\S+/.exec(row.text.slice(from - row.from));
  const to = Math.max(from + (word ? word[0].length : 0), Math.min(from + 1, view.state.doc.length));
  view.dispatch(setDiagnostics(view.state, [{ from: Math.min(from, to), to, severity: "error", message }]));
  view.dispatch({ selection: { anchor: from }, scrollIntoView: true });
}

/** A key that replaces a selection: the browser would keep the style of what it deletes, as a style attribute. */
function overSelection(event, view) {
  const { from, to, empty } = view.state.selection.main;
  const several = view.state.selection.ranges.length > 1;
  if (event.inputType !== "insertText" || !event.data || empty || several || view.composing) return false;
  const typed = () => view.state.update(view.state.replaceSelection(event.data), { userEvent: "input.type", scrollIntoView: true });
  const handled = view.state.facet(EditorView.inputHandler).some((handle) => handle(view, from, to, event.data, typed));
  if (!handled) view.dispatch(typed());
  event.preventDefault();
  return true;
}

function start(textarea, vocabulary) {
  const run = () => { textarea.form.requestSubmit(); return true; };
  const view = new EditorView({
    state: EditorState.create({
      doc: textarea.value,
      extensions: [
        EditorView.cspNonce.of(textarea.dataset.nonce),
        Prec.highest(keymap.of([{ key: "Mod-Enter", run }])),
        lineNumbers(), history(), drawSelection(), highlightSpecialChars(), highlightActiveLine(), indentOnInput(),
        bracketMatching(), closeBrackets(), sparql(), syntaxHighlighting(classHighlighter), EditorView.lineWrapping,
        autocompletion({ override: [completions(vocabulary)], maxRenderedOptions: 60 }),
        keymap.of([{ key: "Tab", run: acceptCompletion }, ...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap,
          ...completionKeymap, ...lintKeymap]),
        EditorView.contentAttributes.of({ "aria-label": "SPARQL query", "aria-describedby": "query-help" }),
        EditorView.domEventHandlers({ beforeinput: overSelection }),
        EditorView.updateListener.of((update) => { if (update.docChanged) textarea.value = update.state.doc.toString(); }),
      ],
    }),
  });
  textarea.hidden = true;
  textarea.after(view.dom);
  document.querySelector(".query-text")?.setAttribute("hidden", "");
  view.scrollDOM.tabIndex = 0;
  const { line, column, message } = textarea.dataset;
  mark(view, { line: Number(line), column: Number(column), message });
  if (message) view.focus();
  return view;
}

const textarea = document.querySelector("textarea[data-editor]");
if (textarea) {
  const nothing = { prefixes: {}, terms: [], codes: [] };
  fetch(textarea.dataset.vocabulary, { headers: { Accept: "application/json" } })
    .then((answer) => (answer.ok ? answer.json() : nothing))
    .catch(() => nothing)
    .then((vocabulary) => start(textarea, vocabulary));
}
