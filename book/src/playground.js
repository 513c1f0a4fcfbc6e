// Makes one of many of the playground's programs: the reader chooses the loop and the scenario. `run.js` runs them.
"use strict";
(() => {
const CHOSEN = "workbook.playground";
const place = document.getElementById("playground-place");
// The page of all chapters is for paper, and has no programs to run.
if (place && !window.workbookRun) place.dataset.placed = "";
if (!place || !window.workbookRun) return;

// The headings are the choices: a loop, and below it its scenarios, each up to the next heading.
const loops = [];
let scenario;
for (const node of [...place.parentElement.children]) {
  if (node.tagName === "H2") {
    loops.push({ name: node.textContent, nodes: [node], scenarios: [] });
    scenario = null;
  } else if (node.tagName === "H3") {
    scenario = { name: node.textContent, id: node.id, nodes: [] };
    loops.at(-1).scenarios.push(scenario);
  }
  if (loops.length && node.tagName !== "SCRIPT") (scenario ?? loops.at(-1)).nodes.push(node);
}
const choices = loops.filter(({ scenarios }) => scenarios.length);
const programOf = ({ nodes }) => workbookRun.programs.find(({ box }) => nodes.includes(box));

const radios = choices.map(({ name }, n) => Object.assign(document.createElement("input"), { type: "radio", name: "loop", value: n }));
const select = Object.assign(document.createElement("select"), { id: "playground-scenario" });

function build() {
  const group = Object.assign(document.createElement("span"), { className: "playground-loops" });
  group.setAttribute("role", "radiogroup");
  group.setAttribute("aria-label", "Loop");
  radios.forEach((radio, n) => {
    const label = document.createElement("label");
    label.append(radio, choices[n].name);
    radio.addEventListener("change", () => choose(n, select.selectedIndex));
    group.append(label);
  });
  const label = document.createElement("label");
  label.append("Scenario ", select);
  select.addEventListener("change", () => choose(radios.findIndex((radio) => radio.checked), select.selectedIndex));
  const bar = Object.assign(document.createElement("div"), { className: "run-bar playground-bar" });
  bar.append(group, label);
  place.replaceChildren(bar);
}

function choose(loop, number) {
  const { scenarios } = choices[loop];
  const chosen = scenarios[number] ?? scenarios[0];
  radios[loop].checked = true;
  select.replaceChildren(...scenarios.map(({ name }) => new Option(name, name, false, name === chosen.name)));
  const program = programOf(chosen);
  // What the book says of a program is not true of the reader's; the run tells it anyway.
  const seen = chosen.nodes.filter((node) => node.tagName === "P" || node === program?.box);
  for (const { nodes, scenarios: all } of choices) {
    for (const node of [nodes, ...all.map((one) => one.nodes)].flat()) node.hidden = !seen.includes(node);
  }
  program?.open();
  program?.editor?.resize();
  try { localStorage.setItem(CHOSEN, JSON.stringify([loop, number])); } catch { /* Then it is not kept. */ }
}

// The links in the sidebar lead to headings that are choices now.
function follow() {
  choices.forEach(({ nodes, scenarios }, loop) => {
    const number = scenarios.findIndex(({ id }) => `#${id}` === location.hash);
    if (number >= 0 || `#${nodes[0].id}` === location.hash) choose(loop, Math.max(number, 0));
  });
}

function begin() {
  build();
  // The reader's own timelines take its place.
  for (const { nodes } of loops) {
    if (nodes.some((node) => node.matches("figure"))) nodes.forEach((node) => { node.hidden = true; });
  }
  let kept = [0, 0];
  try { kept = JSON.parse(localStorage.getItem(CHOSEN)) ?? kept; } catch { /* Then nothing was kept. */ }
  choose(choices[kept[0]] ? kept[0] : 0, kept[1]);
  follow();
  addEventListener("hashchange", follow);
}

let begun = false;
workbookRun.whenPlaced((where) => {
  // Until here `run.css` has shown no program, because all but one would go again.
  if (where !== "asking") place.dataset.placed = "";
  if (begun || (where !== "here" && where !== "locked")) return;
  begun = true;
  begin();
});
})();
