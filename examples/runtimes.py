"""The Python twin of runtimes.rs: it prints the same lines, of asyncio and uvloop.

Run it with `python3 examples/runtimes.py`; add `--help` for its parts, and `engines` for a line about each engine.
It needs the package uvloop.
"""

import asyncio
import sys
import threading
import time

import uvloop

from support import run

TASKS = 1_000
ENGINES = [("asyncio", asyncio.new_event_loop), ("uvloop", uvloop.new_event_loop)]


def truth(value):
    return str(value).lower()


# ANCHOR: program
async def program(tasks):
    """Adds up the numbers that tasks send, after a sleep of 1 to 10 ms each."""
    queue = asyncio.Queue()

    async def body(number):
        await asyncio.sleep((number % 10 + 1) / 1000)
        queue.put_nowait((number, threading.get_ident()))

    bodies = [asyncio.create_task(body(number)) for number in range(tasks)]
    numbers, total, threads = 0, 0, set()
    while numbers < len(bodies):
        number, thread = await queue.get()
        numbers += 1
        total += number
        threads.add(thread)
    return numbers, total, threads
# ANCHOR_END: program


def run_on(factory, main):
    """Runs a whole program on a loop of another make; this line is all that changes."""
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main)


def every_engine():
    runs = []
    for name, factory in ENGINES:
        start = time.perf_counter()
        numbers, total, threads = run_on(factory, program(TASKS))
        runs.append((name, numbers, total, threads, time.perf_counter() - start))
    wanted = TASKS * (TASKS - 1) // 2
    print(f"every engine adds up to {wanted}: {truth(all(total == wanted for _, _, total, _, _ in runs))}")
    print(f"every task ran once: {truth(all(numbers == TASKS for _, numbers, _, _, _ in runs))}")
    sleeping = sum(number % 10 + 1 for number in range(TASKS)) / 1000
    print(f"they slept at the same time: {truth(all(took < sleeping for *_, took in runs))}")
    if "engines" in sys.argv:
        for name, _, _, threads, took in runs:
            print(f"{name:<24}threads: {len(threads)}{took * 1000:>10.1f}ms")


async def meet(barrier, limit):
    """Blocks the thread until the other one has come too, or the limit is over."""
    try:
        barrier.wait(limit)
        return True
    except threading.BrokenBarrierError:
        return False


async def two_meet(limit):
    barrier = threading.Barrier(2)
    return (await asyncio.gather(meet(barrier, limit), meet(barrier, limit)))[0]


def two_loops_meet(limit):
    """Python's way to two threads: a loop in each."""
    barrier, met = threading.Barrier(2), []
    threads = [
        threading.Thread(target=lambda: met.append(asyncio.run(meet(barrier, limit))))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return met[0]


def two_threads():
    one = [run_on(factory, two_meet(0.02)) for _, factory in ENGINES]
    print(f"on one thread two tasks meet: {truth(any(one))}")
    print(f"on two threads: {truth(two_loops_meet(5))}")


def bound():
    sleeping = asyncio.sleep(0.001)
    try:
        sleeping.send(None)
        fails = False
    except RuntimeError:
        fails = True
    print(f"a timer without its engine fails: {truth(fails)}")


async def in_order():
    begun = []

    async def body(number):
        begun.append(number)

    for task in [asyncio.create_task(body(number)) for number in range(TASKS)]:
        await task
    return begun == list(range(TASKS))


def order():
    each = [run_on(factory, in_order()) for _, factory in ENGINES]
    print(f"in the order in which they were made: {truth(all(each))}")


run(
    "One program on several engines.",
    [
        ("engines", "1,000 tasks on every engine", lambda loop: every_engine()),
        ("threads", "which engine runs two tasks at the same instant", lambda loop: two_threads()),
        ("bound", "a timer of one engine without it", lambda loop: bound()),
        ("order", "in which order the tasks of this loop begin", lambda loop: order()),
    ],
)
