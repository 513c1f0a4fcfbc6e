"""Two awaits in a row take the sum of their times."""

import asyncio

import virtual_clock


async def brew(name, seconds):
    await asyncio.sleep(seconds)
    print(f"{name} tea is ready")


async def main():
    await brew("green", 1)
    await brew("black", 2)
    print("three seconds")


virtual_clock.run(main())
