// What a program prints, folded until the reader has guessed it. Without scripts it can be opened all the same.
"use strict";
(() => {
const SHOWN = "workbook.outputs";
const boxes = [...document.querySelectorAll("details.guess")];

// A browser may refuse to store anything; then a guess lives as long as the page.
const stored = (use) => { try { return use(localStorage); } catch { return null; } };

const element = (name, properties, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

// On paper nothing can be opened.
if (location.pathname.endsWith("/print.html")) {
  for (const box of boxes) box.open = true;
  return;
}

const switches = [];

function showAll(shown) {
  for (const box of boxes) box.open = shown;
  for (const all of switches) all.checked = shown;
}

// A guess is kept for the page and the text of the program, so that it ends when the program changes.
const keys = new Set();

function key(box) {
  const programs = [...document.querySelectorAll("main pre > code:is(.language-rust, .language-python)")];
  const before = programs.findLast((code) => code.compareDocumentPosition(box) & Node.DOCUMENT_POSITION_FOLLOWING);
  let found = `workbook.guess:${location.pathname}#${before?.textContent ?? ""}`;
  while (keys.has(found)) found += "\n";
  keys.add(found);
  return found;
}

for (const box of boxes) {
  const own = key(box);
  const guess = element("input", { type: "text", value: stored((all) => all.getItem(own)) ?? "", autocomplete: "off", spellcheck: false });
  guess.addEventListener("input", () => stored((all) => (guess.value ? all.setItem(own, guess.value) : all.removeItem(own))));
  guess.addEventListener("keydown", ({ key: pressed }) => { if (pressed === "Enter") box.open = true; });
  const all = element("input", { type: "checkbox" });
  all.addEventListener("change", () => {
    stored((kept) => (all.checked ? kept.setItem(SHOWN, "all") : kept.removeItem(SHOWN)));
    showAll(all.checked);
  });
  switches.push(all);
  box.before(element("div", { className: "guess-bar" },
    element("label", {}, "Your guess ", guess),
    element("label", { title: "On all pages, until you take it back" }, all, " Show all outputs")));
}

if (stored((all) => all.getItem(SHOWN))) showAll(true);
// Who has searched for it has asked for it; mdBook has marked it by now.
for (const mark of document.querySelectorAll("details.guess mark")) mark.closest("details").open = true;
})();
