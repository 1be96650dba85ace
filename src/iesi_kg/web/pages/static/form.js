// The form of one record: one more place without a round trip, and a draft that stays in this browser.
"use strict";

(() => {
  const form = document.getElementById("record");
  const told = form.querySelector(".draft");
  const drawer = "iesi-kg draft";

  for (const block of form.querySelectorAll("fieldset[data-block]")) {
    const button = block.querySelector("button[name=more]");
    button.addEventListener("click", (event) => {
      event.preventDefault();
      add(block).querySelector("input, textarea").focus();
    });
  }

  function add(block) {
    const places = block.querySelectorAll(".place");
    const last = places[places.length - 1];
    const next = last.cloneNode(true);
    for (const field of next.querySelectorAll("input, textarea")) {
      const name = field.name.replace(/\.\d+$/, `.${places.length}`);
      const label = next.querySelector(`label[for="${field.id}"]`);
      field.name = field.id = label.htmlFor = name;
      field.value = "";
      field.removeAttribute("aria-invalid");
      field.removeAttribute("aria-describedby");
      label.querySelector(".must")?.remove();
      label.textContent = `${label.textContent.trim().replace(/ \d+$/, "")} ${places.length + 1}`;
    }
    for (const told of next.querySelectorAll("p")) told.remove();
    last.after(next);
    return next;
  }

  function filled() {
    const kept = [...form.querySelectorAll("input[type=text], textarea")].filter((field) => field.value.trim());
    return Object.fromEntries(kept.filter((field) => field.name.includes(".")).map((field) => [field.name, field.value]));
  }

  function keep() {
    const values = filled();
    try {
      if (Object.keys(values).length) localStorage.setItem(drawer, JSON.stringify(values));
      else localStorage.removeItem(drawer);
    } catch {
      return; // a browser that keeps nothing
    }
    say();
  }

  function say() {
    const drop = document.createElement("button");
    drop.className = "link";
    drop.type = "button";
    drop.textContent = form.dataset.drop;
    drop.addEventListener("click", () => {
      localStorage.removeItem(drawer);
      for (const field of form.querySelectorAll("input[type=text], textarea")) field.value = "";
      told.hidden = true;
    });
    told.replaceChildren(form.dataset.kept, " ", drop);
    told.hidden = false;
  }

  function restore() {
    const values = JSON.parse(localStorage.getItem(drawer) || "{}");
    for (const [name, value] of Object.entries(values)) {
      let field = form.elements.namedItem(name);
      const first = field ? null : form.elements.namedItem(name.replace(/\.\d+$/, ".0"));
      const block = first?.closest("fieldset[data-block]");
      while (block && !field && block.querySelectorAll(".place").length < 30) {
        add(block);
        field = form.elements.namedItem(name);
      }
      if (field) field.value = value;
    }
    if (Object.keys(values).length) say();
  }

  try {
    const sent = sessionStorage.getItem(`${drawer} sent`);
    sessionStorage.removeItem(`${drawer} sent`);
    if (sent && !("filled" in form.dataset)) localStorage.removeItem(drawer); // it was handed in
    if (!("filled" in form.dataset)) restore();
  } catch {
    told.hidden = true; // a draft that cannot be read is none
  }
  let waiting = 0;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      waiting = 0;
      keep();
    }, 300);
  });
  window.addEventListener("pagehide", () => {
    if (waiting) keep(); // what was typed in the last moment
  });
  form.addEventListener("submit", (event) => {
    clearTimeout(waiting);
    waiting = 0;
    keep();
    if (event.submitter?.value === "submit") sessionStorage.setItem(`${drawer} sent`, "1");
  });
})();
