"use strict";

/*
 * Figures of recorded runs can be gone through step by step. The picture, the sentences and the data stand in the page already; this
 * adds the controls. Other scripts that put a figure into the page call `workbookTrace.open(figure)`.
 */
(() => {
    /* With more than this the page would be slow, and its reader lost. */
    const MOST_EVENTS = 10000;
    /* A state is kept after so many steps, so that a jump need not begin at the beginning. */
    const EVERY = 200;
    /* The longest list that a panel shows whole. */
    const MOST_SHOWN = 12;
    /* What a window has beside a figure: mdBook's bar, and some air. */
    const AROUND = 66;
    /* What the stepper needs below the pictures: the sentence, and a few lines of the program around the marked one. */
    const SENTENCE = 4.6;
    const LISTING = 10;
    /* A phone shows one run at a time. */
    const NARROW = 600;
    /* The lines of output that a panel shows at a time, the last ones. */
    const MOST_LINES = 100;

    /* Which loop a reader looks at, in all figures that have a run on it, until another one is chosen. */
    const LOOP = "workbook-loop";
    const steppers = new Set();
    const chosenLoop = () => {
        try { return localStorage.getItem(LOOP); } catch { return null; }
    };
    const chooseLoop = (library) => {
        try { localStorage.setItem(LOOP, library); } catch { /* It holds for this page only. */ }
        steppers.forEach((stepper) => stepper.look(library));
    };

    const make = (name, properties = {}, ...children) => {
        const element = Object.assign(document.createElement(name), properties);
        element.append(...children);
        return element;
    };
    const draw = (name, attributes) => {
        const element = document.createElementNS("http://www.w3.org/2000/svg", name);
        Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
        return element;
    };

    /* What holds after a step; `Map`s keep the order in which things came. */
    class State {
        constructor(from) {
            this.ready = from ? [...from.ready] : [];
            this.timers = new Map(from?.timers);
            this.waits = new Map(from?.waits);
            this.pass = from?.pass ?? 1;
            this.printed = from?.printed ?? 0;
        }

        apply([what, item, ...more]) {
            if (what === "ready") this.ready.push(item);
            else if (what === "unready") this.remove(item);
            else if (what === "timer") this.timers.set(item, more);
            else if (what === "untimer") this.timers.delete(item);
            else if (what === "waits") this.waits.set(item, more[0]);
            else if (what === "goes") this.waits.delete(item);
            else if (what === "pass") this.pass = item;
            else if (what === "prints") this.printed += 1;
        }

        remove(item) {
            const at = this.ready.indexOf(item);
            if (at >= 0) this.ready.splice(at, 1);
        }
    }

    /*
     * One recorded run: its steps, their states, and its place in the picture.
     * A step is its place from left to right, its line, the number of who runs then, the changes, and the number of the event.
     * A line with a minus is where the task was made, which has been at no other line yet.
     */
    class Run {
        constructor(element, words) {
            this.element = element;
            const data = JSON.parse(element.querySelector(".trace-data").textContent);
            this.steps = data.steps;
            this.items = data.items;
            this.source = data.source;
            this.words = words;
            this.library = element.dataset.library;
            this.isTokio = this.library === "tokio";
            this.title = element.dataset.title ?? "";
            this.picture = element.querySelector(".trace-picture");
            this.svg = element.querySelector(".trace-lanes");
            this.names = [...element.querySelectorAll(".trace-names > text")];
            this.rows = words.querySelector("tbody").rows;
            this.output = [...words.querySelectorAll(".trace-output li")];
            this.kept = [];
            this.most = { ready: 1, timers: 1, waits: 1 };
            const state = new State();
            this.steps.forEach(([, , , changes], step) => {
                changes.forEach((change) => state.apply(change));
                if (step % EVERY === 0) this.kept.push(new State(state));
                this.most.timers = Math.max(this.most.timers, state.timers.size);
                this.most.waits = Math.max(this.most.waits, state.waits.size);
            });
        }

        after(step) {
            const near = Math.floor(step / EVERY);
            const state = new State(this.kept[near]);
            for (let n = near * EVERY + 1; n <= step; n += 1) {
                this.steps[n][3].forEach((change) => state.apply(change));
            }
            return state;
        }

        name(item) {
            return this.items[item]?.[0] ?? "";
        }

        cell(step, column) {
            return this.rows[step].cells[column].textContent;
        }

        /* The step that a reader means who clicks here: one of the lane's own if there is one near. */
        at(x, lane) {
            const distance = ([at, , runs]) => Math.abs(at - x) + (this.items[runs]?.[1] === lane ? 0 : 14);
            let best = 0;
            this.steps.forEach((step, n) => {
                if (distance(step) < distance(this.steps[best])) best = n;
            });
            return best;
        }
    }

    class Stepper {
        constructor(figure, runs) {
            this.figure = figure;
            this.runs = runs;
            this.step = -1;
            this.build();
            this.choose(runs[0]);
            this.look(chosenLoop());
            runs.forEach((run) => run.picture.addEventListener("click", (event) => this.click(run, event)));
            figure.addEventListener("keydown", (event) => this.key(event));
        }

        build() {
            const button = (text, label, go, className = "") => {
                const properties = { type: "button", textContent: text, title: label, className };
                const element = make("button", properties);
                element.setAttribute("aria-label", label);
                element.addEventListener("click", go);
                return element;
            };
            this.first = button("|◀", "First step", () => this.go(0));
            this.back = button("◀", "One step back", () => this.go(this.step - 1));
            this.next = button("Step ▶", "One step on", () => this.go(this.step + 1), "trace-next");
            this.last = button("▶|", "Last step", () => this.go(this.run.steps.length - 1));
            this.scrubber = make("input", { type: "range", min: 1 });
            this.scrubber.setAttribute("aria-label", "Step");
            this.scrubber.addEventListener("input", () => this.go(this.scrubber.valueAsNumber - 1));
            this.count = make("output");
            this.choice = this.runs.length < 2 ? [] : this.runs.map((run) => button(run.title, `Step through ${run.title}`, () => {
                /* What changes above must not move what was pressed. */
                const place = () => this.choice[0].getBoundingClientRect().top;
                const before = place();
                this.choose(run);
                if (this.runs.some((other) => other.library !== run.library)) chooseLoop(run.library);
                this.go(0);
                scrollBy(0, place() - before);
            }));
            if (this.choice.length > 0) this.runs[0].element.before(make("div", { className: "trace-controls trace-choice" }, ...this.choice));
            this.controls = make("div", { className: "trace-controls" }, this.first, this.back, this.next, this.last, this.scrubber, this.count);

            this.now = make("p", { className: "trace-now" });
            this.now.setAttribute("aria-live", "polite");
            const panel = (title, className) => {
                const list = make("ol");
                const element = make("div", { className: `trace-panel ${className}` }, make("p", { textContent: title }), list);
                return [element, list];
            };
            this.code = make("code", { className: "hljs" });
            this.listing = make("pre", {}, this.code);
            this.listing.tabIndex = 0;
            this.listing.setAttribute("role", "group");
            this.listing.setAttribute("aria-label", "Program");
            this.program = make("div", { className: "trace-source" }, make("p", { textContent: "Program" }), this.listing);
            const [readyPanel, ready] = panel("Ready queue", "trace-queue");
            const [timersPanel, timers] = panel("Timers", "trace-timers");
            const [waitsPanel, waits] = panel("Waiting", "trace-waiting");
            const [outputPanel, output] = panel("Output so far", "trace-output");
            Object.assign(this, { ready, timers, timersPanel, waits, output, outputPanel, readyTitle: readyPanel.firstChild });
            const state = make("div", { className: "trace-state" }, readyPanel, timersPanel, waitsPanel, outputPanel);
            this.panels = make("div", { className: "trace-panels", hidden: true }, this.program, state);

            this.element = make("div", { className: "trace-stepper" }, this.controls, this.now, this.panels);
            this.element.tabIndex = 0;
            this.element.setAttribute("role", "group");
            this.element.setAttribute("aria-label", "Step through the run");
            this.runs.at(-1).element.after(this.element);
            this.figure.classList.add("trace-open");
        }

        look(library) {
            if (this.run.library === library) return;
            const run = this.runs.find((other) => other.library === library);
            if (run) this.choose(run);
        }

        choose(run) {
            this.run = run;
            this.step = -1;
            this.choice.forEach((button, n) => button.setAttribute("aria-pressed", String(this.runs[n] === run)));
            this.runs.forEach((other) => [other.element, other.words].forEach((part) => part.classList.toggle("trace-chosen", other === run)));
            this.panels.hidden = true;
            this.figure.classList.remove("trace-stepping");
            this.scrubber.max = run.steps.length;
            this.scrubber.value = 1;
            this.first.disabled = this.back.disabled = true;
            this.count.textContent = `${run.steps.length} steps`;
            this.now.textContent = "Go through the run with Step, with the arrow keys, or by a click into the picture.";
            this.playhead?.remove();
            this.playhead = draw("g", { class: "trace-playhead", visibility: "hidden" });
            const bottom = run.svg.viewBox.baseVal.height;
            this.playhead.append(draw("path", { d: `M0 16V${bottom}` }), draw("path", { class: "trace-heads", d: "M-5 15h10l-5 7z" }));
            run.svg.append(this.playhead);
            this.readyTitle.textContent = run.isTokio ? "Ready (Tokio keeps the order to itself)" : "Ready queue";
            this.timersPanel.hidden = run.isTokio;
            this.ready.parentElement.classList.toggle("trace-unordered", run.isTokio);
            this.outputPanel.hidden = run.output.length === 0;
            [[this.ready, 1], [this.timers, run.most.timers], [this.waits, run.most.waits], [this.output, run.output.length]].forEach(
                ([list, rows]) => list.style.setProperty("--rows", Math.min(rows, MOST_SHOWN)),
            );
            this.list(run.source);
            this.fit();
        }

        /* Picture, sentence and marked line are to be seen at a glance: so where there is no room for all runs, one is shown at a time. */
        fit() {
            const em = parseFloat(getComputedStyle(this.figure).fontSize);
            const room = document.documentElement.clientHeight - AROUND - this.controls.offsetHeight - SENTENCE * em;
            this.figure.style.setProperty("--trace-most", `${room - LISTING * em}px`);
            this.figure.classList.remove("trace-alone");
            const height = () => {
                const seen = this.runs.map((run) => run.element).filter((element) => element.offsetHeight > 0);
                return seen.at(-1).getBoundingClientRect().bottom - seen[0].getBoundingClientRect().top;
            };
            const narrow = this.figure.clientWidth < NARROW;
            if (this.runs.length > 1 && (narrow || height() > room - LISTING * em)) this.figure.classList.add("trace-alone");
            const used = this.figure.classList.contains("trace-alone") ? this.run.element.offsetHeight : height();
            this.figure.style.setProperty("--trace-left", `${room - used - 2.5 * em}px`);
        }

        list(source) {
            this.program.hidden = !source;
            const language = source?.file.endsWith(".py") ? "python" : "rust";
            const color = (line) => {
                const element = make("span");
                /* The version that mdBook brings takes the language first. */
                if (window.hljs?.getLanguage?.(language) && line) {
                    element.innerHTML = window.hljs.highlight(language, line, true).value;
                } else {
                    element.textContent = line;
                }
                element.append("\n");
                return element;
            };
            const lines = (source?.lines ?? []).map((line, n) => {
                const element = color(line);
                element.dataset.line = source.first + n;
                return element;
            });
            this.code.replaceChildren(...lines);
        }

        go(step) {
            const { run } = this;
            const last = run.steps.length - 1;
            this.step = Math.min(Math.max(step, 0), last);
            this.panels.hidden = false;
            this.figure.classList.add("trace-stepping");
            const state = run.after(this.step);
            const [x, line, runs] = run.steps[this.step];

            this.scrubber.value = this.step + 1;
            this.count.textContent = `${this.step + 1} of ${last + 1}`;
            this.first.disabled = this.back.disabled = this.step === 0;
            this.next.disabled = this.last.disabled = this.step === last;
            const when = run.isTokio ? run.cell(this.step, 1) : `${run.cell(this.step, 1)}, pass ${state.pass}`;
            this.now.replaceChildren(make("b", { textContent: when }), `: ${run.cell(this.step, 3)}.`);

            this.show(this.ready, state.ready.map((item) => run.name(item)), "empty");
            const timers = [...state.timers].sort(([, [a]], [, [b]]) => a - b);
            this.show(this.timers, timers.map(([item, [, when]]) => `${when}: ${run.name(item)}`), "none");
            this.show(this.waits, [...state.waits].map(([item, what]) => `${run.name(item)} ${what}`), "nobody");
            const before = Math.max(state.printed - MOST_LINES, 0);
            this.show(this.output, run.output.slice(before, state.printed), "nothing", MOST_LINES);
            /* The lines keep their numbers. */
            this.output.style.counterReset = `line ${before}`;
            this.output.scrollTop = this.output.scrollHeight;

            this.playhead.setAttribute("visibility", "visible");
            this.playhead.setAttribute("transform", `translate(${x} 0)`);
            const lane = run.items[runs]?.[1];
            run.names.forEach((name, n) => name.classList.toggle("trace-current", n === lane));
            this.follow(x, lane);
            this.program.firstChild.textContent = line < 0 ? "Program (the marked line made the task)" : "Program";
            this.mark(Math.abs(line) - (run.source?.first ?? 1), line < 0 ? "trace-made" : "trace-line");
        }

        show(list, entries, none, most = MOST_SHOWN) {
            const items = entries.slice(0, most).map((entry) => (entry instanceof Element ? entry.cloneNode(true) : make("li", { textContent: entry })));
            if (entries.length > most) items.push(make("li", { textContent: `and ${entries.length - most} more` }));
            if (entries.length === 0) items.push(make("li", { className: "trace-none", textContent: none }));
            list.replaceChildren(...items);
        }

        /* Scrolls the picture, and never the page. */
        follow(x, lane) {
            const { picture, svg } = this.run;
            const y = 40 + 38 * lane;
            if (y < picture.scrollTop || y + 38 > picture.scrollTop + picture.clientHeight) picture.scrollTop = y + 19 - picture.clientHeight / 2;
            const room = picture.clientWidth - (picture.scrollWidth - svg.clientWidth);
            if (x < picture.scrollLeft + 20 || x > picture.scrollLeft + room - 30) {
                picture.scrollLeft = Math.max(x - room / 2, 0);
            }
        }

        mark(index, className) {
            this.line?.classList.remove("trace-line", "trace-made");
            this.line?.removeAttribute("aria-current");
            this.line = this.code.children[index];
            if (!this.line) return;
            this.line.classList.add(className);
            this.line.setAttribute("aria-current", className === "trace-line" ? "step" : "location");
            const { listing, line } = this;
            const isSeen = line.offsetTop >= listing.scrollTop && line.offsetTop + line.offsetHeight <= listing.scrollTop + listing.clientHeight;
            if (!isSeen) listing.scrollTop = line.offsetTop - listing.clientHeight / 2;
        }

        click(run, event) {
            const box = run.svg.getBoundingClientRect();
            if (event.clientX < box.left) return;
            const scale = run.svg.viewBox.baseVal.width / box.width;
            const x = (event.clientX - box.left) * scale + run.svg.viewBox.baseVal.x;
            const lane = Math.floor(((event.clientY - box.top) * scale - 40) / 38);
            if (this.run !== run) this.choose(run);
            this.go(run.at(x, lane));
            this.element.focus({ preventScroll: true });
        }

        key(event) {
            /* The page itself turns to another chapter with the arrow keys. */
            const steps = { ArrowLeft: this.step - 1, ArrowRight: this.step + 1, Home: 0, End: Infinity };
            if (!(event.key in steps) || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
            event.stopPropagation();
            if (event.target === this.listing) return;
            event.preventDefault();
            this.go(steps[event.key]);
        }
    }

    const open = (figure) => {
        if (figure.classList.contains("trace-open")) return;
        /* The first figure of a page says what its shapes mean; the others say it when asked. */
        const shapes = figure.querySelector(".trace-shapes");
        if (shapes && !document.querySelector(".trace-shapes[open]")) shapes.open = true;
        const runs = [...figure.querySelectorAll(".trace-run")].filter((run) => run.querySelector(".trace-data"));
        const long = runs.find((run) => Number(run.dataset.events) > MOST_EVENTS);
        if (long) {
            const sentence = `This run has ${long.dataset.events} events, and a figure shows at most ${MOST_EVENTS}: record a shorter run.`;
            figure.append(make("p", { className: "trace-refused", textContent: sentence }));
            return;
        }
        if (runs.length > 0) {
            const words = figure.querySelectorAll(".trace-words");
            const stepper = new Stepper(figure, runs.map((run, n) => new Run(run, words[n])));
            /* A figure that is gone with the program that it showed is forgotten. */
            steppers.add(stepper);
            const fit = () => {
                if (figure.isConnected) return stepper.fit();
                steppers.delete(stepper);
                removeEventListener("resize", fit);
            };
            addEventListener("resize", fit);
        }
    };

    window.workbookTrace = { open };
    /* The page of all chapters is for paper, where nothing can be gone through. */
    if (!location.pathname.endsWith("/print.html")) document.querySelectorAll("figure.trace").forEach(open);
})();
