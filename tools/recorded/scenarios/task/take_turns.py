"""Tasks that yield take turns."""

import asyncio

import virtual_clock


async def count(name):
    for n in range(1, 4):
        print(name, n)
        await asyncio.sleep(0)


async def main():
    a = asyncio.create_task(count("a"), name="a")
    b = asyncio.create_task(count("b"), name="b")
    await a
    await b


virtual_clock.run(main())
