// Checks of a page that is open, for tests in a browser. Each returns what is wrong, as texts.

// Text whose contrast with what is behind it is below 4.5, or 3 when it is large (WCAG 2.2, 1.4.3). Symbols that
// come with words are left out, and so is what nobody sees.
function poorContrast() {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const over = (top, under) => [0, 1, 2].map((i) => (top[i] * top[3] + under[i] * (255 - top[3])) / 255).concat(255);
  const channel = (value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (node) => {
    const layers = [];
    for (let n = node; n; n = n.parentElement) layers.push(rgba(getComputedStyle(n).backgroundColor));
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 255]);
  };
  const found = [];
  const walker = document.createTreeWalker(document.querySelector("#main"), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || !node.checkVisibility({ visibilityProperty: true })) continue;
    if (node.closest("option, .sr-only, noscript, script, .material-symbols-outlined, [aria-hidden=true]")) continue;
    const style = getComputedStyle(node);
    const back = behind(node);
    const [a, b] = [light(over(rgba(style.color), back)), light(back)].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (large ? 3 : 4.5)) found.push(`${ratio.toFixed(2)} ${text.slice(0, 40)}`);
  }
  return found;
}

// Controls that a screen reader could not name.
function nameless() {
  const controls = "a[href], button, input:not([type=hidden]), select, textarea, summary";
  return [...document.querySelectorAll(`#main :is(${controls})`)]
    .filter((node) => node.checkVisibility({ visibilityProperty: true }))
    .filter((node) => !(node.innerText || "").trim() && !node.ariaLabel && !node.title && !node.labels?.length)
    .filter((node) => !node.hasAttribute("aria-labelledby"))
    .map((node) => node.outerHTML.slice(0, 120));
}
