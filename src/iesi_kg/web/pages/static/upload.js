// The upload page: a file may be dropped, the way of the bytes is shown, findings are filtered in place.
"use strict";

(() => {
  const upload = document.getElementById("upload");
  const chosen = document.getElementById("file");

  for (const element of document.querySelectorAll(".scripted")) element.hidden = false;

  for (const name of ["dragover", "dragleave", "drop"]) {
    upload.addEventListener(name, (event) => {
      event.preventDefault();
      upload.classList.toggle("over", name === "dragover");
      if (name === "drop" && event.dataTransfer.files.length) take(event.dataTransfer.files);
    });
  }

  chosen.addEventListener("change", list);
  list();

  // What is dropped stands beside what was chosen before; a file of the same name takes its place.
  function take(dropped) {
    const files = new Map([...chosen.files, ...dropped].map((file) => [file.name, file]));
    const together = new DataTransfer();
    for (const file of files.values()) together.items.add(file);
    chosen.files = together.files;
    list();
  }

  function list() {
    const names = chosen.files.length > 1 ? [...chosen.files].map((file) => file.name) : [];
    upload.querySelector(".chosen").replaceChildren(
      ...names.map((name) => Object.assign(document.createElement("li"), { textContent: name })),
    );
  }

  upload.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!chosen.files.length || !button || button.value !== "page") return;
    event.preventDefault();
    send(button);
  });

  for (const name of ["severity", "code"]) {
    document.getElementById(name)?.addEventListener("change", filter);
  }

  function filter() {
    const findings = [...document.querySelectorAll(".findings > li")];
    const wanted = (name) => document.getElementById(name).value;
    if (findings.length < Number(document.getElementById("findings").dataset.total)) return;
    for (const finding of findings) {
      const fits = ["severity", "code"].every((name) => ["", finding.dataset[name]].includes(wanted(name)));
      finding.hidden = !fits;
    }
  }

  function send(button) {
    const told = upload.querySelector(".progress");
    const [bar, words] = [told.querySelector("progress"), told.querySelector("span")];
    const data = new FormData(upload);
    data.set(button.name, button.value);
    const request = new XMLHttpRequest();
    request.open("POST", upload.action);
    request.setRequestHeader("Accept", "text/html");
    request.upload.addEventListener("progress", (event) => {
      const share = event.lengthComputable ? Math.round((100 * event.loaded) / event.total) : 0;
      bar.value = share;
      words.textContent = `${upload.dataset.sending}: ${share} %`;
      if (share === 100) {
        bar.removeAttribute("value");
        words.textContent = `${upload.dataset.checking} …`;
      }
    });
    request.addEventListener("load", () => show(request.responseText));
    request.addEventListener("error", () => upload.submit());
    told.hidden = false;
    button.disabled = true;
    request.send(data);
  }

  function show(text) {
    const page = new DOMParser().parseFromString(text, "text/html");
    document.title = page.title;
    document.body.replaceWith(document.adoptNode(page.body));
    for (const old of document.querySelectorAll("script")) {
      const again = document.createElement("script");
      again.src = old.src;
      old.replaceWith(again);
    }
    document.getElementById("content").focus();
    window.scrollTo(0, 0);
  }
})();
