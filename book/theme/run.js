// Runs and edits the programs of the book on the page. Nothing is asked of any machine but the reader's own.
//
// In order: where the page is; keeping edits; output; timelines; a run; a program; an example; the start.
"use strict";
(() => {
const TOKEN = "workbook.token";
const LOCKED = "This browser has no key to the workbook: go to the page that `cargo run` opened, or start `cargo run -- --no-open` and open the address that it prints.";
const GONE = "The workbook does not answer. Start `cargo run` again.";
const LOCALLY = "To run it on your machine, get this project, and start `cargo run` in its folder.";
const STREAMS = { stdout: "Output", stderr: "Standard error", compiler: "The compiler says" };

const element = (name, properties, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

const button = (text, click, properties) => {
  const made = element("button", { type: "button", textContent: text, ...properties });
  made.addEventListener("click", click);
  return made;
};

const seconds = (ms) => `${(ms / 1000).toFixed(ms < 9950 ? 2 : 0)} s`;

// A browser may refuse to store anything; then edits live as long as the page.
const stored = (use) => { try { return use(localStorage); } catch { return null; } };

// ---- Where the page is: served by `cargo run` ("here"), the same without the key ("locked"), or anything else ("elsewhere").

let place = "asking";
let status = null;
const placed = []; // Called when the place is known, and when it changes.
const asked = []; // Called once after the next answer.
const pill = element("div", { className: "run-pill", role: "status", hidden: true });

// The key must not stay in the address bar, from where it would be copied and bookmarked.
function takeToken() {
  const token = /^#token=(\w+)$/.exec(location.hash)?.[1];
  if (!token) return;
  stored((all) => all.setItem(TOKEN, token));
  history.replaceState(null, "", location.pathname + location.search);
}

const headers = () => ({ "X-Workbook-Token": stored((all) => all.getItem(TOKEN)) ?? "" });

const post = (path, body, signal) => fetch(path, { method: "POST", signal, cache: "no-store", headers: { ...headers(), "Content-Type": "application/json" }, body: JSON.stringify(body) });

async function ask() {
  let found = "elsewhere";
  // `cargo run` says so in the pages that it serves.
  if (document.querySelector('meta[name="workbook"]')) {
    try {
      const answer = await fetch("/status", { headers: headers(), cache: "no-store" });
      if (answer.status === 401) found = "locked";
      if (answer.ok) {
        status = await answer.json();
        found = "here";
      }
    } catch { /* Another server, or none any more. */ }
  }
  settle(found);
  if (found === "here") {
    nameMissing();
    const { ready, total, compiled, examples, problem } = status;
    pill.hidden = !problem && ready && compiled === total;
    pill.textContent = problem || (ready ? `Preparing the programs: ${compiled} of ${total}` : "Compiling the crates for the programs");
    if (!problem && (!pill.hidden || !examples.length)) setTimeout(ask, 1000);
  }
  for (const tell of asked.splice(0)) tell();
}

// What this system cannot hold a program to, said once for a page with programs.
function nameMissing() {
  if (!status.missing.length || document.querySelector(".run-missing")) return;
  const textContent = `What you run here has fewer limits than on Linux: ${status.missing.join("; ")}.`;
  document.querySelector(".program")?.before(element("p", { className: "run-why run-missing", textContent }));
}

function settle(found) {
  place = found;
  for (const tell of placed) tell();
}

// ---- Keeping edits. The key of each holds the page and the book's text of the program, the value the reader's.

// How many of the lines of one text are in the other, from 0 to 1.
function likeness(...texts) {
  const [one, other] = texts.map((text) => text.split("\n").filter((line) => line.trim()));
  return one.filter((line) => other.includes(line)).length / Math.max(one.length, other.length, 1);
}

// Gives each program its key, and the edits of earlier visits to the programs that they belong to.
function restoreEdits(programs) {
  const page = `workbook.edit:${location.pathname}#`;
  const left = new Map();
  for (const key of stored((all) => Object.keys(all)) ?? []) {
    if (key.startsWith(page)) left.set(key, localStorage[key]);
  }
  const seen = new Set();
  for (const program of programs) {
    let key = page + program.original;
    while (seen.has(key)) key += "\n";
    seen.add(key);
    program.key = program.bookKey = key;
    if (left.has(key)) program.restore(left.get(key));
    left.delete(key);
  }
  // What is left was written on a text that the book no longer has: the most similar program takes it.
  for (const [key, text] of left) {
    let [best, most] = [null, 0.3];
    for (const program of programs) {
      const score = program.editor ? 0 : likeness(program.original, key.slice(page.length));
      if (score > most) [best, most] = [program, score];
    }
    if (best) {
      best.key = key;
      best.restore(text);
    } else showHomeless(key, text);
  }
}

function showHomeless(key, text) {
  const box = element("details", { className: "program run-changed" },
    element("summary", { textContent: "You edited a program that is no longer on this page." }),
    element("pre", {}, element("code", { textContent: text })),
    element("div", { className: "run-bar" }, button("Throw it away", () => { localStorage.removeItem(key); box.remove(); })));
  document.querySelector("main").prepend(box);
}

// ---- The output of one program, as text and nothing else.

class Output {
  constructor(name, goTo) {
    this.goTo = goTo;
    this.box = element("div", { className: "run-output", hidden: true, tabIndex: 0, role: "log", ariaLive: "polite", ariaLabel: `Output of ${name}` });
    this.clear();
  }

  clear() {
    this.box.replaceChildren();
    this.section = null;
    this.compiler = "";
  }

  add(stream, text) {
    this.box.hidden = false;
    const atEnd = this.box.scrollTop + this.box.clientHeight > this.box.scrollHeight - 4;
    if (this.section?.stream !== stream) {
      this.section = { stream, body: element("div", { className: "run-text" }) };
      const label = element("span", { className: "run-label", textContent: STREAMS[stream] });
      this.box.append(element("div", { className: `run-stream run-${stream}` }, label, this.section.body));
    }
    if (stream === "compiler") {
      this.compiler += text;
      this.section.body.replaceChildren(...this.compilerLines());
    } else {
      this.section.body.append(text);
      if (atEnd) this.box.scrollTop = this.box.scrollHeight;
    }
  }

  // The first line of each message stands out, and each place in the program can be gone to.
  compilerLines() {
    return this.compiler.split(/(?<=\n)/).map((line) => {
      const [, before, at, row, column, after] = /^(\s*(?:-->|:::) )(\S+?:(\d+):(\d+))(\s*)$/.exec(line) ?? [];
      if (at) return element("span", {}, before, button(at, () => this.goTo(row - 1, column - 1), { className: "run-place" }), after);
      return element("span", { className: `run-${/^(error|warning)?/.exec(line)[0]}`, textContent: line });
    });
  }

  // What the compiler complained of, as the editor takes it.
  complaints() {
    return [...this.compiler.matchAll(/^(error|warning)(.*)\n\s*--> \S+?:(\d+):(\d+)$/gm)]
      .map(([, type, text, row, column]) => ({ type, text: type + text, row: row - 1, column: column - 1 }));
  }

  say(text, good) {
    this.box.hidden = false;
    this.section = null;
    this.box.append(element("div", { className: good ? "run-end" : "run-end run-bad", textContent: text }));
    // The first error matters most.
    if (!this.compiler) this.box.scrollTop = this.box.scrollHeight;
  }
}

// ---- The timeline of a run. Whether a reader wants one is kept for all programs.

const WANTED = "workbook.timeline";
// The playground is there to show them.
const playground = document.getElementById("playground-place");
let wanted = stored((all) => all.getItem(WANTED)) === "yes";
const toggles = [];

function addToggle(bar, name) {
  const box = element("input", { type: "checkbox", checked: wanted, ariaLabel: `Show the timeline of ${name}` });
  const label = element("label", { className: "run-toggle", title: "Record what the loop does, and draw it below the output" }, box, "Timeline");
  box.addEventListener("change", () => {
    wanted = box.checked;
    stored((all) => (wanted ? all.setItem(WANTED, "yes") : all.removeItem(WANTED)));
    for (const other of toggles) other.checked = wanted;
  });
  toggles.push(box);
  placed.push(() => { label.hidden = place === "elsewhere"; });
  bar.append(label);
}

// All text of the program in the figure was escaped by the server.
function showTimeline(box, { figure, why }) {
  box.innerHTML = figure ?? "";
  const drawn = box.querySelector("figure.trace");
  if (drawn) window.workbookTrace?.open(drawn);
  if (why) box.append(element("p", { className: "run-why", textContent: why }));
}

// ---- A run. The server does one at a time, so a new one on this page ends the one before.

let latest = { stop() {}, ended: Promise.resolve() };

async function* messages(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw new Error("The workbook ended in the middle of the run.");
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    yield* lines.map((line) => JSON.parse(line));
  }
}

// What to say at the end, and whether it is what was wanted.
function ending({ ok, status: code, why, message, elapsed_ms: elapsed, compile_ms: compile }, expects) {
  const after = ` after ${seconds(elapsed)}`;
  if (why === "stopped") return [`Stopped by you${after}.`];
  if (ok) return [`Ended${after}${compile ? ` (and ${seconds(compile)} to compile)` : ""}.`, true];
  if (why === "compile" && !message) return expects === "compile_fail" ? ["Does not compile, as the book says.", true] : ["Does not compile."];
  if (code === 101 && expects === "should_panic") return [`Panicked${after}, as the book says.`, true];
  const what = why === "time" || why === "memory" || why === "output" ? `Stopped at the limit of ${why}` : code === null || why ? `Failed${after}` : `Ended with exit status ${code}${after}`;
  return [`${what}${message ? `: ${message}` : ""}.`];
}

class Runner {
  // `job` tells what to send, `ready` whether the server can take it, `site` who else can, `elsewhere` what to do then, `finished` comes after.
  constructor(name, parts) {
    Object.assign(this, parts);
    this.output = new Output(name, this.goTo);
    this.timeline = element("div", { className: "run-timeline" });
    this.runButton = button("Run", () => this.run(), { className: "run-main" });
    this.stopButton = button("Stop", () => this.stop(), { hidden: true, title: "Stop (Escape)" });
    this.note = element("span", { className: "run-note" });
    this.bar = element("div", { className: "run-bar", role: "group", ariaLabel: name }, this.runButton, this.stopButton);
    placed.push(() => this.showPlace());
  }

  showPlace() {
    const site = place === "elsewhere" && this.site?.();
    this.runButton.textContent = site ? `Run on ${site}` : "Run";
    const hints = { here: "Run (Ctrl-Enter)", locked: LOCKED };
    this.runButton.title = site ? "Opens another site, which gets this program" : hints[place] ?? "";
  }

  get running() { return !this.stopButton.hidden; }

  run() {
    latest.stop();
    const controller = new AbortController();
    const stop = () => controller.abort();
    this.number = null;
    this.stop = () => this.askToStop(stop);
    latest = { stop, ended: latest.ended.then(() => this.perform(controller.signal)) };
  }

  // The server ends the program, and its answer goes on until the end: so a timeline comes, too. Asked again, this waits for nothing.
  async askToStop(stop) {
    const run = Number(this.number);
    this.number = null;
    if (!run) return stop();
    this.doing = "stopping";
    try {
      const answer = await post("/stop", { run });
      // One that the server does not know has just ended.
      if (!answer.ok && answer.status !== 404) stop();
    } catch {
      stop();
    }
  }

  // Never fails: whatever happens is said below the program.
  async perform(signal) {
    if (signal.aborted) return;
    this.output.clear();
    this.timeline.replaceChildren();
    if (place === "elsewhere") {
      this.output.say(this.elsewhere(), true);
      return;
    }
    this.stopButton.hidden = false;
    const start = performance.now();
    const elapsed = () => seconds(performance.now() - start);
    this.doing = "running";
    const tick = setInterval(() => { this.note.textContent = `${this.doing}, ${elapsed()}`; }, 100);
    try {
      this.output.say(...await this.exchange(signal));
    } catch (error) {
      const lost = error instanceof TypeError ? GONE : error.message;
      this.output.say(signal.aborted ? `Stopped by you after ${elapsed()}.` : lost);
    }
    clearInterval(tick);
    this.note.textContent = "";
    if (document.activeElement === this.stopButton) this.runButton.focus();
    this.stopButton.hidden = true;
    this.finished?.();
  }

  async exchange(signal) {
    if (place === "locked") throw new Error(LOCKED);
    while (place === "asking" || (place === "here" && !status.problem && !this.ready(status))) {
      this.doing = "waiting for the preparation";
      await new Promise((resolve) => { asked.push(resolve); signal.addEventListener("abort", resolve); });
      signal.throwIfAborted();
    }
    this.doing = "running";
    const { path, body, expects } = this.job();
    const response = await post(path, body, signal);
    this.number = response.headers.get("X-Workbook-Run");
    // The server was started anew.
    if (response.status === 401) {
      settle("locked");
      throw new Error(LOCKED);
    }
    if (!response.ok) throw new Error(`Not run: ${await response.text()}`);
    for await (const message of messages(response)) {
      if (message.done) return ending(message, expects);
      if (message.stream) this.output.add(message.stream, message.text);
      else showTimeline(this.timeline, message);
    }
  }

  // Puts a box in the place of `pre`, which stays in it as its first part.
  wrap(pre, ...notes) {
    const box = element("div", { className: "program" });
    pre.replaceWith(box);
    this.bar.append(this.note);
    box.append(pre, ...notes, this.bar, this.output.box, this.timeline);
    // The editor must not see these keys.
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey || event.target.matches("input"))) this.run();
      else if (event.key !== "Escape") return;
      else if (this.running) this.stop();
      else this.runButton.focus();
      event.preventDefault();
      event.stopPropagation();
    }, true);
    return box;
  }
}

// ---- A program of the book.

// The runs of lines that the book hides, each as one text.
function hiddenRuns(code) {
  const runs = [""];
  const walker = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    if (walker.currentNode.parentElement.closest(".boring")) runs[0] += walker.currentNode.data;
    else runs.unshift("");
  }
  return runs.reverse().filter((run) => run.trim().length > 1);
}

function aceEditor(box, text, label) {
  const editor = ace.edit(box);
  const dark = /\b(ayu|coal|navy)\b/.test(document.documentElement.className);
  editor.setOptions({
    mode: "ace/mode/rust", theme: dark ? "ace/theme/tomorrow_night" : "ace/theme/dawn",
    fontSize: "0.875em", maxLines: Infinity, showPrintMargin: false, highlightActiveLine: false, showFoldWidgets: false,
  });
  // These would fetch parts of the editor that are not in the book.
  editor.commands.removeCommands(["find", "findnext", "findprevious", "replace", "showSettingsMenu", "gotoline", "goToNextError", "goToPreviousError"]);
  editor.textInput.getElement().ariaLabel = label;
  editor.session.setValue(text);
  // mdBook gives these its themes.
  window.editors?.push(editor);
  return editor;
}

// Where mdBook's editor is missing: the browser's own, with as much of the other's words as is used here.
function plainEditor(box, text, label) {
  const area = element("textarea", { value: text, ariaLabel: label, spellcheck: false, wrap: "off", autocapitalize: "off" });
  const fit = () => { area.rows = area.value.split("\n").length; };
  area.addEventListener("input", fit);
  fit();
  box.append(area);
  return {
    getValue: () => area.value,
    setValue(value) { area.value = value; area.dispatchEvent(new Event("input")); },
    focus: () => area.focus(),
    moveCursorToPosition: (offset) => area.setSelectionRange(offset, offset),
    gotoLine(row, column) { this.moveCursorToPosition(area.value.split("\n").slice(0, row - 1).join("\n").length + Math.min(row - 1, 1) + column); },
    resize() {},
    session: { on: (event, tell) => area.addEventListener("input", tell), doc: { indexToPosition: (offset) => offset }, clearAnnotations() {}, setAnnotations() {}, unfold() {} },
  };
}

class Program {
  constructor(code, number) {
    this.code = code;
    this.name = `program ${number}`;
    this.original = code.textContent;
    this.hidden = hiddenRuns(code);
    const runner = this.runner = new Runner(this.name, {
      job: () => ({ path: "/run", body: { code: this.text, timeline: wanted || playground !== null }, expects: !this.edited && ["compile_fail", "should_panic"].find((name) => code.classList.contains(name)) }),
      ready: ({ ready }) => ready,
      site: () => !this.missing && "play.rust-lang.org",
      elsewhere: () => this.runElsewhere(),
      finished: () => this.annotate(),
      goTo: (row, column) => this.goTo(row, column),
    });
    this.editButton = button("Edit", () => this.edit());
    this.resetButton = button("Reset", () => this.reset(), { hidden: true, title: "Bring back the book's text" });
    this.copyButton = button("Copy", () => this.copy(), { title: "Copy the whole program" });
    this.eyeButton = button("", () => this.showHidden(this.hides), { hidden: !this.hidden.length });
    this.changedNote = element("p", { className: "run-changed", hidden: true, textContent: "The book has changed this program since you edited it. Your edit is kept; Reset brings the new text." });
    runner.bar.append(this.editButton, this.resetButton, this.copyButton, this.eyeButton);
    if (!playground) addToggle(runner.bar, this.name);

    // The bar has what mdBook's buttons do, and is always to be seen.
    const pre = code.parentElement;
    pre.querySelector(":scope > .buttons")?.remove();
    this.box = runner.wrap(pre, this.changedNote);
    code.addEventListener("click", (event) => this.clicked(event));
    this.showHidden(false);
  }

  get text() { return this.editor?.getValue() ?? this.original; }

  get edited() { return this.text !== this.original; }

  get changed() { return this.key !== this.bookKey; }

  async copy() {
    let said = "Copied";
    try { await navigator.clipboard.writeText(this.text); } catch { said = "Cannot copy"; }
    this.copyButton.textContent = said;
    setTimeout(() => { this.copyButton.textContent = "Copy"; }, 1500);
  }

  // A click that selects nothing begins an edit where it was; a finger may only have wanted to scroll.
  clicked(event) {
    if (!getSelection().isCollapsed || event.pointerType === "touch") return;
    const at = document.caretPositionFromPoint?.(event.clientX, event.clientY);
    const range = document.createRange();
    range.setStart(this.code, 0);
    if (this.code.contains(at?.offsetNode)) range.setEnd(at.offsetNode, at.offset);
    this.edit(range.toString().length);
  }

  edit(offset = 0) {
    this.open();
    this.editor?.moveCursorToPosition(this.editor.session.doc.indexToPosition(offset));
    this.editor?.focus();
  }

  // Puts the editor in the place of the text.
  open(text = this.original) {
    if (this.editor) return;
    const box = element("div", { className: "run-editor" });
    this.code.after(box);
    this.code.hidden = true;
    this.editor = (window.ace ? aceEditor : plainEditor)(box, text, `Text of ${this.name}. Escape leaves it.`);
    this.editButton.hidden = true;
    if (!window.ace) this.eyeButton.hidden = true;
    this.showHidden(!this.hides);
    this.editor.session.on("change", () => this.changedText());
  }

  restore(text) {
    this.open(text);
    this.showEdited();
  }

  changedText() {
    this.editor.session.clearAnnotations();
    stored((all) => (this.edited || this.changed ? all.setItem(this.key, this.text) : all.removeItem(this.key)));
    this.showEdited();
  }

  showEdited() {
    this.resetButton.hidden = !this.edited && !this.changed;
    this.changedNote.hidden = !this.changed;
    this.box.classList.toggle("run-edited", this.edited);
    this.runner.showPlace();
  }

  // The text goes in as an edit, so that Ctrl-Z brings back what was thrown away by mistake.
  reset() {
    stored((all) => all.removeItem(this.key));
    this.key = this.bookKey;
    this.editor.setValue(this.original, -1);
    this.showHidden(false);
    this.showEdited();
    this.runner.runButton.focus();
  }

  // Where the hidden lines are in the text as it is now; those that were edited are not found, and stay to be seen.
  hiddenRows() {
    const text = `\n${this.text}`;
    let from = 0;
    return this.hidden.flatMap((run) => {
      const at = text.indexOf(`\n${run}`, from);
      if (at < 0) return [];
      from = at + run.length;
      const first = text.slice(0, at).split("\n").length - 1;
      return [[first, first + run.replace(/\n$/, "").split("\n").length - 1]];
    });
  }

  showHidden(show) {
    this.hides = !show;
    this.code.classList.toggle("hide-boring", !show);
    const session = this.editor?.session;
    session?.unfold();
    for (const [first, last] of window.ace && session && !show ? this.hiddenRows() : []) {
      const { Range } = ace.require("ace/range");
      session.addFold(`… hidden lines: ${last - first + 1}`, new Range(first, 0, last, session.getLine(last).length));
    }
    this.eyeButton.textContent = show ? "Hide lines" : "Show hidden lines";
  }

  // After an error the lines have numbers, the ones that the compiler names.
  annotate() {
    const complaints = this.runner.output.complaints();
    if (complaints.some(({ type }) => type === "error")) this.open();
    const rows = this.hiddenRows();
    if (complaints.some(({ row }) => rows.some(([first, last]) => first <= row && row <= last))) this.showHidden(true);
    this.editor?.session.setAnnotations(complaints);
  }

  goTo(row, column) {
    this.open();
    this.editor?.gotoLine(row + 1, column, true);
    this.editor?.focus();
  }

  // A crate that the public playground does not have, or may not have.
  get missing() {
    return /\b(asyncio|async_stream|axum|corosensei|num_bigint|private_redis|redis|smol|tokio_util)\s*(::|;)/.exec(this.text.replace(/\/\/.*/g, ""))?.[1];
  }

  runElsewhere() {
    if (this.missing) {
      const library = this.missing === "asyncio" ? "this book's library" : `the crate ${this.missing}`;
      return `This program uses ${library}, which the public playground does not have. ${LOCALLY}`;
    }
    open(`https://play.rust-lang.org/?version=stable&mode=debug&edition=2024&code=${encodeURIComponent(this.text)}`, "_blank", "noopener,noreferrer");
    return "The public playground has the program now, in another tab. Press Run there.";
  }
}

// ---- An example of the project, with the arguments that the reader types.

// Splits as a shell does, as far as quotes go.
const words = (text) => [...text.matchAll(/"([^"]*)"|'([^']*)'|\S+/g)].map(([all, double, single]) => double ?? single ?? all);

function addExample(pre, name) {
  const args = element("input", { type: "text", spellcheck: false, autocomplete: "off", autocapitalize: "off", placeholder: "arguments, such as --help", ariaLabel: `Arguments of the example ${name}` });
  const runner = new Runner(`example ${name}`, {
    job: () => ({ path: "/run-example", body: { name, args: words(args.value) } }),
    ready: ({ examples }) => examples.length,
    elsewhere: () => `${LOCALLY} Or type there: cargo run --example ${name}${args.value.trim() && ` -- ${args.value.trim()}`}`,
  });
  runner.bar.prepend(element("code", { textContent: name }), args);
  runner.wrap(pre);
}

// ---- The start.

takeToken();
// The page of all chapters is for paper.
if (location.pathname.endsWith("/print.html")) return;
const programs = [...document.querySelectorAll("main pre > code.language-rust:not(.source)")].map((code, i) => new Program(code, i + 1));
restoreEdits(programs);
// For the playground's own script.
window.workbookRun = { programs, whenPlaced: (tell) => { placed.push(() => tell(place)); tell(place); } };
const examples = new Set();
for (const code of document.querySelectorAll("main pre > code.language-console")) {
  const name = /^\$ cargo run --example (\w+)/m.exec(code.textContent)?.[1];
  if (name && !examples.has(name)) addExample(code.parentElement, name);
  examples.add(name);
}
document.body.append(pill);
ask();
// A new key may come while the page is open: in its own address, or by another page.
addEventListener("hashchange", () => { takeToken(); ask(); });
addEventListener("storage", ({ key }) => { if (key === TOKEN) ask(); });
})();
