"""The Python twin of pools.rs: it prints the same lines.

Run it with `python3 examples/pools.py`; add `--help` for its parts, and `primes` for its figures.
"""

import asyncio
import multiprocessing
import os
import queue
import shutil
import sys
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

from support import run, run_main


def truth(value):
    return str(value).lower()


def submit(_):
    with ThreadPoolExecutor(2) as pool:
        gate = threading.Event()

        def answer():
            gate.wait()
            return 6 * 7

        job = pool.submit(answer)
        try:
            job.result(timeout=0)
        except TimeoutError:
            print("after 0 s: timed out")
        gate.set()
        print(f"result: {job.result()}")

        def spill():
            raise RuntimeError("spilled")

        try:
            pool.submit(spill).result()
        except RuntimeError as error:
            print(f"error: {error}")


def map_in_order(_):
    with ThreadPoolExecutor(3) as pool:
        ended = []
        # Each waits for the one behind it, so they end in the opposite order.
        gates = {name: threading.Event() for name in "AB"}
        jobs = [("A", gates["A"], None), ("B", gates["B"], gates["A"]), ("C", None, gates["B"])]

        def one(job):
            name, before, behind = job
            if before:
                before.wait()
            ended.append(name)
            if behind:
                behind.set()
            return name

        names = list(pool.map(one, jobs))
        print("ended:", *ended)
        print("results:", *names)

        gate, was_quick = threading.Event(), threading.Event()

        def slow_or_quick(name):
            if name == "E":
                gate.wait()
            else:
                was_quick.set()
            return name

        results = pool.map(slow_or_quick, ["D", "E"], timeout=0.05)
        was_quick.wait()
        try:
            for name in results:
                print(f"result: {name}")
        except TimeoutError:
            print("error: timed out")
        gate.set()


def shutdown(_):
    def start():
        """One thread; three jobs that wait at a gate, and count."""
        pool, ran, begun, gate = ThreadPoolExecutor(1), [], threading.Event(), threading.Event()

        def job():
            begun.set()
            gate.wait()
            ran.append(job)

        jobs = [pool.submit(job) for _ in range(3)]
        begun.wait()
        return pool, ran, gate, jobs

    pool, ran, gate, _jobs = start()
    gate.set()
    pool.shutdown(wait=True)
    print(f"wait: {len(ran)} of 3 jobs had run")

    pool, ran, gate, jobs = start()
    pool.shutdown(wait=False)
    print(f"no wait: {len(ran)} of 3 jobs had run")
    gate.set()
    for job in jobs:
        job.result()
    print(f"later: {len(ran)} of 3 jobs had run")

    pool, ran, gate, _jobs = start()
    pool.shutdown(wait=False, cancel_futures=True)
    gate.set()
    pool.shutdown(wait=True)
    print(f"cancel the queue: {len(ran)} of 3 jobs had run")


FILES = 500


def file_name(number):
    return f"note_{number:03}.txt"


def contents(number):
    return f"This is note {number}.\n" * 10


class BrokenDisk:
    """A disk that breaks in the middle of a file."""

    def __init__(self, file):
        self._file, self._left = file, 100

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()

    def read(self, size):
        if self._left == 0:
            raise OSError("the disk is broken")
        some = self._file.read(min(size, self._left))
        self._left -= len(some)
        return some


def open_source(path):
    file = open(path, "rb")
    return BrokenDisk(file) if path.name == file_name(400) else file


def copy(source, target):
    """Copies under a name that nobody takes for the file, and renames it when it is whole."""
    partial = Path(f"{target}.part")
    try:
        with open_source(source) as from_file, open(partial, "wb") as to_file:
            shutil.copyfileobj(from_file, to_file)
        os.replace(partial, target)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def reason(error):
    """Says why a file was not copied; the operating systems' own words differ."""
    match error:
        case FileNotFoundError():
            return "not found"
        case IsADirectoryError():
            return "is a directory"
        case _:
            return str(error)


def copy_folder(_):
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "source"), Path(folder, "target")
        source.mkdir()
        target.mkdir()
        for number in range(FILES):
            if number == 100:
                (source / file_name(number)).mkdir()
            else:
                (source / file_name(number)).write_text(contents(number))
        (target / file_name(300)).mkdir()
        names = sorted(os.listdir(source))
        # Somebody removes a file after it was listed.
        (source / file_name(200)).unlink()

        threads = set()

        def job(name):
            threads.add(threading.get_ident())
            copy(source / name, target / name)

        copied = 0
        with ThreadPoolExecutor(4) as pool:
            jobs = [(name, pool.submit(job, name)) for name in names]
            for name, future in jobs:
                try:
                    future.result()
                    copied += 1
                except OSError as error:
                    print(f"{name}: {reason(error)}")
        print(f"copied: {copied} of {len(names)}")

        def is_whole(number):
            path = target / file_name(number)
            return path.is_file() and path.read_text() == contents(number)

        print(f"whole in the target: {sum(map(is_whole, range(FILES)))}")
        print(f"half a file: {len(list(target.glob('*.part')))}")
        print(f"at most four threads: {truth(len(threads) <= 4)}")


# The third is a product of two primes.
NUMBERS = [999_999_999_989, 1_000_000_000_039, 999_983 * 1_000_003, 1_000_000_000_061, 1_000_000_000_063]


def is_prime(number):
    """Tells whether an odd number is prime, the slow way."""
    divisor = 3
    while divisor * divisor <= number:
        if number % divisor == 0:
            return False
        divisor += 2
    return True


def primes(_):
    # A new interpreter for each process: a copy of one that has threads could hang.
    context = multiprocessing.get_context("spawn")
    with (
        ThreadPoolExecutor(2) as threads,
        ProcessPoolExecutor(1, context) as single,
        ProcessPoolExecutor(2, context) as pair,
    ):
        ways = {
            "one thread": map,
            "two threads": threads.map,
            "one process": single.map,
            "two processes": pair.map,
        }
        answers = list(map(is_prime, NUMBERS))
        for number, answer in zip(NUMBERS, answers):
            print(f"{number} is prime: {truth(answer)}")
        for name in list(ways)[1:]:
            print(f"{name}: the same answers: {truth(list(ways[name](is_prime, NUMBERS)) == answers)}")
        if "primes" in sys.argv:
            for name, run in ways.items():
                print(f"{name:<14}{shortest(run) * 1000:8.1f} ms")


def shortest(run):
    """Gives the shortest time that was seen in a few seconds: what other programs do at the same time only adds to it."""
    times, begin = [], time.perf_counter()
    while time.perf_counter() - begin < 5:
        start = time.perf_counter()
        list(run(is_prime, NUMBERS))
        times.append(time.perf_counter() - start)
    return min(times)


async def executor():
    loop = asyncio.get_running_loop()
    gate = threading.Event()

    def blocks():
        gate.wait()
        return threading.get_ident()

    job = loop.run_in_executor(None, blocks)
    for turn in range(1, 4):
        await asyncio.sleep(0)
        print(f"the loop's turn {turn}, job done: {truth(job.done())}")
    gate.set()
    print(f"on another thread: {truth(await job != threading.get_ident())}")

    def spill():
        raise RuntimeError("spilled")

    try:
        await asyncio.to_thread(spill)
    except RuntimeError as error:
        print(f"error: {error}")


async def cancel():
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(1))
    begun, gate, finished, queued_ran = [threading.Event() for _ in range(4)]

    def runs():
        begun.set()
        gate.wait()
        finished.set()

    running = loop.run_in_executor(None, runs)
    queued = loop.run_in_executor(None, queued_ran.set)
    # This blocks the loop for the moment that a thread needs to start.
    begun.wait()
    print(f"cancel the running job: {truth(running.cancel())}")
    print(f"cancel the queued job: {truth(queued.cancel())}")
    # asyncio tells its pool of a cancellation in the next pass only.
    await asyncio.sleep(0)
    try:
        await running
    except asyncio.CancelledError:
        print("awaiting the running one: cancelled")
    print(f"it has finished: {truth(finished.is_set())}")
    gate.set()
    # The only thread is free for this when it is through with the other two.
    await asyncio.to_thread(lambda: None)
    print(f"later it has finished: {truth(finished.is_set())}")
    print(f"the queued job ran: {truth(queued_ran.is_set())}")


async def size():
    cores = getattr(os, "process_cpu_count", os.cpu_count)() or 1
    threads = min(32, cores + 4)
    # The barrier lets nobody pass until so many jobs are there at the same time.
    barrier, lock = threading.Barrier(threads), threading.Lock()
    running = most = 0

    def job():
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        barrier.wait()
        with lock:
            running -= 1

    loop = asyncio.get_running_loop()
    await asyncio.gather(*[loop.run_in_executor(None, job) for _ in range(2 * threads)])
    print(f"cores and four, at most 32: {truth(most == threads)}")


def end(loop):
    finished = threading.Event()

    def slow():
        time.sleep(0.02)
        finished.set()

    async def main():
        asyncio.get_running_loop().run_in_executor(None, slow)

    run_main(loop, main())
    print(f"run waited for the job: {truth(finished.is_set())}")

    loop = asyncio.new_event_loop()
    gate, ended = threading.Event(), queue.SimpleQueue()

    def blocks():
        gate.wait()
        ended.put(True)

    loop.run_in_executor(None, blocks).cancel()
    loop.close()
    print(f"close waited for the job: {truth(not ended.empty())}")
    gate.set()


def main(function):
    return lambda loop: run_main(loop, function())


# A process of a pool imports this file, too, and must not run it.
if __name__ == "__main__":
    run(
        "Pools: threads and processes for work that blocks or computes, and the way to them from the loop.",
        [
            ("submit", "a job for a pool, its result, and its error", submit),
            ("map", "results in the order of the items, and a limit for all", map_in_order),
            ("shutdown", "three ways to end a pool", shutdown),
            ("copy", "four workers copy a folder; no failure stops the others", copy_folder),
            ("primes", "five large numbers, by processes and by threads", primes),
            ("executor", "the loop goes on while a job blocks", main(executor)),
            ("cancel", "a job that runs, and a job that waits for a thread", main(cancel)),
            ("size", "how many threads the loop's pool has", main(size)),
            ("end", "who waits for a job at the end", end),
        ],
    )
