"""Two teas at once: the first is served, and the other one, a task, goes on."""

import asyncio

import virtual_clock


async def tea(name, seconds):
    await asyncio.sleep(seconds)
    print(f"{name} tea is ready")


async def main():
    green = asyncio.create_task(tea("green", 1), name="green")
    black = asyncio.create_task(tea("black", 3), name="black")
    await asyncio.wait([green, black], return_when=asyncio.FIRST_COMPLETED)
    print("serves the first")
    await asyncio.sleep(4)


virtual_clock.run(main())
