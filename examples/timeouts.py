"""The Python twin of timeouts.rs: it prints the same lines.

Run it with `python3 examples/timeouts.py`; add `--help` for its parts and for real time.
"""

import asyncio

from support import run, run_main, seconds


def now():
    return seconds(asyncio.get_running_loop().time())


def truth(value):
    return str(value).lower()


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


async def half_done():
    shelf, counter = 2, 0
    for limit in [2, 4]:
        in_time = True
        try:
            async with asyncio.timeout(limit):
                shelf -= 1
                arrived = False
                try:
                    await asyncio.sleep(3)
                    arrived = True
                finally:
                    if arrived:
                        counter += 1
                    else:
                        shelf += 1
        except TimeoutError:
            in_time = False
        print(f"in time: {truth(in_time)}, shelf {shelf}, counter {counter}")


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


class Dice:
    """A small generator of random numbers, one for all customers: every run throws the same."""

    def __init__(self, seed):
        self.state = seed

    def throw(self):
        """Throws a number from 0 to below 1."""
        self.state = (self.state * 1103515245 + 12345) % 2**31
        return self.state / 2**31


async def order(supplier, dice, calls):
    """Calls until the line is free, after pauses that double."""
    pause = 1
    while True:
        calls.append("ring")
        if not supplier.locked():
            async with supplier:
                return await asyncio.sleep(0.5)
        part = 2 * dice.throw() if dice else 1
        await asyncio.sleep(part * pause)
        pause = min(2 * pause, 30)


async def retry():
    loop = asyncio.get_running_loop()
    for jitter in [False, True]:
        supplier, calls, start = asyncio.Lock(), [], loop.time()
        dice = Dice(1) if jitter else None
        await asyncio.gather(*(order(supplier, dice, calls) for _ in range(10)))
        print(f"jitter {truth(jitter)}: {len(calls)} calls, {loop.time() - start:.1f} s")


def main(function):
    return lambda loop: run_main(loop, function())


run(
    "Limits of time: what they do to the work, clean-up, shields, and trying again.",
    [
        ("wait_for", "the caller goes on when the clean-up is over", main(one_wait)),
        ("answers", "the work may refuse, or fail on its way out", main(answers)),
        ("block", "one limit for several waits", main(one_block)),
        ("nested", "each limit takes its own cancellation only", main(nested)),
        ("reschedule", "every guest keeps the shop open for 2 more seconds", main(moving_limit)),
        ("zero", "what is done is given, what is not never starts", main(no_time_at_all)),
        ("half_done", "a limit between two lines that belong together", main(half_done)),
        ("shield", "the limit hits the shield, the task goes on", main(protected)),
        ("clean_up", "cancelled twice, and cleaned up once", main(careful)),
        ("retry", "ten customers, pauses that double, and jitter", main(retry)),
    ],
)
