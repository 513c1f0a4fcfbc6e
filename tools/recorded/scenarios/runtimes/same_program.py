"""Three tasks take turns, and nobody sleeps."""

import asyncio

import virtual_clock


async def count(name):
    for n in range(1, 3):
        print(name, n)
        await asyncio.sleep(0)


async def main():
    tasks = [asyncio.create_task(count(name), name=name) for name in ("a", "b", "c")]
    print("three tasks, none has begun")
    for task in tasks:
        await task


virtual_clock.run(main())
