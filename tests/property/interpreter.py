"""Runs the programs of the property test on CPython; the twin of interpreter.rs.

Reads one program per line, as JSON. Answers each with the lines that it says, and a line "==" at its end.
"""

import asyncio
import json
import logging
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../python"))

from virtual_loop import HAS_SOCKETS, VirtualLoop, leave_other_loops

QUEUES, LOCKS, SEMAPHORES, EVENTS, BARRIERS, PROMISES = json.loads(sys.argv[1])
KINDS = [asyncio.Queue, asyncio.LifoQueue, asyncio.PriorityQueue]
WHENS = [asyncio.ALL_COMPLETED, asyncio.FIRST_COMPLETED, asyncio.FIRST_EXCEPTION]
MAIN = 0

# What nobody looks at is reported when the garbage collector comes, which is no part of a trace.
logging.getLogger("asyncio").setLevel(logging.CRITICAL + 1)


class Stalled(Exception):
    """Nothing is ready, no timer is set: the loop would wait for ever."""


class Failed(Exception):
    pass


# Before 3.13 there is none, and nobody shuts a queue down.
QueueShutDown = getattr(asyncio, "QueueShutDown", type("QueueShutDown", (Exception,), {}))


class StallingLoop(VirtualLoop):
    def wait_for_ever(self, _):
        raise Stalled


class InOrder(dict):
    """Keeps the tasks of a group in order: the set that CPython keeps them in promises none."""

    def add(self, item):
        self[item] = True

    def discard(self, item):
        self.pop(item, None)


async def wait_for_of_3_12(future, timeout):
    """Awaits as wait_for does from 3.12 on; before, it used another task's wake-up and could lose a cancellation."""
    if timeout is not None and timeout <= 0:
        future = asyncio.ensure_future(future)
        if future.done():
            return future.result()
        future.cancel()
        await asyncio.wait([future])
        try:
            return future.result()
        except asyncio.CancelledError:
            raise TimeoutError
    async with asyncio.timeout(timeout):
        return await future


wait_for = asyncio.wait_for if sys.version_info >= (3, 12) else wait_for_of_3_12


def all_tasks_in_order(loop):
    """Gives a list, oldest first: asyncio.run cancels what is left in the order of a set, which promises none."""
    return sorted(all_tasks(loop), key=lambda task: int(task.get_name().removeprefix("Task-")))


all_tasks = asyncio.tasks.all_tasks
asyncio.tasks.all_tasks = all_tasks_in_order


def seconds(microseconds):
    return None if microseconds is None else microseconds / 1e6


def kind(error):
    match error:
        case asyncio.CancelledError():
            # A gather turns no message into an empty one.
            return " ".join(["cancelled", *filter(None, error.args)])
        case TimeoutError():
            return "timeout"
        case Failed():
            return f"fail {error}"
        case BaseExceptionGroup():
            return f"group({', '.join(map(kind, error.exceptions))})"
        case Stalled():
            return "stalled"
        case RuntimeError() if str(error) == "Event loop stopped before Future completed.":
            return "stopped"
        case QueueShutDown():
            return "shut down"
        case _:
            raise error


def outcome(future):
    if future.cancelled():
        return "cancelled"
    error = future.exception()
    return shown(future.result() if error is None else error)


def shown(value):
    match value:
        case BaseException():
            return kind(value)
        case list():
            return listed(map(shown, value))
        case _:
            return str(value)


def listed(items):
    return f"[{', '.join(map(str, items))}]"


def lower(truth):
    return "true" if truth else "false"


def picked(items, pick):
    """Gives a number and what has it, if there is anything."""
    return (pick % len(items), items[pick % len(items)]) if items else None


class World:
    def __init__(self, loop, each_once):
        self.loop = loop
        # The tasks that somebody has awaited, if each may be awaited once at most.
        self.awaited = set() if each_once else None
        self.tasks = []
        # Kept from the garbage collector.
        self.parts = []
        self.queues = [KINDS[kind](maxsize) for kind, maxsize in QUEUES]
        self.locks = [asyncio.Lock() for _ in range(LOCKS)]
        self.conditions = [asyncio.Condition(lock) for lock in self.locks]
        self.notified = [0] * LOCKS
        self.semaphores = [asyncio.Semaphore(permits) for permits in SEMAPHORES]
        self.events = [asyncio.Event() for _ in range(EVENTS)]
        self.barriers = [asyncio.Barrier(parties) for parties in BARRIERS]
        self.promises = [loop.create_future() for _ in range(PROMISES)]
        # Kept gathers, each with the number of its oldest task; those of tasks that give a list of values; and what is kept else.
        self.gathers = []
        self.gathers_of_values = []
        self.groups = []
        self.limits = []
        self.handles = []
        self.callbacks = []
        loop.set_exception_handler(self.report)

    def report(self, _, context):
        message, error = context["message"], context.get("exception")
        if message.startswith("Exception in callback"):
            self.say("loop", f"callback failed: {kind(error)}")
        elif message.endswith("exception in shielded future"):
            self.say("loop", f"shielded failed: {kind(error)}")
        elif message.startswith("unhandled exception during"):
            self.say("loop", f"failed at the end: {kind(error)}")

    def run_until_stalled(self, body):
        self.tasks.append(self.loop.create_task(self.body_of_task(MAIN, body)))
        while True:
            try:
                self.loop.run_forever()
            except Stalled:
                return
            self.say("loop", "stopped")

    def run_to_its_end(self, body):
        runner = asyncio.Runner(loop_factory=lambda: self.loop)
        try:
            result = runner.run(self.main_task(body))
        except BaseException as error:
            result = error
        try:
            runner.close()
        except Stalled:
            pass
        except RuntimeError as error:
            result = error
        self.say("end", f"run {shown(result)}")
        # The loop is closed, so nobody may be woken.
        for queue in self.queues:
            queue._putters.clear()

    async def main_task(self, body):
        self.tasks.append(asyncio.create_task(self.body_of_task(MAIN, body)))
        return await self.tasks[MAIN]

    def say(self, who, what):
        print(round(self.loop.time() * 1e6), who, what)

    def say_how_it_ended(self):
        for number, task in enumerate(self.tasks):
            self.say("end", f"T{number} {outcome(task) if task.done() else 'pending'}")
        for number, queue in enumerate(self.queues):
            left = []
            while not queue.empty():
                left.append(queue.get_nowait())
            self.say("end", f"queue {number} {left}")

    def later_task(self, me, pick):
        later = len(self.tasks) - me - 1
        if not later:
            return None
        number = me + 1 + pick % later
        if self.awaited is not None:
            if number in self.awaited:
                return None
            self.awaited.add(number)
        return self.tasks[number]

    def later_tasks(self, me, picks):
        return [task for pick in picks if (task := self.later_task(me, pick))]

    async def body_of_task(self, me, body):
        try:
            await self.run(me, body)
        except BaseException as error:
            self.say(f"T{me}", f"ends: {kind(error)}")
            raise
        self.say(f"T{me}", f"ends: {me}")
        return me

    async def part(self, me, body):
        """Is what is no task yet: a body that runs for task `me`."""
        self.parts.append(asyncio.current_task())
        await self.run(me, body)
        return me

    def callback(self, name, body):
        def call(*_):
            for op in body:
                if op[0] == "fail":
                    raise Failed(op[1])
                getattr(self, op[0])(name, *op[1:])

        return call

    async def run(self, me, body):
        for name, *arguments in body:
            if name in QUICK:
                getattr(self, name)(f"T{me}", *arguments)
            else:
                await getattr(self, name)(me, *arguments)

    # Steps that neither suspend nor fail.

    def put_nowait(self, who, queue, item):
        try:
            self.queues[queue].put_nowait(item)
            self.say(who, f"put_nowait {item}")
        except asyncio.QueueFull:
            self.say(who, f"put_nowait {item} full")
        except QueueShutDown:
            self.say(who, f"put_nowait {item} shut down")

    def get_nowait(self, who, queue):
        try:
            self.say(who, f"get_nowait {self.queues[queue].get_nowait()}")
        except asyncio.QueueEmpty:
            self.say(who, "get_nowait empty")
        except QueueShutDown:
            self.say(who, "get_nowait shut down")

    def task_done(self, who, queue):
        try:
            self.queues[queue].task_done()
            self.say(who, "task_done true")
        except ValueError:
            self.say(who, "task_done false")

    def shut_down(self, who, queue, immediate):
        self.queues[queue].shutdown(immediate)
        self.say(who, f"shut_down {queue}")

    def cancel(self, who, pick):
        number = pick % len(self.tasks)
        accepted = self.tasks[number].cancel()
        self.say(who, f"cancel T{number} {lower(accepted)}")

    def cancel_saying(self, who, pick, message):
        number = pick % len(self.tasks)
        accepted = self.tasks[number].cancel(f"m{message}")
        self.say(who, f"cancel_saying T{number} m{message} {lower(accepted)}")

    def cancelling(self, who, pick):
        number = pick % len(self.tasks)
        self.say(who, f"cancelling T{number} {self.tasks[number].cancelling()}")

    def uncancel(self, who, pick):
        number = pick % len(self.tasks)
        self.say(who, f"uncancel T{number} {self.tasks[number].uncancel()}")

    def cancel_gather(self, who, pick):
        if found := picked(self.gathers, pick):
            number, (_, gather) = found
            self.say(who, f"cancel_gather G{number} {lower(gather.cancel())}")

    def ask_gather(self, who, pick):
        if found := picked(self.gathers, pick):
            number, (_, gather) = found
            state = outcome(gather) if gather.done() else "pending"
            self.say(who, f"ask_gather G{number} {lower(gather.cancelled())} {state}")

    def reschedule(self, who, pick, limit):
        if found := picked(self.limits, pick):
            number, timeout = found
            going_on = not timeout.expired()
            if going_on:
                timeout.reschedule(None if limit is None else self.loop.time() + seconds(limit))
            self.say(who, f"reschedule {number} {lower(going_on)}")

    def cancel_handle(self, who, pick):
        if found := picked(self.handles, pick):
            number, handle = found
            handle.cancel()
            self.say(who, f"cancel_handle {number}")

    def remove_callback(self, who, pick):
        if found := picked(self.callbacks, pick):
            number, (task, callback) = found
            removed = task.remove_done_callback(callback)
            self.say(who, f"remove_callback {number} {lower(removed)}")

    def spawn(self, who, body):
        number = len(self.tasks)
        self.tasks.append(asyncio.create_task(self.body_of_task(number, body)))
        self.say(who, f"spawn T{number}")

    def group_task(self, who, pick, body):
        if found := picked(self.groups, pick):
            number = len(self.tasks)
            coroutine = self.body_of_task(number, body)
            try:
                self.tasks.append(found[1].create_task(coroutine))
                self.say(who, f"group_task T{number}")
            except RuntimeError as error:
                coroutine.close()
                finished = str(error).endswith("is finished")
                self.say(who, f"group_task {'finished' if finished else 'shutting down'}")

    def soon(self, who, body):
        self.handles.append(self.loop.call_soon(self.callback("soon", body)))

    def later(self, who, delay, body):
        self.handles.append(self.loop.call_later(seconds(delay), self.callback("later", body)))

    def on_done(self, who, pick, body):
        task, callback = self.tasks[pick % len(self.tasks)], self.callback("done", body)
        task.add_done_callback(callback)
        self.callbacks.append((task, callback))

    def stop(self, who):
        self.loop.stop()
        self.say(who, "stop")

    def release(self, who, number):
        self.semaphores[number].release()
        self.say(who, f"release {number}")

    def set_event(self, who, event):
        self.events[event].set()
        self.say(who, f"set_event {event}")

    def clear_event(self, who, event):
        self.events[event].clear()
        self.say(who, f"clear_event {event}")

    def set_promise(self, who, promise, value):
        pending = not self.promises[promise].done()
        if pending:
            self.promises[promise].set_result(value)
        self.say(who, f"set_promise {promise} {value} {lower(pending)}")

    def fail_promise(self, who, promise, number):
        pending = not self.promises[promise].done()
        if pending:
            self.promises[promise].set_exception(Failed(number))
        self.say(who, f"fail_promise {promise} {number} {lower(pending)}")

    def new_promise(self, who, promise):
        self.promises[promise] = self.loop.create_future()
        self.say(who, f"new_promise {promise}")

    def cancel_promise(self, who, promise, message):
        accepted = self.promises[promise].cancel(None if message is None else f"m{message}")
        self.say(who, f"cancel_promise {promise} {lower(accepted)}")

    # Steps that may suspend or fail.

    async def sleep(self, me, duration):
        await asyncio.sleep(seconds(duration))
        self.say(f"T{me}", "slept")

    async def put(self, me, queue, item):
        await self.queues[queue].put(item)
        self.say(f"T{me}", f"put {item}")

    async def get(self, me, queue):
        self.say(f"T{me}", f"get {await self.queues[queue].get()}")

    async def join(self, me, queue):
        await self.queues[queue].join()
        self.say(f"T{me}", "joined")

    async def await_(self, me, pick):
        if task := self.later_task(me, pick):
            self.say(f"T{me}", f"awaited {await task}")

    async def gather(self, me, picks, return_exceptions):
        tasks = self.later_tasks(me, picks)
        results = await asyncio.gather(*tasks, return_exceptions=return_exceptions)
        self.say(f"T{me}", f"gathered {shown(results)}")

    async def keep_gather(self, me, picks, return_exceptions):
        tasks = self.later_tasks(me, picks)
        oldest = min(map(self.tasks.index, tasks), default=len(self.tasks))
        kept = oldest, asyncio.gather(*tasks, return_exceptions=return_exceptions)
        self.say(f"T{me}", f"keep_gather G{len(self.gathers)}")
        self.gathers.append(kept)
        if not return_exceptions:
            self.gathers_of_values.append(kept)

    async def gather_gathers(self, me, picks, return_exceptions):
        found = [picked(self.gathers_of_values, pick) for pick in picks if self.gathers_of_values]
        oldest = min((oldest for _, (oldest, _) in found), default=len(self.tasks))
        gathers = [gather for _, (_, gather) in found]
        kept = oldest, asyncio.gather(*gathers, return_exceptions=return_exceptions)
        self.say(f"T{me}", f"gather_gathers G{len(self.gathers)}")
        self.gathers.append(kept)

    async def await_gather(self, me, pick):
        later = [gather for oldest, gather in self.gathers if oldest > me]
        if found := picked(later, pick):
            self.say(f"T{me}", f"awaited gather {shown(await found[1])}")

    async def wait(self, me, picks, limit, when):
        if tasks := self.later_tasks(me, picks):
            both = await asyncio.wait(tasks, timeout=seconds(limit), return_when=WHENS[when])
            done, pending = (listed(sorted(map(self.tasks.index, tasks))) for tasks in both)
            self.say(f"T{me}", f"waited {done} {pending}")

    async def as_completed(self, me, picks, body, limit):
        # What is done already completes in the order of a set, so there is one of that kind at most.
        awaitables = []
        for task in self.later_tasks(me, picks):
            if not task.done() or not any(other.done() for other in awaitables):
                awaitables.append(task)
        if body is not None:
            awaitables.append(self.part(me, body))
        for next_completed in asyncio.as_completed(awaitables, timeout=seconds(limit)):
            try:
                self.say(f"T{me}", f"completed {await next_completed}")
            except Exception as error:
                self.say(f"T{me}", f"completed {kind(error)}")
        self.say(f"T{me}", "all completed")

    async def wait_for(self, me, pick, limit):
        if task := self.later_task(me, pick):
            self.say(f"T{me}", f"waited for {await wait_for(task, seconds(limit))}")

    async def wait_for_body(self, me, body, limit):
        value = await wait_for(self.part(me, body), seconds(limit))
        self.say(f"T{me}", f"waited for body {value}")

    async def timeout(self, me, limit, body):
        async with asyncio.timeout(seconds(limit)) as timeout:
            self.limits.append(timeout)
            try:
                await self.run(me, body)
            finally:
                self.limits.remove(timeout)
        self.say(f"T{me}", "in time")

    async def shield(self, me, pick):
        if task := self.later_task(me, pick):
            self.say(f"T{me}", f"shielded {await asyncio.shield(task)}")

    async def group(self, me, children, body):
        group = asyncio.TaskGroup()
        group._tasks = InOrder()
        async with group:
            self.groups.append(group)
            for child in children:
                number = len(self.tasks)
                self.tasks.append(group.create_task(self.body_of_task(number, child)))
            await self.run(me, body)
        self.say(f"T{me}", "grouped")

    async def wait_condition(self, me, condition):
        async with self.conditions[condition]:
            self.say(f"T{me}", f"condition {condition}")
            await self.conditions[condition].wait()
            self.say(f"T{me}", f"notified {condition}")

    async def wait_until(self, me, condition, count):
        def predicate():
            self.say(f"T{me}", f"predicate {condition} {self.notified[condition]}")
            return self.notified[condition] >= count

        async with self.conditions[condition]:
            await self.conditions[condition].wait_for(predicate)
            self.say(f"T{me}", f"waited until {condition}")

    async def notify(self, me, condition, count, body):
        async with self.conditions[condition]:
            self.notified[condition] += 1
            if count is None:
                self.conditions[condition].notify_all()
            else:
                self.conditions[condition].notify(count)
            self.say(f"T{me}", f"notify {condition}")
            await self.run(me, body)

    async def lock(self, me, lock, body):
        async with self.locks[lock]:
            self.say(f"T{me}", f"lock {lock}")
            await self.run(me, body)

    async def semaphore(self, me, number, body):
        async with self.semaphores[number]:
            self.say(f"T{me}", f"semaphore {number}")
            await self.run(me, body)

    async def wait_event(self, me, event):
        await self.events[event].wait()
        self.say(f"T{me}", f"event {event}")

    async def barrier(self, me, barrier):
        self.say(f"T{me}", f"barrier {barrier} {await self.barriers[barrier].wait()}")

    async def promise(self, me, promise):
        self.say(f"T{me}", f"promise {promise} {await self.promises[promise]}")

    async def shield_promise(self, me, promise):
        value = await asyncio.shield(self.promises[promise])
        self.say(f"T{me}", f"shielded promise {promise} {value}")

    async def catch(self, me, body):
        try:
            await self.run(me, body)
        except BaseException as error:
            self.say(f"T{me}", f"caught {kind(error)}")

    async def finally_(self, me, body, last):
        try:
            await self.run(me, body)
        finally:
            self.say(f"T{me}", "finally")
            await self.run(me, last)

    async def fail(self, me, number):
        raise Failed(number)


QUICK = {
    "put_nowait", "get_nowait", "task_done", "shut_down", "cancel", "cancel_saying", "cancelling", "uncancel",
    "cancel_gather", "ask_gather", "reschedule", "cancel_handle", "remove_callback", "spawn", "group_task", "soon", "later",
    "on_done", "stop", "release", "set_event", "clear_event", "set_promise", "fail_promise", "new_promise", "cancel_promise",
}


def main():
    worlds = []
    for line in sys.stdin:
        leave_other_loops()
        loop = StallingLoop()
        asyncio.set_event_loop(loop)
        to_its_end, each_once, body = json.loads(line)
        world = World(loop, each_once)
        worlds.append(world)
        if to_its_end:
            world.run_to_its_end(body)
        else:
            world.run_until_stalled(body)
        world.say_how_it_ended()
        print("==")
        loop.close()
    sys.stdout.flush()
    # Without this the garbage collector would run the rest of the bodies that are pending. Pyodide ends without it.
    if HAS_SOCKETS:
        os._exit(0)


main()
