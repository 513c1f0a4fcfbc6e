"""The Python twin of blocking.rs: it prints the same lines.

Run it with `python3 examples/blocking.py`; add `--help` for its parts, and `costs` for its figures.
"""

import asyncio
import hashlib
import os
import queue
import subprocess
import sys
import threading
import time

import costs
from support import run, seconds

# The requests, and how long the server thinks about each: milliseconds for threads, seconds for the virtual clock.
REQUESTS = [("Oslo", 30), ("Rome", 20), ("Cairo", 10)]
SUM = sum(milliseconds for _, milliseconds in REQUESTS) / 1000


def truth(value):
    return str(value).lower()


def blocking_request(name, milliseconds):
    """A request as the operating system offers it: the thread stands still until the answer is there."""
    time.sleep(milliseconds / 1000)
    return name


def shortest(limit, measure):
    """Measures until a time under the limit was seen, at most ten times: other programs only add to it."""
    best = float("inf")
    for _ in range(10):
        best = min(best, measure())
        if best < limit:
            break
    return best


def sequence(_):
    start = time.monotonic()
    answers = [blocking_request(*each) for each in REQUESTS]
    waited = time.monotonic() - start
    print("answers:", *answers)
    print(f"waited for the sum: {truth(waited >= SUM)}")


def idle(_):
    counted, waiting = 0, True

    def count():
        nonlocal counted
        while waiting:
            counted += 1

    thread = threading.Thread(target=count)
    thread.start()
    blocking_request(*REQUESTS[0])
    waiting = False
    thread.join()
    print(f"during one request another thread added: {truth(counted > 10_000)}")


def threads(_):
    answers = {}

    def request(name, milliseconds):
        answers[blocking_request(name, milliseconds)] = threading.get_ident()

    def measure():
        answers.clear()
        start = time.monotonic()
        started = [threading.Thread(target=request, args=each) for each in REQUESTS]
        for thread in started:
            thread.start()
        for thread in started:
            thread.join()
        return time.monotonic() - start

    waited = shortest(SUM, measure)
    print("answers:", *[name for name, _ in REQUESTS if name in answers])
    print(f"threads: {len(set(answers.values()))}")
    print(f"waited for less than the sum: {truth(waited < SUM)}")


async def request(name, duration):
    """A request on an event loop: the task stands still, the thread does not."""
    await asyncio.sleep(duration)
    return name, threading.get_ident()


def one_loop(loop):
    async def one(name, number):
        answer = await request(name, number / 10)
        print(f"{name} after {seconds(loop.time())}")
        return answer

    async def main():
        return await asyncio.gather(*[one(*each) for each in REQUESTS])

    answers = loop.run_until_complete(main())
    print("answers:", *[name for name, _ in answers])
    print(f"threads: {len({ident for _, ident in answers})}")
    print(f"waited {seconds(loop.time())}")


def order(loop):
    synchronous, asynchronous = [], []
    for name, number in REQUESTS:
        synchronous.append(f"ask {name}")
        blocking_request(name, number / 10)
        synchronous.append(f"answer {name}")

    async def one(name, number):
        asynchronous.append(f"ask {name}")
        await request(name, number / 10)
        asynchronous.append(f"answer {name}")

    async def main():
        await asyncio.gather(*[one(*each) for each in REQUESTS])

    loop.run_until_complete(main())
    print("synchronous  asynchronous")
    for left, right in zip(synchronous, asynchronous):
        print(f"{left:<12} {right}")


# How long it takes to save the document.
SAVING = 0.02


def window(_):
    def blocking_handler(post):
        time.sleep(SAVING)
        post("saved")

    def handed_on(post):
        threading.Thread(target=blocking_handler, args=[post]).start()

    frozen = message_loop(blocking_handler)
    print(f"blocking handler: the key waited for the save: {truth(frozen >= SAVING)}")
    alive = shortest(SAVING, lambda: message_loop(handed_on))
    print(f"handed to a thread: the key waited for the save: {truth(alive >= SAVING)}")


def message_loop(save):
    """Takes one event after another from the queue and calls its handler; tells how long the key had to wait."""
    events = queue.SimpleQueue()
    posted = time.monotonic()
    for event in ["click", "save", "key", "paint"]:
        events.put(event)
    waited = 0
    while (event := events.get()) != "saved":
        if event == "save":
            save(events.put)
        elif event == "key":
            waited = time.monotonic() - posted
    return waited


def compute():
    """Keeps a core busy for a moment, without the interpreter's lock: Python code would hold it."""
    hashlib.pbkdf2_hmac("sha256", b"", b"", 400)


# How many turns each busy job takes.
TURNS = 3


def busy(_):
    one = two = parallel = float("inf")
    # Other programs want the cores, too, so the shortest of many tries counts.
    start = time.monotonic()
    while time.monotonic() - start < 12:
        one = min(one, on_one_loop("A")[0])
        took, turns = on_one_loop("AB")
        two = min(two, took)
        parallel = min(parallel, on_two_threads())
        if two > one * 1.5 and parallel < two * 0.75:
            break
    print(f"turns on one loop: {turns}")
    print(f"two jobs on one loop take the sum: {truth(two > one * 1.5)}")
    if os.cpu_count() == 1:
        print("this machine has one core: no two threads run at the same instant")
    else:
        print(f"on two threads they take about half: {truth(parallel < two * 0.75)}")


def on_two_threads():
    """Runs two busy jobs on a thread each; tells how long they took from the moment when both were there."""
    both_are_there = threading.Barrier(2)
    times = []

    def work():
        both_are_there.wait()
        times.append(time.monotonic())
        for _ in range(TURNS):
            compute()
        times.append(time.monotonic())

    started = [threading.Thread(target=work) for _ in range(2)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    return max(times) - min(times)


def on_one_loop(jobs):
    """Runs busy jobs on one loop; tells how long they took, and who had which turn."""
    turns = []

    async def job(name):
        for _ in range(TURNS):
            turns.append(name)
            compute()
            await asyncio.sleep(0)

    async def main():
        start = time.monotonic()
        await asyncio.gather(*[job(name) for name in jobs])
        return time.monotonic() - start

    return asyncio.run(main()), "".join(turns)


def worker():
    """The child of `cores`: on every line that it reads it makes three requests at once, and says how many were answered."""

    async def main():
        return await asyncio.gather(*[request(name, number / 1000) for name, number in REQUESTS])

    for _ in sys.stdin:
        print(len(asyncio.run(main())), "answers", flush=True)


def cores(_):
    pipe = subprocess.PIPE
    workers = [
        subprocess.Popen([sys.executable, __file__, "worker"], stdin=pipe, stdout=pipe, text=True, bufsize=1)
        for _ in range(2)
    ]
    lines = []

    def measure():
        start = time.monotonic()
        for child in workers:
            child.stdin.write("go\n")
        lines[:] = [child.stdout.readline() for child in workers]
        return time.monotonic() - start

    # The first round includes the start of the children; a later one does not.
    took = shortest(SUM, measure)
    for number, line in enumerate(lines, 1):
        print(f"process {number}: {line.rstrip()}")
    print(f"six requests took less than half of their sum: {truth(took < SUM)}")
    for child in workers:
        child.communicate()


def compare_costs(_):
    # The tasks come first: memory that others gave back would hide what tasks need.
    task, thread, process = costs.task(), costs.thread(), costs.process()
    falls = process.make > thread.make > task.make
    print(f"making: a process costs more than a thread, a thread more than a task: {truth(falls)}")
    print(f"switching: a thread costs more than a task: {truth(thread.switch > task.switch)}")
    if task.memory is None:
        print("this system does not say how much memory they cost")
    else:
        # A thread stands between them, but what the system charges for it varies too much to be promised.
        print(f"memory: a process costs more than a task: {truth(process.memory > task.memory)}")
    if costs.are_named():
        costs.show(process, thread, task)


if sys.argv[1:] == ["worker"]:
    worker()
else:
    run(
        "Blocking: slow requests in turn, by threads, and on one event loop; and what each way costs.",
        [
            ("sequence", "three blocking requests, one after another", sequence),
            ("idle", "what the blocked thread could have done", idle),
            ("threads", "a thread for each request", threads),
            ("loop", "one event loop for all requests", one_loop),
            ("order", "who speaks when", order),
            ("window", "one slow handler freezes a window", window),
            ("busy", "concurrent is not parallel", busy),
            ("cores", "two processes with a loop each", cores),
            ("costs", "what a process, a thread and a task cost", compare_costs),
        ],
    )
