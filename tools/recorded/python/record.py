"""Records what asyncio's loops do in a program: `python3 record.py PROGRAM ARGUMENT…`, on Python 3.11 to 3.14.

The variable WORKBOOK_RECORD says how much to write and where: how many events and how many bytes at most, and the file. Its lines are
those of `tools/trace/src/spill.rs`, its events those of `tools/trace/SCHEMA.md`. The program itself is not changed.

asyncio is imported without the C halves of `Task` and `Future`, which would hide their steps; order and results are those of the
Python halves, which are the same, and everything is slower. Where the methods below are wrapped, they do what they did, and tell.
"""

import sys

# Nothing of asyncio has been imported yet, but in Pyodide, whose own loop keeps what it has.
for _name in [name for name in sys.modules if name.partition(".")[0] == "asyncio"]:
    del sys.modules[_name]
sys.modules["_asyncio"] = None

import asyncio
import builtins
import collections
import functools
import heapq
import inspect
import json
import os
import re
import threading
import types
from asyncio import base_events, events, exceptions, futures, queues, tasks
from itertools import islice

VARIABLE = "WORKBOOK_RECORD"

# As in `spill.rs`: nobody reads long texts and long lists to their end.
LONGEST_TEXT = 500
LONGEST_LIST = 20

# What a future is for that is made in this function of asyncio's, and not for the program itself.
LABELS = {
    "sleep": "sleep",
    "Queue.get": "queue get",
    "Queue.put": "queue put",
    "Queue.join": "queue join",
    "Lock.acquire": "lock",
    "Event.wait": "event",
    "Semaphore.acquire": "semaphore",
    "Condition.wait": "condition",
    "Barrier.wait": "barrier",
    "gather": "gather",
    "_wait": "wait",
    "wait_for": "wait",
    "_cancel_and_wait": "wait",
    "shield": "shield",
    "TaskGroup.__aexit__": "task group",
    "TaskGroup._aexit": "task group",
    "BaseEventLoop.run_in_executor": "thread",
    "Server.serve_forever": "server",
    "Server.wait_closed": "server",
    "FlowControlMixin._drain_helper": "transport",
    "StreamReaderProtocol.__init__": "transport",
}
# These wait by means of others, which would tell too little.
WAIT_BY_OTHERS = ("Queue.join", "Barrier.wait")
# Where no function says more, the module does.
MODULES = {"base_subprocess": "process", "subprocess": "process"}

# Where the functions are that a program may schedule itself.
CHOSEN = ("asyncio.futures", "asyncio.tasks", "asyncio.locks", "asyncio.queues", "asyncio.events")

# The coroutines with which every run ends: the reader's program has no part in them.
LAST = ("BaseEventLoop.shutdown_asyncgens", "BaseEventLoop.shutdown_default_executor")


def shortened(text):
    # A half of a pair of surrogates is no text for whoever reads the record.
    text = str(text).encode("utf-8", "replace").decode()
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"


def said(exception):
    try:
        text = str(exception)
    except Exception:
        text = ""
    name = type(exception).__name__
    return shortened(f"{name}: {text}" if text else name)


class Spill:
    """Writes one line at a time, so that a program that is stopped leaves all that it did until then."""

    def __init__(self, file, most_events, most_bytes):
        self.most_events, self.most_bytes = most_events, most_bytes
        self.runs = self.events = self.bytes = 0
        # If it is there already, another process of the program writes it.
        self.file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        # A descriptor that the program's own files could have had must not be in their way.
        os.set_inheritable(self.file, False)

    def begin(self, clock):
        self.runs += 1
        version = ".".join(map(str, sys.version_info[:3]))
        self.put(self.line({"run": self.runs, "clock": clock, "library": "cpython", "python": version}))
        return self.runs

    def write(self, run, event):
        line = self.line({"run": run, "event": event})
        self.events += 1
        if self.events > self.most_events:
            end = {"more_than": self.most_events}
        elif self.bytes + len(line) > self.most_bytes:
            end = {"more_bytes_than": self.most_bytes}
        else:
            return self.put(line)
        self.put(self.line(end))
        self.close()

    def line(self, what):
        return json.dumps(what, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    def put(self, line):
        self.bytes += len(line)
        try:
            while line and self.file is not None:
                line = line[os.write(self.file, line) :]
        except OSError:
            # A program must not fail because its record does.
            self.file = None

    def close(self):
        file, self.file = self.file, None
        if file is not None:
            os.close(file)
        # What goes on unheard need not be slow.
        for owner, name, original in REPLACED:
            setattr(owner, name, original)


class Places:
    """Finds the line of the program that is at work."""

    def __init__(self, file, shown):
        self.file, self.shown = file, shown

    def of_frame(self, frame):
        """The line of the innermost function of the program that has led here, within the turn."""
        while frame is not None and frame.f_code not in BORDERS:
            if frame.f_code.co_filename == self.file:
                return self.place(frame)
            frame = frame.f_back
        return None

    def of_coroutine(self, coroutine):
        """The line where a task is suspended: that of the innermost coroutine of the program."""
        place = None
        while coroutine is not None:
            frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
            if frame is not None and frame.f_code.co_filename == self.file:
                place = frame
            awaited = getattr(coroutine, "cr_await", None)
            coroutine = awaited if awaited is not None else getattr(coroutine, "gi_yieldfrom", None)
        return place and self.place(place)

    def place(self, frame):
        line, column = position(frame.f_code, frame.f_lasti)
        return {"file": self.shown, "line": line or frame.f_lineno, "column": column}


@functools.lru_cache(maxsize=1000)
def position(code, instruction):
    line, _, column, _ = next(islice(code.co_positions(), instruction // 2, None))
    return line, 1 + (column or 0)


def name_of(callback):
    """The function that a callback is written in; one of asyncio's own has the module before it."""
    while isinstance(callback, functools.partial):
        callback = callback.func
    function = getattr(callback, "__func__", callback)
    qualified = getattr(function, "__qualname__", type(callback).__qualname__)
    module = getattr(function, "__module__", None) or ""
    parts = [part for part in qualified.split(".") if not part.startswith("<")]
    # The program itself chooses what it can name of these, such as a future's `set_result`.
    is_chosen = module in CHOSEN and not parts[-1].startswith("_") or parts[-1] == "stop"
    if module.startswith("asyncio.") and not is_chosen:
        return f"{module}.{qualified}"
    return shortened(parts[-1] if parts else qualified)


def task_of(handle):
    """The task whose step a handle is."""
    callback = handle._callback
    if getattr(callback, "__func__", None) in STEPS:
        return callback.__self__
    return None


class Recorder:
    """Tells what happens on one loop."""

    newest = None

    def __init__(self, loop, spill, places):
        self.loop, self.spill, self.places = loop, spill, places
        self.run = self.start = None
        self.turn = None
        self.silent = False
        self.last = 0
        self.tasks = self.promises = self.callbacks = self.queues = self.passes = 0
        # The numbers of the callbacks that wait for their turn, and of the timers, by the identity of their handles.
        self.waiting, self.timers = {}, {}

    def nanoseconds(self, time):
        return max(round((time - self.start) * 1e9), 0)

    def actor(self):
        thread = self.loop._thread_id
        if thread is None:
            return "outside"
        if thread != threading.get_ident():
            return "thread"
        return self.turn or "loop"

    def tell(self, what, at=None, **more):
        """Writes an event; gives nothing back, and changes nothing."""
        if self.spill.file is None or self.silent and what != "note":
            return
        with LOCK:
            now = self.loop.time()
            if self.run is None:
                # Whoever overrides the clock has one of its own.
                is_real = type(self.loop).time is base_events.BaseEventLoop.time
                self.start = now if self.start is None else self.start
                self.run = self.spill.begin("real" if is_real else "virtual")
            self.last = max(self.last, self.nanoseconds(now))
            by = "outside" if self.silent else self.actor()
            event = {"t": self.last, "by": by, "what": what, **more}
            if at is not None:
                event["at"] = at
            self.spill.write(self.run, event)

    def tell_here(self, what, **more):
        """Writes an event that the line of the program caused which is at work."""
        self.tell(what, self.places.of_frame(sys._getframe(2)), **more)

    def task(self, task):
        """Gives the number of a task; the first time it is made."""
        if not hasattr(task, "_recorded"):
            self.tasks += 1
            task._recorded = self.tasks
            self.tell_here("task_created", task=task._recorded, name=self.name(task))
        return task._recorded

    def name(self, task):
        """The name of a task, with the function that it runs where the program gave no name."""
        name = shortened(task.get_name())
        function = getattr(task._coro, "__name__", None)
        # The first task is what the program ran.
        if function is None or self.actor() == "outside" or not DEFAULT_NAME.fullmatch(name):
            return name
        return f"{name} ({shortened(function)})"

    def promise(self, future, label="future"):
        """Gives the number of a future; the first time it is made."""
        if not hasattr(future, "_recorded"):
            self.promises += 1
            future._recorded = self.promises
            until = None
            if isinstance(label, tuple):
                label, until = label
            if until is not None and self.start is not None:
                until = self.nanoseconds(self.loop.time() + until)
            self.tell_here("promise_created", promise=future._recorded, label=label, until=until)
        return future._recorded

    def queue(self, queue):
        if not hasattr(queue, "_recorded"):
            self.queues += 1
            queue._recorded = self.queues
        return queue._recorded

    def number(self):
        self.callbacks += 1
        return self.callbacks

    def becomes_ready(self, handle):
        """A handle goes into the ready queue."""
        if self.spill.file is None or handle._cancelled or is_hidden(handle):
            return
        task = task_of(handle)
        if task is not None:
            number = self.task(task)
            if self.turn == {"task": number} and self.actor() == self.turn and task._fut_waiter is None:
                at = self.places.of_coroutine(task._coro)
                self.tell("awaits", at, task=number, on="turn")
            return self.tell("woken", task=number)
        timer = self.timers.pop(id(handle), None)
        if timer is not None:
            self.waiting[id(handle)] = timer[0]
            return self.tell("timer_fired", callback=timer[0])
        number = self.waiting[id(handle)] = self.number()
        self.tell_here("callback_scheduled", callback=number, name=name_of(handle._callback))

    def timer_set(self, handle):
        number = self.number()
        when = handle.when()
        if self.start is None:
            self.start = self.loop.time()
        self.timers[id(handle)] = (number, self.nanoseconds(when))
        self.tell_here("timer_set", callback=number, name=name_of(handle._callback), when=self.nanoseconds(when))

    def cancelled(self, handle):
        timer = self.timers.pop(id(handle), None)
        if timer is not None:
            return self.tell_here("timer_cancelled", callback=timer[0])
        number = self.waiting.pop(id(handle), None)
        if number is not None:
            self.tell_here("callback_cancelled", callback=number)

    def begins(self, handle):
        """A handle runs, which is a turn; gives what `ends` must be told, or nothing."""
        task = task_of(handle)
        if task is not None:
            return self.begins_step(task)
        number = self.waiting.pop(id(handle), None)
        if number is None:
            return None
        return self.begins_turn("callback", "callback_begin", "callback_end", number)

    def begins_step(self, task):
        return self.begins_turn("task", "step_begin", "step_end", self.task(task))

    def begins_turn(self, kind, begin, end, number):
        before, self.turn = self.turn, {kind: number}
        self.tell(begin, **self.turn)
        return end, before

    def ends(self, turn):
        end, before = turn
        self.tell(end, **self.turn)
        self.turn = before

    def pass_begins(self):
        loop = self.loop
        if not loop._ready and not loop._stopping and self.start is not None:
            soonest = min((timer[1] for timer in self.timers.values()), default=None)
            if soonest is None or soonest > self.nanoseconds(loop.time()):
                self.tell("loop_waits", until=soonest)

    def pass_ends(self):
        self.passes += 1
        ready = [self.queued(handle) for handle in islice(self.loop._ready, LONGEST_LIST)]
        timers = heapq.nsmallest(LONGEST_LIST, self.timers.values(), key=lambda timer: timer[1])
        timers = [{"callback": number, "when": when} for number, when in timers]
        self.tell("pass_end", **{"pass": self.passes}, ready=[queued for queued in ready if queued], timers=timers)

    def queued(self, handle):
        if handle._cancelled:
            return None
        task = task_of(handle)
        if task is not None:
            return {"task": self.task(task)}
        number = self.waiting.get(id(handle))
        return number and {"callback": number}


class Ready(collections.deque):
    """The ready queue of a loop, which tells what goes in."""

    def __init__(self, recorder):
        super().__init__()
        self.recorder = recorder

    def append(self, handle):
        super().append(handle)
        self.recorder.becomes_ready(handle)


def recorder_of(loop):
    """The recorder of a loop; loops that are not made of asyncio's own have none."""
    return getattr(loop, "_recorder", None)


def has_begun(coroutine):
    try:
        return inspect.getcoroutinestate(coroutine) != inspect.CORO_CREATED
    except AttributeError:
        # A generator, or something that only acts as a coroutine.
        return True


def is_hidden(handle):
    """Tells whether a handle only wakes the loop up."""
    return getattr(handle._callback, "__name__", "") == "_read_from_self"


def label_of(frame):
    """Finds out what a future is for by the function of asyncio's that makes it."""
    label = None
    while frame is not None and frame.f_code not in BORDERS:
        module = frame.f_globals.get("__name__", "")
        if not module.startswith("asyncio."):
            break
        module = module.removeprefix("asyncio.")
        function = frame.f_code.co_qualname
        known = LABELS.get(function)
        if known is not None and (label is None or function in WAIT_BY_OTHERS):
            label = known
            if known == "sleep":
                label = ("sleep", frame.f_locals.get("delay"))
            elif known == "thread" and "Process" in type(frame.f_locals.get("executor")).__name__:
                label = "process"
        elif label is None and function.rpartition(".")[2] not in ("create_future", "wrap_future", "__init__"):
            label = MODULES.get(module, "socket")
        frame = frame.f_back
    return label or "future"


def outcome(future):
    if future._state == futures._CANCELLED:
        return "cancelled"
    if future._exception is not None:
        return {"exception": said(future._exception)}
    return "result"


def replaces(owner, name):
    """Puts a function in the place of a method, which it finds as its `__wrapped__`."""

    def replace(function):
        original = getattr(owner, name, None)
        if original is not None:
            REPLACED.append((owner, name, original))
            setattr(owner, name, functools.update_wrapper(function, original))
        return function

    return replace


DEFAULT_NAME = re.compile(r"Task-\d+")
LOCK = threading.RLock()
REPLACED = []
# The functions in which a turn or a pass begins: who called them has no part in it.
BORDERS = set()
STEPS = set()


def observe(spill, places):
    """Lets every loop that is made from now on tell what happens on it."""
    loops, future_class, task_class = base_events.BaseEventLoop, futures.Future, tasks.Task

    @replaces(loops, "__init__")
    def init(self, *args, **kwargs):
        init.__wrapped__(self, *args, **kwargs)
        self._recorder = Recorder(self, spill, places)
        try:
            self._recorder.start = self.time()
        except Exception:
            # A clock of its own may not be there yet; then time begins with the first event.
            pass
        self._ready = Ready(self._recorder)

    @replaces(loops, "run_forever")
    def run_forever(self):
        Recorder.newest = recorder_of(self)
        return run_forever.__wrapped__(self)

    @replaces(loops, "run_until_complete")
    def run_until_complete(self, future):
        recorder = recorder_of(self)
        code = getattr(future, "cr_code", None)
        if recorder is None or getattr(code, "co_qualname", None) not in LAST:
            return run_until_complete.__wrapped__(self, future)
        recorder.silent = True
        try:
            return run_until_complete.__wrapped__(self, future)
        finally:
            recorder.silent = False

    @replaces(loops, "_run_once")
    def run_once(self):
        recorder = self._recorder
        recorder.pass_begins()
        run_once.__wrapped__(self)
        recorder.pass_ends()

    @replaces(loops, "call_at")
    def call_at(self, when, callback, *args, context=None):
        handle = call_at.__wrapped__(self, when, callback, *args, context=context)
        self._recorder.timer_set(handle)
        return handle

    @replaces(loops, "call_exception_handler")
    def call_exception_handler(self, context):
        exception = context.get("exception")
        message = str(context.get("message", ""))
        # A callback is named by its address there.
        message = "Exception in callback" if message.startswith("Exception in callback ") else message
        message = message if exception is None else f"{message}: {said(exception)}"
        self._recorder.tell("reported", message=shortened(message))
        return call_exception_handler.__wrapped__(self, context)

    @replaces(events.Handle, "_run")
    def run(self):
        recorder = recorder_of(self._loop)
        turn = None if recorder is None else recorder.begins(self)
        try:
            run.__wrapped__(self)
        finally:
            # As in asyncio, a traceback that is kept must not keep what ran.
            self = None
            if turn is not None:
                recorder.ends(turn)

    @replaces(events.Handle, "cancel")
    def cancel_handle(self):
        recorder = recorder_of(self._loop)
        if recorder is not None and not self._cancelled:
            recorder.cancelled(self)
        return cancel_handle.__wrapped__(self)

    @replaces(future_class, "__init__")
    def init_future(self, *args, **kwargs):
        init_future.__wrapped__(self, *args, **kwargs)
        recorder = recorder_of(self._loop)
        if recorder is not None and not isinstance(self, task_class):
            recorder.promise(self, label_of(sys._getframe(1)))

    @replaces(future_class, "_Future__schedule_callbacks")
    def schedule_callbacks(self):
        recorder = recorder_of(self._loop)
        if recorder is not None and isinstance(self, task_class):
            if self._exception is not None:
                # The future has kept the whole traceback, whose frames would keep the task.
                self._exception_tb = self._exception.__traceback__ = program_only(self._exception.__traceback__)
            recorder.tell("task_done", task=recorder.task(self), outcome=outcome(self))
        elif recorder is not None:
            recorder.tell_here("promise_done", promise=recorder.promise(self), outcome=outcome(self))
        return schedule_callbacks.__wrapped__(self)

    @replaces(future_class, "add_done_callback")
    def add_done_callback(self, callback, *, context=None):
        if getattr(callback, "__func__", None) in STEPS:
            task = callback.__self__
            recorder = recorder_of(task._loop)
            if recorder is not None and recorder_of(self._loop) is recorder:
                on = {"promise": recorder.promise(self)}
                if isinstance(self, task_class):
                    on = {"task": recorder.task(self)}
                recorder.tell("awaits", recorder.places.of_coroutine(task._coro), task=recorder.task(task), on=on)
        return add_done_callback.__wrapped__(self, callback, context=context)

    @replaces(task_class, "cancel")
    def cancel_task(self, msg=None):
        recorder = recorder_of(self._loop)
        if recorder is not None and not self.done():
            message = None if msg is None else shortened(msg)
            recorder.tell_here("cancel_requested", task=recorder.task(self), message=message)
            self._asked = True
        return cancel_task.__wrapped__(self, msg)

    @replaces(task_class, "set_name")
    def set_name(self, value):
        set_name.__wrapped__(self, value)
        recorder = recorder_of(self._loop)
        if recorder is not None and hasattr(self, "_recorded"):
            recorder.tell("task_named", task=self._recorded, name=recorder.name(self))

    @replaces(task_class, "_Task__step")
    def step(self, exc=None):
        recorder = recorder_of(self._loop)
        arrives = self._must_cancel or isinstance(exc, exceptions.CancelledError)
        # A body that has not begun never sees it.
        if recorder is not None and arrives and getattr(self, "_asked", False) and has_begun(self._coro):
            self._asked = False
            recorder.tell("cancel_delivered", task=recorder.task(self))
        try:
            step.__wrapped__(self, exc)
        finally:
            self = exc = None

    @replaces(task_class, "_Task__eager_start")
    def eager_start(self):
        recorder = recorder_of(self._loop)
        if recorder is None:
            return eager_start.__wrapped__(self)
        turn = recorder.begins_step(self)
        try:
            eager_start.__wrapped__(self)
        finally:
            self = None
            recorder.ends(turn)

    @replaces(queues.Queue, "put_nowait")
    def put_nowait(self, item):
        if not self.full() and not getattr(self, "_is_shutdown", False):
            tell_queue(self, "queue_put", self.qsize() + 1)
        return put_nowait.__wrapped__(self, item)

    @replaces(queues.Queue, "get_nowait")
    def get_nowait(self):
        if not self.empty():
            tell_queue(self, "queue_get", self.qsize() - 1)
        return get_nowait.__wrapped__(self)

    def tell_queue(queue, what, length):
        recorder = recorder_of(events._get_running_loop())
        if recorder is not None:
            recorder.tell_here(what, queue=recorder.queue(queue), len=length)

    @replaces(builtins, "print")
    def print(*args, sep=None, end=None, file=None, flush=False):
        if file is not None and file is not sys.stdout:
            return print.__wrapped__(*args, sep=sep, end=end, file=file, flush=flush)
        # Asked once, because a text that is asked for may change something.
        text = (" " if sep is None else sep).join(map(str, args))
        print.__wrapped__(text, end=end, file=file, flush=flush)
        recorder = recorder_of(events._get_running_loop())
        # Another thread prints for the loop that runs.
        if recorder is None and Recorder.newest is not None and Recorder.newest.loop.is_running():
            recorder = Recorder.newest
        if recorder is not None and (text or end is None):
            recorder.tell_here("note", text=shortened(text))

    BORDERS.update([run.__code__, run_once.__code__])
    STEPS.update([step, task_class._Task__wakeup])
    if hasattr(os, "register_at_fork"):
        # Another process of the program is not recorded.
        os.register_at_fork(after_in_child=spill.close)


def program_only(traceback):
    """Leaves out of a traceback what the program would not see without being recorded: this file, and the Python halves."""
    while traceback is not None and is_inner(traceback.tb_frame.f_code):
        traceback = traceback.tb_next
    if traceback is not None:
        traceback.tb_next = program_only(traceback.tb_next)
    return traceback


def is_inner(code):
    if code.co_filename in (futures.__file__, tasks.__file__):
        return code.co_qualname.startswith(("Task._Task__", "Task.__", "Future."))
    return code.co_filename == __file__


def clean(exception, seen):
    """Leaves the inner frames out of all that an exception tells."""
    if exception is None or id(exception) in seen:
        return
    seen.add(id(exception))
    exception.__traceback__ = program_only(exception.__traceback__)
    for other in (exception.__cause__, exception.__context__, *getattr(exception, "exceptions", ())):
        clean(other, seen)


def excepthook(kind, exception, traceback):
    clean(exception, set())
    sys.__excepthook__(kind, exception, exception.__traceback__)


def begin(shown, file):
    """Begins the record that the environment asks for, of the program in this file, which events call `shown`."""
    wish = os.environ.pop(VARIABLE, None)
    if wish is None:
        return
    most_events, most_bytes, record = wish.split(" ", 2)
    try:
        spill = Spill(record, int(most_events), int(most_bytes))
    except FileExistsError:
        return
    observe(spill, Places(file, shown))


def run(shown, arguments):
    """Runs a program as Python would."""
    file = os.path.abspath(shown)
    begin(shown, file)
    with open(file, "rb") as text:
        code = compile(text.read(), file, "exec")
    sys.argv = [shown, *arguments]
    sys.path[0] = os.path.dirname(file)
    main = types.ModuleType("__main__")
    main.__file__ = file
    main.__builtins__ = builtins
    sys.modules["__main__"] = main
    exec(code, main.__dict__)


if __name__ == "__main__":
    sys.excepthook = excepthook
    # Where asyncio calls itself, it takes three times as many functions as it would otherwise.
    sys.setrecursionlimit(3 * sys.getrecursionlimit())
    run(sys.argv[1], sys.argv[2:])
