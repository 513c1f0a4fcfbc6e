"""Measures what a process, a thread and a task cost on this machine."""

import asyncio
import os
import platform
import queue
import subprocess
import sys
import threading
import time
from typing import NamedTuple


class Cost(NamedTuple):
    """Seconds to make one and wait for its end, seconds to go to another one, bytes of one that waits."""

    make: float
    switch: float
    memory: float | None


def are_named():
    """Tells whether the command line asks for the figures, and not only for the comparisons."""
    return "costs" in sys.argv


def shortest(tries, items, measure):
    """Gives the shortest time per item of several tries: what other programs do at the same time only adds to it."""
    times = []
    for _ in range(tries):
        start = time.perf_counter()
        measure()
        times.append(time.perf_counter() - start)
    return min(times) / items


def private_memory(process):
    """Gives the bytes of memory that a process shares with nobody; None if this system has no /proc."""
    try:
        with open(f"/proc/{process}/smaps_rollup") as file:
            return 1024 * sum(int(line.split()[1]) for line in file if line.startswith("Private_"))
    except OSError:
        return None


# A child that sends every byte back.
ECHO = """
import os
while byte := os.read(0, 1):
    os.write(1, byte)
"""


def process():
    make = shortest(10, 1, lambda: subprocess.run([sys.executable, "-c", ""], check=True))
    pipe = subprocess.PIPE
    child = subprocess.Popen([sys.executable, "-c", ECHO], stdin=pipe, stdout=pipe, bufsize=0)

    def back_and_forth():
        for _ in range(50):
            child.stdin.write(b"x")
            child.stdout.read(1)

    switch = shortest(20, 2 * 50, back_and_forth)
    memory = private_memory(child.pid)
    child.communicate()
    return Cost(make, switch, memory)


THREADS = 200


def thread():
    def make_ten():
        for _ in range(10):
            thread = threading.Thread(target=lambda: None)
            thread.start()
            thread.join()

    make = shortest(20, 10, make_ten)
    there, back = queue.SimpleQueue(), queue.SimpleQueue()

    def answer():
        while there.get():
            back.put(True)

    other = threading.Thread(target=answer)
    other.start()

    def back_and_forth():
        for _ in range(50):
            there.put(True)
            back.get()

    switch = shortest(20, 2 * 50, back_and_forth)
    there.put(False)
    other.join()

    before = private_memory("self")
    all_are_there, all_may_end = threading.Barrier(THREADS + 1), threading.Event()

    def wait():
        all_are_there.wait()
        all_may_end.wait()

    threads = [threading.Thread(target=wait) for _ in range(THREADS)]
    for each in threads:
        each.start()
    all_are_there.wait()
    after = private_memory("self")
    all_may_end.set()
    for each in threads:
        each.join()
    return Cost(make, switch, share(before, after, THREADS))


TASKS = 20_000


def task():
    async def wait():
        before = private_memory("self")
        tasks = [asyncio.create_task(asyncio.sleep(3600)) for _ in range(TASKS)]
        await asyncio.sleep(0)
        return share(before, private_memory("self"), len(tasks))

    async def nothing():
        pass

    async def make_fifty():
        for _ in range(50):
            await asyncio.create_task(nothing())

    async def yields():
        for _ in range(50):
            await asyncio.sleep(0)

    async def two_yield():
        await asyncio.gather(yields(), yields())

    memory = asyncio.run(wait())
    loop = asyncio.new_event_loop()
    make = shortest(40, 50, lambda: loop.run_until_complete(make_fifty()))
    switch = shortest(40, 2 * 50, lambda: loop.run_until_complete(two_yield()))
    loop.close()
    return Cost(make, switch, memory)


def share(before, after, number):
    return None if before is None else (after - before) / number


def processor():
    """Names the processor, where the operating system tells."""
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(": ")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


# How long the bar of the largest figure is.
LONGEST = 30


def show(process, thread, task):
    """Prints three groups of figures; within a group the bars are as long as the figures are large."""
    print(f"{processor()}, {os.cpu_count()} cores, {sys.platform}")

    def group(title, unit, decimals, of):
        print(title)
        costs = {"process": process, "thread": thread, "task": task}
        figures = {name: of(cost) for name, cost in costs.items()}
        largest = max(figure or 0 for figure in figures.values())
        for name, figure in figures.items():
            if figure is None:
                print(f"  {name:<8}not measured")
            else:
                print(f"  {name:<8}{figure:>10.{decimals}f} {unit:<3}  {bar(figure / largest)}")

    group("make and end", "us", 2, lambda cost: cost.make * 1e6)
    group("switch", "us", 2, lambda cost: cost.switch * 1e6)
    group("memory", "KiB", 1, lambda cost: cost.memory and cost.memory / 1024)


def bar(share):
    """Draws a share of the longest bar; what is too short for that is a thin line."""
    return "█" * round(share * LONGEST) or "▏"
