// Where a fact or a comparison is chosen, what may follow it is shown at once. Without this there is a button for it.
(() => {
  "use strict";
  document.documentElement.classList.add("has-script");
  document.addEventListener("change", (event) => {
    if (!event.target.matches("select[data-refits]")) return;
    event.target.closest("fieldset.part-condition").querySelector("[data-refresh]").click();
  });
})();
