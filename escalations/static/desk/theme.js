// Light or dark before anything is painted: what was chosen at the desk, or else what the system says.
(() => {
  "use strict";
  let chosen = "auto";
  try { chosen = JSON.parse(localStorage.getItem("_x_adminTheme") || '"auto"'); } catch { /* nothing chosen */ }
  const system = matchMedia("(prefers-color-scheme: dark)");
  const paint = () => document.documentElement.classList.toggle("dark", chosen === "dark" || (chosen !== "light" && system.matches));
  paint();
  system.addEventListener("change", paint);

  // Whoever signs out leaves no words in this browser, as at the desk.
  document.addEventListener("submit", (event) => {
    if (!event.target.action.endsWith("/logout/")) return;
    try { Object.keys(localStorage).filter((key) => key.startsWith("desk-draft:")).forEach((key) => localStorage.removeItem(key)); } catch { /* nothing is kept */ }
  });
})();
