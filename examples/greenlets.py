"""The Python twin of greenlets.rs: it prints the same lines.

Run it with `python3 examples/greenlets.py`; add `--help` for its parts, and `memory` for its figures.
It needs the packages greenlet and gevent.
"""

import asyncio
import queue
import sys
import threading
import time

import gevent
import gevent.event
import gevent.monkey
import greenlet

from support import run, run_main


def truth(value):
    return str(value).lower()


# ANCHOR: consumer
def consumer():
    answer = ""
    try:
        while True:
            item = yield answer
            print(f"consuming {item}")
            answer = "200 OK"
    finally:
        print("consumer closed")


def produce():
    shop = consumer()
    shop.send(None)
    for item in range(1, 6):
        print(f"producing {item}")
        answer = shop.send(item)
        print(f"answered: {answer}")
    shop.close()
# ANCHOR_END: consumer


def outer():
    yield 1
    yield from inner()
    yield 3


def inner():
    yield 2
    yield 4


def delegate():
    for number in outer():
        print(number)


def switch():
    def first():
        print("1")
        second.switch()
        print("3")
        second.switch()

    def second():
        print("2")
        first.switch()
        print("4")

    first, second = greenlet.greenlet(first), greenlet.greenlet(second)
    first.switch()


async def workers():
    for about, gives_way in [("keep the thread", False), ("give way", True)]:
        trace = []
        gevent.joinall([gevent.spawn(green_worker, name, gives_way, trace) for name in "abc"])
        print(f"{about}: {' '.join(trace)}")

        tasks = []
        await asyncio.gather(*(worker(name, gives_way, tasks) for name in "abc"))
        print(f"tasks do the same: {truth(tasks == trace)}")


def green_worker(name, gives_way, trace):
    for step in [1, 2]:
        trace.append(f"{name}{step}")
        if gives_way:
            gevent.sleep(0)


async def worker(name, gives_way, trace):
    """The worker without a stack: the wait inside makes the function `async`, and all that call it."""
    for step in [1, 2]:
        trace.append(f"{name}{step}")
        if gives_way:
            await asyncio.sleep(0)


def jobs(go):
    """A job that succeeds, one that fails, and one that fails after `go` is set."""

    def bad():
        raise RuntimeError("spilled")

    def late():
        go.wait()
        raise RuntimeError("burnt")

    return [gevent.spawn(job) for job in [lambda: 6, bad, late]]


def tell(name, job):
    if not job.ready():
        print(f"{name}: not ready")
    elif not job.successful():
        print(f"{name}: failed: {job.exception}")
    else:
        print(f"{name}: successful: {job.value}")


def joinall_twice():
    # The hub writes the traceback of every job that fails; this example tells of them itself.
    gevent.get_hub().print_exception = lambda *arguments: None
    go = gevent.event.Event()
    limited = jobs(go)
    gevent.joinall(limited, timeout=0.02)
    for name, job in zip(["good", "bad", "late"], limited):
        tell(name, job)
    go.set()
    gevent.joinall(limited)
    tell("late", limited[2])

    go.clear()
    raising = jobs(go)
    try:
        gevent.joinall(raising, raise_error=True)
        print("all is well")
    except RuntimeError as error:
        print(f"raised: {error}")
    tell("late", raising[2])
    go.set()
    gevent.joinall(raising)
    tell("late", raising[2])


def library(name, trace):
    """A library that knows nothing of loops."""
    trace.append(f"{name} begins")
    time.sleep(0.001)
    trace.append(f"{name} ends")


def patch():
    trace = []
    gevent.joinall([gevent.spawn(library, name, trace) for name in "ab"])
    print(f"blocking: {', '.join(trace)}")

    gevent.monkey.patch_time()
    trace = []
    gevent.joinall([gevent.spawn(library, name, trace) for name in "ab"])
    print(f"patched: {', '.join(trace)}")
    time.sleep = gevent.monkey.get_original("time", "sleep")


def answers(loop, limit):
    """Tells, from another thread, whether the loop runs a callback within the limit."""
    answered = threading.Event()
    loop.call_soon_threadsafe(answered.set)
    return answered.wait(limit)


async def watchdog():
    loop = asyncio.get_running_loop()
    idle = await asyncio.to_thread(answers, loop, 5)
    print(f"the idle loop answers: {truth(idle)}")

    barks = queue.SimpleQueue()

    def watch():
        blocked = answers(loop, 0.02)
        barks.put(None)
        return blocked

    dog = loop.run_in_executor(None, watch)
    # A blocking call in a task: the loop stands still until the watchdog has given up.
    barks.get()
    print(f"the blocked loop answers: {truth(await dog)}")


NUMBER = 10_000


def resident():
    """Gives the bytes of this process that are in memory."""
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024


def each(make):
    """Gives what `make` made NUMBER times, and the bytes that one takes."""
    before = resident()
    made = [make() for _ in range(NUMBER)]
    return made, (resident() - before) // NUMBER


async def measure_memory():
    """Measures all three; what was measured first stays in memory, so that nothing is used twice."""
    here = greenlet.getcurrent()

    def wait_here():
        here.switch()

    def suspended():
        stack = greenlet.greenlet(wait_here)
        stack.switch()
        return stack

    def green_task():
        task = gevent.spawn(never_green.wait)
        gevent.sleep(0)
        return task

    async def wait():
        await never

    never = asyncio.get_running_loop().create_future()
    never_green = gevent.event.Event()
    stacks, stack = each(suspended)
    green_tasks, green = each(green_task)
    before = resident()
    tasks = [asyncio.create_task(wait()) for _ in range(NUMBER)]
    await asyncio.sleep(0)
    task = (resident() - before) // NUMBER

    never.set_result(None)
    never_green.set()
    await asyncio.wait(tasks)
    gevent.joinall(green_tasks)
    for waiting in stacks:
        waiting.switch()
    return stack, green, task


async def memory():
    try:
        stack, green, task = await measure_memory()
    except FileNotFoundError:
        print("this system does not say how much memory they take")
        return
    print(f"a coroutine with a stack takes more memory than a task: {truth(min(stack, green) > task)}")
    if "memory" in sys.argv:
        for name, size in [("greenlet", stack), ("greenlet, gevent", green), ("task, asyncio", task)]:
            print(f"{name:<42}{size:>7} bytes")


def plain(function):
    return lambda loop: function()


def main(function):
    return lambda loop: run_main(loop, function())


run(
    "Generators, greenlets and gevent: functions that stop in the middle.",
    [
        ("producer", "a consumer that answers every item by yield", plain(produce)),
        ("delegate", "a generator that hands over to another", plain(delegate)),
        ("switch", "two functions that switch by hand", plain(switch)),
        ("workers", "three workers that keep the thread, and three that give way", main(workers)),
        ("joinall", "a limit of time, a failure, and a late one", plain(joinall_twice)),
        ("patch", "a library that blocks, and the same library patched", plain(patch)),
        ("watchdog", "another thread asks whether the loop answers", main(watchdog)),
        ("memory", "10,000 coroutines with a stack, and 10,000 tasks", main(memory)),
    ],
)
