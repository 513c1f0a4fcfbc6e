// Runs and edits the programs of the book on the page. Nothing is asked of any machine but the reader's own.
//
// In order: where the page is; keeping edits; output; timelines; a run; a program; an example; the start.
"use strict";
(() => {
const TOKEN = "workbook.token";
const LOCKED = "This browser has no key to the workbook: go to the page that `cargo run` opened, or start `cargo run -- --no-open` and open the address that it prints.";
const GONE = "The workbook does not answer. Start `cargo run` again.";
const LOCALLY = "To run it on your machine, get this project, and start `cargo run` in its folder.";
const NO_INPUT = "A program on this page has no input: what it reads from standard input ends at once.";
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

// A button that puts a text into the clipboard, and says so for a moment.
const copier = (text, properties) => {
  const made = button("Copy", async () => {
    let said = "Copied";
    try { await navigator.clipboard.writeText(text()); } catch { said = "Cannot copy"; }
    made.textContent = said;
    setTimeout(() => { made.textContent = "Copy"; }, 1500);
  }, properties);
  return made;
};

const NAMES = { rust: "Rust", python: "Python" };

const seconds = (ms) => `${(ms / 1000).toFixed(ms < 9950 ? 2 : 0)} s`;

// A browser may refuse to store anything; then edits live as long as the page.
const stored = (use) => { try { return use(localStorage); } catch { return null; } };

// ---- Where the page is: served by `cargo run` ("here"), the same without the key ("locked") or after its end ("gone"), or anything else ("elsewhere").

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
  // `cargo run` says so in the pages that it serves. When it has ended they do not become pages that may send a program elsewhere.
  if (document.querySelector('meta[name="workbook"]')) {
    // Without a key the answer is known, and a browser notes a refusal as an error of the page.
    const asks = headers()["X-Workbook-Token"] !== "";
    found = asks ? "gone" : "locked";
    try {
      const answer = asks ? await fetch("/status", { headers: headers(), cache: "no-store" }) : {};
      if (answer.status === 401) found = "locked";
      if (answer.ok) {
        status = await answer.json();
        found = "here";
      }
    } catch { /* There is no server any more. */ }
  }
  settle(found);
  if (found === "here") {
    nameMissing();
    const { ready, total, compiled, examples, problem } = status;
    pill.hidden = !problem && ready && compiled === total;
    pill.textContent = problem || (ready ? `Preparing the programs: ${compiled} of ${total}` : "Compiling the crates for the programs");
    if (!problem && (!pill.hidden || !examples.length)) setTimeout(ask, 1000);
  } else {
    pill.hidden = found !== "gone";
    pill.textContent = GONE;
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

// What the compiler complained of in the files that are looked at, as the editor takes it.
function complaints(compiler, isOwn = () => true) {
  return [...compiler.matchAll(/^(error|warning)(.*)\n\s*--> (\S+?):(\d+):(\d+)$/gm)].filter(([, , , file]) => isOwn(file))
    .map(([, type, text, , row, column]) => ({ type, text: type + text, row: row - 1, column: column - 1 }));
}

// ---- The output of one program, as text and nothing else.

// Longer lines are cut, and a carriage return goes back to the cut only.
const LONGEST_LINE = 4000;
// How long a frame may take in what was printed, in milliseconds.
const FRAME = 8;
// What is shown of a long output, at its beginning and again at its end: so many lines and characters.
const SHOWN_LINES = 500;
const SHOWN_CHARACTERS = 1 << 15;
// A sequence that controls a terminal, a control character, or text.
const TOKENS = /\x1b\[([0-?]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[^[\]]|[\x00-\x1f\x7f]|[^\x00-\x1f\x7f]+/g;
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f]/;
const BEGUN = /\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?)?$/;
const COLOURS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

// A line of a terminal: its stream, its text with the line's end, and the style of each character if any has one. Plain lines of standard output are kept as their text.
const inFull = (line) => (typeof line === "string" ? { stream: "stdout", text: `${line}\n` } : line);

// The lines that a terminal would show of what a program prints. Simplification: what moves the cursor to another line is left out.
class Terminal {
  lines = []; // Complete ones, as `inFull` takes them.
  text = ""; // Of the line that is being written.
  styles = null;
  column = 0;
  style = "";
  begun = ""; // The beginning of a sequence.

  write(stream, printed) {
    if (stream !== this.stream) this.close();
    this.stream = stream;
    const text = this.begun + printed;
    this.begun = BEGUN.exec(text)?.[0] ?? "";
    const complete = text.slice(0, text.length - this.begun.length);
    const parts = complete.split("\n");
    // Most programs print plain lines, and some of them very many.
    const plain = stream === "stdout" && !this.text && !this.style && !CONTROL.test(complete) && parts.every((part) => part.length < LONGEST_LINE);
    const last = parts.pop();
    for (const part of parts) {
      if (plain) this.lines.push(part);
      else for (const token of `${part}\n`.matchAll(TOKENS)) this.take(...token);
    }
    for (const token of last.matchAll(TOKENS)) this.take(...token);
  }

  take(token, parameters, command) {
    if (token === "\n") this.end("\n");
    else if (token === "\r") this.column = 0;
    else if (token === "\b") this.column = Math.max(this.column - 1, 0);
    else if (token === "\t") this.put("\t");
    else if (command === "m") this.setStyle(parameters.split(";").map(Number));
    else if (command === "K") this.erase(Number(parameters));
    else if (token >= " " && token !== "\x7f") for (let at = 0; at < token.length; at += LONGEST_LINE) this.put(token.slice(at, at + LONGEST_LINE));
  }

  put(text) {
    const { column, style } = this;
    if (column + text.length > LONGEST_LINE && column) return this.end(""), this.put(text);
    this.text = this.text.slice(0, column).padEnd(column) + text + this.text.slice(column + text.length);
    this.column += text.length;
    if (style || this.styles) {
      this.styles ??= [];
      for (let at = column; at < this.column; at++) this.styles[at] = style;
    }
  }

  // 0: from the cursor on, 1: up to it, 2: all of the line.
  erase(what) {
    if (what) this.text = " ".repeat(this.column) + (what === 1 ? this.text.slice(this.column) : "");
    else this.text = this.text.slice(0, this.column);
  }

  setStyle(codes) {
    const style = new Set(this.style.split(" ").filter(Boolean));
    const colour = (name) => {
      for (const other of COLOURS) style.delete(`run-${other}`);
      if (name) style.add(`run-${name}`);
    };
    for (let [at, code] = [0, codes[0]]; at < codes.length; code = codes[++at]) {
      if (code === 0) style.clear();
      else if (code === 1) style.add("run-bold");
      else if (code === 22) style.delete("run-bold");
      else if (code >= 30 && code <= 37) colour(COLOURS[code - 30]);
      else if (code >= 90 && code <= 97) colour(COLOURS[code - 90]);
      else if (code === 39) colour();
      // One of many colours: they are left out, with their own numbers.
      else if (code === 38 || code === 48) at += codes[at + 1] === 5 ? 2 : 4;
    }
    this.style = [...style].join(" ");
  }

  end(mark) {
    if (this.text || mark) this.lines.push({ stream: this.stream, text: this.text + mark, styles: this.styles });
    this.text = "";
    this.styles = null;
    this.column = 0;
  }

  // Another stream begins, or nothing more comes.
  close() {
    this.end("");
    this.begun = this.style = "";
  }

  // The line that is being written, if there is one.
  get unfinished() { return this.text ? [{ stream: this.stream, text: this.text, styles: this.styles }] : []; }
}

// A place in the program that a panic or a traceback names; of a path only the file matters.
const PLACES = /(?:"[^"]*[\\/])?(src\/main\.rs:(\d+):(\d+)|main\.py", line (\d+))/;

class Output {
  // In a pair, the owner tells one output from the other.
  constructor(name, goTo, owner) {
    this.goTo = goTo;
    this.label = (stream) => element("span", { className: "run-label", textContent: STREAMS[stream] + (owner ? ` of ${owner}` : "") });
    this.head = element("div");
    // Read aloud only when there is time: a screen reader could not follow it.
    this.tail = element("div", { ariaLive: "off" });
    this.end = element("div");
    this.left = element("span");
    this.gap = element("div", { className: "run-bar run-gap" }, this.left,
      button("Show all", () => this.showAll()), copier(() => this.all, { title: "Copy all of the output" }));
    this.box = element("div", { className: "run-output", hidden: true, tabIndex: 0, role: "log", ariaLive: "polite", ariaLabel: `Output of ${name}` });
    this.clear();
  }

  clear() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.pending = [];
    this.terminal = new Terminal();
    this.most = SHOWN_LINES;
    this.compiler = "";
    this.box.replaceChildren(this.head, this.gap, this.tail, this.end);
    this.end.replaceChildren();
    this.beginAgain();
  }

  beginAgain() {
    this.shown = this.characters = 0;
    this.head.replaceChildren();
    this.tail.replaceChildren();
    this.gap.hidden = true;
  }

  get all() { return [...this.terminal.lines, ...this.terminal.unfinished].map((line) => inFull(line).text).join(""); }

  // What a program prints comes faster than it can be shown, so it is shown once a frame.
  add(stream, text) {
    this.box.hidden = false;
    if (stream === "compiler") {
      this.compiler += text;
      const lines = element("div", { className: "run-text" }, ...this.compilerLines());
      this.box.prepend(element("div", { className: "run-stream run-compiler" }, this.label(stream), lines));
    } else {
      this.later(() => this.terminal.write(stream, text));
    }
  }

  // Does this in one of the next frames, after what was to be done before.
  later(work) {
    this.pending.push(work);
    this.frame ||= requestAnimationFrame(() => this.show());
  }

  show() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const { box, terminal } = this;
    const atEnd = box.scrollTop + box.clientHeight > box.scrollHeight - 4;
    const until = performance.now() + FRAME;
    while (this.pending.length && performance.now() < until) this.pending.shift()();
    const { lines } = terminal;
    const first = this.shown;
    while (this.shown < lines.length && this.shown < this.most && (this.characters < SHOWN_CHARACTERS || this.most > SHOWN_LINES)) this.characters += inFull(lines[this.shown++]).text.length;
    this.fill(this.head, lines.slice(first, this.shown), lines[first - 1]);
    let [from, characters] = [lines.length, 0];
    while (from > this.shown && from > lines.length - SHOWN_LINES && characters < SHOWN_CHARACTERS) characters += inFull(lines[--from]).text.length;
    const left = from - this.shown;
    this.gap.hidden = !left;
    this.left.textContent = `${left.toLocaleString("en")} of ${lines.length.toLocaleString("en")} lines are left out in the middle.`;
    this.tail.replaceChildren();
    this.fill(this.tail, [...lines.slice(from), ...terminal.unfinished], left ? null : lines[from - 1]);
    // The first error of the compiler matters most.
    if (atEnd && !this.compiler) box.scrollTop = box.scrollHeight;
    if (this.pending.length) this.frame = requestAnimationFrame(() => this.show());
  }

  showAll() {
    this.most = Infinity;
    this.beginAgain();
    this.show();
    this.box.focus();
  }

  // Adds lines to a part of the output, and goes on where the line before ended.
  fill(part, added, above) {
    const lines = added.map(inFull);
    let before = above && inFull(above);
    for (let [from, to] = [0, 0]; from < lines.length; from = to) {
      const { stream } = lines[from];
      while (to < lines.length && to < from + SHOWN_LINES && lines[to].stream === stream) to++;
      let section = before?.stream === stream && part.lastChild;
      if (!section) {
        const goesOn = before?.stream === stream;
        section = element("div", { className: `run-stream run-${stream}${goesOn ? " run-continued" : ""}` }, ...(goesOn ? [] : [this.label(stream)]), element("div", { className: "run-text" }));
        part.append(section);
      }
      let target = section.lastChild;
      if (this.most > SHOWN_LINES && to - from > 1) {
        // The browser lays out only those that can be seen.
        target = element("div", { className: "run-block" });
        target.style.containIntrinsicHeight = `auto ${(to - from) * 1.5}em`;
        section.lastChild.append(target);
      }
      target.append(...this.nodes(lines.slice(from, to)));
      before = lines[to - 1];
    }
  }

  // Plain lines become one text, others stand out: characters with a style, and a place in the program, which can be gone to.
  nodes(lines) {
    const nodes = [""];
    const text = (more) => { nodes[nodes.length - 1] += more; };
    for (const { stream, text: line, styles } of lines) {
      const found = this.goTo && stream === "stderr" && PLACES.exec(line);
      if (found) {
        const [all, at, row, column, rowOfPython] = found;
        text(line.slice(0, found.index) + (rowOfPython ? '"' : ""));
        nodes.push(this.place(at, row ?? rowOfPython, column ?? 1), line.slice(found.index + all.length));
      } else if (styles) {
        for (let [from, to] = [0, 0]; from < line.length; from = to) {
          const style = styles[from];
          while (to < line.length && styles[to] === style) to++;
          if (style) nodes.push(element("span", { className: style }, line.slice(from, to)), "");
          else text(line.slice(from, to));
        }
      } else text(line);
    }
    return nodes.filter((node) => node !== "");
  }

  place(text, row, column) { return button(text, () => this.goTo(row - 1, column - 1), { className: "run-place" }); }

  // The first line of each message stands out, and each place in the program can be gone to.
  compilerLines() {
    return this.compiler.split(/(?<=\n)/).map((line) => {
      const [, before, at, row, column, after] = /^(\s*(?:-->|:::) )(\S+?:(\d+):(\d+))(\s*)$/.exec(line) ?? [];
      if (at) return element("span", {}, before, this.place(at, row, column), after);
      return element("span", { className: `run-${/^(error|warning)?/.exec(line)[0]}`, textContent: line });
    });
  }

  // What the compiler complained of, or where Python's program failed, as the editor takes it.
  complaints(failed) {
    const printed = this.terminal.lines.map(inFull).filter(({ stream }) => failed && stream === "stderr").map(({ text }) => text.trimEnd());
    const row = printed.map((line) => PLACES.exec(line)?.[4]).findLast(Boolean);
    return row ? [{ type: "error", text: printed.findLast((line) => /\w/.test(line)), row: row - 1, column: 0 }] : complaints(this.compiler);
  }

  say(text, good) {
    this.box.hidden = false;
    this.later(() => {
      this.terminal.close();
      this.end.append(element("div", { className: good ? "run-end" : "run-end run-bad", textContent: text }));
    });
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
  if (!why) return;
  const parts = why.split("`").map((part, n) => (n % 2 ? element("code", { textContent: part }) : part));
  box.append(element("p", { className: "run-why" }, ...parts));
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
function ending({ ok, status: code, why, message, elapsed_ms: elapsed, compile_ms: compile }, expects, compiler) {
  const after = ` after ${seconds(elapsed)}`;
  if (why === "stopped") return [`Stopped by you${after}.`];
  if (ok) return [`Ended${after}${compile ? ` (and ${seconds(compile)} to compile)` : ""}.`, true];
  if (why === "compile" && !message) return expects === "compile_fail" ? ["Does not compile, as the book says.", true] : [`Does not compile${/^error\[E0601\]/m.test(compiler) ? ": there is no `main`" : ""}.`];
  if (code === 101 && expects === "should_panic") return [`Panicked${after}, as the book says.`, true];
  if (code === 1 && expects === "should_raise") return [`Raised${after}, as the book says.`, true];
  const what = why === "time" || why === "memory" || why === "output" ? `Stopped at the limit of ${why}` : code === null || why ? `Failed${after}` : `Ended with exit status ${code}${after}`;
  return [`${what}${message ? `: ${message}` : ""}.`];
}

class Runner {
  // `label` is the button's, `job` tells what to send, `ready` whether the server can take it, `site` who else can, `elsewhere` what to do then, `finished` comes after.
  constructor(name, parts) {
    Object.assign(this, parts);
    this.output = new Output(name, this.goTo, this.owner);
    this.timeline = element("div", { className: "run-timeline" });
    this.runButton = button("Run", () => this.run(this.sends), { className: "run-main" });
    this.stopButton = button("Stop", () => this.stop(), { hidden: true, title: "Stop (Escape)" });
    this.note = element("span", { className: "run-note" });
    this.bar = element("div", { className: "run-bar", role: "group", ariaLabel: name }, this.runButton, this.stopButton);
    placed.push(() => this.showPlace());
  }

  showPlace() {
    const site = place === "elsewhere" && this.site?.();
    this.sends = Boolean(site);
    this.runButton.textContent = site ? `Run on ${site}` : this.label ?? "Run";
    const hints = { here: "Run (Ctrl-Enter)", locked: LOCKED };
    this.runButton.title = site ? "Opens another site, which gets this program" : hints[place] ?? "";
  }

  get running() { return !this.stopButton.hidden; }

  // Nothing goes to another machine but by a press of the button that says so.
  run(sends = false, twin = false) {
    this.twin = twin;
    latest.stop();
    const controller = new AbortController();
    const stop = () => controller.abort();
    this.number = null;
    this.stop = () => this.askToStop(stop);
    latest = { stop, ended: latest.ended.then(() => this.perform(controller.signal, sends)) };
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
  async perform(signal, sends) {
    if (signal.aborted) return;
    this.output.clear();
    this.timeline.replaceChildren();
    this.stopButton.hidden = false;
    const start = performance.now();
    const elapsed = () => seconds(performance.now() - start);
    this.doing = "running";
    const tick = setInterval(() => { this.note.textContent = `${this.doing}, ${elapsed()}`; }, 100);
    try {
      this.output.say(...await this.exchange(signal, sends));
    } catch (error) {
      const lost = error instanceof TypeError ? GONE : error.message;
      this.output.say(signal.aborted ? `Stopped by you after ${elapsed()}.` : lost);
    }
    clearInterval(tick);
    this.note.textContent = "";
    if (document.activeElement === this.stopButton) this.runButton.focus();
    this.stopButton.hidden = true;
    this.output.later(() => this.finished?.());
  }

  async exchange(signal, sends) {
    if (place === "locked") throw new Error(LOCKED);
    while (place === "asking" || (place === "here" && !status.problem && !this.ready(status))) {
      this.doing = "waiting for the preparation";
      await new Promise((resolve) => { asked.push(resolve); signal.addEventListener("abort", resolve); });
      signal.throwIfAborted();
    }
    if (place === "elsewhere") return [this.elsewhere(sends), true];
    this.doing = "running";
    const { path, body, expects, reads } = this.job();
    const response = await post(path, body, signal);
    this.number = response.headers.get("X-Workbook-Run");
    // The server was started anew.
    if (response.status === 401) {
      settle("locked");
      throw new Error(LOCKED);
    }
    if (!response.ok) throw new Error(`Not run: ${await response.text()}`);
    for await (const message of messages(response)) {
      if (message.done) {
        this.failed = !message.ok && message.status === 1;
        if (reads && message.why !== "compile") this.output.say(NO_INPUT, true);
        return ending(message, expects, this.output.compiler);
      }
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

// mdBook brings its editor with Rust alone. Simplification: what is between the braces of an f-string is a part of the string.
function pythonMode() {
  const { Mode } = ace.require("ace/mode/text");
  const { TextHighlightRules } = ace.require("ace/mode/text_highlight_rules");
  const string = (quote) => ({ token: "string", regex: `[bBfFrRuU]{0,2}${quote}(?:[^${quote}\\\\]|\\\\.)*${quote}` });
  const long = (quote, next) => ({ token: "string", regex: `[bBfFrRuU]{0,2}${quote}{3}`, next });
  const rest = (quote) => [{ token: "string", regex: `${quote}{3}`, next: "start" }, { defaultToken: "string" }];
  class Rules extends TextHighlightRules {
    $rules = {
      start: [
        { token: "comment", regex: "#.*$" },
        long('"', "double"), long("'", "single"), string('"'), string("'"),
        { token: "constant.numeric", regex: "\\b\\d[\\w.]*" },
        { token: ["keyword", "text", "entity.name.function"], regex: "\\b(def|class)(\\s+)(\\w+)" },
        { token: "keyword", regex: "\\b(?:and|as|assert|async|await|break|case|class|continue|def|del|elif|else|except|finally|for|from|global|if|import|in|is|lambda|match|nonlocal|not|or|pass|raise|return|try|while|with|yield)\\b" },
        { token: "constant.language", regex: "\\b(?:False|None|True|self)\\b" },
        { token: "support.function", regex: "@[\\w.]+|\\b(?:dict|enumerate|isinstance|len|list|map|max|min|next|open|print|range|repr|round|set|sorted|str|sum|tuple|type|zip)(?=\\()" },
        { token: "identifier", regex: "\\w+" },
      ],
      double: rest('"'),
      single: rest("'"),
    };
  }
  return Object.assign(new Mode(), {
    HighlightRules: Rules,
    lineCommentStart: "#",
    getNextLineIndent(state, line, tab) { return this.$getIndent(line) + (/:\s*(#.*)?$/.test(line) ? tab : ""); },
  });
}

function aceEditor(box, text, label, language) {
  const editor = ace.edit(box);
  const dark = /\b(ayu|coal|navy)\b/.test(document.documentElement.className);
  editor.setOptions({
    mode: language === "python" ? pythonMode() : "ace/mode/rust", theme: dark ? "ace/theme/tomorrow_night" : "ace/theme/dawn",
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

const openEditor = (...parts) => (window.ace ? aceEditor : plainEditor)(...parts);

class Program {
  constructor(code, number) {
    this.code = code;
    this.language = code.classList.contains("language-python") ? "python" : "rust";
    const isRust = this.language === "rust";
    this.name = `program ${number}`;
    this.original = code.textContent;
    this.hidden = hiddenRuns(code);
    const runner = this.runner = new Runner(this.name, {
      ...(code.closest(".twins") && { label: `Run ${NAMES[this.language]}`, owner: NAMES[this.language] }),
      job: () => ({ path: "/run", body: { code: this.text, language: this.language, timeline: wanted || playground !== null }, reads: /\bstdin\(\)|\bsys\.stdin\b|(?<![\w.])input\(/.test(this.text), expects: !this.edited && ["compile_fail", "should_panic", "should_raise"].find((name) => code.classList.contains(name)) }),
      ready: ({ ready }) => ready || !isRust,
      site: () => isRust && !this.missing && "play.rust-lang.org",
      elsewhere: (sends) => this.runElsewhere(sends),
      finished: () => this.annotate(),
      goTo: (row, column) => this.goTo(row, column),
    });
    this.editButton = button("Edit", () => this.edit());
    this.resetButton = button("Reset", () => this.reset(), { hidden: true, title: "Bring back the book's text" });
    this.copyButton = copier(() => this.text, { title: "Copy the whole program" });
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
    this.editor = openEditor(box, text, `Text of ${this.name}. Escape leaves it.`, this.language);
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
    const complaints = this.runner.output.complaints(this.runner.failed && this.language === "python");
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

  runElsewhere(sends) {
    if (this.language === "python") return `${LOCALLY} Or put it into a file in the folder examples, where what it imports lies, and run it there: python3 FILE.`;
    if (this.missing) {
      const library = this.missing === "asyncio" ? "this book's library" : `the crate ${this.missing}`;
      return `This program uses ${library}, which the public playground does not have. ${LOCALLY}`;
    }
    if (!sends) return "Press “Run on play.rust-lang.org” to send this program to the public playground, or get this project, and start `cargo run` in its folder, to run it on your machine.";
    open(`https://play.rust-lang.org/?version=stable&mode=debug&edition=2024&code=${encodeURIComponent(this.text)}`, "_blank", "noopener,noreferrer");
    return "The public playground has the program now, in another tab. Press Run there.";
  }
}

// ---- An example of the project, with the arguments that the reader types.

// Splits as a shell does, as far as quotes go.
const words = (text) => [...text.matchAll(/"([^"]*)"|'([^']*)'|\S+/g)].map(([all, double, single]) => double ?? single ?? all);

function addExample(pre, name, hasTwin) {
  const args = element("input", { type: "text", spellcheck: false, autocomplete: "off", autocapitalize: "off", placeholder: "arguments, such as --help", ariaLabel: `Arguments of the example ${name}` });
  const typed = () => args.value.trim();
  const runner = new Runner(`example ${name}`, {
    label: hasTwin ? "Run Rust" : "Run",
    job: () => ({ path: "/run-example", body: { name, language: runner.twin ? "python" : "rust", args: words(args.value) } }),
    ready: ({ examples }) => runner.twin || examples.length,
    elsewhere: () => `${LOCALLY} Or type there: ${runner.twin ? `python3 examples/${name}.py${typed() && ` ${typed()}`}` : `cargo run --example ${name}${typed() && ` -- ${typed()}`}`}`,
  });
  runner.bar.prepend(element("code", { textContent: name }), args);
  if (hasTwin) runner.runButton.after(button("Run Python", () => runner.run(false, true), { className: "run-main" }));
  runner.wrap(pre);
}

// ---- The start.

takeToken();
// The page of all chapters is for paper.
if (location.pathname.endsWith("/print.html")) return;
// An exercise has a bar of its own, and to run its program may answer it.
const programs = [...document.querySelectorAll("main pre > code:is(.language-rust, .language-python):not(.source)")].filter((code) => !code.closest(".exercise")).map((code, i) => new Program(code, i + 1));
restoreEdits(programs);
// For the scripts of the playground and of the exercises.
window.workbookRun = { programs, openEditor, complaints, whenPlaced: (tell) => { placed.push(() => tell(place)); tell(place); } };
const examples = new Set();
for (const code of document.querySelectorAll("main pre > code.language-console")) {
  const name = /^\$ cargo run --example (\w+)/m.exec(code.textContent)?.[1];
  if (name && !examples.has(name)) addExample(code.parentElement, name, code.textContent.includes(`$ python3 examples/${name}.py`));
  examples.add(name);
}
document.body.append(pill);
ask();
// A new key may come while the page is open: in its own address, or by another page.
addEventListener("hashchange", () => { takeToken(); ask(); });
addEventListener("storage", ({ key }) => { if (key === TOKEN) ask(); });
})();
