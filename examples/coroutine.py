"""The Python twin of coroutine.rs: it prints the same lines.

Run it with `python3 examples/coroutine.py`; add `--help` for its parts and for real time.
"""

import asyncio
from collections.abc import Coroutine, Generator

from support import run, run_main, seconds


def truth(value):
    return str(value).lower()


async def tea(name):
    print(f"{name} tea starts")
    return f"{name} tea"


async def call():
    made = tea("green")
    print("called")
    print(f"awaited: {await made}")


async def kind():
    made = tea("green")
    print(f"a coroutine: {truth(isinstance(made, Coroutine))}")
    print(f"a generator: {truth(isinstance(made, Generator))}")
    numbers = (number for number in range(1, 6) if number % 2 == 1)
    print(f"numbers are a coroutine: {truth(isinstance(numbers, Coroutine))}")
    print(f"numbers are a generator: {truth(isinstance(numbers, Generator))}")
    print(f"{await made}, {sum(numbers)}")


async def two_ways():
    green = await tea("green")
    print(f"awaited {green}")
    black = asyncio.create_task(tea("black"))
    print("scheduled black tea")
    print(f"awaited {await black}")


async def listed():
    await asyncio.sleep(1)
    return [2, 3, 5, 8]


async def doubled(numbers):
    await asyncio.sleep(1)
    return [2 * number for number in numbers]


async def incremented(numbers):
    await asyncio.sleep(1)
    return [number + 1 for number in numbers]


async def nested():
    def now():
        return seconds(asyncio.get_running_loop().time())

    numbers = await listed()
    print(f"listed {numbers} after {now()}")
    numbers = await doubled(numbers)
    print(f"doubled {numbers} after {now()}")
    numbers = await incremented(numbers)
    print(f"incremented {numbers} after {now()}")


async def boil(liters):
    await asyncio.sleep(0)
    if liters == 0:
        raise RuntimeError("no water")
    return "hot water"


async def brew(liters):
    return f"tea of {await boil(liters)}"


async def errors():
    print(await brew(1))
    try:
        print(await brew(0))
    except RuntimeError as error:
        print(f"caught: {error}")


async def boil_on(kettles):
    await asyncio.sleep(0)
    return kettles[0]


async def brew_on(kettles):
    try:
        return await boil_on(kettles)
    finally:
        print("the stove is off")


def uncaught(loop):
    caught = None
    try:
        loop.run_until_complete(brew_on([]))
    except IndexError as error:
        caught = error
    print(f"left the loop: {truth(caught is not None)}")
    print(f"the loop still works: {loop.run_until_complete(brew_on([1]))}")


class GiveWay:
    """Gives way once."""

    def __await__(self):
        yield


async def add_up(last):
    total = 0
    for number in range(1, last + 1):
        await GiveWay()
        total += number
    return total


class AddUp:
    """What Python makes of `add_up`, written by hand."""

    def __init__(self, last):
        self.last = last
        self.number = 0
        self.total = 0

    def send(self, _):
        self.total += self.number
        self.number += 1
        if self.number > self.last:
            raise StopIteration(self.total)

    def __await__(self):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        return self.send(None)


def drive(coroutine):
    """Resumes a coroutine until it ends, and counts the steps."""
    steps = 0
    while True:
        steps += 1
        try:
            coroutine.send(None)
        except StopIteration as stop:
            return stop.value, steps


def by_hand(loop):
    total, steps = drive(add_up(5))
    print(f"by the compiler: {total} after {steps} steps")
    total, steps = drive(AddUp(5))
    print(f"by hand: {total} after {steps} steps")

    async def both():
        return await add_up(5), await AddUp(5)

    first, second = run_main(loop, both())
    print(f"both on the loop: {first}, {second}")


async def ready():
    loop = asyncio.get_running_loop()
    filled = loop.create_future()
    filled.set_result(1)
    loop.call_soon(print, "the loop has a turn")
    total = 0
    for _ in range(1000):
        total += await filled
    print(f"a thousand awaits: {total}")
    await asyncio.sleep(0)
    print("end")


def main(function):
    return lambda loop: run_main(loop, function())


run(
    "Coroutines: what a call does, who runs the body, and what travels back.",
    [
        ("call", "calling runs nothing", main(call)),
        ("kind", "a coroutine is no generator", main(kind)),
        ("two_ways", "awaited it runs on the spot, scheduled in its turn", main(two_ways)),
        ("nested", "three awaits in a row run in sequence", main(nested)),
        ("errors", "an error goes up two levels", main(errors)),
        ("panic", "what nobody catches leaves the loop", uncaught),
        ("by_hand", "the same coroutine by the compiler and by hand", by_hand),
        ("ready", "awaiting what is ready does not give way", main(ready)),
    ],
)
