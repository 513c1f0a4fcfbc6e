// The exercises of a chapter, at the end of its page. The page has all of them; where `cargo run` serves it, they are edited, checked and counted here. The files on disk are the truth: the page reads and writes them.
//
// In order: asking the workbook; words for texts and checks; one exercise; progress; the start.
"use strict";
(() => {
const GONE = "The workbook does not answer: start `cargo run` again.";
const STOPPED = "Stopped by you.";
const LOCKED = "This page has no key: open the address that `cargo run` opened or printed.";
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

// `cargo run` says so in the pages that it serves.
const served = Boolean(document.querySelector('meta[name="workbook"]'));

// Reads, or with a body writes; an error has a message for the reader.
async function call(path, body, more) {
  const headers = { "Content-Type": "application/json", "X-Workbook-Token": token() };
  const post = body && { method: "POST", body: JSON.stringify(body) };
  const response = await fetch(`/exercises${path}`, { cache: "no-store", headers, ...post, ...more }).catch(({ name }) => { throw new Error(name === "AbortError" ? STOPPED : GONE); });
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
  constructor(box, page) {
    const { name, kind } = box.dataset;
    Object.assign(this, { box, page, name, kind, path: `/${encodeURIComponent(name)}`, saving: Promise.resolve(true) });
    this.find = (selector) => box.querySelector(selector);
    this.summary = this.find("summary");
    this.title = this.find("h3").textContent;
    this.hints = [...box.querySelectorAll(".ex-hint")];
    this.solutionBox = this.find(".ex-solution");
    this.stateWord = element("span");
    this.find(".ex-facts").append(", ", this.stateWord);
    box.addEventListener("toggle", () => (box.open ? this.load() : this.save()));
    // The editor must not see these keys.
    box.addEventListener("keydown", (event) => {
      const sends = event.key === "Enter" && (event.ctrlKey || event.metaKey);
      if (!this.main || !sends && !(event.key === "Escape" && this.editorBox?.contains(event.target))) return;
      event.preventDefault();
      event.stopPropagation();
      if (sends && !this.stopper) this.main.click();
      else this.main.focus();
    }, true);
    if (box.open) this.load();
  }

  set state(state) {
    this.solved = state === "solved";
    this.stateWord.textContent = STATES[state];
    this.box.dataset.state = state;
  }

  get dirty() { return Boolean(this.editor) && this.editor.getValue() !== this.saved; }

  // Each time it is opened the file is read again, unless something here is not saved yet.
  load() {
    if (this.main) return this.refresh();
    return call(this.path).then((all) => this.show(all), ({ message }) => this.page.say(message));
  }

  show({ state, text, hash, file, answer, hints }) {
    if (!this.main) this.build();
    this.state = state;
    if (this.kind === "predict") {
      for (const choice of this.box.querySelectorAll(".ex-choice input")) choice.checked = choice.value === answer;
    } else if (this.editor) this.take(text, hash);
    else this.openEditor(text, hash, file);
    this.giveHints(hints);
    this.solutionBox.open = false;
    this.solutionBox.classList.toggle("ex-given", this.solved);
    if (this.solved) this.tell(verdict(true, "Solved."), this.explanation);
  }

  build() {
    const predict = this.kind === "predict";
    this.result = element("div", { className: "ex-result", role: "status" });
    this.main = button(predict ? "Answer" : "Check", () => (this.stopper ? this.stopper.abort() : this.act(() => (predict ? this.answer() : this.check()))), { className: "ex-main", title: "Ctrl-Enter" });
    this.hintButton = button("", () => this.act(() => this.hint()));
    const bar = element("div", { className: "run-bar", role: "group", ariaLabel: this.title }, this.main, this.hintButton,
      button("Reset", () => this.reset()), button("Solution", () => this.solution()), button("Next", () => this.page.next(this)));
    this.find(".ex-read").before(bar, this.result);
  }

  giveHints(count) {
    this.hints.forEach((hint, i) => hint.classList.toggle("ex-given", i < count));
    this.hintButton.textContent = `Hint (${count} of ${this.hints.length})`;
  }

  get explanation() { return this.find(".ex-explanation").cloneNode(true); }

  // Puts the reader's file in the place of what it is at first.
  openEditor(text, hash, file) {
    this.conflict = element("div", { className: "ex-conflict", role: "alert", hidden: true });
    this.savedWord = element("span", "ex-saved");
    this.editorBox = element("div", "run-editor");
    this.find(".ex-program").replaceChildren(
      this.conflict,
      element("p", "ex-file", "Your program, ", element("code", {}, file), " ", this.savedWord),
      this.editorBox,
      element("p", { className: "ex-help", textContent: "Escape leaves the editor. Ctrl-Enter checks. Your own editor may change the file, too." }),
    );
    this.editor = window.workbookRun.openEditor(this.editorBox, text, `Your program for ${this.title}. Escape leaves the editor.`);
    this.taken(hash);
    this.editor.session.on("change", () => {
      this.editor.session.clearAnnotations();
      this.savedWord.textContent = "not saved yet";
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.save(), 1000);
    });
  }

  // The text goes in as an edit, so that Ctrl-Z brings back what was there.
  take(text, hash) {
    this.editor.setValue(text, -1);
    this.taken(hash);
  }

  // What is in the editor is in the file, whose hash the next save must name.
  taken(hash) {
    this.saved = this.editor.getValue();
    this.hash = hash;
    this.problem = "";
    this.savedWord.textContent = "";
  }

  // Shows what another editor has written, unless something here would be lost.
  async refresh() {
    if (!this.editor || this.dirty || !this.box.open) return;
    this.editor.resize();
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
    const text = this.editor.getValue();
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
      this.editor.focus();
    };
    const load = () => {
      const mine = this.editor.getValue();
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
    await this.page.update();
  }

  async answer() {
    const letter = this.find("input:checked")?.value;
    if (!letter) throw new Error("Choose an answer first.");
    const { right, said } = await call(`${this.path}/answer`, { letter });
    this.tell(verdict(right, right ? `Right: it is ${letter}.` : `Not ${letter}.`), ...(right ? [this.explanation] : prose(said)));
  }

  async check() {
    if (!await this.save()) throw new Error(`Not checked: ${this.problem}`);
    await this.refresh();
    // The check ends when nobody waits for its answer any more.
    this.stopper = new AbortController();
    this.main.textContent = "Stop";
    const { outcome } = await call(`${this.path}/check`, {}, { signal: this.stopper.signal }).finally(() => {
      this.stopper = null;
      this.main.textContent = "Check";
    });
    const { passed, checks, compiler, output, problem } = outcome;
    this.editor.session.setAnnotations(window.workbookRun.complaints(compiler, (file) => this.isOwn(file)));
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
    if (passed) parts.push(this.explanation);
    this.tell(...parts);
  }

  // Whether a place that the compiler names is in the reader's file.
  isOwn(file) { return file.endsWith(`${this.name}.rs`) && !file.endsWith("/check.rs"); }

  // The compiler's text, with each place in the reader's file to be gone to.
  places(text) {
    return text.split(/(?<=\n)/).map((line) => {
      const [, before, at, file, row, column, after] = /^(\s*(?:-->|:::) )((\S+\.rs):(\d+):(\d+))(\s*)$/.exec(line) ?? [];
      return file && this.isOwn(file) ? element("span", {}, before, button(at, () => this.goTo(row, column), { className: "run-place" }), after) : line;
    });
  }

  goTo(row, column) {
    this.editor.gotoLine(Number(row), column - 1, true);
    this.editor.focus();
  }

  async hint() {
    const { number } = await call(`${this.path}/hint`, {});
    this.giveHints(number);
    this.hints[number - 1].open = true;
    this.tell(paragraph(`Hint ${number} of ${this.hints.length}${number === this.hints.length ? ", the last one," : ""} stands below.`));
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
      // Whoever looks at it before it is solved has that noted.
      await call(`${this.path}/solution`, this.solved ? undefined : { confirm: true });
      this.solutionBox.classList.add("ex-given");
      this.solutionBox.open = true;
      this.tell(paragraph("The solution stands below."));
    });
  }

  open() {
    this.box.open = true;
    this.summary.focus();
    this.box.scrollIntoView({ block: "start" });
  }
}

// ---- Progress, here and in the sidebar.

const slug = /([^/]*?)(\.html)?$/.exec(location.pathname)[1];

class Page {
  constructor() {
    this.section = document.querySelector("section.exercises");
    this.boxes = [...document.querySelectorAll(".exercise")];
    this.exercises = [];
  }

  // Reads how far the reader is. The first answer brings the exercises to life.
  async update() {
    const { chapters, problem } = await call("").catch(({ message }) => ({ problem: message }));
    if (problem) return this.say(problem);
    this.chapters = chapters;
    showProgress(chapters);
    this.section?.classList.add("ex-live");
    if (!this.exercises.length) this.exercises = this.boxes.map((box) => new Exercise(box, this));
    const own = chapters.find((chapter) => chapter.slug === slug)?.exercises ?? [];
    for (const exercise of this.exercises) exercise.state = own.find(({ name }) => name === exercise.name)?.state;
  }

  // What keeps the exercises from coming to life stands where the page says how they do.
  say(why) {
    this.section?.classList.remove("ex-live");
    this.section?.querySelector(".ex-how").replaceChildren(...prose(why));
  }

  openNamed() {
    const box = this.boxes.find(({ dataset }) => location.hash === `#exercise-${dataset.name}`);
    if (!box) return;
    box.open = true;
    box.scrollIntoView({ block: "start" });
  }

  // The next in the order of the book; it may be on another page.
  next(exercise) {
    const all = this.chapters.flatMap(({ slug: chapter, exercises }) => exercises.map(({ name }) => ({ chapter, name })));
    const following = all[all.findIndex(({ name }) => name === exercise.name) + 1];
    if (!following) exercise.tell(paragraph("This is the last exercise of the book."));
    else if (following.chapter === slug) this.exercises.find(({ name }) => name === following.name).open();
    else location.href = `${path_to_root}${following.chapter}.html#exercise-${following.name}`;
  }
}

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

// On paper tasks are open, and hints and solutions stand behind all chapters, so that nobody sees one by mistake.
function prepareForPaper() {
  const behind = element("section", "exercises ex-behind", element("h1", {}, "Hints and solutions"));
  for (const box of document.querySelectorAll(".exercise")) {
    // Of those with one name only one can be open.
    box.removeAttribute("name");
    for (const folded of [box, ...box.querySelectorAll("details")]) folded.open = true;
    behind.append(element("h3", {}, box.querySelector("h3").textContent), box.querySelector(".ex-answers"));
  }
  document.querySelector("main").append(behind);
}

if (location.pathname.endsWith("/print.html")) return prepareForPaper();
const page = new Page();
page.openNamed();
const start = () => { if (token()) page.update(); else page.say(LOCKED); };
if (served) start();
// A key may come while the page is open: in its own address, or by another page.
addEventListener("hashchange", () => { page.openNamed(); if (served && !page.exercises.length) start(); });
addEventListener("storage", ({ key }) => { if (key === "workbook.token" && served && !page.exercises.length) start(); });
addEventListener("focus", () => { for (const exercise of page.exercises) exercise.refresh(); });
addEventListener("pagehide", () => { for (const exercise of page.exercises) if (!exercise.problem) exercise.save({ keepalive: true }); });
addEventListener("beforeunload", (event) => { if (page.exercises.some(({ problem, dirty }) => problem && dirty)) event.preventDefault(); });
})();
