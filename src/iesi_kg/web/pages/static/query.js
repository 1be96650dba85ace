// Beside the form of the query page, which works without this: elapsed time and stop, copying, and earlier queries,
// which are kept in the browser only.
(() => {
  "use strict";
  const KEY = "iesi-kg-queries", MOST = 30, LONGEST = 20000;
  const form = document.getElementById("ask"), field = document.getElementById("query");
  if (!form || !field) return;
  const shown = field.value;

  /** The earlier queries, newest first; nothing where the browser keeps nothing. */
  function earlier() {
    try {
      const found = JSON.parse(localStorage.getItem(KEY) || "[]");
      return Array.isArray(found) ? found.filter((one) => one && typeof one.query === "string") : [];
    } catch { return []; }
  }

  function keep(list) {
    try { localStorage.setItem(KEY, JSON.stringify(list)); } catch { /* a full or forbidden storage keeps nothing */ }
  }

  function remember() {
    const result = document.querySelector("[data-result]");
    if (!result || shown.length > LONGEST) return;
    const { rows, seconds, version } = result.dataset;
    const one = { query: shown, rows, seconds, version, time: new Date().toISOString() };
    keep([one, ...earlier().filter((other) => other.query !== shown)].slice(0, MOST));
  }

  function list() {
    const section = document.getElementById("history"), found = earlier();
    section.hidden = !found.length;
    const language = new URLSearchParams(location.search).get("lang");
    section.querySelector("ol").replaceChildren(...found.map(({ query, rows, seconds, time }) => {
      const item = document.createElement("li"), link = document.createElement("a"), note = document.createElement("span");
      const lines = query.split("\n").filter((line) => line.trim() && !/^\s*(PREFIX|BASE|#)/i.test(line));
      link.textContent = (lines.join(" ") || query).replace(/\s+/g, " ").slice(0, 120);
      link.href = "/sparql?" + new URLSearchParams({ query, ...(language ? { lang: language } : {}) });
      note.className = "quiet";
      const day = new Date(time).toLocaleString(document.documentElement.lang);
      note.textContent = [day, rows && section.dataset.rows.replace("{n}", rows), seconds && `${seconds} s`]
        .filter(Boolean).join(" · ");
      item.append(link, document.createElement("br"), note);
      return item;
    }));
  }

  document.getElementById("forget").addEventListener("click", () => { keep([]); list(); });
  remember();
  list();

  // Copying, and a word where the lines no longer belong to what stands in the editor.
  for (const button of document.querySelectorAll("[data-copy]")) {
    const code = button.closest("details").querySelector("code");
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = button.dataset.copy;
    });
  }
  const stale = document.getElementById("stale");
  if (stale) setInterval(() => { stale.hidden = field.value.trim() === shown.trim(); }, 500);

  // The editor names itself in English; the page says it in the reader's language.
  const named = () => document.querySelector(".cm-content")?.setAttribute("aria-label", field.dataset.name);
  new MutationObserver((_, observer) => {
    if (document.querySelector(".cm-content")) { named(); observer.disconnect(); }
  }).observe(form, { childList: true, subtree: true });

  // While the answer is awaited: how long, and a way to stop. The form is posted, since that carries the secret by which
  // the query is stopped, and afterwards the page stands at the address that asks the same again.
  const cancel = document.getElementById("cancel"), running = document.getElementById("running");
  const permalink = document.getElementById("permalink");
  if (permalink && permalink.href.length < 8000 && !new URLSearchParams(location.search).has("query")) {
    history.replaceState(null, "", permalink.href);
  }
  let timer = 0, asked = null;
  function quiet(text) {
    clearInterval(timer);
    cancel.hidden = true;
    running.textContent = text;
  }
  const random = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (n) => n.toString(16).padStart(2, "0")).join("");
  function name() {
    const language = new FormData(form).get("lang");
    form.method = "post";
    form.action = "/sparql" + (language ? "?" + new URLSearchParams({ lang: language }) : "");
    asked = { "query-id": random(), "query-secret": random() };
  }
  form.addEventListener("formdata", (event) => {
    for (const [key, value] of Object.entries(asked || {})) event.formData.set(key, value);
    if (asked) event.formData.delete("lang");
  });
  form.addEventListener("submit", (event) => {
    const begun = performance.now();
    asked = null;
    if (!event.submitter?.hasAttribute("formaction")) name();
    clearInterval(timer);
    timer = setInterval(() => {
      const seconds = Math.round((performance.now() - begun) / 1000);
      if (seconds < 1) return;
      cancel.hidden = false;
      running.textContent = running.dataset.running.replace("{seconds}", seconds);
    }, 250);
  });
  cancel.addEventListener("click", async () => {
    const { "query-id": id, "query-secret": secret } = asked || {};
    quiet(running.dataset.stopped);
    try {
      if (id) await fetch(`/queries/${id}`, { method: "DELETE", headers: { "IESI-KG-Query-Secret": secret } });
    } finally { window.stop(); }  // a service that cannot be told hears the hang-up
  });
  addEventListener("pageshow", () => quiet(""));
})();
