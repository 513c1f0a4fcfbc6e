"""The Python twin of dynamic_tasks.rs: it prints the same lines.

Run it with `python3 examples/dynamic_tasks.py`; add `--help` for its parts.
"""

import asyncio
import queue
import threading
import time
from concurrent.futures import CancelledError

from support import run

# The jobs take 6 and 3 seconds; the example is faster than its story by this factor.
FACTOR = 50


def story(seconds):
    return seconds / FACTOR


def truth(value):
    return str(value).lower()


class LoopThread:
    """An event loop that runs on a thread of its own."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()

    def submit(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        # Who stops a loop too early would be told of the tasks that are lost; here they are ended in silence.
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        if tasks:
            self.loop.run_until_complete(asyncio.wait(tasks))
        self.loop.close()


JOBS = [("first", 6), ("second", 3)]


def callbacks(_):
    background = LoopThread()
    completions = queue.SimpleQueue()

    def job(name, seconds):
        time.sleep(story(seconds))  # The job blocks, and the loop with it.
        completions.put(name)

    start = time.monotonic()
    for name, seconds in JOBS:
        background.loop.call_soon_threadsafe(job, name, seconds)
    print("both are submitted, and this thread goes on")
    for _ in JOBS:
        print(completions.get(), "is done")
    print(f"took the sum, 9 s: {truth(time.monotonic() - start >= story(9))}")
    background.stop()


def coroutines(_):
    background = LoopThread()
    # On a busy machine a thread may have to wait for its turn, so there is more than one try.
    for _ in range(5):
        order, took = submit_coroutines(background)
        if took < story(9):
            break
    print("both are submitted, and this thread goes on")
    for name in order:
        print(name, "is done")
    print(f"took at least the longest, 6 s: {truth(took >= story(6))}")
    print(f"took less than the sum: {truth(took < story(9))}")
    background.stop()


def submit_coroutines(background):
    completions = queue.SimpleQueue()

    async def job(name, seconds):
        await asyncio.sleep(story(seconds))  # The job waits, and the loop goes on.
        completions.put(name)

    start = time.monotonic()
    for name, seconds in JOBS:
        background.submit(job(name, seconds))
    order = [completions.get() for _ in JOBS]
    return order, time.monotonic() - start


def results(_):
    background = LoopThread()

    async def add(first, second):
        return first + second

    total = background.submit(add(1, 2))
    print(f"result: {total.result()}")
    print(f"cancel what is done: {truth(total.cancel())}")

    async def fail():
        raise RuntimeError("out of tea")

    try:
        background.submit(fail()).result()
    except RuntimeError as error:
        print(f"error: {error}")

    async def wait():
        await asyncio.sleep(story(3))
        return "the slow result"

    slow = background.submit(wait())
    try:
        slow.result(0.001)
    except TimeoutError:
        print(f"timed out; done: {truth(slow.done())}")
    print(slow.result())

    told = queue.SimpleQueue()

    async def endless():
        told.put("the task has begun")
        try:
            await asyncio.sleep(3600)
        finally:
            told.put("the task cleans up")

    future = background.submit(endless())
    print(told.get())
    print(f"cancel: {truth(future.cancel())}")
    print(told.get())
    try:
        future.result()
    except CancelledError:
        print("the other thread sees: cancelled")
    background.stop()


def dispatcher(_):
    """Two threads have numbers to be squared, and a loop squares them."""
    background = LoopThread()
    jobs, completions = asyncio.Queue(), queue.SimpleQueue()

    def submit(number):
        background.loop.call_soon_threadsafe(jobs.put_nowait, number)

    async def square(number):
        completions.put(number * number)

    async def dispatch():
        tasks = set()
        while (number := await jobs.get()) is not None:
            tasks.add(asyncio.create_task(square(number)))
        await asyncio.gather(*tasks)
        return await asyncio.to_thread(threading.get_ident) != threading.get_ident()

    dispatched = background.submit(dispatch())

    async def add(first, second):
        return first + second

    print(f"sum: {background.submit(add(1, 2)).result()}")

    numbers = [[1, 2, 3], [4, 5, 6]]
    producers = [threading.Thread(target=lambda part=part: [submit(number) for number in part]) for part in numbers]
    for thread in producers:
        thread.start()
    for thread in producers:
        thread.join()
    print(f"submitted: {sum(map(len, numbers))}")
    print(f"squares: {sorted(completions.get() for _ in range(6))}")
    submit(None)
    print(f"a blocking job has a thread of its own: {truth(dispatched.result())}")
    background.stop()


def shutdown(_):
    background = LoopThread()
    futures = [background.submit(asyncio.sleep(3600)) for _ in range(3)]
    background.stop()
    lost = sum(future.cancelled() or not future.done() for future in futures)
    print(f"rude: lost {lost} of {len(futures)}")

    background = LoopThread()
    jobs, completions = asyncio.Queue(), queue.SimpleQueue()
    worked_off = background.submit(work_off(jobs, completions))

    def submit(number):
        background.loop.call_soon_threadsafe(jobs.put_nowait, number)

    producers = [
        threading.Thread(target=lambda start=start: [submit(number) for number in range(start, start + 50)])
        for start in [0, 100]
    ]
    for thread in producers:
        thread.start()
    for thread in producers:
        thread.join()
    submit(None)  # The last one; what was submitted before is in the queue or in flight.
    worked_off.result()
    background.stop()
    print(f"clean: done {completions.qsize()} of 100")


async def work_off(jobs, completions):
    """Takes jobs until the last one, then waits for all that are in flight."""

    async def work(number):
        await asyncio.sleep(number % 5 / 1000)
        completions.put(number)

    tasks = []
    while (number := await jobs.get()) is not None:
        tasks.append(asyncio.create_task(work(number)))
    await asyncio.gather(*tasks)


run(
    "Work from outside: callbacks, coroutines and jobs for a loop on another thread.",
    [
        ("callbacks", "two blocking jobs take the sum, in the order in which they came", callbacks),
        ("coroutines", "two coroutines take the longest, and the shorter one ends first", coroutines),
        ("results", "the result, the error, the timeout and the cancellation of a concurrent future", results),
        ("dispatcher", "a channel into a task that starts the others", dispatcher),
        ("shutdown", "a clean end loses nothing, a rude one does", shutdown),
    ],
)
