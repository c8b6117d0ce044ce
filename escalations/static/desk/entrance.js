// Words when a passkey does not work, and what needs one only where there is any.
(() => {
  "use strict";
  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    const said = document.querySelector("[data-key-failed]");
    if (said) { said.hidden = false; said.scrollIntoView({ block: "nearest" }); }
  });
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-needs-key]").forEach((node) => { node.hidden = !window.PublicKeyCredential; });
  });
})();
