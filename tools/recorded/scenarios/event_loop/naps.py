"""Two tasks nap: a timer that is due makes its task ready, and the task runs in the pass after that."""

import asyncio

import virtual_clock


async def nap(name, seconds):
    await asyncio.sleep(seconds)
    print(f"{name} is awake")


async def main():
    long = asyncio.create_task(nap("long", 2), name="long")
    short = asyncio.create_task(nap("short", 1), name="short")
    await short
    await long


virtual_clock.run(main())
