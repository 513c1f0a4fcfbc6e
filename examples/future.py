"""The Python twin of future.rs: it prints the same lines.

Run it with `python3 examples/future.py`; add `--help` for its parts and for real time.
"""

import asyncio
import threading

from support import run, run_main, seconds


def truth(value):
    return str(value).lower()


def now():
    return seconds(asyncio.get_running_loop().time())


def create_future():
    return asyncio.get_running_loop().create_future()


async def delay():
    number = create_future()
    asyncio.get_running_loop().call_later(2, number.set_result, "666")
    print("waiting")
    print(f"got {await number} after {now()}")


async def order():
    number = create_future()

    async def waiter():
        print("waiter: waits")
        print(f"waiter: got {await number}")

    async def filler():
        print("filler: fills")
        number.set_result(666)
        print("filler: goes on")
        await asyncio.sleep(0)
        print("filler: after one turn of the others")

    await asyncio.gather(waiter(), filler())


async def awaiters():
    async def ask(name, number):
        print(f"{name} got {await number}")
        print(f"{name} got {await number} again")

    number = create_future()
    both = asyncio.gather(ask("A", number), ask("B", number))
    await asyncio.sleep(1)
    number.set_result(9)
    await both


async def never():
    number = create_future()
    try:
        print(f"got {await asyncio.wait_for(number, 3)}")
    except TimeoutError:
        print(f"timed out after {now()}")
    print(f"cancelled: {truth(number.cancelled())}")


def answer(call, *arguments):
    """Names the outcome of a request; a task refuses by a RuntimeError."""
    try:
        call(*arguments)
        return "accepted"
    except (asyncio.InvalidStateError, RuntimeError):
        return "refused"


async def ends():
    number = create_future()
    print(f"asked too early: {answer(number.result)}")
    print(f"set: {answer(number.set_result, 666)}")
    print(f"set twice: {answer(number.set_result, 777)}")
    too_late = answer(number.set_exception, ValueError("spilled"))
    print(f"failed after that: {too_late}")
    print(f"cancelled after that: {truth(number.cancel())}")
    print(f"result: {number.result()}")

    tea = create_future()
    failed = answer(tea.set_exception, ValueError("spilled"))
    print(f"failed: {failed}")
    try:
        await tea
    except ValueError as error:
        print(f"awaiter sees: {error}")

    tea = create_future()
    print(f"cancelled: {truth(tea.cancel())}")
    print(f"cancelled twice: {truth(tea.cancel())}")
    print(f"set after that: {answer(tea.set_result, 1)}")
    try:
        await tea
    except asyncio.CancelledError:
        cancelled = True
    else:
        cancelled = False
    print(f"awaiter sees a cancellation: {truth(cancelled)}")


async def unseen():
    def handler(loop, context):
        if "exception" in context:
            print(f"reported: {context['exception']}")

    asyncio.get_running_loop().set_exception_handler(handler)
    for look in [True, False]:
        tea = create_future()
        tea.set_exception(ValueError(f"spilled, looked at: {truth(look)}"))
        if look:
            tea.exception()
        del tea


async def task():
    number = create_future()

    async def add_one():
        return await number + 1

    task = asyncio.create_task(add_one())
    print(f"a task is a promise: {truth(isinstance(task, asyncio.Future))}")
    print(f"done: {truth(task.done())}")
    print(f"filled from outside: {answer(task.set_result, 1)}")
    number.set_result(665)
    print(f"got {await task}")
    print(f"done: {truth(task.done())}")


async def factorial(number, future):
    product = 1
    for factor in range(2, number + 1):
        product *= factor
        await asyncio.sleep(0)
    future.set_result(product)


async def fifty():
    future = create_future()
    filler = asyncio.create_task(factorial(50, future))
    print(f"50! = {await future}")
    await filler


class Number:
    """What a future is at heart: a place for the value, and whom to wake."""

    def __init__(self):
        self.number = None
        self.waker = None

    def fill(self, number):
        print("filled")
        self.number = number
        if self.waker:
            self.waker.set_result(None)

    def fill_in_silence(self, number):
        """Leaves the waker alone, which is the mistake."""
        print("filled")
        self.number = number

    def __await__(self):
        while True:
            print("polled")
            if self.number is not None:
                return self.number
            # asyncio's loop polls nobody: it wakes those who await a future of its own.
            self.waker = create_future()
            yield from self.waker


async def by_hand():
    slot = Number()
    asyncio.get_running_loop().call_later(1, slot.fill, 666)
    print(f"got {await slot} after {now()}")


async def lost():
    slot = Number()
    asyncio.get_running_loop().call_later(1, slot.fill_in_silence, 666)
    try:
        print(f"got {await asyncio.wait_for(slot, 3)}")
    except TimeoutError:
        print(f"timed out after {now()}")
    print(f"in the slot: {slot.number}")


async def from_thread():
    loop = asyncio.get_running_loop()
    go = threading.Event()

    def job():
        go.wait()
        return threading.get_ident()

    job = loop.run_in_executor(None, job)
    print("the loop goes on")
    go.set()
    elsewhere = await job != threading.get_ident()
    print(f"on another thread: {truth(elsewhere)}")

    job = loop.run_in_executor(None, int, "x")
    try:
        await job
        print("a job that fails: accepted")
    except ValueError:
        print("a job that fails: refused")


def main(function):
    return lambda loop: run_main(loop, function())


run(
    "Promises and futures: slots that somebody fills, and computations that somebody polls.",
    [
        ("delay", "a slot, filled after two seconds", main(delay)),
        ("order", "filling wakes, and does not switch", main(order)),
        ("awaiters", "one slot, two tasks that await it", main(awaiters)),
        ("never", "a slot that nobody fills, with a limit of 3 seconds", main(never)),
        ("ends", "a result, an exception, a cancellation, each only once", main(ends)),
        ("unseen", "a failure that nobody looks at is reported", main(unseen)),
        ("task", "a task is a promise that drives a future", main(task)),
        ("factorial", "a task fills a slot with 50!", main(fifty)),
        ("by_hand", "a slot without the library", main(by_hand)),
        ("lost", "the same slot, and nobody is woken", main(lost)),
        ("thread", "a result from another thread", main(from_thread)),
    ],
)
