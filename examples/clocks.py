"""The Python twin of clocks.rs: it prints the same lines.

Run it with `python3 examples/clocks.py`; add `--help` for its parts and for real time.
"""

import asyncio
import signal
import time

from support import run, run_main, seconds
from virtual_clock import VirtualClockLoop


def since(start):
    return seconds(asyncio.get_running_loop().time() - start)


def truth(value):
    return str(value).lower()


def virtual_day(_):
    """Runs on a loop of its own, so that the day is virtual with `--real`, too."""
    started = time.monotonic()
    loop = VirtualClockLoop()

    async def day():
        await asyncio.gather(*[asyncio.sleep(3600 * hour) for hour in range(1, 25)])

    loop.run_until_complete(day())
    print(f"hours: {round(loop.time()) // 3600}")
    loop.close()
    quick = time.monotonic() - started < 5
    print(f"in less than 5 s: {truth(quick)}")


async def drift():
    start = asyncio.get_running_loop().time()
    for _ in range(4):
        print(f"blinks after {since(start)}")
        await asyncio.sleep(0.5)  # The work.
        await asyncio.sleep(2)


async def steady():
    loop = asyncio.get_running_loop()
    start = due = loop.time()
    for work in [0, 5, 0, 0, 0]:
        print(f"rings after {since(start)}")
        await asyncio.sleep(work)
        due += 2
        while due < loop.time():
            due += 2
        await asyncio.sleep(due - loop.time())


async def shop():
    loop = asyncio.get_running_loop()
    closing = asyncio.Event()
    places = [("counter", 1), ("kitchen", 60)]
    tasks = [asyncio.create_task(place(name, last, closing)) for name, last in places]
    await wait_for_ctrl_c()
    print("Ctrl-C")
    told = loop.time()
    closing.set()
    done, pending = await asyncio.wait(tasks, timeout=5)
    print(f"{len(done)} closed, {len(pending)} late")
    print(f"waited for {since(told)}")
    # The run that ends with this task cancels the kitchen.


async def place(name, last, closing):
    await closing.wait()
    try:
        await asyncio.sleep(last)
    except asyncio.CancelledError:
        print(f"{name} left as it was")
        raise
    print(f"{name} closed")


async def wait_for_ctrl_c():
    """Waits for Ctrl-C, which it sends itself, because nobody is at the keyboard."""
    loop = asyncio.get_running_loop()
    pressed = asyncio.Event()
    try:
        loop.add_signal_handler(signal.SIGINT, pressed.set)
    except NotImplementedError:
        # Where the loop cannot listen for signals, the event stands for one.
        pressed.set()
    else:
        loop.call_soon(signal.raise_signal, signal.SIGINT)
    await pressed.wait()


def main(function):
    return lambda loop: run_main(loop, function())


run(
    "Clocks: a day that takes no time, drift, and an end on Ctrl-C.",
    [
        ("virtual", "a day of waiting, tested in no time", virtual_day),
        ("drift", "a pause after the work falls behind", main(drift)),
        ("steady", "a beat that counts from a time, and skips what it has missed", main(steady)),
        ("ctrl_c", "tell everybody, wait with a limit, then go", main(shop)),
    ],
)
