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
WHENS = [asyncio.ALL_COMPLETED, asyncio.FIRST_COMPLETED, asyncio.FIRST_EXCEPTION]
MAIN = 0

# What nobody looks at is reported when the garbage collector comes, which is no part of a trace.
logging.getLogger("asyncio").setLevel(logging.CRITICAL + 1)


class Stalled(Exception):
    """Nothing is ready, no timer is set: the loop would wait for ever."""


class Failed(Exception):
    pass


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
    if timeout <= 0:
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


def seconds(microseconds):
    return None if microseconds is None else microseconds / 1e6


def kind(error):
    match error:
        case asyncio.CancelledError():
            return "cancelled"
        case TimeoutError():
            return "timeout"
        case Failed():
            return f"fail {error}"
        case BaseExceptionGroup():
            return f"group({', '.join(map(kind, error.exceptions))})"
        case _:
            raise error


def outcome(task):
    if task.cancelled():
        return "cancelled"
    error = task.exception()
    return task.result() if error is None else kind(error)


def listed(items):
    return f"[{', '.join(map(str, items))}]"


def lower(truth):
    return "true" if truth else "false"


class World:
    def __init__(self, loop):
        self.loop = loop
        self.tasks = []
        self.queues = [asyncio.Queue(maxsize) for maxsize in QUEUES]
        self.locks = [asyncio.Lock() for _ in range(LOCKS)]
        self.semaphores = [asyncio.Semaphore(permits) for permits in SEMAPHORES]
        self.events = [asyncio.Event() for _ in range(EVENTS)]
        self.barriers = [asyncio.Barrier(parties) for parties in BARRIERS]
        self.promises = [loop.create_future() for _ in range(PROMISES)]

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
        return self.tasks[me + 1 + pick % later] if later else None

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

    def callback(self, name, body):
        def call(*_):
            for op in body:
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
        put = not self.queues[queue].full()
        if put:
            self.queues[queue].put_nowait(item)
        self.say(who, f"put_nowait {item} {lower(put)}")

    def get_nowait(self, who, queue):
        try:
            self.say(who, f"get_nowait {self.queues[queue].get_nowait()}")
        except asyncio.QueueEmpty:
            self.say(who, "get_nowait empty")

    def task_done(self, who, queue):
        try:
            self.queues[queue].task_done()
            self.say(who, "task_done true")
        except ValueError:
            self.say(who, "task_done false")

    def cancel(self, who, pick):
        number = pick % len(self.tasks)
        accepted = self.tasks[number].cancel()
        self.say(who, f"cancel T{number} {lower(accepted)}")

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

    def cancel_promise(self, who, promise):
        accepted = self.promises[promise].cancel()
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

    async def spawn(self, me, body):
        number = len(self.tasks)
        self.tasks.append(asyncio.create_task(self.body_of_task(number, body)))
        self.say(f"T{me}", f"spawn T{number}")

    async def await_(self, me, pick):
        if task := self.later_task(me, pick):
            self.say(f"T{me}", f"awaited {await task}")

    async def gather(self, me, picks, return_exceptions):
        tasks = self.later_tasks(me, picks)
        results = await asyncio.gather(*tasks, return_exceptions=return_exceptions)
        results = [kind(result) if isinstance(result, BaseException) else result for result in results]
        self.say(f"T{me}", f"gathered {listed(results)}")

    async def wait(self, me, picks, limit, when):
        if tasks := self.later_tasks(me, picks):
            both = await asyncio.wait(tasks, timeout=seconds(limit), return_when=WHENS[when])
            done, pending = (listed(sorted(map(self.tasks.index, tasks))) for tasks in both)
            self.say(f"T{me}", f"waited {done} {pending}")

    async def wait_for(self, me, pick, limit):
        if task := self.later_task(me, pick):
            self.say(f"T{me}", f"waited for {await wait_for(task, seconds(limit))}")

    async def timeout(self, me, limit, body):
        async with asyncio.timeout(seconds(limit)):
            await self.run(me, body)
        self.say(f"T{me}", "in time")

    async def shield(self, me, pick):
        if task := self.later_task(me, pick):
            self.say(f"T{me}", f"shielded {await asyncio.shield(task)}")

    async def group(self, me, children, body):
        group = asyncio.TaskGroup()
        group._tasks = InOrder()
        async with group:
            for child in children:
                number = len(self.tasks)
                self.tasks.append(group.create_task(self.body_of_task(number, child)))
            await self.run(me, body)
        self.say(f"T{me}", "grouped")

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

    async def soon(self, me, body):
        self.loop.call_soon(self.callback("soon", body))

    async def later(self, me, delay, body):
        self.loop.call_later(seconds(delay), self.callback("later", body))

    async def on_done(self, me, pick, body):
        self.tasks[pick % len(self.tasks)].add_done_callback(self.callback("done", body))

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
    "put_nowait", "get_nowait", "task_done", "cancel", "release",
    "set_event", "clear_event", "set_promise", "cancel_promise",
}


def main():
    worlds = []
    for line in sys.stdin:
        leave_other_loops()
        loop = StallingLoop()
        asyncio.set_event_loop(loop)
        world = World(loop)
        worlds.append(world)
        body = json.loads(line)
        world.tasks.append(loop.create_task(world.body_of_task(MAIN, body)))
        try:
            loop.run_forever()
        except Stalled:
            pass
        world.say_how_it_ended()
        print("==")
        loop.close()
    sys.stdout.flush()
    # Without this the garbage collector would run the rest of the bodies that are pending. Pyodide ends without it.
    if HAS_SOCKETS:
        os._exit(0)


main()
