"""Tasks wait at the same time."""

import asyncio

import virtual_clock


async def brew(name, seconds):
    print(f"{name}: water on")
    await asyncio.sleep(seconds)
    print(f"{name}: done")
    return name


async def main():
    green = asyncio.create_task(brew("green", 1), name="green")
    black = asyncio.create_task(brew("black", 2), name="black")
    print("two tasks, none has begun")
    await green
    await black


virtual_clock.run(main())
