// The exercises of a chapter, at the end of its page. The files on disk are the truth: the page reads and writes them through `cargo run`.
//
"use strict";
(() => {
const GONE = "The workbook does not answer: start `cargo run` again.";
const LOCKED = "This page has no key: open the address that `cargo run` opened or printed.";
const NEEDED = "A chapter shows its exercises here on the page that `cargo run` opens in the project's folder; in the terminal `cargo run -- exercises` lists them.";
const STATES = { new: "new", started: "tried", solved: "solved" };

// The properties may be a class alone.
const element = (name, properties, ...children) => {
  const made = Object.assign(document.createElement(name), typeof properties === "string" ? { className: properties } : properties);
  made.append(...children);
  return made;
};

const button = (text, click, properties) => {
  const made = element("button", { type: "button", textContent: text, ...properties });
  made.addEventListener("click", click);
  return made;
};

// A browser may refuse to store anything; then there is no key.
const token = () => { try { return localStorage.getItem("workbook.token") ?? ""; } catch { return ""; } };

// ---- Asking the workbook.

// Whether this page comes from `cargo run`, which says so in the pages that it serves, and knows its key.
async function isHere() {
  if (!document.querySelector('meta[name="workbook"]')) return false;
  return fetch("/status", { headers: { "X-Workbook-Token": token() }, cache: "no-store" }).then(({ ok }) => ok, () => false);
}

// Reads, or with a body writes; an error has a message for the reader.
async function call(path, body, more) {
  const headers = { "Content-Type": "application/json", "X-Workbook-Token": token() };
  const post = body && { method: "POST", body: JSON.stringify(body) };
  const response = await fetch(`/exercises${path}`, { cache: "no-store", headers, ...post, ...more }).catch(() => { throw new Error(GONE); });
  if (response.status === 401) throw new Error(LOCKED);
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  // The server's gate answers in plain text, the exercises in JSON.
  const answer = text.startsWith("{") ? JSON.parse(text) : { error: text };
  throw Object.assign(new Error(answer.error), { conflict: response.status === 409 && answer });
}

// ---- Words for texts and checks.

// Authors' text: paragraphs, `code` and *emphasis*, and nothing else.
function prose(text) {
  return text.trim().split(/\n\s*\n/).map((paragraph) => {
    const parts = [...paragraph.matchAll(/`([^`]+)`|\*([^\s*][^*]*)\*|[^`*]+|[`*]/g)];
    return element("p", {}, ...parts.map(([all, code, stressed]) => (code ? element("code", {}, code) : stressed ? element("em", {}, stressed) : all)));
  });
}

const paragraph = (textContent) => element("p", { textContent });

const verbatim = (text) => element("pre", {}, element("code", { className: "language-text hljs", textContent: text }));

const titled = (title, ...parts) => element("details", "ex-more", element("summary", {}, title), ...parts);

function program(text) {
  const code = element("code", { className: "language-rust", textContent: text });
  window.hljs?.highlightBlock(code);
  return element("pre", {}, code);
}

const readAt = (page) => element("p", {}, "Where to read: ", element("a", { href: path_to_root + page, textContent: page.replace(".html#", ": ").replace(/[-_]/g, " ") }));

function task(html) {
  const box = element("div", { className: "ex-task", innerHTML: html });
  for (const code of box.querySelectorAll("pre > code")) {
    // The words behind the language are classes, as in the book's own blocks.
    code.className = code.className.replaceAll(",", " ");
    if (/language-(rust|python)/.test(code.className)) window.hljs?.highlightBlock(code);
    else code.classList.add("hljs");
  }
  return box;
}

const outcomeClass = (good) => (good ? "ex-passed" : "ex-failed");

const verdict = (good, text) => element("p", `ex-verdict ${outcomeClass(good)}`, text);

function checked({ claim, passed, expected, seen }) {
  const item = element("li", outcomeClass(passed), `${passed ? "passed" : "failed"}: ${claim}`);
  const pairs = Object.entries({ expected, seen }).filter(([, text]) => !passed && text !== null);
  item.append(...pairs.map(([name, text]) => element("div", "ex-pair", `${name}: `, element("code", {}, text))));
  return item;
}

// ---- One exercise.

class Exercise {
  constructor({ name, title, kind, minutes, from_python: fromPython }, section) {
    Object.assign(this, { name, title, kind, section, path: `/${encodeURIComponent(name)}`, saving: Promise.resolve(true) });
    this.stateWord = element("span");
    const facts = `${kind}, ${minutes} minutes${fromPython ? ", from Python" : ""}, `;
    this.summary = element("summary", {}, element("span", { className: "ex-title", textContent: title }), " ", element("span", "ex-facts", facts, this.stateWord));
    this.body = element("div", "ex-body");
    this.box = element("details", { className: "exercise", id: `exercise-${name}`, name: "exercise" }, this.summary, this.body);
    this.box.addEventListener("toggle", () => (this.box.open ? this.load() : this.save()));
    this.box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !this.main) return;
      event.preventDefault();
      this.main.click();
    });
  }

  set state(state) {
    this.solved = state === "solved";
    this.stateWord.textContent = STATES[state];
    this.box.dataset.state = state;
  }

  get dirty() { return Boolean(this.area) && this.area.value !== this.saved; }

  // Each time it is opened the file is read again, unless something here is not saved yet.
  load() {
    if (this.area) return this.refresh();
    return call(this.path).then((all) => this.show(all), ({ message }) => this.body.replaceChildren(...prose(message)));
  }

  show(all) {
    this.state = all.state;
    this.hintsInAll = all.hints_in_all;
    this.result = element("div", { className: "ex-result", role: "status" });
    this.conflict = element("div", { className: "ex-conflict", role: "alert", hidden: true });
    this.hints = all.hints;
    this.hintBox = titled("Hints so far");
    const predict = all.kind === "predict";
    this.main = button(predict ? "Answer" : "Check", () => this.act(() => (predict ? this.answer() : this.check())), { className: "ex-main", title: "Ctrl-Enter" });
    this.hintButton = button("", () => this.act(() => this.hint()));
    const bar = element("div", { className: "run-bar", role: "group", ariaLabel: this.title }, this.main, this.hintButton,
      button("Reset", () => this.reset()), button("Solution", () => this.solution()), button("Next", () => this.section.next(this)));
    const work = predict ? [program(all.text), this.choices(all)] : this.editor(all);
    this.body.replaceChildren(task(all.task), ...work, bar, this.hintBox, this.result);
    this.nameHints();
    if (all.explanation) this.tell(verdict(true, "Solved."), ...prose(all.explanation));
  }

  nameHints() {
    this.hintBox.hidden = !this.hints.length;
    this.hintBox.replaceChildren(this.hintBox.firstChild, ...this.hints.flatMap(prose));
    this.hintButton.textContent = `Hint (${this.hints.length} of ${this.hintsInAll})`;
  }

  choices({ choices, answer }) {
    const made = choices.map(({ letter, text }) => element("label", "ex-choice",
      element("input", { type: "radio", name: `choice-${this.name}`, value: letter, checked: letter === answer }),
      element("span", { className: "ex-letter", textContent: letter }), element("span", { className: "ex-prints", textContent: text })));
    return element("fieldset", "ex-choices", element("legend", {}, "What does it print?"), ...made);
  }

  editor({ text, hash, file }) {
    const help = `help-${this.name}`;
    this.area = element("textarea", { spellcheck: false, autocapitalize: "off", wrap: "off", rows: Math.min(Math.max(text.split("\n").length + 1, 8), 30) });
    this.area.setAttribute("aria-describedby", help);
    this.savedWord = element("span", "ex-saved");
    this.take(text, hash);
    this.area.addEventListener("input", () => {
      this.savedWord.textContent = "not saved yet";
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.save(), 1000);
    });
    this.area.addEventListener("keydown", (event) => this.pressed(event));
    this.area.addEventListener("blur", () => { this.leaving = false; });
    return [
      this.conflict,
      element("label", {}, "Your program, ", element("code", {}, file), " ", this.savedWord, this.area),
      element("p", { id: help, className: "ex-help", textContent: "Tab indents; Escape, then Tab leaves the editor. Ctrl-Enter checks. Your own editor may change the file, too." }),
    ];
  }

  pressed(event) {
    const { key, target } = event;
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const indent = /(?:^|\n)( *)[^\n]*$/.exec(target.value.slice(0, target.selectionStart))[1];
    const text = key === "Enter" ? `\n${indent}` : key === "Tab" && !this.leaving && "    ";
    this.leaving = key === "Escape";
    if (!text) return;
    event.preventDefault();
    // As if it were typed, so that Ctrl-Z takes it back.
    document.execCommand("insertText", false, text);
  }

  // What the file on disk holds now, and its hash, which the next save must name.
  take(text, hash) {
    this.area.value = text;
    // A browser may change the ends of lines.
    this.saved = this.area.value;
    this.hash = hash;
    this.problem = "";
    this.savedWord.textContent = "";
  }

  // Shows what another editor has written, unless something here would be lost.
  async refresh() {
    if (!this.area || this.dirty || !this.box.open) return;
    const all = await call(this.path).catch(() => null);
    if (all && !this.dirty && all.hash !== this.hash) this.take(all.text, all.hash);
  }

  // One save after the other, because each names the version that the one before has made. Tells whether the file holds what is here.
  save(more) {
    clearTimeout(this.timer);
    this.saving = this.saving.then(() => this.saveNow(more));
    return this.saving;
  }

  async saveNow(more) {
    if (!this.dirty) return true;
    const text = this.area.value;
    try {
      this.hash = (await call(this.path, { text, hash: this.hash }, more)).hash;
    } catch (error) {
      this.savedWord.textContent = "not saved";
      this.problem = error.message;
      if (error.conflict) this.showConflict(error.conflict);
      else this.tell(...prose(error.message));
      return false;
    }
    this.saved = text;
    if (this.problem) this.conflict.hidden = true;
    this.problem = "";
    this.savedWord.textContent = this.dirty ? "not saved yet" : "saved";
    return true;
  }

  showConflict({ text, hash }) {
    // The text that was not chosen stays to be seen.
    const end = (other) => {
      this.conflict.replaceChildren(titled("The other text", verbatim(other)));
      this.conflict.hidden = false;
      this.area.focus();
    };
    const load = () => {
      const mine = this.area.value;
      this.take(text, hash);
      end(mine);
    };
    const keep = async () => {
      this.hash = hash;
      // Another change may have come meanwhile, and then this says so again.
      if (await this.save()) end(text);
    };
    this.conflict.hidden = false;
    this.conflict.replaceChildren(paragraph("The file was changed on disk since this page read it. What you typed is still here, and not saved."),
      element("div", "run-bar", button("Load the file", load), button("Keep what is here", keep)),
      titled("The file on disk", verbatim(text)));
    this.conflict.scrollIntoView({ block: "nearest" });
  }

  tell(...parts) { this.result.replaceChildren(...parts); }

  // Does one thing at a time, and says what went wrong.
  async act(work) {
    if (this.busy) return;
    this.busy = true;
    this.tell(paragraph("Asking the workbook …"));
    try {
      await work();
    } catch (error) {
      this.tell(...prose(error.message));
    }
    this.busy = false;
    await this.section.update();
  }

  async answer() {
    const letter = this.body.querySelector("input:checked")?.value;
    if (!letter) throw new Error("Choose an answer first.");
    const { right, said } = await call(`${this.path}/answer`, { letter });
    this.tell(verdict(right, right ? `Right: it is ${letter}.` : `Not ${letter}.`), ...prose(said));
  }

  async check() {
    if (!await this.save()) throw new Error(`Not checked: ${this.problem}`);
    await this.refresh();
    const { outcome, explanation, read } = await call(`${this.path}/check`, {});
    const { passed, checks, compiler, output, problem } = outcome;
    const good = checks.filter((check) => check.passed).length;
    const said = passed ? "Solved." : problem ? `Not yet: ${problem}.` : `Not yet: ${good} of ${checks.length} checks passed.`;
    const parts = [verdict(passed, said)];
    if (compiler) {
      const lines = element("pre", "ex-compiler", element("code", {}, ...this.places(compiler)));
      parts.push(checks.length ? titled("The compiler warns", lines) : lines);
    }
    if (checks.length) parts.push(element("ul", "ex-checks", ...checks.map(checked)));
    // The checks say the same for a terminal.
    const printed = checks.length ? output.replace(/^(passed: |FAILED: | {8}).*\n?/gm, "").trim() : output;
    if (printed) parts.push(titled("What the program printed", verbatim(printed)));
    if (!passed) parts.push(readAt(read));
    this.tell(...parts, ...prose(explanation ?? ""));
  }

  // The compiler's text, with each place in the reader's file to be gone to.
  places(text) {
    return text.split(/(?<=\n)/).map((line) => {
      const [, before, at, name, row, column, after] = /^(\s*(?:-->|:::) )((?:\S+\/)?(\w+)\.rs:(\d+):(\d+))(\s*)$/.exec(line) ?? [];
      const own = name === this.name && !line.includes("/check.rs");
      return own ? element("span", {}, before, button(at, () => this.goTo(row, column), { className: "run-place" }), after) : line;
    });
  }

  goTo(row, column) {
    const lines = this.area.value.split("\n");
    const at = lines.slice(0, row - 1).join("\n").length + Number(column) - (row === "1");
    this.area.setSelectionRange(at, at);
    this.area.focus();
  }

  async hint() {
    const { number, of, hint } = await call(`${this.path}/hint`, {});
    this.tell(paragraph(`Hint ${number} of ${of}${number === of ? ", the last one" : ""}:`), ...prose(hint));
    this.hints[number - 1] = hint;
    this.nameHints();
  }

  reset() {
    if (!confirm(`Begin “${this.title}” anew? It counts as not solved then; a program of yours is kept in a file beside it.`)) return;
    this.act(async () => {
      // What is in the editor must be in the file, so that it is kept.
      if (!await this.save()) throw new Error(`Not reset: ${this.problem}`);
      const all = await call(`${this.path}/reset`, {});
      this.show(all);
      this.tell(paragraph(`This is the beginning again.${all.kept ? ` Your version is kept as ${all.kept}.` : ""}`));
      this.main.focus();
    });
  }

  solution() {
    if (!this.solved && !confirm(`“${this.title}” is not solved yet. Show the solution nevertheless?`)) return;
    this.act(async () => {
      const { solution } = await call(`${this.path}/solution`, this.solved ? undefined : { confirm: true });
      this.tell(paragraph("A solution:"), this.kind === "predict" ? verbatim(solution) : program(solution));
    });
  }

  open() {
    this.box.open = true;
    this.summary.focus();
    this.box.scrollIntoView({ block: "start" });
  }
}

// ---- The section at the end of the page.

const slug = /([^/]*?)(\.html)?$/.exec(location.pathname)[1];

class Section {
  constructor() {
    this.exercises = [];
    const heading = element("h2", { id: "exercises" }, element("a", { className: "header", href: "#exercises" }, "Exercises"));
    this.content = element("div");
    this.box = element("section", { className: "exercises", ariaLabel: "Exercises" }, heading, this.content);
  }

  // Reads how far the reader is, and shows it here and in the sidebar.
  async update() {
    const { chapters, problem } = await call("").catch(({ message }) => ({ problem: message }));
    this.problem = problem;
    if (problem) return false;
    this.chapters = chapters;
    showProgress(chapters);
    const own = chapters.find((chapter) => chapter.slug === slug)?.exercises ?? [];
    if (!this.exercises.length && own.length) {
      this.exercises = own.map((exercise) => new Exercise(exercise, this));
      this.content.replaceChildren(...this.exercises.map(({ box }) => box));
      document.querySelector("main").append(this.box);
      this.openNamed();
    }
    for (const exercise of this.exercises) exercise.state = own.find(({ name }) => name === exercise.name)?.state;
    return true;
  }

  openNamed() {
    this.exercises.find(({ box }) => location.hash === `#${box.id}`)?.open();
  }

  // The next in the order of the book; it may be on another page.
  next(exercise) {
    const all = this.chapters.flatMap(({ slug: chapter, exercises }) => exercises.map(({ name }) => ({ chapter, name })));
    const following = all[all.findIndex(({ name }) => name === exercise.name) + 1];
    if (!following) exercise.tell(paragraph("This is the last exercise of the book."));
    else if (following.chapter === slug) this.exercises.find(({ name }) => name === following.name).open();
    else location.href = `${path_to_root}${following.chapter}.html#exercise-${following.name}`;
  }

  // Says why there are none, on the pages that may have exercises: those with a number.
  refuse(why) {
    if (this.exercises.length || !document.querySelector("#mdbook-sidebar a.active strong")) return;
    this.content.replaceChildren(...prose(why));
    document.querySelector("main").append(this.box);
  }
}

// ---- The sidebar.

function showProgress(chapters) {
  const links = [...document.querySelectorAll("#mdbook-sidebar .chapter-item a[href]:not(.header-in-summary)")];
  for (const { slug: chapter, title, exercises } of chapters) {
    const link = links.find(({ pathname }) => /([^/]*?)(\.html)?$/.exec(pathname)[1] === chapter);
    if (!link || !exercises.length) continue;
    link.parentElement.querySelector(".ex-count")?.remove();
    const solved = exercises.filter(({ state }) => state === "solved").length;
    const label = `${solved} of ${exercises.length} exercises solved`;
    link.after(element("span", { className: "ex-count", role: "img", title: label, ariaLabel: `${title}: ${label}`, textContent: `${solved}/${exercises.length}` }));
  }
}

// ---- The start.

// The page of all chapters is for paper.
if (location.pathname.endsWith("/print.html")) return;
const section = new Section();
const start = async () => {
  if (!await isHere()) section.refuse(NEEDED);
  else if (!await section.update()) section.refuse(section.problem);
};
start();
// A key may come while the page is open: in its own address, or by another page.
addEventListener("hashchange", () => { if (section.exercises.length) section.openNamed(); else start(); });
addEventListener("storage", ({ key }) => { if (key === "workbook.token" && !section.exercises.length) start(); });
addEventListener("focus", () => { for (const exercise of section.exercises) exercise.refresh(); });
addEventListener("pagehide", () => { for (const exercise of section.exercises) if (!exercise.problem) exercise.save({ keepalive: true }); });
addEventListener("beforeunload", (event) => { if (section.exercises.some(({ problem, dirty }) => problem && dirty)) event.preventDefault(); });
})();
