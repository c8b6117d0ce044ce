// Adding files: drop them, see what is chosen, send one after the other and show how far each is.
// Without this the form sends them all at once.
(() => {
  "use strict";

  const MB = 1024 * 1024;
  const chosen = new WeakMap();
  const formOf = (node) => node.closest?.("form[data-files]");
  const picker = (form) => form.querySelector("input[type=file]");
  const filesOf = (form) => chosen.get(form) || [];
  const said = (bytes) => (bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1000))} KB` : `${(bytes / 1e6).toFixed(1)} MB`);

  function line(form, entry) {
    const node = document.createElement("li");
    const name = document.createElement("bdi");
    name.textContent = entry.file.name;
    entry.bar = document.createElement("progress");
    entry.bar.max = 1;
    entry.bar.value = 0;
    entry.bar.hidden = true;
    entry.bar.setAttribute("aria-label", entry.file.name);
    entry.state = document.createElement("span");
    entry.state.className = "state";
    entry.state.textContent = said(entry.file.size);
    entry.out = document.createElement("button");
    entry.out.type = "button";
    entry.out.className = "link-button";
    entry.out.textContent = form.dataset.leaveOut;
    entry.out.setAttribute("aria-label", `${form.dataset.leaveOut}: ${entry.file.name}`);
    entry.out.addEventListener("click", () => {
      chosen.set(form, filesOf(form).filter((other) => other !== entry));
      node.remove();
      needed(form);
      picker(form).focus();
    });
    node.append(name, entry.bar, entry.state, entry.out);
    entry.node = node;
    if (entry.file.size > Number(form.dataset.most) * MB) wrong(entry, form.dataset.tooBig);
    else if (!entry.file.size) wrong(entry, form.dataset.empty);
    form.querySelector("[data-chosen]").append(node);
  }

  function wrong(entry, why) {
    entry.wrong = true;
    entry.bar.hidden = true;
    entry.node.className = "wrong";
    entry.state.textContent = why;
  }

  const needed = (form) => { picker(form).required = !filesOf(form).length; };

  function take(form, files) {
    const entries = [...files].map((file) => ({ file }));
    chosen.set(form, [...filesOf(form), ...entries]);
    entries.forEach((entry) => line(form, entry));
    needed(form);
  }

  document.addEventListener("change", (event) => {
    const form = formOf(event.target);
    if (!form || event.target.type !== "file") return;
    event.stopPropagation(); // the admin's own script expects a text field beside each picker
    take(form, event.target.files);
    event.target.value = "";
  }, true);
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      const place = event.target.closest?.("[data-drop]");
      if (!place || !event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      place.classList.toggle("is-over", kind === "dragover");
      if (kind === "drop") take(formOf(place), event.dataTransfer.files);
    });
  }

  function send(form, entry) {
    return new Promise((resolve) => {
      const data = new FormData();
      for (const field of form.elements) {
        if (!field.name || field.type === "file" || (field.type === "checkbox" && !field.checked)) continue;
        data.append(field.name, field.value);
      }
      data.append("file", entry.file);
      const request = new XMLHttpRequest();
      request.open("POST", form.action);
      request.setRequestHeader("X-Desk-Upload", "1");
      request.upload.addEventListener("progress", (event) => {
        entry.bar.value = event.loaded / event.total;
        if (event.loaded === event.total) entry.state.textContent = form.dataset.checking;
      });
      request.addEventListener("loadend", () => {
        let answer = null;
        try { answer = JSON.parse(request.responseText); } catch { /* no answer, or a page */ }
        const out = /\/login\//.test(request.responseURL);
        const why = out ? form.dataset.signedOut : request.status === 413 ? form.dataset.tooBig : form.dataset.failed;
        resolve(answer || { added: 0, errors: [why], again: request.status !== 413 });
      });
      entry.bar.hidden = false;
      entry.node.className = "";
      entry.out.hidden = true;
      entry.state.textContent = form.dataset.sending;
      request.send(data);
    });
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("form[data-files]") || event.defaultPrevented) return;
    event.preventDefault();
    const button = form.querySelector("button[type=submit]");
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    form.querySelector("#upload-errors")?.remove();
    let added = 0;
    for (const entry of filesOf(form).filter((one) => !one.wrong)) {
      const answer = await send(form, entry);
      if (answer.added) {
        added += 1;
        chosen.set(form, filesOf(form).filter((other) => other !== entry));
        entry.bar.hidden = true;
        entry.node.className = "done";
        entry.state.textContent = form.dataset.done;
      } else {
        wrong(entry, answer.errors.join(" "));
        entry.wrong = !answer.again;
        entry.out.hidden = false;
      }
    }
    button.removeAttribute("aria-busy");
    needed(form);
    if (added) {
      window.htmx?.ajax("GET", form.dataset.list, { target: "#evidence-list", swap: "outerHTML" });
      setTimeout(() => form.querySelectorAll("[data-chosen] .done").forEach((node) => node.remove()), 4000);
    }
  });
})();
