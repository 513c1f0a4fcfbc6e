// What Markdown cannot say of a page: a way past the contents, boxes that scroll by keyboard, names that break where a reader would.
"use strict";
(() => {
const main = document.querySelector("main");

// The contents come first in the page, and have a hundred links.
const skip = Object.assign(document.createElement("a"), { className: "skip", href: "#mdbook-content", textContent: "Skip to the text" });
skip.addEventListener("click", (event) => {
  event.preventDefault();
  main.tabIndex = -1;
  main.focus();
});
document.body.prepend(skip);

// mdBook's button for the contents is a label of a box that is not to be seen: no keyboard reaches it, and no reader of screens knows what it is.
const contents = document.getElementById("mdbook-sidebar-toggle");
Object.assign(contents, { role: "button", tabIndex: 0 });
contents.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" && event.key !== " ") return;
  event.preventDefault();
  contents.click();
});

// A corner of a table heads nothing.
for (const corner of main.querySelectorAll("th:empty")) corner.replaceWith(document.createElement("td"));

// A long name breaks after its parts, and is copied whole.
for (const code of main.querySelectorAll(".cards td code")) {
  code.replaceChildren(...code.textContent.split(/(?<=_|::|\.)(?=.)/).flatMap((part, n) => (n ? [document.createElement("wbr"), part] : [part])));
}

// The page of all chapters is for paper, where nothing scrolls.
if (location.pathname.endsWith("/print.html")) return;

// What scrolls sideways is reached by keyboard, and shows at its edge that there is more. What does not is no stop on the way.
const BOXES = "pre > code, .table-wrapper, .trace-picture, .trace-source pre, .run-output, .run-text, .plot";
const named = (box) => {
  if (box.matches(".trace-picture")) return "Picture";
  if (box.matches(".table-wrapper")) return "Table";
  if (box.matches(".plot")) return "Plot";
  const label = getComputedStyle(box.parentElement, "::before").getPropertyValue("--block-label");
  return label.trim().replace(/^"|"$/g, "") || "Text";
};
const look = (box) => {
  const scrolls = box.scrollWidth > box.clientWidth + 1 || (box.scrollHeight > box.clientHeight + 1 && getComputedStyle(box).overflowY !== "visible");
  box.classList.toggle("has-more", box.scrollWidth - box.clientWidth - box.scrollLeft > 1);
  if (scrolls && !box.hasAttribute("tabindex")) {
    box.tabIndex = 0;
    if (!box.hasAttribute("aria-label")) box.ariaLabel = `${named(box)}, scrolls`;
    if (!box.hasAttribute("role")) box.setAttribute("role", "group");
    box.dataset.scrolls = "";
  } else if (!scrolls && "scrolls" in box.dataset) {
    box.removeAttribute("tabindex");
    delete box.dataset.scrolls;
  }
};
const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => look(target)));
const watch = (within) => within.querySelectorAll(BOXES).forEach((box) => sizes.observe(box));
watch(main);
new MutationObserver((changes) => {
  for (const { addedNodes } of changes) for (const node of addedNodes) if (node instanceof Element) watch(node.parentElement ?? node);
}).observe(main, { childList: true, subtree: true });
// The page itself turns to another chapter with the arrow keys.
main.addEventListener("keydown", (event) => { if (/^Arrow(Left|Right)$/.test(event.key) && event.target.matches(BOXES)) event.stopPropagation(); });
main.addEventListener("scroll", ({ target }) => { if (target instanceof Element && target.matches(BOXES)) look(target); }, { capture: true, passive: true });
})();
