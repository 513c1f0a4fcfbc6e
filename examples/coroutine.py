"""The Python twin of coroutine.rs: it prints the same lines.

Run it with `python3 examples/coroutine.py`; add `--help` for its parts and for real time.
"""

import asyncio

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
        ("two_ways", "awaited it runs on the spot, scheduled in its turn", main(two_ways)),
        ("nested", "three awaits in a row run in sequence", main(nested)),
        ("errors", "an error goes up two levels", main(errors)),
        ("panic", "what nobody catches leaves the loop", uncaught),
        ("ready", "awaiting what is ready does not give way", main(ready)),
    ],
)
