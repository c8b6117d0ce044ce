// Where a fact or a comparison is chosen, what may follow it is shown at once. Without this there is a button for it.
// And whoever works by keys goes on where they were: in what they added, or beside what they took away.
(() => {
  "use strict";
  document.documentElement.classList.add("has-script");
  document.addEventListener("change", (event) => {
    if (!event.target.matches("select[data-refits]")) return;
    event.target.closest("fieldset.part-condition").querySelector("[data-refresh]").click();
  });

  let next = null;
  document.addEventListener("htmx:beforeRequest", (event) => {
    const button = event.detail.requestConfig.triggeringEvent?.submitter;
    const [act] = (button?.value || "").split("|");
    const around = button?.closest("fieldset.part-items, fieldset.part-condition");
    next = around && { act, id: act === "remove" ? around.querySelector("button[id$=_add], button[id$=_test]")?.id : button.id };
  });
  document.addEventListener("htmx:afterSettle", () => {
    const button = next && document.getElementById(next.id);
    if (!button) return;
    const parts = button.closest(".condition-group, fieldset").querySelectorAll(":scope > ol > li, :scope > .condition-test, :scope > .condition-group");
    const added = ["add", "test", "group"].includes(next.act) && parts[parts.length - 1]?.querySelector("select, textarea, input:not([type=hidden])");
    if (added) added.focus();
    else if (next.act === "remove") button.focus();
    next = null;
  });
})();
