"""The Python twin of event_loop.rs: it prints the same lines.

Run it with `python3 examples/event_loop.py`; add `--help` for its parts and for real time.
"""

import asyncio
import logging
import queue
import threading
import time
from functools import partial

from support import run, seconds
from virtual_clock import VirtualClockLoop


def truth(value):
    return str(value).lower()


def text(error):
    """Writes an error as the Rust library does: in lower case, without a full stop."""
    message = str(error).rstrip(".")
    return message[0].lower() + message[1:]


def soon(loop):
    for name in ["first", "second", "third"]:
        loop.call_soon(print, name)
    handle = loop.call_soon(print, "never printed")
    handle.cancel()
    loop.call_soon(loop.stop)
    print(f"scheduled; cancelled: {truth(handle.cancelled())}")
    loop.run_forever()
    print("returned")


def timers(loop):
    start = loop.time()

    def show(name):
        print(f"{name} after {seconds(loop.time() - start)}")

    loop.call_later(3, show, "call_later 3")
    loop.call_at(start + 1, show, "call_at 1")
    loop.call_later(2, show, "call_later 2")
    handle = loop.call_later(2, show, "never printed")
    handle.cancel()
    loop.call_later(4, loop.stop)
    loop.run_forever()
    print(f"cancelled: {truth(handle.cancelled())}")


def pour(tea, *, cups):
    print(f"pour {cups} cups of {tea} tea")


def arguments(loop):
    callback = partial(pour, "green", cups=2)
    print(f"scheduled with {callback.args[0]}, {callback.keywords['cups']}")
    loop.call_soon(callback)
    loop.call_soon(loop.stop)
    loop.run_forever()


def complete(loop):
    here, start = threading.get_ident(), loop.time()

    async def sleeper():
        await asyncio.sleep(2)
        print("the other task ends")

    async def main():
        await asyncio.sleep(1)
        return 42, threading.get_ident()

    other = loop.create_task(sleeper())
    value, there = loop.run_until_complete(main())
    print(f"value {value} after {seconds(loop.time() - start)}")
    print(f"same thread: {truth(here == there)}")
    print(f"other task done: {truth(other.done())}")
    loop.run_until_complete(other)
    print(f"other task done: {truth(other.done())}")


def stop_after_the_pass(loop):
    def second():
        print("second stops the loop")
        loop.stop()
        loop.call_soon(print, "scheduled after stop")

    loop.call_soon(print, "first")
    loop.call_soon(second)
    loop.call_soon(print, "third")
    loop.run_forever()
    print("returned")
    loop.stop()
    loop.run_forever()
    print("returned after one pass")


async def countdown(name, start):
    for number in range(start, 0, -1):
        print(name, number)
        await asyncio.sleep(1)


def forever(loop):
    async def solo():
        await countdown("solo", 2)
        asyncio.get_running_loop().stop()

    async def several():
        group = asyncio.gather(countdown("a", 2), countdown("b", 1))
        group.add_done_callback(lambda _: loop.stop())

    start = loop.time()
    first = loop.create_task(solo())
    loop.run_forever()
    print(f"stopped after {seconds(loop.time() - start)}")
    second = loop.create_task(several())
    loop.run_forever()
    print(f"stopped after {seconds(loop.time() - start)}")
    assert first.done() and second.done()


def nested(loop):
    async def main():
        print(f"running inside: {truth(loop.is_running())}")
        other = asyncio.new_event_loop()
        for nested in [other, loop]:
            try:
                nested.run_forever()
            except RuntimeError as error:
                print(f"error: {text(error)}")
        other.close()

    print(f"running before: {truth(loop.is_running())}")
    loop.run_until_complete(main())
    print(f"running after: {truth(loop.is_running())}")


def close(loop):
    async def main(run):
        return run

    for number in ["first", "second"]:
        print(f"{loop.run_until_complete(main(number))} run")
    loop.close()
    loop.close()
    print(f"closed: {truth(loop.is_closed())}")
    try:
        loop.run_forever()
    except RuntimeError as error:
        print(f"error: {text(error)}")


def in_a_thread(_):
    loop = asyncio.new_event_loop()

    def background():
        loop.run_forever()
        print("the loop ends")
        loop.close()

    thread = threading.Thread(target=background)
    thread.start()
    here = threading.get_ident()
    allowed = queue.SimpleQueue()

    def first():
        allowed.get()  # The loop stands still here until the other thread has cancelled the second callback.
        print(f"on another thread: {truth(threading.get_ident() != here)}")

    async def add():
        await asyncio.sleep(0.001)
        return 1 + 2

    loop.call_soon_threadsafe(first)
    second = loop.call_soon_threadsafe(print, "never printed")
    second.cancel()
    allowed.put(None)
    print(f"sum: {asyncio.run_coroutine_threadsafe(add(), loop).result()}")
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    try:
        loop.call_soon_threadsafe(print)
    except RuntimeError as error:
        print(f"error: {text(error)}")


IDLE = 0.050


def idle(loop):
    def alarm():
        time.sleep(IDLE)
        loop.call_soon_threadsafe(loop.stop)

    start = time.monotonic()
    thread = threading.Thread(target=alarm)
    thread.start()
    before = time.thread_time()
    loop.run_forever()
    used = time.thread_time() - before
    print(f"idle for 50 ms: {truth(time.monotonic() - start >= IDLE)}")
    print(f"less than 5 ms of CPU: {truth(used < IDLE / 10)}")
    thread.join()


class Warnings(logging.Handler):
    def emit(self, record):
        print("warning: a step took", record.getMessage().rpartition(" took ")[2])


def slow(_):
    loop = VirtualClockLoop()
    loop.set_debug(True)
    logger = logging.getLogger("asyncio")
    logger.addHandler(Warnings())

    async def sleeper():
        await asyncio.sleep(1)
        print(f"the sleeper asked for 1.0 s and wakes after {seconds(loop.time())}")

    async def block():
        loop._now += 3

    tasks = [loop.create_task(sleeper()), loop.create_task(block())]
    loop.run_until_complete(tasks[0])
    loop.close()


run(
    "The event loop: callbacks, timers, running and stopping, threads, idle time.",
    [
        ("soon", "callbacks run first in, first out", soon),
        ("timers", "timers fire by deadline", timers),
        ("arguments", "a callback that can be looked at", arguments),
        ("complete", "run_until_complete gives a value and leaves other tasks alone", complete),
        ("stop", "stop ends the run after the current pass", stop_after_the_pass),
        ("forever", "one coroutine stops its loop, then the completion of several", forever),
        ("nested", "a loop that runs cannot be run", nested),
        ("close", "run again until closed", close),
        ("thread", "a loop in a background thread, fed from outside", in_a_thread),
        ("idle", "an idle loop sleeps in the operating system", idle),
        ("slow", "one slow callback delays everything", slow),
    ],
)
