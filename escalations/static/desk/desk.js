// The desk's own script: keys, drafts that survive errors and expired sessions, small conveniences.
// Every page works without it.
(() => {
  "use strict";

  const DRAFT = "desk-draft:";
  const DRAFT_DAYS = 7;
  const page = () => document.getElementById("page");
  const typing = (node) => node.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]") !== null;

  // ------------------------------------------------------------------------------------------- drafts
  // A form with data-draft="case/act" keeps its text in this browser until the act is done. Drafts are named by the
  // person; those of somebody else, and old ones, are removed. Signing out removes them all.
  const me = () => page()?.dataset.user || "";
  const draftKey = (form) => `${DRAFT}${me()}:${form.dataset.draft}`;
  const store = {
    read(key) { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } },
    write(key, value) { try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* a full or closed store keeps nothing */ } },
    remove(key) { try { localStorage.removeItem(key); } catch { /* as above */ } },
    keys() { try { return Object.keys(localStorage).filter((key) => key.startsWith(DRAFT)); } catch { return []; } },
  };
  const kept = (field) => field.name && field.type !== "hidden" && field.type !== "password" && field.type !== "file" && !field.disabled;
  const fieldsOf = (form) => [...form.elements].filter(kept);

  function saveDraft(form) {
    const values = fieldsOf(form).map((field) =>
      field.type === "checkbox" || field.type === "radio" ? [field.name, field.value, field.checked] : [field.name, field.value]);
    const written = fieldsOf(form).some((field) => field.matches("textarea, input[type=text]") && field.value.trim() !== (field.defaultValue || "").trim());
    if (written) store.write(draftKey(form), { at: Date.now(), values });
    else store.remove(draftKey(form));
    form.querySelectorAll("[data-kept]").forEach((node) => { node.hidden = !written; });
  }

  function restoreDraft(form) {
    const draft = store.read(draftKey(form));
    if (!draft || form.dataset.bound === "1") return;
    let restored = false;
    for (const [name, value, checked] of draft.values) {
      for (const field of fieldsOf(form)) {
        if (field.name !== name) continue;
        if (field.type === "checkbox" || field.type === "radio") { if (field.value === value) field.checked = checked; }
        else if (field.value !== value) { field.value = value; restored = true; }
      }
    }
    if (restored) form.querySelectorAll("[data-restored]").forEach((node) => { node.hidden = false; });
  }

  function forgetOldDrafts() {
    const mine = `${DRAFT}${me()}:`;
    for (const key of store.keys()) {
      const draft = store.read(key);
      const old = !draft || Date.now() - draft.at > DRAFT_DAYS * 86400000;
      if (old || (me() && !key.startsWith(mine))) store.remove(key);
    }
  }

  function forgetDone() {
    const address = new URL(location.href);
    const done = address.searchParams.get("done");
    if (!done) return;
    store.remove(`${DRAFT}${me()}:${done}`);
    address.searchParams.delete("done");
    history.replaceState(history.state, "", address);
  }

  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-draft]");
    if (form) saveDraft(form);
  });
  document.addEventListener("click", (event) => {
    const forget = event.target.closest("[data-forget-draft]");
    if (!forget) return;
    const form = forget.closest("form");
    store.remove(draftKey(form));
    form.reset();
    form.querySelectorAll("[data-restored], [data-kept]").forEach((node) => { node.hidden = true; });
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.id === "logout-form") store.keys().forEach(store.remove);
    // Signing in again in another tab changes the token; the cookie has the one that counts.
    const token = form.querySelector?.("input[name=csrfmiddlewaretoken]");
    const cookie = document.cookie.match(/(?:^|; )(?:__Host-)?csrftoken=([^;]+)/);
    if (token && cookie) token.value = cookie[1];
    if (form.matches("form[data-draft]")) {
      saveDraft(form);
      form.querySelectorAll("button[type=submit]").forEach((button) => button.setAttribute("aria-busy", "true"));
    }
  });

  // ------------------------------------------------------------------------------------------- the act form
  function opened(root) {
    root.querySelectorAll("form[data-draft]").forEach(restoreDraft);
    const act = root.matches?.(".act") ? root : root.querySelector(".act[data-opened]");
    if (act) {
      act.scrollIntoView({ block: "nearest" });
      (act.querySelector("[aria-invalid=true]") || act.querySelector("textarea, select, input:not([type=hidden])") || act.querySelector("button"))?.focus({ preventScroll: false });
    }
  }

  // A text of the playbook goes in where the cursor is; its first gap is chosen, to be typed over.
  function insert(area, words) {
    const start = area.value ? area.selectionStart : 0;
    area.setRangeText(words, start, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
    const gap = area.value.indexOf("[…]", start);
    area.focus();
    if (gap >= 0) area.setSelectionRange(gap, gap + 3);
  }

  function closeAct() {
    const act = document.querySelector(".act");
    if (!act) return false;
    const opener = document.querySelector(`[data-act="${act.dataset.name}"]`);
    const holder = act.parentElement;
    if (holder?.id !== "act") return false;
    act.remove();
    history.replaceState(history.state, "", holder.dataset.page);
    (opener?.closest("details") ? opener.closest("details").querySelector("summary") : opener)?.focus();
    return true;
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-close-act]") && closeAct()) event.preventDefault();
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      const said = copy.querySelector("[data-copied]");
      const done = () => { if (said) { said.textContent = copy.dataset.copied; setTimeout(() => { said.textContent = ""; }, 1500); } };
      if (navigator.clipboard) navigator.clipboard.writeText(copy.dataset.copy).then(done, () => {});
    }
    const text = event.target.closest("[data-insert]");
    if (text) insert(text.closest("form").querySelector("textarea"), text.dataset.insert);
    if (event.target.closest("[data-help]")) help();
    if (event.target.closest("[data-print]")) window.print();
    for (const menu of document.querySelectorAll("details[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    document.querySelectorAll("details[data-menu][open]").forEach((menu) => { menu.open = false; });
    if (event.detail.target?.id === "act") opened(event.detail.target);
    const version = document.getElementById("case-top")?.dataset.version;
    document.querySelectorAll(".act [name=version]").forEach((field) => {
      field.form.querySelector("[data-changed]").hidden = !version || field.value === version;
    });
    markCurrent(0);
  });
  // An expired session answers a partial request with the login page: go there as a whole page.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (/\/login\/\?next=/.test(event.detail.xhr.responseURL || "")) {
      event.detail.shouldSwap = false;
      location.reload();
    }
  });

  // ------------------------------------------------------------------------------------------- filters, choices
  document.addEventListener("change", (event) => {
    if (event.target.matches("form[data-auto] select")) event.target.form.requestSubmit();
    const all = event.target.closest("[data-check-all]");
    if (all) document.querySelectorAll(`input[name="${all.dataset.checkAll}"]:not(:disabled)`).forEach((box) => { box.checked = all.checked; });
    countChecked();
  });
  function countChecked() {
    const note = document.querySelector("[data-checked]");
    if (!note) return;
    const count = document.querySelectorAll(`input[name="${note.dataset.checked}"]:checked`).length;
    note.textContent = count ? note.dataset.some.replace("{n}", count) : note.dataset.none;
    note.closest(".bulk").hidden = !count;
  }

  // ------------------------------------------------------------------------------------------- keys
  let current = -1;
  let went = 0;
  const lines = () => [...document.querySelectorAll("[data-line]")].filter((line) => line.offsetParent !== null);

  function markCurrent(step) {
    const all = lines();
    if (!all.length || (step === 0 && current < 0)) return;
    current = Math.min(all.length - 1, Math.max(0, current + step));
    all.forEach((line, place) => line.classList.toggle("is-current", place === current));
    if (step) {
      all[current].scrollIntoView({ block: "nearest" });
      all[current].querySelector("a[href]")?.focus({ preventScroll: true });
    }
  }

  function help() {
    const dialog = document.getElementById("help");
    if (dialog && !dialog.open) dialog.showModal();
  }

  function press(key) {
    const all = [...document.querySelectorAll(`[data-key="${key}"]`)];
    const here = lines()[current]?.querySelector(`[data-key="${key}"]`);
    const found = here || all.find((node) => !node.closest("[data-line]"));
    if (!found) return false;
    found.click();
    return true;
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const form = event.target.closest("form[data-draft]");
      if (form) { event.preventDefault(); form.requestSubmit(); }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") {
      const menu = document.querySelector("details[data-menu][open]");
      if (menu) { menu.open = false; menu.querySelector("summary").focus(); return; }
      if (typing(event.target) && !event.target.closest(".act")) { event.target.blur(); return; }
      if (closeAct()) event.preventDefault();
      return;
    }
    if (typing(event.target)) return;
    const second = Date.now() - went < 1200;
    went = 0;
    if (second && event.key === "h") { event.preventDefault(); location.assign(page().dataset.home); return; }
    if (second && event.key === "c") { event.preventDefault(); location.assign(document.querySelector(".global-search").action); return; }
    const does = {
      j: () => markCurrent(1), k: () => markCurrent(-1), g: () => { went = Date.now(); }, "?": help,
      o: () => lines()[Math.max(0, current)]?.querySelector("a[href]")?.click(),
      "/": () => (document.getElementById("searchbar") || document.getElementById("search"))?.focus(),
    }[event.key];
    if (does) { event.preventDefault(); does(); return; }
    if ("trnhep".includes(event.key) && press(event.key)) event.preventDefault();
  });

  document.addEventListener("DOMContentLoaded", () => {
    forgetOldDrafts();
    forgetDone();
    // Icons are ligatures: without this a screen reader would say "inbox Cases". One that stands alone names its link.
    document.querySelectorAll("#nav-sidebar .material-symbols-outlined").forEach((icon) => {
      const link = icon.closest("a, button");
      if (link && link.textContent.trim() !== icon.textContent.trim()) icon.setAttribute("aria-hidden", "true");
    });
    opened(document);
    countChecked();
    // The page was hidden while the browser looked for where to put the cursor.
    if (document.activeElement === document.body) document.querySelector("[autofocus]:not(dialog *)")?.focus();
  });
})();
