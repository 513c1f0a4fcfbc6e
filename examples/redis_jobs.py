"""Jobs from Redis: a list that outlives its workers, a thread that takes jobs from it, and a loop that runs them.

Run it with `python3 examples/redis_jobs.py`; add `--help` for its parts.
It needs the module redis: `pip install -r requirements.txt`.
It prints what its Rust twin, `redis_jobs.rs`, prints.
"""

import asyncio
import queue
import sys
import threading
import time

try:
    import redis  # noqa: F401
except ModuleNotFoundError:
    sys.exit("error: the module redis is missing: pip install -r requirements.txt")

from jobs import Place, Worker, text
from support import run

# An order of 6 takes 6 seconds; the example is faster than its story by this factor.
FACTOR = 40

# How long a worker is taken for alive after its heart has stopped.
LEASE = 0.1

# Longer than anything here waits.
LONG = 10


def truth(value):
    return str(value).lower()


def open_place():
    """Opens a queue for a part; a queue in this process is not what the reader came for, so it is named."""
    place = Place()
    if place.why_not is not None and not said:
        print(f"note: the queue is in {place.name()}", file=sys.stderr)
        said.append(True)
    return place


said = []


def counts(jobs):
    waiting, taken = jobs.count()
    return f"{waiting} waiting, {taken} taken"


def place(_):
    with open_place() as place:
        print(f"the queue is in {place.name()}")
        jobs = place.connect(LEASE)
        jobs.put(["3", "6"])
        while (order := jobs.pop(0.001)) is not None:
            print(f"first in, first out: {text(order)}")


async def brew(seconds):
    await asyncio.sleep(seconds / FACTOR)
    # Some pots break.
    if seconds == 5:
        raise RuntimeError("spilled")


def orders(_):
    # On a busy machine a thread may have to wait for its turn, so there is more than one try.
    for _ in range(5):
        lines = orders_as_they_come()
        if [order for order, _ in lines] == ["3", "1", "6"]:
            break
    for order, after in lines:
        print(f"{after:.3f} s: {order} is ready")


def orders_as_they_come():
    """Gives the orders as they became ready, with the time since the first was placed."""
    with open_place() as place:
        jobs, reports = place.connect(LEASE), queue.SimpleQueue()
        worker = Worker(place, LEASE, 3, reports, brew)
        start = time.monotonic()
        jobs.put(["6", "3"])
        lines = []
        while len(lines) < 3:
            report = reports.get()
            lines.append((report.job, time.monotonic() - start))
            if len(lines) == 1:
                jobs.put(["1"])
        worker.close()
        return lines


# How long there is nothing to take, in real time.
IDLE = 0.05


def idle(_):
    with open_place() as place:
        jobs, waits = place.connect(LEASE), place.connect(LEASE)
        # The first one connects and wakes the heart; only the waiting is to be measured.
        waits.take(0.001)
        seen = queue.SimpleQueue()

        def wait():
            start, before = time.monotonic(), time.thread_time()
            claim = waits.take(LONG)
            used = time.thread_time() - before
            waits.done(claim)
            seen.put((text(claim.job), time.monotonic() - start, used))

        waiter = threading.Thread(target=wait)
        waiter.start()
        time.sleep(IDLE)
        jobs.put(["3"])
        waiter.join()
        order, waited, used = seen.get()
        print(f"took: {order}")
        print(f"waited for the order and not for the limit: {truth(waited < LONG)}")
        print(f"less than 5 ms of CPU: {truth(used < IDLE / 10)}")


def bad(_):
    with open_place() as place:
        jobs, reports = place.connect(LEASE), queue.SimpleQueue()
        jobs.put(["2", "tea", "-1", "", "99999", b"\xff", "5", "1"])
        # One at a time, so that the order of the lines is that of the list.
        worker = Worker(place, LEASE, 1, reports, brew)
        for _ in range(3):
            report = reports.get()
            if report.error is None:
                print(f"{report.job} is ready")
            else:
                print(f"{report.job} failed: {report.error}")
        worker.close()
        for job in jobs.aside():
            print(f"set aside: {job}")
        print(counts(jobs))


def crash(_):
    with open_place() as place:
        shop = place.connect(LEASE)
        shop.put(["1"])
        careless = place.connect(LEASE)
        careless.pop(LONG)
        careless.die()
        print(f"popped, and the worker is dead: {counts(shop)}")

        shop.put(["2"])
        careful = place.connect(LEASE)
        careful.take(LONG)
        print(f"moved to the worker's own list: {counts(shop)}")
        careful.die()
        other = place.connect(LEASE)
        while not (given_back := other.recover()):
            # The lease has not run out yet. Nothing waits in the list, so this only passes the time.
            assert other.pop(0.01) is None
        print(f"the worker is dead, given back: {' '.join(given_back)}")
        claim = other.take(LONG)
        print(f"another worker takes {text(claim.job)}")
        print(f"struck off: {truth(other.done(claim))}")
        print(f"struck off a second time: {truth(other.done(claim))}")
        print(counts(other))
        other.die()


def room(_):
    with open_place() as place:
        jobs, reports, begun = place.connect(LEASE), queue.SimpleQueue(), queue.SimpleQueue()
        jobs.put(["0"] * 10)
        # Pots stay on the stove until the gate opens.
        gate = threading.Event()

        async def work(_):
            begun.put(True)
            await asyncio.to_thread(gate.wait)

        workers = []
        for about in ["one worker with room for three", "a second one"]:
            workers.append(Worker(place, LEASE, 3, reports, work))
            for _ in range(3):
                begun.get()
            print(f"{about}: {counts(jobs)}")
        gate.set()
        print(f"done: {sum(reports.get().was_ours for _ in range(10))}")
        print(counts(jobs))
        for worker in workers:
            worker.close()


run(
    "Jobs from Redis: a list that outlives its workers, and what it takes to lose nothing.",
    [
        ("place", "where the queue is", place),
        ("list", "a thread takes orders and submits them to the loop as they come", orders),
        ("idle", "waiting for an order costs nothing", idle),
        ("bad", "what is no order is set aside with a reason", bad),
        ("crash", "a worker dies with an order in its hands", crash),
        ("room", "a worker takes no more than it has room for", room),
    ],
)
