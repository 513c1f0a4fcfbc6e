"""The Python twin of timeouts.rs: it prints the same lines.

Run it with `python3 examples/timeouts.py`; add `--help` for its parts and for real time.
"""

import asyncio
import signal
import time

from support import run, run_main, seconds
from virtual_clock import VirtualClockLoop


def now():
    return seconds(asyncio.get_running_loop().time())


def truth(value):
    return str(value).lower()


class Timer:
    """A timer whose callback may wait."""

    def __init__(self, delay, callback):
        self.task = asyncio.create_task(self._run(delay, callback))

    async def _run(self, delay, callback):
        await asyncio.sleep(delay)
        await callback()

    def cancel(self):
        self.task.cancel()


async def timers():
    asyncio.get_running_loop().call_later(1, lambda: print(f"a function after {now()}"))
    bell = Timer(2, ring)
    silent = Timer(3, ring)
    silent.cancel()
    await bell.task


async def ring():
    print(f"the bell begins after {now()}")
    await asyncio.sleep(1)
    print(f"the bell ends after {now()}")


async def tea(name, brewing):
    try:
        await asyncio.sleep(brewing)
    except asyncio.CancelledError:
        await asyncio.sleep(3)
        print(f"{name}: pot clean after {now()}")
        raise
    return name


async def show(awaitable):
    try:
        print(f"{await awaitable} after {now()}")
    except TimeoutError:
        print(f"timed out after {now()}")
    except RuntimeError as error:
        print(f"{error} after {now()}")


async def one_wait():
    await show(asyncio.wait_for(tea("green", 1), 2))
    black = asyncio.create_task(tea("black", 8))
    await show(asyncio.wait_for(black, 2))
    print(f"black cancelled: {truth(black.cancelled())}")
    await show(asyncio.wait_for(tea("white", 8), None))


async def answers():
    async def weak():
        try:
            await asyncio.sleep(8)
        except asyncio.CancelledError:
            return "weak tea"
        return "strong tea"

    async def broken():
        try:
            await asyncio.sleep(8)
        except asyncio.CancelledError:
            raise RuntimeError("the pot broke")
        return "strong tea"

    await show(asyncio.wait_for(weak(), 2))
    await show(asyncio.wait_for(broken(), 2))


async def one_block():
    limit = asyncio.timeout(3)

    async def block():
        async with limit:
            await show(tea("green", 1))
            await asyncio.sleep(1)
            return await tea("black", 8)

    await show(block())
    print(f"expired: {truth(limit.expired())}")


async def nested():
    for outer, inner in [(2, 1), (1, 2), (1, 1)]:
        try:
            async with asyncio.timeout(outer):
                try:
                    async with asyncio.timeout(inner):
                        await asyncio.sleep(9)
                except TimeoutError:
                    print(f"{outer}, {inner}: the inner one")
        except TimeoutError:
            print(f"{outer}, {inner}: the outer one")


async def moving_limit():
    async def open_shop():
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(2) as limit:
            for pause in [1, 1, 5]:
                await asyncio.sleep(pause)
                print(f"a guest after {now()}")
                limit.reschedule(loop.time() + 2)
        return "never closed"

    await show(open_shop())


async def no_time_at_all():
    async def talks():
        print("started")
        return "the work"

    async def block():
        async with asyncio.timeout(0):
            return await talks()

    done = asyncio.create_task(talks())
    await done
    await show(asyncio.wait_for(done, 0))
    await show(asyncio.wait_for(talks(), 0))
    await show(block())


async def queue_under_a_limit():
    orders = asyncio.Queue()
    await show(asyncio.wait_for(orders.get(), 1))
    orders.put_nowait("an order")
    await show(orders.get())


async def protected():
    async def pay():
        await asyncio.sleep(3)
        return "paid"

    payment = asyncio.create_task(pay())
    await show(asyncio.wait_for(asyncio.shield(payment), 1))
    print(f"payment done: {truth(payment.done())}")
    await show(payment)


async def careful():
    async def body():
        try:
            await asyncio.sleep(9)
        finally:
            cleaning = asyncio.create_task(asyncio.sleep(3))
            while not cleaning.done():
                # Each cancellation ends a shield; the task behind it goes on.
                try:
                    await asyncio.shield(cleaning)
                except asyncio.CancelledError:
                    print(f"asked again after {now()}")
            print(f"clean after {now()}")

    work = asyncio.create_task(body())
    for _ in range(2):
        await asyncio.sleep(1)
        work.cancel()
    await asyncio.wait([work])
    print(f"cancelled: {truth(work.cancelled())}")


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
    print(f"waited for {seconds(loop.time() - told)}")
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
    "Limits of time: timers, timeouts, shields, clean-up, virtual time, and an end on Ctrl-C.",
    [
        ("timer", "a function after a while, and one that may wait", main(timers)),
        ("wait_for", "the caller goes on when the clean-up is over", main(one_wait)),
        ("answers", "the work may refuse, or fail on its way out", main(answers)),
        ("block", "one limit for several waits", main(one_block)),
        ("nested", "each limit takes its own cancellation only", main(nested)),
        ("reschedule", "every guest keeps the shop open for 2 more seconds", main(moving_limit)),
        ("zero", "what is done is given, what is not never starts", main(no_time_at_all)),
        ("queue", "a get that is given up loses nothing", main(queue_under_a_limit)),
        ("shield", "the limit hits the shield, the task goes on", main(protected)),
        ("clean_up", "cancelled twice, and cleaned up once", main(careful)),
        ("virtual", "a day of waiting, tested in no time", virtual_day),
        ("ctrl_c", "tell everybody, wait with a limit, then go", main(shop)),
    ],
)
