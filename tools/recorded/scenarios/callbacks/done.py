"""A done-callback is scheduled when the task ends, and runs in a later pass."""

import asyncio

import virtual_clock


async def brew():
    await asyncio.sleep(1)
    print("the task ends")
    return "tea"


async def main():
    tea = asyncio.create_task(brew(), name="tea")
    tea.add_done_callback(lambda _: print("first callback"))
    tea.add_done_callback(lambda _: print("second callback"))
    await tea
    print("the awaiting task goes on")
    await asyncio.sleep(0)


virtual_clock.run(main())
