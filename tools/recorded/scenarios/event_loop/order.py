"""What is ready runs first in, first out; what it schedules runs in the next pass."""

import asyncio

import virtual_clock


async def main():
    loop = asyncio.get_running_loop()

    def first():
        print("first")
        loop.call_soon(print, "scheduled by the first")

    loop.call_soon(first)
    loop.call_soon(print, "second")
    await asyncio.sleep(0)
    print("the task's next turn")
    await asyncio.sleep(0)


virtual_clock.run(main())
